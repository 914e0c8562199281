package origin

import "testing"

// TestEveryProductHasATitle: a person reads "Kemp LoadMaster", not a label's value.
func TestEveryProductHasATitle(t *testing.T) {
	t.Parallel()
	for _, p := range Products() {
		if titles[p] == "" {
			t.Errorf("the product %q has no title", p)
		}
	}
	if len(titles) != len(Products()) {
		t.Errorf("%d titles for %d products", len(titles), len(Products()))
	}
}
