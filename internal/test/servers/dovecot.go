package servers

import (
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Dovecot is a Dovecot of a test's own, for one protocol on one port.
type Dovecot struct {
	Certificate tls.Certificate // none without TLS
	POP3        bool            // in place of IMAP
	Implicit    bool            // TLS from the start
	NoAccounts  bool            // it cannot read who may log on
	Lines       string          // of its configuration, more
}

// The account that it knows.
const (
	DovecotUser     = "probe@contoso.test"
	DovecotPassword = "one-9 \"of\\ its own" // #nosec G101 -- a test's
)

// DovecotElsewhere is another address of it. Dovecot takes clients whose address is its own for safe, and lets them have what it
// keeps from others.
const DovecotElsewhere = "127.0.0.9"

// Start runs it and returns its address. Dovecot's master runs as root only; the test is skipped where it does not.
func (d Dovecot) Start(t testing.TB) (address string) {
	t.Helper()
	Need(t, "dovecot")
	NeedRoot(t, "Dovecot")
	pair := ""
	if len(d.Certificate.Certificate) > 0 {
		pair = WriteCertificate(t, d.Certificate)
	}
	return Server{Program: "dovecot", Args: func(place Place) []string {
		d.write(t, place, pair)
		return []string{"-F", "-c", filepath.Join(place.Dir, "dovecot.conf")}
	}}.Start(t, Place{})
}

func (d Dovecot) write(t testing.TB, place Place, pair string) {
	t.Helper()
	if err := os.Chmod(filepath.Dir(place.Dir), 0o711); err != nil { // #nosec G302 -- its unprivileged parts go through it
		t.Fatal(err)
	}
	protocol := "imap"
	if d.POP3 {
		protocol = "pop3"
	}
	_, port, _ := net.SplitHostPort(place.Address)
	clear, secure := port, "0"
	if d.Implicit {
		clear, secure = secure, clear
	}
	config := `base_dir = DIR/run
log_path = /dev/stderr
protocols = PROTO
mail_location = maildir:DIR/mail/%u
first_valid_uid = 1
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%u DIR/users
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=DIR/mail/%u
}
service PROTO-login {
  inet_listener PROTO {
    address = 127.0.0.1 ELSEWHERE
    port = CLEAR
  }
  inet_listener PROTOs {
    address = 127.0.0.1 ELSEWHERE
    port = SECURE
    ssl = yes
  }
}
service stats {
  unix_listener stats-writer {
    mode = 0666
  }
}
`
	if pair == "" {
		config += "ssl = no\n"
	} else {
		config += "ssl = yes\nssl_cert = <" + pair + "\nssl_key = <" + pair + "\n"
	}
	config = strings.NewReplacer("DIR", place.Dir, "PROTO", protocol, "ELSEWHERE", DovecotElsewhere, "CLEAR", clear, "SECURE", secure).Replace(config) + d.Lines + "\n"
	mail := filepath.Join(place.Dir, "mail")
	if err := os.MkdirAll(mail, 0o700); err != nil {
		t.Fatal(err)
	}
	give(t, mail, "nobody")
	files := map[string]string{"dovecot.conf": config, "users": DovecotUser + ":{PLAIN}" + DovecotPassword + "\n"}
	if d.NoAccounts {
		delete(files, "users")
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(place.Dir, name), []byte(text), 0o644); err != nil { // #nosec G306 -- its unprivileged parts read it
			t.Fatal(err)
		}
	}
}
