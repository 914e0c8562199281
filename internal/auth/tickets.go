package auth

import (
	"context"

	"github.com/ews-exporter/ews_exporter/internal/kerberos"
)

// Tickets are the tickets of a login by Kerberos, one after the other, apart from any server. Errors are failures of stage
// auth, or what Begin gave.
type Tickets struct {
	Login Login // with Kerberos
	Begin func(context.Context) (*Attempt, error)
}

func (t Tickets) begin(ctx context.Context) (kerberos.Verdict, error) { return t.Begin(ctx) }

// Granting sees to it that a ticket-granting ticket is at hand.
func (t Tickets) Granting(ctx context.Context) error {
	return t.Login.Kerberos.Granting(ctx, t.Login.account(), t.begin)
}

// Service sees to it that a ticket for a service principal is at hand.
func (t Tickets) Service(ctx context.Context, spn string) error {
	return t.Login.Kerberos.Service(ctx, t.Login.account(), spn, t.begin)
}

// Look is Service for one that nobody is to log on by; see kerberos.Client.Look.
func (t Tickets) Look(ctx context.Context, spn string) error {
	return t.Login.Kerberos.Look(ctx, t.Login.account(), spn, t.begin)
}
