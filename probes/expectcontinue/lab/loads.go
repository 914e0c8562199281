package lab

import (
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// loads are what the modules cost. What each site asks for is Exchange's default: Negotiate and NTLM, for a connection.
func loads() []lab.Load {
	const wait = 2 * time.Second // it makes the difference between a connection that is held and one that is not
	keys := []string{"expect_continue: {wait: " + wait.String() + "}"}
	return []lab.Load{
		{About: "with an auth", At: "early-401", Keys: keys, Logon: true, Held: "the wait", For: wait},
		{About: "with an auth, where no 100 comes", At: "kemp-rfc2616-logon", Keys: keys, Logon: true, Fails: true, Held: "the wait", For: wait},
		{About: "without an auth", At: "early-401", Keys: keys, Held: "the wait", For: wait},
	}
}
