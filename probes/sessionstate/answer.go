package sessionstate

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
)

// answer is the head of an answer, as far as it matters.
type answer struct {
	line    string // the status line, as it came
	status  int
	bare    bool   // the status line has no HTTP version
	version string // X-AspNet-Version
}

// statusLine is that of the state service: the examples of MS-ASP begin it with an HTTP version, the service does not (MS-ASP
// section 4; StateWorkerRequest in .NET's reference source).
var statusLine = regexp.MustCompile(`^(HTTP/1\.[01] )?([1-5]\d\d)( |$)`)

const maxFields = 40 // the state service has five

var (
	errNoAnswer  = errors.New("that is no status line")
	errManyLines = errors.New("its head does not end")
)

// readAnswer reads an answer's head. What was read stays in the answer when it fails; errors are hear's, or say why this is
// none.
func readAnswer(hear func() (string, error)) (answer, error) {
	line, err := hear()
	if err != nil {
		return answer{}, err
	}
	a := answer{line: line}
	parts := statusLine.FindStringSubmatch(line)
	if parts == nil {
		return a, errNoAnswer
	}
	a.bare = parts[1] == ""
	a.status, _ = strconv.Atoi(parts[2]) // three digits
	for range maxFields {
		if line, err = hear(); err != nil {
			return a, err
		}
		if line == "" {
			return a, nil
		}
		if name, value, _ := strings.Cut(line, ":"); strings.EqualFold(name, "X-AspNet-Version") {
			a.version = strings.TrimSpace(value)
		}
	}
	return a, errManyLines
}

// own tells whether the state service made the answer. It alone leaves the HTTP version out, or gives ASP.NET's version
// (MS-ASP section 2.2.5.2) together with a status that it has; IIS gives that version as well, with pages of its own.
func (a answer) own() bool {
	switch a.status {
	case 200, 400, 404, 423:
		return a.bare || a.version != ""
	}
	return false
}
