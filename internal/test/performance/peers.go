//go:build linux

package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// The name that everybody asks for, and the page of an Exchange server that is well.
const (
	serverName = "mail.contoso.com"
	path       = "/EWS/healthcheck.htm"
	page       = "200 OK<br/>ex01.contoso.com"
)

// peers are where the measured programs connect to.
type peers struct {
	HTTPS  string // answers the health check; on every loopback address
	Silent string // accepts and never speaks
	CA     string // file
}

// serve is the far side of all measurements, in a process of its own so that its work is not counted: ECDSA P-256,
// TLS 1.3, no resumption, HTTP/1.1. It tells where it listens in one line of JSON, and ends with its input.
func serve(ctx context.Context, dir string) error {
	authority, err := lab.NewAuthority()
	if err != nil {
		return err
	}
	certificate, err := authority.Issue(time.Now().AddDate(0, 3, 0), serverName)
	if err != nil {
		return err
	}
	p := peers{CA: filepath.Join(dir, "ca.pem")}
	if err := os.WriteFile(p.CA, authority.PEM(), 0o600); err != nil {
		return err
	}
	var config net.ListenConfig
	plain, err := config.Listen(ctx, "tcp", "0.0.0.0:0") // all of 127.0.0.0/8: ten thousand targets are as many addresses
	if err != nil {
		return err
	}
	silent, err := config.Listen(ctx, "tcp", "0.0.0.0:0")
	if err != nil {
		return err
	}
	p.HTTPS, p.Silent = port(plain), port(silent)
	server := &http.Server{Handler: http.HandlerFunc(healthy), ReadHeaderTimeout: time.Minute}
	go func() {
		_ = server.Serve(tls.NewListener(plain, &tls.Config{
			Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS13,
			CurvePreferences:       []tls.CurveID{tls.X25519MLKEM768, tls.X25519},
			SessionTicketsDisabled: true, NextProtos: []string{"http/1.1"},
		}))
	}()
	go hold(silent)
	if err := json.NewEncoder(os.Stdout).Encode(p); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

func port(l net.Listener) string {
	return fmt.Sprint(l.Addr().(*net.TCPAddr).Port) //nolint:forcetypeassert // it is
}

func healthy(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	w.Header().Set("X-FEServer", "EX01")
	_, _ = io.WriteString(w, page)
}

// hold accepts and says nothing until the other side leaves.
func hold(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			_, _ = io.Copy(io.Discard, conn)
			_ = conn.Close()
		}()
	}
}

// Which key exchange the floor offers: crypto/tls's default, which has ML-KEM, or what the exporter and older programs offer.
const (
	defaultCurves = "default"
	sameCurves    = "same"
)

// floor does what no prober can do without, by crypto/tls alone: for each number on its input so many times a full
// handshake, one GET, its answer, and the end of the connection. It answers each number with a line
// of the objects and bytes that it has allocated so far.
func floor(args []string) error {
	address, ca := args[0], args[1]
	parallel, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	roots, err := pool(ca)
	if err != nil {
		return err
	}
	config := &tls.Config{ServerName: serverName, RootCAs: roots, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
	if args[3] == sameCurves {
		config.CurvePreferences = []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384}
	}
	request := []byte("GET " + path + " HTTP/1.1\r\nHost: " + serverName + "\r\nUser-Agent: floor\r\n\r\n")
	input := bufio.NewScanner(os.Stdin)
	for input.Scan() {
		n := 0
		if _, err := fmt.Sscan(input.Text(), &n); err != nil {
			return err
		}
		if err := side(n, parallel, func(int) error { return leastProbe(address, config, request) }); err != nil {
			return err
		}
		var used runtime.MemStats
		runtime.ReadMemStats(&used)
		fmt.Println(used.Mallocs, used.TotalAlloc)
	}
	return input.Err()
}

func leastProbe(address string, config *tls.Config, request []byte) error {
	conn, err := tls.Dial("tcp", address, config) //nolint:noctx // the floor waits for nobody
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Write(request); err != nil {
		return err
	}
	answer := make([]byte, 4<<10)
	_, err = conn.Read(answer) // head and body are one record
	return err
}

// side calls f n times in all, from as many goroutines as parallel says; f is told which of them it is.
func side(n, parallel int, f func(worker int) error) error {
	var group errgroup.Group
	for worker := range parallel {
		group.Go(func() error {
			for i := worker; i < n; i += parallel {
				if err := f(worker); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}
