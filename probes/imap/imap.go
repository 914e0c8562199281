// Package imap asks a server for IMAP what a mail client asks it: who are you, what can you do, start TLS, and let this mailbox in.
// It reads no mail. What it does stands in package mailprobe.
package imap

import (
	_ "embed" // for the example

	"github.com/ews-exporter/ews_exporter/internal/mailaccess"
	"github.com/ews-exporter/ews_exporter/internal/mailprobe"
	"github.com/ews-exporter/ews_exporter/internal/prober"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

//go:embed example.yml
var example string

// Definition declares this prober.
var Definition = mailprobe.Definition(&mailprobe.Kind{
	Name: "imap", Title: "IMAP", Protocol: result.IMAP,
	Summary:  "Does a server for IMAP greet, offer what it should, start TLS, and let a mailbox in?",
	Implicit: "imaps", Clear: "imap",
	Upgrade: "STARTTLS", Greets: "* OK", Dialogue: mailaccess.IMAP,
	Capabilities: []string{
		"acl", "auth=gssapi", "auth=login", "auth=ntlm", "auth=oauthbearer", "auth=plain", "auth=xoauth2", "binary",
		"children", "compress=deflate", "condstore", "enable", "esearch", "id", "idle", "imap4", "imap4rev1",
		"imap4rev2", "literal+", "literal-", "logindisabled", "move", "namespace", "qresync", "quota", "sasl-ir",
		"sort", "special-use", "starttls", "uidplus", "unselect", "utf8=accept",
	},
	Exchange: mailprobe.Exchange{Service: "MSExchangeIMAP4", Settings: "ImapSettings", Enabled: prober.ImapEnabled, Proxy: "ImapProxy", Usage: "IMAP"},
	Example:  example,
})
