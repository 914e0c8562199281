package sessionstate

import (
	"errors"
	"fmt"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// outcome says what happened in this time. err is why there is no whole answer; nil where there is one.
func (p *probe) outcome(err error, waited wire.Seconds) string {
	switch {
	case p.answer.own():
		return alive
	case p.answer.line != "", err == nil, failure.Is(err, failure.Receive, "malformed"), p.began(err):
		return foreign
	case failure.Is(err, failure.Connect, "refused"):
		return refused
	case waited >= patience && (failure.Is(err, failure.Connect, "timeout") || failure.Is(err, failure.Receive, "timeout")):
		return silent
	case failure.Is(err, failure.Connect, "reset"), ended(err) && !p.asked:
		return closed
	case ended(err): // because of what it was asked, which the state service answers
		return foreign
	}
	return failed
}

// began tells whether a line began and did not end.
func (p *probe) began(err error) bool {
	return p.lines != nil && p.lines.Record.Heard != nil && failure.Is(err, failure.Receive)
}

// ended tells whether the peer ended the connection.
func ended(err error) bool {
	return failure.Is(err, failure.Receive, "closed", "reset") || failure.Is(err, failure.Send, "closed", "reset")
}

// judge holds what happened against what is expected. It gives the probe's failure, nil for none.
func (p *probe) judge(happened string, err error) error {
	switch {
	case happened == failed:
		return err
	case p.Expect == Unreachable && happened == alive:
		p.run.Find(Exposed, result.Warning, origin.Origin{Kind: origin.Unknown},
			"%s answers this exporter as ASP.NET's state service does (%s). It asks for no logon and knows no TLS: whoever reaches it can read, change and delete the sessions of its web farm.", p.conn, p.shown())
		p.run.Blame(result.Server)
		return failure.New(failure.Content, reasonExposed, "%s answers as ASP.NET's state service does (%s), where nobody should reach it", p.conn, p.shown())
	case p.Expect == Unreachable, happened == alive:
		return nil
	case happened == foreign:
		return p.otherService(err)
	}
	return err
}

// otherService says why what is there is not the state service.
func (p *probe) otherService(err error) error {
	switch {
	case p.answer.line == "" && p.asked && ended(err):
		return failure.New(failure.Content, reasonOther, "%s takes connections, and ends them without an answer to what the state service answers (%w): another service uses this port, as .NET Remoting does", p.conn, err)
	case p.answer.line == "":
		return failure.New(failure.Content, reasonOther, "what %s says is nothing that the state service says (%w)", p.conn, err)
	case errors.Is(err, errManyLines):
		return failure.New(failure.Content, reasonOther, "%s answers %q, and %w: that is not the state service", p.conn, p.said(), err)
	}
	return failure.New(failure.Content, reasonOther, "%s answers %q, which is not how the state service answers (a status of its own without HTTP version, or with X-AspNet-Version)", p.conn, p.said())
}

func (p *probe) said() string { return plain.Cut(p.answer.line, 200) }

// shown is the answer in a few words.
func (p *probe) shown() string {
	form := "with HTTP version"
	if p.answer.bare {
		form = "without HTTP version"
	}
	version := "no X-AspNet-Version, without which its clients refuse it"
	if p.answer.version != "" {
		version = "X-AspNet-Version " + plain.Cut(p.answer.version, 40)
	}
	return fmt.Sprintf("%s, %s, %s", p.said(), form, version)
}

// described is the step's line.
func (p *probe) described(happened string) string {
	if happened == alive {
		return happened + ": " + p.shown()
	}
	if p.Expect == Unreachable && happened != failed {
		return happened + ", as expected: the state service is not reached here"
	}
	return happened
}
