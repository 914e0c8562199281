package prober

import (
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// BytesAfterResponse is the code of the finding that any prober over HTTP may make: a response was followed by bytes that
// belong to none.
const BytesAfterResponse = "bytes_after_response"

// FindingBytesAfterResponse declares it.
var FindingBytesAfterResponse = Finding{
	Code: BytesAfterResponse, Severity: result.Warning,
	Summary: "Bytes came after the final response that belong to no response.",
}

// adviceSlipped is drawn where the answer over which a probe failed came with another whole response behind it.
const adviceSlipped = "answers_slip"

// drawSlipped leads such a failure to what is wrong: the answer may be that to the request before.
func (r *Recorder) drawSlipped() {
	f, c := r.Result.Failure, r.Result.Deciding
	if f == nil || c == nil || c.HTTP == nil || r.Result.Drawn[f.Name()] != "" {
		return
	}
	if c.StrayLine != "" || c.Stray > 0 && failure.Is(f, failure.Auth, auth.HandshakeBroken) {
		r.Result.Draw(f.Name(), adviceSlipped)
	}
}

// Surplus tells of bytes that came after a final response and that nobody asked for. It is to be called when all connections
// are closed: what comes last is seen only then.
func (r *Recorder) Surplus() {
	var first *result.Conversation
	responses := 0
	for _, c := range r.Result.Conversations {
		if c.HTTP == nil || c.Stray == 0 {
			continue
		}
		if responses++; first == nil {
			first = c
		}
	}
	told := r.Found(BytesAfterResponse)
	if first == nil || told {
		return
	}
	r.drawSlipped()
	what, more := "", ""
	if first.StrayLine != "" {
		what = ", another response (" + plain.Text(first.StrayLine, 64) + ")"
	}
	if responses > 1 {
		more = " It was not the only such response of the probe."
	}
	r.Find(BytesAfterResponse, result.Warning, first.Origin, "In step %s %d bytes came after the final response%s: the next request on this connection would read them as its answer.%s",
		first.Step, first.Stray, what, more)
}
