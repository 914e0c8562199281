package lab

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// pause is how long a test's client waits between head and body where it makes a difference: well over together.
// moment is how long it looks whether nothing more comes.
const (
	pause  = 3 * together
	moment = 30 * time.Millisecond
)

const getFolder = `<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="` + soapNS + `" xmlns:m="` + messagesNS +
	`" xmlns:t="` + typesNS + `"><soap:Body><m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape>` +
	`<m:FolderIds><t:DistinguishedFolderId Id="inbox"/></m:FolderIds></m:GetFolder></soap:Body></soap:Envelope>`

// getZones is a request that open sites answer without a logon.
var getZones = strings.ReplaceAll(getFolder, "GetFolder", harmless)

// start starts the named scenarios on free ports, all without names, and ends them with the test.
func start(t *testing.T, only ...string) *Site {
	t.Helper()
	site, err := Start(context.Background(), []Part{toy()}, Options{Only: only})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(site.Close)
	return site
}

// client is a raw HTTP client: what it sends and reads is what is on the wire.
type client struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
}

func connect(t *testing.T, site *Site, scenario string) *client {
	t.Helper()
	s, ok := site.Scenario(scenario)
	if !ok {
		t.Fatalf("scenario %s does not run", scenario)
	}
	config := &tls.Config{RootCAs: site.Authority().Pool(), ServerName: "mail.contoso.test", MinVersion: tls.VersionTLS12}
	conn := dial(t, s.Address, config)
	return &client{t: t, conn: conn, in: bufio.NewReader(conn)}
}

func (c *client) send(text string) {
	c.t.Helper()
	send(c.t, c.conn, text)
}

// comes tells whether anything arrives before d is over.
func (c *client) comes(d time.Duration) bool {
	c.t.Helper()
	if err := c.conn.SetReadDeadline(time.Now().Add(d)); err != nil {
		c.t.Fatal(err)
	}
	_, err := c.in.Peek(1)
	if err := c.conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		c.t.Fatal(err)
	}
	return err == nil
}

// next reads the next response, interim or final.
func (c *client) next() (*response, error) {
	h, err := readHead(c.in)
	if err != nil {
		return nil, err
	}
	body, err := readBody(c.in, h)
	return &response{head: h, body: body}, err
}

func (c *client) mustNext() *response {
	c.t.Helper()
	res, err := c.next()
	if err != nil {
		c.t.Fatal(err)
	}
	return res
}

// post is the head of an EWS request with the given extra fields, each ending in CRLF.
func post(fields, body string) string {
	return fmt.Sprintf("POST /EWS/Exchange.asmx HTTP/1.1\r\nHost: mail.contoso.test\r\n"+
		"Content-Type: text/xml; charset=utf-8\r\n%sContent-Length: %d\r\n\r\n", fields, len(body))
}

const expect = "Expect: 100-continue\r\n"
