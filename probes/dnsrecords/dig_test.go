package dnsrecords

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/secret"
	"github.com/ews-exporter/ews_exporter/internal/target"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// zoneHead is what every zone begins with.
const zoneHead = "$ORIGIN contoso.test.\n$TTL 300\n@ SOA ns1 hostmaster %d 3600 600 86400 300\n@ NS ns1\n@ NS ns2\nns1 A 127.0.0.1\nns2 A 127.0.0.1\n"

// states are what a name may be in a zone, each as records of that name (OWNER) and what stands beside.
var states = map[string]string{
	"absent":       "",
	"single":       "OWNER A 192.0.2.1\nOWNER AAAA 2001:db8::1\nOWNER TXT \"one\"\nOWNER MX 10 mail\nOWNER SRV 0 0 443 mail\nOWNER CAA 0 issue \"ca.example\"\n",
	"several":      "OWNER A 192.0.2.3\nOWNER A 192.0.2.2\nOWNER AAAA 2001:db8::3\nOWNER AAAA 2001:db8::2\nOWNER TXT \"two\"\nOWNER TXT \"one\"\nOWNER MX 20 b\nOWNER MX 10 a\nOWNER SRV 1 0 443 b\nOWNER SRV 0 0 443 a\n",
	"address-only": "OWNER A 192.0.2.4\n",
	"text-only":    "OWNER TXT \"v=spf1 -all\"\n",
	"split":        "OWNER TXT \"AbC\" \"dEfG\"\nOWNER A 192.0.2.5\n",
	"marks":        "OWNER TXT \"a\\\"quoted\\\" b\\\\c; d\"\nOWNER TXT \" blank \"\nOWNER TXT \"\"\n",
	"bytes":        "OWNER TXT \"caf\\195\\169\"\n",
	"alias":        "OWNER CNAME real\n",
	"alias-chain":  "OWNER CNAME alias-of-alias\n",
	"alias-out":    "OWNER CNAME mail.fabrikam.test.\n",
	"alias-dead":   "OWNER CNAME nothing-there\n",
	"wildcard":     "*.OWNER A 192.0.2.6\n*.OWNER TXT \"any\"\n",
	"non-terminal": "below.OWNER A 192.0.2.7\n",
	"delegated":    "OWNER NS ns.OWNER\nns.OWNER A 192.0.2.8\n",
	"case":         "NaMe-OWNER A 192.0.2.9\n",
	"null-mx":      "OWNER MX 0 .\n",
	"no-service":   "OWNER SRV 0 0 0 .\n",
	"long":         "OWNER TXT \"" + strings.Repeat("x", 255) + "\" \"" + strings.Repeat("y", 200) + "\"\n",
	"many":         many(40),
}

// many is a record set that does not fit a datagram.
func many(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "OWNER TXT \"%d%s\"\n", i, strings.Repeat("y", 60))
	}
	return b.String()
}

// zoneOf is a zone in which a name is in each state.
func zoneOf(serial int) string {
	var b strings.Builder
	fmt.Fprintf(&b, zoneHead, serial)
	b.WriteString("real A 192.0.2.10\nreal TXT \"real\"\nalias-of-alias CNAME real\nmail A 192.0.2.25\na A 192.0.2.26\nb A 192.0.2.27\n")
	for name, text := range states {
		b.WriteString(strings.ReplaceAll(text, "OWNER", name))
	}
	return b.String()
}

// names are what is asked about, of that zone and of others.
func names() (list []string) {
	for name := range states {
		list = append(list, name+".contoso.test")
	}
	slices.Sort(list)
	return append(list, "contoso.test", "x.wildcard.contoso.test", "x.delegated.contoso.test", "x.absent.contoso.test", "name-case.contoso.test",
		"expired.test", "x.expired.test", "nobody.test", "test")
}

// asker is a probe that asks questions.
func asker(t *testing.T) *probe {
	t.Helper()
	now := time.Now()
	dialer := &wire.Dialer{Epoch: now}
	run := prober.NewRun(prober.Parts{
		Recorder: prober.NewRecorder(&result.Result{Start: now}, &secret.Redactor{}, nil), Module: &prober.Module{},
		Target: target.Target{Host: "contoso.test", Port: dnsPort}, Dialer: dialer, Elsewhere: dialer,
	})
	return &probe{Settings: defaults(), run: run, datagrams: run.Datagrams(100_000, 0), hosts: map[string]host{}}
}

func serverAt(address string) *server {
	ap := netip.MustParseAddrPort(address)
	return &server{host: ap.Addr().String(), endpoint: prober.Endpoint{Addr: ap, From: &wire.Resolution{Name: ap.Addr().String()}, Name: ap.Addr().String()}}
}

// TestAgreesWithDig: of every name and type, in every state of a zone, at three real servers, the prober says what dig shows.
func TestAgreesWithDig(t *testing.T) {
	t.Parallel()
	dig := servers.Need(t, "dig")
	kinds := []string{"A", "AAAA", "TXT", "MX", "CNAME", "SRV", "NS", "SOA", "CAA"}
	for _, program := range servers.NameServers {
		t.Run(program, func(t *testing.T) {
			t.Parallel()
			address := servers.StartNameServer(t, program,
				servers.Zone{Name: "contoso.test", Text: zoneOf(7)}, servers.Zone{Name: "expired.test"})
			p, s := asker(t), serverAt(address)
			defer func() { p.servers = []*server{s}; p.hangUp() }()
			var questions []question
			for _, name := range names() {
				for _, kind := range kinds {
					questions = append(questions, ask(name, dns.StringToType[kind]))
				}
			}
			if len(questions) < 60 {
				t.Fatalf("%d states are too few", len(questions))
			}
			agreed := 0
			seen := map[state]bool{}
			for i, text := range digs(t, dig, address, questions) {
				q := questions[i]
				got := p.put(t.Context(), nil, s, q)
				want, values := shownByDig(t, text, q)
				seen[got.state] = true
				if got.state != want || !slices.Equal(got.values, values) {
					t.Errorf("%s: %s %q (%v), and dig shows %s %q", q, got.state, got.values, got.err, want, values)
					continue
				}
				agreed++
			}
			t.Logf("%s: %d of %d agree", program, agreed, len(questions))
			for _, st := range []state{found, alias, noType, noName, referral, failed} {
				if !seen[st] {
					t.Errorf("no name was in the state %s", st)
				}
			}
		})
	}
}

var (
	digStatus = regexp.MustCompile(`status: (\w+)`)
	digFlags  = regexp.MustCompile(`flags:([a-z ]*);`)
)

// digs asks dig all questions at once and gives what it shows of each.
func digs(t *testing.T, dig, address string, questions []question) []string {
	t.Helper()
	ap := netip.MustParseAddrPort(address)
	var lines strings.Builder
	for _, q := range questions {
		fmt.Fprintf(&lines, "%s %s\n", q.name, q.typed())
	}
	file := filepath.Join(t.TempDir(), "questions")
	if err := os.WriteFile(file, []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), dig, "@"+ap.Addr().String(), "-p", fmt.Sprint(ap.Port()), "+norec", "+noall", "+comments", "+answer", "+authority",
		"-f", file).CombinedOutput() // #nosec G204 -- the test's own words
	shown := strings.Split(string(out), "->>HEADER<<-")[1:]
	if err != nil || len(shown) != len(questions) {
		t.Fatalf("dig answered %d of %d questions: %v\n%s", len(shown), len(questions), err, out)
	}
	return shown
}

// shownByDig is what dig's output says of a question, by the rules of RFC 1034 and 2308 as a person reads it.
func shownByDig(t *testing.T, text string, q question) (state, []string) {
	t.Helper()
	status := digStatus.FindStringSubmatch(text)[1]
	flags := strings.Fields(digFlags.FindStringSubmatch(text)[1])
	var values []string
	typed, refers := false, false
	section := ""
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		switch {
		case strings.HasPrefix(line, ";; ANSWER"), strings.HasPrefix(line, ";; AUTHORITY"):
			section = fields[1]
		case len(fields) < 5 || strings.HasPrefix(line, ";"):
		case section == "AUTHORITY":
			refers = refers || fields[3] == "NS"
		case section == "ANSWER" && strings.EqualFold(fields[0], q.name) && (fields[3] == q.typed() || fields[3] == "CNAME"):
			typed = typed || fields[3] == q.typed()
			rr, err := dns.NewRR(line)
			if err != nil {
				t.Fatal(err)
			}
			values = append(values, canonical(rr))
		}
	}
	slices.Sort(values)
	switch authoritative := slices.Contains(flags, "aa"); {
	case status == "REFUSED":
		return refused, values
	case status == "SERVFAIL":
		return failed, values
	case status != "NOERROR" && status != "NXDOMAIN":
		return otherCode, values
	case !authoritative && refers && len(values) == 0:
		return referral, values
	case !authoritative:
		return noZone, values
	case typed:
		return found, values
	case len(values) > 0:
		return alias, values
	case status == "NXDOMAIN":
		return noName, values
	}
	return noType, values
}
