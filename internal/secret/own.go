package secret

import (
	"regexp"
	"slices"
	"strings"
	"sync"
)

// around is how many bytes a fixed part of a sentence must have beside a secret for the secret in it to be spared. It is
// too long to stand by chance around what a target repeats.
const around = 16

// maxFormats is far beyond what the source has, in case that one is no constant after all.
const maxFormats = 4096

// own are the fixed parts of this program's sentences.
var own struct {
	sync.RWMutex
	formats map[string]bool
	parts   []string
}

// verb is what fmt puts something in place of.
var verb = regexp.MustCompile(`%[-+# 0]*(\[\d+\])?(\d+|\*)?(\.(\d+|\*)?)?(\[\d+\])?[a-zA-Z%]`)

// Own makes the fixed parts of a format of this program's own known, and gives it back. A Redactor leaves them as they
// are: with the password "wrong", the sentence "the user name or password is wrong" says nothing of it, and the gap in
// its place would. What a verb puts in is redacted as ever. Format must be a constant.
func Own(format string) string {
	own.RLock()
	known := own.formats[format]
	own.RUnlock()
	if known {
		return format
	}
	own.Lock()
	defer own.Unlock()
	if own.formats == nil {
		own.formats = map[string]bool{}
	}
	if len(own.formats) == maxFormats {
		return format
	}
	own.formats[format] = true
	for _, part := range verb.Split(format, -1) {
		if len(part) > around && !slices.Contains(own.parts, part) {
			own.parts = append(own.parts, part)
		}
	}
	return format
}

// spare takes out the spans that lie within a fixed part of this program's sentences.
func spare(s string, found []span) []span {
	own.RLock()
	defer own.RUnlock()
	return slices.DeleteFunc(found, func(f span) bool {
		return slices.ContainsFunc(own.parts, func(part string) bool { return covers(part, s, f) })
	})
}

// covers tells whether the part stands in s around the span.
func covers(part, s string, f span) bool {
	if len(part) < f.end-f.start+around || !strings.Contains(part, s[f.start:f.end]) {
		return false
	}
	for at := max(0, f.end-len(part)); at <= f.start; at++ {
		if strings.HasPrefix(s[at:], part) {
			return true
		}
	}
	return false
}
