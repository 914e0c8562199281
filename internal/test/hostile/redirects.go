package hostile

import (
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/lab/script"
)

// redirecting is a row's peer that redirects each request to where it is told; host is what was asked, with its port.
func redirecting(to func(host, path string) string) peer {
	return https(lab.Branch(func(head string) []lab.Step {
		_, rest, _ := strings.Cut(head, "\r\nHost: ")
		host, _, _ := strings.Cut(rest, "\r\n")
		path := strings.Fields(head)[1]
		return append(script.Received(head), lab.Write("HTTP/1.1 302 Found\r\nLocation: "+to(host, path)+"\r\nContent-Length: 0\r\n\r\n"))
	}))
}

// leading is redirecting to a fixed place.
func leading(to string) peer {
	return redirecting(func(string, string) string { return to })
}

func redirects() Group {
	return Group{"Redirects", "the peer", []Behaviour{
		{Does: "redirects to where it was asked", Reports: "success", peer: redirecting(func(host, path string) string { return "https://" + host + path })},
		{Does: "redirects on and on", Reports: "success", peer: redirecting(func(host, path string) string { return "https://" + host + strings.Replace(path, "r/", "r/x/", 1) })},
		{Does: "redirects to plain http", Reports: "success", peer: leading("http://mail.contoso.test/autodiscover/autodiscover.xml")},
		{Does: "redirects to a file", Reports: "success", peer: leading("file:///etc/passwd")},
		{Does: "redirects to a stranger", Reports: "success", peer: leading("https://mail.fabrikam.test/autodiscover/autodiscover.xml")},
		{Does: "redirects to a stranger whose name ends alike", Reports: "success", peer: leading("https://notcontoso.test/autodiscover/autodiscover.xml")},
		{Does: "redirects to an address", Reports: "success", peer: leading("https://" + script.Metadata + "/autodiscover/autodiscover.xml")},
		{Does: "redirects to a name that leads to the metadata address", Reports: "success", peer: leading("https://metadata.contoso.test/autodiscover/autodiscover.xml")},
		{Does: "redirects to another path", Reports: "success", peer: leading("https://mail.contoso.test/owa/")},
		{Does: "redirects with a user and a password", Reports: "success", peer: leading("https://a:b@mail.contoso.test/autodiscover/autodiscover.xml")},
		{Does: "redirects to a URL of 500 kB", Reports: "success", peer: leading("https://mail.contoso.test/" + strings.Repeat("x", 500_000))},
		{Does: "redirects to nowhere", Reports: "success", peer: leading("https://[::1")},
	}}
}
