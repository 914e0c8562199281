package lab

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

// cases are what no scenario answers.
func cases() []lab.Case {
	const basic = "username: '" + lab.Username + "', password: " + lab.Password + ", schemes: [basic]"
	asks := script.Unauthorized(`Basic realm="x"`)
	return []lab.Case{
		answered("a request for a logon, where the module has none", "auth/logon_required", script.Unauthorized("NTLM")),
		answered("a page to log on by", "status/logon_page", lab.Write(script.Responds("302 Found", "Location: /owa/auth/logon.aspx?url=x\r\n", ""))),
		answered("a proxy without a server", "status/not_fetched, answered_by_middlebox", lab.Write(script.Responds("502 Bad Gateway", "Server: nginx\r\nContent-Type: text/html\r\n",
			"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"))),
		times(2, logon("an account that was refused before", "auth/suspended", basic, script.Asking(func(string) []lab.Step { return []lab.Step{asks} }))),
		times(2, elsewhere(logon("a logon of which nobody said what became of it", "auth/unanswered", basic, script.Asking(func(authorization string) []lab.Step {
			if authorization == "" {
				return []lab.Step{asks}
			}
			return []lab.Step{lab.Cut}
		})))),
		byFile("a password in a file that is gone", "auth/secret_unreadable", asks, os.Remove),
		byFile("a password that Basic cannot carry", "auth/secret_unusable, auth_only_basic", asks, func(file string) error {
			return os.WriteFile(file, []byte("a\x01b"), 0o600)
		}),
		byKeytab(),
		anotherName(logon("a certificate that is verified for another name", "auth/not_verified", basic, script.Each(script.Request(asks)))),
		answered("EWS that lets in whoever asks", "auth/no_logon_needed, ews_answers_without_logon", lab.Write(script.Sized(script.Folder))),
		unasked(),
	}
}

// answered is a peer that answers every request so.
func answered(name, reports string, answer lab.Step) lab.Case {
	return lab.Case{Name: name, Want: lab.Reports(reports), Start: func(t lab.TB) lab.Peer {
		p := script.HTTPS(t, script.Each(script.Request(answer)))
		p.Keys = []string{"auth_roundtrips: {objects: 1}"}
		return p
	}}
}

// logon is a peer of a module with an auth.
func logon(name, reports, auth string, step lab.Step) lab.Case {
	return lab.Case{Name: name, Want: lab.Reports(reports), Start: func(t lab.TB) lab.Peer {
		p := script.HTTPS(t, step)
		p.Keys, p.Logon = []string{"auth_roundtrips: {objects: 1}"}, auth
		return p
	}}
}

// times has a peer probed so often.
func times(n int, c lab.Case) lab.Case {
	c.Times = n
	return c
}

// elsewhere lets the auth be used at another target too.
func elsewhere(c lab.Case) lab.Case {
	start := c.Start
	c.Start = func(t lab.TB) lab.Peer {
		p := start(t)
		p.LogonTargets = []string{p.Target, "autodiscover." + lab.MailDomain}
		return p
	}
	return c
}

// anotherName has the certificate verified for a name that is not the target's, though the auth may be used there too.
func anotherName(c lab.Case) lab.Case {
	c = elsewhere(c)
	start := c.Start
	c.Start = func(t lab.TB) lab.Peer {
		p := start(t)
		p.Files, p.Authority = map[string]string{"authority.pem": string(p.Authority.PEM())}, nil
		p.Keys = append(p.Keys, "tls_config: {ca_file: authority.pem, server_name: autodiscover."+lab.MailDomain+"}")
		return p
	}
	return c
}

// byFile is a peer that asks for a logon, whose password's file changes once the configuration is read.
func byFile(name, reports string, asks lab.Step, change func(file string) error) lab.Case {
	return lab.Case{Name: name, Want: lab.Reports(reports), Start: func(t lab.TB) lab.Peer {
		dir, err := os.MkdirTemp("", "password")
		if err != nil {
			t.Fatalf("making a folder for a password: %v", err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
		file := filepath.Join(dir, "password")
		if err := os.WriteFile(file, []byte(lab.Password), 0o600); err != nil {
			t.Fatalf("writing a password: %v", err)
		}
		p := script.HTTPS(t, script.Each(script.Request(asks)))
		p.Keys = []string{"auth_roundtrips: {objects: 1}"}
		p.Logon = fmt.Sprintf("username: probe, password_file: %q, schemes: [basic]", file)
		p.Adapt = func(any) {
			if err := change(file); err != nil {
				panic(err)
			}
		}
		return p
	}}
}

// byKeytab is a logon by a keytab that cannot be read.
func byKeytab() lab.Case {
	return lab.Case{Name: "a keytab that is none", Want: lab.Reports("auth/keytab_unusable"), Start: func(t lab.TB) lab.Peer {
		kdc := lab.Serve(t, lab.Await, script.KDCSays(script.KDCAsks(nil)), lab.Hang)
		p := script.HTTPS(t, script.Each(script.Request(script.Unauthorized("Negotiate"))))
		p.Keys, p.Files = []string{"auth_roundtrips: {objects: 1}"}, map[string]string{"keytab": "none"}
		p.Logon = fmt.Sprintf("username: probe, schemes: [negotiate], kerberos: {realm: %s, kdcs: [%q], keytab: keytab}", script.Realm, kdc.Addr())
		return p
	}}
}
