package hostile

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"io"
	"net"
	"slices"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

// Kinds of records (RFC 5246 section 6.2.1).
const (
	alert     = 21
	handshake = 22
)

// renegotiates is a peer that asks, once the request is there, to negotiate TLS 1.2 anew (HelloRequest, RFC 5246 section
// 7.4.1.1). IIS does so where one path wants a certificate of the client.
func renegotiates(w world) lab.Peer { return recording(w, handshake, 0, 0, 0, 0) }

// alerts is a peer that ends TLS 1.2, once the request is there, with the alert internal_error.
func alerts(w world) lab.Peer { return recording(w, alert, 2, 80) }

// recording is a peer that sends a record once the request is there. crypto/tls sends none such, so it is made here.
func recording(w world, kind byte, content ...byte) lab.Peer {
	config := script.TLS(w)
	config.MaxVersion = tls.VersionTLS12
	config.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}
	return script.Plain(w, func(c *lab.Conn) error {
		said := &saying{Conn: c.Conn}
		var keys bytes.Buffer
		own := config.Clone()
		own.KeyLogWriter = &keys
		secured := tls.Server(said, own)
		if err := secured.HandshakeContext(context.Background()); err != nil {
			return err
		}
		if _, err := secured.Read(make([]byte, 4096)); err != nil {
			return err
		}
		if _, err := c.Write(record(said.first, keys.Bytes(), kind, content)); err != nil {
			return err
		}
		_, err := io.Copy(io.Discard, c.Conn)
		return err
	})
}

// saying keeps the first that is written: it begins with the ServerHello.
type saying struct {
	net.Conn
	first []byte
}

func (s *saying) Write(p []byte) (int, error) {
	if s.first == nil {
		s.first = slices.Clone(p)
	}
	return s.Conn.Write(p)
}

// record is one that is encrypted by AES-128-GCM (RFC 5288) as the first after the server's Finished. keys is a line of a
// key log: "CLIENT_RANDOM random secret".
func record(first, keys []byte, kind byte, plain []byte) []byte {
	const header, message, version = 5, 4, 2
	serverRandom := first[header+message+version:][:32]
	line := bytes.Fields(keys)
	clientRandom, _ := hex.DecodeString(string(line[1]))
	secret, _ := hex.DecodeString(string(line[2]))
	// Two keys of 16 bytes and two salts of 4, the client's first (RFC 5246 section 6.3).
	block := expand(secret, slices.Concat([]byte("key expansion"), serverRandom, clientRandom), 40)
	aesBlock, err := aes.NewCipher(block[16:32])
	if err != nil {
		panic(err)
	}
	gcm, err := cipher.NewGCM(aesBlock)
	if err != nil {
		panic(err)
	}
	const sequence = 1
	number := binary.BigEndian.AppendUint64(nil, sequence)
	additional := append(slices.Clone(number), kind, 3, 3, 0, byte(len(plain)))
	sealed := gcm.Seal(slices.Clone(number), append(slices.Clone(block[36:40]), number...), plain, additional)
	return append([]byte{kind, 3, 3, 0, byte(len(sealed))}, sealed...)
}

// expand is P_SHA256 (RFC 5246 section 5).
func expand(secret, seed []byte, n int) []byte {
	sum := func(parts ...[]byte) []byte {
		mac := hmac.New(sha256.New, secret)
		for _, p := range parts {
			mac.Write(p)
		}
		return mac.Sum(nil)
	}
	var out []byte
	for a := sum(seed); len(out) < n; a = sum(a) {
		out = append(out, sum(a, seed)...)
	}
	return out[:n]
}
