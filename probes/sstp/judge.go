package sstp

import (
	"fmt"
	"slices"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// judge draws the verdict; err is why the call did not succeed, nil too where its request got another status than 200.
func (p *probe) judge(err error) {
	switch {
	case p.main != nil && p.outcome != "" && !p.begun:
		p.beforeCall(err)
	case p.begun:
		p.inCall(err)
	}
	p.run.Result.Fail(failure.From(err))
	if p.step != nil {
		p.step.Fail(p.run.Result.Failure)
	}
	p.judgeCertificate()
}

// beforeCall judges what came in place of the 200.
func (p *probe) beforeCall(err error) {
	p.compare()
	f := failure.From(err)
	if f == nil {
		f = p.httpFailure()
	}
	if p.main.conversation.Response() != nil {
		p.run.FindBox(p.main.conversation)
	}
	if p.outcome == silent || p.outcome == closed {
		p.run.Result.Draw(string(f.Stage)+"/"+f.Reason, adviceNoAnswer)
	}
	p.run.Result.Fail(f)
}

func (p *probe) httpFailure() *failure.Failure {
	c := p.main.conversation
	reason := reasonHTTP
	switch {
	case c.Origin.Portal != "":
		reason = prober.ReasonLogonPage
	case p.run.Found(NotServed):
		reason = reasonNotServed
	case byWindows(p.main) && c.Status() == 503: // no application pool is behind SSTP
		return failure.New(failure.Status, reason, "%s answered %s to %s: the VPN server refuses, as it does when no port for SSTP is free", c.Origin.Name(), c.Answer(), verb)
	case p.run.Found(VerbRefused): // of which the status alone says less
		return failure.New(failure.Status, reason, "%s answered %s to %s: methods that are not known are refused at this path, SSTP's among them", c.Origin.Name(), c.Answer(), verb)
	case p.run.Found(LengthRefused):
		return failure.New(failure.Status, reason, "%s answered %s to %s: the length that SSTP announces is refused on the way", c.Origin.Name(), c.Answer(), verb)
	}
	return failure.New(failure.Status, reason, "%s answered %s to %s%s", c.Origin.Name(), c.Answer(), verb, c.Cause())
}

// compare holds what the controls got against what the client's request got. Each differs from it in one thing, so what is
// answered otherwise shows what was minded: the length, or that the method is not known; where nothing makes a difference, the
// path leads to nobody who serves SSTP.
func (p *probe) compare() {
	main, zero, get, foo := p.main, p.zero, p.get, p.foo
	switch {
	case zero.unclear():
	case !get.unclear() && zero.conversation.Response() != nil && alike(zero, get):
		p.notServed() // whoever refuses the length beside that
	case !alike(main, zero) && !byWindows(main): // the server itself may refuse once and not the next time, as when no port is free
		p.lengthRefused()
	case get.unclear(), foo.unclear(), zero.conversation.Response() == nil:
	case byWindows(zero) && alike(zero, foo):
		p.notServed()
	case alike(main, foo):
		p.verbRefused()
	}
}

// unclear tells whether a control was not made, or nothing came of it that could be compared.
func (a *asked) unclear() bool { return a == nil || a.err != nil && outcomeOf(a.err) == "" }

// alike tells whether two requests got the same: the same status by the same sort of box, or the same silence.
func alike(a, b *asked) bool {
	if a.became() != b.became() || a.conversation.Status() != b.conversation.Status() {
		return false
	}
	one, other := a.conversation.Origin, b.conversation.Origin
	return one.Kind == other.Kind && one.Product == other.Product
}

// byWindows tells whether Windows' own web server made an answer.
func byWindows(a *asked) bool {
	return slices.Contains([]origin.Kind{origin.HTTPSys, origin.IIS, origin.Exchange}, a.conversation.Origin.Kind)
}

// got says what a request got, in a few words.
func (a *asked) got() string {
	switch {
	case a.conversation.Response() != nil:
		return a.conversation.Answer() + " by " + a.conversation.Origin.Name()
	case a.became() == silent:
		return "no answer in time"
	}
	return "the end of the connection"
}

func (p *probe) lengthRefused() {
	c := p.main.conversation
	p.run.Find(LengthRefused, result.Error, c.Origin, "With Content-Length %s, which every SSTP client sends, %s gets %s; with Content-Length 0 the same request gets %s. So what is in between minds the length.",
		anyLength, verb, p.main.got(), p.zero.got())
	p.blame(c)
}

func (p *probe) verbRefused() {
	c := p.main.conversation
	p.run.Find(VerbRefused, result.Error, c.Origin, "%s gets %s, with whatever length, and so does FOO, which no server knows; GET of the same path gets %s. So methods that are not known are refused on the way.",
		verb, p.main.got(), p.get.got())
	p.blame(c)
}

func (p *probe) notServed() {
	also := "FOO"
	if alike(p.zero, p.get) {
		also = "GET"
	}
	c := p.main.conversation
	p.run.Find(NotServed, result.Error, c.Origin, "%s gets %s at %s; with Content-Length 0 it gets %s, and so does %s: nobody serves SSTP where this path leads.",
		verb, p.main.got(), p.path(), p.zero.got(), also)
	p.run.Blame(result.Either)
}

// blame says of the last finding that a box in between is at fault, or that it is either, where none showed itself.
func (p *probe) blame(c *result.Conversation) {
	if c.Origin.Kind == origin.Middlebox {
		p.run.Blame(result.InBetween)
		return
	}
	p.run.Blame(result.Either)
}

// inCall judges what came behind the 200.
func (p *probe) inCall(err error) {
	r := p.run.Result
	f := failure.From(err)
	switch {
	case p.outcome == connected:
		p.hashOld()
	case f == nil:
	case p.main.dialogue.Record.Final.Has("Transfer-Encoding", "chunked"):
		c := p.main.conversation
		p.run.Find(Reframed, result.Error, c.Origin, "%s answered 200 with Transfer-Encoding: chunked. SSTP's packets follow the head as they are; cut into chunks no client can read them.", c.Origin.Subject())
		p.blame(c)
	case p.outcome == silent, p.outcome == closed:
		r.Draw(string(f.Stage)+"/"+f.Reason, adviceSilent)
	case p.outcome == malformed:
		r.Draw(string(f.Stage)+"/"+f.Reason, adviceMalformed)
	}
}

func (p *probe) hashOld() {
	if offered := p.answer.offers(); !slices.Contains(offered, hashes[1]) {
		p.run.Find(HashOld, result.Info, p.main.conversation.Origin, "The server offers %s for the proof of the certificate, and not SHA-256.", offered[0])
	}
}

// judgeCertificate judges what a client would judge after the 200, or before it goes on.
func (p *probe) judgeCertificate() {
	nobody := origin.Origin{Kind: origin.Unknown}
	if leaf := p.shown(); leaf != nil && len(p.Thumbprints) > 0 && !leaf.Among(p.Thumbprints) {
		p.fail(CertificateUnexpected, reasonCertificate, nobody, fmt.Sprintf("%s showed the certificate %s (thumbprint %s), which is none of those expected", p.run.Target.Authority(), leaf.Title(), leaf.SHA1))
	}
	if cert, at := p.revoked(); cert != nil {
		p.fail(Revoked, reasonRevoked, nobody, fmt.Sprintf("%s says that the certificate %q is revoked", at.URL, cert.Subject.String()))
	} else if cert, at := p.unreachable(); cert != nil {
		p.fail(RevocationUnreachable, reasonRevocation, nobody, fmt.Sprintf("whether the certificate %q is revoked cannot be looked up at %s: %s", cert.Subject.String(), at.URL, at.Failure))
	}
}

// fail finds something of the certificate, which is a failure.
func (p *probe) fail(code, reason string, who origin.Origin, sentence string) {
	p.run.Find(code, result.Error, who, "%s.", sentence)
	p.run.Result.Fail(failure.New(failure.Content, reason, "%s", sentence))
}
