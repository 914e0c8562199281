package result

import "github.com/ews-exporter/ews_exporter/internal/wire"

// Size is about how many bytes r holds, for those who keep results within a bound. Everything that a target can make
// long is counted.
func (r *Result) Size() int {
	n := 4<<10 + stepsSize(r.Steps) + len(r.Undecided)
	for _, c := range r.Connections {
		n += 512 + secureSize(c.Secure)
	}
	for _, x := range r.Exchanges {
		if x == nil || x.Exchange == nil {
			continue
		}
		n += 1024 + len(x.Error) + responseSize(x.Final)
		for _, f := range x.Header {
			n += 64 + len(f.Name) + len(f.Value)
		}
		for _, interim := range x.Interim {
			n += responseSize(interim)
		}
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
	for _, t := range r.Tables {
		for _, row := range t.Rows {
			for _, cell := range row {
				n += 16 + len(cell)
			}
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
