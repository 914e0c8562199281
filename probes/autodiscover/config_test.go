package autodiscover

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ews-exporter/ews_exporter/config"
	"github.com/ews-exporter/ews_exporter/internal/prober"
)

// load reads settings as they stand in a module.
func load(t testing.TB, settings string) (*Settings, *config.Config, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ews.yml")
	write(t, file, []byte("modules: {m: {prober: autodiscover, autodiscover: {"+settings+"}}}\n"))
	cfg, err := config.Load([]string{file}, []prober.Definition{Definition})
	if err != nil {
		return nil, nil, err
	}
	return cfg.Modules["m"].Settings.(*Settings), cfg, nil //nolint:forcetypeassert // the only kind
}

func TestSettings(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		settings string
		problem  string // part of it; empty for none
	}{
		"nothing":               {"", ""},
		"everything":            {`email: a@contoso.com, methods: [pox, soap, json, get], attempts: 3, expect: {EXPR.EwsUrl: "https://mail.contoso.com/EWS/Exchange.asmx", JSON.EWS: {regex: "https://.*"}, EXPR.Server: mail.contoso.com}, redirect_domains: [fabrikam.com], bare_domain_logon: true, follow_up: true, nameserver: "192.0.2.53"`, ""},
		"an unknown key":        {"way: srv", "unknown key"},
		"no mail address":       {"email: contoso.com", "email: not a mail address"},
		"a hidden password":     {"email: 'a:hunter2@contoso.com'", "email: not a mail address"},
		"a public suffix":       {"email: a@co.uk", "public suffix"},
		"an unknown method":     {"methods: [pox, rpc]", `"rpc" is not possible; possible: get, json, pox, soap`},
		"a misspelt method":     {"methods: [sopa]", `"sopa" is not possible; did you mean soap?`},
		"a method twice":        {"methods: [pox, pox]", "there already"},
		"no method":             {"methods: []", "methods: needs one of"},
		"no attempt":            {"attempts: 0", "from 1 to 10"},
		"too many look-ups":     {"methods: [pox, soap], attempts: 7", "more than the 12"},
		"a key without a dot":   {"expect: {EwsUrl: 'https://a.test/'}", "TYPE.Element"},
		"no URL":                {"expect: {EXPR.EwsUrl: mail}", "not an http or https URL"},
		"two patterns":          {"expect: {EXPR.EwsUrl: {glob: a, regex: b}}", "needs a URL, or one of"},
		"a broken pattern":      {"expect: {EXPR.EwsUrl: {regex: '('}}", "not a regular expression"},
		"what is never given":   {"methods: [json], expect: {EXPR.EwsUrl: 'https://a.test/'}", "can return it"},
		"a wide redirect":       {"redirect_domains: [com]", "public suffix"},
		"a name for an address": {"nameserver: ns.contoso.com", "not an address"},
		"port 0":                {"nameserver: '192.0.2.53:0'", "not an address"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, cfg, err := load(t, test.settings)
			switch {
			case test.problem == "" && err != nil:
				t.Error(err)
			case test.problem != "" && (err == nil || !strings.Contains(err.Error(), test.problem)):
				t.Errorf("got %v, want %q", err, test.problem)
			case err != nil && strings.Contains(err.Error(), "hunter2"):
				t.Errorf("it shows what may be a password: %v", err)
			case err == nil:
				shown, err := cfg.Redacted()
				if err != nil {
					t.Fatal(err)
				}
				file := filepath.Join(t.TempDir(), "shown.yml")
				write(t, file, shown)
				if _, err := config.Load([]string{file}, []prober.Definition{Definition}); err != nil {
					t.Errorf("what /config shows is no configuration: %v\n%s", err, shown)
				}
			}
		})
	}
}

func TestExpectations(t *testing.T) {
	t.Parallel()
	const u = "https://mail.contoso.com/EWS/Exchange.asmx"
	tests := map[string]struct {
		expect string
		value  string
		fits   bool
	}{
		"the same":            {"'" + u + "'", u, true},
		"its host's case":     {"'https://MAIL.contoso.com/EWS/Exchange.asmx'", u, true},
		"a longer one":        {"'" + u + "'", u + "x", false},
		"a point is no mark":  {"'" + u + "'", "https://mail-contoso.com/EWS/Exchange.asmx", false},
		"a glob":              {"{glob: 'https://*.contoso.com/EWS/Exchange.as?x'}", u, true},
		"a glob is anchored":  {"{glob: 'https://mail'}", u, false},
		"a regex":             {"{regex: 'https://(mail|owa)\\.contoso\\.com/.*'}", u, true},
		"a regex is anchored": {"{regex: 'https|x'}", u, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _, err := load(t, "expect: {EXPR.EwsUrl: "+test.expect+"}")
			if err != nil {
				t.Fatal(err)
			}
			if got := s.Expect["EXPR.EwsUrl"].fits([]string{"", test.value}); got != test.fits {
				t.Errorf("fits: %t", got)
			}
		})
	}
}

func TestAim(t *testing.T) {
	t.Parallel()
	look := []string{"contoso.com:443", "autodiscover.contoso.com:443"}
	tests := map[string]struct {
		settings, target, hostname string

		hosts   []string // of a look-up; nil for the target itself
		at      string   // what the target is
		problem string
	}{
		"a mail address":              {"", "a@contoso.com", "", look, "contoso.com:443", ""},
		"an address above email":      {"email: b@fabrikam.com", "a@contoso.com", "", look, "contoso.com:443", ""},
		"the domain of email":         {"email: a@contoso.com", "Contoso.com.", "", look, "contoso.com:443", ""},
		"a domain, method get":        {"methods: [get]", "contoso.com", "", look, "contoso.com:443", ""},
		"a deeper domain":             {"email: a@mail.contoso.co.uk", "mail.contoso.co.uk", "", []string{"mail.contoso.co.uk:443", "autodiscover.mail.contoso.co.uk:443"}, "mail.contoso.co.uk:443", ""},
		"a host":                      {"email: a@contoso.com", "mail.contoso.com", "", nil, "mail.contoso.com:443", ""},
		"a host with a port":          {"email: a@contoso.com", "contoso.com:8443", "", nil, "contoso.com:8443", ""},
		"an address by name":          {"email: a@contoso.com", "192.0.2.1", "autodiscover.contoso.com", nil, "192.0.2.1:443", ""},
		"a URL":                       {"email: a@contoso.com", "https://contoso.com/Autodiscover/Autodiscover.xml", "", nil, "contoso.com:443", ""},
		"a URL of another path":       {"email: a@contoso.com", "https://contoso.com/EWS/Exchange.asmx", "", nil, "", "write the host alone"},
		"a URL with a query":          {"email: a@contoso.com", "https://contoso.com/autodiscover/autodiscover.xml?a=b", "", nil, "", "write the host alone"},
		"no address":                  {"", "mail.contoso.com", "", nil, "", "no mail address"},
		"no address for a domain":     {"", "contoso.com", "", nil, "", "no mail address"},
		"another domain":              {"email: a@fabrikam.com", "contoso.com", "", nil, "", "give a mail address as target"},
		"a public suffix":             {"", "a@co.uk", "", nil, "", "public suffix"},
		"the name below a suffix":     {"methods: [get]", "a@autodiscover.com", "", nil, "", "nothing is looked up there"},
		"an address with a hostname":  {"", "a@contoso.com", "mail.contoso.com", nil, "", "hostname"},
		"userinfo":                    {"email: a@contoso.com", "https://a:hunter2@contoso.com/", "", nil, "", "@"},
		"userinfo without a scheme":   {"email: a@contoso.com", "a:hunter2@contoso.com", "", nil, "", "@"},
		"two @":                       {"", "a@hunter2@contoso.com", "", nil, "", "@"},
		"a space in an address":       {"", "a hunter2@contoso.com", "", nil, "", "@"},
		"an odd spelling of a number": {"email: a@contoso.com", "0x7f.1", "", nil, "", "unusual spelling"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _, err := load(t, test.settings)
			if err != nil {
				t.Fatal(err)
			}
			aim, err := prober.AimOf(Definition, s, test.target, test.hostname)
			if test.problem != "" {
				if err == nil || !strings.Contains(err.Error(), test.problem) || strings.Contains(err.Error(), "hunter2") {
					t.Errorf("got %v, want %q", err, test.problem)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var hosts []string
			for _, h := range aim.Hosts {
				hosts = append(hosts, h.HostPort())
			}
			if diff := cmp.Diff(test.hosts, hosts); diff != "" {
				t.Errorf("hosts (-want +got)\n%s", diff)
			}
			if aim.Target.HostPort() != test.at || aim.Target.Path != "" {
				t.Errorf("the target is %s%s, want %s", aim.Target.HostPort(), aim.Target.Path, test.at)
			}
		})
	}
}

func TestLogonsAtTheBareDomain(t *testing.T) {
	t.Parallel()
	for settings, want := range map[string]int{"": 1, "bare_domain_logon: true": 2} {
		s, _, err := load(t, settings)
		if err != nil {
			t.Fatal(err)
		}
		if aim, err := prober.AimOf(Definition, s, "a@contoso.com", ""); err != nil || len(aim.Logons) != want {
			t.Errorf("%q: %v, %v", settings, aim.Logons, err)
		}
	}
}
