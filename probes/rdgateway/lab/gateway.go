package lab

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

// gateway is a simulated RD Gateway, and what stands in front of it. Its packets are those of MS-TSGU section 2.2.10; how it asks
// for a logon and what it answers to other requests are http.sys's ways, and a guess.
type gateway struct {
	front  func(r *http.Request) string // what a box in front answers itself; empty to let it through, and keeps for nothing at all
	entry  string                       // what who has logged on gets in place of a channel
	open   bool                         // it asks nobody for a logon
	old    bool                         // it knows no websockets
	head   string                       // of the channel out, in place of the usual 200
	seed   *string                      // behind it, in place of the usual one
	accept string                       // Sec-WebSocket-Accept, in place of the right one
	holds  bool                         // a box keeps what comes in, or leads it to another gateway
	// reply is what comes to a handshake request, piece by piece; nil for an answer without an error. With websockets each is a
	// frame, unless raw.
	reply  []string
	raw    bool
	pause  time.Duration // behind each piece
	does   func(net.Conn) error
	splits bool // each request reaches it over another connection
	// seen is told of every packet's type; nil: nobody wants to know.
	seen func(kind uint16)
}

// service is a gateway that runs.
type service struct {
	*gateway
	meter lab.Meter

	mu   sync.Mutex
	outs map[string]net.Conn // the channels out that stand, by their RDG-Connection-Id
}

// start has it run: each that does counts for itself.
func (g *gateway) start() *service { return &service{gateway: g} }

// What is done in place of an answer.
const (
	keeps = "keeps" // it reads, and says nothing
	cuts  = "cuts"  // it ends the connection
)

// Path is where a gateway has its transports.
const Path = "/remoteDesktopGateway/"

// The types of packets that it knows (MS-TSGU section 2.2.10).
const (
	handshakeRequest = 1
	tunnelCreate     = 4
)

// usualSeed is what stands before the packets of the channel out. Its content means nothing.
var usualSeed = strings.Repeat("\xab\xcd", 5)

// answers is a handshake response with an error's number.
func answers(code uint32) string {
	packet := []byte("\x02\x00\x00\x00\x12\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00")
	binary.LittleEndian.PutUint32(packet[8:], code)
	return string(packet)
}

// noTunnel is a tunnel response that refuses (E_ACCESSDENIED): nothing is opened here.
const noTunnel = "\x05\x00\x00\x00\x12\x00\x00\x00\x00\x00\x05\x00\x07\x80\x00\x00\x00\x00"

// byHTTPSys is a response of http.sys's, or of a service that listens by it.
func byHTTPSys(status, fields, body string) string {
	return script.Responds(status, "Server: Microsoft-HTTPAPI/2.0\r\n"+fields, body)
}

// dialogue is what it has on one connection of a scenario.
func (s *service) dialogue(conn net.Conn, config *tls.Config, request func()) {
	client := tls.Server(conn, config)
	in := bufio.NewReader(client)
	defer lab.End(client, in)
	_ = s.serve(client, in, request)
}

// step has it on a scripted connection.
func (s *service) step(c *lab.Conn) error {
	defer s.meter.Connection()()
	return s.serve(c.Conn, bufio.NewReader(c.Conn), s.meter.Request)
}

// Server has the dialogue of a gateway on a scripted connection, behind servers that are not ours. seen is told of every packet's
// type; nil: nobody wants to know.
func Server(seen func(kind uint16)) lab.Step { return (&gateway{seen: seen}).start().step }

// idle is how long a client may say nothing.
const idle = 30 * time.Second

func (s *service) serve(client net.Conn, in *bufio.Reader, request func()) error {
	logon := lab.Remembering(&s.meter)
	for client.SetDeadline(time.Now().Add(idle)) == nil {
		r, err := http.ReadRequest(in)
		if err != nil {
			return err
		}
		request()
		if s.splits {
			logon = lab.Remembering(&s.meter)
		}
		if err := s.take(client, in, r.WithContext(logon)); err != nil {
			return err
		}
		if r.Close {
			return nil
		}
	}
	return nil
}

// take answers one request. A channel takes the rest of the connection.
func (s *service) take(client net.Conn, in *bufio.Reader, r *http.Request) error {
	answer := ""
	if s.front != nil {
		answer = s.front(r)
	}
	if answer == "" {
		answer = s.refuses(r)
	}
	switch {
	case answer == cuts:
		return client.Close()
	case answer == keeps:
		_, err := io.Copy(io.Discard, in)
		return err
	case answer != "":
	case r.Method == "RDG_OUT_DATA" && strings.EqualFold(r.Header.Get("Upgrade"), "websocket") && !s.old:
		return s.webSocket(client, in, r.Header.Get("Sec-WebSocket-Key"))
	case r.Method == "RDG_OUT_DATA":
		return s.channelOut(client, in, r)
	case r.Method == "RDG_IN_DATA" && r.ContentLength < 0:
		return s.channelIn(r)
	case r.Method == "RDG_IN_DATA":
		answer = byHTTPSys("200 OK", "", "")
	default:
		answer = byHTTPSys("405 Method Not Allowed", "", "")
	}
	_, err := io.WriteString(client, answer)
	return err
}

// refuses is what a request gets that leads to no channel; empty for one that does.
func (g *gateway) refuses(r *http.Request) string {
	if !strings.EqualFold(r.URL.Path, Path) {
		return byHTTPSys("404 Not Found", "Content-Type: text/html; charset=us-ascii\r\n", "<HTML><HEAD><TITLE>Not Found</TITLE></HEAD></HTML>")
	}
	if g.open {
		return ""
	}
	if challenges := lab.Asks(r); challenges != nil {
		return byHTTPSys("401 Unauthorized", "WWW-Authenticate: "+strings.Join(challenges, "\r\nWWW-Authenticate: ")+"\r\n", "")
	}
	return g.entry
}

// channelOut stands until the client ends it.
func (s *service) channelOut(client net.Conn, in io.Reader, r *http.Request) error {
	id := r.Header.Get("RDG-Connection-Id")
	s.keep(id, client)
	defer s.keep(id, nil)
	head, seed := s.head, usualSeed
	if head == "" {
		head = "HTTP/1.1 200 OK\r\nServer: Microsoft-HTTPAPI/2.0\r\n\r\n"
	}
	if s.seed != nil {
		seed = *s.seed
	}
	if _, err := io.WriteString(client, head+seed); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, in)
	return err
}

// keep notes a channel out, or forgets it.
func (s *service) keep(id string, out net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.outs == nil {
		s.outs = map[string]net.Conn{}
	}
	if s.outs[id] = out; out == nil {
		delete(s.outs, id)
	}
}

// channelIn takes the packets of a request's body. It has no answer.
func (s *service) channelIn(r *http.Request) error {
	if s.holds {
		_, err := io.Copy(io.Discard, r.Body)
		return err
	}
	s.mu.Lock()
	out := s.outs[r.Header.Get("RDG-Connection-Id")]
	s.mu.Unlock()
	if out == nil {
		return errors.New("a channel in without its channel out")
	}
	for {
		kind, err := readPacket(r.Body)
		if err != nil {
			return err
		}
		if err := s.answer(out, kind, func(packet string) string { return packet }); err != nil {
			return err
		}
	}
}

// answer answers a packet; framed puts what is sent into its form.
func (g *gateway) answer(out net.Conn, kind uint16, framed func(string) string) error {
	if g.seen != nil {
		g.seen(kind)
	}
	pieces := g.reply
	switch {
	case kind == tunnelCreate:
		pieces = []string{noTunnel}
	case kind != handshakeRequest:
		return errors.New("a packet that nobody waits for")
	case g.does != nil:
		return g.does(out)
	case pieces == nil:
		pieces = []string{answers(0)}
	}
	for _, piece := range pieces {
		if !g.raw {
			piece = framed(piece)
		}
		if _, err := io.WriteString(out, piece); err != nil {
			return err
		}
		time.Sleep(g.pause)
	}
	return nil
}

// maxPacket is the longest that it reads.
const maxPacket = 64 << 10

// readPacket reads a packet and gives its type.
func readPacket(in io.Reader) (uint16, error) {
	var header [8]byte
	if _, err := io.ReadFull(in, header[:]); err != nil {
		return 0, err
	}
	length := binary.LittleEndian.Uint32(header[4:])
	if length < 8 || length > maxPacket {
		return 0, errors.New("no packet")
	}
	_, err := io.CopyN(io.Discard, in, int64(length)-8)
	return binary.LittleEndian.Uint16(header[:]), err
}

// forever sends a piece again and again.
func forever(piece string) func(net.Conn) error {
	return func(c net.Conn) error {
		for {
			if _, err := io.WriteString(c, piece); err != nil {
				return err
			}
		}
	}
}

// Open has the dialogue of a gateway that asks nobody for a logon.
var Open lab.Step = (&gateway{open: true}).start().step
