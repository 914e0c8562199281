package ews

import (
	"strconv"
	"strings"
)

// The types of events to subscribe to (Microsoft Learn, "EventType"). StatusEvent comes unasked, when nothing else did.
const (
	CopiedEvent          = "CopiedEvent"
	CreatedEvent         = "CreatedEvent"
	DeletedEvent         = "DeletedEvent"
	ModifiedEvent        = "ModifiedEvent"
	MovedEvent           = "MovedEvent"
	NewMailEvent         = "NewMailEvent"
	FreeBusyChangedEvent = "FreeBusyChangedEvent"
	StatusEvent          = "StatusEvent"
)

// eventTypes are all of them.
var eventTypes = []string{
	CopiedEvent, CreatedEvent, DeletedEvent, ModifiedEvent, MovedEvent, NewMailEvent, FreeBusyChangedEvent, StatusEvent,
}

// SubscribePull subscribes to events that GetEvents fetches. The server forgets a subscription that nobody asked about
// for this many minutes, 1 to 1440 (Microsoft Learn, "Timeout").
func (b Builder) SubscribePull(f Folder, minutes int, events ...string) Request {
	request := b.request(OpSubscribe, element("m:Subscribe", element("m:PullSubscriptionRequest",
		wanted(f, events)+element("t:Timeout", strconv.Itoa(min(max(minutes, 1), 1440))))))
	request.watermark = true
	return request
}

// SubscribeStreaming subscribes to events that GetStreamingEvents holds a response open for.
func (b Builder) SubscribeStreaming(f Folder, events ...string) Request {
	return b.request(OpSubscribe, element("m:Subscribe", element("m:StreamingSubscriptionRequest", wanted(f, events))))
}

func wanted(f Folder, events []string) string {
	var types strings.Builder
	for _, e := range events {
		types.WriteString(element("t:EventType", escape(e)))
	}
	return element("t:FolderIds", f.xml()) + element("t:EventTypes", types.String())
}

// GetEvents fetches what happened since the watermark.
func (b Builder) GetEvents(subscription, watermark string) Request {
	return b.request(OpGetEvents, element("m:GetEvents",
		element("m:SubscriptionId", escape(subscription))+element("m:Watermark", escape(watermark))))
}

// GetStreamingEvents asks for a response that stays open for 1 to 30 minutes (types.xsd, StreamingSubscriptionConnectionTimeoutType);
// read it with a Stream. The caller may leave at any time.
func (b Builder) GetStreamingEvents(subscription string, minutes int) Request {
	return b.request(OpGetStreamingEvents, element("m:GetStreamingEvents",
		element("m:SubscriptionIds", element("t:SubscriptionId", escape(subscription)))+
			element("m:ConnectionTimeout", strconv.Itoa(min(max(minutes, 1), 30)))))
}

// Unsubscribe ends a subscription of either kind.
func (b Builder) Unsubscribe(subscription string) Request {
	return b.request(OpUnsubscribe, element("m:Unsubscribe", element("m:SubscriptionId", escape(subscription))))
}
