package ews

import (
	"strconv"
	"strings"
	"time"
)

// The operations. Each of them asks for one thing: one folder, one mailbox, one subscription.
const (
	OpGetFolder           Operation = "GetFolder"
	OpFindFolder          Operation = "FindFolder"
	OpCreateFolder        Operation = "CreateFolder"
	OpDeleteFolder        Operation = "DeleteFolder"
	OpFindItem            Operation = "FindItem"
	OpCreateItem          Operation = "CreateItem"
	OpDeleteItem          Operation = "DeleteItem"
	OpSyncFolderHierarchy Operation = "SyncFolderHierarchy"
	OpSyncFolderItems     Operation = "SyncFolderItems"
	OpSubscribe           Operation = "Subscribe"
	OpGetEvents           Operation = "GetEvents"
	OpGetStreamingEvents  Operation = "GetStreamingEvents"
	OpUnsubscribe         Operation = "Unsubscribe"
	OpGetUserAvailability Operation = "GetUserAvailability"
	OpGetUserOofSettings  Operation = "GetUserOofSettings"
	OpResolveNames        Operation = "ResolveNames"
	OpGetServerTimeZones  Operation = "GetServerTimeZones"
)

// Ids are all that is ever asked of folders and items: no names, no content.
const (
	folderShape = `<m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape>`
	itemShape   = `<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>`
)

// GetFolder asks whether a folder is there.
func (b Builder) GetFolder(f Folder) Request {
	return b.request(OpGetFolder, element("m:GetFolder", folderShape+element("m:FolderIds", f.xml())))
}

// FindFolder looks right below parent for a folder of this name. The response holds at most 10.
func (b Builder) FindFolder(parent Folder, name string) Request {
	return b.request(OpFindFolder, `<m:FindFolder Traversal="Shallow">`+folderShape+
		`<m:IndexedPageFolderView MaxEntriesReturned="10" Offset="0" BasePoint="Beginning"/>`+
		element("m:Restriction", compare("IsEqualTo", "folder:DisplayName", name))+
		element("m:ParentFolderIds", parent.xml())+`</m:FindFolder>`)
}

// CreateFolder makes a folder for mail below parent.
func (b Builder) CreateFolder(parent Folder, name string) Request {
	return b.request(OpCreateFolder, element("m:CreateFolder", element("m:ParentFolderId", parent.xml())+
		element("m:Folders", element("t:Folder",
			element("t:FolderClass", "IPF.Note")+element("t:DisplayName", escape(name))))))
}

// DeleteFolder deletes a folder and all that is in it, for good.
func (b Builder) DeleteFolder(f Folder) Request {
	return b.request(OpDeleteFolder, `<m:DeleteFolder DeleteType="HardDelete">`+
		element("m:FolderIds", f.xml())+`</m:DeleteFolder>`)
}

// FindItem looks in f for items whose subject begins with prefix and which were created before a time: what earlier
// probes left behind. The server compares, so no subject crosses the wire. The response holds at most 100.
func (b Builder) FindItem(f Folder, prefix string, before time.Time) Request {
	subject := `<t:Contains ContainmentMode="Prefixed" ContainmentComparison="Exact"><t:FieldURI FieldURI="item:Subject"/>` +
		`<t:Constant Value="` + escape(prefix) + `"/></t:Contains>`
	return b.request(OpFindItem, `<m:FindItem Traversal="Shallow">`+itemShape+
		`<m:IndexedPageItemView MaxEntriesReturned="100" Offset="0" BasePoint="Beginning"/>`+
		element("m:Restriction", element("t:And", subject+compare("IsLessThan", "item:DateTimeCreated", moment(before))))+
		element("m:ParentFolderIds", f.xml())+`</m:FindItem>`)
}

// compare is a search expression of a property and a value.
func compare(how, property, value string) string {
	return element("t:"+how, `<t:FieldURI FieldURI="`+property+`"/>`+
		element("t:FieldURIOrConstant", `<t:Constant Value="`+escape(value)+`"/>`))
}

// CreateItem puts a message without recipients and body into f; it is saved, never sent.
func (b Builder) CreateItem(f Folder, subject string) Request {
	return b.request(OpCreateItem, `<m:CreateItem MessageDisposition="SaveOnly">`+
		element("m:SavedItemFolderId", f.xml())+
		element("m:Items", element("t:Message", element("t:Subject", escape(subject))))+`</m:CreateItem>`)
}

// DeleteItem deletes items for good: they go past Deleted Items.
func (b Builder) DeleteItem(ids ...string) Request {
	var items strings.Builder
	for _, id := range ids {
		items.WriteString(`<t:ItemId Id="` + escape(id) + `"/>`)
	}
	return b.request(OpDeleteItem, `<m:DeleteItem DeleteType="HardDelete">`+element("m:ItemIds", items.String())+`</m:DeleteItem>`)
}

// SyncFolderHierarchy asks which folders of root changed since state; without a state, for all of them.
func (b Builder) SyncFolderHierarchy(root Folder, state string) Request {
	return b.request(OpSyncFolderHierarchy, element("m:SyncFolderHierarchy", folderShape+
		element("m:SyncFolderId", root.xml())+optional("m:SyncState", state)))
}

// SyncFolderItems asks which items of f changed since state; without a state, for all of them. At most limit changes
// come at a time, from 1 to 512 (Microsoft Learn, "MaxChangesReturned").
func (b Builder) SyncFolderItems(f Folder, state string, limit int) Request {
	return b.request(OpSyncFolderItems, element("m:SyncFolderItems", itemShape+
		element("m:SyncFolderId", f.xml())+optional("m:SyncState", state)+
		element("m:MaxChangesReturned", strconv.Itoa(min(max(limit, 1), 512)))))
}

// GetUserAvailability asks for one mailbox's free and busy times as one merged string, the least that can be asked for.
// Times are UTC; by default a server allows 42 days at most (Microsoft Learn, "TimeWindow").
func (b Builder) GetUserAvailability(mailbox string, from, to time.Time) Request {
	// The rule's shape is that of Microsoft's own sample. Its biases are 0, so that it is UTC in every season.
	zone := element("t:TimeZone", element("t:Bias", "0")+
		element("t:StandardTime", rule("5", "10"))+element("t:DaylightTime", rule("1", "4")))
	data := element("t:MailboxData", element("t:Email", element("t:Address", escape(mailbox)))+
		element("t:AttendeeType", "Required")+element("t:ExcludeConflicts", "false"))
	options := element("t:FreeBusyViewOptions",
		element("t:TimeWindow", element("t:StartTime", local(from))+element("t:EndTime", local(to)))+
			element("t:MergedFreeBusyIntervalInMinutes", "60")+element("t:RequestedView", "MergedOnly"))
	return b.request(OpGetUserAvailability,
		element("m:GetUserAvailabilityRequest", zone+element("m:MailboxDataArray", data)+options))
}

// rule is when a time begins: the n-th Sunday of a month.
func rule(n, month string) string {
	return element("t:Bias", "0") + element("t:Time", "02:00:00") + element("t:DayOrder", n) +
		element("t:Month", month) + element("t:DayOfWeek", "Sunday")
}

// local is a time in the request's own time zone, which is UTC.
func local(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05") }

// moment is a time with its zone.
func moment(t time.Time) string { return local(t) + "Z" }

// GetUserOofSettings asks for a mailbox's automatic replies; only its owner may.
func (b Builder) GetUserOofSettings(mailbox string) Request {
	return b.request(OpGetUserOofSettings, element("m:GetUserOofSettingsRequest",
		element("t:Mailbox", element("t:Address", escape(mailbox)))))
}

// ResolveNames asks the directory, not the mailbox, for an address.
func (b Builder) ResolveNames(address string) Request {
	return b.request(OpResolveNames, `<m:ResolveNames ReturnFullContactData="false" SearchScope="ActiveDirectory">`+
		element("m:UnresolvedEntry", escape("smtp:"+address))+`</m:ResolveNames>`)
}

// GetServerTimeZones asks for the definition of UTC: a real request that names no mailbox (Microsoft Learn,
// "GetServerTimeZones operation").
func (b Builder) GetServerTimeZones() Request {
	return b.request(OpGetServerTimeZones, `<m:GetServerTimeZones ReturnFullTimeZoneData="false">`+
		element("m:Ids", element("t:Id", "UTC"))+`</m:GetServerTimeZones>`)
}

// GetServerTimeZones is the request of that name, without options.
func GetServerTimeZones() []byte { return Builder{}.GetServerTimeZones().Body }
