package policy

import "github.com/ews-exporter/ews_exporter/internal/failure"

// Reasons are those for which something may not be reached.
var Reasons = []failure.Reason{
	{Stage: failure.Policy, Reason: NameDenied, Help: "A deny rule names the host."},
	{Stage: failure.Policy, Reason: NameNotAllowed, Help: "There are allow rules, and none for this host."},
	{Stage: failure.Policy, Reason: AddressDenied, Help: "A deny rule, or the list of what is always denied, holds the address."},
	{Stage: failure.Policy, Reason: AddressNotAllowed, Help: "There are allow rules, and none for this address."},
	{Stage: failure.Policy, Reason: OwnListener, Help: "The address is the exporter's own."},
	{Stage: failure.Policy, Reason: NotATarget, Help: "The module has targets, and the address that the name leads to is none of them."},
}
