package web

import (
	"slices"
	"strings"
)

// certificate is one that probes of a service were shown, and where.
type certificate struct {
	Shown
	Service string
	Modules string
	Where   string
}

// certificatesShown are those of all services, each once for a service, by when they end.
func certificatesShown(cells []*cell) []*certificate {
	type of struct{ service, sha1 string }
	var order []of
	shown, at := map[of]Shown{}, map[of][]*cell{}
	for _, c := range cells {
		if c.Glance == nil {
			continue
		}
		for _, s := range c.Shown {
			key := of{c.Service.Key, s.SHA1}
			if _, is := shown[key]; !is {
				order = append(order, key)
				shown[key] = s
			}
			at[key] = append(at[key], c)
		}
	}
	total := servers(cells)
	var all []*certificate
	for _, key := range order {
		var modules []string
		for _, c := range at[key] {
			if !slices.Contains(modules, c.Module.Name) {
				modules = append(modules, c.Module.Name)
			}
		}
		all = append(all, &certificate{shown[key], at[key][0].Service.Name, strings.Join(modules, ", "), places(at[key], total[key.service])})
	}
	slices.SortStableFunc(all, func(a, b *certificate) int { return a.Ends.Compare(b.Ends) })
	return all
}
