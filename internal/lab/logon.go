package lab

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // RFC 4121 names it for the bindings
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/jcmturner/gofork/encoding/asn1"
	"github.com/jcmturner/gokrb5/v8/spnego"
)

// connection is what an origin remembers of one connection, which a balancer opens for one client alone.
type connection struct {
	server   string // the pool member that took it: "EX01"
	acceptor acceptor
	loggedOn bool // by NTLM, which authenticates the connection
	meter    *Meter
}

type connectionKey struct{}

// members name the servers of a pool.
var members = []string{"EX01", "EX02"}

// remember is an http.Server's ConnContext.
func (e *exchange) remember(ctx context.Context, _ net.Conn) context.Context {
	c := &connection{server: members[0], meter: &e.meter, acceptor: acceptor{password: e.password, protection: e.protection, binding: e.binding}}
	if e.pool > 0 {
		c.server = fmt.Sprintf("EX%02d", 1+(e.taken.Add(1)-1)%int64(e.pool))
	}
	c.acceptor.computer = c.server
	return context.WithValue(ctx, connectionKey{}, c)
}

func connectionOf(r *http.Request) *connection {
	c, ok := r.Context().Value(connectionKey{}).(*connection)
	if !ok {
		c = &connection{server: members[0], meter: new(Meter)} // a test without a server
	}
	if n, err := strconv.ParseUint(r.Header.Get(memberField), 10, 32); err == nil {
		c.server = fmt.Sprintf("EX%02d", n+1)
		c.acceptor.computer = c.server
	}
	return c
}

// admit says whether the request may pass, or gives the challenges of its 401. It really verifies Basic and NTLM, plain
// or within SPNEGO, where they are offered.
func (e *exchange) admit(r *http.Request) (ok bool, challenges []string) {
	c := connectionOf(r)
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	switch {
	case !e.offers(scheme):
		if scheme == "" && c.loggedOn && !e.perRequest {
			return true, nil
		}
	case strings.EqualFold(scheme, "Basic"):
		return e.basic(r), e.offer()
	default:
		message, err := base64.StdEncoding.DecodeString(token)
		if err != nil {
			return false, e.offer()
		}
		return e.windows(c, scheme, message)
	}
	return false, e.offer()
}

// offer is what the origin's 401 offers.
func (e *exchange) offer() []string {
	if e.open() {
		return windowsAndBasic
	}
	return e.logon
}

// knowsWho tells whether the request, or its connection, has credentials; passes has judged them.
func (e *exchange) knowsWho(r *http.Request) bool {
	return r.Header.Get("Authorization") != "" || connectionOf(r).loggedOn && !e.perRequest
}

// knows tells whether the site has this user: Username, or one of an account apart (see Module.Apart).
func knows(user string) bool {
	name, own := strings.ToUpper(Username), strings.ToUpper(user)
	return own == name || strings.HasPrefix(own, name+"-")
}

// offers tells whether the origin offers a scheme.
func (e *exchange) offers(scheme string) bool {
	return scheme != "" && slices.ContainsFunc(e.offer(), func(challenge string) bool {
		offered, _, _ := strings.Cut(challenge, " ")
		return strings.EqualFold(offered, scheme)
	})
}

func (e *exchange) basic(r *http.Request) bool {
	connectionOf(r).meter.logon()
	user, password, ok := r.BasicAuth()
	return ok && knows(user) && subtle.ConstantTimeCompare([]byte(password), []byte(e.password)) == 1
}

// windows takes one leg of NTLM, plain or within SPNEGO.
func (e *exchange) windows(c *connection, scheme string, token []byte) (ok bool, challenges []string) {
	message, wrapped := unwrapped(token)
	if challenge := c.acceptor.challengeFor(message); challenge != nil {
		c.loggedOn = false
		if wrapped {
			resp := spnego.NegTokenResp{
				NegState: asn1.Enumerated(spnego.NegStateAcceptIncomplete), ResponseToken: challenge,
				SupportedMech: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 2, 2, 10},
			}
			challenge, _ = resp.Marshal() // of parts that always can be
		}
		return false, []string{scheme + " " + base64.StdEncoding.EncodeToString(challenge)}
	}
	c.meter.logon()
	c.loggedOn = c.acceptor.verify(message)
	return c.loggedOn, e.offer()
}

// unwrapped takes NTLM's message out of SPNEGO, if it is in there.
func unwrapped(token []byte) (message []byte, wrapped bool) {
	var outer spnego.SPNEGOToken
	switch {
	case bytes.HasPrefix(token, []byte(ntlmSignature)), outer.Unmarshal(token) != nil:
		return token, false
	case outer.Init:
		return outer.NegTokenInit.MechTokenBytes, true
	}
	return outer.NegTokenResp.ResponseToken, true
}

// bindingOf is the channel binding of a client that was shown this certificate, which must be signed with SHA-256:
// tls-server-end-point (RFC 5929 §4.1) in gss_channel_bindings_struct, by MD5 (RFC 4121 §4.1.1.2).
func bindingOf(certificate []byte) []byte {
	digest := sha256.Sum256(certificate)
	data := append([]byte("tls-server-end-point:"), digest[:]...)
	structure := append(make([]byte, 16), binary.LittleEndian.AppendUint32(nil, uint32(len(data)))...) //nolint:gosec // 53
	sum := md5.Sum(append(structure, data...))                                                         //nolint:gosec // see the import
	return sum[:]
}
