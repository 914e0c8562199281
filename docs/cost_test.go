package docs_test

import (
	"fmt"
	"math"
	"os"
	"testing"
	"time"

	"github.com/prometheus/common/model"
)

// TestDocumentation holds what the pages say of costs against what simulated sites count while they are probed.
func TestDocumentation(t *testing.T) {
	if testing.Short() {
		t.Skip("holds connections for a while")
	}
	all := loads(t)
	measured := t.Run("loads", func(t *testing.T) {
		for _, l := range all {
			t.Run(l.name(), func(t *testing.T) {
				t.Parallel()
				l.measure(t)
			})
		}
	})
	if !measured {
		return
	}
	costs := "| module | connections | requests | logons | writes | held | how often | a day |\n|---|---|---|---|---|---|---|---|\n"
	seen := "| prober | connections a day | requests a day | logons a day | IIS's log a day |\n|---|---|---|---|---|\n"
	for _, l := range all {
		costs += l.row()
		if l.usual() {
			seen += l.seen()
		}
	}
	holds(t, "cost.md", "costs", costs)
	holds(t, "security-monitoring.md", "measured", seen)
}

// holds compares a section of a page, or with -update writes it.
func holds(t *testing.T, page, section, want string) {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	got := replaceSection(t, string(text), section, want)
	if *update {
		if err := os.WriteFile(page, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got != string(text) {
		t.Errorf("docs/%s is not what the simulated sites count; run: make generate\n%s", page, want)
	}
}

// row is the cost of one probe, and of a day at the recommended interval.
func (l *load) row() string {
	c, times := l.cost, l.perDay()
	day := fmt.Sprintf("%d requests, %d logons", c.Requests*times, c.Logons*times)
	switch {
	case c.Requests == 0:
		day = fmt.Sprintf("%d connections", c.Connections*times)
	case c.Writes > 0:
		day += fmt.Sprintf(", %d writes", c.Writes*times)
	}
	return fmt.Sprintf("| %s | %d | %d | %d | %d | %s | %s | %s |\n",
		l.name(), c.Connections, c.Requests, c.Logons, c.Writes, l.held(), model.Duration(l.Every), day)
}

// held is for how long connections are held, told in waits or in streams.
func (l *load) held() string {
	unit := l.For
	if unit == 0 {
		unit = time.Second
	}
	switch times := int(math.Round(l.cost.Held.Seconds() / unit.Seconds())); {
	case times == 0 || l.Held == "": // a connection whose time is the peer's own
		return "–"
	case times == 1:
		return l.Held
	default:
		return fmt.Sprintf("%d × %s", times, l.Held)
	}
}

// seen is what a day of one target leaves behind at the servers.
func (l *load) seen() string {
	c, times := l.cost, l.perDay()
	logged := "–"
	if c.Logged > 0 {
		logged = fmt.Sprintf("%.1f MB", float64(c.Logged*times)/1e6)
	}
	return fmt.Sprintf("| `%s` | %d | %d | %d | %s |\n", l.Name, c.Connections*times, c.Requests*times, c.Logons*times, logged)
}

// TestLoadsAreTold: the first row of a prober is its module as the examples have it, and no two rows are called the same.
func TestLoadsAreTold(t *testing.T) {
	names := map[string]bool{}
	for _, l := range loads(t) {
		if l.About == "" || names[l.name()] {
			t.Errorf("%q is there twice, or says nothing", l.name())
		}
		names[l.name()] = true
		if l.usual() && l.part.Loads[0].Every != 0 {
			t.Errorf("%q is the module of example.yml, which says how often", l.name())
		}
	}
}
