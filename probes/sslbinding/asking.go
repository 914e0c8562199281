package sslbinding

import (
	"errors"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// asked is what a server does that asks clients for a certificate.
type asked string

const (
	goesOn  asked = "goes on"          // after the handshake, as far as that shows: over TLS 1.3 it would refuse later
	ends    asked = "ends"             // for want of one
	shown   asked = "shown"            // it got the exporter's; over TLS 1.3 it would refuse later
	takes   asked = "takes"            // it got the exporter's, and the handshake went on
	refuses       = asked("refuses: ") // it got the exporter's, and refused it for the reason that follows
)

// asking is what a door did; empty where it asked for none. err is what its handshake came to.
func asking(b *binding, err error) asked {
	s := b.record.Secure
	var f *failure.Failure
	about := errors.As(err, &f) && strings.HasPrefix(f.Reason, wire.CertificateWanted)
	switch {
	case s == nil || !s.AsksCertificate:
		return ""
	case about && s.ShownUntil != nil:
		return refuses + asked(f.Reason)
	case about:
		return ends
	case s.ShownUntil != nil && s.Version == "TLS 1.3":
		return shown
	case s.ShownUntil != nil:
		return takes
	}
	return goesOn
}

// refusals are what a server says that refuses the exporter's certificate, with the advice of each.
var refusals = map[asked]struct{ says, advice string }{
	refuses + wire.CertificateRefused:   {"without saying why", wire.AdviceCertificateRefused},
	refuses + wire.CertificateExpired:   {"as expired", wire.AdviceCertificateExpired},
	refuses + wire.CertificateRevoked:   {"as revoked", wire.AdviceCertificateRevoked},
	refuses + wire.CertificateUntrusted: {"as one of an issuer that it does not trust", wire.AdviceCertificateUntrusted},
}

// findAsking tells where servers ask clients for a certificate, and what became of that.
func (p *probe) findAsking(seen []*binding) {
	doing := map[string][]*binding{}
	for _, b := range seen {
		doing[string(b.asking)] = append(doing[string(b.asking)], b)
	}
	for _, what := range sorted(doing) {
		at := places(doing[what])
		switch asked(what) {
		case "":
		case goesOn:
			p.find(ClientCertificate, info, "At %s the server asks clients for a certificate; whether it goes on without one is not known from the handshake.", at)
		case ends:
			p.find(ClientCertificate, warning, "At %s the server asks clients for a certificate, and ends the handshake without one: whoever has none cannot connect.", at)
		case shown:
			p.find(ClientCertificate, info, "At %s the server asks clients for a certificate, and was shown the exporter's; over TLS 1.3 it says only after the handshake whether it takes that, and the other probers show it.", at)
		case takes:
			p.find(ClientCertificate, info, "At %s the server asks clients for a certificate, and goes on with the exporter's; nginx and IIS judge it only with a request.", at)
		default:
			p.find(ClientCertificate, warning, "At %s the server asks clients for a certificate, and refuses the exporter's %s. Clients with others may get in.", at, refusals[asked(what)].says)
			p.run.Result.Draw(ClientCertificate, refusals[asked(what)].advice)
		}
	}
}
