package secret

import (
	"regexp"
	"slices"
	"sort"
	"strings"
	"sync"
)

// around is how many bytes a fixed part of a sentence must have beside a secret for the secret in it to be spared. It is
// too long to stand by chance around what a target repeats.
const around = 16

// maxFormats is far beyond what the source has, in case that one is no constant after all.
const maxFormats = 4096

// own are the fixed parts of this program's sentences, by what they begin with, so that all are looked for at once.
var own struct {
	sync.RWMutex
	formats map[string]bool
	parts   map[[around]byte][]string
	begins  [1 << 16 / 64]uint64 // where there may be one, by its first bytes: most places are none
}

// place is a number, below 1<<16, for the first four bytes of a text.
func place(s string) uint32 {
	const spread = 0x9E3779B1 // by Fibonacci hashing
	return (uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24) * spread >> 16
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
		own.formats, own.parts = map[string]bool{}, map[[around]byte][]string{}
	}
	if len(own.formats) == maxFormats {
		return format
	}
	own.formats[format] = true
	for _, part := range verb.Split(format, -1) {
		if len(part) <= around {
			continue
		}
		if begin := [around]byte([]byte(part)); !slices.Contains(own.parts[begin], part) {
			own.parts[begin] = append(own.parts[begin], part)
			own.begins[place(part)/64] |= 1 << (place(part) % 64)
		}
	}
	return format
}

// spare takes out the spans that lie within a fixed part of this program's sentences. A target may choose how many spans there
// are, so the text is gone through for such parts once, and not for each span.
func spare(s string, found []span) []span {
	parts := ownParts(s)
	return slices.DeleteFunc(found, func(f span) bool { return covered(parts, f) })
}

// ownParts is where the fixed parts stand in s, in order, without those that stand within another.
func ownParts(s string) (parts []span) {
	own.RLock()
	defer own.RUnlock()
	var begin [around]byte
	for i, end := 0, 0; i+around <= len(s); i++ {
		if p := place(s[i:]); own.begins[p/64]>>(p%64)&1 == 0 {
			continue
		}
		copy(begin[:], s[i:])
		longest := 0
		for _, part := range own.parts[begin] {
			if len(part) > longest && strings.HasPrefix(s[i:], part) {
				longest = len(part)
			}
		}
		if i+longest > end {
			end = i + longest
			parts = append(parts, span{i, end})
		}
	}
	return parts
}

// covered tells whether one of the parts stands around the span.
func covered(parts []span, f span) bool {
	at := sort.Search(len(parts), func(i int) bool { return parts[i].start > f.start }) // the ends are in order, too
	for at--; at >= 0 && parts[at].end >= f.end; at-- {
		if parts[at].end-parts[at].start >= f.end-f.start+around {
			return true
		}
	}
	return false
}
