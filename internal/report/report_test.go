package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/test/examples"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

var update = flag.Bool("update", false, "write the golden files anew")

func text(t testing.TB, r *result.Result, opts Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := Text(&b, r, opts); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGolden(t *testing.T) {
	t.Parallel()
	var asJSON bytes.Buffer
	if err := JSON(&asJSON, examples.Unresolved()); err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]string{
		"continue.txt":            text(t, examples.Continue(), Options{}),
		"kemp_501.txt":            text(t, examples.Kemp(), Options{}),
		"resolve_not_found.txt":   text(t, examples.Unresolved(), Options{}),
		"certificate_expired.txt": text(t, examples.Refused(), Options{}),
		"resolve_not_found.json":  asJSON.String(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join("testdata", name)
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s (-want +got), accept with -update:\n%s", file, diff)
			}
		})
	}
}

// hostile is a Result in which the target put terminal sequences wherever it could.
func hostile() *result.Result {
	const evil = "\x1b]0;owned\x07\u202e\r\nFake: line"
	r := examples.Kemp()
	r.Target, r.Name = evil, evil
	r.Findings[0].Sentence = evil
	r.Deciding.Final.Reason = evil
	r.Deciding.Origin = origin.Origin{Kind: origin.Middlebox, Product: evil, Frontend: evil, Evidence: evil}
	r.Deciding.Error = evil
	r.Connections[0].Secure.Chain[0].Subject = evil
	r.Steps[0].Detail = evil
	return r
}

func TestATargetCannotDriveTheTerminal(t *testing.T) {
	t.Parallel()
	var asJSON bytes.Buffer
	if err := JSON(&asJSON, hostile()); err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]string{"text": text(t, hostile(), Options{}), "JSON": asJSON.String()} {
		if strings.ContainsAny(got, "\x1b\x07\r\u202e") || strings.Contains(got, "\nFake") {
			t.Errorf("%s lets control characters through:\n%q", name, got)
		}
	}
	if !json.Valid(asJSON.Bytes()) {
		t.Error("escaping broke the JSON")
	}
	if got := text(t, hostile(), Options{Color: true}); strings.Contains(got, "\x1b]0") {
		t.Errorf("colours open the door to the target's own sequences:\n%q", got)
	}
}

func TestColor(t *testing.T) {
	t.Parallel()
	if got := text(t, examples.Kemp(), Options{Color: true}); !strings.HasPrefix(got, "\x1b[31mFailed\x1b[0m") {
		t.Errorf("the verdict is red, got %.40q", got)
	}
}

// TestUndecided: what was not tested is not said to work, and has a colour of its own.
func TestUndecided(t *testing.T) {
	t.Parallel()
	r := examples.Continue()
	r.Undecided = "Not tested: Exchange asked for a logon before the body"
	if got := text(t, r, Options{Color: true}); !strings.HasPrefix(got, "\x1b[35mNot tested\x1b[0m: Exchange asked for a logon before the body.\n") {
		t.Errorf("got %.80q", got)
	}
	seen := map[string]State{}
	for _, state := range []State{Failed, Warned, Undecided, Succeeded} {
		var b bytes.Buffer
		if err := Heading(&b, "", state, Options{Color: true}); err != nil || seen[b.String()] != "" {
			t.Errorf("%s looks like %s (%v)", state, seen[b.String()], err)
		}
		seen[b.String()] = state
	}
	if word, wrong := Word(r), Wrong(r); word != "? not tested" || wrong != "Exchange asked for a logon before the body" {
		t.Errorf("got %q, %q", word, wrong)
	}
}

// TestWarningsLead: nothing says that all is well above what somebody has to do, and the warning that the advice is about comes first.
func TestWarningsLead(t *testing.T) {
	t.Parallel()
	r := examples.Continue()
	r.Duration, r.Verdict = 0.5, &result.Verdict{Finding: "b"}
	r.Findings = []result.Finding{{Code: "a", Severity: result.Warning, Sentence: "First."}, {Code: "b", Severity: result.Warning, Sentence: "Mail waits. More."}}
	if got, want := Verdict(r), "Warning after 0.500 s (b): Mail waits."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	r.Undecided = "Not tested: no logon"
	if got, want := Verdict(r), "Warning after 0.500 s (b): Mail waits. Not tested: no logon."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if word, wrong := Word(r), Wrong(r); word != "! warning" || wrong != "Mail waits" {
		t.Errorf("%q: %q", word, wrong)
	}
}

// TestWrong: a table says what is wrong in one whole sentence.
func TestWrong(t *testing.T) {
	t.Parallel()
	warned := examples.Continue()
	warned.Findings = []result.Finding{{Severity: result.Info, Sentence: "No."}, {Severity: result.Warning, Sentence: "It took 5.00 s, by HTTP/1.1. Something else."}}
	explained, failed := examples.Kemp(), examples.Kemp()
	explained.Findings = []result.Finding{{Severity: result.Warning, Sentence: "No."}, {Severity: result.Error, Sentence: "A Kemp LoadMaster did it. Mend it."}}
	failed.Findings = nil
	for want, r := range map[string]*result.Result{
		"": examples.Continue(), "It took 5.00 s, by HTTP/1.1": warned, failed.Failure.Message: failed, "A Kemp LoadMaster did it": explained,
	} {
		if got := Wrong(r); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestTree: each failed step has its reason once, at the innermost, and what was planned and not begun is there.
func TestTree(t *testing.T) {
	t.Parallel()
	f := failure.New(failure.Receive, "timeout", "GetEvents: nothing came")
	ended := &result.Conversation{Step: "notify.get_events", Error: "nothing came", Protocol: result.HTTPProtocol, HTTP: &wire.Exchange{Method: "POST", URL: "https://ex01/"}}
	got := text(t, &result.Result{
		Failure: f, Planned: []string{"sync", "notify", "notify.get_events", "notify.unsubscribe", "oof"}, Conversations: []*result.Conversation{ended},
		Steps: []*result.Step{
			{Name: "sync", End: 0.0001, Detail: "NoError"},
			{Name: "notify", Start: 0.001, End: 2, Failure: f, Steps: []*result.Step{{Name: "notify.get_events", Start: 0.001, End: 2, Failure: f}}},
		},
	}, Options{})
	want := `
   0.000   <0.001  ├─ ✓ sync  NoError
   0.001    1.999  ├─ ✗ notify
   0.001    1.999  │  ├─ ✗ notify.get_events
                   │  │     GetEvents: nothing came
                   │  │  POST https://ex01/
                   │  │  to
       –        –  │  └─ · notify.unsubscribe  not reached
       –        –  └─ · oof  not reached
`
	if !strings.HasSuffix(got, want) {
		t.Errorf("got:\n%s\nwant it to end:%s", got, want)
	}
}

func TestExchangesWithoutTheirStepAreShown(t *testing.T) {
	t.Parallel()
	r := examples.Kemp()
	r.Steps = nil
	if got := text(t, r, Options{}); !strings.Contains(got, "501 Invalid Request") {
		t.Errorf("nothing measured is hidden:\n%s", got)
	}
}

// TestPollsAreFolded: of many exchanges in a row that are alike the first and the last are shown, and how many more there were;
// one that is not like them is shown between them.
func TestPollsAreFolded(t *testing.T) {
	t.Parallel()
	const node = "  answered by "
	for name, test := range map[string]struct{ polls, odd, shown int }{
		"few":                        {4, -1, 4},
		"many":                       {33, -1, 2},
		"one that was answered late": {33, 20, 5}, // two, it, and two
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := examples.Continue()
			first := r.Conversations[0]
			r.Conversations, r.Steps = nil, []*result.Step{{Name: "poll", Start: 0, End: 99}}
			for i := range test.polls {
				exchange, poll := *first.HTTP, *first
				poll.Step, poll.HTTP, poll.Connection = "poll", &exchange, 1
				exchange.Interim = nil
				at := wire.Seconds(i)
				exchange.Head = &wire.Span{Start: at, End: at}
				if i == test.odd {
					poll.Origin = origin.Origin{Kind: origin.Middlebox}
				}
				r.Conversations = append(r.Conversations, &poll)
			}
			got := text(t, r, Options{})
			more := 0
			for line := range strings.Lines(got) {
				if _, text, ok := strings.Cut(line, "… "); ok {
					n := 0
					if _, err := fmt.Sscanf(text, "%d more like these", &n); err != nil {
						t.Error(err)
					}
					more += n
				}
			}
			if shown := strings.Count(got, node); shown != test.shown || more != test.polls-test.shown {
				t.Errorf("%d shown and %d more, want %d and %d:\n%s", shown, more, test.shown, test.polls-test.shown, got)
			}
		})
	}
}

// TestOddStep: a step that succeeded, and whose answer is not as it should be, is marked, and so is what it is a part of.
func TestOddStep(t *testing.T) {
	t.Parallel()
	r := &result.Result{Steps: []*result.Step{{Name: "talk", Steps: []*result.Step{{Name: "talk.ask", Odd: true}, {Name: "talk.end"}}}}}
	got := text(t, r, Options{})
	for _, want := range []string{"! talk\n", "! talk.ask\n", "✓ talk.end\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("there is no %q in\n%s", want, got)
		}
	}
}
