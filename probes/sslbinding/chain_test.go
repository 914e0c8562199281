package sslbinding

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
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
	for name, tt := range map[string]struct {
		sent  []*x509.Certificate
		path  int
		open  bool
		notes string
	}{
		"right":              {[]*x509.Certificate{leaf, lower.cert, upper.cert}, 3, true, ""},
		"with the root":      {[]*x509.Certificate{leaf, lower.cert, upper.cert, root.cert}, 4, false, "root sent"},
		"the leaf alone":     {[]*x509.Certificate{leaf}, 1, true, ""},
		"a gap":              {[]*x509.Certificate{leaf, upper.cert}, 1, true, "unrelated certificates sent"},
		"out of order":       {[]*x509.Certificate{leaf, upper.cert, lower.cert}, 3, true, "chain out of order"},
		"a stranger between": {[]*x509.Certificate{leaf, stranger, lower.cert}, 2, true, "chain out of order, unrelated certificates sent"},
		"one twice":          {[]*x509.Certificate{leaf, lower.cert, lower.cert}, 2, true, "unrelated certificates sent"},
		"a namesake":         {[]*x509.Certificate{leaf, namesake, lower.cert}, 2, true, "chain out of order, unrelated certificates sent"},
		"self-signed":        {[]*x509.Certificate{stranger}, 1, false, ""},
	} {
		c := examine(tt.sent)
		if len(c.path) != tt.path || c.open() != tt.open || strings.Join(c.notes(), ", ") != tt.notes {
			t.Errorf("%s: path of %d, open %t, %q, want %d, %t, %q", name, len(c.path), c.open(), c.notes(), tt.path, tt.open, tt.notes)
		}
	}
}

// TestExamine_manyNamesakes: certificates that all claim to be the issuer cost a bounded number of signatures.
func TestExamine_manyNamesakes(t *testing.T) {
	t.Parallel()
	lower := newRoot(t, "root").sub(t, "lower")
	sent := []*x509.Certificate{lower.mail(t).Leaf}
	for range maxChecks {
		sent = append(sent, newRoot(t, "lower").cert)
	}
	if c := examine(append(sent, lower.cert)); len(c.path) != 1 {
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
