package lab

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"strings"
	"sync/atomic"
)

// memberField tells the simulated pool which of its members a request is for.
const memberField = "X-Lab-Member"

// split sends the requests of a client's connection to the servers of the pool in turn, each over a connection of its own.
func split(s *session, req *head) error {
	if s.origin != nil {
		_ = s.origin.Close()
		s.origin = nil
	}
	s.moved++
	return toMember(s, req, (s.moved-1)%len(members))
}

// inTurn sends the requests of all connections to the servers of a pool in turn.
func inTurn(pool int) balancer {
	var taken atomic.Int64
	return func(s *session, req *head) error {
		if s.origin != nil {
			_ = s.origin.Close()
			s.origin = nil
		}
		return toMember(s, req, int(taken.Add(1)-1)%pool)
	}
}

// toMember sends a request to one server of the pool.
func toMember(s *session, req *head, member int) error {
	req.raw = fmt.Appendf(req.raw[:len(req.raw)-len("\r\n")], "%s: %d\r\n\r\n", memberField, member)
	return relay(s, req)
}

// reconnect is a proxy as nginx is by default: it keeps the client's connection, takes a new one to the server for each
// request, asks for the body itself, and writes its own Server (nginx documentation, proxy_http_version, proxy_pass_header).
func reconnect(s *session, req *head) error {
	if s.origin != nil {
		_ = s.origin.Close()
		s.origin = nil
	}
	if req.length > 0 && req.expects() {
		if err := s.toClient([]byte(continue100)); err != nil {
			return err
		}
	}
	res, err := s.ask(req)
	if err != nil {
		return err
	}
	res.raw = bytes.Replace(res.raw, []byte("Server: Microsoft-IIS/10.0\r\n"), []byte("Server: nginx\r\n"), 1)
	return s.reply(res)
}

// Spread gives a running scenario a balancer that sends each request to the next server of a pool of this size.
func (s *Site) Spread(scenario string, pool int) {
	behaves := inTurn(pool)
	s.balancers[scenario].Store(&behaves)
}

// closeAfterChallenge relays, and ends the connection after a 401 that carries NTLM's challenge, without having said so.
func closeAfterChallenge(s *session, req *head) error {
	if req.length > 0 && req.expects() { // to read no more than the head's own answer
		return relay(s, req)
	}
	res, err := s.ask(req)
	if err != nil {
		return err
	}
	if err := s.reply(res); err != nil {
		return err
	}
	if strings.HasPrefix(res.field.Get("WWW-Authenticate"), "NTLM ") || strings.HasPrefix(res.field.Get("WWW-Authenticate"), "Negotiate ") {
		return errEnd
	}
	return nil
}

// echo asks for a logon by NTLM and Basic, and shows what it was sent wherever a response has room for it.
func echo(s *session, req *head) error {
	credentials := req.field.Get("Authorization")
	if credentials == "" {
		if req.expects() {
			return errors.Join(s.toClient(echoed("401 Unauthorized", "NTLM", credentials)), errEnd)
		}
		if _, err := readBody(s.in, req); err != nil {
			return err
		}
		return s.toClient(echoed("401 Unauthorized", "NTLM", credentials))
	}
	if req.expects() {
		if err := s.toClient([]byte(continue100)); err != nil {
			return err
		}
	}
	if _, err := readBody(s.in, req); err != nil {
		return err
	}
	scheme, token, _ := strings.Cut(credentials, " ")
	message, _ := base64.StdEncoding.DecodeString(token)
	if challenge := (&acceptor{computer: members[0]}).challengeFor(message); challenge != nil {
		return s.toClient(echoed("401 Unauthorized", scheme+" "+base64.StdEncoding.EncodeToString(challenge), credentials))
	}
	return s.toClient(echoed("403 "+credentials, "", credentials))
}

// echoed is a response that shows credentials in its header and its body; what is decoded of Basic too.
func echoed(status, challenge, credentials string) []byte {
	_, token, _ := strings.Cut(credentials, " ")
	plain, _ := base64.StdEncoding.DecodeString(token)
	fields := ""
	if challenge == "NTLM" {
		fields = "WWW-Authenticate: NTLM\r\nWWW-Authenticate: Basic realm=\"echo\"\r\n"
	} else if challenge != "" {
		fields = "WWW-Authenticate: " + challenge + "\r\n"
	}
	body := fmt.Sprintf("<p>%s</p><p>%s</p><p>%x</p><p>%q</p>", html.EscapeString(credentials), html.EscapeString(string(plain)), plain, plain)
	return fmt.Appendf(nil, "HTTP/1.1 %s\r\n%sX-Echo: %s\r\nSet-Cookie: session=%s; path=/\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s",
		status, fields, credentials, base64.URLEncoding.EncodeToString([]byte("cookie of "+token)), len(body), body)
}
