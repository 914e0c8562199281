package mapihttp

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/wire"
)

// title is that of the page which an endpoint shows to a GET after a logon, in lower case, as a published capture of an
// Exchange 2016 server has it. MS-OXCMAPIHTTP knows only POST.
var title = []byte("exchange mapi/http connectivity endpoint")

// isPage tells whether an answer is that page. The words are looked for anywhere in it, because they are what nobody else writes.
func isPage(final *wire.Response, body []byte) bool {
	return final != nil && final.Status == 200 && bytes.Contains(bytes.ToLower(body), title)
}

// version is what a build of Exchange looks like; the part behind it in the header is ASP.NET's.
var version = regexp.MustCompile(`^[0-9]{1,5}(\.[0-9]{1,5}){3}$`)

// onPage finds the build on the page, with or without tags around it. The page also has the user's name: nothing else is read.
var onPage = regexp.MustCompile(`(?i)\bversion:\s{0,8}(?:<[^<>]{0,64}>\s{0,8}){0,4}([0-9]{1,5}(?:\.[0-9]{1,5}){3})\b`)

// versionOf is the build of Exchange that an answer names, in its header (X-ServerApplication: Exchange/15.01.2176.009) or on its
// page; empty where it names none. Its numbers are without leading zeros, so that both spell it alike.
func versionOf(final *wire.Response, body []byte) string {
	product, build, _ := strings.Cut(final.Get("X-ServerApplication"), "/")
	if strings.EqualFold(product, "Exchange") && version.MatchString(build) {
		return shorten(build)
	}
	if found := onPage.FindSubmatch(body); found != nil {
		return shorten(string(found[1]))
	}
	return ""
}

// shorten takes leading zeros away.
func shorten(build string) string {
	numbers := strings.Split(build, ".")
	for i, n := range numbers {
		if n = strings.TrimLeft(n, "0"); n == "" {
			n = "0"
		}
		numbers[i] = n
	}
	return strings.Join(numbers, ".")
}
