package smtp

import (
	"bytes"
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// exchange is what Exchange's front end says up to the handshake.
const exchange = "220 EX01.contoso.test Microsoft ESMTP MAIL Service ready at Mon, 23 Nov 2026 08:00:00 +0000\n" + hello + "220 2.0.0 SMTP server ready"

const hello = "250-EX01.contoso.test Hello [192.0.2.99]\n250-SIZE 37748736\n250-PIPELINING\n250-DSN\n250-ENHANCEDSTATUSCODES\n" +
	"250-STARTTLS\n250-X-ANONYMOUSTLS\n250-AUTH NTLM\n250-X-EXPS GSSAPI NTLM\n250-8BITMIME\n250-BINARYMIME\n250-CHUNKING\n250 XRDST\n"

// scripted says lines and notes what it is told.
type scripted struct {
	says   []string
	said   bytes.Buffer
	unread map[string]int // after this was said
	last   string
}

var errGone = failure.New(failure.Receive, "closed", "the peer closed the connection")

func (s *scripted) Hear() (string, error) {
	if len(s.says) == 0 || s.says[0] == "" {
		return "", errGone
	}
	line := s.says[0]
	s.says = s.says[1:]
	return line, nil
}

func (s *scripted) Say(line string) error {
	s.last, _, _ = strings.Cut(line, " ")
	s.said.WriteString(line + "\n")
	return nil
}
func (s *scripted) Unread() int    { return s.unread[s.last] }
func (s *scripted) String() string { return "192.0.2.1:25" }

func script(text string) *scripted { return &scripted{says: strings.Split(text, "\n")} }

// TestDialogue: whatever a server says up to STARTTLS ends with its stage and reason.
func TestDialogue(t *testing.T) {
	t.Parallel()
	const greeted = "220 mx\n"
	for name, tt := range map[string]struct {
		says   string
		unread map[string]int
		reason string // stage/reason; empty for success
		tells  string
	}{
		"Exchange":                  {exchange, nil, "", ""},
		"a long greeting":           {"220-mx\n220-no spam\n220 please\n" + hello + "220 go", nil, "", ""},
		"bare codes":                {"220\n250-mx\n250 STARTTLS\n220", nil, "", ""},
		"lower case, with a tab":    {greeted + "250-mx\thello\n250 starttls\n220 go", nil, "", ""},
		"maintenance in greeting":   {"421 4.3.2 Service not active", nil, "status/service_inactive", "the greeting from 192.0.2.1:25 was 421 4.3.2 Service not active, not 220"},
		"maintenance at EHLO":       {greeted + "451 4.3.2 Service not available", nil, "status/service_inactive", "the answer to EHLO"},
		"maintenance at STARTTLS":   {greeted + "250-mx\n250 STARTTLS\n421 4.3.2 Service not active", nil, "status/service_inactive", "the answer to STARTTLS"},
		"no resources":              {"421 4.3.1 Insufficient system resources", nil, "status/insufficient_resources", ""},
		"another 421":               {"421 4.7.0 Too many connections", nil, "status/greeting_refused", ""},
		"another class's code":      {"554 4.3.2 no", nil, "status/greeting_refused", ""},
		"not wanted":                {"554 no", nil, "status/greeting_refused", "554 no"},
		"EHLO unknown":              {greeted + "500 Unrecognized command", nil, "status/ehlo_refused", "500 Unrecognized command"},
		"not offered":               {greeted + "250-mx\n250-SIZE\n250 DSN", nil, "tls/starttls_not_offered", "it offers SIZE, DSN. Ask the server from behind the firewall first"},
		"nothing offered":           {greeted + "250 mx", nil, "tls/starttls_not_offered", "it offers nothing"},
		"crossed out":               {greeted + "250-mx\n250-XXXXXXXA\n250 DSN", nil, "tls/starttls_not_offered", "A firewall that inspects SMTP"},
		"STARTTLS refused":          {greeted + "250-mx\n250 STARTTLS\n454 4.7.0 TLS not available", nil, "tls/starttls_refused", "454 4.7.0 TLS not available"},
		"injected after STARTTLS":   {greeted + "250-mx\n250 STARTTLS\n220 go", map[string]int{"STARTTLS": 12}, "tls/starttls_malformed", "12 bytes in clear text after its answer to STARTTLS"},
		"injected before STARTTLS":  {greeted + "250-mx\n250 STARTTLS\n220 go", map[string]int{"EHLO": 8}, "tls/starttls_malformed", "8 bytes in clear text after its answer to EHLO"},
		"HTTP":                      {"HTTP/1.1 400 Bad Request", nil, "receive/malformed", `"HTTP/1.1 400 Bad Request" is no line`},
		"binary":                    {"220 \x00\x01\x02", nil, "receive/malformed", ""},
		"an escape sequence":        {"220 mx \x1b[2J", nil, "receive/malformed", ""},
		"codes that differ":         {"220-mx\n250 mx", nil, "receive/malformed", ""},
		"no separator":              {"220mx", nil, "receive/malformed", ""},
		"a code that there is none": {"920 mx", nil, "receive/malformed", ""},
		"two digits":                {"22", nil, "receive/malformed", ""},
		"an endless reply":          {strings.Repeat("220-x\n", 500), nil, "receive/malformed", "more than 100 lines"},
		"the end at the greeting":   {"", nil, "receive/closed", ""},
		"the end within a reply":    {greeted + "250-mx", nil, "receive/closed", ""},
		"the end before STARTTLS":   {greeted + "250-mx\n250 STARTTLS", nil, "receive/closed", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := script(tt.says)
			c.unread = tt.unread
			d := Dialogue{c}
			_, err := d.Greeting()
			if err == nil {
				var hello Reply
				if hello, err = d.Hello("probe.contoso.test"); err == nil {
					_, err = d.StartTLS(hello)
				}
			}
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

// TestCommands: what comes after, word by word.
func TestCommands(t *testing.T) {
	t.Parallel()
	c := script("250 2.1.0 Sender OK\n550 5.7.54 SMTP; Unable to relay\n250 2.0.0 Resetting\n221 2.0.0 closing")
	d := Dialogue{c}
	mail, err1 := d.Mail()
	rcpt, err2 := d.Recipient("a@relay-check.example.invalid")
	_, err3 := d.Reset()
	quit, err4 := d.Quit()
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		t.Fatal(err)
	}
	if mail.Enhanced != "2.1.0" || rcpt.Code != 550 || rcpt.Enhanced != "5.7.54" || quit.Code != 221 {
		t.Errorf("%+v, %+v, %+v", mail, rcpt, quit)
	}
	if want := "MAIL FROM:<>\nRCPT TO:<a@relay-check.example.invalid>\nRSET\nQUIT\n"; c.said.String() != want {
		t.Errorf("said %q", c.said.String())
	}
	if _, err := (Dialogue{script("550 no")}).Mail(); !failure.Is(err, failure.Status, "mail_refused") {
		t.Errorf("MAIL refused: %v", err)
	}
}

func TestOffered(t *testing.T) {
	t.Parallel()
	r, err := ReadReply(script(hello + "\n").Hear)
	if err != nil {
		t.Fatal(err)
	}
	all := Offered(r)
	for name, want := range map[string]bool{"starttls": true, "STARTTLS": true, "x-anonymoustls": true, "xrdst": true, "hello": false, "gssapi": false} {
		if all.Has(name) != want {
			t.Errorf("%s: %t", name, !want)
		}
	}
	name, written := Announced(r)
	if !all.Has("x-exps", "gssapi", "NTLM") || all.Has("auth", "login") || name != "ex01.contoso.test" || written != "EX01.contoso.test" || len(MaskedLines(r)) > 0 {
		t.Errorf("%+v, %q", all, name)
	}
	old := Offered(Reply{Code: 250, Lines: []string{"mx", "AUTH=LOGIN", ""}})
	if !old.Has("auth", "login") || len(old) != 1 {
		t.Errorf("%+v", old)
	}
}

func TestMasks(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"*****************************2***0**0*": true, "********************": true, "***** 2 *** 0 ***": true,
		"mail.contoso.com ESMTP": false, "***** mail *****": false, "20": false, "": false, "**": false,
	} {
		if got := MaskedGreeting(Reply{Code: 220, Lines: []string{text}}); got != want {
			t.Errorf("greeting %q: %t", text, got)
		}
	}
	masked := MaskedLines(Reply{Code: 250, Lines: []string{"mx", "XXXXXXXA", "XXXXXXXX", "X-EXPS", "XRDST", "XXX", "XEXCH50", "XXXXXX YY"}})
	if !reflect.DeepEqual(masked, []string{"XXXXXXXA", "XXXXXXXX"}) {
		t.Errorf("%q", masked)
	}
}

func TestAnnounced(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"EX01.Contoso.test Microsoft ESMTP": "ex01.contoso.test", "mx": "", "Welcome to mx.contoso.test": "", "[192.0.2.1] hello": "",
		"192.0.2.1 hello": "", "": "", "***": "", " mx.contoso.test": "mx.contoso.test",
	} {
		if got, _ := Announced(Reply{Lines: []string{text}}); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// TestSelf: a name that a server can look up, or an address; never a container's.
func TestSelf(t *testing.T) {
	t.Parallel()
	four, six := netip.MustParseAddr("192.0.2.7"), netip.MustParseAddr("2001:db8::7")
	for _, tt := range []struct {
		host  string
		local netip.Addr
		want  string
	}{
		{"Probe.contoso.test", four, "probe.contoso.test"},
		{"ews-exporter", four, "[192.0.2.7]"},
		{"3f2a9c8b7d61", four, "[192.0.2.7]"},
		{"3f2a9c8b7d61.contoso.test", four, "[192.0.2.7]"},
		{strings.Repeat("ab", 32), six, "[IPv6:2001:db8::7]"},
		{"ews-exporter-6d4cf56db6-x2x7q", six, "[IPv6:2001:db8::7]"},
		{"localhost.localdomain", four, "[192.0.2.7]"},
		{"localhost", four, "[192.0.2.7]"},
		{"probe.localdomain", four, "[192.0.2.7]"},
		{"", netip.MustParseAddr("::ffff:192.0.2.7"), "[192.0.2.7]"},
		{"192.0.2.99", four, "[192.0.2.7]"},
	} {
		if got := self(tt.host, tt.local); got != tt.want {
			t.Errorf("%q, %s: %q, want %q", tt.host, tt.local, got, tt.want)
		}
	}
	for name, ok := range map[string]bool{
		"probe.contoso.com": true, "[192.0.2.1]": true, "[IPv6:2001:db8::1]": true,
		"192.0.2.1": false, "[probe]": false, "[192.0.2.1": false, "a b": false, "a\r\nMAIL": false,
	} {
		if problem := CheckName(name); (problem == "") != ok {
			t.Errorf("%q: %q", name, problem)
		}
	}
}

func FuzzReadReply(f *testing.F) {
	f.Add(exchange)
	f.Add("220")
	f.Add("250-\n250 ")
	f.Add("25\x00-x\n")
	f.Add("220-****2***0**0*\n220 XXXXXXXA")
	f.Add("421 4.3.2 Service not active")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ReadReply(script(text).Hear)
		var malformed *MalformedError
		switch {
		case err == nil && (r.Code < 200 || r.Code > 599 || len(r.Lines) == 0 || len(r.Lines) > maxReply):
			t.Errorf("%+v", r)
		case err != nil && !errors.Is(err, errGone) && !errors.As(err, &malformed):
			t.Errorf("error %v", err)
		}
		for _, c := range Offered(r) {
			if c.Name == "" || !Offered(r).Has(c.Name, c.Params...) {
				t.Errorf("capability %+v", c)
			}
		}
		if name, written := Announced(r); (name == "") != (written == "") {
			t.Errorf("announced as %q and %q", name, written)
		}
		_, _, _ = MaskedLines(r), MaskedGreeting(r), r.String()+r.First()
	})
}
