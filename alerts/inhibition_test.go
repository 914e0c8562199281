package alerts

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"slices"
	"testing"

	"github.com/ews-exporter/ews_exporter/internal/test/servers"
)

// labels are those of an alert.
type labels map[string]string

// alert is one of the shipped ones, with the severity that it has, about mail.contoso.com at the site of its test.
func alert(name string, more labels) labels {
	l := labels{"alertname": name, "severity": "critical", "service": "mail.contoso.com", "via": "balancer", "instance": "mail.contoso.com"}
	for name, value := range more {
		l[name] = value
	}
	return l
}

var (
	warning = labels{"severity": "warning"}
	ex01    = labels{"severity": "warning", "via": "direct", "instance": "ex01.contoso.com"}
)

// TestOneFaultGivesOnePage has a real Alertmanager hold back what follows from another alert, by the shipped example.
func TestOneFaultGivesOnePage(t *testing.T) {
	t.Parallel()
	config, err := os.ReadFile("alertmanager.example.yml")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + servers.Alertmanager.Start(t, servers.Place{Lines: string(config)})
	tests := map[string]struct {
		firing []labels
		told   []string // the alerts that arrive, sorted
	}{
		"no exporter": {
			[]labels{alert("EwsExporterDown", nil), alert("EwsServiceFailing", nil), alert("EwsSlow", warning)},
			[]string{"EwsExporterDown"},
		},
		"a refused secret": {
			[]labels{{"alertname": "EwsAuthSuspended", "severity": "critical"}, alert("EwsServerFailing", ex01), alert("EwsCertificateExpires7d", warning)},
			[]string{"EwsAuthSuspended", "EwsCertificateExpires7d"},
		},
		"nothing works at the service's name": {
			[]labels{alert("EwsServiceFailing", nil), alert("EwsOperationFailing", nil), alert("EwsAutodiscoverFailing", nil)},
			[]string{"EwsServiceFailing"},
		},
		"the balancer fails": {
			[]labels{alert("EwsBalancerFailing", nil), alert("EwsServiceFailing", nil), alert("EwsOperationFailing", nil), alert("EwsAvailabilityBurnFast", nil)},
			[]string{"EwsBalancerFailing"},
		},
		"it was shaky, and is down": {
			[]labels{alert("EwsOperationFailing", nil), alert("EwsAvailabilityBurnFast", nil), alert("EwsAvailabilityBurnSlow", warning)},
			[]string{"EwsOperationFailing"},
		},
		"clients still reach a sick server": {
			[]labels{alert("EwsAvailabilityBurnFast", nil), alert("EwsServerFailing", ex01)},
			[]string{"EwsAvailabilityBurnFast"},
		},
		"a sick server among many": {
			[]labels{alert("EwsServerFailing", ex01), alert("EwsProbeIntermittent", warning), alert("EwsAutodiscoverIntermittent", warning)},
			[]string{"EwsServerFailing"},
		},
		"a server in maintenance, which says so": {
			[]labels{
				alert("EwsServerInMaintenance", labels{"severity": "info", "via": "direct", "instance": "ex01.contoso.com"}),
				alert("EwsServerFailing", ex01), alert("EwsThrottled", ex01),
				alert("EwsLateBodyRejected", labels{"via": "direct", "instance": "ex01.contoso.com"}),
				alert("EwsServerFailing", labels{"severity": "warning", "via": "direct", "instance": "ex02.contoso.com"}),
			},
			[]string{"EwsServerFailing", "EwsServerInMaintenance"},
		},
		"a server in maintenance whose certificate ends": {
			[]labels{
				alert("EwsServerInMaintenance", labels{"severity": "info", "via": "direct", "instance": "ex01.contoso.com"}),
				alert("EwsServerFailing", ex01), alert("EwsCertificateExpires7d", ex01),
			},
			[]string{"EwsCertificateExpires7d", "EwsServerInMaintenance"},
		},
		"a server in maintenance that lets strangers in": {
			[]labels{
				alert("EwsServerInMaintenance", labels{"severity": "info", "via": "direct", "instance": "ex01.contoso.com"}),
				alert("EwsAnswersWithoutLogon", labels{"via": "direct", "instance": "ex01.contoso.com"}),
			},
			[]string{"EwsAnswersWithoutLogon", "EwsServerInMaintenance"},
		},
		"every server in maintenance": {
			[]labels{
				alert("EwsAllServersInMaintenance", labels{"via": "", "instance": ""}), alert("EwsServiceFailing", nil), alert("EwsBalancerFailing", nil), alert("EwsServerFailing", ex01),
				alert("EwsServerInMaintenance", labels{"severity": "info", "via": "direct", "instance": "ex01.contoso.com"}),
				alert("EwsServiceFailing", labels{"service": "mail.fabrikam.com", "instance": "mail.fabrikam.com"}),
			},
			[]string{"EwsAllServersInMaintenance", "EwsServiceFailing"},
		},
		"a server in maintenance, where nobody asks for its pages of health": {
			[]labels{
				alert("EwsServerFailing", ex01), alert("EwsFinding", labels{"severity": "warning", "code": "bytes_after_response", "via": "direct", "instance": "ex01.contoso.com"}),
				alert("EwsThrottled", ex01), alert("EwsCertificateExpires7d", ex01), alert("EwsAutodiscoverIntermittent", warning),
			},
			[]string{"EwsCertificateExpires7d", "EwsServerFailing"},
		},
		"a probe's account that is slowed down": {
			[]labels{alert("EwsThrottled", warning), alert("EwsAvailabilityBurnFast", nil), alert("EwsSlow", warning), alert("EwsProbeIntermittent", warning)},
			[]string{"EwsThrottled"},
		},
		"another target than that of the account that is slowed down": {
			[]labels{alert("EwsThrottled", warning), alert("EwsAvailabilityBurnFast", labels{"instance": "mail2.contoso.com"})},
			[]string{"EwsAvailabilityBurnFast", "EwsThrottled"},
		},
		"nothing is decided, and nothing asked": {
			[]labels{alert("EwsExporterDown", nil), {"alertname": "EwsProbeUndecided", "severity": "info", "service": "mail.contoso.com"}},
			[]string{"EwsExporterDown"},
		},
		"a finding at the balancer and at a server": {
			[]labels{alert("EwsFinding", labels{"severity": "warning", "code": "tls_version_old"}), alert("EwsFinding", labels{"severity": "warning", "code": "tls_version_old", "via": "direct", "instance": "ex01.contoso.com"})},
			[]string{"EwsFinding"},
		},
		"another finding at a server": {
			[]labels{alert("EwsFinding", labels{"severity": "warning", "code": "tls_version_old"}), alert("EwsFinding", labels{"severity": "warning", "code": "certificate_key_weak", "via": "direct", "instance": "ex01.contoso.com"})},
			[]string{"EwsFinding", "EwsFinding"},
		},
		"what can wait holds back what follows from it, and other warnings there": {
			[]labels{alert("EwsServiceFailing", warning), alert("EwsOperationFailing", warning), alert("EwsFinding", warning), alert("EwsAvailabilityBurnSlow", warning)},
			[]string{"EwsServiceFailing"},
		},
		"what can wait holds back nothing that cannot": {
			[]labels{alert("EwsBalancerFailing", warning), alert("EwsServiceFailing", nil), alert("EwsFinding", warning)},
			[]string{"EwsServiceFailing"},
		},
		"a fault that turned out to be able to wait, or not to": {
			[]labels{alert("EwsServiceFailing", nil), alert("EwsServiceFailing", warning)},
			[]string{"EwsServiceFailing"},
		},
		"two faults that can wait": {
			[]labels{alert("EwsServiceFailing", warning), alert("EwsCertificateWrong", warning), alert("EwsSlow", warning)},
			[]string{"EwsCertificateWrong", "EwsServiceFailing"},
		},
		"a server that is down, and what can wait there": {
			[]labels{alert("EwsServerFailing", ex01), alert("EwsAffinityBroken", ex01)},
			[]string{"EwsServerFailing"},
		},
		"another service": {
			[]labels{alert("EwsServiceFailing", nil), alert("EwsOperationFailing", labels{"service": "mail.fabrikam.com", "instance": "mail.fabrikam.com"})},
			[]string{"EwsOperationFailing", "EwsServiceFailing"},
		},
		"targets without a service have nothing in common": {
			[]labels{alert("EwsServerFailing", labels{"service": "", "severity": "warning", "instance": "a"}), alert("EwsProbeIntermittent", labels{"service": "", "severity": "warning", "instance": "b"})},
			[]string{"EwsProbeIntermittent", "EwsServerFailing"},
		},
	}
	severities := map[string][]string{}
	for _, r := range rules(t) {
		severities[r.Alert] = r.severities()
	}
	for name, test := range tests {
		for _, l := range test.firing {
			l["site"] = name // each test has a site of its own
			if !slices.Contains(severities[l["alertname"]], l["severity"]) {
				t.Errorf("%s is of severity %q, not %q", l["alertname"], severities[l["alertname"]], l["severity"])
			}
		}
		post(t, url, test.firing)
	}
	told := active(t, url)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !slices.Equal(told[name], test.told) {
				t.Errorf("told: %q, want %q", told[name], test.told)
			}
		})
	}
}

func post(t *testing.T, url string, firing []labels) {
	t.Helper()
	var alerts []map[string]labels
	for _, l := range firing {
		alerts = append(alerts, map[string]labels{"labels": l})
	}
	body, err := json.Marshal(alerts)
	if err != nil {
		t.Fatal(err)
	}
	request(t, http.MethodPost, url+"/api/v2/alerts", body)
}

// active gives the names of the alerts that are not held back, by site.
func active(t *testing.T, url string) map[string][]string {
	t.Helper()
	var alerts []struct{ Labels labels }
	if err := json.Unmarshal(request(t, http.MethodGet, url+"/api/v2/alerts?inhibited=false", nil), &alerts); err != nil {
		t.Fatal(err)
	}
	told := map[string][]string{}
	for _, a := range alerts {
		told[a.Labels["site"]] = append(told[a.Labels["site"]], a.Labels["alertname"])
	}
	for _, names := range told {
		slices.Sort(names)
	}
	return told
}

func request(t *testing.T, method, url string, body []byte) []byte {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v\n%s", url, response.Status, err, answer)
	}
	return answer
}
