package ewssync

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/ews"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/origin"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// operations are how each of them is done. Its error is a failure.
var operations = map[string]func(p *probe, ctx context.Context, step *prober.Step) error{
	HealthCheck:  (*probe).healthCheck,
	GetFolder:    (*probe).getFolder,
	Sync:         (*probe).sync,
	Notify:       (*probe).notify,
	Stream:       (*probe).stream,
	Availability: (*probe).availability,
	OOF:          (*probe).oof,
	ResolveNames: (*probe).resolveNames,
	TimeZones:    (*probe).timeZones,
}

// inbox is that of the account acting. Synchronisation and subscriptions are for a mailbox's owner.
var inbox = ews.Distinguished("inbox", "")

// healthCheck gets the page that balancers look at. It is anonymous, so it comes before the logon on the same connection.
func (p *probe) healthCheck(ctx context.Context, step *prober.Step) error {
	if err := p.connect(ctx); err != nil {
		return err
	}
	e, body, err := p.once(step.Name(), p.session.request("GET", ews.HealthCheckPath, nil), challengeLimit)
	if failure.Is(err, failure.Receive, "closed", "reset") && e.Final == nil {
		return failure.New(failure.Receive, reasonUnhealthy, "%s was asked for %s and ended the connection without an answer: so does a server whose EWS Managed Availability holds unhealthy, or that is in maintenance (%w)", p.link, ews.HealthCheckPath, err)
	}
	if err != nil {
		return of(ews.HealthCheckPath, err)
	}
	if e.Final.Status != 200 {
		return statusFailure(ews.HealthCheckPath, e)
	}
	server, ok := ews.ParseHealthCheck(body)
	if !ok {
		return failure.New(failure.Content, reasonForeignPage, "%s answered %s with 200 and a page of its own; Exchange's page begins with \"200 OK<br/>\"%s", e.Origin.Name(), ews.HealthCheckPath, logonPage(e))
	}
	step.Detail("healthy, says %s", server)
	return nil
}

func (p *probe) getFolder(ctx context.Context, step *prober.Step) error {
	_, err := p.call(ctx, step, "", p.builder.GetFolder(inbox))
	return err
}

// maxChanges is how many changes of the Inbox are asked for: the probe wants to know that they come, not what they are.
const maxChanges = 10

// sync reads the folder hierarchy and the Inbox's first changes, ids only, and then takes the state that the server gave
// back to it: another server that cannot read it is a fault.
func (p *probe) sync(ctx context.Context, step *prober.Step) error {
	if p.Write {
		return p.syncWriting(ctx, step)
	}
	if _, err := p.call(ctx, step, "hierarchy", p.builder.SyncFolderHierarchy(ews.Distinguished("msgfolderroot", ""), "")); err != nil {
		return err
	}
	first, err := p.call(ctx, step, "items", p.builder.SyncFolderItems(inbox, "", maxChanges))
	if err != nil {
		return err
	}
	_, err = p.call(ctx, step, "get_changes", p.builder.SyncFolderItems(inbox, first.SyncState, maxChanges))
	return err
}

// subscribedFor is how long a server keeps a subscription that a probe did not get to end, in minutes: the least.
const subscribedFor = 1

// subscriptionGone are the codes by which a server says that it does not know a subscription.
var subscriptionGone = []string{"ErrorSubscriptionNotFound", "ErrorInvalidSubscription", "ErrorExpiredSubscription"}

// notify subscribes to the Inbox and asks for events. When nothing happened a status event comes.
func (p *probe) notify(ctx context.Context, step *prober.Step) error {
	if p.Write {
		return p.notifyWriting(ctx, step)
	}
	subscribed, err := p.call(ctx, step, "subscribe", p.builder.SubscribePull(inbox, subscribedFor, ews.NewMailEvent, ews.CreatedEvent))
	if err != nil {
		return err
	}
	made := p.lastExchange()
	if err := within(step, "get_events", func(part *prober.Step) error {
		return p.find(ctx, part, subscribed)
	}); err != nil {
		p.affinity(made, p.lastExchange(), err)
		return err
	}
	if _, err = p.call(ctx, step, "unsubscribe", p.builder.Unsubscribe(subscribed.Subscription)); err != nil {
		p.affinity(made, p.lastExchange(), err)
	}
	return err
}

// find asks for the events of a subscription that was made with the request before, and notes the newest watermark.
//
// A box that gives requests to its servers in turn gives the next one to another server, however many there are; requests in
// between could make a round. Where each operation takes two requests, as where Kerberos is asked for with each, that is a
// round of two servers: then another GetEvents follows, five requests after Subscribe, which is a round of none that two are.
// NTLM takes three, and fails by itself where servers take turns.
func (p *probe) find(ctx context.Context, step *prober.Step, subscribed *ews.Response) error {
	before := p.exchanges
	if err := p.eventsOf(ctx, step, subscribed); err != nil || p.exchanges != before+2 {
		return err
	}
	if err := p.connect(ctx); err != nil {
		return err
	}
	if _, _, err := p.once(step.Name(), p.session.request("POST", p.path(), nil), challengeLimit); err != nil { // without a logon
		return of(ews.OpGetEvents, err)
	}
	return p.eventsOf(ctx, step, subscribed)
}

func (p *probe) eventsOf(ctx context.Context, step *prober.Step, subscribed *ews.Response) error {
	r, err := p.ask(ctx, step, p.builder.GetEvents(subscribed.Subscription, subscribed.Watermark), nil)
	if err == nil && r.Watermark != "" {
		subscribed.Watermark = r.Watermark
	}
	return err
}

// inspected adds to the end of a connection what the health check tells of it: the way there and the server are sound, and
// the requests for EWS do not get through.
func (p *probe) inspected(op string, failed *failure.Failure) {
	healthy := p.outcomes[HealthCheck]
	if op == HealthCheck || healthy == nil || healthy.failure != nil || !failure.Is(failed, failure.Receive, "closed", "reset") {
		return
	}
	failed.Message += fmt.Sprintf("; GET %s was answered by the same way just before: something inspects what is sent to this path and ends it (a filter, an inspecting firewall), or the application behind it fails. A server that is asked directly tells which", ews.HealthCheckPath)
}

// lastExchange is that of the connection that operations share.
func (p *probe) lastExchange() *result.Conversation { return p.answered }

// affinity tells of a subscription that was made and is not known right after: it lives on one server, and another was
// asked. It adds to err, the failure, who had made it.
func (p *probe) affinity(subscribed, asked *result.Conversation, err error) {
	if !slices.Contains(subscriptionGone, p.code) {
		return
	}
	p.run.Find(AffinityBroken, result.Error, asked.Origin, "Subscribe was answered by %s, and right after that %s answered %s to the same subscription, over %s connection: it was asked of another mailbox server than the one that holds it.",
		servers(subscribed), servers(asked), p.code, sameOrAnother(subscribed, asked))
	accuse(p.run, losesAffinity(subscribed.Origin, asked.Origin))
	f := failure.From(err)
	f.Message = fmt.Sprintf("%s; %s had made the subscription just before", strings.TrimSuffix(f.Message, "."), servers(subscribed))
}

// accuse says whom the last finding blames, when it tells of the probe's failure: after another one, that one's answer
// shows who is at fault.
func accuse(run *prober.Run, who result.Blame) {
	if run.Result.Failure == nil {
		run.Blame(who)
	}
}

// losesAffinity tells who let a subscription go astray. Only what is in between leads to another front end; behind the
// same one it is either a box that drops the cookies of affinity, or the server.
func losesAffinity(subscribed, asked origin.Origin) result.Blame {
	if subscribed.Frontend != "" && asked.Frontend != "" && subscribed.Frontend != asked.Frontend {
		return result.InBetween
	}
	return result.Either
}

// sameOrAnother tells whether two exchanges went over one connection, for a person.
func sameOrAnother(a, b *result.Conversation) string {
	if a.Connection == b.Connection {
		return "the same"
	}
	return "another"
}

// servers names the servers behind an exchange, for a person.
func servers(e *result.Conversation) string {
	var parts []string
	if e.Origin.Frontend != "" {
		parts = append(parts, "front end "+e.Origin.Frontend)
	}
	if e.Origin.Backend != "" {
		parts = append(parts, "back end "+e.Origin.Backend)
	}
	if len(parts) == 0 {
		return e.Origin.Name()
	}
	return strings.Join(parts, " with ")
}

// needMailbox is the failure of an operation that names a mailbox, when none is known.
func (p *probe) needMailbox() error {
	if p.mailbox != "" {
		return nil
	}
	return failure.New(failure.Config, reasonNoMailbox, "the operation names a mailbox, and the module has none: set mailbox, or log on with a user name that is a mail address")
}

// window is how far ahead busy times are asked for.
const window = 24 * time.Hour

func (p *probe) availability(ctx context.Context, step *prober.Step) error {
	if err := p.needMailbox(); err != nil {
		return err
	}
	from := p.run.Result.Start.UTC().Truncate(window)
	_, err := p.call(ctx, step, "", p.builder.GetUserAvailability(p.mailbox, from, from.Add(window)))
	return err
}

func (p *probe) oof(ctx context.Context, step *prober.Step) error {
	if err := p.needMailbox(); err != nil {
		return err
	}
	_, err := p.call(ctx, step, "", p.builder.GetUserOofSettings(p.mailbox))
	return err
}

func (p *probe) resolveNames(ctx context.Context, step *prober.Step) error {
	if err := p.needMailbox(); err != nil {
		return err
	}
	_, err := p.call(ctx, step, "", p.builder.ResolveNames(p.mailbox))
	return err
}

func (p *probe) timeZones(ctx context.Context, step *prober.Step) error {
	_, err := p.call(ctx, step, "", p.builder.GetServerTimeZones())
	return err
}
