package config

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"sort"
	"strings"

	"gopkg.in/yaml.v3"
)

// parse reads one YAML document; nil stands for an empty one. The problem has no file and no field yet.
func parse(data []byte) (*yaml.Node, *Problem) {
	root, line, err := document(data)
	switch {
	case err != nil:
		line = locate(data, err)
		return nil, &Problem{Line: line, Text: explain(err, lineOf(data, line))}
	case line > 0:
		return nil, &Problem{Line: line, Text: "a second document begins; put it into a file of its own"}
	}
	return root, nil
}

// document returns the root of the first document, and the line in which a second one begins, 0 without one.
func document(data []byte) (root *yaml.Node, second int, err error) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var first, next yaml.Node
	switch err := decoder.Decode(&first); {
	case errors.Is(err, io.EOF):
		return nil, 0, nil
	case err != nil:
		return nil, 0, err
	}
	switch err := decoder.Decode(&next); {
	case errors.Is(err, io.EOF):
		return first.Content[0], 0, nil
	case err != nil:
		return nil, 0, err
	}
	return nil, next.Line, nil
}

// locate finds the line of a syntax error. The library's own number is often that of where the surrounding block
// began, or one too small, or missing. But it reads from top to bottom: the first line with which the file gives this
// very error is the one at fault.
func locate(data []byte, err error) int {
	lines := bytes.SplitAfter(data, []byte("\n"))
	return 1 + sort.Search(len(lines)-1, func(i int) bool {
		_, _, other := document(bytes.Join(lines[:i+1], nil))
		return other != nil && other.Error() == err.Error()
	})
}

func lineOf(data []byte, line int) string {
	return string(bytes.Split(data, []byte("\n"))[line-1])
}

var lineNumber = regexp.MustCompile(`^yaml: (line \d+: )?`)

// explain says in our words what the library found. Its own may quote the file, and that may be a password.
func explain(err error, line string) string {
	said := lineNumber.ReplaceAllString(err.Error(), "")
	indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
	switch {
	case strings.Contains(indent, "\t"):
		return "a tab; YAML is indented with spaces"
	case strings.HasPrefix(said, "unknown anchor"):
		return "an alias (*name) whose anchor (&name) is missing; quote a value that begins with *"
	}
	for _, e := range explanations {
		if strings.Contains(said, e.said) {
			return e.text
		}
	}
	if strings.HasPrefix(strings.TrimLeft(line, " -"), "*") || strings.ContainsAny(line, "*") && !strings.ContainsAny(line, "\"'") {
		return "this is not valid YAML; a value that begins with * needs quotation marks"
	}
	return "this is not valid YAML"
}

// explanations are for the errors that people make; the first that fits.
var explanations = []struct{ said, text string }{
	{"UTF-8", "this is not UTF-8 text; save the file as UTF-8"},
	{"UTF-16", "this is not UTF-8 text; save the file as UTF-8"},
	{"control characters", "a control character; in quotation marks it can be written as an escape"},
	{"mapping values are not allowed", "a second colon in the line, or wrong indentation; quote a value that holds a colon followed by a space"},
	{"could not find expected ':'", "a key without a colon, or wrong indentation"},
	{"did not find expected key", "wrong indentation, or text after a closing quotation mark or bracket"},
	{"did not find expected '-'", "wrong indentation, or a list's entry without a hyphen"},
	{"did not find expected ',' or", "a bracket or brace is not closed, or a comma is missing"},
	{"cannot start any token", "a value begins with a character that YAML reserves (@, `, % or a tab); quote it"},
	{"unexpected end of stream", "a quotation mark, bracket or brace is not closed"},
	{"unknown escape character", "an unknown escape after a backslash; in single quotes a backslash is just itself"},
	{"escape", "a malformed escape after a backslash; in single quotes a backslash is just itself"},
	{"exceeded max depth", "this is nested too deeply"},
}
