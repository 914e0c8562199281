package servers

import (
	_ "embed" // for the configurations
	"strings"
)

var (
	//go:embed configs/squid-forward.conf
	squidForwardConfig string
	//go:embed configs/apache2-forward.conf
	apacheForwardConfig string
	//go:embed configs/tinyproxy.conf
	tinyproxyConfig string
)

// Proxies on the way out, which lead to loopback where they are asked to by CONNECT. In a Place, Certificate makes Squid and
// Apache speak TLS; Squid and Tinyproxy want the User to log on by Basic.
var (
	SquidForward = Server{Program: "squid", Config: squidForwardConfig, Args: func(p Place) []string {
		return []string{"-N", "-n", "forward" + p.Port(), "-f", p.Config}
	}}
	ApacheForward = Server{Program: "apache2", Config: apacheForwardConfig, Args: func(p Place) []string {
		return []string{"-DFOREGROUND", "-d", p.Dir, "-f", p.Config}
	}}
	Tinyproxy = Server{Program: "tinyproxy", Config: strings.TrimSpace(tinyproxyConfig) + "\n", Args: func(p Place) []string {
		return []string{"-d", "-c", p.Config}
	}}
)
