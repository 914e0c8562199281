package origin

import (
	"fmt"
	"slices"
)

// Identify reads who made a response. The first rule of the table that matches decides; without one the answer is
// Unknown. Frontend, Backend, Server and Version are the fields' values as they came, whatever the verdict: they are a
// target's own words, so escape them before they are shown.
//
// Product is set only with Middlebox, because it names who made the response: a balancer that merely passed on what
// Exchange said leaves it empty. An Unknown may have a Rule and Evidence all the same; they then tell what was seen
// on the way, such as a balancer's cookie, without telling who spoke.
func Identify(r *Response) Origin {
	v := look(r)
	o := Origin{
		Kind:     Unknown,
		Frontend: v.values("X-FEServer"),
		Backend:  v.either("X-BEServer", "X-TargetBEServer", "X-CalculatedBETarget"),
		Server:   v.values("Server"),
		Version:  v.values("X-OWA-Version"),
		Portal:   portal(v),
	}
	for i := range rules {
		evidence := rules[i].match(v)
		if evidence == "" {
			continue
		}
		o.Kind, o.Rule, o.Evidence = rules[i].kind, rules[i].name, evidence
		if o.Kind == Middlebox {
			o.Product = rules[i].product
		}
		break
	}
	return o
}

// ruleContrast is Origin.Rule where contrast decided.
const ruleContrast = "contrast"

// Contrast looks at an Unknown again in the light of others, the origins of other responses to the same URL in the same
// probe. Where one of them carried Exchange's identity in its head, one that carries none did not come the same way: it
// is a Middlebox's. A response with traces of Windows stays Unknown, because IIS itself may have answered before
// Exchange's modules ran; so does a document, which no box writes, and one where the site strips identity everywhere,
// since there is nothing to contrast it with. There the document comes from whoever answers as EWS does, if anybody.
func Contrast(verdict Origin, others []Origin) Origin {
	if verdict.Kind != Unknown {
		return verdict
	}
	exchange := slices.IndexFunc(others, func(o Origin) bool { return o.Kind == Exchange })
	switch {
	case exchange >= 0 && !slices.Contains(passedOn, verdict.Rule):
		verdict.Kind, verdict.Rule, verdict.Evidence = Middlebox, ruleContrast, contrastEvidence(verdict, others[exchange])
	case exchange < 0 && verdict.Rule == ruleDocument && slices.ContainsFunc(others, func(o Origin) bool { return o.Kind == EWSServer }):
		verdict.Kind, verdict.Rule, verdict.Evidence = EWSServer, ruleContrast, "a SOAP header of EWS in another response to this URL; "+verdict.Evidence
	}
	return verdict
}

// contrastEvidence drops what does not fit rather than cut it: a secret that a target echoes is taken out of a result
// by its value, and half of one would not be found.
func contrastEvidence(verdict, other Origin) string {
	plain := "the lack of Exchange's identity, which another response to this URL carried"
	named := fmt.Sprintf("the lack of Exchange's %s, which another response to this URL carried", other.Evidence)
	switch full := named + "; " + verdict.Evidence; {
	case verdict.Evidence != "" && len(full) <= maxEvidence:
		return full
	case other.Evidence != "" && len(named) <= maxEvidence:
		return named
	}
	return plain
}

// Products is the closed list of what Origin.Product can be, sorted.
func Products() []string {
	var list []string
	for i := range rules {
		if rules[i].kind == Middlebox {
			list = append(list, rules[i].product)
		}
	}
	for i := range mailRules {
		if product := mailRules[i].product; product != "" {
			list = append(list, product)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}
