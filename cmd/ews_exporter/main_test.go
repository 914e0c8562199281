package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	toolkit "github.com/prometheus/exporter-toolkit/web"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/test/waiting"
	"github.com/ews-exporter/ews_exporter/probes"
	"github.com/ews-exporter/ews_exporter/probes/labs"
)

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	waiting.ShortTestMain(m, 8)
}

// output is what a running command has printed so far.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// await waits for what pattern matches and gives its last group.
func (o *output) await(t *testing.T, pattern string) string {
	t.Helper()
	re := regexp.MustCompile(pattern)
	for range 500 {
		if m := re.FindStringSubmatch(o.String()); m != nil {
			return m[len(m)-1]
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%s does not come in\n%s", pattern, o)
	return ""
}

// ended is what a command printed and how it exited.
type ended struct {
	code        int
	out, errors string
}

func execute(t *testing.T, stdin string, args ...string) ended {
	t.Helper()
	var out, errs bytes.Buffer
	code := run(t.Context(), args, strings.NewReader(stdin), &out, &errs)
	return ended{code, out.String(), errs.String()}
}

// running is a command that runs until stop.
type running struct {
	out, errors output
	stop        context.CancelFunc
	code        chan int
}

func begin(t *testing.T, args ...string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{stop: cancel, code: make(chan int, 1)}
	go func() { r.code <- run(ctx, args, strings.NewReader(""), &r.out, &r.errors) }()
	t.Cleanup(func() {
		cancel()
		r.code <- <-r.code
	})
	return r
}

func (r *running) url(t *testing.T) string {
	t.Helper()
	return "http://" + r.errors.await(t, `msg="Listening on" address=(\S+)`)
}

func (r *running) exit(t *testing.T) int {
	t.Helper()
	select {
	case code := <-r.code:
		r.code <- code
		return code
	case <-time.After(20 * time.Second):
		t.Fatal("the command does not end")
		return -1
	}
}

// awaitProbe waits until one probe of the exporter at url is in flight.
func awaitProbe(t *testing.T, url string) {
	t.Helper()
	for range 200 {
		if _, body := get(t, url+"/metrics"); strings.Contains(body, "ews_exporter_probes_in_flight 1") {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	return send(t, http.MethodGet, url)
}

func send(t *testing.T, method, url string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// simulated is a lab, or those scenarios of it, with its configuration's file.
func simulated(t *testing.T, only ...string) (*lab.Site, string) {
	t.Helper()
	site := startLab(t, only...)
	dir := t.TempDir()
	if err := lab.WriteConfig(dir, site); err != nil {
		t.Fatal(err)
	}
	return site, filepath.Join(dir, "ews_exporter.yml")
}

func write(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "c.yml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestUsage(t *testing.T) {
	t.Parallel()
	first := probes.All()[0].Name
	for name, test := range map[string]struct {
		args []string
		code int
		says string
	}{
		"help":                      {[]string{"--help"}, exitOK, "probe [<flags>] [<MODULE>] [<TARGET>]"},
		"help of a command":         {[]string{"probe", "--help"}, exitOK, "--username"},
		"version":                   {[]string{"--version"}, exitOK, "ews_exporter, version"},
		"an unknown flag":           {[]string{"--confg.file=x"}, exitUsage, "Try ews_exporter --help."},
		"an unknown flag of probe":  {[]string{"probe", "--confg.file=x"}, exitUsage, "Try ews_exporter probe --help."},
		"an unknown command":        {[]string{"bogus"}, exitUsage, `unknown command "bogus": there are help, serve, probe,`},
		"a command misspelt":        {[]string{"chekc", "x.yml"}, exitUsage, "did you mean check?"},
		"a duration without a unit": {[]string{"probe", "--timeout", "5", example.Name, "x"}, exitUsage, "such as 5s"},
		"examples":                  {[]string{"--help"}, exitOK, "Examples:\n  ews_exporter probe " + example.Name},
		"examples of a command":     {[]string{"probe", "--help"}, exitOK, "Examples:\n  ews_exporter probe " + example.Name},
		"a limit too short":         {[]string{"probe", example.Name, "192.0.2.1", "--timeout=100ms"}, exitFailed, "raise --timeout\n"},
		"a finding":                 {[]string{"finding", "late_body_rejected"}, exitOK, "# late_body_rejected\n"},
		"all findings":              {[]string{"finding"}, exitOK, "late_body_rejected  "},
		"a finding misspelt":        {[]string{"finding", "late_body_reject"}, exitUsage, `there is no finding "late_body_reject"; did you mean late_body_rejected?`},
		"no finding":                {[]string{"finding", "../secret"}, exitUsage, "Try ews_exporter finding --help."},
		"a missing argument":        {[]string{"probe", example.Name}, exitUsage, "Try ews_exporter probe --help."},
		"no file to check":          {[]string{"check"}, exitUsage, "FILE"},
		"a negative offset":         {[]string{"--timeout-offset=-1s"}, exitUsage, "must not be negative"},
		"no probes at all":          {[]string{"--limit.probes=0"}, exitUsage, "at least 1"},
		"an unknown module":         {[]string{"probe", "nothing", "127.0.0.1"}, exitUsage, "nothing"},
		"a module misspelt":         {[]string{"probe", first[:len(first)-1], "127.0.0.1"}, exitUsage, "did you mean " + first + "?"},
		"and with a password":       {[]string{"probe", first[:len(first)-1], "127.0.0.1", "--username=u"}, exitUsage, "did you mean " + first + "?"},
		"a malformed target":        {[]string{"probe", example.Name, "a b"}, exitUsage, "not probed"},
		"a denied target":           {[]string{"probe", example.Name, "127.0.0.1"}, exitUsage, "loopback"},
		"two ways to log on":        {[]string{"probe", example.Name, "x.test", "--username=u", "--auth=a"}, exitUsage, "exclude each other"},
		"no password":               {[]string{"probe", example.Name, "x.test", "--username=u"}, exitUsage, "password"},
		"a file for a folder":       {[]string{"--web.listen-address=127.0.0.1:0", "--storage.path=main_test.go"}, exitFailed, "--storage.path main_test.go: main_test.go is a file"},
		"a configuration not there": {[]string{"--config.file=/nowhere.yml"}, exitFailed, "/nowhere.yml"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := execute(t, "", test.args...)
			if got.code != test.code || !strings.Contains(got.out+got.errors, test.says) {
				t.Errorf("exit %d, want %d and %q:\n%s%s", got.code, test.code, test.says, got.out, got.errors)
			}
		})
	}
}

// TestExitCodesAreTold: in the help of the command that has most of them, and on the page.
func TestExitCodesAreTold(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/command-line.md")
	if err != nil {
		t.Fatal(err)
	}
	help := strings.Join(strings.Fields(execute(t, "", "probe", "--help").out), " ")
	for code, says := range map[int]string{exitOK: "when all succeeded", exitFailed: "when one failed", exitUsage: "when nothing was probed", exitOpen: "when nothing failed and a probe decided nothing"} {
		if !strings.Contains(help, fmt.Sprintf("%d %s", code, says)) {
			t.Errorf("probe --help does not say %d %s:\n%s", code, says, help)
		}
		if !strings.Contains(string(page), fmt.Sprintf("\n| %d | ", code)) {
			t.Errorf("the page does not tell of %d", code)
		}
	}
	for _, m := range new(command).declare().Model().Commands {
		if m.Name != "help" && !strings.Contains(string(page), "| `"+m.Name) {
			t.Errorf("the page does not tell of the command %s", m.Name)
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	good := write(t, "modules:\n  a:\n    prober: "+example.Name+"\n")
	bad := write(t, "modules:\n  b:\n    prober: "+example.Name+"\n    timout: 3s\n")
	if got := execute(t, "", "check", good); got.code != exitOK || !strings.HasSuffix(got.out, "undecided_ok: true (warning)\n"+good+": ok\n") {
		t.Errorf("a module without an auth is not warned of: exit %d: %s%s", got.code, got.out, got.errors)
	}
	alone := write(t, "policy: {allow: [mail.contoso.com]}\n")
	if got := execute(t, "", "check", alone); got.code != exitOK || !strings.HasPrefix(got.out, "No file defines modules, so there is one for each prober, with its defaults: ") || !strings.Contains(got.out, probes.All()[0].Name) {
		t.Errorf("a file without modules: exit %d: %s%s", got.code, got.out, got.errors)
	}
	for content, told := range map[string]bool{
		"policy: {allow: [mail.contoso.com]}\n": true,
		"defaults: {auth: a}\nauths: {a: {username: u, password: hunter2, schemes: [basic], targets: [mail.contoso.com]}}\npolicy: {allow: [mail.contoso.com]}\n": false,
	} {
		got := execute(t, "", "check", write(t, content))
		if got.code != exitOK || strings.Contains(got.out, "modules: no file defines any, and these of those that there are so have no auth, ") != told {
			t.Errorf("%s: told of implied modules without an auth: %t: exit %d: %s%s", content, !told, got.code, got.out, got.errors)
		}
	}
	got := execute(t, "", "check", good, bad)
	if got.code != exitFailed || !strings.Contains(got.out, bad+":4: ") || !strings.Contains(got.out, good+": ok\n") {
		t.Errorf("exit %d: %s%s", got.code, got.out, got.errors)
	}
}

func TestHealthcheck(t *testing.T) {
	t.Parallel()
	r := begin(t, "--web.listen-address=127.0.0.1:0")
	url := r.url(t)
	if got := execute(t, "", "healthcheck", url+"/-/healthy"); got.code != exitOK {
		t.Errorf("exit %d: %s", got.code, got.errors)
	}
	if got := execute(t, "", "healthcheck", url+"/nothing"); got.code != exitFailed || !strings.Contains(got.errors, "404") {
		t.Errorf("exit %d: %s", got.code, got.errors)
	}
	r.stop()
	if code := r.exit(t); code != exitOK {
		t.Errorf("a graceful stop exits with %d:\n%s", code, &r.errors)
	}
	if got := execute(t, "", "healthcheck", url+"/-/healthy"); got.code != exitFailed {
		t.Errorf("exit %d although nothing listens", got.code)
	}
}

func TestPortInUse(t *testing.T) {
	t.Parallel()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	got := execute(t, "", "--web.listen-address=127.0.0.1:0", "--web.listen-address="+l.Addr().String())
	if got.code != exitFailed || !strings.Contains(got.errors, "--web.listen-address") || !strings.Contains(got.errors, l.Addr().String()) {
		t.Errorf("exit %d: %s", got.code, got.errors)
	}
}

func TestProbe(t *testing.T) {
	t.Parallel()
	site, file := simulated(t)
	for name, test := range map[string]struct {
		scenario string
		stdin    string
		flags    []string
		code     int
		says     []string
	}{
		"the balancer that swallows the 100": {
			"kemp-rfc2616", "", nil, exitFailed,
			[]string{"Failed after", "late_body_rejected", "501", "Kemp LoadMaster", "certificate"},
		},
		"the same one, mended": {"kemp-fixed", "", nil, exitOK, []string{"Succeeded in", "100 Continue"}},
		"a logon by the command line": {
			"basic-logon", lab.Password + "\n", []string{"--username=" + lab.Username}, exitOK, []string{"Succeeded in", "100 Continue"},
		},
		"a wrong password": {
			"basic-logon", "wrong\n", []string{"--username=" + lab.Username}, exitFailed, []string{"auth: refused", "each run of this command logs on anew, at most 2 times"},
		},
		"a refusal behind a proxy, with the advice whole": {
			"connection-per-request", lab.Password + "\n", []string{"--username=" + lab.Username}, exitFailed,
			[]string{"a proxy is in between", "each run of this command logs on anew, at most 2 times, and too many such logons lock the account\n"},
		},
		"a limit that is too short": {"healthy", "", []string{"--timeout=700ms"}, exitFailed, []string{"limit_too_short"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"probe", quick, address(site, test.scenario), "--config.file=" + file}, test.flags...)
			got := execute(t, test.stdin, args...)
			if got.code != test.code {
				t.Errorf("exit %d, want %d", got.code, test.code)
			}
			for _, want := range test.says {
				if !strings.Contains(got.out, want) {
					t.Errorf("%q is missing in\n%s%s", want, got.out, got.errors)
				}
			}
			if strings.Contains(got.out+got.errors, lab.Password) {
				t.Error("the password is printed")
			}
		})
	}
}

func TestProbeJSON(t *testing.T) {
	t.Parallel()
	site, file := simulated(t)
	got := execute(t, "", "probe", quick, address(site, "kemp-rfc2616"), "--json", "--config.file="+file)
	var decoded struct {
		Failure  struct{ Stage string }
		Findings []struct{ Code string }
	}
	if err := json.Unmarshal([]byte(got.out), &decoded); err != nil {
		t.Fatalf("%v in\n%s", err, got.out)
	}
	if got.code != exitFailed || decoded.Failure.Stage == "" || len(decoded.Findings) == 0 {
		t.Errorf("exit %d, %+v", got.code, decoded)
	}
}

func TestServe(t *testing.T) {
	t.Parallel()
	site, file := simulated(t)
	r := begin(t, "--web.listen-address=127.0.0.1:0", "--config.file="+file)
	url := r.url(t)
	target := address(site, "kemp-rfc2616")
	code, body := get(t, url+"/probe?module="+quick+"&target="+target)
	for _, want := range append(shows(t, site, "kemp-rfc2616"), `probe_http_responses{code="501",origin="middlebox"}`) {
		if code != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%d, %q is missing in\n%s", code, want, body)
		}
	}
	for path, want := range map[string]string{
		"/":        target,
		"/metrics": `ews_exporter_probes_total{module="` + quick + `",result="failure"} `,
		"/config":  "password_file: ",
		"/sd":      "[]",
		"/report?module=" + quick + "&target=" + target:           "late_body_rejected",
		"/findings/late_body_rejected":                            "100-Continue",
		"/probe?module=" + quick + "&debug=true&target=" + target: "prober: " + first.Prober,
	} {
		if code, body := get(t, url+path); code != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: %d, %q is missing in\n%s", path, code, want, body)
		}
	}
	own := strings.TrimPrefix(url, "http://")
	if code, body := get(t, url+"/probe?module="+quick+"&target="+own); code == http.StatusOK && !strings.Contains(body, "own_listener") {
		t.Errorf("the exporter probes itself: %d\n%s", code, body)
	}
}

func TestReload(t *testing.T) {
	t.Parallel()
	file := write(t, "modules:\n  before:\n    prober: "+example.Name+"\n")
	r := begin(t, "--web.listen-address=127.0.0.1:0", "--config.file="+file)
	url := r.url(t)
	change := func(text string) (int, string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return send(t, http.MethodPost, url+"/-/reload")
	}
	if code, body := change("modules:\n  broken:\n    prober: nonsense\n"); code != http.StatusInternalServerError || !strings.Contains(body, file+":3") {
		t.Errorf("a bad file: %d %s", code, body)
	}
	if _, body := get(t, url+"/config"); !strings.Contains(body, "before:") {
		t.Errorf("the old configuration is gone:\n%s", body)
	}
	if _, body := get(t, url+"/metrics"); !strings.Contains(body, "ews_exporter_config_last_reload_successful 0") {
		t.Error("the failed reload is not in the metrics")
	}
	if code, body := change("modules:\n  after:\n    prober: " + example.Name + "\n"); code != http.StatusOK {
		t.Errorf("a good file: %d %s", code, body)
	}
	if _, body := get(t, url+"/config"); !strings.Contains(body, "after:") {
		t.Errorf("the new configuration is not in force:\n%s", body)
	}
}

func TestStopLetsProbesFinish(t *testing.T) {
	t.Parallel()
	site, file := simulated(t)
	r := begin(t, "--web.listen-address=127.0.0.1:0", "--config.file="+file)
	url := r.url(t)
	answered := make(chan string, 1)
	go func() {
		_, body := get(t, url+"/probe?module="+quick+"&target="+address(site, "kemp-rfc2616"))
		answered <- body
	}()
	awaitProbe(t, url)
	r.stop()
	if body := <-answered; !strings.Contains(body, "late_body_rejected") {
		t.Errorf("the probe in flight was not finished:\n%s", body)
	}
	if code := r.exit(t); code != exitOK {
		t.Errorf("exit %d:\n%s", code, &r.errors)
	}
}

// TestStopAnswersWhatIsLeft: when patience ends, who still waits gets what was measured, and not an error.
func TestStopAnswersWhatIsLeft(t *testing.T) {
	t.Parallel()
	site := startLab(t, "silent")
	e := overLab(t, site)
	e.patience = 300 * time.Millisecond
	var listen net.ListenConfig
	l, err := listen.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	none := ""
	go func() {
		ended <- e.serve(ctx, []net.Listener{l}, &toolkit.FlagConfig{WebConfigFile: &none}, slog.New(slog.DiscardHandler))
	}()
	answered := make(chan string, 1)
	go func() {
		code, body := get(t, "http://"+l.Addr().String()+"/probe?module="+quick+"&target="+address(site, "silent"))
		answered <- fmt.Sprint(code, body)
	}()
	awaitProbe(t, "http://"+l.Addr().String())
	stop()
	if body := <-answered; !strings.HasPrefix(body, "200") || !strings.Contains(body, "probe_success 0") {
		t.Errorf("answered %s", body)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestLab(t *testing.T) {
	t.Parallel()
	r := begin(t, "lab", "--serve", "--base-port=0", "--web.listen-address=127.0.0.1:0")
	r.out.await(t, `(Ctrl-C)`)
	tries := regexp.MustCompile(`(?m)^curl '(.*)'$`).FindAllStringSubmatch(r.out.String(), -1)
	if len(tries) != 3 {
		t.Fatalf("%d curl lines, want 3:\n%s", len(tries), &r.out)
	}
	works := tries[1][1]
	if code, body := get(t, works); code != http.StatusOK || !strings.Contains(body, "probe_success 1") {
		t.Errorf("%d\n%s", code, body)
	}
	page, _, _ := strings.Cut(works, "probe?")
	offered := len(slices.DeleteFunc(lab.Scenarios(labs.All()), func(s lab.Scenario) bool { return s.Try == "" }))
	if code, body := get(t, page); code != http.StatusOK || strings.Count(body, `class="try"`) != offered || offered > 10 || !strings.Contains(body, `name="target" value="127.0.0.1:`) {
		t.Errorf("the start page offers nothing to try: %d\n%s", code, body)
	}
	directory := filepath.Dir(r.out.await(t, `Configuration: (\S+)`))
	r.stop()
	if code := r.exit(t); code != exitOK {
		t.Errorf("exit %d:\n%s", code, &r.errors)
	}
	if _, err := os.Stat(directory); !os.IsNotExist(err) {
		t.Errorf("the temporary directory stays: %v", err)
	}
}
