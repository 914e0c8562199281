// Package account writes the PowerShell that makes the account of probes, with what the configured modules need and no more.
//
// Everything that comes from the configuration goes through quote, and into comments through remark, so that no name is more than
// a name. The cmdlets are documented ones; each stands with the page that documents it.
package account

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"unicode/utf16"

	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/prober"
)

// Need is what the modules of one account need together.
type Need struct {
	Username string   // as the configuration has it: DOMAIN\name, name@domain, or a name
	Modules  []string // that log on with it, in order
	prober.Account
	ActsAs []string // accounts that modules impersonate
}

// Add takes what one module needs.
func (n *Need) Add(module string, a *prober.Account, actsAs string) {
	n.Modules = append(n.Modules, module)
	if a != nil {
		n.Mailbox = n.Mailbox || a.Mailbox || len(a.Enabled) > 0
		for _, way := range a.Enabled {
			if !slices.Contains(n.Enabled, way) {
				n.Enabled = append(n.Enabled, way)
			}
		}
	}
	if actsAs != "" && !slices.Contains(n.ActsAs, actsAs) {
		n.ActsAs = append(n.ActsAs, actsAs)
	}
}

// Name is the account's own name, without its domain: its SAM account name.
func (n *Need) Name() string {
	name := n.Username
	if _, after, ok := strings.Cut(name, `\`); ok {
		name = after
	}
	name, _, _ = strings.Cut(name, "@")
	return name
}

// Principal is the user principal name, where the configuration has it; else empty.
func (n *Need) Principal() string {
	if strings.Contains(n.Username, `\`) || !strings.Contains(n.Username, "@") {
		return ""
	}
	return n.Username
}

// maxName is how long the names of scopes and of role assignments may be (New-ManagementScope, New-ManagementRoleAssignment).
const maxName = 64

// Own is the name of what is made for this account alone, with room for a number behind it.
func (n *Need) Own() string { return plain.Cut("ews_exporter "+n.Name(), maxName-4) }

// Way is a way into a mailbox, and whether it stays open.
type Way struct {
	Parameter string
	On        bool
}

// ways are those that Set-CASMailbox opens and closes. MapiHttpEnabled is left alone unless it is needed: it is nothing
// without MAPIEnabled.
var ways = []string{
	"OWAEnabled", "OWAforDevicesEnabled", "ECPEnabled", "ActiveSyncEnabled",
	prober.EwsEnabled, prober.MAPIEnabled, prober.ImapEnabled, prober.PopEnabled,
}

// Ways are all, each open or closed.
func (n *Need) Ways() []Way {
	var all []Way
	for _, way := range ways {
		all = append(all, Way{way, slices.Contains(n.Enabled, way)})
	}
	if slices.Contains(n.Enabled, prober.MapiHTTPEnabled) {
		all = append(all, Way{prober.MapiHTTPEnabled, true})
	}
	return all
}

// Limit is a parameter of New-ThrottlingPolicy.
type Limit struct {
	Parameter string
	Value     int
}

// limits are what an account may do by each way in. For EWS: four requests at once, and of each five minutes as much as one
// request at a time may take; see "User workload management in Exchange Server".
var limits = map[string][]Limit{
	prober.EwsEnabled:  {{"EwsMaxConcurrency", 4}, {"EwsMaxBurst", 60000}, {"EwsRechargeRate", 300000}, {"EwsCutoffBalance", 600000}},
	prober.ImapEnabled: {{"ImapMaxConcurrency", 4}},
	prober.PopEnabled:  {{"PopMaxConcurrency", 4}},
}

// Limits are those of the throttling policy; none where no way in has any.
func (n *Need) Limits() []Limit {
	var all []Limit
	for _, way := range ways {
		if slices.Contains(n.Enabled, way) {
			all = append(all, limits[way]...)
		}
	}
	return all
}

//go:embed script.ps1.tmpl
var source string

var script = template.Must(template.New("").Funcs(template.FuncMap{
	"quote":  quote,
	"remark": remark,
	"yes":    func(b bool) string { return map[bool]string{true: "$true", false: "$false"}[b] },
	"joined": func(names []string) string { return strings.Join(names, ", ") },
	"doc":    doc,
}).Parse(source))

// Script is for these accounts; version is the exporter's.
func Script(needs []Need, version string) string {
	var b strings.Builder
	accounts := make([]*Need, len(needs))
	for i := range needs {
		accounts[i] = &needs[i]
	}
	if err := script.Execute(&b, struct {
		Version  string
		Accounts []*Need
	}{version, accounts}); err != nil {
		panic(err) // writing to memory does not fail, and the template is ours
	}
	return b.String()
}

// quote is s as an expression of PowerShell that gives just s: in single quotation marks nothing is expanded, and a mark is
// written twice. Only ASCII stands in it, and all else by its number: PowerShell takes U+2018 to U+201B for quotation marks too
// (language specification, §2.3.5.2), and Windows PowerShell reads a file without a byte order mark in the machine's own code page, in
// which a part of any other letter may be one.
func quote(s string) string {
	var parts []string
	var run strings.Builder
	end := func() {
		if run.Len() > 0 {
			parts = append(parts, "'"+run.String()+"'")
			run.Reset()
		}
	}
	for _, r := range s {
		switch {
		case r == '\'':
			run.WriteString("''")
		case r >= ' ' && r <= '~':
			run.WriteRune(r)
		default:
			end()
			for _, unit := range utf16.Encode([]rune{r}) {
				parts = append(parts, fmt.Sprintf("[char]0x%04x", unit))
			}
		}
	}
	end()
	switch {
	case len(parts) == 0:
		return "''"
	case len(parts) == 1 && parts[0][0] == '\'':
		return parts[0]
	case parts[0][0] != '\'':
		parts = append([]string{"''"}, parts...) // so that characters are joined and not added
	}
	return "(" + strings.Join(parts, " + ") + ")"
}

// remark is s for a comment, which ends with its line.
func remark(s string) string {
	return strings.Trim(strconv.QuoteToASCII(s), `"`)
}

// doc is the page of Microsoft Learn that documents a cmdlet.
func doc(cmdlet string) string {
	module := "powershell/module/exchangepowershell/"
	switch {
	case strings.Contains(cmdlet, "-AD"):
		module = "powershell/module/activedirectory/"
	case strings.HasSuffix(cmdlet, "-Host"):
		module = "powershell/module/microsoft.powershell.utility/"
	}
	return "https://learn.microsoft.com/" + module + strings.ToLower(cmdlet)
}
