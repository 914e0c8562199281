package auth

import (
	"context"
	"crypto/x509"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// Scheme drives one authentication over one connection. Make a new one for each connection.
type Scheme interface {
	// Proves tells whether the next answer is made with the secret, so that the server, or who else is asked, may count
	// it as a failed logon. A logon begins with such an answer.
	Proves() bool
	// Next answers the challenge of the last response. authorization is the value of the Authorization field, and is
	// secret. complete tells that the server must decide after it: another 401 is then a refusal of the secret, and
	// Next must not be asked again. The context bounds what a scheme may have to ask elsewhere for a token.
	// Errors are failures of stage auth and hold nothing secret.
	Next(ctx context.Context, challenge Challenge) (authorization string, complete bool, err error)
}

// Setting is what a scheme has to know of its user and of the connection that it is for.
type Setting struct {
	Login   Login
	Host    string            // the name that the target goes by, of which Kerberos makes the service principal
	Leaf    *x509.Certificate // what the server showed, to which a logon is bound
	Binding Binding
	// Begin asks the gate for a logon elsewhere than at the server, such as at a KDC.
	Begin func(context.Context) (*Attempt, error)
}

// known is the list of the schemes of this program, the strongest first.
var known = []struct {
	name string // in lower case, as an auth's schemes spell it
	make func(Setting) Scheme
}{
	{"negotiate", negotiate},
	{"ntlm", func(s Setting) Scheme { return &ntlm{setting: s} }},
	{"bearer", func(s Setting) Scheme { return &bearer{setting: s} }},
	{"basic", func(s Setting) Scheme { return &basic{login: s.Login} }},
}

// Schemes lists the names of the schemes that this program knows, as an auth's schemes spell them, the strongest first.
func Schemes() []string {
	names := make([]string, len(known))
	for i, k := range known {
		names[i] = k.name
	}
	return names
}

// NewScheme makes the scheme of this name, which Schemes lists, for one connection.
func NewScheme(name string, s Setting) (Scheme, error) {
	for _, k := range known {
		if k.name == name {
			return k.make(s), nil
		}
	}
	return nil, failure.New(failure.Auth, SchemeUnknown, "the scheme %q is not known here, only %s", name, strings.Join(Schemes(), ", "))
}

// Choose gives the first wanted scheme that the server offers, and its challenge. The order of the server's offers does
// not matter, and a scheme that is not wanted is never chosen.
func Choose(wanted []string, offered []Challenge) (name string, challenge Challenge, ok bool) {
	for _, name := range wanted {
		for _, c := range offered {
			if strings.EqualFold(name, c.Scheme) {
				return name, c, true
			}
		}
	}
	return "", Challenge{}, false
}
