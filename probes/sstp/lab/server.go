package lab

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

// server is a simulated VPN server as Routing and Remote Access is one, and what stands in front of it. Its packets are those of
// [MS-SSTP] section 2.2; what it answers to other requests than SSTP's is http.sys's, and a guess.
type server struct {
	front func(asked) string // what a box in front answers itself; empty to let it through, and keeps for nothing at all
	head  string             // in place of the usual 200
	does  func(net.Conn) error
	// answer is what comes to Call Connect Request, piece by piece; nil for an acknowledgement that offers both hashes.
	answer []string
	pause  time.Duration // behind each piece
}

// asked is what of a request matters.
type asked struct{ method, path, length string }

// decoded is the path without escapes: http.sys routes by that, and proxies such as Apache's escape the braces.
func (a asked) decoded() string {
	path, err := url.PathUnescape(a.path)
	if err != nil {
		return a.path
	}
	return path
}

// keeps is a front that reads, and says nothing.
const keeps = "keeps"

// duplexPath is where SSTP is served.
const duplexPath = "/sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/"

// Packets.
const (
	refuses     = "\x10\x01\x00\x14\x00\x03\x00\x01\x00\x02\x00\x0c\x00\x00\x00\x01\x00\x00\x00\x04" // attribute 1: value not supported
	aborts      = "\x10\x01\x00\x08\x00\x05\x00\x00"
	disconnects = "\x10\x01\x00\x14\x00\x06\x00\x01\x00\x02\x00\x0c\x00\x00\x00\x00\x00\x00\x00\x00"
	farewell    = "\x10\x01\x00\x08\x00\x07\x00\x00"
	echo        = "\x10\x01\x00\x08\x00\x08\x00\x00"
)

// acknowledges offers hashes: 1 for SHA-1, 2 for SHA-256. The nonce is any.
func acknowledges(hashes byte) string {
	return "\x10\x01\x00\x30\x00\x02\x00\x01\x00\x04\x00\x28\x00\x00\x00" + string(hashes) + strings.Repeat("n", 32)
}

// accepts is http.sys's head for a call that may begin.
const accepts = "HTTP/1.1 200\r\nContent-Length: 18446744073709551615\r\nServer: Microsoft-HTTPAPI/2.0\r\nDate: Sun, 29 Nov 2026 12:00:00 GMT\r\n\r\n"

// byHTTPSys is a page of http.sys's own.
func byHTTPSys(status, text string) string {
	return script.Responds(status, "Content-Type: text/html; charset=us-ascii\r\nServer: Microsoft-HTTPAPI/2.0\r\n",
		`<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN""http://www.w3.org/TR/html4/strict.dtd">`+"\r\n<HTML><HEAD><TITLE>"+text+"</TITLE></HEAD>\r\n<BODY><h2>"+text+"</h2></BODY></HTML>\r\n")
}

// dialogue is what the server has on one connection of a scenario.
func (s server) dialogue(conn net.Conn, config *tls.Config, request func()) {
	client := tls.Server(conn, config)
	in := bufio.NewReader(client)
	defer lab.End(client, in)
	_ = s.serve(client, in, request)
}

// step has it on a scripted connection.
func (s server) step(c *lab.Conn) error { return s.serve(c.Conn, bufio.NewReader(c.Conn), func() {}) }

// idle is how long a client may say nothing.
const idle = 30 * time.Second

func (s server) serve(client net.Conn, in *bufio.Reader, request func()) error {
	for client.SetDeadline(time.Now().Add(idle)) == nil {
		a, err := readRequest(in)
		if err != nil {
			return err
		}
		request()
		answer := ""
		if s.front != nil {
			answer = s.front(a)
		}
		switch {
		case answer == keeps:
			_, err := io.Copy(io.Discard, in)
			return err
		case answer == "" && a.method == "SSTP_DUPLEX_POST" && a.decoded() == duplexPath:
			return s.call(client, in)
		case answer == "":
			answer = byHTTPSys("404 Not Found", "Not Found")
		}
		if _, err := io.WriteString(client, answer); err != nil {
			return err
		}
	}
	return nil
}

// call is what follows the request: the 200, and packets.
func (s server) call(client net.Conn, in *bufio.Reader) error {
	head := s.head
	if head == "" {
		head = accepts
	}
	if _, err := io.WriteString(client, head); err != nil {
		return err
	}
	if s.does != nil {
		return s.does(client)
	}
	for {
		kind, err := readPacket(in)
		if err != nil {
			return err
		}
		switch kind {
		case 1:
			err = s.answers(client)
		case 5:
			_, err = io.WriteString(client, aborts)
			return errors.Join(err, io.EOF)
		case 6:
			_, err = io.WriteString(client, farewell)
			return errors.Join(err, io.EOF)
		}
		if err != nil {
			return err
		}
	}
}

func (s server) answers(client net.Conn) error {
	pieces := s.answer
	if pieces == nil {
		pieces = []string{acknowledges(3)}
	}
	for _, piece := range pieces {
		if _, err := io.WriteString(client, piece); err != nil {
			return err
		}
		time.Sleep(s.pause)
	}
	return nil
}

// maxLines bounds a request's head; a line is bounded by the reader's buffer.
const maxLines = 100

// readRequest reads a head. Nothing of the body is read: SSTP has none, whatever its length says.
func readRequest(in *bufio.Reader) (a asked, err error) {
	for n := range maxLines {
		raw, err := in.ReadSlice('\n')
		if err != nil {
			return a, err
		}
		line := strings.TrimRight(string(raw), "\r\n")
		name, value, _ := strings.Cut(line, ":")
		switch {
		case n == 0:
			if _, err := fmt.Sscanf(line, "%s %s", &a.method, &a.path); err != nil {
				return a, err
			}
		case line == "":
			return a, nil
		case strings.EqualFold(name, "Content-Length"):
			a.length = strings.TrimSpace(value)
		}
	}
	return a, errors.New("a head of too many lines")
}

// readPacket reads a control packet and gives its type.
func readPacket(in *bufio.Reader) (uint16, error) {
	var header [8]byte
	if _, err := io.ReadFull(in, header[:]); err != nil {
		return 0, err
	}
	length := int64(binary.BigEndian.Uint16(header[2:]) & 0x0fff)
	if header[0] != 0x10 || header[1]&1 == 0 || length < 8 {
		return 0, errors.New("no control packet")
	}
	_, err := io.CopyN(io.Discard, in, length-8)
	return binary.BigEndian.Uint16(header[4:]), err
}

// Server has the dialogue of a VPN server on a scripted connection, behind servers that are not ours.
var Server lab.Step = server{}.step

// inChunks is a VPN server behind a proxy that puts its stream into chunks.
var inChunks = server{
	head:   "HTTP/1.1 200 OK\r\nServer: nginx\r\nTransfer-Encoding: chunked\r\n\r\n",
	answer: []string{"30\r\n" + acknowledges(3) + "\r\n"},
}
