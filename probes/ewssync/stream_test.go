package ewssync_test

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
)

// streamed is GetStreamingEvents' response, of a class and with what is in it, spaced like folder's.
func streamed(class, content string) string {
	return envelope(`<GetStreamingEventsResponse xmlns="http://schemas.microsoft.com/exchange/services/2006/messages"><ResponseMessages><GetStreamingEventsResponseMessage ResponseClass ="` + class + `">` + content + `</GetStreamingEventsResponseMessage></ResponseMessages></GetStreamingEventsResponse>`)
}

const statusOK = "<ResponseCode>NoError</ResponseCode><ConnectionStatus>OK</ConnectionStatus>"

// subscribing answers Subscribe and Unsubscribe, and leaves GetStreamingEvents to another.
func subscribing(stream http.HandlerFunc, unsubscribed *atomic.Int64) http.HandlerFunc {
	answer := func(operation, content string) string {
		return strings.ReplaceAll(folder("Success", "<ResponseCode>NoError</ResponseCode>"+content), "GetFolder", operation)
	}
	return func(w http.ResponseWriter, r *http.Request) {
		switch body, _ := io.ReadAll(r.Body); {
		case strings.Contains(string(body), "<m:Subscribe>"):
			w.Header().Set("Set-Cookie", "X-BackEndOverrideCookie=the-server-that-holds-it; path=/; HttpOnly")
			_, _ = io.WriteString(w, answer("Subscribe", "<SubscriptionId>abc</SubscriptionId>"))
		case strings.Contains(string(body), "<m:Unsubscribe>"):
			unsubscribed.Add(1)
			_, _ = io.WriteString(w, answer("Unsubscribe", ""))
		default:
			stream(w, r)
		}
	}
}

// TestStreamFindsItsServer: the stream asks for the server that made the subscription, by its cookie, and the subscription is
// ended although the first connection was ended meanwhile, for nothing was asked there.
func TestStreamFindsItsServer(t *testing.T) {
	t.Parallel()
	var cookies, unsubscribed atomic.Int64
	server := httptest.NewUnstartedServer(subscribing(func(w http.ResponseWriter, r *http.Request) {
		cookies.Add(int64(len(r.Cookies())))
		_, _ = io.WriteString(w, streamed("Success", statusOK))
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}, &unsubscribed))
	server.Config.IdleTimeout = 50 * time.Millisecond
	server.Start()
	r := at(t, "operations: [stream], stream_hold: 1s", server)
	if outcome(r) != "none" || len(r.Connections) != 3 {
		t.Errorf("%v over %d connections, want 3", r.Failure, len(r.Connections))
	}
	if cookies.Load() != 1 || unsubscribed.Load() != 1 {
		t.Errorf("%d cookies came with GetStreamingEvents, and %d Unsubscribe", cookies.Load(), unsubscribed.Load())
	}
}

// TestStreamVerdicts: whatever a server or a box makes of GetStreamingEvents, the probe ends in time, with a reason.
func TestStreamVerdicts(t *testing.T) {
	t.Parallel()
	ok := streamed("Success", statusOK)
	status := func(code int, body string) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			_, _ = io.WriteString(w, body)
		}
	}
	held := func(body string) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, body)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}
	}
	blames := map[string]result.Blame{ // else the answer tells by itself
		"half a document": result.Either, "no answer": result.Either, "one document and the end": result.Either, "nothing and the end": result.Either,
		"closed by the server": result.Server, "a lost subscription": result.Either,
	}
	for _, test := range []struct {
		name, outcome, finding string
		answer                 func(http.ResponseWriter, *http.Request)
	}{
		{"held", "none", "", held(ok)},
		{"two documents at once", "none", "", held(ok + ok)},
		{"half a document", "content/ews_stream_silent", "ews_stream_silent", held(ok[:200])},
		{"no answer", "content/ews_stream_silent", "ews_stream_silent", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
		{"an end without an answer", "receive/closed", "", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
		{"one document and the end", "content/ews_stream_cut", "ews_stream_cut", status(200, ok)},
		{"nothing and the end", "content/ews_stream_cut", "ews_stream_cut", status(200, "")},
		{"closed by the server", "content/ews_stream_cut", "ews_stream_cut", held(streamed("Success", strings.Replace(statusOK, "OK<", "Closed<", 1)))},
		{"a lost subscription", "content/response_error", "ews_affinity_broken", held(streamed("Error", "<ResponseCode>ErrorSubscriptionNotFound</ResponseCode>"))},
		{"throttled", "content/throttled", "ews_throttled", held(streamed("Error", "<ResponseCode>ErrorExceededConnectionCount</ResponseCode>"))},
		{"a fault", "content/soap_fault", "", status(500, envelope(`<s:Fault><faultcode>s:Server</faultcode></s:Fault>`))},
		{"a box's 502", "status/server_error", "", status(502, "<html>Bad Gateway</html>")},
		{"a page", "content/html", "", held("<!DOCTYPE html><html><body>Log on</body></html>")},
		{"garbage after a document", "content/not_soap", "", held(ok + "garbage and more of it")},
		{"another operation", "content/wrong_operation", "", held(folder("Success", gotFolder))},
		{"a flood", "content/malformed_xml", "", func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := io.WriteString(w, ok); err != nil {
					return
				}
			}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			unsubscribed := atomic.Int64{}
			hold := "1900ms" // so that on a busy machine, too, what comes at once comes within it
			if test.name == "a flood" {
				hold = "4s" // it is ended by how much it is, long before
			}
			r := plainly(t, "operations: [stream], stream_hold: "+hold, subscribing(test.answer, &unsubscribed))
			if got := outcome(r); got != test.outcome {
				t.Errorf("%s (%v), want %s", got, r.Failure, test.outcome)
			}
			if got := strings.Join(codes(r), " "); got != test.finding {
				t.Errorf("findings %q, want %q", got, test.finding)
			}
			if len(r.Findings) > 0 && r.Findings[0].Blames != blames[test.name] {
				t.Errorf("%q is blamed, want %q", r.Findings[0].Blames, blames[test.name])
			}
			want := int64(1) // a subscription that is left would count against the account
			if test.finding == "ews_affinity_broken" || test.finding == "ews_throttled" {
				want = 0
			}
			if got := unsubscribed.Load(); got != want {
				t.Errorf("unsubscribed %d times, want %d", got, want)
			}
			if r.Failure != nil && (r.Deciding == nil || r.Deciding.Step != "stream.listen") {
				t.Errorf("what decided is not the stream: %+v", r.Deciding)
			}
		})
	}
}

// TestStreams probes scenarios by a stream alone, reading and writing, and keeps metrics and tree in golden files.
func TestStreams(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		scenario       string
		reads, writes  bool
		readingIsBlind bool // to what is wrong
		hold           string
	}{
		{scenario: "healthy", reads: true, writes: true},
		{scenario: "ews-affinity-broken", reads: true},
		{scenario: "ews-events-lost", reads: true, writes: true, readingIsBlind: true},
		{scenario: "ews-stream-buffered", reads: true, writes: true},
		{scenario: "ews-stream-cut", reads: true, hold: "1200ms, event_wait: 1s"}, // longer than the balancer's idle limit
		{scenario: "ews-stream-silent", reads: true},
		{scenario: "ews-not-exchange", reads: true},
		{scenario: "ews-events-late", writes: true, hold: "1s"}, // the default event_wait is long enough
	} {
		want := said(t, test.scenario, "ews_stream")
		hold := cmp.Or(test.hold, "1s, event_wait: 1s")
		if test.writes {
			t.Run(test.scenario+"-stream-writing", func(t *testing.T) {
				t.Parallel()
				holdStream(t, test.scenario, "operations: [stream], write: true, stream_hold: "+hold, "-stream-writing", want)
			})
		}
		read := want
		if test.readingIsBlind {
			read = lab.Verdict{Failure: lab.None}
		}
		if test.reads {
			t.Run(test.scenario+"-stream", func(t *testing.T) {
				t.Parallel()
				holdStream(t, test.scenario, "operations: [stream], stream_hold: "+hold, "-stream", read)
			})
		}
	}
}

// holdStream probes a scenario by a stream.
func holdStream(t *testing.T, scenario, settings, suffix string, want lab.Verdict) {
	t.Helper()
	s := start(t, settings, "basic", scenario)
	r := s.probe(t, scenario)
	wants(t, r, want)
	if left := s.Items(scenario, "ews_exporter probe "); left != 0 {
		t.Errorf("%d items are left in the mailbox", left)
	}
	// Whether the end of a stream's response was read depends on who hears of it first.
	golden(t, scenario+suffix+".prom", strings.Replace(exposition(t, r), "probe_http_duration_seconds{phase=\"transfer\"} MEASURED\n", "", 1))
	golden(t, scenario+suffix+".txt", tree(t, r))
}

// TestStreamComesLast: the stream is held after all else was done, over a second connection; the others share the first.
func TestStreamComesLast(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		scenario, schemes string
		unauthorized      int
	}{
		{"healthy", "basic", 1}, {"basic-logon", "basic", 1}, {"ntlm-persisted", "ntlm", 4}, {"ntlm-per-request", "ntlm", 14},
	} {
		t.Run(test.scenario, func(t *testing.T) {
			t.Parallel()
			s := start(t, "operations: [stream, sync, time_zones], stream_hold: 1s", test.schemes, test.scenario)
			r := s.probe(t, test.scenario)
			if outcome(r) != "none" || len(r.Connections) != 2 {
				t.Fatalf("%v over %d connections", r.Failure, len(r.Connections))
			}
			unauthorized := 0
			for _, e := range r.Conversations {
				if e.Final.Status == 401 {
					unauthorized++
				}
				on := 1
				if strings.HasPrefix(e.Step, "stream.l") { // listen, logon
					on = 2
				}
				if e.Connection != on {
					t.Errorf("step %s used connection %d", e.Step, e.Connection)
				}
			}
			if unauthorized != test.unauthorized {
				t.Errorf("%d answers 401, want %d", unauthorized, test.unauthorized)
			}
			last := slices.DeleteFunc(slices.Clone(r.Steps), func(s *result.Step) bool { return s.Name == "logon" })
			if name := last[len(last)-1].Name; name != "stream" {
				t.Errorf("the last operation is %s", name)
			}
		})
	}
}

// TestStreamEvents: of all that a stream tells, the event of the very item that was created counts.
func TestStreamEvents(t *testing.T) {
	t.Parallel()
	event := func(kind, item string) string {
		return "<Notifications><Notification><" + kind + `><ItemId Id="` + item + `"/></` + kind + "></Notification></Notifications>"
	}
	for _, test := range []struct{ name, says, outcome string }{
		{"the item's", event("CreatedEvent", "i"), "none"},
		{"among others", event("CreatedEvent", "other") + event("CreatedEvent", "i"), "none"},
		{"another item's", event("CreatedEvent", "other"), "content/ews_notifications_missing"},
		{"of another kind", event("DeletedEvent", "i"), "content/ews_notifications_missing"},
		{"none", "<ConnectionStatus>OK</ConnectionStatus>", "content/ews_notifications_missing"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			contents := map[string]string{
				"FindFolder": `<RootFolder TotalItemsInView="1"><Folders><Folder><FolderId Id="f"/></Folder></Folders></RootFolder>`,
				"Subscribe":  "<SubscriptionId>abc</SubscriptionId>",
				"CreateItem": `<Items><Message><ItemId Id="i"/></Message></Items>`,
				"FindItem":   `<RootFolder TotalItemsInView="0" IncludesLastItemInRange="true"/>`,
			}
			created := make(chan bool, 1)
			r := plainly(t, "operations: [stream], write: true, stream_hold: 1s, event_wait: 1s", func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				_, rest, _ := strings.Cut(string(body), "<soap:Body><m:")
				operation := rest[:strings.IndexAny(rest, " >")]
				answer := func(content string) {
					_, _ = io.WriteString(w, strings.ReplaceAll(folder("Success", "<ResponseCode>NoError</ResponseCode>"+content), "GetFolder", operation))
					_ = http.NewResponseController(w).Flush()
				}
				if operation == "GetStreamingEvents" {
					answer("<ConnectionStatus>OK</ConnectionStatus>")
					<-created
					answer(test.says)
					<-r.Context().Done()
					return
				}
				answer(contents[operation])
				if operation == "CreateItem" {
					created <- true
				}
			})
			if got := outcome(r); got != test.outcome {
				t.Errorf("%s (%v), want %s", got, r.Failure, test.outcome)
			}
			told := slices.ContainsFunc(r.Samples, func(s result.Sample) bool { return s.Name == "probe_ews_stream_event_seconds" && s.Value > 0 })
			if told != (test.outcome == "none") {
				t.Errorf("probe_ews_stream_event_seconds is there: %t", told)
			}
		})
	}
}

// TestStreamAtTheLimit: a stream that is open still when the time limit comes was not cut off by anybody, and its subscription
// is ended.
func TestStreamAtTheLimit(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes 7 s")
	}
	for name, document := range map[string]string{"one that brings something": streamed("Success", statusOK), "one that brings nothing": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var unsubscribed atomic.Int64
			stream := subscribing(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.WriteString(w, document)
				_ = http.NewResponseController(w).Flush()
				<-r.Context().Done()
			}, &unsubscribed)
			var slow sync.Once
			r := plainly(t, "operations: [stream], stream_hold: 4s", func(w http.ResponseWriter, r *http.Request) {
				slow.Do(func() { time.Sleep(3500 * time.Millisecond) }) // of 7 s
				stream(w, r)
			})
			if outcome(r) != "receive/timeout" || len(r.Findings) > 0 || r.Deciding == nil || r.Deciding.Step != "stream.listen" {
				t.Errorf("%v, findings %v, decided by %+v", r.Failure, codes(r), r.Deciding)
			}
			if unsubscribed.Load() != 1 {
				t.Errorf("unsubscribed %d times, want once", unsubscribed.Load())
			}
		})
	}
}

// TestOneStreamAtATime: probes with one auth hold their streams one after the other; one that has no time to wait says so.
func TestOneStreamAtATime(t *testing.T) {
	t.Parallel()
	s := start(t, "operations: [stream], stream_hold: 2s", "basic", "basic-logon", "only-basic")
	results := make([]*result.Result, 2)
	var all sync.WaitGroup
	for i, name := range []string{"basic-logon", "only-basic"} {
		all.Go(func() { results[i] = s.probe(t, name) })
	}
	all.Wait()
	type span struct{ from, to time.Time }
	var spans []span
	for _, r := range results {
		if outcome(r) != "none" {
			t.Fatal(r.Failure)
		}
		for _, e := range r.Conversations {
			if e.Step == "stream.listen" {
				moment := func(s float64) time.Time { return r.Start.Add(time.Duration(s * float64(time.Second))) }
				spans = append(spans, span{moment(float64(e.Head.Start)), moment(float64(e.Head.Start) + 0.2)})
			}
		}
	}
	if len(spans) != 2 {
		t.Fatalf("%d streams", len(spans))
	}
	slices.SortFunc(spans, func(a, b span) int { return a.from.Compare(b.from) })
	if spans[1].from.Before(spans[0].to) {
		t.Errorf("the second stream began %s before the first ended", spans[0].to.Sub(spans[1].from))
	}
}

// TestNoTurn: a probe that cannot have the turn in time fails for a reason of its own, and sends no GetStreamingEvents.
func TestNoTurn(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes 3 s")
	}
	s := start(t, "operations: [stream], stream_hold: 6s", "basic", "basic-logon", "only-basic")
	ctx, enough := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		scenario, _ := s.Scenario("basic-logon")
		_, _ = s.Probe(ctx, runner.Request{Module: "ews", Target: scenario.Address})
	}()
	time.Sleep(500 * time.Millisecond)
	scenario, _ := s.Scenario("only-basic")
	answer, err := s.Probe(context.Background(), runner.Request{Module: "ews", Target: scenario.Address, Limit: 9 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if r := answer.Result; outcome(r) != "config/stream_busy" || len(r.Connections) != 1 {
		t.Errorf("%s over %d connections", outcome(r), len(r.Connections))
	}
	enough() // the first need not end its 6 s
	<-done
}
