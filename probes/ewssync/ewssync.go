package ewssync

import (
	_ "embed" // for the example

	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/ews"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// Codes of this prober's findings.
const (
	Throttled            = "ews_throttled"
	AffinityBroken       = "ews_affinity_broken"
	NotificationsMissing = "ews_notifications_missing"
	StreamBuffered       = "ews_stream_buffered"
	StreamSilent         = "ews_stream_silent"
	StreamCut            = "ews_stream_cut"
)

//go:embed example.yml
var example string

// Definition declares this prober.
var Definition = prober.Definition{
	Name:    "ews_sync",
	Summary: "Do synchronisation, notification, availability and automatic replies work over EWS, as a client does them?",
	Advice:  book,
	Serves:  advice.EWS,
	New:     func() prober.Prober { return defaults() },
	Paths:   prober.ServicePaths,
	Account: &prober.Account{Enabled: []string{prober.EwsEnabled}},
	Piece:   operationSuccess,
	Steps: []prober.StepHelp{
		{Name: "resolve", Help: "look the target's name up"},
		{Name: "session", Help: "open the connection that all operations share; again where the peer ended it"},
		{Name: "session.connect", Help: "open a TCP connection"},
		{Name: "session.tls", Help: "secure it and verify the certificate"},
		{Name: "logon", Help: "ask without credentials which schemes are offered, and answer (only with an auth); again for each request where the server authenticates requests"},
		{Name: "folder", Help: "find the probe's own folder, or create it (only with write)"},
		{Name: "healthcheck", Help: "get /EWS/healthcheck.htm without a logon"},
		{Name: "get_folder", Help: "GetFolder: the Inbox"},
		{Name: "sync", Help: "synchronise"},
		{Name: "sync.hierarchy", Help: "SyncFolderHierarchy: the folders of the mailbox"},
		{Name: "sync.items", Help: "SyncFolderItems: the Inbox's first changes, ids only; with write all of the probe's own folder"},
		{Name: "sync.create", Help: "CreateItem: an empty message in the probe's own folder (only with write)"},
		{Name: "sync.get_changes", Help: "SyncFolderItems: what follows the state that the server gave; with write the new item must be there"},
		{Name: "sync.delete", Help: "DeleteItem: delete it for good (only with write)"},
		{Name: "notify", Help: "be notified"},
		{Name: "notify.subscribe", Help: "Subscribe: a pull subscription to the Inbox, with write to the probe's own folder"},
		{Name: "notify.find", Help: "GetEvents, right after Subscribe: whoever is asked next must know the subscription (only with write)"},
		{Name: "notify.create", Help: "CreateItem, as above (only with write)"},
		{Name: "notify.get_events", Help: "GetEvents: at least a status event; with write the one of the new item, within event_wait"},
		{Name: "notify.delete", Help: "DeleteItem, as above (only with write)"},
		{Name: "notify.unsubscribe", Help: "Unsubscribe"},
		{Name: "availability", Help: "GetUserAvailability: today's free and busy times of the mailbox"},
		{Name: "oof", Help: "GetUserOofSettings: read the automatic replies' state"},
		{Name: "resolve_names", Help: "ResolveNames: find the mailbox in the directory"},
		{Name: "time_zones", Help: "GetServerTimeZones: a request that names no mailbox"},
		{Name: "turn", Help: "wait until no other probe with this auth holds a stream open"},
		{Name: "stream", Help: "be notified in a response that stays open"},
		{Name: "stream.subscribe", Help: "Subscribe: a streaming subscription to the Inbox, with write to the probe's own folder"},
		{Name: "stream.session", Help: "open the stream's own connection"},
		{Name: "stream.session.connect", Help: "open a TCP connection"},
		{Name: "stream.session.tls", Help: "secure it and verify the certificate"},
		{Name: "stream.logon", Help: "log on over it (only where the server authenticates connections or requests)"},
		{Name: "stream.listen", Help: "GetStreamingEvents: hold the stream open for stream_hold, and see when its documents come"},
		{Name: "stream.create", Help: "CreateItem, as above, while the stream is open (only with write)"},
		{Name: "stream.delete", Help: "DeleteItem, as above (only with write)"},
		{Name: "stream.unsubscribe", Help: "Unsubscribe, over the first connection"},
		{Name: "clean_up", Help: "delete what this probe and earlier ones left in the probe's own folder (only with write); its failure is not the probe's"},
	},
	Reasons: reasons,
	Metrics: []*result.Metric{operationDuration, operationSuccess, responseInfo, streamFirstSeconds, streamEventSeconds, backOffSeconds},
	Findings: []prober.Finding{
		{Code: Throttled, Severity: result.Error, Summary: "The server is too busy for this account and asks to be left alone; nothing is sent until then."},
		{Code: AffinityBroken, Severity: result.Error, Summary: "A subscription is not known right after it was made: another server was asked than the one that holds it."},
		{Code: NotificationsMissing, Severity: result.Error, Summary: "An item was created in a folder with a subscription, and no event tells of it (only with write)."},
		{Code: StreamBuffered, Severity: result.Error, Summary: "Streamed notifications come only when the stream has ended: something in between keeps the response until it is complete."},
		{Code: StreamSilent, Severity: result.Error, Summary: "Nothing comes in a stream of notifications, not even a status."},
		{Code: StreamCut, Severity: result.Error, Summary: "A stream of notifications ended long before the time that was asked for."},
		prober.FindingAnsweredByMiddlebox,
		prober.FindingAnswersWithoutLogon,
		prober.FindingBytesAfterResponse,
	},
	Dashboard: panels,
	Example:   example,
}

var reasons = []failure.Reason{
	{Stage: failure.Config, Reason: reasonNoMailbox, Help: "The operation names a mailbox and none is configured; see mailbox."},
	{Stage: failure.Config, Reason: reasonStreamBusy, Help: "Another probe with this auth held a stream open until too little of the time limit was left; only one is held at a time."},
	{Stage: failure.Receive, Reason: reasonUnhealthy, Help: "The connection was ended without an answer to /EWS/healthcheck.htm: the server's EWS is unhealthy or in maintenance."},
	{Stage: failure.Auth, Reason: reasonLogonRequired, Help: "The server asks for a logon and the module has no auth."},
	{Stage: failure.Auth, Reason: reasonLogonLost, Help: "A logon that was accepted was answered 401 in a later request."},
	{Stage: failure.Status, Reason: reasonRedirected, Help: "A redirect: a publishing rule or a portal sends clients to a page for browsers."},
	prober.LogonPage,
	{Stage: failure.Status, Reason: reasonForbidden, Help: "403: the account or the application may not use EWS, or a box forbids it."},
	{Stage: failure.Status, Reason: reasonNotFound, Help: "404: EWS is not published there, or the front end did not find the mailbox."},
	{Stage: failure.Status, Reason: reasonUnavailable, Help: "503: the application pool is stopped, its queue is full, or a balancer has no server left."},
	{Stage: failure.Status, Reason: reasonServerError, Help: "Another 5xx, and no SOAP fault in it."},
	{Stage: failure.Status, Reason: reasonUnexpected, Help: "Any other status that is no success."},
	{Stage: failure.Content, Reason: reasonForeignPage, Help: "/EWS/healthcheck.htm was answered 200 with another page than Exchange's own."},
	{Stage: failure.Content, Reason: reasonFolderMissing, Help: "The probe's own folder can be neither found nor created (only with write)."},
	{Stage: failure.Content, Reason: reasonItemMissing, Help: "An item that was created is not in the synchronisation after it (only with write)."},
	{Stage: failure.Content, Reason: reasonTooManyChanges, Help: "The probe's own folder has more changes than a probe reads (only with write)."},
	{Stage: failure.Content, Reason: NotificationsMissing, Help: "No event tells of an item that was created (only with write)."},
	{Stage: failure.Content, Reason: StreamBuffered, Help: "What the server wrote into a stream came only when that had ended."},
	{Stage: failure.Content, Reason: StreamSilent, Help: "Nothing came in a stream."},
	{Stage: failure.Content, Reason: StreamCut, Help: "A stream ended long before the time that was asked for."},
	{Stage: failure.Content, Reason: ews.ReasonThrottled, Help: "The server asks to be left alone, or asked an earlier probe; see probe_ews_backoff_seconds."},
	{Stage: failure.Content, Reason: ews.ReasonFault, Help: "A SOAP fault, with status 500 or 200."},
	{Stage: failure.Content, Reason: ews.ReasonResponseError, Help: "A response of class Error; probe_ews_response_info has its code."},
	{Stage: failure.Content, Reason: ews.ReasonMissingContent, Help: "The response claims success and lacks what was asked for."},
	{Stage: failure.Content, Reason: ews.ReasonWrongOperation, Help: "The response is that of another operation."},
	{Stage: failure.Content, Reason: ews.ReasonEmpty, Help: "200 with an empty body."},
	{Stage: failure.Content, Reason: ews.ReasonHTML, Help: "200 with a page for a browser where SOAP was due, such as a form to log on by."},
	{Stage: failure.Content, Reason: ews.ReasonNotSOAP, Help: "200 with text, or XML of another kind."},
	{Stage: failure.Content, Reason: ews.ReasonTruncated, Help: "The document ended before its envelope did."},
	{Stage: failure.Content, Reason: ews.ReasonMalformed, Help: "The document is not well-formed XML, or beyond the bounds."},
}
