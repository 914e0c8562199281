package mailaccess

import (
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/failure"
)

// scripted says lines and notes what it is told.
type scripted struct {
	says   []string
	said   []string
	shown  []string
	heard  int
	unread int // once everything was said
}

func (s *scripted) Hear() (string, error) {
	if len(s.says) == 0 {
		return "", failure.New(failure.Receive, "closed", "the peer closed the connection")
	}
	line := s.says[0]
	s.says, s.heard = s.says[1:], s.heard+1
	return line, nil
}

func (s *scripted) Say(line string) error { return s.Confide(line, line) }

func (s *scripted) Confide(line, shown string) error {
	s.said, s.shown = append(s.said, line), append(s.shown, shown)
	return nil
}

func (s *scripted) Unread() int {
	if len(s.says) > 0 {
		return 0
	}
	return s.unread
}
func (s *scripted) String() string { return "192.0.2.1:143" }

func script(text string) *scripted { return &scripted{says: strings.Split(text, "\n")} }

func reason(err error) string {
	if f := failure.From(err); f != nil {
		return f.Name()
	}
	return ""
}

// TestLogOn: what is sent, what of it is shown, and what answers say.
func TestLogOn(t *testing.T) {
	t.Parallel()
	const user, password = `CONTOSO\probe`, `pass"w\rd`
	for name, tt := range map[string]struct {
		talk    func(Lines) Dialogue
		offered Capabilities
		says    string
		want    Says
		unsent  bool
		said    string // joined by |
		shown   string
	}{
		"IMAP":                          {IMAP, Capabilities{"AUTH=PLAIN"}, "+ \news1 OK done", Accepted, false, "ews1 AUTHENTICATE PLAIN|AENPTlRPU09ccHJvYmUAcGFzcyJ3XHJk", "ews1 AUTHENTICATE PLAIN|<secret>"},
		"IMAP, as old ones":             {IMAP, nil, "ews1 OK LOGIN completed.", Accepted, false, `ews1 LOGIN "CONTOSO\\probe" "pass\"w\\rd"`, `ews1 LOGIN "CONTOSO\\probe" <secret>`},
		"IMAP, Exchange's refusal":      {IMAP, nil, "ews1 NO LOGIN failed.", Refused, false, "", ""},
		"IMAP, a refusal with a code":   {IMAP, nil, "ews1 NO [authenticationfailed] no", Wrong, false, "", ""},
		"IMAP, out of work":             {IMAP, nil, "ews1 NO [UNAVAILABLE] no", NotJudged, false, "", ""},
		"IMAP, an unknown code":         {IMAP, nil, "ews1 NO [EXPIRED] no", Refused, false, "", ""},
		"IMAP, not taken":               {IMAP, Capabilities{"AUTH=PLAIN"}, "ews1 NO no", Refused, true, "ews1 AUTHENTICATE PLAIN", ""},
		"POP3":                          {POP3, nil, "+OK\n+OK done", Accepted, false, `USER CONTOSO\probe|PASS pass"w\rd`, `USER CONTOSO\probe|PASS <secret>`},
		"POP3, without USER":            {POP3, Capabilities{"SASL NTLM PLAIN"}, "+ \n+OK", Accepted, false, "AUTH PLAIN|AENPTlRPU09ccHJvYmUAcGFzcyJ3XHJk", "AUTH PLAIN|<secret>"},
		"POP3, Exchange's refusal":      {POP3, nil, "+OK\n-ERR Logon failure: unknown user name or bad password.", Wrong, false, "", ""},
		"POP3, a refusal with a code":   {POP3, nil, "+OK\n-ERR [AUTH] no", Wrong, false, "", ""},
		"POP3, a way that is not taken": {POP3, nil, "+OK\n-ERR [AUTH] Unsupported authentication mechanism.", NoSuchWay, false, "", ""},
		"POP3, out of work":             {POP3, nil, "+OK\n-ERR [SYS/TEMP] no", NotJudged, false, "", ""},
		"POP3, the name is refused":     {POP3, nil, "-ERR Command is not valid in this state.", Refused, true, `USER CONTOSO\probe`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lines := script(tt.says)
			talk := tt.talk(lines)
			got, err := talk.LogOn(talk.ClearLogons(tt.offered)[0], user, password)
			if err != nil || got.Reads() != tt.want || got.Unsent != tt.unsent {
				t.Errorf("%+v: %d, %v, want %d", got, got.Reads(), err, tt.want)
			}
			if said := strings.Join(lines.said, "|"); tt.said != "" && said != tt.said {
				t.Errorf("said %q, want %q", said, tt.said)
			}
			if shown := strings.Join(lines.shown, "|"); tt.shown != "" && shown != tt.shown {
				t.Errorf("shown %q, want %q", shown, tt.shown)
			}
		})
	}
}

// TestClearLogons: what is offered is told from what is not.
func TestClearLogons(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		talk    Dialogue
		offered Capabilities
		want    string
	}{
		"Exchange's IMAP before TLS": {IMAP(nil), Capabilities{"IMAP4rev1", "AUTH=NTLM", "AUTH=GSSAPI", "LOGINDISABLED", "STARTTLS"}, ""},
		"Exchange's IMAP over TLS":   {IMAP(nil), Capabilities{"IMAP4rev1", "AUTH=NTLM", "AUTH=PLAIN"}, "AUTHENTICATE PLAIN, LOGIN"},
		"POP3 before TLS":            {POP3(nil), Capabilities{"TOP", "UIDL", "STLS", "SASL NTLM GSSAPI"}, ""},
		"POP3 over TLS":              {POP3(nil), Capabilities{"USER", "SASL NTLM PLAIN"}, "USER, AUTH PLAIN"},
		"POP3 that does not say":     {POP3(nil), nil, "USER"},
	} {
		if got := strings.Join(tt.talk.ClearLogons(tt.offered), ", "); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// TestStartTLS: nothing that came in clear text is taken for said over TLS.
func TestStartTLS(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		talk   func(Lines) Dialogue
		says   string
		unread int
		reason string
	}{
		"IMAP":                   {IMAP, "ews1 OK go", 0, ""},
		"IMAP, more behind it":   {IMAP, "ews1 OK go", 9, "tls/starttls_malformed"},
		"IMAP, not known":        {IMAP, "ews1 BAD what?", 0, "tls/starttls_not_offered"},
		"IMAP, refused":          {IMAP, "ews1 NO later", 0, "tls/starttls_refused"},
		"IMAP, a literal":        {IMAP, "* X {4294967296}", 0, "receive/malformed"},
		"IMAP, a question":       {IMAP, "+ go on", 0, "receive/malformed"},
		"IMAP, endless":          {IMAP, strings.Repeat("* X\n", 1000), 0, "receive/malformed"},
		"POP3":                   {POP3, "+OK go", 0, ""},
		"POP3, more behind it":   {POP3, "+OK go", 1, "tls/starttls_malformed"},
		"POP3, not known":        {POP3, "-ERR what?", 0, "tls/starttls_not_offered"},
		"POP3, something else":   {POP3, "250 OK", 0, "receive/malformed"},
		"POP3, an escape":        {POP3, "+OK \x1b[2J", 0, "receive/malformed"},
		"POP3, ended in between": {POP3, "", 0, "receive/malformed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lines := script(tt.says)
			lines.unread = tt.unread
			if got := reason(tt.talk(lines).StartTLS()); got != tt.reason {
				t.Errorf("%q, want %q", got, tt.reason)
			}
		})
	}
}

// FuzzDialogue: whatever a server says, it ends, within bounds, in a failure of a known stage or none.
func FuzzDialogue(f *testing.F) {
	for _, text := range []string{
		"* OK [CAPABILITY IMAP4rev1] hi\n* CAPABILITY IMAP4rev1 AUTH=PLAIN STARTTLS\news1 OK\news2 OK\n+ \news3 NO [AUTHENTICATIONFAILED] no\n* BYE\news4 OK",
		"* OK\n* CAPABILITY {99999999999}\n", "* BYE no", "* PREAUTH hi\news1 BAD", "+OK hi\n+OK\nUSER\nSASL PLAIN\n.\n+OK\n+OK\n-ERR [AUTH", "-ERR no", "+OK\n-ERR\n-ERR\n+OK\n+OK", "\n\n", "ews1 ", "+OK\n+OK\n" + strings.Repeat("X\n", 300),
		"* OK [CAPABILITY IMAP4rev1] hi\n* CAPABILITY IMAP4rev1 AUTH=PLAIN STARTTLS\news1 OK\news2 OK\n+ \news3 NO [REFUSED" + strings.Repeat("\x83", 9) + " ]",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, begin := range []func(Lines) Dialogue{IMAP, POP3} {
			lines := script(text)
			talk := begin(lines)
			if _, err := talk.Greeting(); err != nil {
				continue
			}
			offered, err := talk.Capabilities()
			if len(offered) > maxWords {
				t.Errorf("%d capabilities", len(offered))
			}
			if err == nil {
				_ = talk.StartTLS()
			}
			for _, way := range talk.ClearLogons(offered) {
				got, err := talk.LogOn(way, "u", "p")
				if err == nil && len(got.Code) > maxCode || got.OK && got.Reads() == Wrong {
					t.Errorf("%+v", got)
				}
			}
			talk.Quit()
			if lines.heard > 6*maxLines+6 {
				t.Errorf("heard %d lines", lines.heard)
			}
			for _, shown := range lines.shown {
				if strings.Contains(shown, "AHUAcA==") || strings.HasPrefix(shown, "PASS p") {
					t.Errorf("shows %q", shown)
				}
			}
		}
	})
}
