package sslbinding

import (
	"errors"
	"strings"
	"testing"

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
		"not offered":       {[]string{"220 mx", "250-mx", "250-SIZE", "250 DSN"}, 0, "tls/starttls_not_offered", "it offers SIZE, DSN. Bind a certificate"},
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
			err := startTLS(c)
			got := ""
			if f := failure.From(err); f != nil {
				got = string(f.Stage) + "/" + f.Reason
			}
			if got != tt.reason || err != nil && !strings.Contains(err.Error(), tt.tells) {
				t.Errorf("%q: %v, want %q, %q", got, err, tt.reason, tt.tells)
			}
			if err == nil && c.said.String() != "EHLO ews-exporter.invalid\nSTARTTLS\n" {
				t.Errorf("said %q", c.said.String())
			}
		})
	}
}

func FuzzReadReply(f *testing.F) {
	f.Add(strings.Join(exchange, "\n"))
	f.Add("220")
	f.Add("250-\n250 ")
	f.Add("25\x00-x\n")
	f.Fuzz(func(t *testing.T, text string) {
		lines := strings.Split(text, "\n")
		c := &scripted{says: lines}
		code, texts, err := readReply(c.Hear)
		switch {
		case err == nil && (len(code) != 3 || len(texts) == 0 || len(texts) > maxReply):
			t.Errorf("code %q, %d lines", code, len(texts))
		case err != nil && !errors.Is(err, errBoom) && !failure.Is(err, failure.TLS, reasonSMTPMalformed):
			t.Errorf("error %v", err)
		}
	})
}
