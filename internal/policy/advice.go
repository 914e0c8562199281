package policy

import "github.com/ews-exporter/ews_exporter/internal/advice"

// Advice is for what the exporter's own policy does not let through.
var Advice = advice.Book{
	{
		Key:   "policy_denies",
		Means: "The exporter's own policy forbids this host or address, so nothing was sent.", Suffers: "Nobody: the target was not asked.",
		Owners: []advice.Owner{advice.Exporter}, Certainty: advice.Sure,
		First: "ews_exporter check --config.file=ews_exporter.yml, and compare policy: allow and deny with the host and address in the message",
		Then:  "Add the host to policy: allow, or correct the target, and reload.", Risk: advice.Change, When: advice.Plan,
		For: advice.About("policy/name_denied", "policy/name_not_allowed", "policy/address_denied", "policy/address_not_allowed", "policy/own_listener"),
	},
	{
		Key:   "not_among_targets",
		Means: "The name led to an address that is none of the module's targets, so nothing was sent.", Suffers: "Nobody: the target was not asked.",
		Owners: []advice.Owner{advice.Exporter, advice.DNS},
		First:  "nslookup SERVICE on the exporter's machine: the address is right, add it to the module's targets; it is not, the record is wrong",
		Then:   "Correct the module's targets, or the record.", Risk: advice.Change, When: advice.Plan,
		Separates: "whether the name should lead to that address",
		For:       advice.About("policy/not_a_target"),
	},
}
