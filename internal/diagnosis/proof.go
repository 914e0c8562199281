package diagnosis

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/plain"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// proof is what whoever acts needs to see, and to find in logs: what came, from where, how the connection ended.
func proof(r *result.Result) []string {
	var lines []string
	add := func(line string) {
		if line != "" {
			lines = append(lines, line)
		}
	}
	conn := r.DecidingConnection
	c := r.Deciding
	if c != nil && c.Origin.Kind == origin.Proxy && conn != nil && conn.Proxy != nil {
		conn = conn.Proxy.Connection // the one that spoke
	}
	switch f := c.Response(); {
	case f != nil:
		add(statusLine(c, f, conn))
		add(heads(f))
		add(body(f))
		add(evidence(c))
		add(transferred(c, f, conn))
		if f.Status >= 400 {
			add(others(r, c, 400))
		}
		add(forTheLog(r, c, f))
	case c != nil && c.HTTP != nil:
		add(asked(c, conn))
		add(unanswered(c, conn))
		add(others(r, c, 1000))
		add("in the logs: " + moment(r, c))
	case c != nil && c.Talk != nil:
		add(said(c.Talk, conn))
		add(strings.TrimPrefix(howEnded(conn), ", and "))
		add("in the logs: " + moment(r, c))
	case r.Failure != nil && r.Failure.Stage == failure.Connect: // the steps tell
	case conn != nil && conn.Connect != nil:
		add("connected to " + at(conn) + howEnded(conn))
	}
	if r.Failure != nil && (r.Failure.Stage == failure.TLS || r.Failure.Stage == failure.Auth || c == nil) {
		add(certificate(conn))
	}
	if len(lines) == 0 {
		add(steps(r))
	}
	if len(lines) == 0 && len(r.Connections) == 0 {
		add("nothing was sent to " + r.Target)
	}
	return lines
}

// at is the address of a connection with the name that it was asked under.
func at(conn *wire.Connection) string {
	if conn == nil || !conn.Address.IsValid() {
		return ""
	}
	return conn.Address.String()
}

func statusLine(c *result.Conversation, f *wire.Response, conn *wire.Connection) string {
	line := fmt.Sprintf("%s %s", f.Proto, c.Answer())
	if a := at(conn); a != "" {
		line += " from " + a
	}
	if c.Head != nil {
		line += fmt.Sprintf(", %.2f s after the request's head", float64(f.First-c.Head.Start))
		if c.Body != nil && f.First > c.Body.Start {
			line += fmt.Sprintf(" and %.2f s after its body", float64(f.First-c.Body.Start))
		}
	}
	return line + fmt.Sprintf(" (%s %s)", c.Method, plain.Text(c.URL, 160))
}

// telling are the fields that say who answered and what was meant.
var telling = []string{"Server", "Via", "X-Powered-By", "WWW-Authenticate", "Location", "Proxy-Authenticate", "Proxy-Status", "X-Squid-Error", "Retry-After", "Connection", "Content-Type", "X-FEServer", "X-BEServer", "X-CalculatedBETarget", "X-OWA-Version", "X-CasErrorCode", "X-MS-Diagnostics", "X-Cache"}

// heads are the fields that matter, and the names of cookies.
func heads(f *wire.Response) string {
	var parts []string
	for _, name := range telling {
		for _, value := range f.Values(name) {
			if name == "WWW-Authenticate" { // the scheme is what tells; the rest may be long
				value, _, _ = strings.Cut(value, " ")
			}
			parts = append(parts, name+": "+plain.Text(value, 80))
		}
	}
	var cookies []string
	for _, value := range f.Values("Set-Cookie") {
		name, _, _ := strings.Cut(value, "=")
		cookies = append(cookies, plain.Text(name, 40))
	}
	if len(cookies) > 0 {
		parts = append(parts, "Set-Cookie: "+strings.Join(cookies[:min(len(cookies), 6)], ", "))
	}
	if len(parts) == 0 {
		return fmt.Sprintf("none of its %d header fields names a server", len(f.Header))
	}
	return strings.Join(parts[:min(len(parts), 12)], " · ")
}

// body is the beginning of an error page.
func body(f *wire.Response) string {
	if f.Excerpt == "" {
		return ""
	}
	return "body: " + strconv.Quote(plain.Text(f.Excerpt, 200))
}

// evidence is what shows that a box made the answer.
func evidence(c *result.Conversation) string {
	if c.Origin.Kind != origin.Middlebox || c.Origin.Evidence == "" {
		return ""
	}
	return "that " + c.Origin.Name() + " made it is shown by " + plain.Text(c.Origin.Evidence, 160)
}

// transferred says what of the body came and how the connection ended, where that tells something.
func transferred(c *result.Conversation, f *wire.Response, conn *wire.Connection) string {
	announced, err := strconv.ParseInt(f.Get("Content-Length"), 10, 64)
	if c.Error == "" || err != nil {
		return ""
	}
	return fmt.Sprintf("%d bytes of body announced, %d came%s", announced, f.BodyLength, howEnded(conn))
}

// forTheLog is what finds the request in Exchange's and IIS's logs.
func forTheLog(r *result.Result, c *result.Conversation, f *wire.Response) string {
	at := moment(r, c)
	if !c.Origin.Kind.Serves() {
		return "in the logs: " + at
	}
	var parts []string
	for _, part := range []struct{ label, value string }{{"request-id ", f.Get("request-id")}, {"front end ", c.Origin.Frontend}, {"back end ", c.Origin.Backend}} {
		if part.value != "" {
			parts = append(parts, part.label+plain.Text(part.value, 64))
		}
	}
	return "in the logs: " + strings.Join(append(parts, at), ", ")
}

// moment is when a conversation began, in UTC, as IIS and Exchange log it.
func moment(r *result.Result, c *result.Conversation) string {
	begun, _ := c.Begun()
	return "at " + r.Start.Add(time.Duration(float64(begun)*float64(time.Second))).UTC().Format("2006-01-02 15:04:05.000 MST")
}

func asked(c *result.Conversation, conn *wire.Connection) string {
	line := fmt.Sprintf("%s %s", c.Method, plain.Text(c.URL, 160))
	if a := at(conn); a != "" {
		line += " was sent to " + a
	}
	switch {
	case c.Head == nil:
		return line + ": nothing of it went out"
	case c.BodyLength > 0 && c.Body == nil:
		return line + ": its head went out, its body was not asked for"
	}
	return line + ": it went out"
}

// unanswered says what came in place of an answer, and for how long nothing had.
func unanswered(c *result.Conversation, conn *wire.Connection) string {
	line := "nothing came back" + quiet(c, " for %s")
	switch {
	case c.Unfinished > 0 && c.Quiet != nil:
		line = fmt.Sprintf("%d bytes of a head that did not end came back%s", c.Unfinished, quiet(c, ", the last of them %s before the end"))
	case c.Unfinished > 0, c.BytesReceived > 0 && len(c.Interim) == 0:
		line = fmt.Sprintf("%d bytes came back that are no whole response", cmp.Or(c.Unfinished, c.BytesReceived))
	}
	if n := len(c.Interim); n > 0 {
		line = fmt.Sprintf("%d interim response(s) came, the last %d %s, then %s", n, c.Interim[n-1].Status, plain.Text(c.Interim[n-1].Reason, 60), line)
	}
	return line + howEnded(conn)
}

// maxOthers is how many answers to other requests are shown: all of most probes.
const maxOthers = 12

// others are the answers below a status that the probe's other requests to the same URL got: what works beside what does not.
func others(r *result.Result, c *result.Conversation, below int) string {
	var got []string
	for _, o := range r.Conversations {
		f := o.Response()
		if o == c || f == nil || f.Status >= below || o.URL != c.URL {
			continue
		}
		if answer := fmt.Sprintf("%s %d", o.Step, f.Status); !slices.Contains(got, answer) {
			got = append(got, answer)
		}
	}
	if len(got) == 0 {
		return ""
	}
	if left := len(got) - maxOthers; left > 0 {
		got = append([]string{fmt.Sprintf("%d more", left)}, got[left:]...)
	}
	return "other requests of this probe to that URL were answered: " + strings.Join(got, ", ")
}

// quiet puts into text for how long nothing had come at the end; empty where nobody waited.
func quiet(c *result.Conversation, text string) string {
	if c.Quiet == nil {
		return ""
	}
	return fmt.Sprintf(text, fmt.Sprintf("%.2f s", float64(*c.Quiet)))
}

// said is how a dialogue began and ended.
func said(t *result.Talk, conn *wire.Connection) string {
	var said []string
	for i, l := range t.Lines {
		switch {
		case i == 1 && len(t.Lines) > greetingAndLast:
			said = append(said, "…")
		case i == 0 || i > len(t.Lines)-greetingAndLast:
			said = append(said, spoken(l))
		}
	}
	line := strings.Join(said, " · ")
	if line == "" {
		line = "nothing was said"
	}
	if a := at(conn); a != "" {
		line = a + ": " + line
	}
	return line
}

// howEnded is how the connection ended, as the end of a sentence.
func howEnded(conn *wire.Connection) string {
	if conn == nil {
		return ""
	}
	switch conn.State {
	case wire.Closed:
		return ", and the peer ended the connection"
	case wire.Reset:
		return ", and the peer reset the connection"
	case wire.Open:
		return ", and the connection stayed open"
	}
	return ""
}

// certificate is what the peer showed.
func certificate(conn *wire.Connection) string {
	if conn == nil || conn.Secure == nil || len(conn.Secure.Chain) == 0 {
		return ""
	}
	leaf := conn.Secure.Chain[0]
	names := leaf.Names
	more := ""
	if len(names) > 4 {
		names, more = names[:4], fmt.Sprintf(" and %d more", len(leaf.Names)-4)
	}
	return fmt.Sprintf("certificate: %s, for %s%s, from %s to %s, issued by %s, thumbprint %s; %d sent", leaf.Subject, strings.Join(names, ", "), more,
		leaf.NotBefore.UTC().Format(time.DateOnly), leaf.NotAfter.UTC().Format(time.DateOnly), leaf.Issuer, leaf.SHA1, len(conn.Secure.Chain))
}

// steps is the last step, where nothing was said at all: what was tried, and for how long.
func steps(r *result.Result) string {
	for all := r.Steps; len(all) > 0; {
		last := all[len(all)-1]
		if len(last.Steps) == 0 {
			line := fmt.Sprintf("step %s ended after %.2f s", last.Name, float64(last.End-last.Start))
			if last.Detail != "" {
				line += ": " + last.Detail
			}
			return line
		}
		all = last.Steps
	}
	return ""
}

// greetingAndLast is how many lines of a talk are proof: the first, by which a server or a firewall shows itself, and the last.
const greetingAndLast = 5

func spoken(l wire.Line) string {
	if l.From == wire.Server {
		return "< " + plain.Text(l.Text, 120)
	}
	return "> " + plain.Text(l.Text, 120)
}
