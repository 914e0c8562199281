package servers

import "testing"

// StartNSD runs NSD as the authority for one zone, given as the text of a zone file.
func StartNSD(t testing.TB, zone, text string) (address string) {
	t.Helper()
	return StartNameServer(t, "nsd", Zone{Name: zone, Text: text})
}
