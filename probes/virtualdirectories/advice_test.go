package virtualdirectories

import "testing"

// TestAllPagesAlike: what all pages came to is not put down to one directory, and what one came to not to all.
func TestAllPagesAlike(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		states []state
		want   string
	}{
		"all elsewhere":         {[]state{foreign, foreign, foreign}, adviceAllForeign},
		"one elsewhere":         {[]state{healthy, foreign, healthy}, adviceForeign},
		"all hang":              {[]state{silent, silent}, adviceAllHang},
		"one hangs":             {[]state{silent, healthy}, adviceHangs},
		"all fail":              {[]state{errs, errs}, adviceAllFail},
		"all closed":            {[]state{closed, closed}, adviceAllClosed},
		"one redirected":        {[]state{healthy, redirected}, adviceRedirected},
		"all, in several ways":  {[]state{errs, silent}, adviceError},
		"the only one of a few": {[]state{closed}, adviceClosed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &probe{}
			var bad []*page
			for _, s := range test.states {
				pg := &page{state: s}
				if p.pages = append(p.pages, pg); s != healthy {
					bad = append(bad, pg)
				}
			}
			if got := p.drawn(bad); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
			if a, ok := book.Get(test.want); !ok || len(bad) == len(p.pages) && len(bad) > 1 && a.When != "now" {
				t.Errorf("%s is not there, or not urgent: %v", test.want, a.When)
			}
		})
	}
}
