package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/coreos/go-systemd/v22/activation"
	toolkit "github.com/prometheus/exporter-toolkit/web"
)

// listen opens the addresses of the web flags. The toolkit could do it too, but policy must know them: the exporter
// does not probe itself. taken says what to do where a port is taken.
func listen(ctx context.Context, flags *toolkit.FlagConfig, taken string) ([]net.Listener, error) {
	if *flags.WebSystemdSocket {
		listeners, err := activation.Listeners()
		if err == nil && len(listeners) == 0 {
			err = errors.New("systemd passed none")
		}
		if err != nil {
			return nil, fmt.Errorf("take the sockets of systemd (--web.systemd-socket): %w", err)
		}
		return listeners, nil
	}
	var listeners []net.Listener
	for _, address := range *flags.WebListenAddresses {
		l, err := listenOn(ctx, address)
		if err != nil {
			for _, open := range listeners {
				_ = open.Close()
			}
			return nil, fmt.Errorf("cannot listen on %s: %w; where another program has the port, %s", address, err, taken)
		}
		listeners = append(listeners, l)
	}
	return listeners, nil
}

func listenOn(ctx context.Context, address string) (net.Listener, error) {
	if strings.HasPrefix(address, "vsock://") {
		return nil, errors.New("vsock is not supported here")
	}
	var config net.ListenConfig
	return config.Listen(ctx, "tcp", address)
}

// addresses gives where the exporter itself can be reached.
func addresses(listeners []net.Listener) []netip.AddrPort {
	var all []netip.AddrPort
	for _, l := range listeners {
		if tcp, ok := l.Addr().(*net.TCPAddr); ok {
			all = append(all, tcp.AddrPort())
		}
	}
	return all
}
