package main

import (
	"io/fs"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// exporterAddress is an address of the exporter in an example.
var exporterAddress = regexp.MustCompile(`([\w.\-]+|\[[0-9a-f:]+\]):10501\b`)

// exampleNames are the hosts by which the files below folder that match suffixes ask the exporter, each with a file that does.
func exampleNames(t *testing.T, folder string, suffixes ...string) map[string]string {
	t.Helper()
	names := map[string]string{}
	err := filepath.WalkDir(filepath.Join("..", "..", folder), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		for _, suffix := range suffixes {
			if !strings.HasSuffix(path, suffix) {
				continue
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, m := range exporterAddress.FindAllStringSubmatch(string(text), -1) {
				names[m[1]] = path
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// byName asks the exporter at url as one who knows it by this name does.
func byName(t *testing.T, url, name string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = name + ":10501"
	answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

// TestShippedExamplesAskByAKnownName: whoever scrapes as the shipped files and the documentation have it is answered without a
// flag, or is told on the same page which one to set.
func TestShippedExamplesAskByAKnownName(t *testing.T) {
	t.Parallel()
	url := begin(t, "--web.listen-address=127.0.0.1:0").url(t)
	deployed := exampleNames(t, "deploy", ".yml", ".yaml", ".service")
	if deployed["ews-exporter"] == "" || deployed["127.0.0.1"] == "" {
		t.Errorf("found in deploy: %v", deployed)
	}
	for name, file := range deployed {
		if code := byName(t, url, name); code != http.StatusOK {
			t.Errorf("%s asks %s, which is answered %d", file, name, code)
		}
	}
	for name, file := range exampleNames(t, "docs", ".md") {
		page, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if code := byName(t, url, name); code != http.StatusOK && !strings.Contains(string(page), "--web.allow-host="+name) {
			t.Errorf("%s asks %s, which is answered %d, and does not name the flag", file, name, code)
		}
	}
	if code := byName(t, url, "exporter.attacker.example"); code != http.StatusForbidden {
		t.Errorf("a foreign name is answered %d", code)
	}
}

// TestAllowHost: further names, by the flag.
func TestAllowHost(t *testing.T) {
	t.Parallel()
	url := begin(t, "--web.listen-address=127.0.0.1:0", "--web.allow-host=exporter.contoso.com", "--web.allow-host=*.fabrikam.com").url(t)
	for name, want := range map[string]int{
		"exporter.contoso.com": 200, "a.fabrikam.com": 200, "other.contoso.com": 403, "fabrikam.com": 403,
	} {
		if code := byName(t, url, name); code != want {
			t.Errorf("%s is answered %d, want %d", name, code, want)
		}
	}
	own, err := os.Hostname()
	if _, address := netip.ParseAddr(own); err == nil && address != nil {
		if code := byName(t, url, own); code != http.StatusOK {
			t.Errorf("the machine's own name, %s, is answered %d", own, code)
		}
	}
	got := execute(t, "", "--web.allow-host=exporter.contoso.com:10501")
	if got.code != exitUsage || !strings.Contains(got.errors, "--web.allow-host") {
		t.Errorf("a port in the name: exit %d, %s", got.code, got.errors)
	}
}
