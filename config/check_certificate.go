package config

import (
	"errors"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/secret"
)

// certificateAlone tells whether the auth is a client's certificate and nothing beside it.
func (a *Auth) certificateAlone() bool {
	return (a.CertFile != "" || a.KeyFile != "") && len(a.Schemes) == 0 && a.Username == "" && a.Password.Reveal() == "" && a.PasswordFile == "" && a.TokenFile == "" && a.OAuth2 == nil
}

// checkCertificate reads the client's certificate once, so that a mistake shows now. One that has expired is no mistake, only
// warned of: it must not keep the exporter from starting. What is wrong is told without the path, which may be a secret in the
// wrong place.
func (l *loader) checkCertificate(path string, a *Auth) {
	certField, keyField := path+".cert_file", path+".key_file"
	switch {
	case a.CertFile == "" && a.KeyFile == "":
		return
	case a.CertFile == "":
		l.report(certField, "required beside key_file: the client's certificate in PEM")
		return
	case a.KeyFile == "":
		l.report(keyField, "required beside cert_file: the private key of the client's certificate, in PEM")
		return
	}
	a.CertFile, a.KeyFile = l.beside(certField, a.CertFile), l.beside(keyField, a.KeyFile)
	pair, err := a.Credential().Certificate.Read()
	if err != nil {
		field, file := keyField, a.KeyFile
		if errors.Is(err, auth.ErrCertFile) {
			field, file = certField, a.CertFile
		}
		l.unusable(field, file, err)
		return
	}
	for _, doubt := range auth.Doubts(pair.Leaf, time.Now()) {
		l.warn(certField, doubt)
	}
	for _, w := range secret.FromFile(a.KeyFile).Warnings() {
		l.warn(keyField, w)
	}
}

// ClientCertificates give, of each auth that has a client's certificate, the moment at which that ends. Files are read as they
// are now; one that cannot be used is left out.
func (c *Config) ClientCertificates() map[string]time.Time {
	ends := map[string]time.Time{}
	for name, a := range c.Auths {
		own := a.Credential().Certificate
		if own == nil {
			continue
		}
		if leaf, err := own.Leaf(); err == nil {
			ends[name] = leaf.NotAfter
		}
	}
	return ends
}
