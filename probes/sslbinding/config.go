package sslbinding

import (
	"fmt"
	"slices"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/smtp"
	"github.com/ews-exporter/ews_exporter/internal/target"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// Settings are what a module of this prober can set.
type Settings struct {
	Ports       []int    `yaml:"ports"`       // the target's own port comes first, unless it is 443 and others are listed
	Addresses   []string `yaml:"addresses"`   // of servers behind the balancer, or names that lead to them
	Names       []string `yaml:"names"`       // that each certificate must cover; none: the name alone
	Thumbprints []string `yaml:"thumbprints"` // of the certificates expected, SHA-1 or SHA-256

	RequireSameWithoutSNI bool `yaml:"require_same_without_sni"`
	SameCertificate       bool `yaml:"same_certificate"` // on the balancer and on each server
	Revocation            bool `yaml:"revocation"`       // ask the places that certificates name
	Sweep                 bool `yaml:"sweep"`            // try each TLS version
	Hellos                bool `yaml:"hellos"`           // try a hello in two segments, and one with ML-KEM
	Repeat                int  `yaml:"repeat"`           // handshakes with each address and port

	MinDays    int   `yaml:"min_days"`     // of validity left
	MinKeyBits int   `yaml:"min_key_bits"` // of RSA keys
	StartTLS   []int `yaml:"starttls"`     // the ports that speak SMTP, IMAP or POP3 first

	EHLO string `yaml:"ehlo"` // the name to give there; empty for smtp.Self
}

// httpsPort is the port of a target that names none.
const httpsPort = 443

// defaults have the ports on which Exchange's transport speaks SMTP (Microsoft Learn, "Default Receive connectors created
// during setup"): 465 is one that begins in clear text there. Those of POP3 and IMAP do so everywhere (RFC 2595).
func defaults() *Settings {
	return &Settings{MinDays: 14, MinKeyBits: 2048, Repeat: 1, StartTLS: []int{25, 110, 143, 465, 587, 2525}}
}

// maxList bounds each list: a probe opens 64 connections at most, and a person must be able to read what it found.
const maxList = 50

// maxRepeat is how often an address and port may be asked alike.
const maxRepeat = 16

// Check implements prober.Prober. It brings names and thumbprints into their normal spelling.
func (s *Settings) Check(report func(field, problem string)) {
	checkPorts("ports", s.Ports, report)
	checkPorts("starttls", s.StartTLS, report)
	if problem := smtp.CheckName(s.EHLO); s.EHLO != "" && problem != "" {
		report("ehlo", problem)
	}
	checkHosts("addresses", s.Addresses, report)
	checkHosts("names", s.Names, report)
	checkList("thumbprints", s.Thumbprints, report)
	for i, text := range s.Thumbprints {
		sum, err := wire.ParseThumbprint(text)
		if err != nil {
			report(fmt.Sprintf("thumbprints[%d]", i), err.Error())
		}
		s.Thumbprints[i] = sum
	}
	if s.MinDays < 0 || s.MinDays > 3650 {
		report("min_days", fmt.Sprintf("%d: from 0 to 3650", s.MinDays))
	}
	if s.Repeat < 1 || s.Repeat > maxRepeat {
		report("repeat", fmt.Sprintf("%d: from 1 to %d", s.Repeat, maxRepeat))
	}
	if s.MinKeyBits < 0 || s.MinKeyBits > 16384 {
		report("min_key_bits", fmt.Sprintf("%d: from 0 to 16384", s.MinKeyBits))
	}
}

func checkPorts(field string, ports []int, report func(field, problem string)) {
	checkList(field, ports, report)
	for i, port := range ports {
		if port < 1 || port > 65535 {
			report(fmt.Sprintf("%s[%d]", field, i), fmt.Sprintf("%d: a port is a number from 1 to 65535", port))
		}
	}
}

func checkHosts(field string, hosts []string, report func(field, problem string)) {
	for i, host := range hosts {
		name, _, err := target.ParseHost(host)
		if err != nil {
			report(fmt.Sprintf("%s[%d]", field, i), err.Error())
			continue
		}
		hosts[i] = name
	}
	checkList(field, hosts, report)
}

// checkList refuses a long list, and what stands in it twice.
func checkList[T comparable](field string, list []T, report func(field, problem string)) {
	if len(list) > maxList {
		report(field, fmt.Sprintf("%d entries: at most %d", len(list), maxList))
	}
	for i, entry := range list {
		if slices.Index(list, entry) != i {
			report(fmt.Sprintf("%s[%d]", field, i), fmt.Sprintf("%v is there already", entry))
		}
	}
}

// Need implements prober.Prober: a door that is there answers within a second.
func (s *Settings) Need() time.Duration { return 2 * time.Second }

// Paths implements prober.Prober: nothing is requested.
func (s *Settings) Paths() []string { return nil }

// Plan implements prober.Prober. What is looked at beside the service's own name is not planned: on healthy sites there
// may be no certificate for it.
func (s *Settings) Plan(bool) []string {
	steps := []string{"resolve", "binding", "binding.connect", "binding.tls"}
	if s.Revocation {
		steps = append(steps, "revocation")
	}
	return steps
}

// ports are those to look at when the target's own is this one.
func (s *Settings) ports(own uint16) []uint16 {
	var ports []uint16
	if own != httpsPort || len(s.Ports) == 0 {
		ports = append(ports, own)
	}
	for _, p := range s.Ports {
		if port := uint16(p); port != own || own == httpsPort { //nolint:gosec // Check saw that it fits
			ports = append(ports, port)
		}
	}
	return ports
}

// names are those that the certificate for name must cover.
func (s *Settings) names(name string) []string {
	if len(s.Names) > 0 {
		return s.Names
	}
	return []string{name}
}
