package lab

import (
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// loads are what the modules cost. What each site asks for is Exchange's default: Negotiate and NTLM, for a connection.
func loads() []lab.Load {
	return []lab.Load{
		{About: "four objects", At: "ntlm-persisted", Logon: true},
		{About: "where every request logs on", At: "ntlm-per-request", Logon: true},
		{
			About: "with its check of Extended Protection", At: "protection-allow", Keys: []string{"auth_roundtrips: {extended_protection_check: true}"},
			Logon: true, Every: time.Hour, First: true,
		},
	}
}
