//go:build unix

package main

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/kerberos"
	"github.com/ews-exporter/ews_exporter/internal/oauth"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/secret"
	"github.com/ews-exporter/ews_exporter/probes"
)

// withoutFiles in its environment makes the test below be its own child, which may open no file.
const withoutFiles = "EWS_EXPORTER_TEST_WITHOUT_FILES"

// TestNobodyIsBlamedForOurFiles: when no file can be opened, every prober fails for that, whether at the name or at the address,
// and so does what reads a secret or asks a KDC or a token URL.
func TestNobodyIsBlamedForOurFiles(t *testing.T) {
	if os.Getenv(withoutFiles) == "" {
		t.Parallel()
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestNobodyIsBlamedForOurFiles$", "-test.v")
		child.Env = append(os.Environ(), withoutFiles+"=yes")
		if out, err := child.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestNobodyIsBlamedForOurFiles") {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	takeFiles(t)
	for _, d := range probes.All() {
		targets := []string{"192.0.2.1", "mail.contoso.invalid"}
		if slices.ContainsFunc(d.Paths, func(p prober.Path) bool { return p.Way == prober.ByDomain }) {
			targets = []string{"probe@contoso.invalid"}
		}
		for _, target := range targets {
			if f := failureOf(t, d.Name, target); f == nil || f.Stage != failure.Internal || f.Reason != failure.OutOfFiles {
				t.Errorf("%s of %s: %+v", d.Name, target, f)
			}
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	password := secret.New("secret")
	_, err := auth.Credential{Name: "monitor", Secret: secret.FromFile(file)}.Login()
	told(t, "a secret's file", err)
	_, err = auth.Credential{Name: "monitor", KeyFile: file}.Login()
	told(t, "a keytab", err)
	_, err = oauth.New(oauth.Settings{URL: "https://192.0.2.1/token"}).Token(ctx, password, func(context.Context) (oauth.Verdict, error) { return noVerdict{}, nil })
	told(t, "a token URL", err)
	realm := kerberos.Settings{Realm: "CONTOSO.COM", KDCs: map[string][]string{"CONTOSO.COM": {"192.0.2.1:88", "192.0.2.2:88"}}}
	_, err = kerberos.New(realm).Token(ctx, kerberos.Login{Username: "probe", Material: []byte("secret")}, "mail.contoso.com", nil,
		func(context.Context) (kerberos.Verdict, error) { return noVerdict{}, nil })
	told(t, "a KDC", err)
}

// takeFiles lets this process open no more files. What Go's runtime needs for itself it has by then.
func takeFiles(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	var usual syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &usual); err != nil {
		t.Fatal(err)
	}
	none := usual
	none.Cur = 0
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &none); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &usual) })
	if _, err := os.Open(os.Args[0]); failure.Shortage(err) != failure.OutOfFiles {
		t.Fatalf("files can be opened still: %v", err)
	}
}

// failureOf is why a probe failed.
func failureOf(t *testing.T, module, target string) *failure.Failure {
	t.Helper()
	got := execute(t, "", "probe", "--json", "--timeout=8s", module, target)
	var r struct{ Failure *failure.Failure }
	if err := json.Unmarshal([]byte(got.out), &r); err != nil {
		t.Errorf("%s of %s: %v: %s", module, target, err, got.errors)
	}
	return r.Failure
}

func told(t *testing.T, what string, err error) {
	t.Helper()
	if !failure.Is(err, failure.Internal, failure.OutOfFiles) {
		t.Errorf("%s: %v", what, err)
	}
}

type noVerdict struct{}

func (noVerdict) Accepted()    {}
func (noVerdict) Refused(bool) {}
func (noVerdict) Unknown()     {}
func (noVerdict) Unsent()      {}
