package config

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRedactedShowsAllButSecrets(t *testing.T) {
	t.Parallel()
	c, err := Load([]string{"testdata/full.good.yml"}, kinds)
	check(t, err)
	got, err := c.Redacted()
	check(t, err)
	if *update {
		check(t, os.WriteFile("testdata/full.redacted.txt", got, 0o600))
	}
	want, err := os.ReadFile("testdata/full.redacted.txt")
	check(t, err)
	if diff := cmp.Diff(string(want), strings.ReplaceAll(string(got), `testdata\`, "testdata/")); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
	for _, secret := range []string{"hunter2", "everything", "Envelope", "BEGIN CERTIFICATE"} {
		if strings.Contains(string(got), secret) {
			t.Errorf("shows %q", secret)
		}
	}
}

func TestRedactedIsAConfiguration(t *testing.T) {
	t.Parallel()
	text, err := Default(kinds).Redacted()
	check(t, err)
	_, err = load(t, string(text))
	if err != nil {
		t.Errorf("%v\nin\n%s", err, text)
	}
}

func TestRedactedOfOneModule(t *testing.T) {
	t.Parallel()
	got, err := Default(kinds).Modules["pong"].Redacted()
	check(t, err)
	if !strings.HasPrefix(string(got), "pong:\n  prober: pong\n  timeout: 15s\n") || strings.Contains(string(got), "ping") {
		t.Errorf("got\n%s", got)
	}
}
