package docs_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/deploy"
)

// TestTenMinutes: whoever follows the page word by word takes files that are there, and changes in the configuration what
// stands in it.
func TestTenMinutes(t *testing.T) {
	page, err := os.ReadFile("ten-minutes.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```yaml\n(auths:.*?)```").FindSubmatch(page)
	if block == nil || !strings.Contains(string(deploy.ConfigurationExample), string(block[1])) {
		t.Error("what the page shows of the configuration does not stand in the example")
	}
	taken := regexp.MustCompile(`~/ews_exporter/(\S+)`).FindAllSubmatch(page, -1)
	for _, m := range taken {
		if _, err := os.Stat("../" + string(m[1])); err != nil {
			t.Error(err)
		}
	}
	if len(taken) < 2 {
		t.Errorf("the page takes %d files from the repository", len(taken))
	}
}

// TestReceiversOfThePage: what the page puts in place of the example's receivers has all that the example's routes name.
func TestReceiversOfThePage(t *testing.T) {
	page, err := os.ReadFile("ten-minutes.md")
	if err != nil {
		t.Fatal(err)
	}
	example, err := os.ReadFile("../alerts/alertmanager.example.yml")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```yaml\n(receivers:.*?)```").FindSubmatch(page)
	if block == nil {
		t.Fatal("the page has no receivers")
	}
	routed := regexp.MustCompile(`(?m)^ +receiver: (\S+)$`).FindAllSubmatch(example, -1)
	for _, m := range routed {
		if !regexp.MustCompile(`\bname: ` + string(m[1]) + `\b`).Match(block[1]) {
			t.Errorf("the example has a route to %s, and the page no such receiver", m[1])
		}
	}
	if len(routed) < 5 {
		t.Errorf("%d routes", len(routed))
	}
}

// TestOneSetOfPlaceholders: a reader who puts their own names in meets no other ones.
func TestOneSetOfPlaceholders(t *testing.T) {
	page, err := os.ReadFile("ten-minutes.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range regexp.MustCompile(`[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|org|net|test)\b`).FindAllString(string(page), -1) {
		if name != "github.com" && name != "contoso.com" && !strings.HasSuffix(name, ".contoso.com") {
			t.Errorf("%s is of another set of names", name)
		}
	}
	for _, word := range []string{"mbx", "fabrikam"} {
		if strings.Contains(string(page), word) {
			t.Errorf("%s is of another set of names", word)
		}
	}
}
