package lab

import (
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/lab"
)

// meets are the groups of broken and hostile peers that several probers can meet, and what this one reports of them.
func meets() []lab.Meeting {
	const other, large, cut, none = "status/unexpected_status", "content/metadata_too_large", "receive/closed", "content/not_metadata"
	return []lab.Meeting{
		{Group: "Names", But: map[string]string{"gives 1,000 addresses": ""}},
		{Group: "Connections"},
		{Group: "TLS handshakes"},
		{Group: "Certificates"},
		{Group: "Responses: heads", But: map[string]string{
			"changes to another protocol (101)":                              other + ", bytes_after_response",
			"gives a good answer the status 201":                             other,
			"gives a good answer the status 202":                             other,
			"gives a good answer the status 203, as a proxy that changed it": other,
			"gives a good answer the status 206, as a part":                  other,
			"gives a good answer the status 500":                             other,
		}},
		{Group: "Responses: bodies", But: map[string]string{
			"sends a body without end":                         large,
			"sends 100 MB, as it said":                         large,
			"sends a body byte by byte":                        "receive/timeout",
			"sends less than it said, and closes":              cut,
			"sends less than it said, and waits":               "receive/timeout",
			"sends a good answer, and less of it than it said": cut,
			"sends a good answer without its last chunk":       cut,
			"says that a plain answer is deflated":             none,
			"sends chunks of one byte without end":             large,
			"closes before the last chunk":                     cut,
			"sends a compressed bomb, unasked":                 none,
			"sends a body that only its own codec could read":  none,
		}},
		{Group: "Redirects", Usual: other},
	}
}

// lies are documents that are none, or contradict themselves.
func lies() lab.Group {
	const malformed, none = "content/malformed_metadata", "content/no_signing_key"
	whole := func() string { return document(lasting(year)) }
	text := func(s string) func() string { return func() string { return s } }
	return lab.Group{Title: "Documents of token services (JSON)", Who: "the peer", Cases: []lab.Case{
		gives("sends 10 MB of it", "content/metadata_too_large", func() string { // so large that it is made for who asks
			return `{"keys":[],"name":"` + strings.Repeat("x", 10<<20) + `"}`
		}),
		gives("nests lists 100,000 deep", malformed, text(`{"name":`+strings.Repeat("[", 100_000)+strings.Repeat("]", 100_000)+`}`)),
		gives("nests objects 20,000 deep in a key", malformed, text(`{"keys":[{"keyValue":`+strings.Repeat(`{"a":`, 20_000)+"1"+strings.Repeat("}", 20_000)+`}]}`)),
		gives("names the keys twice", malformed, func() string { return strings.Replace(whole(), "{", `{"Keys":[],`, 1) }),
		gives("names a key's use twice", malformed, text(`{"keys":[{"usage":"signing","USAGE":"encryption"}]}`)),
		gives("gives an object where the keys are due", malformed, text(`{"keys":{"usage":"signing"}}`)),
		gives("gives a number where a certificate is due", malformed, text(`{"keys":[{"usage":"signing","keyValue":{"value":1e999}}]}`)),
		gives("gives 10,000 empty keys", malformed, text(`{"keys":[{}`+strings.Repeat(",{}", 9_999)+`]}`)),
		gives("gives no keys at all", none, text(`{"keys":[]}`)),
		gives("says nothing of keys", none, text(`{"a":1e999}`)),
		gives("gives a list in place of a document", "content/not_metadata", text(`[1,2,3]`)),
		gives("gives two documents", malformed, func() string { return whole() + whole() }),
		gives("breaks off within the document", malformed, func() string { return whole()[:200] }),
		gives("gives keys of another type than certificates", "content/certificate_unreadable", func() string {
			return strings.Replace(whole(), "x509Certificate", "symmetric", 1)
		}),
	}}
}
