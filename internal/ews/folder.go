package ews

// Folder names a folder: one that every mailbox has, or one by its id.
type Folder struct {
	distinguished, mailbox, id string
}

// Distinguished is a folder that every mailbox has, such as "inbox" or "msgfolderroot" (Microsoft Learn,
// "DistinguishedFolderId"). An empty mailbox is that of the account acting; another one's address needs its owner's
// permission (delegate access).
func Distinguished(name, mailbox string) Folder { return Folder{distinguished: name, mailbox: mailbox} }

// FolderByID is a folder by the id that a response gave.
func FolderByID(id string) Folder { return Folder{id: id} }

func (f Folder) xml() string {
	switch {
	case f.id != "":
		return `<t:FolderId Id="` + escape(f.id) + `"/>`
	case f.mailbox != "":
		return `<t:DistinguishedFolderId Id="` + escape(f.distinguished) + `">` +
			element("t:Mailbox", element("t:EmailAddress", escape(f.mailbox))) + `</t:DistinguishedFolderId>`
	}
	return `<t:DistinguishedFolderId Id="` + escape(f.distinguished) + `"/>`
}
