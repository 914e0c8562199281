package lab

import "slices"

// twice is a box that sends each answer a second time, at once.
func twice(s *session, req *head) error {
	s.copies = true
	return relay(s, req)
}

// behind is a box that sends each answer a second time with the next one, before that.
func behind(s *session, req *head) error {
	s.remembers = true
	return relay(s, req)
}

// pass passes a whole response on, with what a box makes of it: in one piece, so that it comes at once.
func (s *session) pass(res *response) error {
	answer := res.bytes()
	if res.status() < 200 {
		return s.toClient(answer)
	}
	before := s.before
	if s.remembers {
		s.before = answer
	}
	if s.copies {
		before = answer
	}
	return s.toClient(slices.Concat(before, answer))
}
