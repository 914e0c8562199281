package config

import (
	"fmt"
	"slices"
	"strings"
)

// hint says what could have been written in place of word: the nearest of known, or all of them.
func hint(word string, known []string) string {
	if len(known) == 0 {
		return "there is none"
	}
	slices.Sort(known)
	if near := nearest(word, known); near != "" {
		return fmt.Sprintf("did you mean %s?", near)
	}
	return "possible: " + strings.Join(known, ", ")
}

// nearest is the one of known that is likely meant by word, empty when none is.
func nearest(word string, known []string) string {
	best, least := "", max(1, len(word)/3)+1
	for _, k := range known {
		// Also keeps a very long word from being compared letter by letter.
		if len(word) > len(k)+least {
			continue
		}
		if d := distance(word, k); d < least {
			best, least = k, d
		}
	}
	return best
}

// distance counts the letters to insert, delete or replace to get from a to b (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
