package origin

import (
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/smtp"
)

// mailOf reads what a mail server said: the greeting, and its answer to EHLO.
func mailOf(t testing.TB, greeting, hello string) *Mail {
	t.Helper()
	m := &Mail{}
	for _, part := range []struct {
		text string
		to   *smtp.Reply
	}{{greeting, &m.Greeting}, {hello, &m.Hello}} {
		lines := strings.Split(part.text, "\n")
		reply, err := smtp.ReadReply(func() (string, error) {
			line := lines[0]
			lines = lines[1:]
			return line, nil
		})
		if part.text != "" && err != nil {
			t.Fatal(err)
		}
		if part.text != "" {
			*part.to = reply
		}
	}
	m.Offers = smtp.Offered(m.Hello)
	return m
}

const plainHello = "250-mx.contoso.test\n250-PIPELINING\n250-SIZE 10240000\n250-STARTTLS\n250 8BITMIME"

// mailCases have what each rule must match, and what none may be taken in by.
var mailCases = []struct {
	name, greeting, hello string
	rule                  string
	kind                  Kind
	product               string
}{
	{"Exchange", "220 EX01.contoso.test Microsoft ESMTP MAIL Service ready at Mon, 23 Nov 2026 08:00:00 +0000",
		"250-EX01.contoso.test Hello [192.0.2.99]\n250-X-ANONYMOUSTLS\n250-X-EXPS GSSAPI NTLM\n250 XRDST", "exchange-smtp-extension", Exchange, ""},
	{"Exchange under another banner", "220 mx.contoso.test ESMTP Postfix", "250-mx\n250 X-EXPS GSSAPI NTLM", "exchange-smtp-extension", Exchange, ""},
	{"Exchange behind a masked greeting", "220 ****************2***0**0**", "250-mx\n250-X-ANONYMOUSTLS\n250 XXXXXXXA", "exchange-smtp-extension", Exchange, ""},
	{"Exchange's banner alone", "220 EX01 Microsoft ESMTP MAIL Service ready", plainHello, "exchange-greeting", Unknown, ""},
	{"a masked greeting", "220 *****************2*****0**0* ", "250-mx\n250 SIZE", "cisco-masked-greeting", Middlebox, "cisco"},
	{"masked lines", "220 mx.contoso.test ESMTP Postfix", "250-mx\n250-XXXXXXXA\n250 DSN", "smtp-masked-lines", Middlebox, ""},
	{"Postfix", "220 mx.contoso.test ESMTP Postfix (Debian/GNU)", plainHello, "postfix-greeting", MailServer, "postfix"},
	{"Postfix whose greeting has two lines", "220-mx.contoso.test please wait\n220 mx.contoso.test ESMTP Postfix", plainHello, "postfix-greeting", MailServer, "postfix"},
	{"Exim", "220 mx.contoso.test ESMTP Exim 4.96 Mon, 23 Nov 2026 08:00:00 +0000", plainHello, "exim-greeting", MailServer, "exim"},
	{"Sendmail", "220 mx.contoso.test ESMTP Sendmail 8.17.1/8.17.1; Mon, 23 Nov 2026 08:00:00 GMT", plainHello, "sendmail-greeting", MailServer, "sendmail"},
	{"a name that Postfix is part of", "220 postfix.contoso.test ESMTP", plainHello, "", Unknown, ""},
	{"asterisks as an ornament", "220 *** mx.contoso.test ***", plainHello, "", Unknown, ""},
	{"a server that tells nothing", "220 mx.contoso.test", plainHello, "", Unknown, ""},
	{"nothing at all", "", "", "", Unknown, ""},
}

func TestIdentifyMail(t *testing.T) {
	t.Parallel()
	matched := map[string]bool{"": true}
	for _, c := range mailCases {
		got := IdentifyMail(mailOf(t, c.greeting, c.hello))
		if got.Rule != c.rule || got.Kind != c.kind || got.Product != c.product || (got.Evidence == "") != (c.rule == "") {
			t.Errorf("%s: %+v", c.name, got)
		}
		matched[got.Rule] = true
	}
	for _, r := range mailRules {
		if !matched[r.name] {
			t.Errorf("no response for rule %s", r.name)
		}
		if r.looks == "" || r.source == "" || r.match == nil || r.kind == MailServer && r.product == "" {
			t.Errorf("rule %s is not complete", r.name)
		}
	}
}

func FuzzIdentifyMail(f *testing.F) {
	for _, c := range mailCases {
		f.Add(c.greeting, c.hello)
	}
	f.Fuzz(func(t *testing.T, greeting, hello string) {
		m := &Mail{
			Greeting: smtp.Reply{Code: 220, Lines: strings.Split(greeting, "\n")},
			Hello:    smtp.Reply{Code: 250, Lines: strings.Split(hello, "\n")},
		}
		m.Offers = smtp.Offered(m.Hello)
		if o := IdentifyMail(m); len(o.Evidence) > maxEvidence || o.Kind == "" || o.Kind != Unknown && o.Rule == "" {
			t.Errorf("%+v", o)
		}
	})
}
