package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/policy"
	"github.com/ews-exporter/ews_exporter/internal/suggest"
	"github.com/ews-exporter/ews_exporter/internal/target"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// ProxyURL is where a module's connections go through; the zero value is none.
type ProxyURL struct{ target target.Target }

// ParseProxyURL reads http://HOST:PORT or https://HOST:PORT; the port may be left out where it is the scheme's. "" is none. The
// error never repeats what stands before an @, which may be a password.
func ParseProxyURL(s string) (ProxyURL, error) {
	scheme, rest, ok := strings.Cut(s, "://")
	switch {
	case s == "":
		return ProxyURL{}, nil
	case strings.Contains(s, "@"):
		return ProxyURL{}, errors.New("there is an @ in it; a user name and a password are an auth, which proxy_auth names, and never part of the URL")
	case !ok:
		return ProxyURL{}, errors.New("must be a URL: http://HOST:PORT or https://HOST:PORT")
	case !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https"):
		return ProxyURL{}, errors.New("a proxy is spoken to by http:// or https://, and by nothing else")
	case strings.ContainsAny(strings.TrimSuffix(rest, "/"), "/?#"):
		return ProxyURL{}, errors.New("a proxy's URL ends with its host and port: leave the path out")
	}
	t, err := target.Parse(strings.TrimSuffix(s, "/"), "")
	if err != nil {
		if inner := errors.Unwrap(err); inner != nil { // without "the target"
			err = inner
		}
		return ProxyURL{}, fmt.Errorf("is malformed: %w", err)
	}
	if t.Host == "localhost" {
		return ProxyURL{}, errors.New("write the address, 127.0.0.1 or [::1]: a name that leads to loopback is not followed")
	}
	return ProxyURL{t}, nil
}

// Target is the proxy's host and port. It is the zero Target where there is none.
func (u ProxyURL) Target() target.Target { return u.target }

// IsZero tells whether there is none.
func (u ProxyURL) IsZero() bool { return u.target.Host == "" }

// String gives the URL in its normal spelling, with its port; ParseProxyURL reads it back.
func (u ProxyURL) String() string {
	if u.IsZero() {
		return ""
	}
	return u.target.Scheme + "://" + u.target.HostPort()
}

// MarshalText gives String.
func (u ProxyURL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// UnmarshalText is ParseProxyURL.
func (u *ProxyURL) UnmarshalText(text []byte) (err error) {
	*u, err = ParseProxyURL(string(text))
	return err
}

// ProxyOptions say how TLS with an https proxy is done and what is accepted: by proxy_tls_config, or by the authorities and the
// oldest version of tls_config, whose other keys are for the target.
func (m *Module) ProxyOptions() wire.TLS {
	t := m.ProxyTLS
	if t == nil {
		t = &TLS{MinVersion: m.TLS.MinVersion, roots: m.TLS.roots}
	}
	o := t.options()
	if o.ServerName == "" {
		o.ServerName = m.ProxyURL.target.Name
	}
	return o
}

// checkProxy checks what the module's keys of its proxy say together.
func (l *loader) checkProxy(path string, m *Module) {
	if t := m.ProxyTLS; t != nil && t.says() == "" {
		m.ProxyTLS = nil // as the configuration in force shows it
	} else if t != nil {
		if t.MinVersion == "" {
			t.MinVersion = defaultVersion
		}
		l.checkTLS(path+".proxy_tls_config", t)
	}
	if !l.sound(path + ".proxy_url") {
		return
	}
	if m.Definition.NoProxy && !m.ProxyURL.IsZero() {
		l.report(path+".proxy_url", m.Definition.Name+" asks in datagrams, which no proxy passes on; leave it out")
		return
	}
	scheme := m.ProxyURL.target.Scheme
	if m.ProxyTLS != nil && scheme != "https" {
		l.report(path+".proxy_tls_config", "is for an https proxy, and there is none in proxy_url")
	}
	if m.ProxyAuth == "" {
		return
	}
	a := l.config.Auths[m.ProxyAuth]
	switch {
	case m.ProxyURL.IsZero():
		l.report(path+".proxy_auth", "there is no proxy_url whose logon it could be")
	case a == nil:
		l.report(path+".proxy_auth", fmt.Sprintf("unknown auth %.64q; %s", m.ProxyAuth, suggest.Hint(m.ProxyAuth, slices.Collect(maps.Keys(l.config.Auths)))))
	default:
		if field, problem := a.proxyMisfit(m); problem != "" {
			l.report(path+"."+field, problem)
		}
	}
}

// says is all that the keys hold, "" for none.
func (t *TLS) says() string {
	text := t.CAFile + t.ServerName + t.MinVersion + strings.Join(t.Pins, "")
	if t.InsecureSkipVerify {
		text += "insecure"
	}
	return text
}

// proxyMisfit says why the auth must not be used at the module's proxy: the module's field that is in the way, and the problem.
func (a *Auth) proxyMisfit(m *Module) (field, problem string) {
	proxy := m.ProxyURL.target
	switch {
	case len(a.Modules) > 0 && !slices.Contains(a.Modules, m.Name):
		return "proxy_auth", fmt.Sprintf("auth %s may not be used by this module; add it to the auth's modules", a.Name)
	case proxy.Scheme != "https":
		return "proxy_auth", fmt.Sprintf("auth %s is sent over TLS only: write https:// in proxy_url, or leave it out", a.Name)
	case !slices.Contains(a.Schemes, "basic"):
		return "proxy_auth", fmt.Sprintf("the exporter logs on to proxies by basic alone, and the schemes of auth %s lack it", a.Name)
	case !slices.ContainsFunc(a.Targets, func(p policy.TargetPattern) bool { return p.Match(proxy.Name, proxy.Port) }):
		return "proxy_auth", fmt.Sprintf("auth %s may not be sent to the proxy; add %s to the auth's targets", a.Name, proxy.HostPort())
	case m.ProxyTLS != nil && m.ProxyTLS.InsecureSkipVerify:
		return "proxy_tls_config.insecure_skip_verify", fmt.Sprintf("auth %s is sent to verified proxies only; use ca_file or pins", a.Name)
	case m.ProxyTLS != nil && m.ProxyTLS.ServerName != "" && m.ProxyTLS.ServerName != proxy.Name && len(m.ProxyTLS.Pins) == 0:
		return "proxy_tls_config.server_name", fmt.Sprintf("auth %s is sent to a proxy that proves the name in proxy_url; write this name there", a.Name)
	}
	return "", ""
}
