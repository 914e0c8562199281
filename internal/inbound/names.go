package inbound

import (
	"os"
	"strings"
)

// ownNames are this machine's names, as far as it knows them itself: no name server is asked, for one may not answer, and
// whoever answers in its place must not name the exporter. A name without a dot is made whole by the machine's domain.
func ownNames() []string {
	host, err := os.Hostname()
	if err != nil {
		return nil
	}
	names := append([]string{host}, systemNames()...)
	names = append(names, aliases(fileOf("/etc/hosts"), host)...)
	if !strings.Contains(strings.TrimSuffix(host, "."), ".") {
		for _, domain := range domains(fileOf("/etc/resolv.conf")) {
			names = append(names, host+"."+strings.TrimPrefix(domain, "."))
		}
	}
	return names
}

// fileOf is the text of a small file of the system, "" without it.
func fileOf(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(text)
}

// aliases are the names that stand in one line with host (hosts(5)).
func aliases(hosts, host string) []string {
	var all []string
	for line := range strings.Lines(hosts) {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		for _, name := range fields[1:] {
			if strings.EqualFold(name, host) {
				all = append(all, fields[1:]...)
				break
			}
		}
	}
	return all
}

// domains are the machine's domain and those that it searches (resolv.conf(5)): the last of either line counts.
func domains(resolvConf string) []string {
	var all []string
	for line := range strings.Lines(resolvConf) {
		if fields := strings.Fields(line); len(fields) > 1 && (fields[0] == "search" || fields[0] == "domain") {
			all = fields[1:]
		}
	}
	return all
}
