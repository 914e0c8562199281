package wire

import (
	"cmp"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"io"
	"time"

	"golang.org/x/crypto/cryptobyte"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// Glimpse reads what a server shows in clear text at the beginning of a handshake of TLS 1.2 or older: the cipher suite that it
// chooses, and its certificates. That is for servers with which crypto/tls has no suite in common, or whose certificates it
// does not take. The hello offers all suites of oldSuites but those in without. It records and judges what came as Handshake
// does, and the connection is of no use afterwards. Errors are failures of stage tls as Handshake's.
func (c *Conn) Glimpse(opts *TLS, without ...uint16) error {
	c.Record.Secure = &Secure{ServerName: sni(opts.sent())}
	c.deadline(time.Time{})
	c.clear = c.raw.received
	c.raw.hold = c.hold
	defer func() { c.raw.hold = nil }()
	c.Record.TLS = &Span{Start: c.dialer.now()}
	seen, err := c.glimpse(opts, oldSuites(without))
	c.Record.TLS.End = c.dialer.now()
	c.Record.Secure.AsksCertificate = seen.asks
	c.peer.Alert = seen.alert
	switch {
	case len(seen.certificates) > 0:
		return c.recognise(seen, opts)
	case seen.alert != 0:
		return failure.New(failure.TLS, "alert", "TLS handshake with %s: the server ended it with the alert %s", c, seen.alert)
	case err == nil:
		err = errors.New("the server showed no certificate")
	}
	reason := handshakeReason(err)
	if hungUp[reason] && c.raw.received-c.clear >= recordHead {
		reason = reasonInterrupted
	}
	return failure.New(failure.TLS, reason, "TLS handshake with %s: %w", c, err)
}

// glimpsed is what a server showed in clear text.
type glimpsed struct {
	version, suite uint16
	certificates   [][]byte // DER, at most maxChain
	asks           bool     // for the client's certificate
	alert          Alert
}

func (c *Conn) glimpse(opts *TLS, suites []uint16) (glimpsed, error) {
	hello, err := clientHello(sni(opts.sent()), opts.protocols(), suites)
	if err != nil {
		return glimpsed{}, err
	}
	if _, err := c.raw.Write(hello); err != nil {
		return glimpsed{}, err
	}
	seen, err := readFlight(c.in())
	_, _ = c.raw.Write([]byte{recordAlert, 3, 3, 0, 2, 1, 0}) // close_notify: nothing more is to come
	return seen, err
}

// recognise records and judges the certificates. Those that crypto/x509 cannot read, or crypto/tls would not take, are
// refused, and nothing is checked by their keys: what a signature by a huge one costs has no bound.
func (c *Conn) recognise(seen glimpsed, opts *TLS) error {
	state := tls.ConnectionState{Version: seen.version, CipherSuite: seen.suite}
	var unsupported error
	for _, der := range seen.certificates {
		cert, err := ReadCertificate(der)
		if cert == nil {
			break
		}
		unsupported = cmp.Or(unsupported, err)
		state.PeerCertificates = append(state.PeerCertificates, cert)
	}
	var err error
	switch {
	case len(state.PeerCertificates) == 0:
		return failure.New(failure.TLS, "certificate_unsupported", "TLS handshake with %s: what the server shows for a certificate is none", c)
	case unsupported == nil:
		err = c.verify(state, opts)
	default:
		c.show(state, state.PeerCertificates, nil)
		for _, cert := range c.peer.Certificates {
			if tooLarge(cert) {
				cert.PublicKey = nil
			}
		}
		c.peer.Unsupported = unsupported
		err = c.refuse(failure.New(failure.TLS, "certificate_unsupported", "TLS handshake with %s: the certificate (%s) cannot be used here: %w", c, c.Record.Secure.Chain[0].Title(), unsupported))
	}
	if opts.Insecure {
		return nil
	}
	return err
}

// Types of records, messages and extensions (RFC 5246 sections 6.2.1 and 7.4, RFC 6066, RFC 8422, RFC 7627, RFC 5746).
const (
	recordAlert     = 21
	recordHandshake = 22

	messageClientHello        = 1
	messageServerHello        = 2
	messageCertificate        = 11
	messageCertificateRequest = 13
	messageServerHelloDone    = 14

	extensionServerName           = 0
	extensionSupportedGroups      = 10
	extensionPointFormats         = 11
	extensionSignatureAlgorithms  = 13
	extensionALPN                 = 16
	extensionExtendedMasterSecret = 23
	extensionRenegotiationInfo    = 0xff01
)

// groups and signatures are all that a server may ask for, the old and the odd too.
var (
	groups     = []uint16{29, 23, 24, 25, 30, 26, 27, 28, 22, 21, 19, 256, 257, 258}
	signatures = []uint16{0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b, 0x0401, 0x0501, 0x0601, 0x0303, 0x0301, 0x0402, 0x0202, 0x0203, 0x0201, 0x0101}
)

// clientHello makes the record of a hello for TLS 1.2 (RFC 5246 section 7.4.1.2).
func clientHello(name string, protocols []string, suites []uint16) ([]byte, error) {
	var random [32]byte
	if _, err := rand.Read(random[:]); err != nil {
		return nil, err
	}
	var b cryptobyte.Builder
	b.AddUint8(recordHandshake)
	b.AddUint16(tls.VersionTLS10)
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		b.AddUint8(messageClientHello)
		b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) {
			b.AddUint16(tls.VersionTLS12)
			b.AddBytes(random[:])
			b.AddUint8(0) // no session
			addList(b, suites)
			b.AddBytes([]byte{1, 0}) // no compression
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { addExtensions(b, name, protocols) })
		})
	})
	return b.Bytes()
}

func addExtensions(b *cryptobyte.Builder, name string, protocols []string) {
	extension := func(kind uint16, content func(*cryptobyte.Builder)) {
		b.AddUint16(kind)
		b.AddUint16LengthPrefixed(content)
	}
	if name != "" {
		extension(extensionServerName, func(b *cryptobyte.Builder) {
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
				b.AddUint8(0) // host_name
				b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(name)) })
			})
		})
	}
	extension(extensionSupportedGroups, func(b *cryptobyte.Builder) { addList(b, groups) })
	extension(extensionPointFormats, func(b *cryptobyte.Builder) { b.AddBytes([]byte{1, 0}) })
	extension(extensionSignatureAlgorithms, func(b *cryptobyte.Builder) { addList(b, signatures) })
	extension(extensionExtendedMasterSecret, func(*cryptobyte.Builder) {})
	extension(extensionRenegotiationInfo, func(b *cryptobyte.Builder) { b.AddUint8(0) })
	if len(protocols) > 0 {
		extension(extensionALPN, func(b *cryptobyte.Builder) {
			b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
				for _, p := range protocols {
					b.AddUint8LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes([]byte(p)) })
				}
			})
		})
	}
}

func addList(b *cryptobyte.Builder, list []uint16) {
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		for _, v := range list {
			b.AddUint16(v)
		}
	})
}

// Bounds of a server's first flight.
const (
	maxRecord = 16<<10 + 2048 // RFC 5246 section 6.2.3
	maxFlight = 256 << 10
)

// errMalformed is what is no TLS, or more of it than anybody needs.
var errMalformed = errors.New("what came is no handshake of TLS")

// readFlight reads a server's first flight: up to its end, an alert, or the end of the connection. What was read by then is
// given with the error.
func readFlight(r io.Reader) (glimpsed, error) {
	var seen glimpsed
	var pending []byte
	for total := 0; total < maxFlight; {
		var head [5]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return seen, err
		}
		n := int(binary.BigEndian.Uint16(head[3:]))
		if n == 0 || n > maxRecord || head[1] != 3 {
			return seen, tls.RecordHeaderError{Msg: errMalformed.Error(), RecordHeader: head}
		}
		body := make([]byte, n)
		if _, err := io.ReadFull(r, body); err != nil {
			return seen, err
		}
		total += n
		switch {
		case head[0] == recordAlert && n == 2:
			seen.alert = Alert(body[1])
			return seen, nil
		case head[0] != recordHandshake:
			return seen, errMalformed
		}
		var done bool
		if pending, done = seen.read(append(pending, body...)); done {
			return seen, nil
		}
	}
	return seen, errMalformed
}

// read takes the whole messages from what has come, gives the rest, and tells whether the flight is over.
func (g *glimpsed) read(data []byte) (rest []byte, done bool) {
	for {
		s := cryptobyte.String(data)
		var kind uint8
		var body cryptobyte.String
		if !s.ReadUint8(&kind) || !s.ReadUint24LengthPrefixed(&body) {
			return data, false
		}
		data = s
		switch kind {
		case messageServerHello:
			var session cryptobyte.String
			if !body.ReadUint16(&g.version) || !body.Skip(32) || !body.ReadUint8LengthPrefixed(&session) || !body.ReadUint16(&g.suite) {
				return nil, true
			}
		case messageCertificate:
			g.certificates = readList(body)
		case messageCertificateRequest:
			g.asks = true
		case messageServerHelloDone:
			return nil, true
		}
	}
}

// readList reads a list of certificates (RFC 5246 section 7.4.2), as far as it is one.
func readList(body cryptobyte.String) (all [][]byte) {
	var list, one cryptobyte.String
	if !body.ReadUint24LengthPrefixed(&list) {
		return nil
	}
	for len(all) < maxChain && list.ReadUint24LengthPrefixed(&one) {
		all = append(all, one)
	}
	return all
}

// maxKey is the size of an RSA key above which crypto/tls does not take it.
const maxKey = 8192

func tooLarge(cert *x509.Certificate) bool {
	return cert.PublicKeyAlgorithm == x509.RSA && keyBits(cert.PublicKey) > maxKey
}

// ReadCertificate reads a certificate, one too that crypto/x509 refuses, as far as that goes; the error is why it, or
// crypto/tls, does not take it, and the certificate then has no key that anything could be checked with. Nil when it is none.
func ReadCertificate(der []byte) (*x509.Certificate, error) {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return readLenient(der), err
	}
	if tooLarge(cert) {
		return cert, &KeyError{keyBits(cert.PublicKey)}
	}
	return cert, nil
}
