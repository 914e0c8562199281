package sslbinding

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// shown is what a door shows, for comparison: a certificate's SHA-256, nothing at all, or not known.
func (b *binding) shown() (what string, known bool) {
	switch {
	case b.seen():
		return b.leaf().SHA256, true
	case b.empty():
		return "", true
	}
	return "", false
}

// group is the doors that show one thing.
type group struct {
	what  string // the certificate's SHA-256; empty for none
	doors []*binding
}

// groups sorts doors by what they show. Those of which nothing is known are left out.
func groups(bindings []*binding) []group {
	var all []group
	for _, b := range bindings {
		what, known := b.shown()
		if !known {
			continue
		}
		i := slices.IndexFunc(all, func(g group) bool { return g.what == what })
		if i < 0 {
			all = append(all, group{what: what})
			i = len(all) - 1
		}
		all[i].doors = append(all[i].doors, b)
	}
	return all
}

// String describes a group in a sentence: certificate and doors.
func (g group) String() string {
	if g.what == "" {
		return "no certificate at " + places(g.doors)
	}
	return certificate(g.doors[0].leaf()) + " at " + places(g.doors)
}

// certificate names a certificate for a person, by the thumbprint that Windows shows.
func certificate(c *wire.Certificate) string {
	return fmt.Sprintf("%s (%s, until %s)", c.SHA1, c.Title(), c.NotAfter.UTC().Format("2006-01-02"))
}

// maxPlaces is how many doors a sentence names.
const maxPlaces = 4

// places lists doors in a sentence.
func places(bindings []*binding) string {
	var names []string
	for _, b := range bindings {
		name := b.address.String()
		if b.form != own {
			name += " " + b.sni
		}
		names = append(names, name)
	}
	return some(names)
}

// some lists the first few names.
func some(names []string) string {
	if more := len(names) - maxPlaces; more > 0 {
		names = append(names[:maxPlaces:maxPlaces], fmt.Sprintf("%d more", more))
	}
	return strings.Join(names, ", ")
}

// describe joins groups in a sentence.
func describe(all []group) string {
	texts := make([]string, len(all))
	for i, g := range all {
		texts[i] = g.String()
	}
	return strings.Join(texts, "; ")
}

// comparison is whether one port shows the same across something.
type comparison struct {
	port   uint16
	across string // family, address, server or sni
	same   bool
	what   []group // what differs
}

// compare compares bindings across families, addresses, servers and forms of SNI, port by port. What cannot be compared,
// because one side is not there or not known, is left out.
func (p *probe) compare() []comparison {
	var all []comparison
	for _, port := range p.ports(p.run.Target.Port) {
		at := func(keep func(b *binding) bool) []*binding {
			return slices.DeleteFunc(slices.Clone(p.bindings), func(b *binding) bool { return b.address.Port() != port || !keep(b) })
		}
		named := at(func(b *binding) bool { return b.form == own })
		front := at(func(b *binding) bool { return b.form == own && b.server == "" })
		four := at(func(b *binding) bool { return b.form == own && b.server == "" && b.address.Addr().Is4() })
		six := at(func(b *binding) bool { return b.form == own && b.server == "" && b.address.Addr().Is6() })
		servers := at(func(b *binding) bool { return b.form == own && b.server != "" })
		all = append(all, sides(port, "family", four, six, equal)...)
		all = append(all, sides(port, "server", front, servers, within)...)
		if g := groups(front); count(g) > 1 {
			all = append(all, comparison{port, "address", len(g) == 1, g})
		}
		all = append(all, p.withoutSNI(port, named)...)
	}
	return all
}

func count(all []group) (n int) {
	for _, g := range all {
		n += len(g.doors)
	}
	return n
}

// sides compares what one set of doors shows with what another does.
func sides(port uint16, across string, a, b []*binding, same func(a, b map[string]bool) bool) []comparison {
	left, right := groups(a), groups(b)
	if len(left) == 0 || len(right) == 0 {
		return nil
	}
	return []comparison{{port, across, same(set(left), set(right)), append(left, right...)}}
}

func set(all []group) map[string]bool {
	s := map[string]bool{}
	for _, g := range all {
		s[g.what] = true
	}
	return s
}

func equal(a, b map[string]bool) bool { return maps.Equal(a, b) }

// within tells whether every server shows what the balancer shows somewhere.
func within(balancer, servers map[string]bool) bool {
	for what := range servers {
		if !balancer[what] {
			return false
		}
	}
	return true
}

// withoutSNI compares each door by name with the same door without SNI.
func (p *probe) withoutSNI(port uint16, named []*binding) []comparison {
	c := comparison{port: port, across: "sni", same: true}
	compared := false
	for _, b := range named {
		i := slices.IndexFunc(p.bindings, func(o *binding) bool { return o.form == without && o.address == b.address })
		if i < 0 {
			continue
		}
		with, known := b.shown()
		bare, known2 := p.bindings[i].shown()
		if !known || !known2 {
			continue
		}
		compared = true
		if with != bare {
			c.same = false
			c.what = append(c.what, groups([]*binding{b})[0], groups([]*binding{p.bindings[i]})[0])
		}
	}
	if !compared {
		return nil
	}
	return []comparison{c}
}
