package config

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Problem is one mistake, or one warning, and where it is.
type Problem struct {
	File  string
	Line  int    // from 1; 0 when it concerns the file as a whole
	Field string // dotted: "modules.ews.timeout"; empty when it concerns the file as a whole
	Text  string // never quotes a value under auths
}

// String is "file:line: field: text", without the parts that are not known.
func (p Problem) String() string {
	s := p.File
	if p.Line > 0 {
		s += ":" + strconv.Itoa(p.Line)
	}
	if p.Field != "" {
		s += ": " + p.Field
	}
	return strings.TrimPrefix(s+": "+p.Text, ": ")
}

// Problems are all that is wrong with a configuration, sorted by file and line.
type Problems []Problem

// Error is one problem per line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.String()
	}
	return strings.Join(lines, "\n")
}

// sorted returns the problems by file and line, each once: what an alias repeats is one mistake.
func (p Problems) sorted() Problems {
	slices.SortStableFunc(p, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Field, b.Field))
	})
	return slices.Compact(p)
}

// join makes the dotted name of a key below path. A key that could be mistaken for something else is quoted.
func join(path, key string) string {
	odd := func(r rune) bool {
		return !unicode.IsGraphic(r) || unicode.IsSpace(r) || strings.ContainsRune(`":[]`, r)
	}
	if key == "" || strings.ContainsFunc(key, odd) {
		key = strconv.Quote(key)
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

// item makes the name of an entry of a list.
func item(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

// within tells whether field is path or lies below it.
func within(field, path string) bool {
	rest, ok := strings.CutPrefix(field, path)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// parent is what field lies in, empty at the top.
func parent(field string) string {
	return field[:max(strings.LastIndexAny(field, ".["), 0)]
}
