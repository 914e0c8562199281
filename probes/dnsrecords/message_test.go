package dnsrecords

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// TestSlips: the usual mistakes with a text are named.
func TestSlips(t *testing.T) {
	t.Parallel()
	const want = "MS=ms12345678"
	for got, says := range map[string]string{
		want:                            "",
		`"MS=ms12345678"`:               "quotes",
		" MS=ms12345678":                "blanks",
		"MS= ms12345678":                "blanks",
		"MS=ms12345678\t":               "blanks",
		"ms=MS12345678":                 "case",
		`"ms=ms12345678 "`:              "quotes, blanks or capital letters",
		"contoso.com TXT MS=ms12345678": "other text around it",
		"MS=ms87654321":                 "",
		"":                              "",
	} {
		if said := slip(want, got); (says == "") != (said == "") || !strings.Contains(said, says) {
			t.Errorf("%q: %q, want something of %q", got, said, says)
		}
	}
	long := strings.Repeat("k", 300)
	if said := slip(long, long[:255]); !strings.Contains(said, "cut off after 255 bytes") {
		t.Errorf("a cut text: %q", said)
	}
}

// TestSerials: RFC 1982 section 3.2, across the end of the numbers.
func TestSerials(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b uint32
		want bool
	}{{1, 2, true}, {2, 1, false}, {2, 2, false}, {4294967295, 1, true}, {1, 4294967295, false}, {2026112901, 2026112902, true}} {
		if got := older(tt.a, tt.b); got != tt.want {
			t.Errorf("%d before %d: %v", tt.a, tt.b, got)
		}
	}
}

// TestSenders: what an SPF record is, and how many look-ups it costs by itself.
func TestSenders(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"v=spf1 -all": 0, "v=spf1": 0, "V=SPF1 MX ~all": 1, "v=spf1 a mx/24 a:mail.contoso.com ptr ip4:192.0.2.0/24 -all": 4,
		"v=spf1 include:a include:b +include:c exists:%{i} redirect=d": 5, "v=spf10 a": -1, "spf2.0/pra": -1, " v=spf1 a": -1,
	} {
		if isSender(text) != (want >= 0) || want >= 0 && senderLookups(text) != want {
			t.Errorf("%q: %v, %d", text, isSender(text), want)
		}
	}
}

// TestUnescape: what the library writes as a zone file has it is compared as bytes.
func TestUnescape(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{`a\"b`: `a"b`, `\\`: `\`, `caf\195\169`: "café", `\1`: "1", `\`: `\`, `\999`: "999", `x\0`: "x0"} {
		if got := unescape(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// TestMessagesThatSwell: what a message takes is known before it is kept, however it writes its names, and what one server says is
// bounded in sum. Who does not know the id gets nothing kept.
func TestMessagesThatSwell(t *testing.T) {
	t.Parallel()
	asked := ask("proof.contoso.test", dns.TypeTXT).message(false, true)
	packed := swelling(t, asked, 200)
	size := 0
	if m, err := unpack(packed, asked, &size); !errors.Is(err, errSwollen) || m != nil || size != 0 {
		t.Errorf("%d bytes: %v, %d are counted", len(packed), err, size)
	}
	plain := new(dns.Msg).SetReply(asked)
	plain.Answer = []dns.RR{&dns.TXT{Hdr: dns.RR_Header{Name: "proof.contoso.test.", Rrtype: dns.TypeTXT, Class: dns.ClassINET}, Txt: []string{strings.Repeat("x", 250)}}}
	packed, err := plain.Pack()
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; ; n++ {
		if m, err := unpack(packed, asked, &size); err != nil || m == nil {
			if n < 100 || !errors.Is(err, errSwollen) || size > maxSaid {
				t.Errorf("after %d messages that take %d bytes: %v", n, size, err)
			}
			break
		}
	}
	packed[0] ^= 1
	if _, err := unpack(packed, asked, new(int)); !errors.Is(err, errOther) {
		t.Errorf("another id: %v", err)
	}
}

// swelling is an answer with so many records that name one long name three times each.
func swelling(t testing.TB, asked *dns.Msg, records int) []byte {
	t.Helper()
	m := new(dns.Msg).SetReply(asked)
	m.Compress = true
	long := strings.Repeat(strings.Repeat("x", 63)+".", 3) + "contoso.test."
	for range records {
		m.Extra = append(m.Extra, &dns.MINFO{Hdr: dns.RR_Header{Name: long, Rrtype: dns.TypeMINFO, Class: dns.ClassINET}, Rmail: long, Email: long})
	}
	packed, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return packed
}

// FuzzAnswer: whatever a server sends, reading it ends, takes no more than it is counted as, invents no authority, and gives records
// of the question's name alone.
func FuzzAnswer(f *testing.F) {
	q := ask("proof.contoso.test", dns.TypeTXT)
	good := new(dns.Msg).SetReply(q.message(false, true))
	good.Authoritative = true
	for _, text := range []string{`proof.contoso.test. 60 IN TXT "a" "b"`, "proof.contoso.test. 60 IN CNAME mail.contoso.test.", "contoso.test. 60 IN SOA a. b. 1 2 3 4 5"} {
		rr, err := dns.NewRR(text)
		if err != nil {
			f.Fatal(err)
		}
		good.Answer, good.Ns = append(good.Answer, rr), append(good.Ns, rr)
	}
	packed, err := good.Pack()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(packed)
	f.Add([]byte("\xff\xff garbage"))
	f.Add(append(slices.Clone(packed[:12]), 0xc0, 12, 0, 16, 0, 1))
	asked := q.message(false, true)
	f.Add(swelling(f, asked, 2))
	f.Fuzz(func(t *testing.T, data []byte) {
		if data = slices.Clone(data); len(data) >= head {
			binary.BigEndian.PutUint16(data, asked.Id)
		}
		size := 0
		m, err := unpack(data, asked, &size)
		if err != nil {
			return
		}
		if took := m.Len(); took > head+len(q.name)+6+size || size > wire.Unpacked*len(data) {
			t.Errorf("%d bytes take %d once they are read, and count as %d", len(data), took, size)
		}
		st := q.read(m)
		if st.authoritative() && !m.Authoritative {
			t.Errorf("%s without authority", st)
		}
		for _, rr := range q.owned(m) {
			if !strings.EqualFold(rr.Header().Name, q.name) {
				t.Errorf("a record of %s", rr.Header().Name)
			}
		}
		r := &reply{q: q, msg: m, state: st, own: q.owned(m), values: set(q.owned(m))}
		_, _, _ = r.key(), r.says(), said(q, m)
		_, _, _ = glueIn(m), namesOf(m.Ns, q.name), serialIn(m)
	})
}

// FuzzTexts: whatever the text of a TXT record is, it is compared as the bytes that came, counted as a record for senders only where
// it is one, and no slip is told of a text that is right.
func FuzzTexts(f *testing.F) {
	for _, seed := range [][2]string{
		{"MS=ms12345678", `"MS=ms12345678"`}, {"v=spf1 mx -all", "V=SPF1 include:a a/24 mx ?ptr exists:%{i} redirect=b"}, {"x", "\x00\\\xff\"\\065"}, {"", "v=spf1"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, want, got string) {
		m := new(dns.Msg)
		packed := []byte{0, 0, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, byte(dns.TypeTXT), 0, dns.ClassINET, 0, 0, 0, 0}
		text := got[:min(len(got), maxString)]
		packed = append(packed, 0, byte(len(text)+1), byte(len(text)))
		if len(text) == maxString {
			packed[len(packed)-3] = 1
		}
		if err := m.Unpack(append(packed, text...)); err != nil {
			t.Fatal(err)
		}
		if came := canonical(m.Answer[0]); came != text {
			t.Errorf("%q came, and is read as %q", text, came)
		}
		if isSender(got) && senderLookups(got) > len(got) {
			t.Errorf("%q has %d look-ups", got, senderLookups(got))
		}
		if what := slip(want, got); what != "" && want == got {
			t.Errorf("%q is right, and %s", got, what)
		}
		if said := shown(m.Answer); len(said) > 8*maxShown || strings.ContainsFunc(said, func(r rune) bool { return r < ' ' }) {
			t.Errorf("a person reads %q", said)
		}
	})
}
