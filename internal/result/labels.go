package result

import "slices"

// ours are the labels whose values are from a set that this program has, or its configuration. All others are the target's.
var ours = []string{
	"advice", "capability", "certainty", "channel", "cipher", "code", "command", "direction", "directory", "endpoint", "fact", "hash", "kind", "mechanism",
	"method", "mode", "object", "operation", "origin", "outcome", "owner", "phase", "product", "reason", "request", "scheme", "severity", "stage",
	"step", "type", "variant", "way", "what",
}

// Ours tells whether the values of a label of this name, of whatever metric, are from such a set. They are not counted, and nothing
// is taken out of them as a secret: a target that hands out a word of ours as a cookie would choose what metrics say.
func Ours(label string) bool { return slices.Contains(ours, label) }

// Hide implements secret.Selective.
func (s *Sample) Hide(hide func(string) string) (changed bool) {
	for i, value := range s.Labels {
		if s.Metric != nil && Ours(s.Metric.Labels[i]) {
			continue
		}
		if s.Labels[i] = hide(value); s.Labels[i] != value {
			changed = true
		}
	}
	return changed
}
