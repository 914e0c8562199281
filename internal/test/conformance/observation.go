package conformance

import (
	"bytes"
	"slices"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"github.com/ews-exporter/ews_exporter/collector"
	"github.com/ews-exporter/ews_exporter/internal/failure"
	"github.com/ews-exporter/ews_exporter/internal/lab"
	"github.com/ews-exporter/ews_exporter/internal/report"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

// Observation is one probe, and all that the exporter shows of it.
type Observation struct {
	Scenario  string // its name; empty for a case or a peer
	Where     string // "scenario X, module Y", "case X", or "peer that X"
	Want      lab.Verdict
	Judged    bool // Want is to hold
	Hopeless  bool // nothing is there that could answer: a success would be a lie
	Begun     bool // there was time to probe
	Reached   bool // somebody was there
	Result    *result.Result
	Families  []*dto.MetricFamily
	Shown     map[string]string // by who is shown it: metrics, report, JSON, log
	Secrets   []loggedOn
	Took      time.Duration
	Memory    int      // the most that the heap grew by; 0 where that was not watched
	Uncounted int      // of that, what exceeded what the exporter had counted by then
	Relayed   *relayed // what a box got that would carry logons on; nil where there was none
	LeftOpen  int      // connections that the peer still had open, long after
}

// loggedOn is an account whose password must not be shown.
type loggedOn struct{ username, password string }

// show renders the result for all who get to see it.
func (o *Observation) show(log string) error {
	families, err := collector.Gatherer(o.Result, nil).Gather()
	if err != nil {
		return err
	}
	var metrics, text, data bytes.Buffer
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(&metrics, f); err != nil {
			return err
		}
	}
	if err := report.Text(&text, o.Result, report.Options{}); err != nil {
		return err
	}
	if err := report.JSON(&data, o.Result); err != nil {
		return err
	}
	o.Families = families
	o.Shown = map[string]string{"metrics": metrics.String(), "report": text.String(), "JSON": data.String(), "log": log}
	return nil
}

// failure is the failure's stage and reason, or lab.None.
func (o *Observation) failure() string { return reasonOf(o.Result.Failure) }

func reasonOf(f *failure.Failure) string {
	if f == nil {
		return lab.None
	}
	return string(f.Stage) + "/" + f.Reason
}

// codes are those of the findings.
func (o *Observation) codes() (all []string) {
	for _, f := range o.Result.Findings {
		all = append(all, f.Code)
	}
	return all
}

// steps are the names of those that were begun.
func (o *Observation) steps() (all []string) {
	var walk func([]*result.Step)
	walk = func(steps []*result.Step) {
		for _, s := range steps {
			all = append(all, s.Name)
			walk(s.Steps)
		}
	}
	walk(o.Result.Steps)
	return all
}

// metrics are the names of those that are there.
func (o *Observation) metrics() (all []string) {
	for _, f := range o.Families {
		all = append(all, f.GetName())
	}
	return all
}

// outcomes are those that a metric of outcomes says yes to: values of its label outcome.
func (o *Observation) outcomes() (all []string) {
	for _, s := range o.Result.Samples {
		if i := slices.Index(s.Metric.Labels, "outcome"); i >= 0 && s.Value == 1 {
			all = append(all, s.Labels[i])
		}
	}
	return all
}

// atOnce gives outcomes that happened at once to the same thing, and which, where the metric tells of several, such as channels.
func (o *Observation) atOnce() (of string, all []string) {
	happened := map[string][]string{}
	for _, s := range o.Result.Samples {
		if i := slices.Index(s.Metric.Labels, "outcome"); i >= 0 && s.Value == 1 {
			what := strings.Join(slices.Delete(slices.Clone(s.Labels), i, i+1), " ")
			if happened[what] = append(happened[what], s.Labels[i]); len(happened[what]) > 1 {
				of, all = " to "+what, happened[what]
			}
		}
	}
	return of, all
}
