package ewssync

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/ews"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// What a probe that writes leaves its marks by. The folder is found or created, and kept: a new one each minute would
// fill the mailbox's history of folders.
const (
	folderName    = "ews_exporter"
	cleaning      = "clean_up" // the step
	subjectPrefix = "ews_exporter probe "
)

const (
	// reserve is the time that is kept for cleaning up: new work stops that long before the probe's limit.
	reserve = 2 * time.Second
	// leftOverAfter is how old an item must be to be an earlier probe's: older than any probe that may still run.
	leftOverAfter = 10 * time.Minute
	// eventsEvery is how often an event is asked for.
	eventsEvery = 250 * time.Millisecond
	// maxPages bounds how often a folder is asked for more changes, 512 at a time.
	maxPages = 20
)

// workContext is that of everything but cleaning up.
func (p *probe) workContext(ctx context.Context) (context.Context, context.CancelFunc) {
	if end, ok := ctx.Deadline(); ok && p.Write {
		return context.WithDeadline(ctx, end.Add(-reserve))
	}
	return ctx, func() {}
}

// writes tells whether an operation works in the probe's own folder.
func (s *Settings) writes(op string) bool {
	return s.Write && (op == Sync || op == Notify || op == Stream)
}

// openFolder finds the probe's folder, or creates it. Another probe of the same mailbox may be faster.
func (p *probe) openFolder(ctx context.Context) error {
	if p.folder != nil {
		return nil
	}
	step := p.run.Step("folder")
	id, err := p.findOrCreate(ctx, step)
	step.End(err)
	if err != nil {
		return err
	}
	folder := ews.FolderByID(id)
	p.folder = &folder
	return nil
}

func (p *probe) findOrCreate(ctx context.Context, step *prober.Step) (string, error) {
	top := ews.Distinguished("msgfolderroot", "")
	for range 2 {
		found, err := p.ask(ctx, step, p.builder.FindFolder(top, folderName), nil)
		if err != nil {
			return "", err
		}
		if len(found.Folders) > 0 {
			return found.Folders[0], nil
		}
		created, err := p.ask(ctx, step, p.builder.CreateFolder(top, folderName), []string{"ErrorFolderExists"})
		if err != nil {
			return "", err
		}
		if len(created.Folders) > 0 {
			return created.Folders[0], nil
		}
	}
	return "", failure.New(failure.Content, reasonFolderMissing, "the folder %s can be neither found nor created, because it is there already: perhaps deeper down, or hidden from this account", folderName)
}

// syncWriting synchronises the folder, creates an item, and sees whether the next synchronisation has it.
func (p *probe) syncWriting(ctx context.Context, step *prober.Step) error {
	if _, err := p.call(ctx, step, "hierarchy", p.builder.SyncFolderHierarchy(ews.Distinguished("msgfolderroot", ""), "")); err != nil {
		return err
	}
	state := ""
	if err := within(step, "items", func(part *prober.Step) (err error) {
		state, _, err = p.changesUntil(ctx, part, state, "")
		return err
	}); err != nil {
		return err
	}
	id, err := p.create(ctx, step)
	if err != nil {
		return err
	}
	if err := within(step, "get_changes", func(part *prober.Step) error {
		_, found, err := p.changesUntil(ctx, part, state, id)
		if err == nil && !found {
			err = failure.New(failure.Content, reasonItemMissing, "an item was created, and the synchronisation after it does not have it")
		}
		return err
	}); err != nil {
		return err
	}
	return p.remove(ctx, step, id)
}

// changesUntil reads the folder's changes since a state until there are no more, or one creates the item wanted. It gives
// the state that was reached.
func (p *probe) changesUntil(ctx context.Context, step *prober.Step, state, wanted string) (string, bool, error) {
	for range maxPages {
		r, err := p.ask(ctx, step, p.builder.SyncFolderItems(*p.folder, state, 512), nil)
		if err != nil {
			return "", false, err
		}
		state = r.SyncState
		if wanted != "" && slices.Contains(r.Changes, ews.Change{Type: "Create", ID: wanted}) {
			return state, true, nil
		}
		if r.Complete {
			return state, false, nil
		}
	}
	return "", false, failure.New(failure.Content, reasonTooManyChanges, "the folder %s has more than %d changes: delete it, and the probe makes a new one", folderName, maxPages*512)
}

// create puts an item into the folder, and remembers it until it is deleted.
func (p *probe) create(ctx context.Context, step *prober.Step) (string, error) {
	created, err := p.call(ctx, step, "create", p.builder.CreateItem(*p.folder, subjectPrefix+prober.NewGUID()))
	if err != nil {
		return "", err
	}
	p.items = append(p.items, created.Items...)
	return created.Items[0], nil
}

// remove deletes an item for good. One that is gone already, by another probe's cleaning up, is as good.
func (p *probe) remove(ctx context.Context, step *prober.Step, id string) error {
	_, err := p.call(ctx, step, "delete", p.builder.DeleteItem(id), "ErrorItemNotFound")
	if err == nil {
		p.items = slices.DeleteFunc(p.items, func(i string) bool { return i == id })
	}
	return err
}

// notifyWriting subscribes to the folder, creates an item, and waits for the event that tells of it.
func (p *probe) notifyWriting(ctx context.Context, step *prober.Step) error {
	subscribed, err := p.call(ctx, step, "subscribe", p.builder.SubscribePull(*p.folder, subscribedFor, ews.CreatedEvent))
	if err != nil {
		return err
	}
	made := p.lastExchange()
	if err := within(step, "find", func(part *prober.Step) error {
		return p.find(ctx, part, subscribed)
	}); err != nil {
		p.affinity(made, p.lastExchange(), err)
		return err
	}
	id, err := p.create(ctx, step)
	if err != nil {
		return err
	}
	if err := within(step, "get_events", func(part *prober.Step) error {
		return p.awaitEvent(ctx, part, subscribed, id)
	}); err != nil {
		p.affinity(made, p.lastExchange(), err)
		return err
	}
	if err := p.remove(ctx, step, id); err != nil {
		return err
	}
	if _, err = p.call(ctx, step, "unsubscribe", p.builder.Unsubscribe(subscribed.Subscription)); err != nil {
		p.affinity(made, p.lastExchange(), err)
	}
	return err
}

// awaitEvent asks for events until the one comes that tells of the item.
func (p *probe) awaitEvent(ctx context.Context, step *prober.Step, subscribed *ews.Response, id string) error {
	watermark, begun, others := subscribed.Watermark, time.Now(), 0
	for asked := 1; ; asked++ {
		r, err := p.ask(ctx, step, p.builder.GetEvents(subscribed.Subscription, watermark), nil)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(r.Events, func(e ews.Event) bool { return e.Type == ews.CreatedEvent && e.Item == id }) {
			return nil
		}
		others += r.EventCount - statuses(r)
		if r.Watermark != "" {
			watermark = r.Watermark
		}
		if time.Since(begun) >= p.EventWait {
			return p.eventMissing(time.Since(begun), asked, others)
		}
		if end, ok := ctx.Deadline(); ok && time.Until(end) < 2*eventsEvery { // too little for another request and its answer
			return p.noTimeForEvents(time.Since(begun))
		}
		if !r.MoreEvents {
			pause(ctx, eventsEvery)
		}
	}
}

// statuses counts the events that say that there is none.
func statuses(r *ews.Response) int {
	n := 0
	for _, e := range r.Events {
		if e.Type == ews.StatusEvent {
			n++
		}
	}
	return n
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// noTimeForEvents is the failure of a wait that the time limit ended: a healthy server may take longer than that.
func (p *probe) noTimeForEvents(waited time.Duration) error {
	return failure.New(failure.Receive, "timeout", "the time limit came when the event of a new item had been waited for for %.1f s of %s (event_wait): give the module more time (timeout, and the scrape's)", waited.Seconds(), p.EventWait)
}

// eventMissing is the failure of a wait that was in vain: GetEvents was answered that many times, with that many events of
// other items.
func (p *probe) eventMissing(waited time.Duration, asked, others int) error {
	e := p.lastExchange()
	news := "without any news"
	if others > 0 {
		news = fmt.Sprintf("with %d events of other items, and none of this one", others)
	}
	p.run.Find(NotificationsMissing, result.Error, e.Origin, "An item was created in a folder with a subscription, and within %.1f s (event_wait) %s answered GetEvents %d times, %s.", waited.Seconds(), e.Origin.Name(), asked, news)
	return failure.New(failure.Content, NotificationsMissing, "no event told of an item that had been created %.1f s before, in a folder with a subscription", waited.Seconds())
}

// cleanUp deletes what this probe left in the folder, and what earlier ones did. It has the time that work does not get,
// and may need a new connection, since the old one ended with the work.
func (p *probe) cleanUp(ctx, work context.Context) {
	if p.folder == nil || p.backOff > 0 || ctx.Err() != nil {
		return
	}
	if end, ok := work.Deadline(); ok && time.Until(end) < reserve/2 {
		p.hangUp()
	}
	err := p.prepare(ctx, cleaning)
	step := p.run.Step(cleaning)
	if err == nil {
		err = p.deleteLeftOvers(ctx, step)
	}
	if failed := step.End(err); p.backOff > 0 && p.run.Result.Failure == nil {
		p.failedAt(failed) // the finding of throttling is an error, wherever it is made
	}
}

func (p *probe) deleteLeftOvers(ctx context.Context, step *prober.Step) error {
	old, err := p.ask(ctx, step, p.builder.FindItem(*p.folder, subjectPrefix, time.Now().Add(-leftOverAfter)), nil)
	if err != nil {
		return err
	}
	ids := append(slices.Clone(p.items), old.Items...)
	if len(ids) > 0 {
		_, err = p.ask(ctx, step, p.builder.DeleteItem(ids...), []string{"ErrorItemNotFound"})
	}
	step.Detail("items deleted: %d of this probe, %d of earlier ones", len(p.items), len(old.Items))
	return err
}
