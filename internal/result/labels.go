package result

// ours are the labels whose values are from a set that this program has, or its configuration. All others are the target's.
var ours = setOf(
	"advice", "capability", "certainty", "channel", "cipher", "code", "command", "direction", "directory", "endpoint", "fact", "hash", "kind", "mechanism",
	"method", "mode", "object", "operation", "origin", "outcome", "owner", "phase", "product", "reason", "request", "scheme", "severity", "stage",
	"step", "type", "variant", "way", "what",
)

func setOf(names ...string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, name := range names {
		set[name] = true
	}
	return set
}

// Ours tells whether the values of a label of this name, of whatever metric, are from such a set. They are not counted, and nothing
// is taken out of them as a secret: a target that hands out a word of ours as a cookie would choose what metrics say.
func Ours(label string) bool { return ours[label] }

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
