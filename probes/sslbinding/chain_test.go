package sslbinding

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// TestExamine: what servers get wrong when they send a chain.
func TestExamine(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	upper := root.sub(t, "upper")
	lower := upper.sub(t, "lower")
	leaf := lower.mail(t).Leaf
	stranger := newRoot(t, "stranger").cert
	namesake := newRoot(t, "lower").cert // the issuer's name, another key
	old := root.create(t, &x509.Certificate{Subject: pkix.Name{CommonName: "upper"}, NotBefore: time.Now().AddDate(-2, 0, 0), NotAfter: time.Now().AddDate(-1, 0, 0)}, upper.key)
	for name, tt := range map[string]struct {
		sent  []*x509.Certificate
		path  int
		notes string
		tells string
	}{
		"right":              {[]*x509.Certificate{leaf, lower.cert, upper.cert}, 3, "", ""},
		"with the root":      {[]*x509.Certificate{leaf, lower.cert, upper.cert, root.cert}, 4, "root sent", ""},
		"the leaf alone":     {[]*x509.Certificate{leaf}, 1, "", ""},
		"out of order":       {[]*x509.Certificate{leaf, upper.cert, lower.cert}, 3, "chain out of order", ""},
		"the root between":   {[]*x509.Certificate{leaf, root.cert, lower.cert, upper.cert}, 4, "chain out of order, root sent", ""},
		"a stranger between": {[]*x509.Certificate{leaf, stranger, lower.cert}, 2, "useless certificates sent, root sent", "CN=stranger which issued none of the others"},
		"one twice":          {[]*x509.Certificate{leaf, lower.cert, lower.cert}, 2, "useless certificates sent", "CN=lower once more"},
		"the leaf twice":     {[]*x509.Certificate{leaf, leaf, lower.cert}, 2, "useless certificates sent", "CN=mail.contoso.test once more"},
		"a namesake":         {[]*x509.Certificate{leaf, namesake, lower.cert}, 2, "useless certificates sent, root sent", "CN=lower with another key"},
		"an expired one":     {[]*x509.Certificate{leaf, lower.cert, upper.cert, old}, 3, "useless certificates sent", "CN=upper issued by CN=root, which expired on"},
		"self-signed":        {[]*x509.Certificate{stranger}, 1, "", ""},
	} {
		c := examine(&wire.Peer{Certificates: tt.sent}, time.Now())
		if len(c.path) != tt.path || strings.Join(c.notes(), ", ") != tt.notes || !strings.Contains(strings.Join(c.surplus, "; "), tt.tells) {
			t.Errorf("%s: path of %d, %q, %q, want %d, %q, %q", name, len(c.path), c.notes(), c.surplus, tt.path, tt.notes, tt.tells)
		}
	}
}

// TestExamine_manyNamesakes: certificates that all claim to be the issuer cost a bounded number of signatures.
func TestExamine_manyNamesakes(t *testing.T) {
	t.Parallel()
	lower := newRoot(t, "root").sub(t, "lower")
	sent := []*x509.Certificate{lower.mail(t).Leaf}
	for range 50 {
		sent = append(sent, newRoot(t, "lower").cert)
	}
	if c := examine(&wire.Peer{Certificates: append(sent, lower.cert)}, time.Now()); len(c.path) != 1 {
		t.Errorf("path of %d: the search went on beyond its bound", len(c.path))
	}
}

func TestCovers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		names  string // of the SAN; addresses too
		common string
		name   string
		want   bool
	}{
		{"mail.contoso.com", "", "mail.contoso.com", true},
		{"MAIL.Contoso.com", "", "mail.contoso.com", true},
		{"mail.contoso.com autodiscover.contoso.com", "", "autodiscover.contoso.com", true},
		{"*.contoso.com", "", "mail.contoso.com", true},
		{"*.contoso.com", "", "contoso.com", false},
		{"*.contoso.com", "", "a.mail.contoso.com", false},
		{"m*.contoso.com", "", "mail.contoso.com", false},
		{"mail.*.com", "", "mail.contoso.com", false},
		{"*", "", "contoso", false},
		{"", "mail.contoso.com", "mail.contoso.com", true},
		{"", "*.contoso.com", "mail.contoso.com", true},
		{"", "Contoso mail", "mail.contoso.com", false},
		{"other.contoso.com", "mail.contoso.com", "mail.contoso.com", false},
		{"192.0.2.1", "", "192.0.2.1", true},
		{"2001:db8::1", "", "2001:db8::1", true},
		{"192.0.2.1", "mail.contoso.com", "mail.contoso.com", false},
		{"", "192.0.2.1", "192.0.2.1", false},
		{"xn--bcher-kva.example", "", "xn--bcher-kva.example", true},
	} {
		cert := &x509.Certificate{Subject: pkix.Name{CommonName: tt.common}}
		for _, name := range strings.Fields(tt.names) {
			if ip := net.ParseIP(name); ip != nil {
				cert.IPAddresses = append(cert.IPAddresses, ip)
				continue
			}
			cert.DNSNames = append(cert.DNSNames, name)
		}
		if got := covers(cert, tt.name); got != tt.want {
			t.Errorf("names %q, common name %q: covers %s is %t", tt.names, tt.common, tt.name, got)
		}
	}
}

func TestSome(t *testing.T) {
	t.Parallel()
	all := []string{"a", "b", "c", "d", "e", "f"}
	if got := some(slices.Clone(all)); got != "a, b, c, d, 2 more" || fmt.Sprint(all) != "[a b c d e f]" {
		t.Errorf("%q", got)
	}
}
