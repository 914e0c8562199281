package wire

import (
	"context"
	"crypto/tls"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// exchangeHead is like what Exchange sends for a refused request.
const exchangeHead = "HTTP/1.1 401 Unauthorized\r\nServer: Microsoft-IIS/10.0\r\nrequest-id: 4f2c1c3e-5f0e-4f6e-9a0c-0f5f5f2f7a10\r\n" +
	"X-OWA-Version: 15.2.1544.9\r\nWWW-Authenticate: Negotiate\r\nWWW-Authenticate: NTLM\r\nX-Powered-By: ASP.NET\r\n" +
	"X-FEServer: EX01\r\nDate: Mon, 23 Nov 2026 06:30:14 GMT\r\nContent-Length: 0\r\n\r\n"

func BenchmarkParseHead(b *testing.B) {
	worst := "HTTP/1.1 200 OK\r\nA: b\r\n" + strings.Repeat(" c\r\n", (maxHead-100)/4) + "\r\n"
	for name, head := range map[string]string{"exchange": exchangeHead, "worst": worst} {
		b.Run(name, func(b *testing.B) {
			raw := []byte(head)
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := parseHead(raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// answering serves requests until the client closes.
func answering(p *peer) {
	for p.head() != "" {
		p.body(len(post.Body))
		p.send(exchangeHead)
	}
}

func BenchmarkDo(b *testing.B) {
	for name, secure := range map[string]bool{"TCP": false, "TLS": true} {
		b.Run(name, func(b *testing.B) {
			c := connectSecure(b, secure, answering)
			c.ctx = context.Background() // however long the benchmark takes
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := c.Do(post, 1<<10); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// What a probe pays for each of its connections.
func BenchmarkConnectHandshakeClose(b *testing.B) {
	ca := newAuthority(b)
	address := serve(b, serverConfig(ca.leaf(b, "mail.contoso.com")), func(p *peer) { _ = p.Conn.(*tls.Conn).Handshake() })
	opts := &TLS{ServerName: "mail.contoso.com", Roots: ca.pool()}
	d := &Dialer{Epoch: time.Now()}
	b.ReportAllocs()
	for b.Loop() {
		res, err := d.Resolve(context.Background(), address.Addr().String(), Preference{Protocol: "ip4"})
		if err != nil {
			b.Fatal(err)
		}
		c, err := d.Connect(context.Background(), 1, "mail.contoso.com", res, netip.AddrPortFrom(res.Addresses[0], address.Port()))
		if err == nil {
			err = c.Handshake(opts)
		}
		if err != nil {
			b.Fatal(err)
		}
		c.Close()
	}
}

// What a probe pays before each further request of a connection.
func BenchmarkReusable(b *testing.B) {
	for name, secure := range map[string]bool{"TCP": false, "TLS": true} {
		b.Run(name, func(b *testing.B) {
			c := connectSecure(b, secure, answering)
			c.ctx = context.Background()
			if _, _, err := c.Do(post, 1<<10); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if !c.Reusable() {
					b.Fatal("not reusable")
				}
			}
		})
	}
}
