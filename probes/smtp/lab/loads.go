package lab

import (
	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// loads are what the modules cost.
func loads() []lab.Load {
	return []lab.Load{
		{About: "as it comes", At: "smtp-healthy"},
		{About: "with `mail_from`", At: "smtp-healthy", Keys: []string{"targets: [127.0.0.1]", "smtp: {mail_from: true}"}},
	}
}
