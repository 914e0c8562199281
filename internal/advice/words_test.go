package advice

import "testing"

// TestMeaningsHoldNoWords: what explains a word needs no explaining itself, because a legend explains only what stands in the text.
func TestMeaningsHoldNoWords(t *testing.T) {
	for _, w := range Words {
		if other := inText.FindString(w.Means); other != "" {
			t.Errorf("%s is explained by %s: %s", w.Name, other, w.Means)
		}
	}
}
