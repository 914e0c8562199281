// Package pop3 asks a server for POP3 what a mail client asks it: who are you, what can you do, start TLS, and let this mailbox in.
// It reads no mail. What it does stands in package mailprobe.
package pop3

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
	Name: "pop3", Title: "POP3", Protocol: result.POP3,
	Summary:  "Does a server for POP3 greet, offer what it should, start TLS, and let a mailbox in?",
	Implicit: "pop3s", Clear: "pop3",
	Upgrade: "STLS", Greets: "+OK", Dialogue: mailaccess.POP3,
	Capabilities: []string{
		"auth-resp-code", "expire", "implementation", "lang", "login-delay", "pipelining", "resp-codes", "sasl",
		"stls", "top", "uidl", "user", "utf8",
	},
	Exchange: mailprobe.Exchange{Service: "MSExchangePOP3", Settings: "PopSettings", Enabled: prober.PopEnabled, Proxy: "PopProxy", Usage: "POP"},
	Example:  example,
})
