package result

import "slices"

// Owns tells whether the values of a label are from a set that this program has, or its configuration. They are not counted, and
// nothing is taken out of them as a secret: a target that hands out a word of ours as a cookie would choose what metrics say.
func (m *Metric) Owns(label string) bool { return slices.Contains(m.Own, label) }

// Hide implements secret.Selective.
func (s *Sample) Hide(hide func(string) string) (changed bool) {
	for i, value := range s.Labels {
		if s.Metric != nil && s.Metric.Owns(s.Metric.Labels[i]) {
			continue
		}
		if s.Labels[i] = hide(value); s.Labels[i] != value {
			changed = true
		}
	}
	return changed
}
