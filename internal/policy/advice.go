package policy

import "github.com/ews-exporter/ews_exporter/internal/advice"

// Advice is for what the exporter's own policy does not let through.
var Advice = advice.Book{
	{
		Key:   "policy_denies",
		Means: "The exporter's own policy forbids this host or address, so nothing was sent.", Suffers: "Nobody: the target was not asked.",
		Owners: []advice.Owner{advice.Exporter}, Certainty: advice.Sure,
		First: "Check that the name and the address in the first line of this report are those that you mean to probe.",
		Then:  "Correct the target; or add the host or address to allow under policy, or take it out of deny, and reload. Undo by the other way round.",
		Risk:  advice.Change, When: advice.Plan,
		Separates: "If they are not: the target is wrong, or its name leads elsewhere. If they are: policy in the configuration is narrower than what you probe; the first line names the rule.",
		For:       advice.About("policy/name_denied", "policy/name_not_allowed", "policy/address_denied", "policy/address_not_allowed", "policy/own_listener"),
	},
	{
		Key:   "not_among_targets",
		Means: "The name led to an address that is none of the module's targets, so nothing was sent.", Suffers: "Nobody: the target was not asked.",
		Owners: []advice.Owner{advice.Exporter, advice.DNS},
		On:     advice.OnExporter,
		First:  "nslookup HOST",
		Then:   "Add the address to targets of the module and reload (undo by taking it out), or correct the record in the zone and note the present one.", Risk: advice.Change, When: advice.Plan,
		Separates: "If the address is the one that HOST should have: targets of the module lacks it. If it is not: the record is wrong.",
		For:       advice.About("policy/not_a_target"),
	},
}
