// Package lab is what the prober brings to the simulated site: its modules, and what they report of each scenario.
package lab

import "github.com/ews-exporter/ews_exporter/internal/lab"

// The modules: one that reads, one that writes, and one for what comes while a response stays open.
const (
	reads   = "ews_sync"
	writes  = "ews_write"
	streams = "ews_stream"
)

// Part is the prober's.
func Part() lab.Part {
	return lab.Part{
		Prober: "ews_sync",
		Modules: []lab.Module{
			{Name: reads, Logon: lab.Basic, Keys: []string{
				"ews_sync:", "  operations: [healthcheck, get_folder, sync, notify, availability, oof, resolve_names, time_zones]", "  mailbox: " + lab.MailAddress,
			}},
			{Name: writes, Logon: lab.Basic, Keys: []string{"ews_sync: {operations: [sync, notify], write: true}"}},
			{Name: streams, About: "what comes while a response stays open", Logon: lab.Basic, Keys: []string{"ews_sync: {operations: [stream], write: true}"}},
		},
		Shared: shared(),
		Brief: []lab.Module{
			{Name: streams + lab.BriefSuffix, Logon: lab.Basic, Keys: []string{"ews_sync: {operations: [stream], write: true, stream_hold: 1s, event_wait: 1s}"}},
			{Name: writes + lab.BriefSuffix, Logon: lab.Basic, Keys: []string{"ews_sync: {operations: [sync, notify], write: true, event_wait: 1s}"}},
		},
		Faults: faults(),
		Loads:  loads(),
		Least:  []string{"ews_sync: {operations: [get_folder]}"},
		Health: []string{"ews_sync: {operations: [healthcheck]}"},
		Most: []string{"ews_sync: {operations: [healthcheck, get_folder, sync, notify, stream, availability, oof, resolve_names, time_zones], " +
			"stream_hold: 1s, mailbox: " + lab.MailAddress + ", headers: {" + lab.SecretField + ": " + lab.Secret + "}}"},
		Cases:   cases(),
		Good:    message("GetFolder", `<Folders><Folder><FolderId Id="a"/></Folder></Folders>`),
		Meets:   meets(),
		Hostile: []lab.Group{streaming()},
	}
}

func shared() map[string][]lab.Verdict {
	return map[string][]lab.Verdict{
		"healthy":                {good(reads), good(writes), good(streams)},
		"ews-throttled":          {bad(reads, "content/throttled", "ews_throttled")},
		"ews-affinity-broken":    {bad(reads, "content/response_error", "ews_affinity_broken"), bad(streams, "content/response_error", "ews_affinity_broken")},
		"ews-mailbox-moving":     {bad(reads, "content/response_error", "")},
		"ews-soap-fault":         {bad(reads, "content/soap_fault", "")},
		"ews-form-page":          {bad(reads, "content/foreign_page", "answered_by_middlebox")},
		"ews-pool-stopped":       {bad(reads, "status/unavailable", "")},
		"ews-sick-member":        {bad(reads, "receive/unhealthy", "")},
		"ews-events-lost":        {good(reads), bad(writes, "content/ews_notifications_missing", "ews_notifications_missing"), bad(streams, "content/ews_notifications_missing", "ews_notifications_missing")},
		"ews-events-hang":        {bad(writes, "receive/timeout", "")},
		"ews-stream-buffered":    {bad(streams, "content/ews_stream_buffered", "ews_stream_buffered")},
		"ews-stream-cut":         {bad(streams, "content/ews_stream_cut", "ews_stream_cut")},
		"ews-stream-silent":      {bad(streams, "content/ews_stream_silent", "ews_stream_silent")},
		"ews-availability-error": {bad(reads, "content/response_error", "")},
		"ews-soap-fault-200":     {bad(reads, "content/soap_fault", "")},
		"ews-truncated":          {bad(reads, "content/truncated", "")},
		"ews-affinity-pair":      {bad(reads, "content/response_error", "ews_affinity_broken"), bad(writes, "content/response_error", "ews_affinity_broken")},
		"ews-not-exchange":       {bad(reads, "content/soap_fault", ""), good(writes), good(streams)},
		"ews-events-late":        {good(writes), good(streams)},
		"ews-answers-twice":      {{Module: reads, Failure: lab.None, Finding: "bytes_after_response"}},
		// The 401 again, in place of the verdict on the logon.
		"ews-answers-behind": {bad(reads, "auth/handshake_broken", "bytes_after_response")},
	}
}

func good(module string) lab.Verdict { return lab.Verdict{Module: module, Failure: lab.None} }

// bad is what the scenario is there for.
func bad(module, failure, finding string) lab.Verdict {
	return lab.Verdict{Module: module, Failure: failure, Finding: finding, Shows: true}
}
