package compare

import (
	"fmt"
	"slices"

	"github.com/ews-exporter/ews_exporter/internal/diagnosis"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/runner"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// segment is what every link of IPv6 carries of TCP's data at once, in bytes: 1280 (RFC 8200 section 5) without the headers. What
// is no larger fits into one packet that no link refuses.
const segment = 1280 - 40 - 20

// suspectPath adds the finding to results of addresses whose large answers do not come, although small ones do, while another
// address gives the same answer whole. Without that contrast a server that hangs looks just the same.
func suspectPath(results []*result.Result) {
	a, _ := runner.CommonAdvice().Get(runner.PathMTU)
	for _, stalled := range results {
		for _, whole := range results {
			came, of, ok := withheld(stalled, whole)
			if !ok {
				continue
			}
			stalled.Findings = append(stalled.Findings, result.Finding{
				Code: runner.PathMTU, Severity: result.Warning, Origin: origin.Unknown, Blames: result.InBetween,
				Sentence: fmt.Sprintf("From %s %s, and no more within the time limit; %s gave the same in %d bytes. So a link on the way may carry only smaller packets than the others, and the messages that say so are dropped; or what serves the address hangs.",
					stalled.At, came, whole.At, of),
			})
			diagnosis.Instead(stalled, a, &stalled.Findings[len(stalled.Findings)-1])
			break
		}
	}
}

// withheld tells what came of an answer that whole gave in that many bytes, more than one packet holds.
func withheld(stalled, whole *result.Result) (came string, of int64, ok bool) {
	conn, f := stalled.DecidingConnection, stalled.Failure
	if f == nil || f.Reason != "timeout" || conn == nil || conn.Connect == nil || largeCame(stalled) {
		return "", 0, false
	}
	switch {
	case conn.Gap:
		came = "the later part of an answer came without its beginning, which is larger"
	case conn.WireReceived > 0:
		came = fmt.Sprintf("small answers came (%d bytes)", conn.WireReceived)
	default: // nothing tells it from a server that hangs
		return "", 0, false
	}
	switch f.Stage {
	case failure.TLS:
		of = shaken(whole)
	case failure.Receive:
		of = answered(stalled.Deciding, whole)
	}
	return came, of, of > segment
}

// largeCame tells whether more came over one connection than one packet holds, so that large ones get through.
func largeCame(r *result.Result) bool {
	return slices.ContainsFunc(r.Connections, func(c *wire.Connection) bool {
		return c.Address.Addr().String() == r.At && c.WireReceived > segment
	})
}

// shaken is how many bytes the server sent for a handshake that was completed; 0 where none was.
func shaken(r *result.Result) int64 {
	conn := r.DecidingConnection
	if conn == nil || conn.Secure == nil || conn.Secure.Version == "" {
		return 0
	}
	bytes := conn.WireReceived
	for _, c := range r.Conversations {
		switch {
		case c.Connection != conn.ID:
		case c.HTTP != nil:
			bytes -= c.WireReceived
		case c.Talk != nil:
			bytes -= c.Received
		}
	}
	return bytes
}

// answered is how many bytes another address gave in answer to the same request, to the end; 0 where that did not come, or where
// nothing of it came from the first, as from a server that hangs.
func answered(begun *result.Conversation, whole *result.Result) int64 {
	if begun == nil || begun.HTTP == nil || begun.BytesReceived == 0 {
		return 0
	}
	for _, c := range whole.Conversations {
		if c.HTTP != nil && c.Step == begun.Step && c.Method == begun.Method && c.URL == begun.URL && c.Final != nil && c.End != nil {
			return c.WireReceived
		}
	}
	return 0
}
