package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/probes"
	"github.com/ews-exporter/ews_exporter/probes/labs"
)

// TestWhatIsNotThereIsNoFaultAmongAll: a site need not have everything that can be probed. A module that is probed by itself
// judges.
func TestWhatIsNotThereIsNoFaultAmongAll(t *testing.T) {
	t.Parallel()
	site := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(site.Close)
	for _, d := range probes.All() {
		if len(d.Absent) == 0 {
			continue
		}
		t.Run(d.Name, func(t *testing.T) {
			t.Parallel()
			target := site.URL
			if slices.Contains(d.Absent, "connect/refused") {
				target = fmt.Sprintf("%s://%s", d.Scheme, script.Refusing(t))
			}
			file := "--config.file=" + write(t, "modules: {m: {prober: "+d.Name+", ip_protocol: ip4"+required(d)+"}}\npolicy: {allow: [127.0.0.0/8]}\n")
			if got := execute(t, "", "probe", "--all", target, file); got.code != exitOK || !strings.Contains(got.out, "– not there") || strings.Contains(got.out, "━━") {
				t.Errorf("among all: exit %d: %s\n%s", got.code, got.errors, got.out)
			}
			if got := execute(t, "", "probe", "--all", "--json", target, file); got.code != exitOK || !strings.Contains(got.out, `"not_there": [`) {
				t.Errorf("among all, as JSON: exit %d: %s\n%s", got.code, got.errors, got.out)
			}
			if got := execute(t, "", "probe", "m", target, file); got.code != exitFailed {
				t.Errorf("by itself: exit %d: %s\n%s", got.code, got.errors, got.out)
			}
		})
	}
}

// required are the settings without which a module of the prober is none, as its part of the lab has them; empty for most.
func required(d prober.Definition) string {
	lacks := false
	d.New().Check(func(_, problem string) { lacks = lacks || strings.HasPrefix(problem, "required") })
	if !lacks {
		return ""
	}
	parts := labs.All()
	part := slices.IndexFunc(parts, func(p lab.Part) bool { return p.Prober == d.Name })
	return ", " + strings.Join(parts[part].Least, ", ")
}

// TestModulesThatNobodyWroteFindNoFaultAtAClosedPort: without a configuration there is a module of each prober, and nobody has said
// what it is to expect.
func TestModulesThatNobodyWroteFindNoFaultAtAClosedPort(t *testing.T) {
	t.Parallel()
	file := "--config.file=" + write(t, "policy: {allow: [127.0.0.0/8]}\n")
	tried := 0
	for _, d := range probes.All() {
		if required(d) == "" {
			continue
		}
		tried++
		got := execute(t, "", "probe", "--all", fmt.Sprintf("%s://%s", d.Scheme, script.Refusing(t)), file)
		if row := regexp.MustCompile(`(?m)^\s*` + d.Name + `\s.*$`).FindString(got.out); !strings.Contains(row, "– not there") {
			t.Errorf("%s: %q\n%s%s", d.Name, row, got.errors, got.out)
		}
	}
	if tried == 0 {
		t.Error("no prober has a setting that is required")
	}
}

// TestAnotherServicesPort: a port or a URL that is written is that of one service, and the others are not asked there.
func TestAnotherServicesPort(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		scheme, target string
		asked          bool
	}{
		{"", "mail.contoso.com:8443", true},
		{"https", "https://mail.contoso.com/EWS", true},
		{"pop3s", "mail.contoso.com", true},
		{"pop3s", "pop3s://mail.contoso.com:9995", true},
		{"pop3s", "mail.contoso.com:443", false},
		{"imaps", "192.0.2.1:8443", false},
		{"imaps", "https://mail.contoso.com", false},
	} {
		if err := misdirected(&prober.Definition{Name: "p", Scheme: tt.scheme}, tt.target); (err == nil) != tt.asked {
			t.Errorf("%s at %s: %v", tt.scheme, tt.target, err)
		}
	}
}
