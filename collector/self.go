package collector

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	versioncollector "github.com/prometheus/client_golang/prometheus/collectors/version"

	"github.com/ews-exporter/ews_exporter/internal/advice"
	"github.com/ews-exporter/ews_exporter/internal/result"
)

const namespace = "ews_exporter"

// countedCodes are the status codes that ews_exporter_probe_responses_total tells apart; the rest are "other", so that
// targets cannot make series for ever.
var countedCodes = map[int]bool{
	200: true, 301: true, 302: true, 307: true, 308: true, 400: true, 401: true, 403: true, 404: true, 405: true,
	407: true, 408: true, 411: true, 413: true, 417: true, 429: true, 440: true, 500: true, 501: true, 502: true,
	503: true, 504: true,
}

// Self is what the exporter tells of itself at /metrics.
type Self struct {
	registry  *prometheus.Registry
	probes    *prometheus.CounterVec
	responses *prometheus.CounterVec
	duration  *prometheus.HistogramVec
	refused   *prometheus.CounterVec
	panics    prometheus.Counter
	inFlight  prometheus.Gauge
	reloaded  prometheus.Gauge
	reloadAt  prometheus.Gauge
}

// NewSelf makes the exporter's own metrics. Of every configured auth suspended tells whether it is so anywhere, and
// explained whether a finding says why; they are asked at each scrape. reasons are the closed set of refusals, each of which is there from the start.
func NewSelf(suspended, explained func() map[string]bool, reasons ...string) *Self {
	s := &Self{
		registry:  prometheus.NewRegistry(),
		probes:    counters(selfProbes),
		responses: counters(selfResponses),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: selfDuration.Name, Help: selfDuration.Help,
			Buckets:                         []float64{0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30},
			NativeHistogramBucketFactor:     1.1,
			NativeHistogramMaxBucketNumber:  100,
			NativeHistogramMinResetDuration: time.Hour,
		}, selfDuration.Labels),
		refused:  counters(selfRefused),
		panics:   prometheus.NewCounter(prometheus.CounterOpts{Name: selfPanics.Name, Help: selfPanics.Help}),
		inFlight: gauge(selfInFlight),
		reloaded: gauge(selfReloaded),
		reloadAt: gauge(selfReloadAt),
	}
	for _, reason := range reasons {
		s.refused.WithLabelValues(reason)
	}
	s.registry.MustRegister(s.probes, s.responses, s.duration, s.refused, s.panics, s.inFlight, s.reloaded, s.reloadAt,
		&auths{metric: selfSuspended, are: suspended}, &auths{metric: selfExplained, are: explained},
		versioncollector.NewCollector(namespace),
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return s
}

func counters(m *result.Metric) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: m.Name, Help: m.Help}, m.Labels)
}

func gauge(m *result.Metric) prometheus.Gauge {
	return prometheus.NewGauge(prometheus.GaugeOpts{Name: m.Name, Help: m.Help})
}

// Registry holds the metrics, for /metrics.
func (s *Self) Registry() *prometheus.Registry { return s.registry }

// Observe counts one probe that ran.
func (s *Self) Observe(r *result.Result) {
	verdict := "success"
	if !r.Success() {
		verdict = "failure"
	}
	s.probes.WithLabelValues(r.Module, verdict).Inc()
	s.duration.WithLabelValues(r.Module).Observe(float64(r.Duration))
	for _, x := range r.Conversations {
		if x.Response() == nil {
			continue
		}
		code := "other"
		if countedCodes[x.Final.Status] {
			code = strconv.Itoa(x.Final.Status)
		}
		s.responses.WithLabelValues(r.Module, code, string(kind(x.Origin.Kind))).Inc()
	}
}

// InFlight counts a probe that begins (1) or ends (-1).
func (s *Self) InFlight(change float64) { s.inFlight.Add(change) }

// Refused counts a request for a probe that was refused. The reason is from runner's closed set.
func (s *Self) Refused(reason string) { s.refused.WithLabelValues(reason).Inc() }

// Panicked counts a probe that ended in a panic.
func (s *Self) Panicked() { s.panics.Inc() }

// Reloaded records an attempt to load the configuration.
func (s *Self) Reloaded(ok bool) {
	s.reloaded.Set(result.Truth(ok))
	if ok {
		s.reloadAt.SetToCurrentTime()
	}
}

// Advise adds what to do first, by advice, and who acts, for alerts to look up. teams is asked at each scrape.
func (s *Self) Advise(book advice.Book, teams func() map[advice.Owner]string) {
	first, outcome, meaning, direct := info(selfAdvice), info(selfOutcome), info(selfMeaning), info(selfDirect)
	for _, a := range book {
		first.WithLabelValues(a.Key, a.On, a.First).Set(1)
		meaning.WithLabelValues(a.Key, a.Means, a.When.Text()).Set(1)
		outcome.WithLabelValues(a.Key, a.Separates, a.Then).Set(1)
		if a.Direct != "" {
			direct.WithLabelValues(a.Key, a.Direct).Set(1)
		}
	}
	s.registry.MustRegister(first, outcome, meaning, direct, owners(teams))
}

// owners collects who they are. Their teams come and go with the configuration.
type owners func() map[advice.Owner]string

func (owners) desc() *prometheus.Desc {
	return prometheus.NewDesc(selfOwner.Name, selfOwner.Help, selfOwner.Labels, nil)
}

func (o owners) Describe(ch chan<- *prometheus.Desc) { ch <- o.desc() }

func (o owners) Collect(ch chan<- prometheus.Metric) {
	teams := o()
	for _, known := range advice.Owners {
		ch <- prometheus.MustNewConstMetric(o.desc(), prometheus.GaugeValue, 1, string(known.Owner), known.Title, teams[known.Owner])
	}
}

// Module is what the configuration says of a module.
type Module struct{ Name, Prober, Auth string }

// TellModules adds the configured modules; all is asked at each scrape.
func (s *Self) TellModules(all func() []Module) { s.registry.MustRegister(modules(all)) }

// modules collects them. The labels come and go with the configuration.
type modules func() []Module

func (modules) desc() *prometheus.Desc {
	return prometheus.NewDesc(selfModules.Name, selfModules.Help, selfModules.Labels, nil)
}

func (m modules) Describe(ch chan<- *prometheus.Desc) { ch <- m.desc() }

func (m modules) Collect(ch chan<- prometheus.Metric) {
	desc := m.desc()
	for _, of := range m() {
		ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, 1, of.Name, of.Prober, of.Auth)
	}
}

func info(m *result.Metric) *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: m.Name, Help: m.Help}, m.Labels)
}

// CountLogons adds the logons that have begun, by auth; begun is asked at each scrape.
func (s *Self) CountLogons(begun func() map[string]int64) { s.registry.MustRegister(logons(begun)) }

// logons collects them. The labels come and go with the configuration.
type logons func() map[string]int64

func (logons) desc() *prometheus.Desc {
	return prometheus.NewDesc(selfLogons.Name, selfLogons.Help, selfLogons.Labels, nil)
}

func (l logons) Describe(ch chan<- *prometheus.Desc) { ch <- l.desc() }

func (l logons) Collect(ch chan<- prometheus.Metric) {
	for auth, n := range l() {
		ch <- prometheus.MustNewConstMetric(l.desc(), prometheus.CounterValue, float64(n), auth)
	}
}

// TellCertificates adds when the client certificates of auths expire, by auth; ends is asked at each scrape.
func (s *Self) TellCertificates(ends func() map[string]time.Time) {
	s.registry.MustRegister(certificates(ends))
}

// certificates collects that. The labels come and go with the configuration.
type certificates func() map[string]time.Time

func (certificates) desc() *prometheus.Desc {
	return prometheus.NewDesc(selfCertificates.Name, selfCertificates.Help, selfCertificates.Labels, nil)
}

func (c certificates) Describe(ch chan<- *prometheus.Desc) { ch <- c.desc() }

func (c certificates) Collect(ch chan<- prometheus.Metric) {
	for auth, end := range c() {
		ch <- prometheus.MustNewConstMetric(c.desc(), prometheus.GaugeValue, float64(end.Unix()), auth)
	}
}

// Listing is what service discovery lists targets by.
type Listing struct{ Service, Module, Via string }

// CountTargets adds how many targets service discovery lists; listed is asked at each scrape.
func (s *Self) CountTargets(listed func() map[Listing]int) { s.registry.MustRegister(targets(listed)) }

// targets collects that. The labels come and go with the configuration.
type targets func() map[Listing]int

func (targets) desc() *prometheus.Desc {
	return prometheus.NewDesc(selfTargets.Name, selfTargets.Help, selfTargets.Labels, nil)
}

func (t targets) Describe(ch chan<- *prometheus.Desc) { ch <- t.desc() }

func (t targets) Collect(ch chan<- prometheus.Metric) {
	for of, n := range t() {
		ch <- prometheus.MustNewConstMetric(t.desc(), prometheus.GaugeValue, float64(n), of.Service, of.Module, of.Via)
	}
}

// auths collects a metric of each auth. Its labels come and go with the configuration.
type auths struct {
	metric *result.Metric
	are    func() map[string]bool
}

func (a *auths) desc() *prometheus.Desc {
	return prometheus.NewDesc(a.metric.Name, a.metric.Help, a.metric.Labels, nil)
}

func (a *auths) Describe(ch chan<- *prometheus.Desc) { ch <- a.desc() }

func (a *auths) Collect(ch chan<- prometheus.Metric) {
	for auth, is := range a.are() {
		ch <- prometheus.MustNewConstMetric(a.desc(), prometheus.GaugeValue, result.Truth(is), auth)
	}
}
