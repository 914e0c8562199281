package auth

import (
	"log/slog"
	"time"
)

// notice is what the log is told of a suspension, once the Gate is free again: nobody waits for a slow log.
type notice struct {
	auth, target string // target is empty for all
	reason       string
	due          time.Time // of the next try; zero at its end
}

func (n notice) tell(log *slog.Logger) {
	if n.target == "" {
		n.target = "all"
	}
	if n.due.IsZero() {
		log.Info("The auth is no longer suspended", "auth", n.auth, "target", n.target, "reason", n.reason)
		return
	}
	log.Warn("The auth is suspended: its logons were not accepted, and no more are made, so that the account is not locked out",
		"auth", n.auth, "target", n.target, "reason", n.reason, "next_try", stamp(n.due))
}

// begun tells of a suspension that begins now.
func (g *Gate) begun(auth, target, reason string, due time.Time) {
	g.notices = append(g.notices, notice{auth, target, reason, due})
}

// ended tells of one that ends.
func (g *Gate) ended(auth, target, reason string) {
	g.changed = true
	g.notices = append(g.notices, notice{auth: auth, target: target, reason: reason})
}

// left ends what the secret that an auth used before was suspended for. Where another auth has the same secret still, it
// remains known.
func (g *Gate) left(before Subject, now Subject) {
	acc := g.accounts[before.Account]
	if acc == nil {
		return
	}
	if s := acc.standings[before.Fingerprint]; s != nil && s.suspended() {
		g.ended(now.Auth, "", "its secret was changed")
	}
}
