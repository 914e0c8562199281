package virtualdirectories

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// TestTableOfBuilds: the rows are in order, each once, and none is younger than the day up to which the table is known.
func TestTableOfBuilds(t *testing.T) {
	t.Parallel()
	table := known()
	if len(table.releases) < 100 || table.known.IsZero() {
		t.Fatalf("%d releases, known up to %v", len(table.releases), table.known)
	}
	for i, r := range table.releases {
		if r.date.After(table.known) {
			t.Errorf("%s is of %s, and the table of %s", r.build, r.date.Format(time.DateOnly), table.known.Format(time.DateOnly))
		}
		if r.build[3] < 0 || r.cumulative == "" {
			t.Errorf("row %d: %v has no revision, or no cumulative update", i, r)
		}
		if i > 0 && slices.Compare(table.releases[i-1].build[:], r.build[:]) >= 0 {
			t.Errorf("%s does not follow %s", r.build, table.releases[i-1].build)
		}
		if before := table.releases[max(0, i-1)]; r.update == "" && i > 0 && before.line() == r.line() {
			t.Errorf("%s: a cumulative update is the first of its line", r.build)
		}
	}
}

// TestWhatIsNewer: builds as answers name them, against what is known.
func TestWhatIsNewer(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		build, title, newer string // newer is empty where nothing is known to be
	}{
		"the newest of Exchange Server SE":          {"15.2.2562.53", "Exchange Server SE RTM Sep26SUv2", ""},
		"the long form":                             {"15.02.2562.053", "Exchange Server SE RTM Sep26SUv2", ""},
		"an update of SE is missing":                {"15.2.2562.17", "Exchange Server SE RTM", "Exchange Server SE RTM Sep26SUv2"},
		"the newest update of the last CU but one":  {"15.2.1544.48", "Exchange Server 2019 CU14 Sep26SUv2", "Exchange Server 2019 CU15 Sep26SUv2"},
		"an update is missing on the last CU":       {"15.2.1748.26", "Exchange Server 2019 CU15 May25HU", "Exchange Server 2019 CU15 Sep26SUv2"},
		"an old CU without its updates":             {"15.1.1779.2", "Exchange Server 2016 CU13", "Exchange Server 2016 CU23 Sep26SUv2"},
		"an update of an old CU that is not listed": {"15.1.1779.8", "an update after Exchange Server 2016 CU13", "Exchange Server 2016 CU23 Sep26SUv2"},
		"the last of 2013":                          {"15.0.1497.48", "Exchange Server 2013 CU23 Mar23SU", ""},
		"a build without its revision":              {"15.2.1748", "Exchange Server 2019 CU15", ""},
		"an old one without its revision":           {"15.2.1258", "Exchange Server 2019 CU13", "Exchange Server 2019 CU15 Sep26SUv2"},
		"newer than what is known, of the same CU":  {"15.2.2562.99", "an update after Exchange Server SE RTM Sep26SUv2", ""},
		"newer than what is known, another CU":      {"15.2.3000.1", "Exchange Server SE, an update that is not in the table", ""},
		"Exchange 2010":                             {"14.3.513.0", "Exchange Server 2010, an update that is not in the table", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, ok := parseBuild(test.build)
			if !ok {
				t.Fatal("it is not read as a build")
			}
			if got := known().title(b); got != test.title {
				t.Errorf("it is %q, want %q", got, test.title)
			}
			newer := ""
			if r := known().newer(b); r != nil {
				newer = r.title()
			}
			if newer != test.newer {
				t.Errorf("newer is %q, want %q", newer, test.newer)
			}
		})
	}
}

// TestAnOldTableSaysSo: who reads of a build learns up to when it is known, and after a year that this is long ago.
func TestAnOldTableSaysSo(t *testing.T) {
	t.Parallel()
	table := tableOf{known: day(2026, time.October, 7)}
	if got := table.date(day(2027, time.September, 1)); got != "as known on 2026-10-07" {
		t.Errorf("within the year it says %q", got)
	}
	if got := table.date(day(2027, time.October, 9)); !strings.Contains(got, "as known on 2026-10-07, which is more than a year ago") {
		t.Errorf("after a year it says %q", got)
	}
}

// TestTableRefusesNonsense: a slip in the table fails the tests, and is not read as something else.
func TestTableRefusesNonsense(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"no date":     "known,,,soon\n",
		"no build":    "known,,,2026-10-07\nfifteen,CU1,,2020-01-01\n",
		"few columns": "known,,,2026-10-07\n15.2.1.1,CU1\n",
	} {
		if _, err := parseTable(text); err == nil {
			t.Errorf("%s: it is taken", name)
		}
	}
}

// FuzzParseBuild: whatever a target says in a header or a page, a build that is read is bounded, and reads back as itself.
func FuzzParseBuild(f *testing.F) {
	for _, seed := range []string{"15.2.1748.26", "15.02.1748.026", "14.3.513.0", "15.2.1748", "", "15.2", "999.1.1.1", "15.2.1.1, 15.2.1.2", "１５.2.3.4"} {
		f.Add(seed, "/owa/auth/"+seed+"/themes")
	}
	f.Fuzz(func(t *testing.T, text, page string) {
		b, ok := parseBuild(text)
		if !ok {
			if b != (build{}) {
				t.Fatalf("%q is no build, and read as %v", text, b)
			}
		} else if again, ok := parseBuild(b.String()); !ok || again != b || len(b.String()) > 20 {
			t.Fatalf("%q is read as %v, which is read as %v", text, b, again)
		}
		_ = known().title(b)
		_ = known().newer(b)
		if named := namedIn(200, []byte(page)); named != "" {
			if _, ok := parseBuild(named); !ok {
				t.Fatalf("the page names %q, which is no build", named)
			}
		}
	})
}
