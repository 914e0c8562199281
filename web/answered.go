package web

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/target"
)

// answered says which servers named themselves in what came through the balancer, and which of those listed never did: by it one sees
// a server that is out of the pool, and a mailbox that stands for one database alone.
func answered(cells []*cell) []string {
	listed := ownNames(cells)
	var lines []string
	for _, back := range []bool{false, true} {
		probes, seen, never := 0, []string{}, []string{}
		for _, c := range cells {
			if c.Glance == nil || c.Way == prober.ByServer {
				continue
			}
			probes += c.Probes
			for _, s := range c.Seen {
				if s.Back == back && !slices.Contains(seen, short(s.Name)) {
					seen = append(seen, short(s.Name))
				}
			}
		}
		for place, names := range listed {
			if !slices.ContainsFunc(names, func(name string) bool { return slices.Contains(seen, name) }) {
				never = append(never, short(place))
			}
		}
		if len(seen) == 0 {
			continue // nobody names himself, or nothing is probed that would make one
		}
		line := "Front ends that answered through the balancer: "
		if back {
			line = "Back ends that answered behind it: "
		}
		line += some(seen)
		if len(never) > 0 {
			line += fmt.Sprintf("; never seen in %d probes: %s", probes, some(never))
		}
		lines = append(lines, line+".")
	}
	return lines
}

// ownNames are what servers that are listed call themselves, by target: as they said when they were asked directly, or else the name
// by which they are listed. Of one that is listed by an address and never said, nothing is known.
func ownNames(cells []*cell) map[string][]string {
	names, said := map[string][]string{}, map[[2]string]bool{}
	for _, c := range cells {
		if c.Way != prober.ByServer {
			continue
		}
		if _, is := names[c.Target()]; !is {
			names[c.Target()] = nil
		}
		if c.Glance == nil {
			continue
		}
		for _, s := range c.Seen {
			if key := [2]string{c.Target(), s.Name}; !s.Back && !said[key] {
				said[key] = true
				names[c.Target()] = append(names[c.Target()], short(s.Name))
			}
		}
	}
	for listed, own := range names {
		switch {
		case len(own) > 0:
		case isAddress(listed):
			delete(names, listed)
		default:
			names[listed] = []string{short(listed)}
		}
	}
	return names
}

// short is a server's name without its domain and port, in lower case; an address stays as it is.
func short(name string) string {
	name = strings.ToLower(name)
	t, err := target.Parse(name, "")
	if err != nil || t.Addr.IsValid() {
		return name
	}
	first, _, _ := strings.Cut(t.Host, ".")
	return first
}
