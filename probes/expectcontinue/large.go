package expectcontinue

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/expect"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// Size is a number of bytes: "1MiB", "512KiB", "70000".
type Size int64

// units of a Size.
var units = []struct {
	suffix string
	bytes  int64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"B", 1}, {"", 1}}

// UnmarshalText reads a number with its unit; a number alone is one of bytes.
func (s *Size) UnmarshalText(text []byte) error {
	for _, u := range units {
		number, ok := strings.CutSuffix(string(text), u.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
		if err != nil || n < 0 || n > 1<<40 {
			break
		}
		*s = Size(n * u.bytes)
		return nil
	}
	return fmt.Errorf("%q is no size, such as 1MiB, 512KiB or 70000", text)
}

// String is the size in the greatest unit that it is a whole number of.
func (s Size) String() string {
	switch {
	case s != 0 && s%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", s>>20)
	case s != 0 && s%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", s>>10)
	}
	return fmt.Sprintf("%d bytes", int64(s))
}

// maxLargeBody bounds what one probe sends and holds. Exchange takes 64 MB of EWS by default (Microsoft Learn, "Message
// size limits in Exchange Server").
const maxLargeBody = 64 << 20

func (s *Settings) checkLarge(report func(field, problem string)) {
	if s.LargeBody != 0 && (s.LargeBody <= maxBody || s.LargeBody > maxLargeBody) {
		report("large_body", fmt.Sprintf("%s: from above %s to %s, or 0 for none", s.LargeBody, Size(maxBody), Size(maxLargeBody)))
	}
}

// large is the body of variant large: the control's, and spaces behind it, which XML allows there. Probes of a module
// share it.
func (s *Settings) large() []byte {
	s.largeOnce.Do(func() {
		body := s.body()
		s.largeBody = slices.Concat(body, bytes.Repeat([]byte(" "), max(0, int(s.LargeBody)-len(body))))
	})
	return s.largeBody
}

// judgeLarge holds what the large body got against what the control got: another error, or the end of the connection,
// is a limit on the size.
func (p *probe) judgeLarge() {
	o, control := p.seen[Large], p.seen[NoExpect]
	if o == nil || control.Final() == nil || o.Exchange == nil || !o.HeadSent {
		return
	}
	f := o.Final()
	cut := f == nil && (failure.Is(o.Err(), failure.Receive, "closed", "reset") || failure.Is(o.Err(), failure.Send, "closed", "reset"))
	if !cut && (f == nil || f.Status < 400 || f.Status == control.Status()) {
		if f == nil {
			p.run.Result.Fail(o.Failure)
		}
		return
	}
	got := "the end of the connection"
	who := origin.Origin{Kind: origin.Unknown}
	cause := ""
	if f != nil {
		who, cause = o.Exchange.Origin, o.Exchange.Reading.Text()
		got = expect.Line(f) + " from " + who.Name()
	}
	p.run.Find(BodySizeLimit, result.Error, who, "A body of %s got %s; the same request with %d bytes got %s from %s: something allows no request as large as that%s.",
		p.LargeBody, got, len(p.body()), expect.Line(control.Final()), control.Exchange.Origin.Name(), cause)
	if f == nil {
		p.run.Blame(result.Either)
	}
	p.run.Result.Fail(failure.New(failure.Status, reasonTooLarge, "a body of %s got %s", p.LargeBody, got))
}

// refusedBySize tells whether a small body is too large already, with Expect and without: then it is not for Expect.
func refusedBySize(o, control *observation) bool { return o.Status() == 413 && control.Status() == 413 }

// sizeLimit tells of that.
func (p *probe) sizeLimit(o *observation) {
	who := o.Exchange.Origin
	p.run.Find(BodySizeLimit, result.Warning, who, "%s answered %s to %d bytes, with Expect and without: that is a limit on the size, and not about Expect%s.",
		who.Subject(), expect.Line(o.Final()), len(p.body()), o.Exchange.Reading.Text())
}

// portalOf is the answer that is, or leads to, a page to log on by; nil for none.
func portalOf(seen ...*observation) *result.Conversation {
	for _, o := range seen {
		if o.Exchange != nil && o.Exchange.Origin.Portal != "" {
			return o.Exchange
		}
	}
	return nil
}

// portal is the failure of a probe that got such a page: whatever became of Expect, it is no service that answered.
func (p *probe) portal(e *result.Conversation) {
	p.run.FindBox(e)
	p.run.Result.Deciding = e
	p.run.Result.Fail(failure.New(failure.Status, prober.ReasonLogonPage, "%s answered %s%s", e.Origin.Name(), e.Answer(), e.Cause()))
}
