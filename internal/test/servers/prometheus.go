package servers

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"testing"
)

// Prometheus is a running Prometheus server.
type Prometheus struct {
	URL string // "http://127.0.0.1:port"
}

// StartPrometheus runs Prometheus with config, the text of a prometheus.yml, and a data directory of its own. It ends
// with the test.
func StartPrometheus(t testing.TB, config string) Prometheus {
	t.Helper()
	return Prometheus{URL: "http://" + PrometheusServer.Start(t, Place{Lines: config})}
}

// PrometheusServer and Alertmanager take their configuration as a Place's Lines.
var (
	PrometheusServer = Server{
		Program: "prometheus",
		Config:  "{{.Lines}}",
		Args: func(p Place) []string {
			return []string{"--config.file=" + p.Config, "--storage.tsdb.path=" + p.Dir + "/data", "--web.listen-address=" + p.Address}
		},
		Ready: answersReady,
	}
	Alertmanager = Server{
		Program: "alertmanager",
		Config:  "{{.Lines}}",
		Args: func(p Place) []string { // the empty address: it looks for no other Alertmanager
			return []string{"--config.file=" + p.Config, "--storage.path=" + p.Dir + "/data", "--web.listen-address=" + p.Address, "--cluster.listen-address="}
		},
		Ready: answersReady,
	}
)

// answersReady asks what Prometheus and its kind answer by 200 once they serve.
func answersReady(ctx context.Context, address string) error {
	_, err := get(ctx, "http://"+address+"/-/ready")
	return err
}

// Sample is one series of an instant vector.
type Sample struct {
	Labels map[string]string // the name is under __name__
	Value  float64
}

// Query asks for the instant vector that expression gives now; it is empty when no series fits.
func (p Prometheus) Query(ctx context.Context, expression string) ([]Sample, error) {
	body, err := get(ctx, p.URL+"/api/v1/query?query="+url.QueryEscape(expression))
	if err != nil {
		return nil, err
	}
	var answer struct {
		Data struct {
			Result []struct {
				Metric map[string]string `json:"metric"`
				Value  [2]any            `json:"value"` // seconds, and the value as text
			} `json:"result"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("reading what Prometheus answers to %q as an instant vector: %w", expression, err)
	}
	samples := make([]Sample, 0, len(answer.Data.Result))
	for _, series := range answer.Data.Result {
		value, err := strconv.ParseFloat(fmt.Sprint(series.Value[1]), 64)
		if err != nil {
			return nil, fmt.Errorf("reading the value of %v: %w", series.Metric, err)
		}
		samples = append(samples, Sample{series.Metric, value})
	}
	return samples, nil
}

// get returns the body of a 200.
func get(ctx context.Context, address string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // no idle connection outlives a test
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", address, err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s: %s", address, response.Status, body)
	}
	return body, nil
}
