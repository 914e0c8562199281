package prober

// Account is what an account needs at Exchange so that a module with an auth can do its work, beside being an ordinary member of
// the domain.
type Account struct {
	// Mailbox tells that it has one of its own.
	Mailbox bool
	// Enabled are the ways in that have to be open for that mailbox, as Set-CASMailbox names them.
	Enabled []string
}

// The ways in, parameters of Set-CASMailbox.
const (
	EwsEnabled      = "EwsEnabled"
	MAPIEnabled     = "MAPIEnabled"
	MapiHTTPEnabled = "MapiHttpEnabled"
	ImapEnabled     = "ImapEnabled"
	PopEnabled      = "PopEnabled"
)

// Impersonator is a Prober whose settings may have its account act as another.
type Impersonator interface {
	// Impersonates names the account that is acted as, empty for none.
	Impersonates() string
}
