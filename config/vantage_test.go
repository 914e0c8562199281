package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestVantage: an exporter looks from inside unless one of its files says otherwise.
func TestVantage(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		files   []string
		want    Vantage
		problem string
	}{
		"by default":   {[]string{"policy: {allow: [contoso.com]}\n"}, Inside, ""},
		"inside":       {[]string{"vantage: inside\n"}, Inside, ""},
		"outside":      {[]string{"policy: {allow: [contoso.com]}\n", "vantage: outside\n"}, Outside, ""},
		"misspelt":     {[]string{"vantage: outsde\n"}, "", "did you mean outside?"},
		"said twice":   {[]string{"vantage: outside\n", "vantage: inside\n"}, "", "a.yml:1 says it already"},
		"not a single": {[]string{"vantage: [outside]\n"}, "", "vantage"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			var paths []string
			for i, text := range tt.files {
				paths = append(paths, filepath.Join(dir, string(rune('a'+i))+".yml"))
				if err := os.WriteFile(paths[i], []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			c, err := Load(paths, nil)
			switch {
			case tt.problem != "" && (err == nil || !strings.Contains(err.Error(), tt.problem)):
				t.Fatalf("the mistake is told as %v", err)
			case tt.problem == "" && err != nil:
				t.Fatal(err)
			case tt.problem != "":
				return
			}
			shown, err := c.Redacted()
			if c.Vantage != tt.want || err != nil || !strings.Contains(string(shown), "vantage: "+string(tt.want)) {
				t.Errorf("it looks from %q, and shows\n%s", c.Vantage, shown)
			}
		})
	}
}
