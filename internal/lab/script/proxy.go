package script

import (
	"io"
	"net"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// Tunnels is a proxy that does what it is asked to: it takes CONNECT, connects, says so, and passes on what comes until one side
// ends. What refuses gives an answer in its place; nil refuses nothing.
func Tunnels(refuses func(head string) string) lab.Step {
	return func(c *lab.Conn) error {
		var to string
		for to == "" {
			step := lab.Branch(func(head string) []lab.Step {
				if refuses != nil {
					if answer := refuses(head); answer != "" {
						return []lab.Step{lab.Write(answer)}
					}
				}
				_, to, _ = strings.Cut(head, "CONNECT ")
				to, _, _ = strings.Cut(to, " ")
				return nil
			})
			if err := step(c); err != nil {
				return err
			}
		}
		return pass(c, to)
	}
}

func pass(c *lab.Conn, to string) error {
	target, err := net.Dial("tcp", to) //nolint:noctx // on loopback, at once
	if err != nil {
		return lab.Write(Responds("503 Service Unavailable", "", err.Error()))(c)
	}
	if err := lab.Write("HTTP/1.1 200 Connection established\r\n\r\n")(c); err != nil {
		_ = target.Close()
		return err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(c.Conn, target)
		_ = c.Conn.Close()
	}()
	_, err = io.Copy(target, c.Conn)
	_ = target.Close()
	<-done
	return err
}
