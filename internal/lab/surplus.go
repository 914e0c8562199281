package lab

// twice is a box that sends each answer a second time, at once.
func twice(s *session, req *head) error {
	s.copies = true
	return relay(s, req)
}

// behind is a box that sends each answer a second time once the next request is there, before that one's own.
func behind(s *session, req *head) error {
	if s.before != nil {
		if err := s.toClient(s.before); err != nil {
			return err
		}
	}
	s.remember = true
	return relay(s, req)
}

// pass passes a whole response on, and what a box makes of it.
func (s *session) pass(res *response) error {
	answer := res.bytes()
	if s.remember && res.status() >= 200 {
		s.before = answer
	}
	if s.copies && res.status() >= 200 {
		answer = append(answer, answer...)
	}
	return s.toClient(answer)
}
