package config

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/policy"
	"github.com/ews-exporter/ews_exporter/internal/secret"
	"github.com/ews-exporter/ews_exporter/internal/suggest"
)

// Misfit says why the module must not use the auth: the module's field that is in the way, and the problem. Both are
// empty when nothing is. Whether a target is one of the auth's only a request can tell.
func (a *Auth) Misfit(m *Module) (field, problem string) {
	switch {
	case len(a.Modules) > 0 && !slices.Contains(a.Modules, m.Name):
		return "auth", fmt.Sprintf("auth %s may not be used by this module; add it to the auth's modules", a.Name)
	case m.TLS.InsecureSkipVerify:
		return "tls_config.insecure_skip_verify", fmt.Sprintf("auth %s is sent to verified servers only; use ca_file or pins", a.Name)
	case m.TLS.ServerName != "" && !slices.ContainsFunc(a.Targets, func(p policy.TargetPattern) bool { return p.Match(m.TLS.ServerName, port(p)) }):
		return "tls_config.server_name", fmt.Sprintf("auth %s would be sent to a server that proves to be none of the auth's targets", a.Name)
	}
	return "", ""
}

// port is the port that a pattern matches.
func port(p policy.TargetPattern) uint16 {
	_, written, err := net.SplitHostPort(p.String())
	n, bad := strconv.ParseUint(written, 10, 16)
	if err != nil || bad != nil {
		return 443
	}
	return uint16(n)
}

func (l *loader) checkAuth(path string, a *Auth) {
	l.checkCertificate(path, a)
	l.checkKerberos(path+".kerberos", a)
	if !a.certificateAlone() {
		l.checkSchemes(path+".schemes", a.Schemes)
		if !l.checkBearer(path, a) {
			l.checkUsername(path+".username", a)
			l.checkPassword(path, a)
		}
	}
	if !slices.Contains(auth.Bindings(), a.ChannelBinding) {
		l.report(path+".channel_binding", "must be right or none")
	}
	if len(a.Targets) == 0 {
		l.report(path+".targets", "required: list the hosts that the secret may be sent to")
	}
	for i, p := range a.Targets {
		if p.Wildcard() {
			l.warn(item(path+".targets", i), "the secret may be sent to every host of a domain (*. stands for exactly one label); list the hosts if you can")
		}
	}
	for i, name := range a.Modules {
		if l.config.Modules[name] == nil {
			l.report(item(path+".modules", i), "there is no such module; "+suggest.Hint(name, slices.Collect(maps.Keys(l.config.Modules))))
		}
	}
}

func (l *loader) checkSchemes(field string, schemes []string) {
	if len(schemes) == 0 {
		l.report(field, "required; possible: "+strings.Join(auth.Schemes(), ", "))
	}
	for i, s := range schemes {
		if !slices.Contains(auth.Schemes(), s) {
			l.report(item(field, i), "not a scheme of this version; "+suggest.Hint(s, auth.Schemes()))
		} else if slices.Index(schemes, s) != i {
			l.report(item(field, i), "is there already")
		}
	}
}

func (l *loader) checkUsername(field string, a *Auth) {
	basic := slices.Contains(a.Schemes, "basic")
	switch {
	case a.Username == "":
		l.report(field, "required")
	case strings.ContainsFunc(a.Username, invisible):
		l.report(field, "must not hold a control character or a special space; in double quotation marks YAML reads \\N, \\b, \\n, \\t and others as one, in single ones a backslash is just itself")
	case strings.Contains(a.Username, ":") && basic:
		l.report(field, "must not hold a colon: basic could not tell where the password begins (RFC 7617 §2)")
	}
}

// checkPassword makes the auth's source, and reads it once, so that a mistake shows now and not at the first probe.
func (l *loader) checkPassword(path string, a *Auth) {
	field, inline := path+".password", a.Password.Reveal()
	switch {
	case inline != "" && a.PasswordFile != "":
		l.report(path+".password_file", "password is set too; only one of them can be")
		return
	case inline != "":
		a.Secret = secret.FromValue(inline)
	case a.PasswordFile != "":
		field = path + ".password_file"
		a.PasswordFile = l.beside(field, a.PasswordFile)
		a.Secret = secret.FromFile(a.PasswordFile)
	case ticketsOnly(a):
		return
	default:
		l.report(field, "required: a password, or a password_file that holds it")
		return
	}
	value, err := a.Secret.Get()
	if err != nil {
		// Without the path: it may be a password in the wrong place.
		l.unusable(field, a.PasswordFile, errors.Unwrap(err))
		return
	}
	if strings.ContainsFunc(value.Reveal(), isAnyControl) && slices.Contains(a.Schemes, "basic") {
		l.report(field, "basic allows no control character in a password, such as a tab or a line end (RFC 7617 §2)")
	}
	for _, w := range a.Secret.Warnings() {
		l.warn(field, w)
	}
	if simple(value.Reveal()) {
		l.warn(field, "shorter than 6 characters, or letters alone: reports hide secrets wherever they stand, and one that is part of an ordinary word is given away by the gap")
	}
}

// simple tells whether a secret may stand in the exporter's own sentences by chance.
func simple(s string) bool {
	return len(s) < 6 || !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) })
}

// ticketsOnly tells whether a keytab or a credential cache is all that the auth's schemes need.
func ticketsOnly(a *Auth) bool {
	file, _ := a.Kerberos.keyFile()
	return file != "" && !slices.ContainsFunc(a.Schemes, func(s string) bool { return s != "negotiate" })
}

// invisible tells whether r is a control character or a space other than the ordinary one: what YAML makes of
// "CONTOSO\Nina" (U+0085), "CONTOSO\_svc" (U+00A0) and "CONTOSO\Lync" (U+2028).
func invisible(r rune) bool { return r != ' ' && !unicode.IsPrint(r) }

// isAnyControl tells whether r is a control character, tabs included (CTL of RFC 5234 §B.1).
func isAnyControl(r rune) bool { return r < ' ' || r == 0x7f }
