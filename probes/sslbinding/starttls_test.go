package sslbinding

import (
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// exchange is what Exchange's front end says before TLS.
var exchange = []string{
	"220 EX01.contoso.test Microsoft ESMTP MAIL Service ready at Mon, 23 Nov 2026 08:00:00 +0000",
	"250-EX01.contoso.test Hello [192.0.2.99]", "250-SIZE 37748736", "250-PIPELINING", "250-DSN", "250-ENHANCEDSTATUSCODES",
	"250-STARTTLS", "250-X-ANONYMOUSTLS", "250-AUTH NTLM", "250-X-EXPS GSSAPI NTLM", "250-8BITMIME", "250-BINARYMIME",
	"250-CHUNKING", "250-SMTPUTF8", "250 XRDST",
	"220 2.0.0 SMTP server ready",
}

func TestStartTLS(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		says   []string
		unread int
		reason string // stage/reason; empty for success
		tells  string
	}{
		"Exchange":          {exchange, 0, "", ""},
		"a long greeting":   {append([]string{"220-mx", "220-no spam", "220 please"}, exchange[1:]...), 0, "", ""},
		"lower case":        {[]string{"220 mx", "250-mx", "250 starttls", "220 go"}, 0, "", ""},
		"not offered":       {[]string{"220 mx", "250-mx", "250-SIZE", "250 DSN"}, 0, "tls/starttls_not_offered", "it offers SIZE, DSN. Ask the server from behind the firewall first"},
		"a firewall":        {[]string{"220 mx", "250-mx", "250-XXXXXXXA", "250-XXXXXXXX", "250 DSN"}, 0, "tls/starttls_not_offered", "A firewall that inspects SMTP"},
		"maintenance":       {[]string{"421 4.3.2 Service not active"}, 0, "tls/starttls_refused", "the greeting from 192.0.2.1:25 was 421 4.3.2 Service not active, not 220"},
		"EHLO refused":      {[]string{"220 mx", "550 5.7.1 who are you"}, 0, "tls/starttls_refused", "the answer to EHLO"},
		"STARTTLS refused":  {[]string{"220 mx", "250-mx", "250 STARTTLS", "454 4.7.0 TLS not available"}, 0, "tls/starttls_refused", "454 4.7.0 TLS not available"},
		"injected":          {[]string{"220 mx", "250-mx", "250 STARTTLS", "220 go"}, 12, "tls/starttls_malformed", "12 bytes in clear text"},
		"HTTP":              {[]string{"HTTP/1.1 400 Bad Request"}, 0, "tls/starttls_malformed", `"HTTP/1.1 400 Bad Request" is no line`},
		"codes that differ": {[]string{"220-mx", "250 mx"}, 0, "tls/starttls_malformed", ""},
		"no separator":      {[]string{"220mx"}, 0, "tls/starttls_malformed", ""},
		"an endless reply":  {strings.Split(strings.Repeat("220-x ", 500), " "), 0, "tls/starttls_malformed", "more than 100 lines"},
		"closed":            {[]string{"220 mx"}, 0, "receive/closed", ""},
		"bare code":         {[]string{"220", "250-mx", "250 STARTTLS", "220"}, 0, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &scripted{says: tt.says, unread: tt.unread}
			err := startTLS(c, "probe.contoso.test")
			got := ""
			if f := failure.From(err); f != nil {
				got = string(f.Stage) + "/" + f.Reason
			}
			if got != tt.reason || err != nil && !strings.Contains(err.Error(), tt.tells) {
				t.Errorf("%q: %v, want %q, %q", got, err, tt.reason, tt.tells)
			}
			if err == nil && c.said.String() != "EHLO probe.contoso.test\nSTARTTLS\n" {
				t.Errorf("said %q", c.said.String())
			}
		})
	}
}

// TestLateGreeting: some servers let a client wait before they greet, longer than a door without SMTP is waited for.
func TestLateGreeting(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("waits as long as such a server")
	}
	root := newRoot(t, "root")
	d := door(t, "127.0.0.1:0", shows(root.mail(t)), func(c net.Conn) bool {
		time.Sleep(knockLimit + 500*time.Millisecond)
		return speakSMTP(c)
	})
	r := survey{target: on(d), resolver: leads(d), roots: root.pem(), limit: 25 * time.Second, settings: func(s *Settings) {
		s.StartTLS = []int{int(d.Port())}
	}}.probe(t)
	wantResult(t, r, "")
}

// TestTLSFromTheStart: a port that does not greet, because it waits for a handshake, is told from one that is dead.
func TestTLSFromTheStart(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	for name, tt := range map[string]struct {
		first func(net.Conn) bool
		hints bool
	}{
		"speaks TLS": {nil, true},
		"is silent": {func(c net.Conn) bool {
			_, _ = io.Copy(io.Discard, c)
			return false
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := door(t, "127.0.0.1:0", shows(root.mail(t)), tt.first)
			r := survey{target: on(d), resolver: leads(d), roots: root.pem(), limit: 3 * time.Second, settings: func(s *Settings) {
				s.StartTLS = []int{int(d.Port())}
			}}.probe(t)
			wantResult(t, r, "receive/timeout")
			if got := strings.Contains(r.Failure.Message, "speaks TLS from the start"); got != tt.hints {
				t.Errorf("hint: %t: %v", got, r.Failure)
			}
		})
	}
}

// FuzzStartTLS: whatever a peer says before TLS, in whichever protocol, the dialogue ends in its failure or where the handshake
// begins, and nothing is said in clear text but what asks for TLS.
func FuzzStartTLS(f *testing.F) {
	f.Add(strings.Join(exchange, "\n"))
	for _, seed := range []string{"* OK hi\news1 OK", "* PREAUTH\n* x\news1 NO", "+OK hi\n+OK", "-ERR no", "220-a\n220 b\n250 STARTTLS", "* BYE {9}", strings.Repeat("* x\n", 200)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c := &scripted{says: strings.Split(text, "\n")}
		err := startTLS(c, "probe.contoso.test")
		if err != nil && !errors.Is(err, errBoom) && failure.From(err).Stage != failure.TLS {
			t.Errorf("%q: %v", text, err)
		}
		for line := range strings.Lines(c.said.String()) {
			if !slices.Contains([]string{"EHLO probe.contoso.test\n", "STARTTLS\n", "ews1 STARTTLS\n", "STLS\n"}, line) {
				t.Errorf("%q: says %q", text, line)
			}
		}
	})
}
