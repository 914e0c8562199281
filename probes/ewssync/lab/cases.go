package lab

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

// cases are what no scenario answers.
func cases() []lab.Case {
	const one = "operations: [get_folder]"
	status := func(name, reports, status, fields string) lab.Case {
		return answered(name, reports, one, lab.Write(script.Responds(status, fields, "")))
	}
	return []lab.Case{
		status("a logon by a form that has timed out", "status/logon_page", "440 Login Timeout", "Server: Microsoft-IIS/10.0\r\n"),
		status("403", "status/forbidden", "403 Forbidden", ""),
		status("404, because the front end does not find the mailbox", "status/not_found", "404 Not Found", "X-CasErrorCode: UserNotFound\r\n"),
		status("a request for a logon, where the module has none", "auth/logon_required", "401 Unauthorized", "WWW-Authenticate: NTLM\r\n"),
		answered("a mailbox that nobody named", "config/no_mailbox", "operations: [availability]", lab.Hang),
		answered("a warning, and no folder", "content/missing_content", one,
			lab.Write(script.Sized(answer("GetFolder", "Warning", "<ResponseCode>ErrorBatchProcessingStopped</ResponseCode>")))),
		answered("EWS that lets in whoever asks", "auth/no_logon_needed, ews_answers_without_logon", one, lab.Write(script.Sized(script.Folder))),
		forgetful(),
		written("a folder that can be neither found nor made", "content/folder_missing", map[string]string{
			"FindFolder": `<RootFolder TotalItemsInView="0" IncludesLastItemInRange="true"><Folders/></RootFolder>`, "CreateFolder": refused("ErrorFolderExists"),
		}),
		written("an item that is not synchronised", "content/item_missing", map[string]string{"SyncFolderItems": changes("true")}),
		written("more changes than are read", "content/too_many_changes", map[string]string{"SyncFolderItems": changes("false")}),
		streamOverNTLM(),
	}
}

// answered is a peer that answers every request so.
func answered(name, reports, settings string, answer lab.Step) lab.Case {
	return lab.Case{Name: name, Want: lab.Reports(reports), Start: func(t lab.TB) lab.Peer {
		p := script.HTTPS(t, script.Each(script.Request(answer)))
		p.Keys = []string{"ews_sync: {" + settings + "}"}
		return p
	}}
}

// forgetful accepts a logon, and then not any more.
func forgetful() lab.Case {
	return lab.Case{Name: "a logon that is lost", Want: lab.Reports("auth/logon_lost"), Start: func(t lab.TB) lab.Peer {
		var logons atomic.Int64
		p := script.HTTPS(t, script.Asking(func(authorization string) []lab.Step {
			if authorization == "" || logons.Add(1) > 1 {
				return []lab.Step{script.Unauthorized(`Basic realm="x"`)}
			}
			return []lab.Step{lab.Write(script.Sized(script.Folder))}
		}))
		p.Keys = []string{"ews_sync: {operations: [get_folder, time_zones]}"}
		p.Logon = account + "[basic]"
		return p
	}}
}

// account is that of the simulated site, up to its schemes.
const account = "username: '" + lab.Username + "', password: " + lab.Password + ", schemes: "

// changes is what SyncFolderItems gives: none, and whether these are all.
func changes(all string) string {
	return "<SyncState>s</SyncState><IncludesLastItemInRange>" + all + "</IncludesLastItemInRange><Changes/>"
}

// refused marks an answer of class Error.
func refused(code string) string { return "!" + code }

// written is a server that a module writes to, and that answers operations otherwise than a good one.
func written(name, reports string, otherwise map[string]string) lab.Case {
	contents := map[string]string{
		"FindFolder":          `<RootFolder TotalItemsInView="1" IncludesLastItemInRange="true"><Folders><Folder><FolderId Id="f"/></Folder></Folders></RootFolder>`,
		"SyncFolderHierarchy": "<SyncState>h</SyncState><IncludesLastFolderInRange>true</IncludesLastFolderInRange><Changes/>",
		"CreateItem":          `<Items><Message><ItemId Id="i"/></Message></Items>`,
		"FindItem":            `<RootFolder TotalItemsInView="0" IncludesLastItemInRange="true"/>`,
	}
	for operation, content := range otherwise {
		contents[operation] = content
	}
	return lab.Case{Name: name, Want: lab.Reports(reports), Start: func(t lab.TB) lab.Peer {
		p := serve(t, func(w http.ResponseWriter, _ *http.Request, operation string) {
			content := contents[operation]
			if code, isError := strings.CutPrefix(content, "!"); isError {
				_, _ = io.WriteString(w, answer(operation, "Error", "<ResponseCode>"+code+"</ResponseCode>"))
				return
			}
			_, _ = io.WriteString(w, message(operation, content))
		})
		p.Keys = []string{"ews_sync: {operations: [sync], write: true}"}
		return p
	}}
}

// streamOverNTLM is a server that authenticates connections, so that the stream's own has to be logged on too.
func streamOverNTLM() lab.Case {
	return lab.Case{Name: "a stream over a connection that is logged on by NTLM", Want: lab.Reports("success"), Start: func(t lab.TB) lab.Peer {
		contents := map[string]string{"Subscribe": "<SubscriptionId>a</SubscriptionId>", "GetStreamingEvents": "<ConnectionStatus>OK</ConnectionStatus>"}
		p := serve(t, func(w http.ResponseWriter, r *http.Request, operation string) {
			if !lab.Admits(w, r) {
				return
			}
			_, _ = io.WriteString(w, message(operation, contents[operation]))
			if operation == "GetStreamingEvents" {
				_ = http.NewResponseController(w).Flush()
				<-r.Context().Done()
			}
		})
		p.Keys = []string{"ews_sync: {operations: [stream], stream_hold: 1s}"}
		p.Logon = account + "[ntlm]"
		return p
	}}
}

// serve answers each request by the operation that it asks for, over TLS.
func serve(t lab.TB, answer func(w http.ResponseWriter, r *http.Request, operation string)) lab.Peer {
	return script.Front(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, rest, _ := strings.Cut(string(body), "<soap:Body><m:")
		operation, _, _ := strings.Cut(rest, ">")
		operation, _, _ = strings.Cut(operation, " ")
		answer(w, r, operation)
	})
}
