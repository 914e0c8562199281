package wire

import (
	"errors"
	"net"

	"github.com/miekg/dns"
)

const (
	resolvConf     = "/etc/resolv.conf"
	maxNameservers = 3 // that are asked one after another, as the system's own resolver does
)

// SystemNameservers are those of the operating system's resolver, "address:port", where a file names them: not on Windows.
func SystemNameservers() ([]string, error) {
	c, err := dns.ClientConfigFromFile(resolvConf)
	if err != nil {
		return nil, err
	}
	if len(c.Servers) == 0 {
		return nil, errors.New(resolvConf + " names no name server")
	}
	var list []string
	for _, s := range c.Servers[:min(len(c.Servers), maxNameservers)] {
		list = append(list, net.JoinHostPort(s, c.Port))
	}
	return list, nil
}
