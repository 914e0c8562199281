package auth

import (
	"fmt"
	"slices"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/secret"
)

// Meaning is what a logon that was not accepted says of the secret.
type Meaning string

// The meanings, those that speak against the secret first. Whatever it means, the logon may have counted as a wrong
// password.
const (
	Secret     Meaning = "secret"     // nothing else is known that would have it refused
	Connection Meaning = "connection" // so is a right one, where a box in between uses a server connection for each request
	Token      Meaning = "token"      // a bearer token was refused, which is no password
	Split      Meaning = "split"      // the legs reached different servers, so that no secret gets in
	Here       Meaning = "here"       // another target has just accepted the same secret
	Silence    Meaning = "silence"    // there was no answer that tells
)

// meanings are all of them, in that order.
var meanings = []Meaning{Secret, Connection, Token, Split, Here, Silence}

// gaveNone is what a target did that was sent a logon without judging it.
const gaveNone = "was sent it and gave no verdict"

// verdict is what a target said to a logon that it did not accept.
type verdict struct {
	Target  string  `json:"target"`
	What    string  `json:"what"` // "refused it"
	Meaning Meaning `json:"meaning"`
}

func (v verdict) String() string { return v.Target + " " + v.What }

// together tells what led to a suspension. A target that stands for two logons is named once.
func together(verdicts []verdict) string {
	first := verdicts[0]
	if len(verdicts) == 1 {
		return first.String()
	}
	second := verdicts[1].String()
	if verdicts[1].Target == first.Target {
		second = "then " + verdicts[1].What
	}
	return fmt.Sprintf("%s and %s, and no second logon that is not accepted may be followed by a third", first, second)
}

// meaningOf is the one of several that speaks most against the secret.
func meaningOf(verdicts []verdict) Meaning {
	for _, m := range meanings {
		if slices.ContainsFunc(verdicts, func(v verdict) bool { return v.Meaning == m }) {
			return m
		}
	}
	return Secret
}

// advice is what to do about a suspension.
func (m Meaning) advice() string {
	switch m {
	case Connection:
		return "The secret may be right: NTLM gets nobody in where a box in between uses another server connection for each request, or shows another certificate. " +
			"Before you change it, read in the servers' Security log why it was refused (event 4625)"
	case Token:
		return "It is a token that was refused, no password: see what it is for, and until when it is good"
	case Split:
		return "The secret may well be right: the legs of the logon reached different servers, so that none gets in. Mend the box in front of them"
	case Here:
		return "Another target had just accepted the same secret: see what is different here"
	case Silence:
		return "Nothing says that the secret is wrong: mend what gives no answer"
	}
	return "Correct its user name or secret (a changed one is tried at once, but no more than two in 15 minutes)"
}

// failure says that nothing was sent, why, and what ends it. brief tells of a process that ends with its probes: what it knows
// of due times ends with it.
func (s *standing) failure(h *hold, auth, target string, brief bool) *failure.Failure {
	next := "one try is due at " + stamp(h.due)
	if h.trying {
		next = "one try is under way"
	}
	if brief {
		next = "this run makes no more"
	}
	advice := secret.Own(h.meaning.advice()) + "; otherwise " + next
	if cause := s.cause(h); cause != (Cause{}) {
		advice = fmt.Sprintf(explained, cause.Code, next)
	}
	if brief {
		return failure.New(failure.Auth, Suspended, "the auth %s is held back for the rest of this run, because %s; nothing was sent to %s, so that the account is not locked out. %s",
			auth, h.why, target, advice)
	}
	return failure.New(failure.Auth, Suspended,
		"the auth %s is suspended since %s, because %s; nothing was sent to %s, so that the account is not locked out. %s",
		auth, stamp(h.since), h.why, target, advice)
}

var explained = secret.Own("An earlier probe found %s, for which a right secret is refused too: mend that first, see its page; %s")

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
