package lab

import (
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// loads are what the modules cost. What each site asks for is Exchange's default: Negotiate and NTLM, for a connection.
func loads() []lab.Load {
	const hold = 3 * time.Second // of a stream, by default
	keys := func(settings string) []string { return []string{"ews_sync: {" + settings + "}"} }
	mailbox := keys("mailbox: " + lab.MailAddress)
	return []lab.Load{
		{About: "as it comes", At: "early-401", Keys: mailbox, Logon: true},
		{About: "where every request logs on", At: "ntlm-per-request", Keys: mailbox, Logon: true},
		{About: "with `write`, `sync` and `notify`", At: "early-401", Keys: keys("operations: [sync, notify], write: true"), Logon: true, Every: 5 * time.Minute},
		{About: "with `write`, `stream`", At: "early-401", Keys: keys("operations: [stream], write: true"), Logon: true, Every: 5 * time.Minute, Held: "`stream_hold`", For: hold},
	}
}
