package lab

import "time"

// Load is what a module asks of a site whose cost is counted: a row of docs/cost.md. The first of a part is the module as its
// prober's example has it.
type Load struct {
	About string        // what the row says of the module and the site, in Markdown
	At    string        // a scenario, or a case of the part, which is asked at its server by the address
	Keys  []string      // of the module, as Module has them; nil for a case's own
	Logon bool          // by NTLM
	Every time.Duration // how often it is recommended; 0: as the prober's example says
	First bool          // of the first probe, and not of one among many
	Fails bool          // the probe does not succeed
	// Connections may be held for some time beyond what answers take: what the page calls it, and how long it is here.
	// The simulated servers answer at once, so that nothing else takes long.
	Held string
	For  time.Duration
}
