package authroundtrips_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	gokrb5 "github.com/jcmturner/gokrb5/v8/spnego"
)

// relay is a box that clients take for the server, with a certificate of its own that they trust. It carries each
// connection's logon to a server behind another certificate, and may change what each side says.
type relay struct {
	to        string              // the server's address
	offer     string              // the scheme that clients are offered; what the server says of that is dropped
	challenge func([]byte) []byte // changes NTLM's second message; nil leaves it
	answer    func([]byte) []byte // changes its third; nil leaves it

	mu     sync.Mutex
	proofs [][]byte // the third messages that clients sent, before they were changed
	bound  []string // what the server said of each logon that it accepted: X-Channel-Bound
}

// start runs the relay, and gives its address. It ends with the test.
func (r *relay) start(t *testing.T, certificate tls.Certificate) (address string) {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	var carried sync.WaitGroup
	carried.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			carried.Go(func() { r.carry(conn) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		carried.Wait()
	})
	return l.Addr().String()
}

// carry takes requests to the server and responses back until either ends the connection.
func (r *relay) carry(client net.Conn) {
	defer client.Close()
	server, err := tls.Dial("tcp", r.to, &tls.Config{InsecureSkipVerify: true}) // #nosec G402 -- as an attacker does
	if err != nil {
		return
	}
	defer server.Close()
	from, back := bufio.NewReader(client), bufio.NewReader(server)
	for {
		request, err := http.ReadRequest(from)
		if err != nil {
			return
		}
		request.Header.Set("Authorization", changed(request.Header.Get("Authorization"), r.toServer))
		if request.Write(server) != nil {
			return
		}
		response, err := http.ReadResponse(back, request)
		if err != nil {
			return
		}
		r.note(response)
		if response.Write(client) != nil {
			return
		}
	}
}

// note changes what the server says, and keeps how it judged.
func (r *relay) note(response *http.Response) {
	said := response.Header.Get("WWW-Authenticate")
	if said != "" {
		said = changed(said, r.toClient)
	}
	if !strings.Contains(said, " ") && response.StatusCode == http.StatusUnauthorized {
		said = r.offer
	}
	response.Header.Set("WWW-Authenticate", said)
	if response.StatusCode == http.StatusOK {
		r.mu.Lock()
		r.bound = append(r.bound, response.Header.Get("X-Channel-Bound"))
		r.mu.Unlock()
	}
}

func (r *relay) toServer(m []byte) []byte {
	if !isNTLM(m, 3) {
		return m
	}
	r.mu.Lock()
	r.proofs = append(r.proofs, bytes.Clone(m))
	r.mu.Unlock()
	if r.answer == nil {
		return m
	}
	return r.answer(bytes.Clone(m))
}

func (r *relay) toClient(m []byte) []byte {
	if !isNTLM(m, 2) || r.challenge == nil {
		return m
	}
	return r.challenge(bytes.Clone(m))
}

func isNTLM(m []byte, kind byte) bool {
	return bytes.HasPrefix(m, append([]byte("NTLMSSP\x00"), kind, 0, 0, 0))
}

// changed is a field's value with another message of NTLM in it, be that plain or in an answer of SPNEGO.
func changed(value string, change func([]byte) []byte) string {
	scheme, token, _ := strings.Cut(value, " ")
	message, err := base64.StdEncoding.DecodeString(token)
	if err != nil || token == "" {
		return value
	}
	var wrapped gokrb5.NegTokenResp
	if message[0] == 0xa1 && wrapped.Unmarshal(message) == nil && len(wrapped.ResponseToken) > 0 {
		wrapped.ResponseToken = change(wrapped.ResponseToken)
		if message, err = wrapped.Marshal(); err != nil {
			return value
		}
	} else {
		message = change(message)
	}
	return scheme + " " + base64.StdEncoding.EncodeToString(message)
}
