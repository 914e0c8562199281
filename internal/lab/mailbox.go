package lab

import (
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"html"
	"strconv"
	"strings"
	"sync"
	"time"
)

// mailbox is the state behind EWS: folders, items, their changes, and subscriptions. A client that forgets a sync state,
// mixes up two folders or asks another server for its subscription gets the error that Exchange gives. It is safe for
// concurrent use; the zero value is a new mailbox.
type mailbox struct {
	mu            sync.Mutex
	last          int // number of the folder, item, change or subscription made last
	folders       map[string]string
	items         map[string]item
	changes       []change
	subscriptions map[string]subscription
	changed       chan struct{} // closed with the next change; nil while nobody waits for it

	late  time.Duration // how long after a change subscriptions tell of it
	terse bool          // of folders that are not found it says nothing, not even how many
}

type item struct {
	folder, subject string
	created         time.Time
}

// change is one entry of the mailbox's journal, by whose length sync states and watermarks are counted.
type change struct {
	kind, folder, item string
	at                 time.Time
}

// subscription lives on the server that made it.
type subscription struct {
	server, folder string
	told           int // how much of the journal a streaming response has told of
}

// maxJournal bounds the mailbox: the lab runs for as long as somebody tries things out.
const maxJournal = 10_000

// topFolder is below which folders are made.
const topFolder = "msgfolderroot"

func (m *mailbox) begin() {
	if m.folders == nil || len(m.changes) > maxJournal {
		m.folders = map[string]string{m.id("folder"): "Inbox", m.id("folder"): "Sent Items"}
		m.items, m.changes, m.subscriptions = map[string]item{}, nil, map[string]subscription{}
		m.create(m.inbox(), "a message")
		m.create(m.inbox(), "another message")
	}
}

// id is a new opaque id.
func (m *mailbox) id(kind string) string {
	m.last++
	return opaque(kind, strconv.Itoa(m.last))
}

func opaque(parts ...string) string {
	return base64.StdEncoding.EncodeToString([]byte(strings.Join(parts, "\x00")))
}

// unpack gives the parts of an opaque text that opaque made of kind and others; nil for any other text.
func unpack(kind, text string) []string {
	raw, err := base64.StdEncoding.DecodeString(text)
	parts := strings.Split(string(raw), "\x00")
	if err != nil || parts[0] != kind {
		return nil
	}
	return parts[1:]
}

func (m *mailbox) named(name string) string {
	for id, n := range m.folders {
		if n == name {
			return id
		}
	}
	return ""
}

func (m *mailbox) inbox() string { return m.named("Inbox") }

func (m *mailbox) create(folder, subject string) string {
	id := m.id("item")
	m.items[id] = item{folder, subject, time.Now()}
	m.changes = append(m.changes, change{"Create", folder, id, time.Now()})
	m.changedNow()
	return id
}

// element is any XML element of a request.
type element struct {
	XMLName  xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Text     string     `xml:",chardata"`
	Elements []element  `xml:",any"`
}

// find is the first element of that name, in document order; an empty one where there is none.
func (e element) find(name string) element {
	for _, child := range e.Elements {
		if child.XMLName.Local == name {
			return child
		}
		if found := child.find(name); found.XMLName.Local != "" {
			return found
		}
	}
	return element{}
}

func (e element) attr(name string) string {
	for _, a := range e.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// folder is the folder that a request names; empty when there is none of that id.
func (m *mailbox) folder(e element) string {
	if name := e.find("DistinguishedFolderId").attr("Id"); name == "inbox" {
		return m.inbox()
	} else if name != "" {
		return topFolder
	}
	id := e.find("FolderId").attr("Id")
	if m.folders[id] == "" {
		return ""
	}
	return id
}

// answer is what a response message holds: a ResponseCode with a text for a person, or content.
type answer struct{ code, text, content string }

var noFolder = answer{code: "ErrorItemNotFound", text: "The specified object was not found in the store."}

// do answers an operation at one server of the pool; false when the mailbox does not know it.
func (m *mailbox) do(server string, request element) (answer, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.begin()
	handle, ok := handlers[request.XMLName.Local]
	if !ok {
		return answer{}, false
	}
	return handle(m, server, request), true
}

var handlers = map[string]func(m *mailbox, server string, request element) answer{
	"GetFolder":           (*mailbox).getFolder,
	"SyncFolderHierarchy": (*mailbox).syncHierarchy,
	"SyncFolderItems":     (*mailbox).syncItems,
	"Subscribe":           (*mailbox).subscribe,
	"GetEvents":           (*mailbox).getEvents,
	"Unsubscribe":         (*mailbox).unsubscribe,
	"FindFolder":          (*mailbox).findFolder,
	"CreateFolder":        (*mailbox).createFolder,
	"FindItem":            (*mailbox).findItem,
	"CreateItem":          (*mailbox).createItem,
	"DeleteItem":          (*mailbox).deleteItem,
	"ResolveNames":        (*mailbox).resolveNames,
}

func folderXML(id string) string {
	return `<t:Folder><t:FolderId Id="` + id + `" ChangeKey="AQAAAA=="/></t:Folder>`
}

func messageXML(id string) string {
	return `<t:Message><t:ItemId Id="` + id + `" ChangeKey="CQAAAA=="/></t:Message>`
}

func (m *mailbox) getFolder(_ string, request element) answer {
	id := m.folder(request)
	if id == "" {
		return noFolder
	}
	return answer{content: "<m:Folders>" + folderXML(id) + "</m:Folders>"}
}

func (m *mailbox) syncHierarchy(_ string, request element) answer {
	state := request.find("SyncState").Text
	if state != "" && unpack("hierarchy", state) == nil {
		return badState
	}
	var changes strings.Builder
	for id := range m.folders {
		if state == "" {
			changes.WriteString("<t:Create>" + folderXML(id) + "</t:Create>")
		}
	}
	return answer{content: "<m:SyncState>" + opaque("hierarchy", "1") + "</m:SyncState><m:IncludesLastFolderInRange>true</m:IncludesLastFolderInRange><m:Changes>" + changes.String() + "</m:Changes>"}
}

var badState = answer{code: "ErrorInvalidSyncStateData", text: "Synchronization state data is corrupted or otherwise invalid."}

func (m *mailbox) syncItems(_ string, request element) answer {
	folder := m.folder(request.find("SyncFolderId"))
	if folder == "" {
		return noFolder
	}
	from := 0
	if state := request.find("SyncState").Text; state != "" {
		parts := unpack("items", state)
		if len(parts) != 2 || parts[0] != folder {
			return badState
		}
		from, _ = strconv.Atoi(parts[1])
	}
	limit, _ := strconv.Atoi(request.find("MaxChangesReturned").Text)
	var changes strings.Builder
	at, count := min(from, len(m.changes)), 0
	for ; at < len(m.changes) && count < limit; at++ {
		c := m.changes[at]
		switch {
		case c.folder != folder:
			continue
		case c.kind == "Create":
			changes.WriteString("<t:Create>" + messageXML(c.item) + "</t:Create>")
		default:
			changes.WriteString(`<t:Delete><t:ItemId Id="` + c.item + `"/></t:Delete>`)
		}
		count++
	}
	return answer{content: fmt.Sprintf("<m:SyncState>%s</m:SyncState><m:IncludesLastItemInRange>%t</m:IncludesLastItemInRange><m:Changes>%s</m:Changes>",
		opaque("items", folder, strconv.Itoa(at)), at == len(m.changes), changes.String())}
}

func (m *mailbox) subscribe(server string, request element) answer {
	folder := m.folder(request)
	if folder == "" {
		return noFolder
	}
	id := m.id("subscription")
	m.subscriptions[id] = subscription{server, folder, m.due()}
	watermark := "<m:Watermark>" + m.watermark(id) + "</m:Watermark>"
	if request.find("StreamingSubscriptionRequest").XMLName.Local != "" {
		watermark = "" // a streaming subscription has none
	}
	return answer{content: "<m:SubscriptionId>" + id + "</m:SubscriptionId>" + watermark}
}

// due is how much of the journal subscriptions tell of by now.
func (m *mailbox) due() int {
	n := len(m.changes)
	for n > 0 && time.Since(m.changes[n-1].at) < m.late {
		n--
	}
	return n
}

// watermark is where the journal stands, for one subscription.
func (m *mailbox) watermark(id string) string {
	return opaque("watermark", id, strconv.Itoa(m.due()))
}

var noSubscription = answer{code: "ErrorSubscriptionNotFound", text: "The specified subscription was not found."}

func (m *mailbox) getEvents(server string, request element) answer {
	id := request.find("SubscriptionId").Text
	s, ok := m.subscriptions[id]
	if !ok || s.server != server {
		return noSubscription
	}
	before := request.find("Watermark").Text
	parts := unpack("watermark", before)
	if len(parts) != 2 || parts[0] != id {
		return answer{code: "ErrorInvalidWatermark", text: "The watermark used for creating this subscription was not found."}
	}
	from, _ := strconv.Atoi(parts[1])
	mark := "<t:Watermark>" + m.watermark(id) + "</t:Watermark>"
	events := m.events(s.folder, from, mark)
	if events == "" {
		events = "<t:StatusEvent>" + mark + "</t:StatusEvent>"
	}
	return answer{content: "<m:Notification><t:SubscriptionId>" + id + "</t:SubscriptionId><t:PreviousWatermark>" + html.EscapeString(before) +
		"</t:PreviousWatermark><t:MoreEvents>false</t:MoreEvents>" + events + "</m:Notification>"}
}

// events are those of a folder from a place in the journal on, each with a watermark where there is one.
func (m *mailbox) events(folder string, from int, mark string) string {
	var events strings.Builder
	due := m.due()
	for _, c := range m.changes[min(from, due):due] {
		if c.folder == folder && c.kind == "Create" {
			events.WriteString("<t:CreatedEvent>" + mark + "<t:TimeStamp>" + time.Now().UTC().Format(time.RFC3339) + `</t:TimeStamp><t:ItemId Id="` + c.item +
				`" ChangeKey="CQAAAA=="/><t:ParentFolderId Id="` + c.folder + `" ChangeKey="AQAAAA=="/></t:CreatedEvent>`)
		}
	}
	return events.String()
}

func (m *mailbox) unsubscribe(server string, request element) answer {
	id := request.find("SubscriptionId").Text
	if s, ok := m.subscriptions[id]; !ok || s.server != server {
		return noSubscription
	}
	delete(m.subscriptions, id)
	m.changedNow()
	return answer{}
}

func (m *mailbox) findFolder(_ string, request element) answer {
	found, count := "", 0
	if id := m.named(request.find("Constant").attr("Value")); id != "" {
		found, count = folderXML(id), 1
	} else if m.terse {
		return answer{}
	}
	return answer{content: fmt.Sprintf(`<m:RootFolder TotalItemsInView="%d" IncludesLastItemInRange="true"><t:Folders>%s</t:Folders></m:RootFolder>`, count, found)}
}

func (m *mailbox) createFolder(_ string, request element) answer {
	name := request.find("DisplayName").Text
	if m.named(name) != "" {
		return answer{code: "ErrorFolderExists", text: "A folder with the specified name already exists."}
	}
	id := m.id("folder")
	m.folders[id] = name
	return answer{content: "<m:Folders>" + folderXML(id) + "</m:Folders>"}
}

func (m *mailbox) findItem(_ string, request element) answer {
	folder := m.folder(request.find("ParentFolderIds"))
	prefix := request.find("Contains").find("Constant").attr("Value")
	before, _ := time.Parse(time.RFC3339, request.find("IsLessThan").find("Constant").attr("Value"))
	var found strings.Builder
	count := 0
	for id, it := range m.items {
		if it.folder == folder && strings.HasPrefix(it.subject, prefix) && it.created.Before(before) {
			found.WriteString(messageXML(id))
			count++
		}
	}
	return answer{content: fmt.Sprintf(`<m:RootFolder TotalItemsInView="%d" IncludesLastItemInRange="true"><t:Items>%s</t:Items></m:RootFolder>`, count, found.String())}
}

func (m *mailbox) createItem(_ string, request element) answer {
	folder := m.folder(request.find("SavedItemFolderId"))
	if folder == "" {
		return noFolder
	}
	return answer{content: "<m:Items>" + messageXML(m.create(folder, request.find("Subject").Text)) + "</m:Items>"}
}

func (m *mailbox) deleteItem(_ string, request element) answer {
	for _, e := range request.find("ItemIds").Elements {
		id := e.attr("Id")
		it, ok := m.items[id]
		if !ok {
			return noFolder
		}
		delete(m.items, id)
		m.changes = append(m.changes, change{"Delete", it.folder, id, time.Now()})
	}
	return answer{}
}

func (m *mailbox) resolveNames(_ string, request element) answer {
	address := strings.TrimPrefix(request.find("UnresolvedEntry").Text, "smtp:")
	if !strings.HasSuffix(address, "@contoso.test") {
		return answer{code: "ErrorNameResolutionNoResults", text: "No results were found."}
	}
	return answer{content: `<m:ResolutionSet TotalItemsInView="1" IncludesLastItemInRange="true"><t:Resolution><t:Mailbox><t:Name>a private name</t:Name><t:EmailAddress>` +
		html.EscapeString(address) + `</t:EmailAddress><t:RoutingType>SMTP</t:RoutingType></t:Mailbox></t:Resolution></m:ResolutionSet>`}
}

// Leave puts an item of this age and subject into a folder of a running scenario's mailbox, as an earlier client left it.
func (s *Site) Leave(scenario, folder, subject string, age time.Duration) {
	s.count(scenario, func(m *mailbox) int {
		m.begin()
		id := m.create(m.named(folder), subject)
		old := m.items[id]
		old.created = old.created.Add(-age)
		m.items[id] = old
		return 0
	})
}

// Items counts the items of a running scenario's mailbox whose subject begins with prefix.
func (s *Site) Items(scenario, prefix string) int {
	return s.count(scenario, func(m *mailbox) (n int) {
		for _, it := range m.items {
			if strings.HasPrefix(it.subject, prefix) {
				n++
			}
		}
		return n
	})
}

// Changes counts what was ever created or deleted in a running scenario's mailbox.
func (s *Site) Changes(scenario string) int {
	return s.count(scenario, func(m *mailbox) int { return len(m.changes) })
}

// Subscriptions counts those that a running scenario's mailbox has.
func (s *Site) Subscriptions(scenario string) int {
	return s.count(scenario, func(m *mailbox) int { return len(m.subscriptions) })
}

// Folders counts the folders of that name in a running scenario's mailbox.
func (s *Site) Folders(scenario, name string) int {
	return s.count(scenario, func(m *mailbox) (n int) {
		for _, other := range m.folders {
			if other == name {
				n++
			}
		}
		return n
	})
}

func (s *Site) count(scenario string, of func(*mailbox) int) int {
	for _, c := range s.scenarios {
		if c.Name == scenario {
			c.origin.mailbox.mu.Lock()
			defer c.origin.mailbox.mu.Unlock()
			return of(&c.origin.mailbox)
		}
	}
	return 0
}
