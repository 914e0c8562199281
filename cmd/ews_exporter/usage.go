package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kingpin/v2"

	"github.com/ews-exporter/ews_exporter/internal/suggest"
	"github.com/ews-exporter/ews_exporter/probes"
)

// usageTemplate is kingpin's, with examples at its end.
var usageTemplate = kingpin.DefaultUsageTemplate + `{{if .Context.SelectedCommand -}}
{{with .Context.SelectedCommand.HelpLong}}Examples:
{{.}}
{{end -}}
{{else}}Examples:
` + examples + `
{{end -}}
`

// The examples are of the first prober in the list, and of the first finding that it declares.
var (
	example  = probes.All()[0]
	examples = fmt.Sprintf(`  ews_exporter probe %s mail.contoso.com --username 'CONTOSO\me'
  ews_exporter finding %s
  ews_exporter --config.file=ews_exporter.yml`, example.Name, example.Findings[0].Code)
	probeExamples = fmt.Sprintf(`  ews_exporter probe %[1]s mail.contoso.com --username 'CONTOSO\me'
  ews_exporter probe %[1]s mail.contoso.com --username 'CONTOSO\me' --direct ex01.contoso.com,ex02.contoso.com
  ews_exporter probe --all mail.contoso.com --config.file=ews_exporter.yml`, example.Name)
)

// mistake says what is wrong with a command line that cannot be read.
func (c *command) mistake(app *kingpin.Application, args []string, err error) int {
	var commands []string
	for _, m := range app.Model().Commands {
		commands = append(commands, m.Name)
	}
	for _, arg := range args {
		if slices.Contains(commands, arg) {
			c.selected = arg
			break
		}
	}
	said := strings.TrimPrefix(err.Error(), "time: ")
	if word, ok := strings.CutPrefix(said, "unexpected "); ok && c.selected == "" {
		text := fmt.Sprintf("unknown command %s: there are %s", strconv.Quote(word), strings.Join(commands, ", "))
		if near := suggest.Nearest(word, commands); near != "" {
			text += "; did you mean " + near + "?"
		}
		return c.usage("%s", text)
	}
	if strings.HasPrefix(said, "missing unit in duration") {
		said += ": write it with its unit, such as 5s"
	}
	return c.usage("%s", said)
}

// usage says what is wrong with the command line, and where to read on.
func (c *command) usage(format string, args ...any) int {
	help := name
	if c.selected != "" {
		help += " " + c.selected
	}
	_, _ = fmt.Fprintf(c.stderr, "%s: %s\nTry %s --help.\n", name, fmt.Sprintf(format, args...), help)
	return exitUsage
}
