package sslbinding

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/result"
)

// tabulate puts all bindings side by side for a person.
func (p *probe) tabulate() {
	t := result.Table{
		Title:   "Bindings",
		Columns: []string{"address", "SNI", "thumbprint (SHA-1)", "valid until", "trusted", "TLS", "subject", "remarks"},
	}
	for _, b := range p.byDoor() {
		t.Rows = append(t.Rows, p.row(b))
	}
	if len(t.Rows) > 0 {
		p.run.Result.Tables = append(p.run.Result.Tables, t)
	}
}

// byDoor gives the bindings with the forms of each door together.
func (p *probe) byDoor() []*binding {
	var all []*binding
	for _, first := range p.required() {
		all = append(all, p.at(first.address)...)
	}
	return all
}

// at are the forms of one door.
func (p *probe) at(address netip.AddrPort) []*binding {
	return slices.DeleteFunc(slices.Clone(p.bindings), func(b *binding) bool { return b.address != address })
}

func (p *probe) row(b *binding) []string {
	address := b.address.String()
	if b.server != "" && b.server != b.address.Addr().String() {
		address += " (" + b.server + ")"
	}
	if !b.seen() {
		reason := "not looked at"
		if b.failure != nil {
			reason = string(b.failure.Stage) + ": " + b.failure.Reason
		}
		return []string{address, b.sni, "none", "", "", "", "", reason}
	}
	leaf := b.leaf()
	return []string{
		address, b.sni, leaf.SHA1, leaf.NotAfter.UTC().Format("2006-01-02"), verdict(b),
		strings.TrimPrefix(b.record.Secure.Version, "TLS "), leaf.Subject, strings.Join(p.remarks(b), ", "),
	}
}

// verdict is "yes", or why the certificate is not trusted.
func verdict(b *binding) string {
	if b.peer.Refused == nil {
		return "yes"
	}
	return "no: " + strings.TrimPrefix(b.peer.Refused.Reason, "certificate_")
}

// remarks are what else is worth knowing of a binding.
func (p *probe) remarks(b *binding) []string {
	var all []string
	if missed := p.uncovered(b); len(missed) > 0 && b.form == own {
		all = append(all, "lacks "+some(missed))
	}
	if len(p.Thumbprints) > 0 && !p.expected(b) {
		all = append(all, "not expected")
	}
	if b.revoked != nil {
		all = append(all, map[bool]string{true: "revoked", false: "not revoked"}[*b.revoked])
	}
	if b.incomplete() {
		all = append(all, "issuer not sent")
	}
	all = append(all, b.chain.notes()...)
	if len(b.peer.Staple) > 0 {
		all = append(all, "OCSP stapled")
	}
	if len(b.accepted) > 0 {
		all = append(all, "accepts "+versionNames(b.accepted))
	}
	return all
}
