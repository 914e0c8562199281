package account

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/ews-exporter/ews_exporter/internal/prober"
)

// documented are the cmdlets that a script may use, with the parameters that it may use of each, as their pages on Microsoft
// Learn have them. WhatIf comes by splatting.
var documented = map[string]string{
	"Get-User":       "Identity ErrorAction",
	"Get-Mailbox":    "Identity ErrorAction",
	"New-ADUser":     "Name SamAccountName UserPrincipalName AccountPassword Enabled KerberosEncryptionType",
	"Read-Host":      "AsSecureString Prompt",
	"Write-Host":     "",
	"Set-StrictMode": "Version",
	"Enable-Mailbox": "Identity", "Disable-Mailbox": "Identity", "Disable-ADAccount": "Identity",
	"Set-Mailbox":          "Identity HiddenFromAddressListsEnabled UseDatabaseQuotaDefaults ProhibitSendQuota ProhibitSendReceiveQuota",
	"Set-CASMailbox":       "Identity OWAEnabled OWAforDevicesEnabled ECPEnabled ActiveSyncEnabled EwsEnabled MAPIEnabled MapiHttpEnabled ImapEnabled PopEnabled",
	"Get-ThrottlingPolicy": "Identity ErrorAction", "Remove-ThrottlingPolicy": "Identity",
	"New-ThrottlingPolicy":            "Name ThrottlingPolicyScope EwsMaxConcurrency EwsMaxBurst EwsRechargeRate EwsCutoffBalance ImapMaxConcurrency PopMaxConcurrency",
	"Set-ThrottlingPolicyAssociation": "Identity ThrottlingPolicy",
	"Get-ManagementScope":             "Identity ErrorAction", "Remove-ManagementScope": "Identity",
	"New-ManagementScope":          "Name RecipientRestrictionFilter",
	"Get-ManagementRoleAssignment": "Identity ErrorAction", "Remove-ManagementRoleAssignment": "Identity",
	"New-ManagementRoleAssignment": "Name Role User CustomRecipientWriteScope",
}

// changing are the verbs of cmdlets that change something.
var changing = regexp.MustCompile(`^(New|Set|Enable|Disable|Remove)-`)

// token is a piece of PowerShell: a string in single quotation marks, one in double ones, a word, or a sign.
type token struct{ kind, text string }

// tokens reads a script as about_Quoting_Rules and about_Comments say; it fails where something is not closed.
func tokens(t *testing.T, script string) (all []token) {
	t.Helper()
	var open []rune
	closes := map[rune]rune{'(': ')', '{': '}', '[': ']'}
	text := []rune(script)
	for i := 0; i < len(text); {
		r := text[i]
		switch {
		case r > '~' || r < ' ' && r != '\n':
			t.Fatalf("%q is in the script: another code page would make something else of it", r)
		case r == '#':
			for i < len(text) && text[i] != '\n' {
				i++
			}
		case r == '\'' || r == '"':
			var s []rune
			s, i = literal(t, text, i)
			all = append(all, token{string(r), string(s)})
		case strings.ContainsRune("({[", r):
			open = append(open, closes[r])
			all = append(all, token{"sign", string(r)})
			i++
		case strings.ContainsRune(")}]", r):
			if len(open) == 0 || open[len(open)-1] != r {
				t.Fatalf("%q closes nothing, after %v", r, all[max(0, len(all)-8):])
			}
			open = open[:len(open)-1]
			all = append(all, token{"sign", string(r)})
			i++
		case r == ' ':
			i++
		case r == '\n' || strings.ContainsRune(",=;|&+`", r):
			all = append(all, token{"sign", string(r)})
			i++
		default:
			start := i
			for i < len(text) && !strings.ContainsRune(" \n\"'(){}[],=;|&#+`", text[i]) {
				i++
			}
			all = append(all, token{"word", string(text[start:i])})
		}
	}
	if len(open) > 0 {
		t.Fatalf("not closed: %q", string(open))
	}
	return all
}

// literal reads the string that begins at i, and gives what stands in it.
func literal(t *testing.T, text []rune, i int) (s []rune, after int) {
	t.Helper()
	mark := text[i]
	for i++; i < len(text); i++ {
		if text[i] != mark {
			s = append(s, text[i])
			continue
		}
		if mark == '"' || i+1 >= len(text) || text[i+1] != mark {
			return s, i + 1
		}
		s = append(s, mark)
		i++
	}
	t.Fatalf("a string is not closed: %.60q", string(s))
	return nil, 0
}

// commands checks that each cmdlet of a script is a documented one, with documented parameters, and that one that changes something
// is told -WhatIf; it gives their names, in order.
func commands(t *testing.T, script string) (names []string) {
	t.Helper()
	cmdlet := regexp.MustCompile(`^[A-Z][a-z]+-[A-Z]\w+$`)
	all := tokens(t, script)
	for i, tok := range all {
		if tok.kind != "word" || !cmdlet.MatchString(tok.text) {
			continue
		}
		names = append(names, tok.text)
		parameters, known := documented[tok.text]
		if !known {
			t.Errorf("%s is no documented cmdlet of this list", tok.text)
		}
		tries, depth := false, 0
		for _, next := range all[i+1:] {
			if next.kind == "sign" && strings.Contains("({[", next.text) {
				depth++
			}
			if next.kind == "sign" && strings.Contains(")}]", next.text) {
				depth--
			}
			if depth < 0 || next.text == "\n" {
				break
			}
			tries = tries || next.text == "@how"
			if name, is := strings.CutPrefix(next.text, "-"); is && next.kind == "word" && !slices.Contains(strings.Fields(parameters), name) {
				t.Errorf("%s has no documented parameter %q", tok.text, name)
			}
		}
		if changing.MatchString(tok.text) && tok.text != "Set-StrictMode" && !tries {
			t.Errorf("%s changes something and is not tried first", tok.text)
		}
	}
	return names
}

var everything = prober.Account{Mailbox: true, Enabled: []string{prober.EwsEnabled, prober.MAPIEnabled, prober.MapiHTTPEnabled, prober.ImapEnabled, prober.PopEnabled}}

// scripted is the script of one account.
func scripted(username, module, actsAs string, a *prober.Account) string {
	n := Need{Username: username}
	n.Add(module, a, actsAs)
	return Script([]Need{n}, "1.2.3")
}

// TestScriptsAreWhole: each parses, uses documented cmdlets alone, tries what it changes first, asks for the password, and undoes.
func TestScriptsAreWhole(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		script      string
		has, hasNot []string
	}{
		"nothing but a logon": {
			script: scripted(`CONTOSO\svc`, "rpc", "", nil),
			has:    []string{"New-ADUser", "Read-Host", "Disable-ADAccount"}, hasNot: []string{"Enable-Mailbox", "Set-CASMailbox", "New-ThrottlingPolicy", "New-ManagementScope"},
		},
		"a mailbox": {
			script: scripted("svc@contoso.com", "look-up", "", &prober.Account{Mailbox: true}),
			has:    []string{"Enable-Mailbox", "Set-CASMailbox", "Disable-Mailbox"}, hasNot: []string{"New-ThrottlingPolicy", "New-ManagementRoleAssignment"},
		},
		"everything": {
			script: scripted("svc", "sync", "boss@contoso.com", &everything),
			has:    []string{"New-ThrottlingPolicy", "Remove-ThrottlingPolicy", "New-ManagementScope", "New-ManagementRoleAssignment", "Remove-ManagementRoleAssignment", "Remove-ManagementScope"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := commands(t, test.script)
			for _, want := range test.has {
				if !slices.Contains(got, want) {
					t.Errorf("lacks %s", want)
				}
				if learn := "https://learn.microsoft.com/"; !strings.Contains(test.script, learn) || !strings.Contains(strings.ToLower(test.script), "/"+strings.ToLower(want)+"\n") && changing.MatchString(want) {
					t.Errorf("does not say where %s is documented", want)
				}
			}
			for _, not := range test.hasNot {
				if slices.Contains(got, not) {
					t.Errorf("has %s, and nothing needs it", not)
				}
			}
			if !strings.Contains(test.script, "It was not run on an Exchange") {
				t.Error("does not say that it was never run")
			}
		})
	}
}

// TestWaysThatNothingNeedsAreClosed, and those that are needed open.
func TestWaysThatNothingNeedsAreClosed(t *testing.T) {
	t.Parallel()
	script := scripted("svc", "sync", "", &prober.Account{Enabled: []string{prober.EwsEnabled}})
	for _, want := range []string{"-EwsEnabled $true", "-OWAEnabled $false", "-ECPEnabled $false", "-ActiveSyncEnabled $false", "-MAPIEnabled $false", "-ImapEnabled $false", "-PopEnabled $false"} {
		if !strings.Contains(script, want) {
			t.Errorf("lacks %s", want)
		}
	}
	if strings.Contains(script, "MapiHttpEnabled") || !strings.Contains(scripted("svc", "outlook", "", &everything), "-MapiHttpEnabled $true") {
		t.Error("MAPI over HTTP is not what it should be")
	}
}

// TestNamesInjectNothing: whatever a name holds, the script has the same commands, signs and words as with a harmless one, and
// says the name as it is.
func TestNamesInjectNothing(t *testing.T) {
	t.Parallel()
	shape := func(script string) []string {
		var all []string
		for _, tok := range tokens(t, script) {
			if tok.kind == "'" {
				tok.text = "string"
			}
			all = append(all, tok.text)
		}
		// An expression of several parts stands for one string.
		return strings.Fields(regexp.MustCompile(`\( string( \+ (string|\[ char \] 0x[0-9a-f]{4}))+ \)`).ReplaceAllString(strings.Join(all, " "), "string"))
	}
	want := shape(scripted("harmless", "sync", "boss", &everything))
	for _, name := range []string{
		"o'neil", "''; Remove-Mailbox x; '", `"; calc; "`, "$(calc)", "`nwhoami", "a\nRemove-Mailbox b", "a\r\n} else {", "#x", "<# x #>", "x; y | z & w", "{}()[]",
		"O\u2019Neil", "\u2018\u2019\u201a\u201b; calc", "\u2012\u2014 calc \u2019", "\u0085calc", "\u2028calc", "Müller", "😀", "$env:USERNAME", "-Force", "", "\x00", "a b",
	} {
		script := scripted(name, name, name+"x", &everything)
		if got := shape(script); !slices.Equal(got, want) {
			t.Errorf("%q changes the script: %s", name, script)
		}
		if got := said(t, quote(name)); got != name {
			t.Errorf("%q is said as %q", name, got)
		}
	}
}

// said is what PowerShell reads an expression of quote as.
func said(t *testing.T, expression string) string {
	t.Helper()
	var units []uint16
	for _, tok := range tokens(t, expression) {
		switch {
		case tok.kind == "'":
			for _, r := range tok.text {
				units = append(units, uint16(r)) //nolint:gosec // ASCII
			}
		case strings.HasPrefix(tok.text, "0x"):
			n, err := strconv.ParseUint(tok.text[2:], 16, 16)
			if err != nil {
				t.Fatal(err)
			}
			units = append(units, uint16(n))
		}
	}
	return string(utf16.Decode(units))
}

func FuzzQuote(f *testing.F) {
	f.Add("o'neil")
	f.Add("$(x)\u2019")
	f.Fuzz(func(t *testing.T, name string) {
		name = strings.ToValidUTF8(name, "?")
		if got := said(t, quote(name)); got != name {
			t.Errorf("%q is said as %q", name, got)
		}
	})
}
