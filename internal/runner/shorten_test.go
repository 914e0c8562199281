package runner_test

import (
	"bytes"
	"context"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/report"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/internal/secret"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// TestWhatIsKeptOfAProbeIsBoundedInSum: a target that fills every head of a probe with many exchanges, every line of a talk and
// every certificate makes no report of many megabytes, also as JSON, which writes a control character in six bytes. Of the
// exchange that decides enough is kept to see what came.
func TestWhatIsKeptOfAProbeIsBoundedInSum(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("\x01", 4<<10)
	response := func() *wire.Response {
		r := &wire.Response{Proto: "HTTP/1.1", Status: 500, Reason: long, Raw: strings.Repeat(long, 64)}
		for range 240 {
			r.Header = append(r.Header, origin.Field{Name: "X-A", Value: long})
		}
		return r
	}
	r := localRunner(t, nil, func(_ context.Context, run *prober.Run) {
		for range 40 {
			http := &wire.Exchange{Method: "GET", URL: "https://mail.contoso.test/" + long, Final: response()}
			for range 100 {
				http.Interim = append(http.Interim, &wire.Response{Status: 100, Header: make([]origin.Field, 100)})
			}
			talk := &wire.Talk{}
			for range 300 {
				talk.Add(wire.Line{Text: long[:200]})
			}
			run.Result.Conversations = append(run.Result.Conversations, &result.Conversation{HTTP: http, Error: long}, &result.Conversation{Talk: talk})
			secure := &wire.Secure{VerifyError: strings.Repeat(long, 20)}
			for range 20 {
				secure.Chain = append(secure.Chain, wire.Certificate{Names: strings.Split(strings.Repeat(long[:255]+" ", 100), " ")})
			}
			run.Result.Connections = append(run.Result.Connections, &wire.Connection{Secure: secure})
			run.Result.Tables = append(run.Result.Tables, result.Table{Rows: [][]string{{long}, {long}}})
		}
		run.Result.Deciding = run.Result.Conversations[len(run.Result.Conversations)-2]
	})
	answer, err := r.Probe(t.Context(), runner.Request{Module: "puppet", Target: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	res := answer.Result
	if n := res.Size(); n > 4<<20 {
		t.Errorf("%d kB are kept of one probe", n>>10)
	}
	var b bytes.Buffer
	if err := report.JSON(&b, res); err != nil || b.Len() > 12<<20 {
		t.Errorf("%d kB of JSON, error %v", b.Len()>>10, err)
	}
	if d := res.Deciding; len(d.Final.Raw) < 8<<10 || len(d.Final.Header) < 10 {
		t.Errorf("of the exchange that decides %d bytes and %d fields are kept", len(d.Final.Raw), len(d.Final.Header))
	}
	t.Logf("%d kB kept, %d kB of JSON", res.Size()>>10, b.Len()>>10)
}

// TestLookingForSecretsHasABound: a target that hands out a word of ours, and fills every head of many exchanges with it, has its
// probe neither hold memory that is given back already, nor tell less of what decides.
func TestLookingForSecretsHasABound(t *testing.T) {
	t.Parallel()
	const word = "the target"
	filled := func() *wire.Response {
		f := &wire.Response{Proto: "HTTP/1.1", Status: 200, Header: []origin.Field{{Name: "Set-Cookie", Value: "c=" + word}}}
		for range 1000 {
			f.Header = append(f.Header, origin.Field{Name: "X-A", Value: strings.Repeat("x "+word+",", 1<<10/13)})
		}
		f.Raw = strings.Repeat("x: "+word+"\r\n", 1<<20/15)
		return f
	}
	released := make(chan string, 1)
	var r *runner.Runner
	r = localRunner(t, nil, func(_ context.Context, run *prober.Run) {
		for range 80 {
			run.Exchanged("x", nil, &wire.Exchange{Final: filled()}, nil, nil)
		}
		last := run.Result.Conversations[79]
		run.Result.Deciding = last
		go func() {
			for r.Held() > 0 {
				runtime.Gosched()
			}
			released <- last.Final.Raw
		}()
	})
	answer, err := r.Probe(t.Context(), runner.Request{Module: "puppet", Target: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	if raw := <-released; len(raw) > 16<<10 || strings.Contains(raw, word) {
		t.Errorf("the memory was given back with %d bytes of a head still to be looked through", len(raw))
	}
	d := answer.Result.Deciding.Final
	for i, text := range append([]string{d.Raw}, d.Header[1].Value, d.Header[100].Value) {
		if !strings.Contains(text, secret.Mask) || strings.Contains(text, word) {
			t.Errorf("text %d of what decides: %.60q", i, text)
		}
	}
}

// ofOurs are texts of a Result that no target makes: of the request, the configuration and the program, and hashes. What is tagged as
// not to be redacted is of closed sets. The Verdict is made of the others.
var ofOurs = []string{
	"ID", "Target", "Name", "Mailbox", "User", "Address", "Configs", "Proxy", "Start", "Planned", "Deciding", "DecidingConnection", "Verdict", "Faults",
	"Connection.Proxy", "Certificate.SHA1", "Certificate.SHA256", "Certificate.KeyAlgorithm", "Certificate.SignatureAlgorithm",
	"Connection.State", "Reading.Certificate", "Sample.Name", "Table.Title", "Table.Columns",
}

// ours tells whether a field is one of these.
func ours(of reflect.Type, f reflect.StructField) bool {
	name := f.Name
	if of != reflect.TypeFor[result.Result]() {
		name = of.Name() + "." + name
	}
	return !f.IsExported() || f.Tag.Get("redact") == "-" || slices.Contains(ofOurs, name)
}

// fill makes every text long that a target may make long, two of each list.
func fill(v reflect.Value, text string, depth int) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Pointer:
		if v.IsNil() && depth > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(v.Elem(), text, depth-1)
		}
	case reflect.Slice:
		if depth > 0 {
			v.Set(reflect.MakeSlice(v.Type(), 2, 2))
			fill(v.Index(0), text, depth-1)
			fill(v.Index(1), text, depth-1)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); !ours(v.Type(), f) && f.Type != reflect.TypeFor[time.Time]() {
				fill(v.Field(i), text, depth)
			}
		}
	}
}

// each goes through the texts that a Result leads to.
func each(v reflect.Value, path string, do func(path, text string)) {
	switch v.Kind() {
	case reflect.String:
		do(path, v.String())
	case reflect.Pointer:
		if !v.IsNil() {
			each(v.Elem(), path, do)
		}
	case reflect.Slice:
		for i := range v.Len() {
			each(v.Index(i), path, do)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && f.Type != reflect.TypeFor[*result.Metric]() {
				each(v.Field(i), path+"."+f.Name, do)
			}
		}
	}
}

// TestEveryTextOfATargetIsCut: whatever a prober puts into a Result, no text in it is longer than the longest that is kept, which is a
// head's; so a field that comes to be is bounded, or this tells.
func TestEveryTextOfATargetIsCut(t *testing.T) {
	t.Parallel()
	filled := map[string]bool{}
	r := localRunner(t, nil, func(_ context.Context, run *prober.Run) {
		fill(reflect.ValueOf(run.Result).Elem(), strings.Repeat("x", 100<<10), 8)
		for i := range run.Result.Samples {
			run.Result.Samples[i].Metric = &result.Metric{Labels: []string{"a", "b"}}
		}
		each(reflect.ValueOf(run.Result), "", func(path, text string) { filled[path] = filled[path] || len(text) == 100<<10 })
	})
	answer, err := r.Probe(t.Context(), runner.Request{Module: "puppet", Target: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{".Failure.Message", ".Connections.Secure.Chain.Serial", ".Conversations.HTTP.Final.Raw", ".Conversations.Talk.Lines.Text", ".Steps.Steps.Detail"} {
		if !filled[path] {
			t.Errorf("%s was not filled", path)
		}
	}
	each(reflect.ValueOf(answer.Result), "", func(path, text string) {
		most := 4 << 10
		if strings.HasSuffix(path, ".Raw") {
			most = 16 << 10
		}
		if len(text) > most {
			t.Errorf("%s: %d bytes", path, len(text))
		}
	})
}
