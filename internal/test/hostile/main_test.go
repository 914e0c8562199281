package hostile

import (
	"flag"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/ews-exporter/ews_exporter/internal/test/actionable"
)

var update = flag.Bool("update", false, "write the tables of docs/reliability.md anew")

// TestMain lets many rows run at once, because most of them wait, and looks for what they left running.
func TestMain(m *testing.M) {
	flag.Parse()
	if flag.Lookup("test.parallel").Value.String() == flag.Lookup("test.parallel").DefValue {
		if err := flag.Set("test.parallel", "24"); err != nil {
			panic(err)
		}
	}
	goleak.VerifyTestMain(m)
}

// The probers, as columns of the table.
const (
	expectContinue = "expect_continue"
	ewsSync        = "ews_sync"
	autodiscover   = "autodiscover"
	authRoundtrips = "auth_roundtrips"
	sslBinding     = "ssl_binding"
	smtpProber     = "smtp"
)

// columns are the probers in the order of the table.
var columns = []string{expectContinue, ewsSync, autodiscover, authRoundtrips, sslBinding, smtpProber}

// verdicts are what a probe of each prober reports: "success" or "stage/reason", and behind it the codes of findings,
// each after a comma. A prober that is not there cannot meet the fault.
type verdicts map[string]string

// everywhere is one verdict of all probers.
func everywhere(verdict string) verdicts {
	v := verdicts{}
	for _, prober := range columns {
		v[prober] = verdict
	}
	return v
}

// overHTTP is one verdict of those probers that send requests over HTTP.
func overHTTP(verdict string) verdicts { return everywhere(verdict).less(sslBinding).less(smtpProber) }

// inXML is one verdict of those that read documents.
func inXML(verdict string) verdicts { return verdicts{ewsSync: verdict, autodiscover: verdict} }

// but has one prober report something else.
func (v verdicts) but(prober, verdict string) verdicts {
	v[prober] = verdict
	return v
}

func (v verdicts) less(prober string) verdicts {
	delete(v, prober)
	return v
}

// fault is one row.
type fault struct {
	does    string // what the peer does
	peer    func(t *testing.T) site
	reports verdicts
	hangs   bool // the time limit ends it, so that is short
	floods  bool // it sends 100 MB, or without end: nothing else runs meanwhile, and its memory is watched
}

// group is a table of the page.
type group struct {
	title, who string // whose behaviour it is
	faults     []fault
}

// groups are all of them.
func groups() []group {
	return []group{
		names(), connections(), handshakes(), certificates(), heads(), bodies(), documents(), streams(), logons(), tokens(), redirects(), revocation(), mail(),
	}
}

// memory is the most that a probe may take, however much it is sent.
const memory = 64 << 20

// late is how much longer than its limit a probe may take on a busy machine.
const late = 5 * time.Second

// TestFaults plays every row against every prober that can meet it. Those that wait are together; those that flood come
// before, one by one.
func TestFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("plays hundreds of behaviours")
	}
	for _, g := range groups() {
		for _, f := range g.faults {
			t.Run(g.title+": "+f.does, func(t *testing.T) {
				if !f.floods {
					t.Parallel()
				}
				f.play(t)
			})
		}
	}
}

func (f fault) play(t *testing.T) {
	for _, prober := range columns {
		want, met := f.reports[prober]
		if !met {
			continue
		}
		t.Run(prober, func(t *testing.T) {
			if !f.floods {
				t.Parallel()
			}
			s := f.peer(t)
			peak := func() uint64 { return 0 }
			if f.floods {
				peak = watchHeap()
			}
			res, took := s.probe(t, prober, f.hangs)
			if got := verdict(res); got != want {
				t.Errorf("%s, want %s: %v", got, want, res.Failure)
			}
			if problem := actionable.Problem(res); problem != "" {
				t.Error(problem)
			}
			if limit := time.Duration(float64(res.Limit) * float64(time.Second)); took > limit+late {
				t.Errorf("it took %s, with a limit of %s", took, limit)
			}
			if n := peak(); n > memory {
				t.Errorf("it took %d MiB of memory", n>>20)
			} else if f.floods {
				t.Logf("it took %d KiB of memory, and %s", n>>10, took.Round(time.Millisecond))
			}
			s.wantEnded(t)
		})
	}
}

// watchHeap samples the heap until peak is asked for: how much more it came to hold. The collector runs often meanwhile,
// so that there is little garbage in the figure.
func watchHeap() (peak func() uint64) {
	percent := debug.SetGCPercent(10)
	runtime.GC()
	base := heap()
	most := base
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				most = max(most, heap())
			case <-done:
				return
			}
		}
	}()
	return func() uint64 {
		close(done)
		<-ended
		debug.SetGCPercent(percent)
		return most - base
	}
}

// heap is how many bytes objects take, those included that the collector has not found dead yet.
func heap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
