package lab

import (
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

// cases are what no balancer of the simulated site does.
func cases() []lab.Case {
	good := script.Responds("200 OK", "X-FEServer: EX01\r\nContent-Type: text/xml; charset=utf-8\r\n", "ok")
	failed := script.Responds("500 Internal Server Error", "X-FEServer: EX01\r\n", "")
	tooLarge := script.Responds("413 Request Entity Too Large", "Server: nginx\r\n", "<hr><center>nginx</center>")
	return []lab.Case{
		peer("Exchange's own error after a late body", "status/error_after_late_body", "wait: 1s", func(head string) []lab.Step {
			if script.Expects(head) {
				return append(script.Body(head), lab.Write(failed))
			}
			return append(script.Body(head), lab.Write(good))
		}),
		peer("100 Continue twice", "success, extra_interim_response", "wait: 1s", func(head string) []lab.Step {
			if script.Expects(head) {
				return append([]lab.Step{lab.Write(script.Continue + script.Continue)}, append(script.Body(head), lab.Write(good))...)
			}
			return append(script.Body(head), lab.Write(good))
		}),
		peer("EWS that lets in whoever asks", "auth/no_logon_needed, ews_answers_without_logon", "wait: 1s", func(head string) []lab.Step {
			return append(script.Received(head), lab.Write(script.Sized(script.Folder)))
		}),
		peer("a box that refuses before the body, and lets the same request through without Expect", "success, expect_continue_refused", "wait: 1s", func(head string) []lab.Step {
			if script.Expects(head) {
				return []lab.Step{lab.Write(script.Responds("403 Forbidden", "", ""))}
			}
			return append(script.Body(head), lab.Write(good))
		}),
		large("a box that takes no large body", "status/body_too_large, body_size_limit", func(head string) []lab.Step {
			if strings.Contains(head, "\r\nContent-Length: 102400\r\n") {
				return []lab.Step{lab.Write(tooLarge)}
			}
			return append(script.Received(head), lab.Write(good))
		}),
	}
}

// peer answers each request by its head.
func peer(name, reports, settings string, answer func(head string) []lab.Step) lab.Case {
	return lab.Case{Name: name, Want: lab.Reports(reports), Start: func(t lab.TB) lab.Peer {
		p := script.HTTPS(t, lab.Branch(answer))
		p.Keys = []string{"expect_continue: {" + settings + "}"}
		return p
	}}
}

// large is peer for a module with a large body and a logon.
func large(name, reports string, answer func(head string) []lab.Step) lab.Case {
	return lab.Case{Name: name, Want: lab.Reports(reports), Start: func(t lab.TB) lab.Peer {
		p := script.HTTPS(t, script.Each(lab.Branch(func(head string) []lab.Step {
			if strings.Contains(head, "\r\nAuthorization: ") {
				return answer(head)
			}
			return append(script.Body(head), script.Unauthorized(`Basic realm="x"`))
		})))
		p.Keys = []string{"expect_continue: {wait: 1s, large_body: 100KiB}"}
		p.Logon = "username: '" + lab.Username + "', password: " + lab.Password + ", schemes: [basic]"
		return p
	}}
}
