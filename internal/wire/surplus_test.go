package wire

import (
	"crypto/tls"
	"slices"
	"testing"
	"time"
)

// What a peer sends that nobody asked for is seen before the next request, whenever it came and wherever it lies: in the
// reader, in a record that nobody has decrypted, or in the socket.
func TestConn_surplusIsNeverTheNextAnswer(t *testing.T) {
	t.Parallel()
	const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	const fault = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 5\r\n\r\nfault"
	const none, early100 = "", "HTTP/1.1 100 Continue\r\n\r\n"
	tests := map[string]struct {
		first, later string // what comes at once, and what once the answer was read
		stray        int
		reusable     bool
	}{
		"nothing more":                       {ok, none, 0, true},
		"a second response with the first":   {fault + ok, none, len(ok), false},
		"a second response later":            {fault, ok, len(ok), false},
		"the same again":                     {ok, ok, len(ok), false},
		"two of them":                        {ok, fault + ok, len(fault + ok), false},
		"text":                               {ok, "and more", 8, false},
		"half a head":                        {ok, "HTTP/1.1 2", 10, false},
		"a head without its body":            {ok, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", 38, false},
		"an error that nobody asked for":     {ok, "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n", 51, false},
		"an empty line, which is forgiven":   {ok, "\r\n", 0, true},
		"a 100 for a body that came already": {ok, early100, 0, true},
		"a 100, and then a response":         {ok, early100 + ok, len(ok), false},
	}
	for name, tt := range tests {
		for scheme, secure := range map[string]bool{"TCP": false, "TLS": true} {
			t.Run(name+"/"+scheme, func(t *testing.T) {
				t.Parallel()
				read, written := make(chan struct{}), make(chan struct{})
				c := connectSecure(t, secure, func(p *peer) {
					p.head()
					p.send(tt.first)
					<-read
					p.send(tt.later)
					close(written)
					p.hang()
				})
				x, _, err := c.Do(get, 1<<10)
				wantFailure(t, err, "", "")
				close(read)
				<-written
				time.Sleep(10 * time.Millisecond) // through the loopback
				if tt.reusable != c.Reusable() && (tt.reusable || !ended(c)) {
					t.Errorf("reusable: %t, want %t", !tt.reusable, tt.reusable)
				}
				c.Reusable() // asked again it counts nothing twice
				if x.Record.Stray != tt.stray || c.Record.LeftOver != tt.stray {
					t.Errorf("stray %d, left over %d, want %d", x.Record.Stray, c.Record.LeftOver, tt.stray)
				}
			})
		}
	}
}

// ended tells whether a connection is seen to be of no more use; what the peer did takes a moment to arrive.
func ended(c *Conn) bool {
	for range 200 {
		if !c.Reusable() {
			return true
		}
		time.Sleep(10 * time.Millisecond)
	}
	return false
}

// A response behind the last one that is asked for is no danger to anybody, and still a sign of one.
func TestConn_closeSeesSurplus(t *testing.T) {
	t.Parallel()
	for scheme, secure := range map[string]bool{"TCP": false, "TLS": true} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			c := connectSecure(t, secure, held("HTTP/1.1 200 OK\r\nConnection: close\r\n"+length("ok")+"HTTP/1.1 200 OK\r\n"+length("ok")))
			x, _, err := c.Do(get, 1<<10)
			wantFailure(t, err, "", "")
			c.Close()
			if x.Record.Stray == 0 {
				t.Error("the second response was not seen")
			}
		})
	}
}

// Several records come in one segment, so that crypto/tls has read what the socket no longer has.
func TestConn_surplusInARecordNobodyDecrypted(t *testing.T) {
	t.Parallel()
	const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	c := connectSecure(t, true, func(p *peer) {
		_ = p.Conn.(*tls.Conn).Handshake()
		p.head()
		p.corked(func() {
			p.send(ok)
			p.send(ok)
		})
		p.hang()
	})
	x, _, err := c.Do(get, 1<<10)
	wantFailure(t, err, "", "")
	if !ended(c) || x.Record.Stray != len(ok) {
		t.Errorf("%d bytes counted, want %d, and no more requests on the connection", x.Record.Stray, len(ok))
	}
}

// A connection that the peer ended is not used again, however it did.
func TestConn_endIsSeenBeforeTheNextRequest(t *testing.T) {
	t.Parallel()
	const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	for scheme, secure := range map[string]bool{"TCP": false, "TLS": true} {
		for how, end := range map[string]func(p *peer){
			"closed": func(p *peer) { _ = p.Close() },
			"cut":    func(p *peer) { _ = p.tcp.Close() },
			"reset":  func(p *peer) { p.reset() },
		} {
			t.Run(how+"/"+scheme, func(t *testing.T) {
				t.Parallel()
				read := make(chan struct{})
				c := connectSecure(t, secure, func(p *peer) {
					p.head()
					p.send(ok)
					<-read
					end(p)
				})
				_, _, err := c.Do(get, 1<<10)
				wantFailure(t, err, "", "")
				if !c.Reusable() {
					t.Error("not reusable while it is open")
				}
				close(read)
				if !ended(c) || !slices.Contains([]State{Closed, Reset}, c.Record.State) {
					t.Errorf("state %q, and reusable", c.Record.State)
				}
			})
		}
	}
}

// Servers say 408 when they end a connection that nobody has used for long; that is no answer to anything.
func TestConn_anIdleConnectionIsEndedWith408(t *testing.T) {
	t.Parallel()
	read := make(chan struct{})
	c := connectSecure(t, true, func(p *peer) {
		p.head()
		p.send("HTTP/1.1 200 OK\r\n" + length("ok"))
		<-read
		p.send("HTTP/1.1 408 Request Time-out\r\nConnection: close\r\n" + length("<h1>408</h1>"))
	})
	x, _, err := c.Do(get, 1<<10)
	wantFailure(t, err, "", "")
	long := *x.Record.End - 2 // as if two seconds had passed
	x.Record.End = &long
	close(read)
	if !ended(c) || x.Record.Stray != 0 || c.Record.State != Closed {
		t.Errorf("%d stray bytes, state %q", x.Record.Stray, c.Record.State)
	}
}

// Looking costs no time while nothing is there, also where the peer has sent half a record and says no more.
func TestConn_lookingDoesNotWait(t *testing.T) {
	t.Parallel()
	c := connectSecure(t, true, held("HTTP/1.1 200 OK\r\n"+length("ok")))
	_, _, err := c.Do(get, 1<<10)
	wantFailure(t, err, "", "")
	begun := time.Now()
	for range 200 {
		if !c.Reusable() {
			t.Fatal("not reusable")
		}
	}
	if took := time.Since(begun); took > 200*20*time.Millisecond { // on a busy machine, and less than any wait for each
		t.Errorf("200 looks took %v", took)
	}
}
