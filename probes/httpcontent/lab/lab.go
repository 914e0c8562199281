// Package lab is what the prober brings to the simulated site: web sites whose file for everybody is not as it should be.
package lab

import (
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

const module = "http_content"

// Part is the prober's.
func Part() lab.Part {
	healthy := []lab.Verdict{{Module: module, Failure: lab.None, Origin: "iis"}}
	return lab.Part{
		Prober:    "http_content",
		Modules:   []lab.Module{{Name: module, Keys: []string{"timeout: 8s", "http_content: {cache: no}"}}},
		Scenarios: scenarios(),
		Shared:    map[string][]lab.Verdict{"healthy": healthy, "early-401": healthy, "kemp-rfc2616": healthy},
		Faults: []lab.Fault{
			{Module: module, At: "content-unmapped", Alert: "EwsServiceFailing", Says: []string{"status/not_found", "http_content_missing", "Asked for: /"}, Panels: true},
			{Module: module, At: "content-cached", Alert: "EwsServiceFailing", Says: []string{"content/cached"}, Panels: true},
			{Module: module, At: "healthy", Panels: true},
		},
		Loads: []lab.Load{
			{About: "a file that is there", At: "healthy"},
			{About: "a file that is not there", At: "content-unmapped", Fails: true},
		},
		Least: []string{"http_content: {media_type: '', cache: any, prefix: ''}"}, // so that it takes any page
		Most:  []string{"http_content: {redirect: https}"},
		Cases: cases(),
		Meets: meets(),
	}
}

// scenarios are the web sites that people can try.
func scenarios() []lab.Scenario {
	return []lab.Scenario{
		{
			Name: "content-unmapped", Description: "IIS without a MIME mapping for the offline manifest: it answers 404, and names the sub-status 3 in its own log alone.",
			Verdicts: []lab.Verdict{{Module: module, Failure: "status/not_found", Finding: "http_content_missing", Origin: "iis"}},
			Serve:    unmapped(iis("200 OK", "Content-Type: text/plain\r\n", lab.Manifest)).Dialogue,
		},
		{
			Name: "content-cached", Description: "An offline manifest that browsers and proxies keep for a day.",
			Verdicts: []lab.Verdict{{Module: module, Failure: "content/cached", Finding: "http_content_cached", Origin: "iis"}},
			Serve:    always(iis("200 OK", typed+"Cache-Control: max-age=86400\r\n", lab.Manifest)).Dialogue,
		},
		{
			Name: "content-sign-in", Description: "A portal shows its page to sign in on in place of a file that is for everybody.",
			Verdicts: []lab.Verdict{{Module: module, Failure: "status/logon_page", Finding: "http_content_sign_in"}},
			Serve: always(script.Responds("200 OK", "Content-Type: text/html; charset=utf-8\r\n",
				"<html><body><form method=post action=/signin><input name=user><input type=password name=secret></form></body></html>")).Dialogue,
		},
	}
}

// typed is the right media type, spelled as few do.
const typed = "Content-Type: Text/Cache-Manifest; charset=utf-8\r\n"

// iis is a response as IIS makes one.
func iis(status, fields, body string) string {
	return script.Responds(status, fields+"Server: Microsoft-IIS/10.0\r\n", body)
}

const iisMissing = "<h1>404 - File or directory not found.</h1>"

func notFound() string { return iis("404 Not Found", "Content-Type: text/html\r\n", iisMissing) }

// always is a site that has one answer for everything.
func always(response string) lab.Static { return func(string) string { return response } }

// unmapped is a site that has a file beside the one that is asked for, and answers everything else 404.
func unmapped(beside string) lab.Static {
	return func(path string) string {
		if path == "/offline.txt" {
			return beside
		}
		return notFound()
	}
}

// answering answers requests as long as they come.
func answering(s lab.Static) lab.Step {
	return script.Each(lab.Branch(func(head string) []lab.Step {
		return append(script.Received(head), lab.Write(s(strings.Fields(head)[1])))
	}))
}
