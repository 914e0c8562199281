package main

import (
	"strings"
	"text/template"

	"github.com/alecthomas/kingpin/v2"
)

// roff escapes a text for a manual page (groff_man(7)): a backslash is written as such, a hyphen is one that can be searched
// for and copied, and no line of text begins as a request does.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "`", `\(ga`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}

var manualFuncs = template.FuncMap{"roff": roff, "examples": func() string { return examples }}

// The manual page that --help-man prints has what somebody looks for who has only the package: kingpin's has no more than
// the flags. Its completions ask with the word that is being typed, which kingpin takes for an argument of the default command.
func init() {
	kingpin.ManPageTemplate, kingpin.BashCompletionTemplate, kingpin.ZshCompletionTemplate = manualTemplate, bashCompletion, zshCompletion
}

const bashCompletion = `_ews_exporter() {
    local cur=${COMP_WORDS[COMP_CWORD]} before=("${COMP_WORDS[@]:1:COMP_CWORD-1}")
    [[ $cur != -* ]] || before+=("$cur")
    COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" --completion-bash "${before[@]}" 2>/dev/null)" -- "$cur"))
}
complete -F _ews_exporter -o default ews_exporter
`

const zshCompletion = `#compdef ews_exporter
_ews_exporter() {
    local -a before matches
    before=("${(@)words[2,CURRENT-1]}")
    [[ $words[CURRENT] != -* ]] || before+=("$words[CURRENT]")
    matches=("${(@f)$($words[1] --completion-bash $before 2>/dev/null)}")
    compadd -a matches || _files
}
if [[ $funcstack[1] == _ews_exporter ]]; then _ews_exporter "$@"; else compdef _ews_exporter ews_exporter; fi
`

const manualTemplate = `{{define "flags"}}{{range .Flags}}{{if not .Hidden -}}
.TP
\fB{{if .Short}}\-{{.Short|Char}}\fR, \fB{{end}}\-\-{{.Name|roff}}\fR{{if not .IsBoolFlag}}=\fI{{.FormatPlaceHolder|roff}}\fR{{end}}
{{.Help|roff}}
{{end}}{{end}}{{end -}}
.TH EWS_EXPORTER 1 "" "ews_exporter" "User Commands"
.SH NAME
ews_exporter \- Prometheus exporter that tells which box between client and mailbox broke the protocol
.SH SYNOPSIS
.B ews_exporter
[\fIflags\fR] [\fIcommand\fR] [\fIarguments\fR]
.SH DESCRIPTION
{{.App.Help|roff}}
.PP
It is meant to run where clients stand: in front of the load balancer, and not on a mailbox server.
.SH OPTIONS
{{template "flags" .App -}}
.SH COMMANDS
{{range .App.FlattenedCommands}}{{if not .Hidden -}}
.SS {{.FullCommand}}{{range .Args}} {{if not .Required}}[{{end}}{{.Name}}{{if not .Required}}]{{end}}{{end}}
{{.Help|roff}}
{{range .Args -}}
.TP
.I {{.Name}}
{{.Help|roff}}
{{end}}{{template "flags" .}}{{end}}{{end -}}
.SH EXIT STATUS
.TP
.B 0
All is well.
.TP
.B 1
A probe failed, a file has mistakes, or the exporter could not start.
.TP
.B 2
The command line is wrong, or nothing was probed.
.TP
.B 3
Nothing failed, and a probe decided nothing of what it is for.
.SH SIGNALS
SIGHUP reads the configuration again. SIGTERM and SIGINT stop: probes in flight have 25 seconds to finish. A second one ends the
process at once.
.SH FILES
Where the package puts them, and its service looks for them:
.TP
.I /etc/ews_exporter/ews_exporter.yml
The configuration. Everybody may read it: secrets stand in files of their own, for root alone.
.TP
.I /etc/default/ews_exporter
More flags of the service.
.TP
.I /var/lib/ews_exporter
What the service remembers over restarts: which auths are suspended. No secret is in it.
.SH EXAMPLES
.nf
{{examples|roff}}
.fi
.SH SEE ALSO
.BR systemctl (1),
.BR systemd.exec (5),
.BR prometheus (1).
The pages of documentation are at https://github.com/ews\-exporter/ews_exporter, those of findings in the program itself:
.BR "ews_exporter finding" .
`
