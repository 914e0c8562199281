package sslbinding

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSettings_check(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*Settings)
		want   string // field: beginning of the problem; empty for none
	}{
		"defaults":                 {func(*Settings) {}, ""},
		"no STARTTLS":              {func(s *Settings) { s.StartTLS = nil }, ""},
		"a port of none":           {func(s *Settings) { s.Ports = []int{443, 0} }, "ports[1]: 0: a port is"},
		"a port twice":             {func(s *Settings) { s.Ports = []int{443, 443} }, "ports[1]: 443 is there already"},
		"a port too high":          {func(s *Settings) { s.StartTLS = []int{65536} }, "starttls[0]: 65536: a port is"},
		"an address with a port":   {func(s *Settings) { s.Addresses = []string{"ex01:443"} }, "addresses[0]: \"ex01:443\" is neither a name nor an address"},
		"an octal address":         {func(s *Settings) { s.Addresses = []string{"010.0.0.1"} }, "addresses[0]: "},
		"an address in two ways":   {func(s *Settings) { s.Addresses = []string{"::1", "[0:0::1]"} }, "addresses[1]: ::1 is there already"},
		"a wildcard as a name":     {func(s *Settings) { s.Names = []string{"*.contoso.com"} }, "names[0]: "},
		"a name in two cases":      {func(s *Settings) { s.Names = []string{"mail.contoso.com", "MAIL.contoso.com."} }, "names[1]: mail.contoso.com is there already"},
		"a short thumbprint":       {func(s *Settings) { s.Thumbprints = []string{"AB CD"} }, "thumbprints[0]: \"ABCD\" is not a thumbprint"},
		"a thumbprint that is not": {func(s *Settings) { s.Thumbprints = []string{strings.Repeat("x", 40)} }, "thumbprints[0]: "},
		"too many names":           {func(s *Settings) { s.Names = make([]string, 51) }, "names[0]: the host is empty"},
		"negative days":            {func(s *Settings) { s.MinDays = -1 }, "min_days: -1: from 0 to 3650"},
		"huge keys":                {func(s *Settings) { s.MinKeyBits = 1 << 20 }, "min_key_bits: 1048576: from 0 to 16384"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := defaults()
			tt.change(s)
			var problems []string
			s.Check(func(field, problem string) { problems = append(problems, field+": "+problem) })
			if tt.want == "" && len(problems) > 0 || tt.want != "" && !slices.ContainsFunc(problems, func(p string) bool { return strings.HasPrefix(p, tt.want) }) {
				t.Errorf("problems %q, want %q", problems, tt.want)
			}
		})
	}
}

func TestSettings_ports(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		listed []int
		own    uint16
		want   []uint16
	}{
		"none listed":                      {nil, 443, []uint16{443}},
		"another one in the target":        {nil, 8443, []uint16{8443}},
		"listed":                           {[]int{25, 443}, 443, []uint16{25, 443}},
		"listed without 443":               {[]int{25}, 443, []uint16{25}},
		"another one in the target, too":   {[]int{443}, 8443, []uint16{8443, 443}},
		"another one in the target, twice": {[]int{443, 8443}, 8443, []uint16{8443, 443}},
	} {
		s := &Settings{Ports: tt.listed}
		if diff := cmp.Diff(tt.want, s.ports(tt.own)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestDoors_limits: what is cut off is what matters least, and it is counted.
func TestDoors_limits(t *testing.T) {
	t.Parallel()
	var hosts []host
	for _, a := range at("192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5", "192.0.2.6", "192.0.2.7", "192.0.2.8") {
		hosts = append(hosts, host{address: a})
	}
	count := func(bindings []*binding) (forms [3]int, sweeps int) {
		for _, b := range bindings {
			forms[b.form]++
			if b.sweep {
				sweeps++
			}
		}
		return forms, sweeps
	}
	for name, tt := range map[string]struct {
		settings Settings
		name     string
		forms    [3]int
		sweeps   int
		left     int
	}{
		"all":             {Settings{}, service, [3]int{8, 8, 8}, 0, 0},
		"four ports":      {Settings{Ports: []int{443, 25, 587, 987}}, service, [3]int{32, 32, 0}, 0, 32},
		"many ports":      {Settings{Ports: []int{1, 2, 3, 4, 5, 6, 7, 8, 9}}, service, [3]int{64, 0, 0}, 0, 152},
		"sweep":           {Settings{Sweep: true}, service, [3]int{8, 8, 8}, 8, 0},
		"sweep in part":   {Settings{Sweep: true, Ports: []int{443, 25}}, service, [3]int{16, 16, 16}, 4, 48},
		"revocation":      {Settings{Revocation: true, Ports: []int{443, 25, 587}}, service, [3]int{24, 24, 0}, 0, 24},
		"name an address": {Settings{}, "192.0.2.1", [3]int{8, 0, 8}, 0, 0},
	} {
		bindings, _, left := tt.settings.doors(hosts, 443, tt.name)
		if forms, sweeps := count(bindings); forms != tt.forms || sweeps != tt.sweeps || left != tt.left {
			t.Errorf("%s: %v, %d sweeps, %d left, want %v, %d, %d", name, forms, sweeps, left, tt.forms, tt.sweeps, tt.left)
		}
	}
}
