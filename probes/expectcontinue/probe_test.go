package expectcontinue

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/expect"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/secret"
	"github.com/ews-exporter/ews_exporter/internal/target"
	"github.com/ews-exporter/ews_exporter/internal/test/waiting"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

func TestMain(m *testing.M) { waiting.VerifyTestMain(m) }

// What an Exchange server sends, and what boxes in front of it do.
const (
	exchangeOK = "HTTP/1.1 200 OK\r\nServer: Microsoft-IIS/10.0\r\nX-FEServer: EX01\r\nContent-Length: 2\r\n\r\nok"
	exchange40 = "HTTP/1.1 401 Unauthorized\r\nServer: Microsoft-IIS/10.0\r\nX-FEServer: EX01\r\nWWW-Authenticate: Negotiate\r\nContent-Length: 0\r\n\r\n"
	box501     = "HTTP/1.1 501 Not Implemented\r\nContent-Length: 3\r\n\r\nno!"
	box504     = "HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 0\r\n\r\n"
	go100      = "HTTP/1.1 100 Continue\r\n\r\n"
)

// probeOnce probes a plain server at addr with a wait of 300 ms and a limit of 1.5 s.
func probeOnce(t *testing.T, addr string, variants ...string) *result.Result {
	t.Helper()
	return probeWithin(t, addr, 1500*time.Millisecond, variants...)
}

func probeWithin(t *testing.T, addr string, limit time.Duration, variants ...string) *result.Result {
	t.Helper()
	s := defaults()
	s.Variants = variants
	return probeBy(t, s, addr, limit)
}

func probeBy(t *testing.T, s *Settings, addr string, limit time.Duration) *result.Result {
	t.Helper()
	s.Wait = 300 * time.Millisecond
	where, err := target.Parse("http://"+addr, "")
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	ctx, cancel := context.WithDeadline(t.Context(), start.Add(limit))
	defer cancel()
	res := &result.Result{Start: start}
	s.Probe(ctx, prober.NewRun(prober.Parts{
		Recorder: prober.NewRecorder(res, &secret.Redactor{}, nil), Target: where, Agent: "ews_exporter/test",
		Module: &prober.Module{Prefer: wire.Preference{Protocol: "ip4", Fallback: true}},
		Dialer: &wire.Dialer{Epoch: start},
	}))
	if early := time.Since(start); early > 10*time.Second {
		t.Errorf("the probe took %s, far beyond its limit", early)
	}
	return res
}

// byExpect serves requests that have Expect by one script, and all others by another.
func byExpect(t *testing.T, expecting, other []lab.Step) string {
	t.Helper()
	return lab.Serve(t, lab.Branch(func(head string) []lab.Step {
		if strings.Contains(head, "Expect: 100-continue\r\n") {
			return expecting
		}
		return other
	})).Addr()
}

// bodyLength is how long the default body is.
var bodyLength = int64(len((&probe{Settings: defaults()}).body()))

var (
	readBody = lab.ReadBody(bodyLength)
	control  = []lab.Step{readBody, lab.Write(exchangeOK)}
)

func TestOutcomes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		script  []lab.Step // after a head with Expect
		other   []lab.Step // after a head without; nil: a good answer of Exchange
		outcome expect.Outcome
		success bool
		finding string
		reason  string
		tested  bool
	}{
		{"100 then Exchange's answer", []lab.Step{lab.Write(go100), readBody, lab.Write(exchangeOK)}, nil, expect.Continued, true, "", "", true},
		{"100 with headers", []lab.Step{lab.Write("HTTP/1.1 100 Continue\r\nX-Proxy: a\r\n\r\n"), readBody, lab.Write(exchangeOK)}, nil, expect.Continued, true, "", "", true},
		{"100 without a reason phrase", []lab.Step{lab.Write("HTTP/1.1 100\r\n\r\n"), readBody, lab.Write(exchangeOK)}, nil, expect.Continued, true, "", "", true},
		{"100 with bare line feeds", []lab.Step{lab.Write("HTTP/1.1 100 Continue\n\n"), readBody, lab.Write(exchangeOK)}, nil, expect.Continued, true, "", "", true},
		{"100 after a 103", []lab.Step{lab.Write("HTTP/1.1 103 Early Hints\r\n\r\n" + go100), readBody, lab.Write(exchangeOK)}, nil, expect.Continued, true, "", "", true},
		{"100 byte by byte", []lab.Step{lab.Drip(go100, time.Millisecond), readBody, lab.Write(exchangeOK)}, nil, expect.Continued, true, "", "", true},
		{"100 twice", []lab.Step{lab.Write(go100 + go100), readBody, lab.Write(exchangeOK)}, nil, expect.Continued, true, ExtraInterim, "", true},
		{"100 after the final response", []lab.Step{lab.Write(go100), readBody, lab.Write(exchangeOK), lab.Write(go100)}, nil, expect.Continued, true, ExtraInterim, "", true},
		{"a second response", []lab.Step{lab.Write(go100), readBody, lab.Write(exchangeOK), lab.Write(box501)}, nil, expect.Continued, true, prober.BytesAfterResponse, "", true},
		{"100 then a box's 504", []lab.Step{lab.Write(go100), readBody, lab.Write(box504)}, nil, expect.Continued, false, prober.AnsweredByMiddlebox, "server_error", true},
		{"100 then a 400", []lab.Step{lab.Write(go100), readBody, lab.Write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")}, nil, expect.Continued, true, "", "", true},
		{"silence, then 501 to the late body", []lab.Step{readBody, lab.Write(box501)}, nil, expect.IgnoredThenError, false, expect.LateBodyRejected, expect.LateBodyRejected, true},
		{"silence, then Exchange's own 500", []lab.Step{readBody, lab.Write("HTTP/1.1 500 Internal Server Error\r\nX-FEServer: EX01\r\nContent-Length: 0\r\n\r\n")}, nil, expect.IgnoredThenError, false, "", "error_after_late_body", true},
		{"silence, then the control's own error", []lab.Step{readBody, lab.Write(box504)}, []lab.Step{readBody, lab.Write(box504)}, expect.Ignored, false, "", reasonServerError, true},
		{"silence, then an answer", []lab.Step{readBody, lab.Write(exchangeOK)}, nil, expect.Ignored, true, ContinueIgnored, "", true},
		{"HTTP/1.0 after silence", []lab.Step{readBody, lab.Write("HTTP/1.0 200 OK\r\n\r\nok")}, nil, expect.Ignored, true, ContinueIgnored, "", true},
		{"late 100, glued to the answer", []lab.Step{readBody, lab.Write(go100 + exchangeOK)}, nil, expect.Late, true, ContinueLate, "", true},
		{"late 100, then an error", []lab.Step{readBody, lab.Write(go100 + box501)}, nil, expect.IgnoredThenError, false, expect.LateBodyRejected, expect.LateBodyRejected, true},
		{"100 and a request for a logon in one piece", []lab.Step{lab.Write(go100 + exchange40)}, []lab.Step{lab.Write(exchange40)}, expect.FinalFirst, true, ContinueNotTested, "", false},
		{"417", []lab.Step{lab.Write("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")}, nil, expect.Rejected, true, ContinueRejected, "", false},
		{"417 after the body", []lab.Step{readBody, lab.Write("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")}, nil, expect.Rejected, true, ContinueRejected, "", true},
		{"Exchange asks for a logon", []lab.Step{lab.Write(exchange40)}, []lab.Step{lab.Write(exchange40)}, expect.FinalFirst, true, ContinueNotTested, "", false},
		{"a 401 that the control does not get", []lab.Step{lab.Write(exchange40)}, nil, expect.FinalFirst, true, ContinueRefused, "", false},
		{"a box refuses", []lab.Step{lab.Write("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")}, nil, expect.FinalFirst, true, ContinueRefused, "", false},
		{"closed at once", []lab.Step{}, nil, expect.ClosedEarly, false, "", "closed", false},
		{"closed after the 100", []lab.Step{lab.Write(go100), readBody}, nil, expect.ClosedEarly, false, "", "closed", true},
		{"reset when the body comes", []lab.Step{readBody, lab.Reset}, nil, expect.ClosedEarly, false, "", "reset", true},
		{"never a word", []lab.Step{lab.Hang}, nil, expect.NoResponse, false, "", "timeout", true},
		{"100 and never more", []lab.Step{lab.Write(go100), lab.Hang}, nil, expect.NoResponse, false, "", "timeout", true},
		{"a head that does not end in time", []lab.Step{lab.Drip("HTTP/1.1 200 OK\r\nX-A: "+strings.Repeat("a", 1000), 20*time.Millisecond)}, nil, expect.NoResponse, false, "", "timeout", true},
		{"garbage", []lab.Step{lab.Write("SSH-2.0-OpenSSH_9.2\r\n"), lab.Hang}, nil, expect.Malformed, false, "", "malformed", false},
		{"HTTP/2 frames", []lab.Step{lab.Write("\x00\x00\x12\x04\x00\x00\x00\x00\x00"), lab.Hang}, nil, expect.Malformed, false, "", "malformed", false},
		{"100s without end", []lab.Step{lab.Write(strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 200)), lab.Hang}, nil, expect.Malformed, false, "", "malformed", false},
		{"a head beyond the bounds", []lab.Step{lab.Write("HTTP/1.1 200 OK\r\nX-A: " + strings.Repeat("a", 2<<20)), lab.Hang}, nil, expect.Malformed, false, "", "too_large", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			other := tt.other
			if other == nil {
				other = control
			}
			res := probeOnce(t, byExpect(t, tt.script, other))
			if got := outcomeOf(res); got != tt.outcome {
				t.Errorf("outcome %q, want %q", got, tt.outcome)
			}
			if res.Success() != tt.success {
				t.Errorf("success %t, want %t (failure %v)", res.Success(), tt.success, res.Failure)
			}
			if !tt.success && res.Failure != nil && res.Failure.Reason != tt.reason {
				t.Errorf("failed for %s/%s, want reason %q", res.Failure.Stage, res.Failure.Reason, tt.reason)
			}
			if got := codes(res); tt.finding != "" && !slices.Contains(got, tt.finding) || tt.finding == "" && len(got) > 0 {
				t.Errorf("findings %v, want %q", got, tt.finding)
			}
			if got := value(res, bodyTested) == 1; got != tt.tested {
				t.Errorf("body tested: %t, want %t", got, tt.tested)
			}
		})
	}
}

// TestOneLate100IsNoFinding: a segment that was lost and sent again looks like a 100 that was held back; asked again, it comes in
// time. One that is late each time is held back.
func TestOneLate100IsNoFinding(t *testing.T) {
	t.Parallel()
	for late, want := range map[int32]struct {
		outcome expect.Outcome
		finding string
	}{1: {expect.Continued, ""}, 2: {expect.Late, ContinueLate}} {
		var asked atomic.Int32
		res := probeWithin(t, byExpect(t, []lab.Step{func(c *lab.Conn) error {
			if asked.Add(1) > late {
				if err := lab.Write(go100)(c); err != nil {
					return err
				}
				return answerBody(c, exchangeOK)
			}
			return answerBody(c, go100+exchangeOK)
		}}, control), 10*time.Second)
		if got := strings.Join(codes(res), ", "); outcomeOf(res) != want.outcome || got != want.finding || !res.Success() {
			t.Errorf("late %d times: outcome %q, findings %q, failure %v", late, outcomeOf(res), got, res.Failure)
		}
		if n := asked.Load(); n != 2 {
			t.Errorf("late %d times: asked %d times", late, n)
		}
		if want.finding != "" && !strings.Contains(res.Findings[0].Sentence, "(twice)") {
			t.Error(res.Findings[0].Sentence)
		}
	}
}

// answerBody reads the body and answers it.
func answerBody(c *lab.Conn, answer string) error {
	if err := readBody(c); err != nil {
		return err
	}
	return lab.Write(answer)(c)
}

// TestSlowErrorIsNotALateBodyRejected: a box that takes the body for a new request answers at once; what takes longer
// than a second worked on it.
func TestSlowErrorIsNotALateBodyRejected(t *testing.T) {
	t.Parallel()
	addr := byExpect(t, []lab.Step{readBody, lab.Wait(1200 * time.Millisecond), lab.Write(box501)}, control)
	res := probeWithin(t, addr, 4*time.Second)
	if outcomeOf(res) != expect.IgnoredThenError || res.Failure == nil || res.Failure.Reason != "error_after_late_body" || len(res.Findings) > 0 {
		t.Errorf("outcome %q, failure %v, findings %v", outcomeOf(res), res.Failure, codes(res))
	}
}

// TestAnswerToABodyThatCouldNotBeSent: a box that answers and resets while the body is on its way is judged, not feared.
func TestAnswerToABodyThatCouldNotBeSent(t *testing.T) {
	t.Parallel()
	s := defaults()
	for _, status := range []int{200, 501} {
		p := &probe{Settings: s, run: &prober.Run{Recorder: &prober.Recorder{Result: &result.Result{}}}, seen: map[string]*observation{}}
		for _, v := range s.variants() {
			p.seen[v] = &observation{variant: v, Dialogue: expect.Dialogue{HeadSent: true, Exchange: &result.Conversation{Protocol: result.HTTPProtocol, HTTP: &wire.Exchange{
				Head: &wire.Span{Start: 0, End: 1}, Final: &wire.Response{Status: 200},
			}}}}
		}
		p.seen[Wait].Exchange.Final = &wire.Response{Status: status, First: 7}
		p.judge()
		p.measure()
		if _, ok := p.seen[Wait].Waited(); ok {
			t.Error("a silence was measured although no body was begun")
		}
	}
}

// TestBlankHasWhatIsAlwaysThere of a probe that was not even begun.
func TestBlankHasWhatIsAlwaysThere(t *testing.T) {
	t.Parallel()
	res := &result.Result{}
	defaults().Blank(res)
	if value(res, bodyTested) != 0 || value(res, statusCode) != 0 || outcomeOf(res) != "" {
		t.Errorf("samples %v", res.Samples)
	}
}

// TestErrorFindingsFail holds the contract's rule: an error finding always comes with a failure, others never make one.
func TestErrorFindingsFail(t *testing.T) {
	t.Parallel()
	res := probeOnce(t, byExpect(t, []lab.Step{readBody, lab.Write(box501)}, control))
	if res.Success() || res.Findings[0].Severity != result.Error {
		t.Errorf("failure %v with findings %v", res.Failure, res.Findings)
	}
	f := res.Findings[0]
	if f.Origin != origin.Middlebox {
		t.Errorf("the 501 is said to come from %s; the control's X-FEServer makes it a middlebox's", f.Origin)
	}
	for _, want := range []string{"501 Not Implemented", "without a 100 Continue", " ms after the body", "200 OK from Exchange (EX01)"} {
		if !strings.Contains(f.Sentence, want) {
			t.Errorf("the sentence does not say %q: %s", want, f.Sentence)
		}
	}
}

// TestImmediateRunsOnRequest tells the delay from the header: the box that chokes on a late body takes an early one.
func TestImmediateRunsOnRequest(t *testing.T) {
	t.Parallel()
	addr := byExpect(t, []lab.Step{readBody, lab.Write(exchangeOK)}, control)
	res := probeOnce(t, addr, Immediate)
	got := map[string]float64{}
	for _, s := range res.Samples {
		if s.Metric == statusCode {
			got[s.Labels[0]] = s.Value
		}
	}
	for _, v := range []string{Wait, NoExpect, Immediate} {
		if got[v] != 200 {
			t.Errorf("variant %s: status %v, want 200", v, got[v])
		}
	}
	if len(res.Connections) != 3 {
		t.Errorf("%d connections, want one per variant", len(res.Connections))
	}
}

// TestWaitIsMeasured: the silence kept is the wait; a 100 that comes ends it.
func TestWaitIsMeasured(t *testing.T) {
	t.Parallel()
	silent := probeOnce(t, byExpect(t, []lab.Step{readBody, lab.Write(exchangeOK)}, control))
	if got := value(silent, expect.WaitSeconds); got < 0.3 {
		t.Errorf("silence of %.3f s, want at least the wait of 0.3 s", got)
	}
	good := probeOnce(t, byExpect(t, []lab.Step{lab.Write(go100), readBody, lab.Write(exchangeOK)}, control))
	if got, whole := value(good, expect.WaitSeconds), value(silent, expect.WaitSeconds); got <= 0 || got >= whole {
		t.Errorf("waited %.3f s for the 100, and %.3f s in vain", got, whole)
	}
}

// TestNothingIsSentWithoutAConnection: outcome is absent, counts of what is configured are there and 0.
func TestNothingIsSentWithoutAConnection(t *testing.T) {
	t.Parallel()
	res := probeOnce(t, "127.0.0.1:1") // tcpmux: nobody listens there
	if outcomeOf(res) != "" {
		t.Errorf("outcome %q without a request", outcomeOf(res))
	}
	if res.Failure == nil || res.Failure.Stage != "connect" || res.Failure.Reason != "refused" {
		t.Errorf("failure %v, want connect/refused", res.Failure)
	}
	if value(res, bodyTested) != 0 || value(res, statusCode) != 0 {
		t.Error("body_tested and status_code must be there and 0")
	}
}

// TestRequestOnTheWire is what a server sees: Expect last but one, a length, nothing chunked, our name.
func TestRequestOnTheWire(t *testing.T) {
	t.Parallel()
	server := lab.Serve(t, lab.ReadHead, lab.ReadBody(bodyLength), lab.Write(exchangeOK))
	probeOnce(t, server.Addr())
	all := server.Received(0) + server.Received(1)
	for _, want := range []string{
		"POST /EWS/Exchange.asmx HTTP/1.1\r\nHost: 127.0.0.1", "User-Agent: ews_exporter/test\r\n",
		"Content-Type: text/xml; charset=utf-8\r\n", "Expect: 100-continue\r\n", "<soap:Envelope ",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("the server did not see %q in %q", want, all)
		}
	}
	if strings.Contains(all, "chunked") || strings.Count(all, "Expect:") != 1 {
		t.Errorf("requests are never chunked, and only one has Expect: %q", all)
	}
}

func outcomeOf(res *result.Result) expect.Outcome {
	for _, s := range res.Samples {
		if s.Metric == outcomeMetric && s.Value == 1 {
			return expect.Outcome(s.Labels[0])
		}
	}
	return ""
}

func codes(res *result.Result) []string {
	var list []string
	for _, f := range res.Findings {
		list = append(list, f.Code)
	}
	return list
}

// value is a metric's first value, -1 when it is absent.
func value(res *result.Result, m *result.Metric) float64 {
	for _, s := range res.Samples {
		if s.Metric == m {
			return s.Value
		}
	}
	return -1
}
