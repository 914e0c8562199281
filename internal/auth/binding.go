package auth

import (
	"crypto"
	"crypto/md5" //nolint:gosec // MS-NLMP and RFC 4121 name MD5 for the bindings
	"crypto/x509"
	"encoding/binary"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// Binding says how a logon by NTLM or Kerberos is bound to the TLS channel. A server with Extended Protection compares
// it with its own certificate.
type Binding string

// The bindings.
const (
	Right Binding = "right" // to the certificate that the server showed
	None  Binding = "none"  // not at all, as an old client logs on
	// Wrong is to another certificate. A server with Extended Protection refuses it, which is a failed logon; only the
	// check of Extended Protection sends it.
	Wrong Binding = "wrong"
)

// Bindings are those that an auth can choose, the default first.
func Bindings() []Binding { return []Binding{Right, None} }

// hash gives the 16 bytes that NTLM and Kerberos carry for the binding: MD5 over gss_channel_bindings_struct with
// nothing but application data (MS-NLMP §2.2.2.1, RFC 4121 §4.1.1.2). It is nil where there is nothing to bind to, and
// then the token must say nothing of bindings.
func (b Binding) hash(leaf *x509.Certificate) []byte {
	if b == None || leaf == nil {
		return nil
	}
	digest := endPoint(leaf)
	if digest == nil {
		return nil
	}
	if b == Wrong {
		digest[0] ^= 0xff
	}
	data := append([]byte("tls-server-end-point:"), digest...)
	// Addresses of both sides, each a type and a length, all zero; then the length of the application data.
	structure := binary.LittleEndian.AppendUint32(make([]byte, 16), uint32(len(data))) //nolint:gosec // at most 85
	sum := md5.Sum(append(structure, data...))                                         //nolint:gosec // see the import
	return sum[:]
}

// binding is what the logon carries; nil where it is not to be bound. A logon that is to be bound, and cannot be, is not
// made: a target that others trust could choose such a certificate.
func (s Setting) binding() ([]byte, error) {
	if s.Binding == None {
		return nil, nil
	}
	binding := s.Binding.hash(s.Leaf)
	if binding == nil {
		return nil, failure.New(failure.Auth, BindingUndefined,
			"the logon cannot be bound to the server's certificate, whose signature (%s) RFC 5929 defines no binding for; nothing was sent: give the server another certificate, or set channel_binding: none for an auth of its own", s.signature())
	}
	return binding, nil
}

func (s Setting) signature() string {
	if s.Leaf == nil {
		return "there is none"
	}
	return s.Leaf.SignatureAlgorithm.String()
}

// endPoint is RFC 5929 §4.1: the certificate hashed as it was signed, but never with MD5 or SHA-1. It is nil for
// signatures without one hash, such as Ed25519, for which the RFC defines nothing.
func endPoint(leaf *x509.Certificate) []byte {
	var hash crypto.Hash
	switch leaf.SignatureAlgorithm {
	case x509.MD5WithRSA, x509.SHA1WithRSA, x509.ECDSAWithSHA1, x509.SHA256WithRSA, x509.ECDSAWithSHA256, x509.SHA256WithRSAPSS:
		hash = crypto.SHA256
	case x509.SHA384WithRSA, x509.ECDSAWithSHA384, x509.SHA384WithRSAPSS:
		hash = crypto.SHA384
	case x509.SHA512WithRSA, x509.ECDSAWithSHA512, x509.SHA512WithRSAPSS:
		hash = crypto.SHA512
	default:
		return nil
	}
	h := hash.New()
	h.Write(leaf.Raw)
	return h.Sum(nil)
}
