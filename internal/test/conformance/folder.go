package conformance

import (
	"fmt"
	"io/fs"
	"path"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/ews-exporter/ews_exporter/internal/markdown"
	"github.com/ews-exporter/ews_exporter/internal/prober"
)

// bringsItsFolder holds that the folder has the prober's page, with its settings, and a page for each of its findings.
func bringsItsFolder(x *Examination, complain complain) {
	page, err := fs.ReadFile(x.Folder, "README.md")
	if err != nil || !strings.HasPrefix(string(page), "# ") {
		complain("%s lacks README.md, its page, which begins with a heading", x.folder())
	}
	const security = "In the eyes of security monitoring"
	if markdown.Section(string(page), security) == "" {
		complain("README.md in %s lacks the section %s: what others log of a probe, and which exception to ask for", x.folder(), security)
	}
	explainsItsSettings(x, markdown.Section(string(page), "Settings"), complain)
	for _, f := range x.Definition.Findings {
		hasItsPage(x, f, complain)
	}
	pages, _ := fs.Glob(x.Folder, "findings/*.md") // the pattern is well-formed
	for _, p := range pages {
		code := strings.TrimSuffix(path.Base(p), ".md")
		if !slices.ContainsFunc(x.Definition.Findings, func(f prober.Finding) bool { return f.Code == code }) {
			complain("%s in %s is the page of a finding that is not declared", p, x.folder())
		}
	}
}

// hasItsPage holds that a finding leads to a fix.
func hasItsPage(x *Examination, f prober.Finding, complain complain) {
	page, err := fs.ReadFile(x.Folder, "findings/"+f.Code+".md")
	by := "**Prober:** `" + x.Definition.Name + "`"
	if err != nil {
		if page, err = fs.ReadFile(x.Shared, f.Code+".md"); err != nil {
			complain("the finding %s has no page: write findings/%[1]s.md in %s", f.Code, x.folder())
			return
		}
		by = "**Prober:** "
	}
	for _, part := range []string{
		"# " + f.Code + "\n", "**Severity:** " + string(f.Severity), by, "**Owner:**",
		"## What it means", "## How sure is it", "## The fix", "**Scope", "## Verify",
	} {
		if !strings.Contains(string(page), part) {
			complain("the page of the finding %s lacks %q", f.Code, part)
		}
	}
}

// explainsItsSettings holds that the table of the page has a row for each setting, with its default.
func explainsItsSettings(x *Examination, table string, complain complain) {
	settings := reflect.ValueOf(x.Definition.New()).Elem()
	for _, field := range reflect.VisibleFields(settings.Type()) {
		key, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		if key == "" || key == "-" {
			continue
		}
		_, row, found := strings.Cut(table, "\n| `"+key+"` |")
		if !found {
			complain("README.md in %s: its section Settings has no row for `%s`", x.folder(), key)
			continue
		}
		cells := append(strings.SplitN(row, "|", 3), "", "")
		if want := written(settings.FieldByIndex(field.Index)); want != "" && strings.TrimSpace(cells[1]) != want {
			complain("README.md in %s: the default of `%s` is %s, and its row says %s", x.folder(), key, want, strings.TrimSpace(cells[1]))
		}
	}
}

// written is a default as the page writes it; empty for none, and for what has a meaning of its own where it is not set.
func written(v reflect.Value) string {
	switch value := v.Interface().(type) {
	case bool:
		return fmt.Sprintf("`%t`", value)
	case time.Duration:
		return "`" + model.Duration(value).String() + "`"
	}
	switch {
	case v.IsZero():
		return ""
	case v.Kind() == reflect.Slice:
		var parts []string
		for i := range v.Len() {
			parts = append(parts, fmt.Sprint(v.Index(i)))
		}
		return "`[" + strings.Join(parts, ", ") + "]`"
	}
	return fmt.Sprintf("`%v`", v)
}
