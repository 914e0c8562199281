package lab

import (
	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// loads are what the modules cost. What each site asks for is Exchange's default: Negotiate and NTLM, for a connection.
func loads() []lab.Load {
	return []lab.Load{
		{About: "three look-ups by `pox`", At: "autodiscover-healthy", Keys: []string{"autodiscover: {email: " + lab.MailAddress + "}"}, Logon: true},
	}
}
