package lab

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// toy is a made-up prober's: a module for each way to log on, and a server that echoes lines.
func toy() Part {
	return Part{
		Prober: "toy",
		Modules: []Module{
			{Name: "toy", About: "asks without a logon", Keys: []string{"timeout: 8s"}},
			{Name: "toy_basic", Logon: Basic},
			{Name: "toy_windows", Logon: Windows},
			{Name: "toy_split", Apart: "legs-split"},
			{Name: "toy_rebound", Apart: "protection-allow-rebound"},
		},
		Scenarios: []Scenario{{
			Name: "toy-echo", Description: "A server that echoes lines.",
			Verdicts: []Verdict{{Module: "toy", Failure: "receive/malformed"}},
			Serve: func(conn net.Conn, _ *tls.Config, request func()) {
				in := bufio.NewReader(conn)
				defer End(conn, in)
				for {
					line, err := in.ReadString('\n')
					if err != nil {
						return
					}
					request()
					_, _ = io.WriteString(conn, line)
				}
			},
		}},
		Shared: map[string][]Verdict{
			"healthy":                  {{Module: "toy", Failure: None}},
			"kemp-rfc2616":             {{Module: "toy", Failure: "status/toy", Finding: "toy_broken"}},
			"ntlm-per-request":         {{Module: "toy", Failure: None}, {Module: "toy_windows", Failure: None, Finding: "toy_costly", Shows: true}},
			"legs-split":               {{Module: "toy", Failure: None}, {Module: "toy_split", Failure: "auth/refused", Shows: true}},
			"protection-allow-rebound": {{Module: "toy_rebound", Failure: "auth/refused"}},
			"ews-sick-member":          {{Module: "toy_basic", Failure: "content/toy"}},
		},
	}
}

// A part's own scenarios follow those that all parts share, and of these each part says what its modules report.
func TestScenariosOfParts(t *testing.T) {
	t.Parallel()
	other := Part{
		Prober: "other", Scenarios: []Scenario{{Name: "other-own"}},
		Shared: map[string][]Verdict{"healthy": {{Module: "other", Failure: "status/other"}}},
	}
	all := Scenarios([]Part{toy(), other})
	var last []string
	for _, s := range all[len(all)-2:] {
		last = append(last, s.Name)
	}
	if diff := cmp.Diff([]string{"toy-echo", "other-own"}, last); diff != "" {
		t.Error(diff)
	}
	toy, _ := all[0].Verdict("toy")
	others, _ := all[0].Verdict("other")
	if _, ok := all[0].Verdict("owl"); ok || toy.Failure != None || others.Failure != "status/other" {
		t.Errorf("%s: %+v", all[0].Name, all[0].Verdicts)
	}
}

// The module to ask is the one that a scenario is there for, or else the first that says something.
func TestAdvice(t *testing.T) {
	t.Parallel()
	want := map[string][2]string{
		"healthy": {"toy", "works"}, "kemp-rfc2616": {"toy", "toy_broken"}, "ntlm-per-request": {"toy_windows", "toy_costly"},
		"legs-split": {"toy_split", "fails"}, "ews-sick-member": {"toy_basic", "fails now and then"}, "toy-echo": {"toy", "fails"}, "silent": {"", ""},
	}
	got := map[string][2]string{}
	for _, s := range Scenarios([]Part{toy()}) {
		if _, wanted := want[s.Name]; wanted {
			module, reports := s.Advice()
			got[s.Name] = [2]string{module, reports}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// What a part's own server was asked is counted as at the others.
func TestOwnServer(t *testing.T) {
	t.Parallel()
	site := start(t, "toy-echo")
	where, _ := site.Scenario("toy-echo")
	conn := dial(t, where.Address, nil)
	in := bufio.NewReader(conn)
	for _, line := range []string{"one\n", "two\n"} {
		send(t, conn, line)
		if got, err := in.ReadString('\n'); got != line {
			t.Fatalf("%q, %v", got, err)
		}
	}
	if c := site.Cost("toy-echo"); c.Connections != 1 || c.Requests != 2 || c.Open != 1 {
		t.Errorf("%+v", c)
	}
}
