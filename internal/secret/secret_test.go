package secret

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

const marker = "Pa55-Marker"

// holder holds secrets as structs of ours do, by value, by pointer, exported and not.
type holder struct {
	Exported Secret
	Pointer  *Secret
	hidden   Secret
}

func TestSecretIsNeverPrinted(t *testing.T) {
	t.Parallel()
	s := New(marker)
	h := holder{Exported: s, Pointer: &s, hidden: s}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "%T", "%10.3s"} {
		for name, v := range map[string]any{"secret": s, "pointer": &s, "struct": h, "pointer to struct": &h, "source": FromValue(marker), "map": map[string]Secret{"k": s}} {
			hides(t, verb+" of a "+name, fmt.Sprintf(verb, v))
		}
	}
	if got := fmt.Sprintf("%v %q %x", s, s, s); got != "<secret> <secret> <secret>" {
		t.Errorf("got %s", got)
	}
	if s.Reveal() != marker || (Secret{}).Reveal() != "" {
		t.Error("Reveal does not return the secret")
	}
}

func TestSecretIsNeverEncoded(t *testing.T) {
	t.Parallel()
	s := New(marker)
	h := holder{Exported: s, Pointer: &s, hidden: s}
	j, err := json.Marshal(h)
	check(t, err)
	hides(t, "JSON", string(j))
	y, err := yaml.Marshal(h)
	check(t, err)
	hides(t, "YAML", string(y))
	if !strings.Contains(string(y), "exported: <secret>") {
		t.Errorf("YAML is %s", y)
	}
	x, err := xml.Marshal(h)
	check(t, err)
	hides(t, "XML", string(x))
	var log bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewJSONHandler(&log, nil), slog.NewTextHandler(&log, nil)} {
		slog.New(handler).Info("m", "secret", s, "pointer", &s, "holder", h)
	}
	hides(t, "a log", log.String())
}

func TestFingerprintTellsSecretsApart(t *testing.T) {
	t.Parallel()
	a, b := New(marker).Fingerprint(), New(marker+"x").Fingerprint()
	if a == b || a != New(marker).Fingerprint() {
		t.Errorf("fingerprints %s and %s", a, b)
	}
	hides(t, "a fingerprint", a)
}

func hides(t *testing.T, what, text string) {
	t.Helper()
	for _, form := range []string{marker, fmt.Sprintf("%x", marker), fmt.Sprintf("%X", marker)} {
		if strings.Contains(text, form) {
			t.Errorf("%s shows the secret: %s", what, text)
		}
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
