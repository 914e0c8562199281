package auth

import "strings"

// Challenge is one way to authenticate that a server offers (RFC 9110 §11.3).
type Challenge struct {
	Scheme  string            // as written; compare it without regard to case
	Params  map[string]string // names in lower case, quotes taken off; nil without any
	Token68 string            // the other form of parameters: an opaque token, as Negotiate and NTLM carry it
}

// The bounds of what is read. A Kerberos token of Windows' largest size (48 000 bytes) fits in its base64 form.
const (
	maxValue      = 128 << 10 // bytes of one field value; a longer one is passed over
	maxChallenges = 32        // in all
	maxParams     = 32        // of one challenge
)

// ParseChallenges reads the values of WWW-Authenticate fields, in order (RFC 9110 §11.6.1): several challenges may
// stand in one value, several values may come, and commas may stand within quotes. What cannot be read is passed over
// up to the next comma, because one bad challenge must not hide a good one. A parameter that comes twice keeps its
// first value.
func ParseChallenges(values []string) []Challenge {
	var found []Challenge
	for _, value := range values {
		if len(value) > maxValue {
			continue
		}
		r := &reader{rest: value, found: found}
		for r.element() {
		}
		found = r.found
	}
	return found
}

// reader reads one field value.
type reader struct {
	rest    string
	found   []Challenge
	current bool // a challenge began in this value, so parameters belong to the last one found
}

// element reads one element of the list: a parameter of the challenge under way, or the beginning of the next. It
// tells whether to go on.
func (r *reader) element() bool {
	r.rest = strings.TrimLeft(r.rest, " \t,")
	if r.rest == "" {
		return false
	}
	token := r.take(isTokenChar)
	after := strings.TrimLeft(r.rest, " \t")
	switch {
	case token != "" && strings.HasPrefix(after, "="):
		r.rest = after[1:]
		r.parameter(token)
	case token != "" && (after == "" || after[0] == ',' || len(after) < len(r.rest)):
		if len(r.found) == maxChallenges {
			return false
		}
		r.rest = after
		r.found = append(r.found, Challenge{Scheme: token, Token68: r.token68()})
		r.current = true
		// Parameters may follow at once: the next element is the first of them.
		return true
	}
	r.skip()
	return true
}

// parameter reads a value, quoted or not, and gives it to the challenge under way.
func (r *reader) parameter(name string) {
	r.rest = strings.TrimLeft(r.rest, " \t")
	var value string
	if strings.HasPrefix(r.rest, `"`) {
		value = r.quoted()
	} else {
		value = r.take(isTokenChar)
	}
	if !r.current {
		return
	}
	c, name := &r.found[len(r.found)-1], strings.ToLower(name)
	if _, known := c.Params[name]; known || len(c.Params) == maxParams {
		return
	}
	if c.Params == nil {
		c.Params = map[string]string{}
	}
	c.Params[name] = value
}

// quoted reads a quoted-string (RFC 9110 §5.6.4). One that is never closed goes to the end.
func (r *reader) quoted() string {
	var b strings.Builder
	for i := 1; i < len(r.rest); i++ {
		switch r.rest[i] {
		case '"':
			r.rest = r.rest[i+1:]
			return b.String()
		case '\\':
			if i++; i == len(r.rest) {
				continue
			}
		}
		b.WriteByte(r.rest[i])
	}
	r.rest = ""
	return b.String()
}

// token68 reads a token68 if one stands here and nothing but a comma or the end follows it.
func (r *reader) token68() string {
	n := 0
	for n < len(r.rest) && isToken68Char(r.rest[n]) {
		n++
	}
	end := n
	for n > 0 && end < len(r.rest) && r.rest[end] == '=' {
		end++
	}
	after := strings.TrimLeft(r.rest[end:], " \t")
	if n == 0 || after != "" && after[0] != ',' {
		return ""
	}
	token := r.rest[:end]
	r.rest = after
	return token
}

// skip passes over everything up to the next comma outside of quotes.
func (r *reader) skip() {
	for r.rest != "" && r.rest[0] != ',' {
		if r.rest[0] == '"' {
			r.quoted()
		} else {
			r.rest = r.rest[1:]
		}
	}
}

func (r *reader) take(ok func(byte) bool) string {
	n := 0
	for n < len(r.rest) && ok(r.rest[n]) {
		n++
	}
	token := r.rest[:n]
	r.rest = r.rest[n:]
	return token
}

func isAlphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// isTokenChar is RFC 9110 §5.6.2.
func isTokenChar(c byte) bool {
	return isAlphanumeric(c) || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}

// isToken68Char is RFC 9110 §11.2, without the padding.
func isToken68Char(c byte) bool {
	return isAlphanumeric(c) || strings.IndexByte("-._~+/", c) >= 0
}
