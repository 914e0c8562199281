package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestOneAccountUnderTwoNames is warned of, and two spellings that are known to be one are not.
func TestOneAccountUnderTwoNames(t *testing.T) {
	t.Parallel()
	for other, warned := range map[string]bool{`CONTOSO\svc`: false, "svc@contoso.com": false, "svc": true, "svc@contoso-mail.org": true, `CONTOSO\backup`: false} {
		file := filepath.Join(t.TempDir(), "ews.yml")
		text := "auths:\n  a: {username: 'CONTOSO\\svc', password: long-enough-1, schemes: [ntlm], targets: [mail.contoso.com]}\n  b: {username: '" + other +
			"', password: long-enough-1, schemes: [ntlm], targets: [mail.contoso.com]}\npolicy: {allow: [mail.contoso.com]}\n"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Load([]string{file}, kinds)
		if err != nil {
			t.Fatal(err)
		}
		said := false
		for _, w := range c.Warnings {
			said = said || w.Field == "auths.b.username" && strings.Contains(w.Text, "four logons")
		}
		if said != warned {
			t.Errorf("%s: warned %t, want %t: %v", other, said, warned, c.Warnings)
		}
	}
}
