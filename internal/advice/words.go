package advice

import (
	"regexp"
	"slices"
	"strings"
)

// Word is one in capitals that a step, or what it tells, may hold in place of what only a probe, or the reader, knows.
type Word struct {
	Name  string
	Means string // what the reader puts in its place, where nothing is known of it: "is …" or "are …"
}

// Words are all of them.
var Words = []Word{
	{"MODULE", "is the module that found it"},
	{"TARGET", "is what it probed"},
	{"HOST", "is the host of what was probed"},
	{"PORT", "is the port that was probed"},
	{"SERVICE", "is the name that clients use"},
	{"SERVER", "is each of the servers behind that name in turn, by a name that resolves where you type"},
	{"SERVERNAME", "is the name of each server that was asked, because Exchange's own commands take no address"},
	{"SERVERS", "are the servers behind that name, as ex01,ex02"},
	{"BACKEND", "is the mailbox server that the request was for; where that is not known, each in turn"},
	{"CONFIG", "is the exporter's configuration: what its service is started with (systemctl cat ews_exporter, sc.exe qc ews_exporter)"},
	{"TIME", "is a minute before the failed probe, as 2026-01-31T23:59:00Z; Z is UTC"},
	{"PATH", "is the path that was asked for, as the report's URL has it"},
	{"APPLICATION", "is the application in IIS that serves what was asked, as Default Web Site/EWS"},
	{"LISTENER", "is the Windows service that should listen there, as W3SVC for what IIS serves"},
	{"AUTH", "is the module's auth"},
	{"USER", "is the user name of the module's auth, without its domain"},
	{"ADDRESS", "is the mailbox that the module asks: its mailbox or email, else that of its auth"},
	{"DOMAIN", "is the mail domain"},
	{"NAMESERVER", "is each of those that nslookup -type=NS shows"},
	{"ENDPOINT", "is the IP address that the report names"},
	{"PROXY", "is the module's proxy_url"},
}

var inText = regexp.MustCompile(`\b(` + strings.Join(names(), "|") + `)\b`)

func names() []string {
	var all []string
	for _, w := range Words {
		all = append(all, w.Name)
	}
	return all
}

// BeforeName is what stands before a server in Exchange's own commands, which know servers by their names and by no address.
const BeforeName = `(-Server |\b[GS]et-[A-Za-z]+ |')`

var byName = regexp.MustCompile(BeforeName + `(?:SERVER|BACKEND)\b`)

// ByName leaves open what Exchange's own commands take for word, SERVER or BACKEND, where only an address of it is known.
func ByName(text, word string) string {
	return byName.ReplaceAllStringFunc(text, func(found string) string {
		if before, of := strings.CutSuffix(found, word); of {
			return before + "SERVERNAME"
		}
		return found
	})
}

// Fill puts what is known in place of words; what known gives back empty stays.
func Fill(text string, known func(word string) string) string {
	return inText.ReplaceAllStringFunc(text, func(word string) string {
		if value := known(word); value != "" {
			return value
		}
		return word
	})
}

// Legend says what the words mean that are still in texts, each once.
func Legend(texts ...string) []string {
	left := inText.FindAllString(strings.Join(texts, " "), -1)
	var lines []string
	for _, w := range Words {
		if slices.Contains(left, w.Name) {
			lines = append(lines, w.Name+" "+w.Means+".")
		}
	}
	return lines
}
