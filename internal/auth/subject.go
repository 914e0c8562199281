package auth

import (
	"strings"
	"time"
)

// Subject is whose logon a Gate is asked about.
type Subject struct {
	Auth        string    // its name
	Account     string    // see Credential.Account
	Fingerprint string    // of the secret, see Login.Fingerprint
	Changed     time.Time // when the file with the secret was last written; zero where no file holds it
	Alone       bool      // the auth has one target and no more, so that none waits for a logon that another leaves to it
}

// Subject is whose logons those with this login are.
func (c Credential) Subject(l Login) Subject {
	return Subject{
		Auth: c.Name, Account: c.Account(), Fingerprint: l.Fingerprint(), Changed: l.changed,
		Alone: len(c.Targets) == 1 && !c.Targets[0].Wildcard(),
	}
}

// Account tells accounts apart, by their names and not by their secrets: a directory counts wrong passwords by account.
//
// A user is a name and a domain, whatever the case. Of the domain the first label counts, and of that 15 characters, so
// that CONTOSO\svc, svc@contoso.com and a Kerberos principal svc@CONTOSO.COM are one: that is how domains get their
// NetBIOS names unless somebody chooses another. Where it is not so, two accounts share one budget, which costs them
// little, or one account has two, which a directory alone could tell.
func (c Credential) Account() string {
	switch {
	case c.ClientID != "":
		return "client:" + fold(c.ClientID)
	case c.Username == "":
		return "auth:" + c.Name // a token's account shows nowhere
	}
	return "user:" + userName(c.Username, c.Realm)
}

// userName is user@domain, folded; the realm, where there is one, stands for the domain.
func userName(username, realm string) string {
	user, domain := username, ""
	if before, after, ok := strings.Cut(username, `\`); ok {
		domain, user = before, after
	} else if at := strings.LastIndexByte(username, '@'); at >= 0 {
		user, domain = username[:at], username[at+1:]
	}
	if realm != "" {
		domain = realm
		user, _, _ = strings.Cut(user, "@") // as a principal is made of it
	}
	domain, _, _ = strings.Cut(fold(domain), ".")
	const netBIOS = 15 // characters of a domain's NetBIOS name
	if letters := []rune(domain); len(letters) > netBIOS {
		domain = string(letters[:netBIOS])
	}
	return fold(user) + "@" + domain
}

// fold takes away what makes no other name: case, spaces around it, dots at its end.
func fold(name string) string {
	return strings.ToLower(strings.ToUpper(strings.TrimRight(strings.TrimSpace(name), ".")))
}
