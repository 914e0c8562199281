package config

import (
	"crypto/x509"
	"net/url"

	"github.com/ews-exporter/ews_exporter/internal/oauth"
	"github.com/ews-exporter/ews_exporter/internal/secret"
)

// OAuth2 says where the tokens of an auth with the scheme bearer come from: client credentials (RFC 6749 §4.4).
type OAuth2 struct {
	ClientID         string   `yaml:"client_id"`
	ClientSecretFile string   `yaml:"client_secret_file"`
	TokenURL         string   `yaml:"token_url"` // https
	Scopes           []string `yaml:"scopes"`
	CAFile           string   `yaml:"ca_file"` // of the token URL; default the system's authorities

	client *oauth.Client
}

// checkBearer checks what the scheme bearer needs, and makes the auth's source and its client. It tells whether the auth
// is one of bearer, which has no password.
func (l *loader) checkBearer(path string, a *Auth) bool {
	if !bearer(a) {
		if a.TokenFile != "" {
			l.report(path+".token_file", "is of no use without bearer among the schemes")
		}
		if a.OAuth2 != nil {
			l.report(path+".oauth2", "is of no use without bearer among the schemes")
		}
		return false
	}
	if len(a.Schemes) > 1 {
		l.report(path+".schemes", "bearer goes with no other scheme: its secret is another one, so give it an auth of its own")
	}
	if a.Password.Reveal() != "" || a.PasswordFile != "" {
		l.report(path+".password", "bearer has no password: use token_file or oauth2")
	}
	switch {
	case a.TokenFile != "" && a.OAuth2 != nil:
		l.report(path+".oauth2", "token_file is set too; only one of them can be")
	case a.TokenFile != "":
		a.TokenFile = l.beside(path+".token_file", a.TokenFile)
		l.secretFile(path+".token_file", a, a.TokenFile)
	case a.OAuth2 != nil:
		l.checkOAuth2(path+".oauth2", a)
	default:
		l.report(path+".token_file", "required for bearer: a token_file, or oauth2")
	}
	return true
}

func bearer(a *Auth) bool {
	for _, s := range a.Schemes {
		if s == "bearer" {
			return true
		}
	}
	return false
}

// secretFile makes the auth's source, and reads it once, so that a mistake shows now.
func (l *loader) secretFile(field string, a *Auth, file string) {
	a.Secret = secret.FromFile(file)
	if _, err := secret.ReadFile(file, maxConfig); err != nil {
		l.unusable(field, file, err)
	}
	for _, w := range a.Secret.Warnings() {
		l.warn(field, w)
	}
}

func (l *loader) checkOAuth2(path string, a *Auth) {
	o := a.OAuth2
	if o.ClientID == "" {
		l.report(path+".client_id", "required")
	}
	if u, err := url.Parse(o.TokenURL); err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "" {
		l.report(path+".token_url", "must be an https URL without user name")
	}
	if o.ClientSecretFile == "" {
		l.report(path+".client_secret_file", "required")
	} else {
		o.ClientSecretFile = l.beside(path+".client_secret_file", o.ClientSecretFile)
		l.secretFile(path+".client_secret_file", a, o.ClientSecretFile)
	}
	o.client = oauth.New(oauth.Settings{URL: o.TokenURL, ClientID: o.ClientID, Scopes: o.Scopes, Roots: l.authorities(path+".ca_file", o)})
}

// authorities are those of ca_file; nil stands for the system's.
func (l *loader) authorities(field string, o *OAuth2) *x509.CertPool {
	if o.CAFile == "" {
		return nil
	}
	o.CAFile = l.beside(field, o.CAFile)
	text, err := l.read(o.CAFile, maxConfig)
	if err != nil {
		l.unusable(field, o.CAFile, err)
		return nil
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		l.report(field, "holds no certificate in PEM")
	}
	return pool
}
