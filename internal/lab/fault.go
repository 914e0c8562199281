package lab

// Fault is a service with something wrong, or nothing, on which the shipped rules and dashboards are tried from end to end.
type Fault struct {
	At     string // a scenario, or a case of the part, which is asked at its server by the address
	Server string // a scenario, for a server behind it that is asked directly under the service's name; empty for none
	// Service is the label of that name, unlike any other's. With a Server it is one that the site's certificates cover. Empty
	// for At's own.
	Service string
	Host    string // under which it is asked, in place of its address; empty for that

	Module string   // of the part's Modules or Brief; for a case empty: it has one of its own, of its name
	Keys   []string // of a case's module, in place of its own; nil for those

	Alert string   // the only one that may come; empty for none
	Says  []string // words of its text
	// Panels tells that it is there for the dashboard too: with all of these every panel has data.
	Panels bool
	// Long tells that a probe takes longer than the test of these alerts allows, or that its alert waits longer. With an Alert it is
	// tried with the scenarios' verdicts, which take longer; without, it is there for the dashboard alone.
	Long bool
}
