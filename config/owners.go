package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/suggest"
)

// owners decodes the section of that name, which one file alone may have: by owners of faults, what their teams are called.
func (d *decoder) owners(section entry) {
	if !d.once("owners", section.line) {
		return
	}
	teams := map[string]string{}
	d.value("owners", section.line, section.value, reflect.ValueOf(&teams).Elem())
	var known []string
	for _, o := range advice.Owners {
		known = append(known, string(o.Owner))
	}
	d.config.Owners = map[advice.Owner]string{}
	for _, owner := range slices.Sorted(maps.Keys(teams)) {
		field, team := join("owners", owner), teams[owner]
		switch line := d.places[field].line; {
		case !d.sound(field): // it was no text
		case !slices.Contains(known, owner):
			d.problem(line, field, fmt.Sprintf("nobody is called %.64q; %s", owner, suggest.Hint(owner, known)))
		case team == "" || len(team) > 128 || strings.ContainsFunc(team, invisible):
			d.problem(line, field, "a team has a name of at most 128 bytes, without control characters: the label team of alerts")
		default:
			d.config.Owners[advice.Owner(owner)] = team
		}
	}
}
