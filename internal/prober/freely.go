package prober

import (
	"bytes"
	"slices"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// AnswersWithoutLogon is the code of the finding that any prober may make: EWS answered who had not logged on.
const AnswersWithoutLogon = "ews_answers_without_logon"

// FindingAnswersWithoutLogon declares it.
var FindingAnswersWithoutLogon = Finding{
	Code: AnswersWithoutLogon, Severity: result.Error,
	Summary: "EWS answered a request for which nobody had logged on: a box lets strangers into somebody's mailbox.",
}

// ReasonNoLogonNeeded is that of a probe which EWS answered without a logon.
const ReasonNoLogonNeeded = "no_logon_needed"

// lookForLogon notes whether a connection has carried credentials, and where EWS answered on one that has not. Windows
// authenticates connections, so a request without credentials is in order after one with them. A client's certificate may be
// a logon.
func (r *Recorder) lookForLogon(c *result.Conversation, conn *wire.Conn, body []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if conn != nil && conn.Record.Secure != nil && conn.Record.Secure.ShownUntil != nil {
		return
	}
	for _, f := range c.Header {
		if strings.EqualFold(f.Name, "Authorization") {
			if r.loggedOn == nil {
				r.loggedOn = map[int]bool{}
			}
			r.loggedOn[c.Connection] = true
		}
	}
	if !r.loggedOn[c.Connection] && c.Status()/100 == 2 && answersEWS(body) {
		r.freely = append(r.freely, c)
	}
}

// answersEWS tells an answer of EWS: each has a response message with its class (MS-OXWSCDATA section 2.2.4.57), which no
// request has, so that an echo does not match.
func answersEWS(body []byte) bool {
	return bytes.Contains(body, []byte("http://schemas.microsoft.com/exchange/services/2006/messages")) &&
		bytes.Contains(body, []byte("ResponseClass="))
}

// concludeFreely draws what follows from all conversations of the probe together: EWS never answers who has not logged on, so
// where it did, somebody else's logon served.
func (r *Recorder) concludeFreely() {
	if len(r.freely) == 0 {
		return
	}
	c := r.freely[0]
	who := "EWS"
	if c.Origin.Frontend != "" {
		who = "EWS (" + c.Origin.Frontend + ")"
	}
	r.Find(AnswersWithoutLogon, result.Error, c.Origin,
		"%s answered %s %s with %s and what was asked for (step %s), although the request had no credentials and nobody had logged on over its connection: whoever reaches this address reads a mailbox. Exchange asks every client for a logon, unless it was told otherwise. Most likely a box in front shares its connections to the server between clients, so that one client's logon serves another, or logs on by itself for everybody. Ask a server directly (--direct): one that answers too lets everybody in itself.",
		who, c.Method, c.URL, c.Answer(), c.Step)
	// One that was asked for a logon by the same URL met a server that asks, so the box is what let the other one in.
	asks := func(o *result.Conversation) bool { return o.Status() == 401 && o.URL == c.URL }
	if slices.ContainsFunc(r.Result.Conversations, asks) {
		r.Blame(result.InBetween)
	} else {
		r.Blame(result.Either)
	}
	if r.Result.Failure != nil {
		return
	}
	r.Result.Fail(failure.New(failure.Auth, ReasonNoLogonNeeded, "%s answered %s %s with %s, although nobody had logged on", who, c.Method, c.URL, c.Answer()))
	r.Result.UndecidedReason, r.Result.Undecided, r.Result.Deciding = "", "", c
	for _, conn := range r.Result.Connections {
		if conn.ID == c.Connection {
			r.Result.DecidingConnection = conn
		}
	}
}
