package failure

import (
	"errors"
	"net"
	"strings"
	"syscall"
)

// What the exporter, or its machine, can run out of: reasons of stage internal. Nobody who was probed is to blame.
const (
	OutOfFiles  = "out_of_files"  // file descriptors, of the process or of the machine
	OutOfMemory = "out_of_memory" // memory of the machine, or for its network
	OutOfPorts  = "out_of_ports"  // local ports to connect from
)

// Reasons are these, for which any probe may fail.
var Reasons = []Reason{
	{Internal, OutOfFiles, "The exporter, or its machine, has no file descriptor left: raise its limit, or probe less at once. Nobody who was probed is to blame."},
	{Internal, OutOfMemory, "The exporter's machine has no memory left, or none for its network, or probes hold all that --limit.memory allows. Nobody who was probed is to blame."},
	{Internal, OutOfPorts, "The exporter's machine has no local port left to connect from. Nobody who was probed is to blame."},
}

// Shortage says what err, from the operating system, tells that this side has run out of, "" for nothing.
func Shortage(err error) string {
	switch {
	case is(err, outOfFiles):
		return OutOfFiles
	case is(err, outOfMemory):
		return OutOfMemory
	case noPort(err):
		return OutOfPorts
	}
	return ""
}

func is(err error, errnos []syscall.Errno) bool {
	for _, errno := range errnos {
		if errors.Is(err, errno) || isLookup(err, errno) {
			return true
		}
	}
	return false
}

// noPort tells that a connection could not be made for want of a local port (connect(2), EADDRNOTAVAIL). The same error
// stands for a machine that has no address of the peer's family, so a datagram socket is the contrast: connecting one asks
// for a route and an address, sends nothing, and takes none of TCP's ports.
func noPort(err error) bool {
	var dial *net.OpError
	if !errors.As(err, &dial) || dial.Op != "dial" || dial.Addr == nil || !strings.HasPrefix(dial.Net, "tcp") || !is(err, noAddress) {
		return false
	}
	conn, err := net.Dial("udp", dial.Addr.String()) //nolint:noctx // it waits for nothing
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// isLookup tells errno behind a look-up that failed: package net keeps the text of what a resolver's socket gave, and
// drops the number.
func isLookup(err error, errno syscall.Errno) bool {
	var dns *net.DNSError
	return errors.As(err, &dns) && strings.HasSuffix(dns.Err, errno.Error())
}

// remedies say what to do about a shortage.
var remedies = map[string]string{
	OutOfFiles:  "this is the exporter's own shortage: raise its limit of open files (LimitNOFILE, ulimit -n), or let it probe less at once (--limit.probes)",
	OutOfMemory: "this is the shortage of the machine that the exporter runs on: give it more memory, or let the exporter probe less at once (--limit.probes)",
	OutOfPorts:  "this machine has no local port left to connect from: see what holds so many connections open or in TIME_WAIT (ss -s), or widen net.ipv4.ip_local_port_range",
}

// short is the failure of a shortage, with what to do about it: nil where err tells of none.
func short(err error) *Failure {
	var known *Failure
	if errors.As(err, &known) && remedies[known.Reason] != "" {
		return &Failure{Stage: Internal, Reason: known.Reason, Message: err.Error(), cause: err}
	}
	reason := Shortage(err)
	if reason == "" {
		return nil
	}
	return &Failure{Stage: Internal, Reason: reason, Message: err.Error() + "; " + remedies[reason], cause: err}
}
