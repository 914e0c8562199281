package authcertificate_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
	"github.com/ews-exporter/ews_exporter/internal/test/waiting"
	"github.com/ews-exporter/ews_exporter/probes/authcertificate"
)

func TestMain(m *testing.M) { waiting.VerifyTestMain(m) }

// ask probes a site with this document, by these settings.
func ask(t *testing.T, settings, document string) *result.Result {
	t.Helper()
	p := script.HTTPS(t, script.Answers(script.Responds("200 OK", "Content-Type: application/json\r\n", document)))
	p.Keys = []string{"auth_certificate: " + settings}
	file, err := p.WriteConfig(t.TempDir(), authcertificate.Definition.Name)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load([]string{file}, []prober.Definition{authcertificate.Definition})
	if err != nil {
		t.Fatal(err)
	}
	r := runner.New(runner.Options{
		Config: func() *config.Config { return cfg }, Gate: auth.NewGate(time.Now), Resolver: p.Resolver, Version: "test", Log: slog.New(slog.DiscardHandler),
	})
	answer, err := r.Probe(t.Context(), runner.Request{Module: "auth_certificate", Target: p.Target})
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
	for _, f := range r.Findings {
		words = append(words, f.Code)
	}
	return strings.Join(words, " ")
}

// authority is a CA's folder of openssl, whose certificates sign themselves.
const authority = `[ca]
default_ca = own
[own]
new_certs_dir = DIR
database = DIR/index
rand_serial = yes
unique_subject = no
default_md = sha256
policy = any
[any]
commonName = supplied
[req]
distinguished_name = name
[name]
`

// openssl makes certificates by the program.
type openssl struct{ program, dir string }

func newOpenSSL(t *testing.T) *openssl {
	t.Helper()
	o := &openssl{servers.Need(t, "openssl"), t.TempDir()}
	for name, text := range map[string]string{"ca.conf": strings.ReplaceAll(authority, "DIR", o.dir), "index": ""} {
		if err := os.WriteFile(filepath.Join(o.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return o
}

func (o *openssl) run(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(o.program, args...) // #nosec G204 -- the test's own
	cmd.Dir = o.dir
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("openssl %s: %v\n%s", strings.Join(args, " "), err, said.String())
	}
	return out
}

const subject = "/CN=Microsoft Exchange Server Auth Certificate"

// made is a certificate in DER that signs itself, by these options of openssl req.
func (o *openssl) made(t *testing.T, options ...string) []byte {
	t.Helper()
	return o.run(t, append([]string{"req", "-x509", "-nodes", "-keyout", "/dev/null", "-subj", subject, "-outform", "DER"}, options...)...)
}

// between is one of RSA that is valid between two days from now.
func (o *openssl) between(t *testing.T, from, until int) []byte {
	t.Helper()
	at := func(days int) string { return time.Now().AddDate(0, 0, days).UTC().Format("20060102150405Z") }
	name := fmt.Sprint(from, until)
	o.run(t, "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", name+".key", "-subj", subject, "-out", name+".csr")
	o.run(t, "ca", "-batch", "-selfsign", "-notext", "-config", "ca.conf", "-in", name+".csr", "-keyfile", name+".key", "-startdate", at(from), "-enddate", at(until), "-out", name+".pem")
	return o.run(t, "x509", "-in", name+".pem", "-outform", "DER")
}

// facts are what openssl says of a certificate: its SHA-1 thumbprint as Windows writes it, and when it ends.
func (o *openssl) facts(t *testing.T, der []byte) (thumbprint string, end float64) {
	t.Helper()
	file := filepath.Join(o.dir, "facts.der")
	if err := os.WriteFile(file, der, 0o600); err != nil {
		t.Fatal(err)
	}
	said := string(o.run(t, "x509", "-inform", "DER", "-in", file, "-noout", "-fingerprint", "-sha1", "-enddate"))
	for line := range strings.Lines(said) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch {
		case strings.HasSuffix(strings.ToLower(name), "fingerprint"):
			thumbprint = strings.ReplaceAll(value, ":", "")
		case name == "notAfter":
			at, err := time.Parse("Jan _2 15:04:05 2006 MST", value)
			if err != nil {
				t.Fatal(err)
			}
			end = float64(at.Unix())
		}
	}
	return thumbprint, end
}

// TestOpenSSL: what openssl makes is read as openssl reads it, and the certificate that lasts longest decides.
func TestOpenSSL(t *testing.T) {
	t.Parallel()
	o := newOpenSSL(t)
	good, soon, ended := o.between(t, -10, 1000), o.between(t, -10, 30), o.between(t, -100, -10)
	longEnded := o.between(t, -200, -100)
	for name, tt := range map[string]struct {
		certificates [][]byte
		settings     string
		reports      string
	}{
		"RSA, as Exchange's":              {[][]byte{good}, "{}", "none"},
		"one that ends soon":              {[][]byte{soon}, "{}", "none auth_certificate_expiring"},
		"soon, and that does not matter":  {[][]byte{soon}, "{warn: 20d}", "none"},
		"one that has ended":              {[][]byte{ended}, "{}", "content/expired auth_certificate_expired"},
		"the former one first":            {[][]byte{ended, soon, good}, "{}", "none"},
		"the former one last":             {[][]byte{good, soon, ended}, "{}", "none"},
		"none that lasts":                 {[][]byte{ended, soon, longEnded}, "{}", "none auth_certificate_expiring"},
		"all ended":                       {[][]byte{longEnded, ended}, "{}", "content/expired auth_certificate_expired"},
		"the same twice":                  {[][]byte{good, good}, "{}", "none"},
		"a weak key and hash":             {[][]byte{o.made(t, "-newkey", "rsa:1024", "-sha1", "-days", "400")}, "{}", "none"},
		"a negative serial number":        {[][]byte{o.made(t, "-newkey", "rsa:2048", "-set_serial", "-5", "-days", "400")}, "{}", "none"},
		"a curve that Go does not know":   {[][]byte{o.made(t, "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp256k1", "-days", "400")}, "{}", "none"},
		"RSA-PSS":                         {[][]byte{o.made(t, "-newkey", "rsa-pss", "-days", "400")}, "{}", "none"},
		"a negative serial, ended before": {[][]byte{o.made(t, "-newkey", "rsa:2048", "-set_serial", "-6", "-days", "1")}, "{}", "none auth_certificate_expiring"},
	} {
		t.Run(name, func(t *testing.T) {
			var keys []map[string]any
			want := map[string]float64{}
			for _, der := range tt.certificates {
				keys = append(keys, lab.SigningKey(der))
				thumbprint, end := o.facts(t, der)
				want[thumbprint] = end
			}
			res := ask(t, tt.settings, lab.Metadata(keys...))
			if got := reports(res); got != tt.reports {
				t.Errorf("it reports %s (%v), want %s", got, res.Failure, tt.reports)
			}
			if len(res.Samples) != len(want) {
				t.Errorf("%d samples, want %d", len(res.Samples), len(want))
			}
			for _, s := range res.Samples {
				if end, there := want[s.Labels[0]]; !there || end != s.Value {
					t.Errorf("%s ends at %v, and openssl says %v", s.Labels[0], s.Value, end)
				}
			}
		})
	}
}

// TestEightSeries: of many certificates those that last longest are told of.
func TestEightSeries(t *testing.T) {
	t.Parallel()
	var keys []map[string]any
	for i := range 20 {
		keys = append(keys, lab.SigningKey(lasting(t, time.Duration(i+1)*24*time.Hour)))
	}
	res := ask(t, "{warn: 0s}", lab.Metadata(keys...))
	if got := reports(res); got != "none" || len(res.Samples) != 8 {
		t.Fatalf("it reports %s, with %d samples, want 8", got, len(res.Samples))
	}
	soonest := math.Inf(1)
	for _, s := range res.Samples {
		soonest = min(soonest, s.Value)
	}
	if after := time.Now().Add(12 * 24 * time.Hour).Unix(); soonest < float64(after) {
		t.Errorf("one of the eight ends before others that are left out")
	}
	if res.Samples[0].Value < slices.MaxFunc(res.Samples, func(a, b result.Sample) int { return int(a.Value - b.Value) }).Value {
		t.Error("the first is not the one that lasts longest")
	}
}

// lasting is a certificate that ends in so long.
func lasting(t *testing.T, left time.Duration) []byte {
	t.Helper()
	return script.Signed(tls.Certificate{}, key, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(left) }).Certificate[0]
}

var key = script.Key()
