package httpcontent_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/internal/test/waiting"
	"github.com/ews-exporter/ews_exporter/probes/httpcontent"
)

func TestMain(m *testing.M) { waiting.VerifyTestMain(m) }

// ask probes a peer; port is asked in place of 80, empty for none.
func ask(t *testing.T, p lab.Peer, port string) *result.Result {
	t.Helper()
	file, err := p.WriteConfig(t.TempDir(), httpcontent.Definition.Name)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load([]string{file}, []prober.Definition{httpcontent.Definition})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err == nil {
		cfg.Modules["http_content"].Settings.(*httpcontent.Settings).UsePort(uint16(n)) //nolint:forcetypeassert // the prober's
	}
	r := runner.New(runner.Options{
		Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Resolver: p.Resolver, Version: "test", Log: slog.New(slog.DiscardHandler),
		MaxProbesPerAddress: 100,
	})
	answer, err := r.Probe(t.Context(), runner.Request{Module: "http_content", Target: p.Target})
	if err != nil {
		t.Fatal(err)
	}
	return answer.Result
}

// reports are the failure, or "none", and the findings.
func reports(r *result.Result) string {
	words := []string{"none"}
	if r.Failure != nil {
		words[0] = r.Failure.Name()
	}
	var codes []string
	for _, f := range r.Findings {
		codes = append(codes, f.Code)
	}
	slices.Sort(codes)
	return strings.Join(append(words, codes...), " ")
}

// holds are the expectations that the metric says hold, in its order.
func holds(r *result.Result) (list []string) {
	for _, s := range r.Samples {
		if s.Metric.Name == "probe_http_content_expected" && s.Value == 1 {
			list = append(list, s.Labels...)
		}
	}
	return list
}

// TestSettings: what stands in a configuration means what who wrote it means.
func TestSettings(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ keys, holds, refused string }{
		"a bare no":                   {"{cache: no}", "status media_type cache prefix", ""},
		"a bare no in capitals":       {"{cache: No}", "status media_type cache prefix", ""},
		"a no that was made a false":  {"{cache: false}", "status media_type cache prefix", ""},
		"any":                         {"{cache: any}", "status media_type prefix", ""},
		"nothing but the status":      {"{cache: any, media_type: '', prefix: ''}", "status", ""},
		"a media type in capitals":    {"{media_type: Text/Cache-Manifest}", "status media_type cache prefix", ""},
		"yes":                         {"{cache: yes}", "", "cache"},
		"a media type with a charset": {"{media_type: text/plain; charset=utf-8}", "", "media_type"},
		"half a media type":           {"{media_type: text}", "", "media_type"},
		"a path without its slash":    {"{path: offline.appcache}", "", "path"},
		"a path with a line's end":    {`{path: "/a\r\nX: y"}`, "", "path"},
		"a redirect to http":          {"{redirect: http}", "", "redirect"},
		"a long prefix":               {"{prefix: " + strings.Repeat("x", 2000) + "}", "", "prefix"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tt.refused != "" {
				file := filepath.Join(t.TempDir(), "c.yml")
				if err := os.WriteFile(file, []byte("modules: {m: {prober: http_content, http_content: "+tt.keys+"}}\n"), 0o600); err != nil {
					t.Fatal(err)
				}
				if _, err := config.Load([]string{file}, []prober.Definition{httpcontent.Definition}); err == nil || !strings.Contains(err.Error(), "m.http_content."+tt.refused) {
					t.Errorf("it is taken, or for another reason refused: %v", err)
				}
				return
			}
			p := script.HTTPS(t, script.Answers(script.Responds("200 OK", "Content-Type: text/cache-manifest\r\nCache-Control: no-cache\r\n", lab.Manifest)))
			p.Keys = []string{"http_content: " + tt.keys}
			if got := holds(ask(t, p, "")); !slices.Equal(got, strings.Fields(tt.holds)) {
				t.Errorf("it sees %v hold, want %s", got, tt.holds)
			}
		})
	}
}

// TestNothingIsAskedElsewhere: a redirect to another name is told of, and nobody goes there; nor is what may be secret in it told.
func TestNothingIsAskedElsewhere(t *testing.T) {
	t.Parallel()
	other := lab.ServeTLS(t, script.TLS(t), script.Answers(script.Sized("x")))
	p := script.HTTPS(t, script.Answers(script.Responds("302 Found", "Location: https://user:hunter22@owa.contoso.test:"+script.Port(other)+"/page?token=hunter22\r\n", "")))
	res := ask(t, p, "")
	if got := reports(res); got != "status/redirected_elsewhere http_content_redirect_elsewhere" {
		t.Errorf("it reports %s", got)
	}
	if n := other.Connections(); n != 0 {
		t.Errorf("%d connections went to the other name", n)
	}
	if !strings.Contains(res.Failure.Message, "owa.contoso.test") || strings.Contains(res.Failure.Message, "hunter22") {
		t.Errorf("the message lacks the name, or has a secret: %s", res.Failure.Message)
	}
}
