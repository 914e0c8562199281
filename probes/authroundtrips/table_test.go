package authroundtrips_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/result"
	"github.com/ews-exporter/ews_exporter/internal/test/servers"
)

// TestTable measures what README.md shows: four pages over one connection, when every request
// authenticates and when the connection stays authenticated. With -v it prints the table.
func TestTable(t *testing.T) {
	t.Parallel()
	realm := servers.StartRealm(t)
	realm.AddUser(t, "probe", password)
	leaf, dir := certificate(t)
	keytab := realm.AddService(t, "HTTP/localhost")
	kerberos := func(bound bool) *result.Result {
		address := servers.GSSAPI{Certificate: leaf, ConnectionBound: bound, Keytab: keytab, Realm: realm, Pages: servedPages}.Start(t)
		return probeServer(t, dir, address, fmt.Sprintf("username: probe, password: %q, schemes: [negotiate], kerberos: {realm: %s, kdcs: [%q]}", password, realm.Name, realm.KDC), pages)
	}
	ntlm := func(scenario string) *result.Result {
		site, r := start(t, setting{"ntlm", "", pages}, scenario)
		return probe(t, site, r, scenario)
	}
	rows := []struct {
		name        string
		each, bound *result.Result
		requests    [2]float64
	}{
		{"Kerberos, Apache httpd with mod_auth_gssapi and MIT Kerberos", kerberos(false), kerberos(true), [2]float64{8, 5}},
		{"NTLM, simulated IIS with the sizes of the field notes", ntlm("ntlm-per-request"), ntlm("ntlm-persisted"), [2]float64{12, 6}},
	}
	var table strings.Builder
	table.WriteString("| scheme and server | requests, each pays | bytes | requests, connection stays authenticated | bytes | share |\n|---|---|---|---|---|---|\n")
	for _, row := range rows {
		got := [2]float64{value(row.each, "probe_auth_requests"), value(row.bound, "probe_auth_requests")}
		if got != row.requests {
			t.Errorf("%s: %v requests, want %v", row.name, got, row.requests)
		}
		before, after := total(row.each), total(row.bound)
		if after >= before {
			t.Errorf("%s: %v bytes when the connection stays authenticated, %v when it does not", row.name, after, before)
		}
		fmt.Fprintf(&table, "| %s | %v | %v | %v | %v | %.0f %% |\n", row.name, got[0], before, got[1], after, 100*after/before)
	}
	t.Log("\n" + table.String())
	// The bytes vary with names and versions; the requests are what the page must have right.
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if !strings.Contains(string(page), fmt.Sprintf("| %s | %v | ", row.name, row.requests[0])) {
			t.Errorf("README.md has no row of %s with %v requests", row.name, row.requests[0])
		}
	}
}

// total is HTTP in both directions.
func total(res *result.Result) float64 {
	return value(res, "probe_auth_http_bytes", "sent") + value(res, "probe_auth_http_bytes", "received")
}
