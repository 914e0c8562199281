package kerberos_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	asn1 "github.com/jcmturner/gofork/encoding/asn1"
	"github.com/jcmturner/gokrb5/v8/iana/errorcode"
	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/iana/nametype"
	"github.com/jcmturner/gokrb5/v8/iana/patype"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/kerberos"
)

// wantsProof is a KDC's error 25: prove the password, with a key that is made like one of these.
func wantsProof(tb testing.TB, hints ...types.ETypeInfo2Entry) []byte {
	tb.Helper()
	info, err := asn1.Marshal(types.ETypeInfo2(hints))
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

// hint is how to make an AES256 key.
func hint(salt string, rounds ...byte) types.ETypeInfo2Entry {
	return types.ETypeInfo2Entry{EType: etypeID.AES256_CTS_HMAC_SHA1_96, Salt: salt, S2KParams: rounds}
}

// says is a KDC that gives these replies, one on each connection, and then none.
func says(tb testing.TB, replies chan []byte) (address string) {
	tb.Helper()
	return listens(tb, replies, new(atomic.Int32))
}

// listens is says, and counts the requests that bring an encrypted timestamp.
func listens(tb testing.TB, replies chan []byte, proofs *atomic.Int32) (address string) {
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
			answer(conn, replies, proofs)
		}
	}()
	tb.Cleanup(func() {
		_ = l.Close()
		<-ended
	})
	return l.Addr().String()
}

func answer(conn net.Conn, replies chan []byte, proofs *atomic.Int32) {
	defer conn.Close()
	var length [4]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		return
	}
	request := make([]byte, binary.BigEndian.Uint32(length[:]))
	if _, err := io.ReadFull(conn, request); err != nil {
		return
	}
	var asked messages.ASReq
	if asked.Unmarshal(request) == nil && asked.PAData.Contains(patype.PA_ENC_TIMESTAMP) {
		proofs.Add(1)
	}
	select {
	case reply := <-replies:
		_, _ = conn.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(reply))), reply...))
	default:
	}
}

// TestHints: what an answer that nobody has proven asks for is bounded upwards, so that making the key keeps no probe
// busy, and downwards, so that what the key encrypts is no easier to guess the password from than anywhere else. Where
// it is not what KDCs ask for, no encrypted timestamp leaves.
func TestHints(t *testing.T) {
	t.Parallel()
	const salt, newer = "CONTOSO.TESTprobe", etypeID.AES256_CTS_HMAC_SHA384_192
	typed := func(etype int32, rounds ...byte) types.ETypeInfo2Entry {
		return types.ETypeInfo2Entry{EType: etype, Salt: salt, S2KParams: rounds}
	}
	tests := []struct {
		name   string
		hints  []types.ETypeInfo2Entry
		reason string // empty: a timestamp leaves
	}{
		{"as Active Directory asks", []types.ETypeInfo2Entry{hint(salt)}, ""},
		{"the default, spelled out", []types.ETypeInfo2Entry{hint(salt, 0, 0, 0x10, 0)}, ""},
		{"more rounds", []types.ETypeInfo2Entry{hint(salt, 0, 0, 0x80, 0)}, ""},
		{"the default of a newer type", []types.ETypeInfo2Entry{typed(newer)}, ""},
		{"no salt", []types.ETypeInfo2Entry{hint("")}, ""},
		{"the name before it was changed", []types.ETypeInfo2Entry{hint("CONTOSO.TESTold-Probe")}, ""},
		{"a computer's", []types.ETypeInfo2Entry{hint("CONTOSO.TESThostex01.contoso.test")}, ""},
		{"the shorter key alone", []types.ETypeInfo2Entry{typed(etypeID.AES128_CTS_HMAC_SHA1_96)}, ""},
		{"RC4 first, then AES", []types.ETypeInfo2Entry{typed(etypeID.RC4_HMAC), hint(salt)}, ""},

		{"too many rounds", []types.ETypeInfo2Entry{hint(salt, 0xff, 0xff, 0xff, 0xff)}, kerberos.Malformed},
		{"no rounds, which means 2^32", []types.ETypeInfo2Entry{hint(salt, 0, 0, 0, 0)}, kerberos.Malformed},
		{"one round", []types.ETypeInfo2Entry{hint(salt, 0, 0, 0, 1)}, kerberos.Malformed},
		{"one round less than the default", []types.ETypeInfo2Entry{hint(salt, 0, 0, 0x0f, 0xff)}, kerberos.Malformed},
		{"a newer type with the older one's rounds", []types.ETypeInfo2Entry{typed(newer, 0, 0, 0x10, 0)}, kerberos.Malformed},
		{"rounds in one byte", []types.ETypeInfo2Entry{hint(salt, 1)}, kerberos.Malformed},
		{"rounds in five bytes", []types.ETypeInfo2Entry{hint(salt, 0, 0, 0, 0, 1)}, kerberos.Malformed},
		{"a salt of its own", []types.ETypeInfo2Entry{hint("rainbow")}, kerberos.Malformed},
		{"another realm's salt", []types.ETypeInfo2Entry{hint("FABRIKAM.TESTprobe")}, kerberos.Malformed},
		{"one round and a salt of its own", []types.ETypeInfo2Entry{hint("x", 0, 0, 0, 1)}, kerberos.Malformed},
		{"RC4 alone", []types.ETypeInfo2Entry{typed(etypeID.RC4_HMAC)}, kerberos.NoEncryption},
		{"DES alone", []types.ETypeInfo2Entry{typed(etypeID.DES_CBC_MD5)}, kerberos.NoEncryption},
		{"nothing", nil, kerberos.NoEncryption},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			replies := make(chan []byte, 1)
			replies <- wantsProof(t, tt.hints...)
			proofs := new(atomic.Int32)
			c := kerberos.New(kerberos.Settings{Realm: "CONTOSO.TEST", KDCs: map[string][]string{"CONTOSO.TEST": {listens(t, replies, proofs)}}})
			j := &judge{}
			_, err := c.Token(t.Context(), kerberos.Login{Username: "probe", Material: []byte(password)}, "mail.contoso.test", nil, j.begin)
			if tt.reason == "" && (proofs.Load() != 1 || j.unknown.Load() != 1) {
				t.Errorf("%d proofs, %v", proofs.Load(), err)
			}
			if tt.reason != "" && (proofs.Load() != 0 || j.unknown.Load()+j.refused.Load() != 0 || !failure.Is(err, failure.Auth, tt.reason)) {
				t.Errorf("%d proofs, %v", proofs.Load(), err)
			}
		})
	}
}

// TestRefusalWithoutProof: who was shown no password has not found it wrong.
func TestRefusalWithoutProof(t *testing.T) {
	t.Parallel()
	e := messages.NewKRBError(types.NewPrincipalName(nametype.KRB_NT_SRV_INST, "krbtgt/CONTOSO.TEST"), "CONTOSO.TEST", errorcode.KDC_ERR_PREAUTH_FAILED, "")
	reply, err := e.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	replies := make(chan []byte, 1)
	replies <- reply
	c := kerberos.New(kerberos.Settings{Realm: "CONTOSO.TEST", KDCs: map[string][]string{"CONTOSO.TEST": {says(t, replies)}}})
	j := &judge{}
	_, err = c.Token(t.Context(), kerberos.Login{Username: "probe", Material: []byte(password)}, "mail.contoso.test", nil, j.begin)
	if !failure.Is(err, failure.Auth, kerberos.Malformed) || j.refused.Load() != 0 {
		t.Errorf("%d refusals, %v", j.refused.Load(), err)
	}
}

// TestKeytabNeedsNoHints: a keytab has the key, whatever a KDC says of how it is made.
func TestKeytabNeedsNoHints(t *testing.T) {
	t.Parallel()
	table := keytab.New()
	if err := table.AddEntry("probe", "CONTOSO.TEST", password, time.Now(), 1, etypeID.AES256_CTS_HMAC_SHA1_96); err != nil {
		t.Fatal(err)
	}
	material, err := table.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	replies := make(chan []byte, 1)
	replies <- wantsProof(t, hint("0123456789abcdef", 0, 0, 0, 1))
	proofs := new(atomic.Int32)
	c := kerberos.New(kerberos.Settings{Realm: "CONTOSO.TEST", KDCs: map[string][]string{"CONTOSO.TEST": {listens(t, replies, proofs)}}})
	_, err = c.Token(t.Context(), kerberos.Login{Username: "probe", Key: kerberos.Keytab, Material: material}, "mail.contoso.test", nil, (&judge{}).begin)
	if proofs.Load() != 1 {
		t.Errorf("%d proofs, %v", proofs.Load(), err)
	}
}

// FuzzKDC: whatever a KDC says to a request and to a proof, it ends soon, with a failure of stage auth.
func FuzzKDC(f *testing.F) {
	proof := wantsProof(f, hint("CONTOSO.TESTprobe", 0, 0, 0x10, 0))
	f.Add(proof, proof)
	f.Add(wantsProof(f, hint("x", 0, 0, 0, 1)), proof)
	f.Add(proof, []byte("\x6b\x80garbage"))
	f.Add([]byte("\x7e\x80\x30\x80\x00"), []byte{})
	f.Add(wantsProof(f, hint(""))[:40], []byte("\x30\x84\xff\xff\xff\xff"))
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
