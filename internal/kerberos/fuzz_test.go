package kerberos_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"testing"
	"time"

	asn1 "github.com/jcmturner/gofork/encoding/asn1"
	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
	"github.com/jcmturner/gokrb5/v8/iana/nametype"
	"github.com/jcmturner/gokrb5/v8/iana/patype"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/kerberos"
)

// wantsProof is a KDC's error 25: prove the password, with a key that is made like this.
func wantsProof(tb testing.TB, salt string, rounds []byte) []byte {
	tb.Helper()
	info, err := asn1.Marshal(types.ETypeInfo2{{EType: 18, Salt: salt, S2KParams: rounds}})
	if err != nil {
		tb.Fatal(err)
	}
	data, err := asn1.Marshal(types.PADataSequence{{PADataType: patype.PA_ETYPE_INFO2, PADataValue: info}})
	if err != nil {
		tb.Fatal(err)
	}
	e := messages.NewKRBError(types.NewPrincipalName(nametype.KRB_NT_SRV_INST, "krbtgt/CONTOSO.TEST"), "CONTOSO.TEST", errorcode.KDC_ERR_PREAUTH_REQUIRED, "")
	e.EData = data
	b, err := e.Marshal()
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// says is a KDC that gives these replies, one on each connection, and then none.
func says(tb testing.TB, replies chan []byte) (address string) {
	tb.Helper()
	var listen net.ListenConfig
	l, err := listen.Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			answer(conn, replies)
		}
	}()
	tb.Cleanup(func() {
		_ = l.Close()
		<-ended
	})
	return l.Addr().String()
}

func answer(conn net.Conn, replies chan []byte) {
	defer conn.Close()
	var length [4]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		return
	}
	if _, err := io.CopyN(io.Discard, conn, int64(binary.BigEndian.Uint32(length[:]))); err != nil {
		return
	}
	select {
	case reply := <-replies:
		_, _ = conn.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(reply))), reply...))
	default:
	}
}

// TestRounds: a KDC, or who pretends to be one, cannot keep a probe busy with making a key.
func TestRounds(t *testing.T) {
	t.Parallel()
	for name, rounds := range map[string][]byte{"too many": {0xff, 0xff, 0xff, 0xff}, "none, which means 2^32": {0, 0, 0, 0}} {
		replies := make(chan []byte, 2)
		replies <- wantsProof(t, "CONTOSO.TESTprobe", rounds)
		c := kerberos.New(kerberos.Settings{Realm: "CONTOSO.TEST", KDCs: map[string][]string{"CONTOSO.TEST": {says(t, replies)}}})
		j := &judge{}
		if _, err := c.Token(t.Context(), kerberos.Login{Username: "probe", Material: []byte(password)}, "mail.contoso.test", nil, j.begin); !failure.Is(err, failure.Auth, kerberos.Malformed) {
			t.Errorf("%s: %v", name, err)
		}
		if j.unsent.Load() != 1 {
			t.Errorf("%s: something was sent that may count as a logon", name)
		}
	}
}

// FuzzKDC: whatever a KDC says to a request and to a proof, it ends soon, with a failure of stage auth.
func FuzzKDC(f *testing.F) {
	proof := wantsProof(f, "CONTOSO.TESTprobe", []byte{0, 0, 0, 1})
	f.Add(proof, proof)
	f.Add(proof, []byte("\x6b\x80garbage"))
	f.Add([]byte("\x7e\x80\x30\x80\x00"), []byte{})
	f.Add(wantsProof(f, "", nil)[:40], []byte("\x30\x84\xff\xff\xff\xff"))
	replies := make(chan []byte, 2)
	address := says(f, replies)
	f.Fuzz(func(t *testing.T, first, second []byte) {
		if len(first) > 64<<10 || len(second) > 64<<10 {
			return
		}
		for len(replies) > 0 {
			<-replies
		}
		replies <- first
		replies <- second
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		c := kerberos.New(kerberos.Settings{Realm: "CONTOSO.TEST", KDCs: map[string][]string{"CONTOSO.TEST": {address}}})
		j := &judge{}
		token, err := c.Token(ctx, kerberos.Login{Username: "probe", Material: []byte(password)}, "mail.contoso.test", nil, j.begin)
		if token != nil || !failure.Is(err, failure.Auth) || ctx.Err() != nil {
			t.Errorf("%d bytes of token, %v", len(token), err)
		}
	})
}
