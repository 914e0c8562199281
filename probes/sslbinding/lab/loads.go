package lab

import (
	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// loads are what the modules cost.
func loads() []lab.Load {
	return []lab.Load{
		{About: "one address", At: "bindings-default-differs"},
		{About: "one address, and two servers behind it", At: "bindings-server-differs", Keys: []string{"ssl_binding: {addresses: [127.0.0.2, 127.0.0.3]}"}},
	}
}
