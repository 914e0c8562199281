package result

// Owner is who acts on a fault. The set is closed.
type Owner string

// The owners.
const (
	OwnerExporter        Owner = "exporter" // its configuration
	OwnerAccount         Owner = "account"
	OwnerActiveDirectory Owner = "active_directory" // KDC, service principals, lock-out
	OwnerIdentity        Owner = "identity"         // Entra, AD FS, pre-authentication
	OwnerDNS             Owner = "dns"
	OwnerNetwork         Owner = "network"
	OwnerMiddlebox       Owner = "middlebox"
	OwnerSecurity        Owner = "security" // a web application firewall, an inspecting firewall
	OwnerWindows         Owner = "windows"  // RRAS, RD Gateway, the state service
	OwnerIIS             Owner = "iis"
	OwnerExchange        Owner = "exchange"
	OwnerMailbox         Owner = "mailbox"
	OwnerCertificate     Owner = "certificate"
	OwnerHoster          Owner = "hoster" // a web host that answers for the mail domain
	OwnerMicrosoft       Owner = "microsoft"
	OwnerNobody          Owner = "nobody" // it was planned, or is normal
)

// Certainty is how sure a verdict's owners are.
type Certainty string

// The certainties.
const (
	Sure      Certainty = "sure"
	Likely    Certainty = "likely"
	Undecided Certainty = "undecided" // between several owners; Verdict.Separates tells them apart
)

// Verdict is what a probe's failure, or its gravest finding, asks of whom.
type Verdict struct {
	Owners    []Owner   `json:"owners" redact:"-"` // who acts; several where the probe cannot tell
	Certainty Certainty `json:"certainty" redact:"-"`
	Advice    string    `json:"advice,omitempty" redact:"-"` // the key of what it means and what to do first
	Separates string    `json:"separates,omitempty"`         // the test that tells the owners apart
	Proof     []string  `json:"proof,omitempty"`             // what was measured or came, line by line
}
