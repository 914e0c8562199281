package prober

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/suggest"
)

// Schemes is the closed set of the label scheme; OtherScheme stands for the rest.
var Schemes = []string{"negotiate", "ntlm", "basic", "bearer", "digest", OtherScheme}

// OtherScheme is a scheme of another name.
const OtherScheme = "other"

// SchemeOffered is the metric of the schemes that a server offers.
var SchemeOffered = &result.Metric{
	Name: "probe_auth_scheme_offered", Labels: []string{"scheme"}, Own: []string{"scheme"},
	Help:     "1 for each scheme that the first answer without credentials offers, 0 for the rest of the closed set.",
	Presence: "an answer came",
}

// Offered adds the samples of SchemeOffered, and gives the schemes as labels, in the server's order and each once.
func (r *Recorder) Offered(challenges []auth.Challenge) []string {
	order := SchemesOf(challenges)
	for _, s := range Schemes {
		r.Result.Add(SchemeOffered, result.Truth(slices.Contains(order, s)), s)
	}
	return order
}

// SchemesOf are the schemes of challenges as labels of the closed set, in their order and each once.
func SchemesOf(challenges []auth.Challenge) (order []string) {
	for _, c := range challenges {
		name := strings.ToLower(c.Scheme)
		if !slices.Contains(Schemes, name) {
			name = OtherScheme
		}
		if !slices.Contains(order, name) {
			order = append(order, name)
		}
	}
	return order
}

// CheckSchemes reports what is wrong with a list of schemes that are expected, which the field names.
func CheckSchemes(field string, schemes []string, report func(field, problem string)) {
	named := Schemes[:len(Schemes)-1]
	for i, scheme := range schemes {
		if !slices.Contains(named, scheme) {
			report(fmt.Sprintf("%s[%d]", field, i), suggest.OneOf(scheme, named))
		} else if slices.Index(schemes, scheme) != i {
			report(fmt.Sprintf("%s[%d]", field, i), fmt.Sprintf("%q is there already", scheme))
		}
	}
}
