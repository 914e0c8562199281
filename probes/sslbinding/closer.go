package sslbinding

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"slices"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// versions are the TLS versions that a sweep tries. SSL 3.0 and older are beyond crypto/tls.
var versions = []uint16{tls.VersionTLS10, tls.VersionTLS11, tls.VersionTLS12, tls.VersionTLS13}

// lookCloser asks a door that has shown its certificate what else there is to know, where the settings or what it showed
// give reason to.
func (p *probe) lookCloser(ctx context.Context, b *binding) {
	if b.sweep {
		p.sweep(ctx, b)
	}
	if b.unshaken == nil && oldSuite(b.record.Secure.Cipher) {
		p.askAsOthers(ctx, b)
	}
	if b.unshaken != nil && b.peer.Unsupported == nil {
		p.listSuites(ctx, b)
	}
	if b.closer && p.Hellos {
		p.tryHellos(ctx, b)
	}
}

// take takes a connection of those that are left, false where there is none.
func (p *probe) take() bool { return p.spare.Add(-1) >= 0 }

// once has one more handshake with a door, without steps of its own: what comes of it is no failure of the probe.
func (p *probe) once(ctx context.Context, b *binding, shake func(*wire.Conn) error) error {
	ctx, cancel := p.doorLimit(ctx, b)
	defer cancel()
	conn, err := p.run.OpenBeside(ctx, p.endpoint(b))
	if err != nil {
		return err
	}
	defer conn.Close()
	if p.clear(b) {
		if err := p.begin(ctx, b, conn); err != nil {
			return err
		}
	}
	return shake(conn)
}

// sweep tries each TLS version alone.
func (p *probe) sweep(ctx context.Context, b *binding) {
	step := p.run.Step("versions")
	for _, v := range versions {
		switch p.try(ctx, b, v) {
		case answerYes:
			b.accepted = append(b.accepted, v)
		case answerNo:
			b.refused = append(b.refused, v)
		}
	}
	step.Detail("%s accepts %s", b.address, cmp.Or(versionNames(b.accepted), "no version alone"))
	step.End(ctx.Err())
}

// answer is what a server says to one TLS version.
type answer int

const (
	noAnswer answer = iota // it did not say, so nothing is known
	answerYes
	answerNo
)

// try has a handshake of one version. Where nothing is in common with the server whatever the version, its refusal says
// nothing of the version.
func (p *probe) try(ctx context.Context, b *binding, version uint16) (said answer) {
	_ = p.once(ctx, b, func(conn *wire.Conn) error {
		o := p.options(b)
		o.MinVersion, o.MaxVersion = version, version
		err := conn.Handshake(o)
		switch {
		case err == nil, len(conn.Peer().Certificates) > 0:
			said = answerYes
		case failure.Is(err, failure.TLS, "alert") && conn.Peer().Alert == wire.HandshakeFailure && b.unshaken != nil:
		case failure.Is(err, failure.TLS, "version", "alert", "closed", "reset"):
			said = answerNo
		}
		return err
	})
	return said
}

func versionNames(list []uint16) string {
	names := make([]string, len(list))
	for i, v := range list {
		names[i] = tls.VersionName(v)
	}
	return strings.Join(names, ", ")
}

// oldSuite tells whether a cipher suite is one that is offered here for looking alone.
func oldSuite(name string) bool {
	return slices.ContainsFunc(tls.InsecureCipherSuites(), func(s *tls.CipherSuite) bool { return s.Name == name })
}

// askAsOthers asks a door that chose an old cipher suite as the other probers do, and clients of today: it may have chosen
// the old one by its own order.
func (p *probe) askAsOthers(ctx context.Context, b *binding) {
	if !p.take() {
		return
	}
	err := p.once(ctx, b, func(conn *wire.Conn) error {
		o := p.options(b)
		o.Lenient = false
		err := conn.Handshake(o)
		if conn.Peer().Alert == 0 { // it did not say no
			return nil
		}
		return err
	})
	if failure.Is(err, failure.TLS, "alert") {
		b.unshaken = failure.From(err)
	}
}

// maxSuites is how many cipher suites of a door are listed.
const maxSuites = 5

// listSuites asks a door again and again, each time without the cipher suite that it chose last.
func (p *probe) listSuites(ctx context.Context, b *binding) {
	var found []uint16
	for len(found) < maxSuites && p.take() {
		var suite uint16
		err := p.once(ctx, b, func(conn *wire.Conn) error {
			err := conn.Glimpse(p.options(b), found...)
			suite = conn.Peer().Suite
			return err
		})
		if err != nil || suite == 0 || slices.Contains(found, suite) {
			return
		}
		found = append(found, suite)
		b.suites = append(b.suites, wire.SuiteName(suite))
	}
}

// hellos are the forms of a hello that boxes are known not to read: https://tldr.fail.
var hellos = []struct {
	name string
	form func(*wire.TLS)
}{
	{splitHello, func(o *wire.TLS) { o.Split = true }},
	{largeHello, func(o *wire.TLS) { o.MLKEM = true }},
}

const (
	splitHello = "in two segments"
	largeHello = "with ML-KEM"
)

// tryHellos tries the other forms of a hello. One that is not answered is tried again, and the plain one as well: only then
// it is the form.
func (p *probe) tryHellos(ctx context.Context, b *binding) {
	for _, h := range hellos {
		if p.answers(ctx, b, h.form) || !p.take() || p.answers(ctx, b, h.form) || !p.take() || !p.answers(ctx, b, func(*wire.TLS) {}) {
			continue
		}
		b.hellos = append(b.hellos, h.name)
	}
}

// helloLimit bounds one such handshake: boxes that do not read a hello may not answer at all.
const helloLimit = 2 * time.Second

// answers tells whether a form of a hello is answered by the server itself: with a certificate, or where nothing is in common
// with the alert that says so.
func (p *probe) answers(ctx context.Context, b *binding, form func(*wire.TLS)) (answered bool) {
	ctx, cancel := context.WithTimeout(ctx, helloLimit)
	defer cancel()
	_ = p.once(ctx, b, func(conn *wire.Conn) error {
		o := p.options(b)
		form(o)
		err := conn.Handshake(o)
		answered = err == nil || len(conn.Peer().Certificates) > 0 || conn.Peer().Alert == wire.HandshakeFailure && b.unshaken != nil
		return err
	})
	return answered
}

// maxAgain is how often a door is asked again that gives reason to doubt that it shows the same each time.
const maxAgain = 2

// steady asks doors again: as often as the settings say, and where a certificate is refused, or another one or another chain is
// shown in another form of SNI. One address may stand for several servers, and then neither SNI nor a door's certificate is
// what is wrong. The forms of one door do not take turns: a balancer that deals out connections one by one to two servers
// would show each form the same one each time.
func (p *probe) steady(ctx context.Context) {
	var fs []func()
	for _, first := range p.required() {
		doubted := p.doubted(first) // before anything is asked again
		fs = append(fs, func() {
			if first.closer && first.seen() {
				p.again(ctx, first, p.Repeat-1, func() bool { return true })
			}
			for _, b := range doubted {
				p.again(ctx, b, maxAgain-b.asked, p.take)
			}
		})
	}
	prober.Parallel(fs...)
}

// doubted are the forms of a door that there is reason to ask again: by the service's name, and one other that got something
// else.
func (p *probe) doubted(first *binding) []*binding {
	if !first.seen() {
		return nil
	}
	forms := p.at(first.address)
	other := slices.IndexFunc(forms, func(b *binding) bool { return b.seen() && !same(b, first) })
	switch {
	case other >= 0:
		return []*binding{first, forms[other]}
	case first.peer.Refused != nil && !p.run.Module.TLS.Insecure:
		return []*binding{first}
	}
	return nil
}

// again asks a door again, at most n times while it may, and notes what else it shows.
func (p *probe) again(ctx context.Context, b *binding, n int, may func() bool) {
	for range n {
		if ctx.Err() != nil || b.unshaken != nil || !may() {
			return
		}
		other := &binding{address: b.address, form: b.form, sni: b.sni, server: b.server, resolution: b.resolution, implicit: b.implicit}
		err := p.once(ctx, b, func(conn *wire.Conn) error {
			err := conn.Handshake(p.options(b))
			other.record, other.peer = conn.Record, conn.Peer()
			return err
		})
		if !other.seen() {
			if !failure.Is(err, failure.TLS, "closed", "reset", "alert") {
				return // it is busy, or the time is over
			}
			other.failure = failure.From(err)
		} else {
			other.chain = examine(&other.peer, time.Now())
		}
		b.asked++
		if !same(b, other) && !slices.ContainsFunc(b.others, func(o *binding) bool { return same(o, other) }) {
			b.others = append(b.others, other)
		}
	}
}

// same tells whether two doors showed the same certificates.
func same(a, b *binding) bool {
	return slices.EqualFunc(a.peer.Certificates, b.peer.Certificates, func(x, y *x509.Certificate) bool { return x.Equal(y) })
}
