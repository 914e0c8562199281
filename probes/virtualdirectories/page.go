package virtualdirectories

import (
	"bytes"
	"fmt"

	"github.com/ews-exporter/ews_exporter/internal/ews"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// state is what came of a page.
type state string

// The states. Of unpublished, signIn, unsupported and closing pages of a server in maintenance nothing follows for the
// directory, so they are no failure.
const (
	unreached   state = "not reached"
	healthy     state = "healthy"
	closed      state = "closed"
	silent      state = "no answer"
	broken      state = "no HTTP answer"
	errs        state = "error"
	foreign     state = "another page"
	redirected  state = "redirect"
	missing     state = "not there"
	unexpected  state = "unexpected status"
	unpublished state = "not published"
	signIn      state = "sign-in"
	maintenance state = "maintenance?"
	unsupported state = "not supported"
)

// page is a directory's page of health, and what came of it.
type page struct {
	directory string
	step, get *prober.Step         // the directory's, and that of its page; nil while they were not begun
	exchange  *result.Conversation // nil where there was no connection
	took      wire.Seconds         // from the request to the last byte, or until it was given up
	state     state
	failure   *failure.Failure // nil where the state is none
	server    string           // that the page names
	text      bool             // it has the words that balancers may look for
}

// decided tells whether the page says how the directory is.
func (pg *page) decided() bool {
	switch pg.state {
	case unpublished, signIn, maintenance, unsupported:
		return false
	}
	return true
}

// read reads an answer. Exchange's HealthCheckResponder answers 200 with a fixed body for a component that is active, and
// ends the connection without an answer for one that is not; direct tells that a server was asked past the balancer.
func (pg *page) read(conn *wire.Conn, body []byte, err error, direct bool) {
	c := pg.exchange
	final := c.Response()
	if final != nil && failure.Is(err, failure.Send) {
		err = nil // it answered before it had read all
	}
	pg.text = bytes.Contains(body, []byte("200 OK"))
	switch {
	case final == nil && failure.Is(err, failure.Receive, "closed", "reset") && c.BytesReceived == 0,
		final == nil && failure.Is(err, failure.Send, "closed", "reset"):
		pg.fail(closed, failure.Receive, reasonUnhealthy, "%s was asked for %s and ended the connection without an answer: so does a server that holds this directory unhealthy, or that is in maintenance (%w)", conn, pathOf(pg.directory), err)
	case failure.Is(err, failure.Receive, "timeout"):
		pg.state, pg.failure = silent, failure.From(err)
	case failure.Is(err, failure.Receive, "client_certificate", "alert", "renegotiation"): // TLS's word, before any answer
		pg.state, pg.failure = unreached, failure.From(err)
	case err != nil:
		pg.state, pg.failure = broken, failure.From(err)
	case c.Origin.Portal != "", final.Status == 401, final.Status == 407:
		pg.state = signIn
	case final.Status == 200:
		pg.readPage(body)
	case (final.Status == 403 || final.Status == 404) && !direct:
		pg.state = unpublished
	default:
		pg.readStatus(final.Status)
	}
}

// readPage reads the body of a success.
func (pg *page) readPage(body []byte) {
	server, ok := ews.ParseHealthCheck(body)
	if !ok {
		pg.fail(foreign, failure.Content, reasonForeignPage, "%s answered %s with 200 and a page of its own; Exchange's page begins with \"200 OK<br/>\"", pg.exchange.Origin.Name(), pathOf(pg.directory))
		return
	}
	pg.state, pg.server = healthy, server
}

// readStatus reads a status that Exchange's page never has.
func (pg *page) readStatus(status int) {
	was, reason := unexpected, reasonUnexpected
	switch {
	case status >= 500:
		was, reason = errs, reasonServerError
	case status == 403, status == 404:
		was, reason = missing, reasonNotThere
	case status/100 == 3:
		was, reason = redirected, reasonRedirected
	}
	pg.fail(was, failure.Status, reason, "%s answered %s with %s%s", pg.exchange.Origin.Name(), pathOf(pg.directory), pg.exchange.Answer(), pg.exchange.Cause())
}

func (pg *page) fail(was state, stage failure.Stage, reason, format string, args ...any) {
	pg.state, pg.failure = was, failure.New(stage, reason, format, args...)
}

// answer is what came, in a few words.
func (pg *page) answer() string {
	switch a := pg.exchange.Answer(); {
	case pg.state == healthy && pg.server != "":
		return a + ", says " + pg.server
	case pg.state == closed, pg.state == maintenance:
		return "the connection was closed without an answer"
	case pg.state == silent:
		return fmt.Sprintf("no answer within %.1f s", pg.took)
	case pg.state == unreached:
		return "no connection"
	case a == "":
		return "no HTTP answer"
	case pg.state == healthy:
		return a
	default:
		return fmt.Sprintf("%s from %s", a, pg.exchange.Origin.Name())
	}
}

// check is what a balancer's own check of the page would make of it.
func (pg *page) check() string {
	status := pg.exchange.Status()
	switch {
	case pg.state == healthy:
		return "passes"
	case status == 200 && pg.text:
		return "passes, if it looks for 200 OK anywhere"
	case status == 200:
		return "passes, if it looks at the status alone"
	case status/100 == 3:
		return "fails, unless it follows redirects"
	}
	return "fails"
}

// took is how long the page took, for a person; empty where it was not asked for.
func took(pg *page) string {
	if pg.exchange == nil {
		return ""
	}
	return fmt.Sprintf("%.3f s", pg.took)
}
