package ews_test

import (
	"encoding/xml"
	"strings"
	"testing"
	"time"

	"github.com/ews-exporter/ews_exporter/internal/ews"
)

// schema is what messages.xsd and types.xsd say of the elements that the requests use: their children in order, each
// with the prefix of its namespace, and "!" where it must be there. Every Exchange server serves the two files below
// /EWS; they were read in the copies that the public repository jamesiarmes/php-ews keeps and, for types.xsd, in the
// fragments that JAXB writes into the classes it makes of the schema. Of a choice, all alternatives are listed where they
// stand.
var schema = map[string]string{
	"soap:Envelope": "soap:Header soap:Body!",
	"soap:Header":   "t:RequestServerVersion t:ExchangeImpersonation",
	// messages.xsd
	"m:GetFolder":                    "m:FolderShape! m:FolderIds!",
	"m:FindFolder":                   "m:FolderShape! m:IndexedPageFolderView m:Restriction m:ParentFolderIds!",
	"m:CreateFolder":                 "m:ParentFolderId! m:Folders!",
	"m:DeleteFolder":                 "m:FolderIds!",
	"m:FindItem":                     "m:ItemShape! m:IndexedPageItemView m:Restriction m:SortOrder m:ParentFolderIds!",
	"m:CreateItem":                   "m:SavedItemFolderId m:Items!",
	"m:DeleteItem":                   "m:ItemIds!",
	"m:SyncFolderHierarchy":          "m:FolderShape! m:SyncFolderId m:SyncState",
	"m:SyncFolderItems":              "m:ItemShape! m:SyncFolderId! m:SyncState m:Ignore m:MaxChangesReturned! m:SyncScope",
	"m:Subscribe":                    "m:PullSubscriptionRequest m:StreamingSubscriptionRequest",
	"m:GetEvents":                    "m:SubscriptionId! m:Watermark!",
	"m:GetStreamingEvents":           "m:SubscriptionIds! m:ConnectionTimeout!",
	"m:Unsubscribe":                  "m:SubscriptionId!",
	"m:GetUserAvailabilityRequest":   "t:TimeZone m:MailboxDataArray! t:FreeBusyViewOptions t:SuggestionsViewOptions",
	"m:GetUserOofSettingsRequest":    "t:Mailbox!",
	"m:ResolveNames":                 "m:ParentFolderIds m:UnresolvedEntry!",
	"m:GetServerTimeZones":           "m:Ids",
	"m:PullSubscriptionRequest":      "t:FolderIds t:EventTypes! t:Watermark t:Timeout!",
	"m:StreamingSubscriptionRequest": "t:FolderIds t:EventTypes!",
	// types.xsd
	"t:ExchangeImpersonation": "t:ConnectingSID!",
	"t:ConnectingSID":         "t:PrincipalName t:SID t:PrimarySmtpAddress t:SmtpAddress",
	"m:FolderShape":           "t:BaseShape!",
	"m:ItemShape":             "t:BaseShape!",
	"m:FolderIds":             "t:FolderId t:DistinguishedFolderId",
	"t:FolderIds":             "t:FolderId t:DistinguishedFolderId",
	"m:ParentFolderIds":       "t:FolderId t:DistinguishedFolderId",
	"m:ParentFolderId":        "t:FolderId t:DistinguishedFolderId",
	"m:SavedItemFolderId":     "t:FolderId t:DistinguishedFolderId",
	"m:SyncFolderId":          "t:FolderId t:DistinguishedFolderId",
	"t:DistinguishedFolderId": "t:Mailbox",
	"m:Folders":               "t:Folder!",
	"t:Folder":                "t:FolderId t:ParentFolderId t:FolderClass t:DisplayName",
	"m:Items":                 "t:Message!",
	"t:Message":               "t:MimeContent t:ItemId t:ParentFolderId t:ItemClass t:Subject",
	"m:ItemIds":               "t:ItemId!",
	"m:Restriction":           "t:And t:IsEqualTo",
	"t:And":                   "t:Contains t:IsLessThan",
	"t:Contains":              "t:FieldURI! t:Constant!",
	"t:IsEqualTo":             "t:FieldURI! t:FieldURIOrConstant!",
	"t:IsLessThan":            "t:FieldURI! t:FieldURIOrConstant!",
	"t:FieldURIOrConstant":    "t:Constant!",
	"t:EventTypes":            "t:EventType!",
	"m:SubscriptionIds":       "t:SubscriptionId!",
	"t:TimeZone":              "t:Bias! t:StandardTime! t:DaylightTime!",
	"t:StandardTime":          "t:Bias! t:Time! t:DayOrder! t:Month! t:DayOfWeek!",
	"t:DaylightTime":          "t:Bias! t:Time! t:DayOrder! t:Month! t:DayOfWeek!",
	"m:MailboxDataArray":      "t:MailboxData",
	"t:MailboxData":           "t:Email! t:AttendeeType! t:ExcludeConflicts",
	"t:Email":                 "t:Name t:Address! t:RoutingType",
	"t:FreeBusyViewOptions":   "t:TimeWindow! t:MergedFreeBusyIntervalInMinutes t:RequestedView",
	"t:TimeWindow":            "t:StartTime! t:EndTime!",
	"m:Ids":                   "t:Id!",
	// t:Mailbox is an EmailAddress in GetUserOofSettings and an EmailAddressType in a folder id.
	"t:Mailbox": "t:Name t:Address t:EmailAddress t:RoutingType t:MailboxType",
}

// attributes are the required ones (use="required" in the schema).
var attributes = map[string]string{
	"t:RequestServerVersion": "Version", "m:FindFolder": "Traversal", "m:FindItem": "Traversal",
	"m:DeleteFolder": "DeleteType", "m:DeleteItem": "DeleteType", "m:ResolveNames": "ReturnFullContactData",
	"m:IndexedPageFolderView": "Offset BasePoint", "m:IndexedPageItemView": "Offset BasePoint",
	"t:FolderId": "Id", "t:DistinguishedFolderId": "Id", "t:ItemId": "Id", "t:FieldURI": "FieldURI", "t:Constant": "Value",
}

var namespaces = map[string]string{
	"http://schemas.xmlsoap.org/soap/envelope/":                    "soap:",
	"http://schemas.microsoft.com/exchange/services/2006/messages": "m:",
	"http://schemas.microsoft.com/exchange/services/2006/types":    "t:",
}

// node is an element of a request.
type node struct {
	name       string
	attributes []xml.Attr
	children   []*node
	text       string
}

// parse reads a request as a strict server does: by namespaces.
func parse(t *testing.T, body []byte) *node {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(string(body)))
	root := &node{}
	stack := []*node{root}
	for {
		token, err := d.Token()
		if err != nil {
			break
		}
		top := stack[len(stack)-1]
		switch tok := token.(type) {
		case xml.StartElement:
			n := &node{name: namespaces[tok.Name.Space] + tok.Name.Local, attributes: tok.Attr}
			top.children = append(top.children, n)
			stack = append(stack, n)
		case xml.CharData:
			top.text += string(tok)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		}
	}
	if len(stack) != 1 || len(root.children) != 1 {
		t.Fatalf("the request is not well formed:\n%s", body)
	}
	return root.children[0]
}

// check holds n and what is in it to the schema.
func (n *node) check(t *testing.T) {
	t.Helper()
	at := 0
	allowed := strings.Fields(schema[n.name])
	for _, child := range n.children {
		if n.name != "soap:Body" {
			at = advance(t, n.name, child.name, allowed, at)
		}
		child.check(t)
	}
	for _, rest := range allowed {
		if name, required := strings.CutSuffix(rest, "!"); required && n.find(name) == nil {
			t.Errorf("%s lacks %s", n.name, name)
		}
	}
	for name := range strings.FieldsSeq(attributes[n.name]) {
		if !strings.Contains(" "+n.attributeNames()+" ", " "+name+" ") {
			t.Errorf("%s lacks the attribute %s", n.name, name)
		}
	}
}

// advance finds child at or after its place in the order.
func advance(t *testing.T, parent, child string, allowed []string, at int) int {
	t.Helper()
	for i := at; i < len(allowed); i++ {
		if strings.TrimSuffix(allowed[i], "!") == child {
			return i
		}
	}
	t.Errorf("%s may not stand here in %s: the schema has %v", child, parent, allowed)
	return at
}

func (n *node) find(name string) *node {
	for _, c := range n.children {
		if c.name == name {
			return c
		}
	}
	return nil
}

func (n *node) attributeNames() string {
	var names []string
	for _, a := range n.attributes {
		names = append(names, a.Name.Local)
	}
	return strings.Join(names, " ")
}

// hostile tries to leave its element and its attribute.
const hostile = `a"b'<c>&d]]>` + "\x00\r\n"

// requests are one of each kind, with hostile values wherever one is given.
func requests(b ews.Builder) []ews.Request {
	inbox, other := ews.Distinguished("inbox", ""), ews.Distinguished(hostile, hostile)
	id := ews.FolderByID(hostile)
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.FixedZone("", 3600))
	return []ews.Request{
		b.GetFolder(inbox), b.GetFolder(other), b.GetFolder(id),
		b.FindFolder(inbox, hostile), b.CreateFolder(other, hostile), b.DeleteFolder(id),
		b.FindItem(id, hostile, now), b.CreateItem(id, hostile), b.DeleteItem(hostile, "b"),
		b.SyncFolderHierarchy(inbox, ""), b.SyncFolderHierarchy(inbox, hostile),
		b.SyncFolderItems(inbox, "", 0), b.SyncFolderItems(id, hostile, 9999),
		b.SubscribePull(id, 0, ews.CreatedEvent, ews.NewMailEvent), b.SubscribeStreaming(inbox, ews.CreatedEvent),
		b.GetEvents(hostile, hostile), b.GetStreamingEvents(hostile, 99), b.Unsubscribe(hostile),
		b.GetUserAvailability(hostile, now, now.Add(24*time.Hour)), b.GetUserOofSettings(hostile),
		b.ResolveNames(hostile), b.GetServerTimeZones(),
	}
}

func TestRequestsFollowTheSchema(t *testing.T) {
	t.Parallel()
	builders := map[string]ews.Builder{"plain": {}}
	for _, by := range ews.Identities {
		builders[string(by)] = ews.Builder{Version: hostile, ImpersonateBy: by, Impersonate: hostile}
	}
	for name, b := range builders {
		for _, r := range requests(b) {
			t.Run(name+"/"+string(r.Operation), func(t *testing.T) {
				t.Parallel()
				envelope := parse(t, r.Body)
				envelope.check(t)
				body := envelope.find("soap:Body")
				if len(body.children) != 1 || strings.TrimSuffix(body.children[0].name, "Request") != "m:"+string(r.Operation) {
					t.Errorf("the body does not hold %s alone", r.Operation)
				}
			})
		}
	}
}

func TestValuesArriveAsTheyWere(t *testing.T) {
	t.Parallel()
	value := `a"b'<c>&d]]> ä`
	envelope := parse(t, ews.Builder{ImpersonateBy: ews.SID, Impersonate: value}.GetEvents(value, "w").Body)
	got := envelope.find("soap:Body").children[0].find("m:SubscriptionId").text
	sid := envelope.find("soap:Header").find("t:ExchangeImpersonation").find("t:ConnectingSID").find("t:SID").text
	if got != value || sid != value {
		t.Errorf("%q and %q arrive, want %q", got, sid, value)
	}
}

func TestTimesAreUTC(t *testing.T) {
	t.Parallel()
	from := time.Date(2026, 11, 22, 1, 0, 0, 0, time.FixedZone("", 2*3600))
	body := string(ews.Builder{}.GetUserAvailability("probe@contoso.test", from, from.Add(24*time.Hour)).Body)
	if want := "<t:StartTime>2026-11-21T23:00:00</t:StartTime><t:EndTime>2026-11-22T23:00:00</t:EndTime>"; !strings.Contains(body, want) {
		t.Errorf("no %s in\n%s", want, body)
	}
}

// A server that is given the https: namespaces of some published samples rejects the request.
func TestNamespacesAreHTTP(t *testing.T) {
	t.Parallel()
	for _, r := range requests(ews.Builder{}) {
		if strings.Contains(string(r.Body), "https://") {
			t.Errorf("%s: an https: namespace", r.Operation)
		}
	}
}

func TestNumbersStayWithinTheSchema(t *testing.T) {
	t.Parallel()
	inbox := ews.Distinguished("inbox", "")
	var b ews.Builder
	for want, r := range map[string]ews.Request{
		"<m:MaxChangesReturned>1<":   b.SyncFolderItems(inbox, "", -1),
		"<m:MaxChangesReturned>512<": b.SyncFolderItems(inbox, "", 1000),
		"<t:Timeout>1440<":           b.SubscribePull(inbox, 5000, ews.CreatedEvent),
		"<m:ConnectionTimeout>1<":    b.GetStreamingEvents("x", 0),
		"<m:ConnectionTimeout>30<":   b.GetStreamingEvents("x", 60),
	} {
		if !strings.Contains(string(r.Body), want) {
			t.Errorf("no %s in %s", want, r.Body)
		}
	}
}
