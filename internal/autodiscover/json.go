package autodiscover

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"strconv"
	"strings"

	"github.com/ews-exporter/ews_exporter/internal/plain"
)

// JSONPath is the path and query of a version 2 request, which needs no logon: a GET for one protocol's URL, such as
// "EWS". redirects is how often the look-up was sent on before.
func JSONPath(email, protocol string, redirects int) string {
	query := "?Email=" + url.QueryEscape(email) + "&Protocol=" + url.QueryEscape(protocol)
	if redirects > 0 {
		query += "&RedirectCount=" + strconv.Itoa(redirects)
	}
	return jsonPath + query
}

// maxJSON bounds a version 2 answer, which holds two short strings.
const maxJSON = 64 << 10

// ParseJSON reads a version 2 answer to a request for a protocol's URL, of which it reads 64 KiB at most. An error may come
// with status 400 or 200.
func ParseJSON(r io.Reader, protocol string) *Answer {
	body, err := io.ReadAll(io.LimitReader(r, maxJSON+1))
	body = bytes.TrimPrefix(bytes.TrimSpace(body), []byte("\ufeff"))
	switch {
	case err != nil:
		return &Answer{Kind: Truncated, Problem: "it could not be read: " + err.Error()}
	case len(body) > maxJSON:
		return &Answer{Kind: Malformed, Problem: "it is longer than 64 KiB"}
	case len(body) == 0:
		return &Answer{Kind: Empty, Problem: "it is empty"}
	case body[0] == '<':
		return &Answer{Kind: HTML, Problem: "it is a page, not JSON"}
	case body[0] != '{':
		return &Answer{Kind: Foreign, Problem: "it is not a JSON object"}
	}
	return parseObject(body, protocol)
}

func parseObject(body []byte, protocol string) *Answer {
	var document struct{ Protocol, URL, ErrorCode, ErrorMessage string }
	d := json.NewDecoder(bytes.NewReader(body))
	if err := d.Decode(&document); errors.Is(err, io.ErrUnexpectedEOF) {
		return &Answer{Kind: Truncated, Problem: "it breaks off"}
	} else if err != nil {
		// The decoder's own words may quote the document, and name Go's types.
		return &Answer{Kind: Malformed, Problem: "it is not the JSON that was expected"}
	}
	if document.ErrorCode != "" {
		a := &Answer{Code: plain.Text(document.ErrorCode, maxWord), Text: plain.Text(document.ErrorMessage, maxText)}
		a.Kind, a.Problem = Failed, describe(a.Code, a.Text)
		return a
	}
	clean, ok := CleanURL(document.URL)
	if !ok {
		return &Answer{Kind: Foreign, Problem: "it is JSON, but holds neither a URL nor an error"}
	}
	if document.Protocol != "" && !strings.EqualFold(document.Protocol, protocol) { // as those that know ActiveSync alone
		return other([]string{plain.Text(document.Protocol, maxWord)}, nil)
	}
	name := "JSON." + plain.Text(document.Protocol, maxWord)
	return &Answer{Kind: Settings, URLs: []Setting{{name, clean}}}
}
