package hostile

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

// clients are servers that the exporter shows a certificate of its own. Over TLS 1.2 they say what they think of it during the
// handshake, and over TLS 1.3 after the client's is done.
func clients() Group {
	expired := func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour)
	}
	forbids := func(substatus string) peer {
		return shown(nil, nil, script.Answers(script.Responds("403 Forbidden", "", "<h2>HTTP Error 403."+substatus+" - Forbidden</h2>")))
	}
	return Group{"Certificates of the exporter's own", "the peer", []Behaviour{
		{Does: "calls it expired (TLS 1.2)", Reports: "tls/client_certificate_expired", peer: refuses(tls.VersionTLS12, expired, asOld)},
		{Does: "calls it expired (TLS 1.3)", Reports: "receive/client_certificate_expired", peer: refuses(tls.VersionTLS13, expired, asOld)},
		{Does: "does not know who signed it (TLS 1.2)", Reports: "tls/client_certificate_untrusted", peer: refuses(tls.VersionTLS12, nil, asStranger)},
		{Does: "does not know who signed it (TLS 1.3)", Reports: "receive/client_certificate_untrusted", peer: refuses(tls.VersionTLS13, nil, asStranger)},
		{Does: "does not like it (TLS 1.2)", Reports: "tls/client_certificate_refused", peer: refuses(tls.VersionTLS12, nil, asBad)},
		{Does: "does not like it (TLS 1.3)", Reports: "receive/client_certificate_refused", peer: refuses(tls.VersionTLS13, nil, asBad)},
		{Does: "says on a page that none came (403.7)", Reports: "status/client_certificate", peer: forbids("7")},
		{Does: "says on a page that nobody is mapped to it (403.12)", Reports: "status/client_certificate_refused", peer: forbids("12")},
		{Does: "says on a page that it is revoked (403.13)", Reports: "status/client_certificate_revoked", peer: forbids("13")},
		{Does: "says on a page that it is not trusted (403.16)", Reports: "status/client_certificate_untrusted", peer: forbids("16")},
		{Does: "says on a page that it has expired (403.17)", Reports: "status/client_certificate_expired", peer: forbids("17")},
	}}
}

// The ways to refuse a client's certificate.
func asOld(c *tls.Config) {
	c.ClientAuth, c.ClientCAs = tls.VerifyClientCertIfGiven, script.Authority().Pool()
}

func asStranger(c *tls.Config) {
	c.ClientAuth, c.ClientCAs = tls.VerifyClientCertIfGiven, x509.NewCertPool()
}

func asBad(c *tls.Config) {
	c.VerifyConnection = func(tls.ConnectionState) error { return errors.New("a certificate that it does not like") }
}

// refuses is a server of one version of TLS that refuses the certificate that it is shown.
func refuses(version uint16, change func(*x509.Certificate), as func(*tls.Config)) peer {
	return shown(change, func(c *tls.Config) {
		c.MinVersion, c.MaxVersion = version, version
		as(c)
	}, lab.Hang)
}

// shown is a server that asks for a client's certificate, and is shown one that change has made to its liking; adapt may be nil.
func shown(change func(*x509.Certificate), adapt func(*tls.Config), then lab.Step) peer {
	return func(w world) lab.Peer {
		secure := script.TLS(w)
		secure.ClientAuth = tls.RequestClientCert
		if adapt != nil {
			adapt(secure)
		}
		p := script.Peer(lab.ServeTLS(w, secure, then))
		certificate, key := files(w, script.Leaf(script.Authority(), func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
			if change != nil {
				change(c)
			}
		}))
		p.Logon = "cert_file: own.crt, key_file: own.key"
		p.Files = map[string]string{"own.crt": certificate, "own.key": key}
		return p
	}
}

// files are a certificate and its key as PEM.
func files(w world, pair tls.Certificate) (certificate, key string) {
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		w.Fatalf("%v", err)
	}
	text := func(kind string, content []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}))
	}
	return text("CERTIFICATE", pair.Certificate[0]), text("PRIVATE KEY", der)
}
