package lab

import (
	"encoding/xml"
	"fmt"
	"strings"
	"testing"
)

// ask puts one request to a mailbox at a server.
func ask(t *testing.T, m *mailbox, server, request string) answer {
	t.Helper()
	var e element
	if err := xml.Unmarshal([]byte(request), &e); err != nil {
		t.Fatal(err)
	}
	a, ok := m.do(server, e)
	if !ok {
		t.Fatalf("the mailbox does not know %s", e.XMLName.Local)
	}
	return a
}

// part is the text between two marks of an answer.
func part(a answer, before, after string) string {
	_, rest, _ := strings.Cut(a.content, before)
	text, _, _ := strings.Cut(rest, after)
	return text
}

const inboxItems = `<SyncFolderItems><SyncFolderId><DistinguishedFolderId Id="inbox"/></SyncFolderId><SyncState>%s</SyncState><MaxChangesReturned>%d</MaxChangesReturned></SyncFolderItems>`

// A synchronisation that goes on from its state gets what is new, and only that; a state of something else is refused.
func TestMailboxSynchronises(t *testing.T) {
	t.Parallel()
	m := &mailbox{}
	first := ask(t, m, "EX01", fmt.Sprintf(inboxItems, "", 1))
	if strings.Count(first.content, "<t:Create>") != 1 || !strings.Contains(first.content, "<m:IncludesLastItemInRange>false") {
		t.Errorf("the first change of two: %+v", first)
	}
	state := part(first, "<m:SyncState>", "</m:SyncState>")
	second := ask(t, m, "EX02", fmt.Sprintf(inboxItems, state, 10))
	if strings.Count(second.content, "<t:Create>") != 1 || !strings.Contains(second.content, "<m:IncludesLastItemInRange>true") {
		t.Errorf("the second: %+v", second)
	}
	for _, wrong := range []string{"nonsense", opaque("items", "another folder", "1"), opaque("hierarchy", "1")} {
		if got := ask(t, m, "EX01", fmt.Sprintf(inboxItems, wrong, 10)); got.code != "ErrorInvalidSyncStateData" {
			t.Errorf("state %q gets %+v", wrong, got)
		}
	}
}

// A subscription is known to the server that made it, by its own watermark, until it ends.
func TestMailboxNotifies(t *testing.T) {
	t.Parallel()
	m := &mailbox{}
	made := ask(t, m, "EX01", `<Subscribe><DistinguishedFolderId Id="inbox"/></Subscribe>`)
	id, mark := part(made, "<m:SubscriptionId>", "<"), part(made, "<m:Watermark>", "<")
	events := "<GetEvents><SubscriptionId>" + id + "</SubscriptionId><Watermark>%s</Watermark></GetEvents>"
	if got := ask(t, m, "EX01", fmt.Sprintf(events, mark)); !strings.Contains(got.content, "<t:StatusEvent>") {
		t.Errorf("when nothing happened: %+v", got)
	}
	ask(t, m, "EX02", `<CreateItem><SavedItemFolderId><DistinguishedFolderId Id="inbox"/></SavedItemFolderId></CreateItem>`)
	if got := ask(t, m, "EX01", fmt.Sprintf(events, mark)); strings.Count(got.content, "<t:CreatedEvent>") != 1 {
		t.Errorf("when an item came: %+v", got)
	}
	if got := ask(t, m, "EX02", fmt.Sprintf(events, mark)); got.code != "ErrorSubscriptionNotFound" {
		t.Errorf("at another server: %+v", got)
	}
	if got := ask(t, m, "EX01", fmt.Sprintf(events, "nonsense")); got.code != "ErrorInvalidWatermark" {
		t.Errorf("with another watermark: %+v", got)
	}
	end := "<Unsubscribe><SubscriptionId>" + id + "</SubscriptionId></Unsubscribe>"
	if first, second := ask(t, m, "EX01", end), ask(t, m, "EX01", end); first.code != "" || second.code != "ErrorSubscriptionNotFound" {
		t.Errorf("ended: %+v, and again: %+v", first, second)
	}
}

// A folder is made once, and an item deleted once.
func TestMailboxRefusesASecondTime(t *testing.T) {
	t.Parallel()
	m := &mailbox{}
	create := `<CreateFolder><DisplayName>probe</DisplayName></CreateFolder>`
	if first, second := ask(t, m, "", create), ask(t, m, "", create); first.code != "" || second.code != "ErrorFolderExists" {
		t.Errorf("made: %+v, and again: %+v", first, second)
	}
	item := part(ask(t, m, "", `<CreateItem><SavedItemFolderId><DistinguishedFolderId Id="inbox"/></SavedItemFolderId></CreateItem>`), `ItemId Id="`, `"`)
	remove := `<DeleteItem><ItemIds><ItemId Id="` + item + `"/></ItemIds></DeleteItem>`
	if first, second := ask(t, m, "", remove), ask(t, m, "", remove); first.code != "" || second.code != "ErrorItemNotFound" {
		t.Errorf("deleted: %+v, and again: %+v", first, second)
	}
}
