package main

// The label severity of a critical alert follows the urgency that its text tells: where every advice to its faults says that it can
// wait, it is a warning. Where no exporter says anything of that, it stays critical. It goes by the same faults as the text, over the
// same window, so that both say the same, and one scrape in which another fault is found makes no other alert.

// severity is the value of the label.
func severity(q faults) string {
	named := q.by("advice")
	return `{{ $severity := "critical" }}` + q.keys + ask("count("+named+") == count("+named+" and on (advice) "+waiting+")") + `{{ $severity = "warning" }}{{ end }}{{ $severity }}`
}
