package result

import "github.com/ews-exporter/ews_exporter/internal/wire"

// Size is about how many bytes r holds, for those who keep results within a bound. Everything that a target can make
// long is counted.
func (r *Result) Size() int {
	n := 4<<10 + stepsSize(r.Steps) + len(r.Undecided)
	for _, c := range r.Connections {
		n += 512 + secureSize(c.Secure)
	}
	for _, c := range r.Conversations {
		n += conversationSize(c)
	}
	for _, s := range r.Samples {
		n += 96
		for _, label := range s.Labels {
			n += 16 + len(label)
		}
	}
	for _, f := range r.Findings {
		n += 128 + len(f.Sentence)
	}
	if v := r.Verdict; v != nil {
		n += 256 + len(v.Separates)
		for _, line := range v.Proof {
			n += 16 + len(line)
		}
	}
	for _, t := range r.Tables {
		for _, row := range t.Rows {
			for _, cell := range row {
				n += 16 + len(cell)
			}
		}
	}
	return n
}

func conversationSize(c *Conversation) int {
	n := 512 + len(c.Error)
	if c.HTTP != nil {
		n += 1024 + responseSize(c.Final)
		for _, f := range c.Header {
			n += 64 + len(f.Name) + len(f.Value)
		}
		for _, interim := range c.Interim {
			n += responseSize(interim)
		}
	}
	if c.Talk != nil {
		n += 256 + len(c.Outcome)
		for _, line := range c.Lines {
			n += 64 + len(line.Text)
		}
	}
	return n
}

func stepsSize(steps []*Step) int {
	n := 0
	for _, s := range steps {
		n += 160 + len(s.Detail) + stepsSize(s.Steps)
		if s.Failure != nil {
			n += len(s.Failure.Message)
		}
	}
	return n
}

func secureSize(s *wire.Secure) int {
	if s == nil {
		return 0
	}
	n := 256 + len(s.VerifyError)
	for _, c := range s.Chain {
		n += 512 + len(c.Subject) + len(c.Issuer) + len(c.Serial)
		for _, name := range c.Names {
			n += 16 + len(name)
		}
	}
	return n
}

func responseSize(r *wire.Response) int {
	if r == nil {
		return 0
	}
	n := 256 + len(r.Raw) + len(r.Reason) + len(r.Excerpt)
	for _, f := range r.Header {
		n += 32 + len(f.Name) + len(f.Value)
	}
	return n
}
