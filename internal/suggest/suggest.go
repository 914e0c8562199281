// Package suggest says what a person may have meant who wrote a word that is not known.
package suggest

import (
	"fmt"
	"slices"
	"strings"
)

// Hint says what could have been written in place of word: the nearest of known, or all of them.
func Hint(word string, known []string) string {
	if len(known) == 0 {
		return "there is none"
	}
	known = slices.Sorted(slices.Values(known))
	if near := Nearest(word, known); near != "" {
		return fmt.Sprintf("did you mean %s?", near)
	}
	return "possible: " + strings.Join(known, ", ")
}

// OneOf is the problem of a setting that has to be one of known, and is another word.
func OneOf(word string, known []string) string {
	return fmt.Sprintf("%.64q is not possible; %s", word, Hint(word, known))
}

// Nearest is the one of known that is likely meant by word, empty when none is, or several are as near.
func Nearest(word string, known []string) string {
	best, least := "", max(1, len(word)/3)+1
	for _, k := range known {
		// Also keeps a very long word from being compared letter by letter.
		if len(word) > len(k)+least {
			continue
		}
		switch d := distance(word, k); {
		case d < least:
			best, least = k, d
		case d == least:
			best = ""
		}
	}
	return best
}

// distance counts the letters to insert, delete, replace, or swap with the next, to get from a to b (optimal string
// alignment).
func distance(a, b string) int {
	last, row := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next := make([]int, len(b)+1)
		next[0] = i + 1
		for j := range len(b) {
			change := row[j]
			if a[i] != b[j] {
				change++
			}
			next[j+1] = min(change, next[j]+1, row[j+1]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], last[j-1]+1)
			}
		}
		last, row = row, next
	}
	return row[len(b)]
}
