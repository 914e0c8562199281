package prober

import (
	"github.com/ews-exporter/ews_exporter/internal/auth"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// AskOnce has one request answered, as step, and records it: up to limit bytes of the answer's body are read. The conversation
// is nil without a final response; a body that was cut short is no error.
func (r *Recorder) AskOnce(step *Step, conn *wire.Conn, request *wire.Request, limit int64) (*result.Conversation, []byte, error) {
	x, body, err := conn.Do(request, limit)
	err = x.Settled(err)
	c := r.Exchanged(step.Name(), conn, x.Record, body, err)
	if err != nil || c.Final == nil {
		return nil, nil, err
	}
	return c, body, nil
}

// ChallengesOf are those by which an answer asks for a logon.
func ChallengesOf(c *result.Conversation) []auth.Challenge {
	return auth.ParseChallenges(c.Final.Values("WWW-Authenticate"))
}
