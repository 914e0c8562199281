package auth

import (
	"context"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// Scheme drives one authentication over one connection. Make a new one for each connection.
type Scheme interface {
	// Next answers the challenge of the last response. authorization is the value of the Authorization field, and is
	// secret. complete tells that the server must decide after it: another 401 is then a refusal of the secret, and
	// Next must not be asked again. The context bounds what a scheme may have to ask elsewhere for a token.
	// Errors are failures of stage auth and hold nothing secret.
	Next(ctx context.Context, challenge Challenge) (authorization string, complete bool, err error)
}

// schemes makes each scheme that this program knows, by its name in lower case.
var schemes = map[string]func(Login) Scheme{
	"basic": func(l Login) Scheme { return &basic{login: l} },
}

// Schemes lists the names of the schemes that this program knows, as an auth's schemes spell them.
func Schemes() []string {
	names := make([]string, 0, len(schemes))
	for name := range schemes {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// NewScheme makes the scheme of this name, which Schemes lists, for one connection.
func NewScheme(name string, login Login) (Scheme, error) {
	create := schemes[name]
	if create == nil {
		return nil, failure.New(failure.Auth, SchemeUnknown, "the scheme %q is not known here, only %s", name, strings.Join(Schemes(), ", "))
	}
	return create(login), nil
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
