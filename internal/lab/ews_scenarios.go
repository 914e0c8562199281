package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// ewsScenarios are the faults that show in what EWS answers, not in how it is transported.
func ewsScenarios() []Scenario {
	return slices.Concat(ewsServers(), ewsNotifications(), ewsDocuments())
}

// ewsServers are faults of a mailbox, a server or a pool of them.
func ewsServers() []Scenario {
	return []Scenario{
		{
			Name:        "ews-throttled",
			Description: "Exchange is too busy for this account, and asks to be left alone for five minutes.",
			origin:      &exchange{trouble: busy},
			balancer:    relay,
		},
		{
			Name:        "ews-affinity-broken",
			Description: "A balancer that sends each request to another server, where subscriptions are not known.",
			Try:         "A balancer that parts clients from their subscriptions",
			origin:      &exchange{},
			balancer:    split,
		},
		{
			Name:        "ews-mailbox-moving",
			Description: "The mailbox is on the move to another database.",
			origin:      &exchange{trouble: moving},
			balancer:    relay,
		},
		{
			Name:        "ews-soap-fault",
			Description: "EWS answers everything with a SOAP fault.",
			origin:      &exchange{trouble: broken},
			balancer:    relay,
		},
		{
			Name:        "ews-form-page",
			Description: "A publishing rule that asks for a logon by a form, in front of EWS: 200, and a page for browsers.",
			balancer:    instead(formPage),
		},
		{
			Name:        "ews-pool-stopped",
			Description: "IIS with a stopped application pool: http.sys answers 503.",
			balancer:    instead(poolStopped),
		},
		{
			Name:        "ews-sick-member",
			Description: "A pool of three servers that take connections in turn; the third cannot reach the mailbox store.",
			Varies:      true,
			origin:      &exchange{pool: 3, sick: "EX03", trouble: sick},
			balancer:    relay,
		},
	}
}

// ewsNotifications are faults of subscriptions and streams.
func ewsNotifications() []Scenario {
	return []Scenario{
		{
			Name:        "ews-events-lost",
			Description: "Subscriptions work, and never tell of anything; only a probe that writes sees it.",
			origin:      &exchange{trouble: noEvents, voice: wordless},
			balancer:    relay,
		},
		{
			Name:        "ews-events-hang",
			Description: "A server that does not answer when it is asked for events.",
			origin:      &exchange{trouble: hang},
			balancer:    relay,
		},
		{
			Name:        "ews-stream-buffered",
			Description: "A proxy that passes a response on only when it has it whole, so that streamed notifications come when the stream ends.",
			Try:         "A proxy that keeps streamed notifications back (takes 4 s)",
			balancer:    keepBack,
		},
		{
			Name:        "ews-stream-cut",
			Description: "A proxy that ends a response in which nothing comes for a second, while a stream waits for notifications.",
			balancer:    impatient,
		},
		{
			Name:        "ews-stream-silent",
			Description: "A server that opens a stream and says nothing in it.",
			origin:      &exchange{voice: mute},
			balancer:    relay,
		},
	}
}

// ewsDocuments are answers that do not hold what they seem to, and what came later.
func ewsDocuments() []Scenario {
	return []Scenario{
		{
			Name:        "ews-availability-error",
			Description: "Free and busy times of another forest cannot be had; the answer is a success with the mailbox's own error in it.",
			origin:      &exchange{trouble: otherForest},
			balancer:    relay,
		},
		{
			Name:        "ews-soap-fault-200",
			Description: "EWS answers everything with a SOAP fault, and a box in between makes its status 200.",
			Try:         "An error of EWS that looks like a success",
			origin:      &exchange{trouble: masked},
			balancer:    relay,
		},
		{
			Name:        "ews-truncated",
			Description: "A long answer breaks off in its midst, as if it were complete.",
			origin:      &exchange{trouble: cutShort},
			balancer:    relay,
		},
		{
			Name:        "ews-affinity-pair",
			Description: "A balancer that gives the requests of all connections to two servers in turn; what always meets the same one of them proves nothing.",
			InTurn:      true,
			origin:      &exchange{},
			balancer:    inTurn(2),
		},
		{
			Name: "ews-not-exchange",
			Description: "An EWS server that is not Exchange: no field names it, it does not serve GetServerTimeZones, and of a folder that is not there it says nothing. " +
				"Leave time_zones out, and give modules that ask for it by default another body.",
			origin:   &exchange{bare: true, trouble: lacks("GetServerTimeZones"), mailbox: mailbox{terse: true}},
			balancer: relay,
		},
		{
			Name:        "ews-events-late",
			Description: "A healthy server whose subscriptions tell of a change 4 s after it.",
			origin:      &exchange{mailbox: mailbox{late: 4 * time.Second}},
			balancer:    relay,
		},
		{
			Name:        "ews-answers-twice",
			Description: "A box that sends each answer a second time: the next request would read that one as its own.",
			balancer:    twice,
		},
		{
			Name:        "ews-answers-behind",
			Description: "A box that sends each answer a second time when the next request comes, in the place of its answer.",
			balancer:    behind,
		},
	}
}

// noEvents answers that nothing happened.
func noEvents(_ context.Context, _, operation string) (int, string) {
	if operation != "GetEvents" {
		return 0, ""
	}
	return http.StatusOK, envelope(answer{content: "<m:Notification><t:MoreEvents>false</t:MoreEvents><t:StatusEvent><t:Watermark></t:Watermark></t:StatusEvent></m:Notification>"}.message(operation))
}

// lacks answers an operation as a server that does not serve it.
func lacks(operation string) func(context.Context, string, string) (int, string) {
	return func(_ context.Context, _, asked string) (int, string) {
		if asked != operation {
			return 0, ""
		}
		return fault("ErrorInvalidOperation", "The operation "+operation+" is not served here.", "")
	}
}

// hang does not answer before the client has gone.
func hang(ctx context.Context, _, operation string) (int, string) {
	if operation == "GetEvents" {
		<-ctx.Done()
	}
	return 0, ""
}

// busy is Exchange's throttling.
func busy(context.Context, string, string) (int, string) {
	return fault("ErrorServerBusy", "The server cannot service this request right now. Try again later.",
		`<t:MessageXml xmlns:t="`+typesNS+`"><t:Value Name="BackOffMilliseconds">297749</t:Value></t:MessageXml>`)
}

// broken is an unexpected fault of EWS.
func broken(context.Context, string, string) (int, string) {
	return fault("ErrorInternalServerError", "An internal server error occurred. The operation failed.", "")
}

// masked is broken with a status that says that all is well.
func masked(ctx context.Context, server, operation string) (int, string) {
	_, text := broken(ctx, server, operation)
	return http.StatusOK, text
}

// otherForest cannot find the free and busy times of the mailbox.
func otherForest(_ context.Context, _, operation string) (int, string) {
	if operation != "GetUserAvailability" {
		return 0, ""
	}
	return http.StatusOK, envelope(`<GetUserAvailabilityResponse xmlns="` + messagesNS + `"><FreeBusyResponseArray><FreeBusyResponse>` +
		`<ResponseMessage ResponseClass="Error"><MessageText>Unable to send cross-forest request for mailbox.</MessageText>` +
		`<ResponseCode>ErrorServiceDiscoveryFailed</ResponseCode></ResponseMessage></FreeBusyResponse></FreeBusyResponseArray></GetUserAvailabilityResponse>`)
}

// cutShort leaves out the end of the folders' answer.
func cutShort(_ context.Context, _, operation string) (int, string) {
	if operation != "SyncFolderHierarchy" {
		return 0, ""
	}
	whole := envelope(answer{content: "<m:SyncState>" + opaque("hierarchy", "1") + "</m:SyncState>"}.message(operation))
	return http.StatusOK, whole[:len(whole)*2/3]
}

// moving refuses what is in the mailbox; the directory and the time zones are not.
func moving(_ context.Context, _, operation string) (int, string) {
	if handlers[operation] == nil || operation == "ResolveNames" {
		return 0, ""
	}
	return http.StatusOK, envelope(answer{code: "ErrorMailboxMoveInProgress", text: "Mailbox move in progress. Try again later."}.message(operation))
}

// sick is moving's like, at one server.
func sick(_ context.Context, server, operation string) (int, string) {
	if server != "EX03" || handlers[operation] == nil {
		return 0, ""
	}
	return http.StatusOK, envelope(answer{code: "ErrorMailboxStoreUnavailable", text: "The mailbox database is temporarily unavailable."}.message(operation))
}

// instead is a balancer that answers every request itself, without asking for a body that was announced with Expect.
func instead(text func() []byte) balancer {
	return func(s *session, req *head) error {
		if req.expects() {
			return errors.Join(s.toClient(text()), errEnd)
		}
		if _, err := readBody(s.in, req); err != nil {
			return err
		}
		if err := s.toClient(text()); err != nil || bytes.Contains(text(), []byte("Connection: close")) {
			return errors.Join(err, errEnd)
		}
		return nil
	}
}

// formPage is a form to log on by, such as gateways with pre-authentication show.
func formPage() []byte {
	body := `<html><head><title>Log on</title></head><body><form action="/CookieAuth.dll?Logon" method="post">` +
		`<input name="username"/><input name="password" type="password"/></form></body></html>`
	return fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nDate: %s\r\nContent-Type: text/html; charset=UTF-8\r\nContent-Length: %d\r\n\r\n%s", now(), len(body), body)
}

// poolStopped is http.sys's answer when nobody takes the request from its queue.
func poolStopped() []byte {
	body := `<HTML><HEAD><TITLE>Service Unavailable</TITLE></HEAD><BODY><h2>Service Unavailable</h2><hr><p>HTTP Error 503. The service is unavailable.</p></BODY></HTML>`
	return fmt.Appendf(nil, "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/html; charset=us-ascii\r\nServer: Microsoft-HTTPAPI/2.0\r\n"+
		"Date: %s\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", now(), len(body), body)
}
