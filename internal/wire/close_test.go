package wire

import (
	"crypto/tls"
	"testing"
	"time"
)

// TestClose_peerReadsNothing: to say good-bye to who takes nothing any more holds nobody up.
func TestClose_peerReadsNothing(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	deaf := func(p *peer) {
		if p.Conn.(*tls.Conn).Handshake() == nil {
			p.hang()
		}
	}
	c := connect(t, serve(t, serverConfig(ca.leaf(t, "mail.contoso.com")), deaf), testLimit)
	wantFailure(t, c.Handshake(&TLS{ServerName: "mail.contoso.com", Roots: ca.pool()}), "", "")
	for size := 1 << 20; size > 0; size /= 16 { // until not a byte more has room
		_ = c.raw.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
		for n := size; n > 0; {
			n, _ = c.raw.Conn.Write(make([]byte, size))
		}
	}
	begun := time.Now()
	c.Close()
	if took := time.Since(begun); took > closeTimeout+3*time.Second { // crypto/tls itself would wait 5 s
		t.Errorf("it took %s", took)
	}
}
