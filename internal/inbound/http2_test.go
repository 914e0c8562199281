package inbound

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// client is one that speaks HTTP/2.
func (g *guarded) client(t *testing.T) *http.Client {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: g.roots, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// peer is a connection of HTTP/2 whose frames a test writes.
type peer struct {
	*http2.Framer
	t    *testing.T
	what string // this is about
	conn net.Conn
	head bytes.Buffer
	hp   *hpack.Encoder
	mu   sync.Mutex // of writing, where two do
}

// ping writes one, as an answer or not.
func (p *peer) ping(answer bool, data [8]byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.WritePing(answer, data)
}

// goOn goes on with a head that never ends.
func (p *peer) goOn() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.WriteContinuation(1, false, nil)
}

// frames opens one. window is how many bytes of an answer each stream may take.
func (g *guarded) frames(t *testing.T, window uint32) *peer {
	t.Helper()
	c := g.dial(t, "h2")
	if _, err := io.WriteString(c, http2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	p := &peer{Framer: http2.NewFramer(c, c), t: t, conn: c}
	p.hp = hpack.NewEncoder(&p.head)
	if err := p.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: window}); err != nil {
		t.Fatal(err)
	}
	return p
}

// ask begins a request. more says that a body will come.
func (p *peer) ask(stream uint32, more bool, fields ...hpack.HeaderField) error {
	p.head.Reset()
	for _, f := range append([]hpack.HeaderField{
		{Name: ":method", Value: "POST"}, {Name: ":scheme", Value: "https"}, {Name: ":authority", Value: "localhost"}, {Name: ":path", Value: "/"},
	}, fields...) {
		if err := p.hp.WriteField(f); err != nil {
			return err
		}
	}
	return p.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: p.head.Bytes(), EndHeaders: true, EndStream: !more})
}

// await reads frames until one is of the wanted kind, and gives it; nil when the connection ends.
func (p *peer) await(wanted func(http2.Frame) bool) http2.Frame {
	p.t.Helper()
	for {
		f, err := p.ReadFrame()
		var timeout net.Error
		switch {
		case errors.As(err, &timeout) && timeout.Timeout():
			p.t.Errorf("%s: it goes on for ever", p.what)
			return nil
		case err != nil:
			return nil
		case wanted(f):
			return f
		}
		if asked, ok := f.(*http2.PingFrame); ok && !asked.IsAck() { // one who answers them is alive, and no better for it
			_ = p.ping(true, asked.Data)
		}
	}
}

func isReset(f http2.Frame) bool { _, ok := f.(*http2.RSTStreamFrame); return ok }

// TestStreamsAreEnded: a stream whose body does not come, and one whose answer is not taken, as well as a connection with
// nothing on it; before the password is asked for, and after.
func TestStreamsAreEnded(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	defer all.Wait()
	right := hpack.HeaderField{Name: "authorization", Value: "Basic cHJvbWV0aGV1czpyaWdodA=="} // prometheus:right
	for name, run := range map[string]func(p *peer){
		"the body does not come": func(p *peer) {
			_ = p.ask(1, true)
			p.await(func(f http2.Frame) bool {
				return f.Header().StreamID == 1 && f.Header().Flags.Has(http2.FlagDataEndStream) || isReset(f)
			})
		},
		"nobody takes the refusal": func(p *peer) { _ = p.ask(1, false); p.await(isReset) },
		"nobody takes the page":    func(p *peer) { _ = p.ask(1, false, right); p.await(isReset) },
		"nothing is asked":         func(p *peer) { p.await(func(http2.Frame) bool { return false }) },
		"pings alone": func(p *peer) {
			go func() {
				for p.ping(false, [8]byte{1}) == nil {
					time.Sleep(50 * time.Millisecond)
				}
			}()
			p.await(func(http2.Frame) bool { return false })
		},
		"half a frame": func(p *peer) {
			_, _ = p.conn.Write([]byte{0, 1, 0, byte(http2.FrameHeaders), 0})
			p.await(func(http2.Frame) bool { return false })
		},
		"a head without end": func(p *peer) {
			_ = p.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{0x82}})
			go func() {
				for p.goOn() == nil {
					time.Sleep(50 * time.Millisecond)
				}
			}()
			p.await(func(http2.Frame) bool { return false })
		},
	} {
		p := guard(t, say(strings.Repeat("x", 1<<20)), true).frames(t, 0)
		p.what = name
		all.Go(func() { run(p) })
	}
}

// TestTooLargeAHeadOverHTTP2 is refused.
func TestTooLargeAHeadOverHTTP2(t *testing.T) {
	t.Parallel()
	g := guard(t, say("never"), true)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+g.address, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X", strings.Repeat("x", 24<<10))
	answer, err := g.client(t).Do(req)
	if err == nil { // Go's client knows the bound, and does not even send it
		_ = answer.Body.Close()
		t.Fatalf("answered %s", answer.Status)
	}
	p := g.frames(t, 1<<16)
	p.head.Reset()
	_ = p.hp.WriteField(hpack.HeaderField{Name: ":method", Value: "GET"})
	_ = p.hp.WriteField(hpack.HeaderField{Name: "x", Value: strings.Repeat("x", 15<<10)})
	if err := p.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: p.head.Bytes()}); err != nil {
		t.Fatal(err)
	}
	for range 10000 { // 150 MB
		if p.WriteContinuation(1, false, p.head.Bytes()) != nil {
			break
		}
	}
	p.await(func(http2.Frame) bool { return false })
}

// TestStreamsAreCounted: many streams over few connections are as many requests.
func TestStreamsAreCounted(t *testing.T) {
	t.Parallel()
	finish := make(chan struct{})
	g := guard(t, func(http.ResponseWriter, *http.Request) { <-finish }, true)
	defer close(finish)
	p := g.frames(t, 0)
	for n := range 2 * g.limit.connections {
		if p.ask(uint32(2*n+1), false, hpack.HeaderField{Name: "authorization", Value: "Basic cHJvbWV0aGV1czpyaWdodA=="}) != nil {
			break
		}
	}
	p.await(func(http2.Frame) bool { return false })
	g.await(t, 0)
}
