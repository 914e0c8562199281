package ews_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ews-exporter/ews_exporter/internal/ews"
)

var update = flag.Bool("update", false, "write the golden files anew")

// sample reads one of the responses in testdata. They are written after the shapes that Microsoft Learn documents.
func sample(tb testing.TB, name string) string {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".xml"))
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

func samples(tb testing.TB) map[string]string {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "*.xml"))
	if err != nil || len(files) == 0 {
		tb.Fatal("no samples in testdata", err)
	}
	texts := map[string]string{}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".xml")
		texts[name] = sample(tb, name)
	}
	return texts
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for name, text := range samples(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := json.MarshalIndent(ews.Parse(strings.NewReader(text)), "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", name+".golden.json")
			if *update {
				if err := os.WriteFile(golden, append(got, '\n'), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.TrimSpace(string(want)), string(got)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestPrivateTextsAreNotKept(t *testing.T) {
	t.Parallel()
	for name, text := range samples(t) {
		kept, err := json.Marshal(ews.Parse(strings.NewReader(text)))
		if err != nil {
			t.Fatal(err)
		}
		for _, private := range []string{"private", "000022220000"} {
			if strings.Contains(string(kept), private) {
				t.Errorf("%s: the response keeps %q", name, private)
			}
		}
	}
}

func TestBrokenOffAnywhereIsNeverSuccess(t *testing.T) {
	t.Parallel()
	for name, text := range samples(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begin, end := strings.Index(text, "Body>"), strings.LastIndex(text, ">")
			if name == "get_folder" {
				begin = 0 // what comes before is the same in all of them
			}
			operation := ews.Parse(strings.NewReader(text)).Operation
			for i := begin; i < end; i++ {
				r := ews.Parse(strings.NewReader(text[:i]))
				if r.Kind != ews.Truncated && (r.Kind != ews.Empty || i > 0) {
					t.Fatalf("broken off after %d bytes: %s", i, r.Kind)
				}
				if v := r.Judge(ews.Request{Operation: operation}); v.OK || v.Reason == "" || v.Message == "" {
					t.Fatalf("broken off after %d bytes: %+v", i, v)
				}
			}
		})
	}
}

func TestLargeBodyIsReadInBoundedMemory(t *testing.T) {
	endless := io.LimitReader(repeat("<t:Create><t:Message><t:ItemId Id='AAAl'/></t:Message></t:Create>"), 100<<20)
	head := strings.NewReader(`<Envelope><Body><SyncFolderItemsResponse><ResponseMessages><SyncFolderItemsResponseMessage ResponseClass="Success"><Changes>`)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r := ews.Parse(io.LimitReader(io.MultiReader(head, endless), ews.MaxBody))
	runtime.GC()
	runtime.ReadMemStats(&after)
	if r.Kind != ews.Truncated && r.Kind != ews.Malformed {
		t.Errorf("the response is %s", r.Kind)
	}
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 4<<20 {
		t.Errorf("%d bytes are kept of it", grown)
	}
}

// repeat reads a text for ever.
type repeat string

func (s repeat) Read(p []byte) (int, error) {
	n := 0
	for n+len(s) <= len(p) {
		n += copy(p[n:], s)
	}
	if n == 0 {
		n = copy(p, s)
	}
	return n, nil
}

func TestHostileListsAreCut(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 5000)
	document := `<Envelope><Body><SyncFolderItemsResponse><ResponseMessages>` +
		`<M ResponseClass="Error"><ResponseCode>` + long + `</ResponseCode><MessageText>` + long + `</MessageText></M>` +
		strings.Repeat(`<M ResponseClass="Error"/>`, 200) +
		`</ResponseMessages><Changes>` + strings.Repeat(`<Create><Message><ItemId Id="a"/></Message></Create>`, 3000) +
		`<Delete><ItemId Id="` + long + `"/></Delete></Changes><Notification>` + strings.Repeat(`<CreatedEvent><ItemId Id="a"/></CreatedEvent>`, 3000) +
		`</Notification></SyncFolderItemsResponse></Body></Envelope>`
	r := ews.Parse(strings.NewReader(spaced(document)))
	if len(r.Messages) != 100 || len(r.Messages[0].Code) > 200 || len(r.Messages[0].Text) > 600 {
		t.Errorf("%d messages, a code of %d bytes, a text of %d", len(r.Messages), len(r.Messages[0].Code), len(r.Messages[0].Text))
	}
	if len(r.Changes) != 1024 || r.ChangeCount != 3001 || len(r.Events) != 1024 || r.EventCount != 3000 {
		t.Errorf("%d of %d changes, %d of %d events", len(r.Changes), r.ChangeCount, len(r.Events), r.EventCount)
	}
}

func TestStream(t *testing.T) {
	t.Parallel()
	chunks := sample(t, "streaming_status") + sample(t, "streaming_events") + "\r\n" + sample(t, "streaming_lost")
	s := ews.NewStream(iotest.OneByteReader(strings.NewReader(chunks)))
	for i, want := range []struct {
		events, lost int
		connection   string
	}{{0, 0, "OK"}, {1, 0, ""}, {0, 1, "Closed"}} {
		r, err := s.Next()
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Events) != want.events || r.LostSubscriptions != want.lost || r.Connection != want.connection {
			t.Errorf("chunk %d: %d events, %d lost, connection %q", i, len(r.Events), r.LostSubscriptions, r.Connection)
		}
	}
	if r, err := s.Next(); err != io.EOF || r.Kind != ews.Empty { //nolint:errorlint // io.EOF as it is, like any Reader
		t.Errorf("after the last chunk: %s, %v", r.Kind, err)
	}
}

func TestStreamReturnsAChunkBeforeTheNextComes(t *testing.T) {
	t.Parallel()
	from, to := io.Pipe()
	t.Cleanup(func() { _ = to.Close() })
	go func() { _, _ = io.WriteString(to, sample(t, "streaming_status")) }()
	got := make(chan *ews.Response, 1)
	go func() {
		r, _ := ews.NewStream(from).Next()
		got <- r
	}()
	select {
	case r := <-got:
		if r.Connection != "OK" {
			t.Errorf("connection %q", r.Connection)
		}
	case <-time.After(10 * time.Second):
		t.Error("the chunk is not returned while the connection stays open")
	}
}

func TestParseHealthCheck(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		body, server string
		ok           bool
	}{
		"as Exchange writes it": {"200 OK<br/>EX01.contoso.test", "ex01.contoso.test", true},
		"with a line's end":     {"200 OK<br/>ex01\r\n", "ex01", true},
		"without a name":        {"200 OK<br/>", "", true},
		"more than a name":      {"200 OK<br/><script>alert(1)</script>", "", true},
		"somebody else's page":  {"<html>200 OK<br/>ex01</html>", "", false},
		"the status alone":      {"200 OK", "", false},
		"nothing":               {"", "", false},
		"endless":               {"200 OK<br/>" + strings.Repeat("x", 1<<20), "", true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, ok := ews.ParseHealthCheck([]byte(test.body))
			if server != test.server || ok != test.ok {
				t.Errorf("%q, %v; want %q, %v", server, ok, test.server, test.ok)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range samples(f) {
		f.Add([]byte(text))
	}
	f.Add([]byte(`<Envelope><Body><aResponse><Changes><ResponseMessage><ItemId Id="a"/></ResponseMessage></Changes></aResponse></Body></Envelope>`))
	f.Add([]byte(`<Envelope><Body><aResponse><Notification><x><FolderId Id="a"/></x></Notification></aResponse></Body></Envelope>`))
	f.Add([]byte("<a></" + strings.Repeat("b", 5000) + ">"))
	f.Fuzz(func(t *testing.T, body []byte) {
		r := ews.Parse(strings.NewReader(string(body)))
		v := r.Judge(ews.Request{Operation: r.Operation})
		if v.OK && (r.Kind != ews.Answered || v.Reason != "") || !v.OK && (v.Reason == "" || v.Message == "") {
			t.Errorf("%s: %+v", r.Kind, v)
		}
		if len(v.Message) > 2000 {
			t.Errorf("a message of %d bytes", len(v.Message))
		}
	})
}

// A streaming response, whatever is in it, is read document by document to an end, and however the bytes are cut into pieces
// the documents are the same.
func FuzzStream(f *testing.F) {
	f.Add([]byte(sample(f, "streaming_status") + sample(f, "streaming_events") + sample(f, "streaming_lost")))
	f.Add([]byte(sample(f, "streaming_status") + " \r\n<html>"))
	f.Add([]byte(sample(f, "streaming_events")[:300]))
	f.Add([]byte("\xef\xbb\xbf<a/>\xef\xbb\xbf<b/>"))
	f.Fuzz(func(t *testing.T, body []byte) {
		read := func(r io.Reader) (kinds []ews.Kind) {
			s := ews.NewStream(r)
			for range len(body) + 1 { // each document has a byte at least
				response, err := s.Next()
				kinds = append(kinds, response.Kind)
				if err != nil {
					return kinds
				}
			}
			t.Fatal("it does not end")
			return nil
		}
		whole, pieces := read(bytes.NewReader(body)), read(iotest.OneByteReader(bytes.NewReader(body)))
		good := func(kinds []ews.Kind) int { // what is no document is told apart by what lies ready
			return len(slices.DeleteFunc(kinds, func(k ews.Kind) bool { return k != ews.Answered && k != ews.Faulted }))
		}
		if a, b := good(whole), good(pieces); a != b {
			t.Errorf("%d documents at once, %d byte by byte", a, b)
		}
	})
}

func FuzzParseHealthCheck(f *testing.F) {
	f.Add([]byte("200 OK<br/>ex01.contoso.test"))
	f.Fuzz(func(t *testing.T, body []byte) {
		if server, ok := ews.ParseHealthCheck(body); !ok && server != "" || len(server) > 253 {
			t.Errorf("%q, %v", server, ok)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	change := `<t:Create><t:Message><t:ItemId Id="` + strings.Repeat("A", 150) + `" ChangeKey="CQAAABYA"/></t:Message></t:Create>`
	for name, text := range map[string]string{
		"get_folder":  sample(b, "get_folder"),
		"fault":       sample(b, "fault_busy"),
		"512_changes": strings.Replace(sample(b, "sync_items"), "<m:Changes>", "<m:Changes>"+strings.Repeat(change, 512), 1),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if r := ews.Parse(strings.NewReader(text)); r.Kind != ews.Answered && r.Kind != ews.Faulted {
					b.Fatal(r.Kind)
				}
			}
		})
	}
}
