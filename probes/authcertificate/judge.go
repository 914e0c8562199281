package authcertificate

import (
	"fmt"
	"slices"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// judge draws the verdict from the certificate that signs and lasts longest: while one replaces another both are there, and
// former ones stay for as long as tokens by them may be about. Neither trust nor length matters.
func (p *probe) judge(step *prober.Step) error {
	if len(p.signing) == 0 {
		return p.noneSigns()
	}
	for _, c := range p.signing {
		if c.misnamed() {
			p.run.Find(Misnamed, result.Info, p.exchange.Origin, "The document calls the certificate %s by another thumbprint (x5t %s): who looks a token's key up by that does not find it.", c, plain.Text(c.x5t, 64))
			break
		}
	}
	c, now := p.signing[0], p.run.Result.Start
	step.Detail("%s ends on %s", c, c.NotAfter.UTC().Format(time.DateOnly))
	switch left := c.left(now); {
	case left <= 0:
		sentence := fmt.Sprintf("The certificate by which Exchange signs tokens, %s, ended on %s, %s ago.%s", c, c.NotAfter.UTC().Format(time.DateOnly), days(-left), p.others())
		p.run.Find(Expired, result.Error, p.exchange.Origin, "%s", sentence)
		return failure.New(failure.Content, reasonExpired, "%s", sentence)
	case left < p.Warn:
		p.run.Find(Expiring, result.Warning, p.exchange.Origin, "The certificate by which Exchange signs tokens, %s, ends on %s, in %s.%s", c, c.NotAfter.UTC().Format(time.DateOnly), days(left), p.others())
		step.Warn()
	}
	return nil
}

// noneSigns is the failure of a document without a certificate that could decide.
func (p *probe) noneSigns() error {
	for _, c := range p.all {
		if c.signs() {
			return failure.New(failure.Content, reasonUnreadable, "none of the keys that sign in the document of %s can be read: %s", p.exchange.Origin.Name(), c.problem)
		}
	}
	return failure.New(failure.Content, reasonNoKey, "the document of %s names no key that signs; it has %d keys in all", p.exchange.Origin.Name(), len(p.all))
}

// others says how many certificates there are beside the one that decides; empty for none.
func (p *probe) others() string {
	if n := len(p.signing) - 1; n > 0 {
		return fmt.Sprintf(" It lasts longest; %d more in the document end before.", n)
	}
	return ""
}

// String names the certificate for a person.
func (c *certificate) String() string { return c.thumbprint + " (" + wire.Title(c.Certificate) + ")" }

// days is a time for a person.
func days(d time.Duration) string {
	if n := int(d / day); n != 1 {
		return fmt.Sprintf("%d days", n)
	}
	return "1 day"
}

// tabulate puts the certificates side by side for a person: those that sign first, the one that decides before all others.
func (p *probe) tabulate() {
	t := result.Table{Title: "Certificates of tokens", Columns: []string{"use", "thumbprint (SHA-1)", "valid until", "subject", "remarks"}}
	shown := slices.Clone(p.signing)
	for _, c := range p.all {
		if !slices.Contains(shown, c) {
			shown = append(shown, c)
		}
	}
	for i, c := range shown[:min(len(shown), maxThumbprints)] {
		use, remark := plain.Text(c.usage, 32), ""
		if i == 0 && len(p.signing) > 0 {
			remark = "decides"
		}
		if c.Certificate == nil {
			t.Rows = append(t.Rows, []string{use, "", "", "", c.problem.Error()})
			continue
		}
		t.Rows = append(t.Rows, []string{use, c.thumbprint, c.NotAfter.UTC().Format(time.DateOnly), wire.Title(c.Certificate), remark})
	}
	if len(t.Rows) > 0 {
		p.run.Result.Tables = append(p.run.Result.Tables, t)
	}
}
