package config

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// checkAccounts warns of auths that may be one account under names that only a directory knows to be one: each name has its own two
// logons with a wrong password in 15 minutes, and the directory counts them together.
func (l *loader) checkAccounts() {
	first := map[string]*Auth{} // by the user's own name
	for _, name := range slices.Sorted(maps.Keys(l.config.Auths)) {
		a := l.config.Auths[name]
		user, _, _ := strings.Cut(strings.TrimPrefix(a.Credential().Account(), "user:"), "@")
		if a.Username == "" || user == "" {
			continue
		}
		other := first[user]
		first[user] = cmp.Or(other, a)
		if other != nil && other.Credential().Account() != a.Credential().Account() {
			l.warn(join("auths", name)+".username", fmt.Sprintf("auth %s has the same user under another domain: if both are one account, write it the same way, or a wrong password makes four logons in 15 minutes in place of two", other.Name))
		}
	}
}
