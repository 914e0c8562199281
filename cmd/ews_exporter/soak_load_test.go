//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// crowd is what callers ask for, and what became of it.
type crowd struct {
	base string
	asks []ask

	mu      sync.Mutex
	answers map[string]int // by the status, or "cut" where the caller left
	lost    []string       // requests of callers that stayed, and how they were not answered
}

// ask is one request, and what its answer must be like where the status is 200.
type ask struct {
	path   string // with the query
	form   url.Values
	answer *regexp.Regexp
	others []int // statuses that are an answer too
}

// verdict is in each answer of /probe, whose last line is whole.
var verdict = regexp.MustCompile(`(?s)(^|\n)probe_success [01]\n(.*\n)?$`)

// soakTargets are all sites of the lab, and some that no prober can get along with.
func soakTargets(t *testing.T, site *lab.Site, peers []soakPeer) []string {
	t.Helper()
	tls, err := site.Authority().ServerConfig()
	if err != nil {
		t.Fatal(err)
	}
	var targets []string
	for _, s := range site.Scenarios() {
		targets = append(targets, s.Address)
	}
	for _, p := range peers {
		if !p.logon {
			targets = append(targets, p.Server)
		}
	}
	long := "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: NTLM\r\nX-Long: " + strings.Repeat("long", 200_000) + "\r\n"
	for _, steps := range [][]lab.Step{
		{lab.Hang},
		{lab.ReadHead, lab.Reset},
		{lab.ReadHead, lab.Write(long)},
		{lab.ReadHead, lab.Write("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\nand no more"), lab.Hang},
	} {
		targets = append(targets, lab.ServeTLS(t, tls, steps...).Addr())
	}
	return append(targets, "127.0.0.1:1", lab.Serve(t, lab.Hang).Addr(), notHTTP(t, site))
}

// soakLogons are the sites at which the password is right. At another one it would be refused, and the auth suspended
// for the rest of the test.
func soakLogons(site *lab.Site, peers []soakPeer) []string {
	var targets []string
	for _, p := range peers {
		if p.logon {
			targets = append(targets, p.Server)
		}
	}
	for _, name := range []string{"early-401", "basic-logon", "ntlm-persisted", "ntlm-per-request", "protection-allow", "protection-require"} {
		targets = append(targets, address(site, name))
	}
	return targets
}

// soakProbes pairs modules with the targets that they may be asked for. All modules come about equally often.
func soakProbes(every, logons []string) []ask {
	var asks []ask
	for _, m := range modulesOfSoak() {
		targets := every
		if m.logon {
			targets = slices.Repeat(logons, len(every)/len(logons))
		}
		for _, target := range targets {
			query := url.Values{"module": {m.name}, "target": {target}}
			if m.hostname {
				query.Set("hostname", soakName)
			}
			a := ask{path: "/probe?" + query.Encode(), answer: verdict, others: []int{http.StatusServiceUnavailable}}
			if m.name == second {
				a.others = append(a.others, http.StatusBadRequest) // while the configuration has none
			}
			asks = append(asks, a)
		}
	}
	return asks
}

// soakPages are everything else that can be asked for, each as often as it takes to be a good part of the whole.
func soakPages(site *lab.Site) []ask {
	kemp := address(site, "kemp-rfc2616")
	query := "module=bare&target=" + url.QueryEscape(kemp)
	pages := []ask{
		{path: "/", answer: regexp.MustCompile(`</html>\s*$`)},
		{path: "/metrics", answer: regexp.MustCompile(`(?m)^ews_exporter_probes_in_flight `)},
		{path: "/config", answer: regexp.MustCompile(`(?m)^policy:`)},
		{path: "/-/healthy", answer: regexp.MustCompile(`healthy`)},
		{path: "/-/ready", answer: regexp.MustCompile(`ready`)},
		{path: "/findings/late_body_rejected", answer: regexp.MustCompile(`100-Continue`)},
		{path: "/report?" + query, answer: regexp.MustCompile(`.`), others: []int{http.StatusNotFound}},
		{path: "/probe?debug=true&" + query, answer: regexp.MustCompile(`(?s)Module, without secrets.*prober: ` + first.Prober), others: []int{http.StatusServiceUnavailable}},
		{path: "/report", form: url.Values{"module": {"bare"}, "target": {kemp}}, answer: regexp.MustCompile(`late_body_rejected|error_after_late_body`), others: []int{http.StatusServiceUnavailable}},
		{path: "/probe?module=nothing&target=" + kemp, others: []int{http.StatusBadRequest}},
		{path: "/probe?module=bare&target=192.0.2.1", others: []int{http.StatusForbidden}},
		{path: "/nothing", others: []int{http.StatusNotFound}},
	}
	return slices.Concat(pages, pages, pages, pages, pages)
}

// run asks at random until ctx ends. One caller in six leaves before the answer is complete.
func (c *crowd) run(ctx context.Context) {
	for {
		pause(ctx, rand.N(longestPause))
		if ctx.Err() != nil {
			return
		}
		stays := time.Duration(0)
		if rand.IntN(6) == 0 {
			stays = 1 + rand.N(time.Second)
		}
		c.ask(context.WithoutCancel(ctx), c.asks[rand.IntN(len(c.asks))], stays)
	}
}

// ask sends one request and keeps what became of it. The caller stays that long; 0: until the answer.
func (c *crowd) ask(ctx context.Context, a ask, stays time.Duration) {
	patience := time.Minute // more than any probe may take
	if stays > 0 {
		patience = stays
	}
	ctx, leave := context.WithTimeout(ctx, patience)
	defer leave()
	status, body, err := a.send(ctx, c.base)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err != nil && stays > 0 && errors.Is(err, context.DeadlineExceeded):
		c.answers["cut"]++
	case err != nil:
		c.lose("%s: %v", a.path, err)
	case !a.answers(status, body):
		c.lose("%s: %d\n%s", a.path, status, tail(body))
	default:
		c.answers[fmt.Sprint(status)]++
	}
}

func (c *crowd) lose(format string, args ...any) {
	if len(c.lost) < 20 {
		c.lost = append(c.lost, fmt.Sprintf(format, args...))
	}
	c.answers["lost"]++
}

func (a ask) send(ctx context.Context, base string) (status int, body string, err error) {
	method, content := http.MethodGet, io.Reader(nil)
	if a.form != nil {
		method, content = http.MethodPost, strings.NewReader(a.form.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, method, base+a.path, content)
	if err != nil {
		return 0, "", err
	}
	if a.form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	req.Header.Set("Accept", "text/html")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return res.StatusCode, string(text), err
}

// answers tells whether this is one of the answers that are documented: what was asked for, or a sentence that says
// why not.
func (a ask) answers(status int, body string) bool {
	if status == http.StatusOK {
		return a.answer != nil && a.answer.MatchString(body)
	}
	return slices.Contains(a.others, status) && strings.TrimSpace(body) != ""
}

// check tells what was lost, and that nothing went untried.
func (c *crowd) check(t *testing.T) {
	t.Helper()
	for _, lost := range c.lost {
		t.Errorf("not answered as documented: %s", lost)
	}
	for _, kind := range []string{"200", "400", "403", "404", "503", "cut"} {
		if long() && c.answers[kind] == 0 || c.answers["200"] == 0 {
			t.Errorf("no request ended with %s, so the load was not what it should be: %v", kind, c.answers)
		}
	}
}

func (c *crowd) String() string {
	var b strings.Builder
	sum := 0
	for _, kind := range slices.Sorted(maps.Keys(c.answers)) {
		fmt.Fprintf(&b, "| %s | %d |\n", kind, c.answers[kind])
		sum += c.answers[kind]
	}
	return fmt.Sprintf("| requests | %d |\n%s", sum, &b)
}
