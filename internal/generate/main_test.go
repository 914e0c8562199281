package main

import "testing"

// TestUpToDate: what is generated is what it would be if it were generated now.
func TestUpToDate(t *testing.T) {
	stale, err := outdated("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range stale {
		t.Errorf("%s is not up to date; run: make generate", f.path)
	}
}
