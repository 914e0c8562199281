package diagnosis_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/diagnosis"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/test/examples"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

func all() advice.Book { return book }

var book = advice.Book{
	{Key: "general", Owners: []advice.Owner{advice.Middlebox, advice.IIS}, First: "look at SERVER", Separates: "ask it directly", Direct: "past", For: advice.About("status/unavailable")},
	{Key: "past", Owners: []advice.Owner{advice.IIS}, Certainty: advice.Likely, First: "look at SERVER"},
	{Key: "pool", Owners: []advice.Owner{advice.IIS}, Certainty: advice.Sure, First: "look", For: advice.By(origin.HTTPSys, "status/unavailable")},
	{Key: "moving", Owners: []advice.Owner{advice.Nobody}, Certainty: advice.Likely, First: "Get-MoveRequest ADDRESS", For: advice.Codes("content/response_error", "ErrorMailboxMoveInProgress")},
	{Key: "other", Owners: []advice.Owner{advice.Exchange}, Certainty: advice.Likely, First: "look", For: advice.About("content/response_error")},
	{Key: "found", Owners: []advice.Owner{advice.Middlebox}, Certainty: advice.Sure, First: "look", For: advice.About("late_body_rejected")},
	{Key: "warned", Owners: []advice.Owner{advice.Certificate}, Certainty: advice.Sure, When: advice.Plan, First: "look", For: advice.About("certificate_expiring")},
	{Key: "urgent", Owners: []advice.Owner{advice.Exchange}, Certainty: advice.Sure, When: advice.Now, First: "look", For: advice.About("smtp_back_pressure")},
	{Key: "open", Owners: []advice.Owner{advice.Exporter}, Certainty: advice.Sure, First: "look", For: advice.About("undecided/no_logon")},
	{Key: "box", Owners: []advice.Owner{advice.Middlebox}, Certainty: advice.Sure, First: "look", For: advice.About(result.AnsweredByMiddlebox)},
	{Key: "drawn", Owners: []advice.Owner{advice.Security}, Certainty: advice.Likely, First: "look"},
}

// TestSettle: one verdict, by what says most of what happened.
func TestSettle(t *testing.T) {
	t.Parallel()
	unavailable := func(who origin.Kind) func(*result.Result) {
		return func(r *result.Result) {
			r.Failure, r.Deciding.Origin = failure.New(failure.Status, "unavailable", "503"), origin.Origin{Kind: who}
		}
	}
	for name, test := range map[string]struct {
		happened func(*result.Result)
		want     string // advice, certainty
	}{
		"nothing":                    {func(*result.Result) {}, ""},
		"by who answered":            {unavailable(origin.HTTPSys), "pool sure"},
		"by nobody known":            {unavailable(origin.Unknown), "general undecided"},
		"of a server that was asked": {func(r *result.Result) { unavailable(origin.Unknown)(r); r.Direct = true }, "past likely"},
		"by the code that the peer gave": {func(r *result.Result) {
			r.Failure = failure.New(failure.Content, "response_error", "x").Named("ErrorMailboxMoveInProgress")
		}, "moving likely"},
		"by another code": {func(r *result.Result) {
			r.Failure = failure.New(failure.Content, "response_error", "x").Named("ErrorItemCorrupt")
		}, "other likely"},
		"a finding behind the failure": {func(r *result.Result) {
			unavailable(origin.HTTPSys)(r)
			r.Findings = []result.Finding{{Code: "late_body_rejected", Severity: result.Error}}
		}, "found sure"},
		"a warning": {func(r *result.Result) {
			r.Findings = []result.Finding{{Code: "certificate_expiring", Severity: result.Warning}}
		}, "warned sure"},
		"the warning that can wait least": {func(r *result.Result) {
			r.Findings = []result.Finding{{Code: "certificate_expiring", Severity: result.Warning}, {Code: "smtp_back_pressure", Severity: result.Warning}}
		}, "urgent sure"},
		"what is worth knowing": {func(r *result.Result) {
			r.Findings = []result.Finding{{Code: "certificate_expiring", Severity: result.Info}}
		}, ""},
		"undecided":                       {func(r *result.Result) { r.UndecidedReason = result.NoLogon }, "open sure"},
		"undecided, as it should be":      {func(r *result.Result) { r.UndecidedReason, r.UndecidedOK = result.NoLogon, true }, ""},
		"what the prober draws":           {func(r *result.Result) { unavailable(origin.HTTPSys)(r); r.Draw("status/unavailable", "drawn") }, "drawn likely"},
		"what it draws of something else": {func(r *result.Result) { unavailable(origin.HTTPSys)(r); r.Draw("late_body_rejected", "drawn") }, "pool sure"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := examples.Continue()
			test.happened(r)
			diagnosis.Settle(r, all)
			got := ""
			if v := r.Verdict; v != nil {
				got = v.Advice + " " + string(v.Certainty)
				if len(v.Proof) == 0 {
					t.Error("there is no proof")
				}
			}
			if got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

// TestNothingToPasteFromATarget: what a target says of itself goes into a command only where it cannot do harm there.
func TestNothingToPasteFromATarget(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"EX01":                      "look at EX01",
		"EX01; Remove-Mailbox -All": "look at SERVER",
		"evil.example.org":          "look at evil",
		"203.0.113.66":              "look at SERVER",
		"3405803842":                "look at SERVER",
		"0xcb007142":                "look at SERVER",
		"2016EX":                    "look at 2016EX",
		"$(reboot)":                 "look at SERVER",
		"'EX01":                     "look at SERVER",
		"-Confirm":                  "look at SERVER",
		"EX01\nreboot":              "look at SERVER",
		"":                          "look at SERVER",
	} {
		r := examples.Continue()
		r.Failure = failure.New(failure.Status, "unavailable", "503")
		r.Deciding.Origin = origin.Origin{Kind: origin.IIS, Frontend: name}
		diagnosis.Settle(r, all)
		if r.Verdict.First != want {
			t.Errorf("%q: %q, want %q", name, r.Verdict.First, want)
		}
	}
}

// TestTheTargetIsInTheCommand: as it was written, where no shell reads more into it.
func TestTheTargetIsInTheCommand(t *testing.T) {
	t.Parallel()
	const left = "ask TARGET at HOST"
	for written, want := range map[string]string{
		"mail.contoso.test":                   "ask mail.contoso.test at mail.contoso.test",
		"http://127.0.0.1:18501":              "ask http://127.0.0.1:18501 at 127.0.0.1",
		"https://mail.contoso.test":           "ask https://mail.contoso.test at mail.contoso.test",
		"HTTPS://mail.contoso.test:8443/EWS":  "ask HTTPS://mail.contoso.test:8443/EWS at mail.contoso.test",
		"https://[2001:db8::7]:8443/":         "ask https://[2001:db8::7]:8443/ at 2001:db8::7",
		"[2001:db8::7]:8443":                  "ask [2001:db8::7]:8443 at 2001:db8::7",
		"smtp://mail.contoso.test:2525":       "ask smtp://mail.contoso.test:2525 at mail.contoso.test",
		"https://mail.contoso.test/$(reboot)": "ask TARGET at mail.contoso.test",
		"https://mail.contoso.test/a;reboot":  "ask TARGET at mail.contoso.test",
		"https://mail.contoso.test/a?b&c":     "ask TARGET at mail.contoso.test",
		"https://mail.contoso.test/a'b":       "ask TARGET at mail.contoso.test",
		"https://mail.contoso.test/%COMSPEC%": "ask TARGET at HOST",
		"https://a@mail.contoso.test/":        left,
		"https://;reboot/":                    left,
		"--config.file=x":                     left,
		"[a-z]":                               left,
	} {
		r := examples.Continue()
		r.Failure, r.Target, r.Name = failure.New(failure.Auth, "refused", "401"), written, ""
		diagnosis.Settle(r, func() advice.Book {
			return advice.Book{{Key: "refused", Owners: []advice.Owner{advice.Account}, First: "ask TARGET at HOST", For: advice.About("auth/refused")}}
		})
		if r.Verdict.First != want {
			t.Errorf("%q: %q, want %q", written, r.Verdict.First, want)
		}
	}
}

// TestFaults: every owner of every failure and warning is counted once.
func TestFaults(t *testing.T) {
	t.Parallel()
	r := examples.Continue()
	r.Failure, r.Deciding.Origin = failure.New(failure.Status, "unavailable", "503"), origin.Origin{Kind: origin.Unknown}
	r.Findings = []result.Finding{{Code: "certificate_expiring", Severity: result.Warning}, {Code: "certificate_expiring", Severity: result.Warning}}
	diagnosis.Settle(r, all)
	var got []string
	for _, f := range r.Faults {
		got = append(got, string(f.Owner)+" "+string(f.Certainty)+" "+f.Advice)
	}
	if want := "middlebox undecided general, iis undecided general, certificate sure warned"; strings.Join(got, ", ") != want {
		t.Errorf("%s, want %s", strings.Join(got, ", "), want)
	}
}

// TestThatABoxAnsweredIsEvidence: of a box of which a finding says what is wrong, it is no fault of its own, whichever was found
// first; of another box it is.
func TestThatABoxAnsweredIsEvidence(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		by      string // whose answer it was
		verdict string
		faults  int
	}{
		"the same box":   {"kemp", "found", 1},
		"another box":    {"nginx", "box", 2},
		"an unknown one": {"", "box", 2},
	} {
		r := examples.Continue()
		r.Failure = failure.New(failure.Status, "unavailable", "503")
		r.Findings = []result.Finding{
			{Code: result.AnsweredByMiddlebox, Severity: result.Error, Origin: origin.Middlebox, Product: test.by},
			{Code: "late_body_rejected", Severity: result.Error, Origin: origin.Middlebox, Product: "kemp"},
		}
		diagnosis.Settle(r, all)
		if got := r.Verdict.Advice; got != test.verdict || len(r.Faults) != test.faults {
			t.Errorf("%s: the verdict is %s of %d faults, want %s of %d", name, got, len(r.Faults), test.verdict, test.faults)
		}
	}
}

// TestTheAccountIsInTheCommand: who is to look for a logon in a server's log is given the account's name without its domain, and
// not one that a shell would read more into.
func TestTheAccountIsInTheCommand(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		`CONTOSO\svc_probe`: "look for svc_probe", "probe@contoso.test": "look for probe", "probe": "look for probe",
		"a'; reboot": "look for USER", "": "look for USER",
	} {
		r := examples.Continue()
		r.Failure, r.Findings, r.User = failure.New(failure.Auth, "refused", "401"), nil, name
		diagnosis.Settle(r, func() advice.Book {
			return advice.Book{{Key: "refused", Owners: []advice.Owner{advice.Account}, First: "look for USER", For: advice.About("auth/refused")}}
		})
		if r.Verdict.First != want {
			t.Errorf("%q: %q, want %q", name, r.Verdict.First, want)
		}
	}
}

// TestExchangeKnowsServersByName: a server that is known by its address alone stays open in Exchange's own commands, and in no other.
func TestExchangeKnowsServersByName(t *testing.T) {
	t.Parallel()
	for target, want := range map[string]string{
		"ex01.contoso.test":  "Get-ServerHealth ex01.contoso.test, Get-X -Server ex01.contoso.test, 'ex01.contoso.test\\EWS', --direct ex01.contoso.test",
		"192.0.2.7:8443":     "Get-ServerHealth SERVERNAME, Get-X -Server SERVERNAME, 'SERVERNAME\\EWS', --direct 192.0.2.7",
		"[2001:db8::7]:8443": "Get-ServerHealth SERVERNAME, Get-X -Server SERVERNAME, 'SERVERNAME\\EWS', --direct 2001:db8::7",
	} {
		r := examples.Continue()
		r.Failure, r.Findings, r.Target, r.Direct = failure.New(failure.Auth, "refused", "401"), nil, target, true
		for _, c := range r.Conversations {
			c.Origin = origin.Origin{}
		}
		diagnosis.Settle(r, func() advice.Book {
			return advice.Book{{Key: "refused", Owners: []advice.Owner{advice.Exchange}, For: advice.About("auth/refused"),
				First: "Get-ServerHealth BACKEND, Get-X -Server SERVER, 'SERVER\\EWS', --direct SERVER"}}
		})
		if r.Verdict.First != want {
			t.Errorf("%s: %q, want %q", target, r.Verdict.First, want)
		}
	}
}

// TestAKnownBoxIsShownItsOwnSetting: where a server's answer bears a proxy's mark, the setting of that product is shown alone.
func TestAKnownBoxIsShownItsOwnSetting(t *testing.T) {
	t.Parallel()
	for server, want := range map[string]int{"nginx": 1, "nginx/1.22.1": 1, "Microsoft-IIS/10.0": 2, "unnginxed": 2} {
		r := examples.Continue()
		r.Failure, r.Findings = failure.New(failure.Auth, "refused", "401"), nil
		r.Deciding.Origin = origin.Origin{Kind: origin.Exchange, Server: server, Frontend: "EX01"}
		for _, c := range r.Conversations {
			if f := c.Response(); f != nil {
				f.Header = []origin.Field{{Name: "Server", Value: server}}
			}
		}
		diagnosis.Settle(r, func() advice.Book {
			return advice.Book{{Key: "refused", Owners: []advice.Owner{advice.Account, advice.Middlebox}, For: advice.About("auth/refused"),
				Places: advice.Places{{Product: "kemp", Setting: "a"}, {Product: "nginx", Setting: "b"}}}}
		})
		if got := len(r.Verdict.Places); got != want {
			t.Errorf("Server: %s: %d settings, want %d", server, got, want)
		}
	}
}

// TestTheProofSaysWhatCame: in place of an answer, and what other requests to the same URL got.
func TestTheProofSaysWhatCame(t *testing.T) {
	t.Parallel()
	const beside = "other requests of this probe to that URL were answered: "
	quiet := wire.Seconds(12.991)
	for name, test := range map[string]struct {
		happened func(c *result.Conversation)
		others   []int // statuses of other requests
		want     string
	}{
		"nothing":              {func(c *result.Conversation) { c.Quiet = &quiet }, nil, "nothing came back for 12.99 s, and the connection stayed open"},
		"nobody waited":        {func(*result.Conversation) {}, nil, "nothing came back, and the connection stayed open"},
		"a head without end":   {func(c *result.Conversation) { c.Quiet, c.Unfinished = &quiet, 100 }, nil, "100 bytes of a head that did not end came back, the last of them 12.99 s before the end, and the connection stayed open"},
		"no HTTP":              {func(c *result.Conversation) { c.Unfinished = 7 }, nil, "7 bytes came back that are no whole response, and the connection stayed open"},
		"bytes of nobody":      {func(c *result.Conversation) { c.BytesReceived = 9 }, nil, "9 bytes came back that are no whole response, and the connection stayed open"},
		"others were answered": {func(c *result.Conversation) { c.Quiet = &quiet }, []int{401, 200, 200}, beside + "dialogue.0 401, dialogue.1 200, dialogue.2 200"},
		"many others":          {func(c *result.Conversation) { c.Quiet = &quiet }, []int{401, 401, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200}, beside + "2 more, dialogue.2 200, "},
		"an error, and others were answered": {func(c *result.Conversation) {
			c.Final = &wire.Response{Proto: "HTTP/1.1", Status: 504}
		}, []int{401, 200}, beside + "dialogue.1 200"},
		"interim, then nothing": {func(c *result.Conversation) {
			c.Interim, c.Quiet, c.BytesReceived = []*wire.Response{{Status: 100, Reason: "Continue"}}, &quiet, 25
		}, nil, "1 interim response(s) came, the last 100 Continue, then nothing came back for 12.99 s"},
		"interim, then a head without end": {func(c *result.Conversation) {
			c.Interim, c.Quiet, c.BytesReceived, c.Unfinished = []*wire.Response{{Status: 100, Reason: "Continue"}}, &quiet, 125, 100
		}, nil, "1 interim response(s) came, the last 100 Continue, then 100 bytes of a head that did not end came back, the last of them 12.99 s before the end"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := examples.Continue()
			c := r.Deciding
			c.Final, c.Interim = nil, nil
			test.happened(c)
			for i, status := range test.others {
				r.Conversations = append(r.Conversations, &result.Conversation{Step: fmt.Sprintf("dialogue.%d", i), HTTP: &wire.Exchange{URL: c.URL, Final: &wire.Response{Status: status}}})
			}
			r.Failure = failure.New(failure.Status, "unavailable", "x")
			diagnosis.Settle(r, all)
			if got := strings.Join(r.Verdict.Proof, "\n"); !strings.Contains(got, test.want) || strings.Contains(got, beside) != (test.others != nil) {
				t.Errorf("%s\nlacks %q, or tells of others", got, test.want)
			}
		})
	}
}
