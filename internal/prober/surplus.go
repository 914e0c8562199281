package prober

import (
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
