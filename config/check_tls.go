package config

import (
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/suggest"
	"github.com/ews-exporter/ews_exporter/internal/target"
)

// maxCA is the most bytes that a ca_file may hold; the bundle of all public authorities has about 250 KB.
const maxCA = 4 << 20

func (l *loader) checkTLS(path string, t *TLS) {
	if t.CAFile != "" {
		t.CAFile = l.beside(path+".ca_file", t.CAFile)
		roots, err := l.rootsOf(t.CAFile)
		if err != nil {
			l.report(path+".ca_file", fmt.Sprintf("%s: %v", t.CAFile, err))
		}
		t.roots = roots
	}
	if t.ServerName != "" {
		name, _, err := target.ParseHost(t.ServerName)
		if err != nil {
			l.report(path+".server_name", err.Error())
		}
		t.ServerName = name
	}
	if _, ok := versions[t.MinVersion]; !ok {
		l.report(path+".min_version", suggest.OneOf(t.MinVersion, slices.Collect(maps.Keys(versions))))
	}
	for i, pin := range t.Pins {
		t.Pins[i] = strings.ToLower(strings.ReplaceAll(pin, ":", ""))
		if sum, err := hex.DecodeString(t.Pins[i]); err != nil || len(sum) != 32 {
			l.report(item(path+".pins", i), "not a certificate's SHA-256 fingerprint, which has 64 hexadecimal digits (colons may part them)")
		}
	}
}

// caFile is what a file of authorities holds, or why it cannot be used.
type caFile struct {
	pool *x509.CertPool
	err  error
}

// rootsOf is readCA, once for all modules that name the same file, which all of a site's may.
func (l *loader) rootsOf(path string) (*x509.CertPool, error) {
	a, known := l.caFiles[path]
	if !known {
		a.pool, a.err = l.readCA(path)
		l.caFiles[path] = a
	}
	return a.pool, a.err
}

// readCA reads a file of certificates in PEM.
func (l *loader) readCA(path string) (*x509.CertPool, error) {
	data, err := l.read(path, maxCA)
	if err != nil {
		return nil, err
	}
	pool, n := x509.NewCertPool(), 0
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		n++
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d of the file is malformed: %w", n, err)
		}
		pool.AddCert(cert)
	}
	if n == 0 {
		return nil, errors.New(`it holds no certificate in PEM ("-----BEGIN CERTIFICATE-----")`)
	}
	return pool, nil
}
