package virtualdirectories

import (
	_ "embed" // for the table
	"encoding/csv"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// build is a build of Exchange: major, minor, build and revision. The revision is -1 where it is not known.
type build [4]int

var written = regexp.MustCompile(`^([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{1,5})(?:\.([0-9]{1,5}))?$`)

// parseBuild reads one as Exchange writes it, 15.2.1748.26 or 15.02.1748.026, with or without the revision.
func parseBuild(text string) (b build, ok bool) {
	parts := written.FindStringSubmatch(text)
	if parts == nil {
		return build{}, false
	}
	for i, digits := range parts[1:] {
		if b[i] = -1; digits != "" {
			b[i], _ = strconv.Atoi(digits) // few digits, and nothing else
		}
	}
	return b, true
}

// String is the short form; without the revision where that is not known.
func (b build) String() string {
	text := fmt.Sprintf("%d.%d.%d", b[0], b[1], b[2])
	if b[3] >= 0 {
		text += fmt.Sprintf(".%d", b[3])
	}
	return text
}

// line is what updates of one cumulative update have in common.
func (b build) line() build { return build{b[0], b[1], b[2], -1} }

// release is what was released as a build.
type release struct {
	build
	cumulative string // "CU15", "RTM"
	update     string // "Sep26SUv2"; empty for the cumulative update itself
	date       time.Time
}

// title is how an administrator calls it.
func (r release) title() string {
	return strings.TrimRight(versionOf(r.build).name+" "+r.cumulative+" "+r.update, " ")
}

// version is a version of Exchange: all builds from one on, up to the next version's.
type version struct {
	from    build
	name    string
	support time.Time // its end (Microsoft Lifecycle); zero where that is far
}

var versions = []version{
	{build{15, 2, 2562, 0}, "Exchange Server SE", time.Time{}},
	{build{15, 2, 0, 0}, "Exchange Server 2019", day(2025, time.October, 14)},
	{build{15, 1, 0, 0}, "Exchange Server 2016", day(2025, time.October, 14)},
	{build{15, 0, 0, 0}, "Exchange Server 2013", day(2023, time.April, 11)},
	{build{14, 0, 0, 0}, "Exchange Server 2010", day(2020, time.October, 13)},
	{build{}, "a version of Exchange before 2010", day(2017, time.April, 11)},
}

func day(year int, month time.Month, d int) time.Time {
	return time.Date(year, month, d, 0, 0, 0, 0, time.UTC)
}

// versionOf is the version that a build is of.
func versionOf(b build) version {
	b[3] = max(b[3], 0)
	i := slices.IndexFunc(versions, func(v version) bool { return slices.Compare(b[:], v.from[:]) >= 0 })
	return versions[i]
}

// tableOf is what is known of builds, and up to when.
type tableOf struct {
	releases []release // in the order of builds
	known    time.Time
}

//go:embed builds.csv
var buildsCSV string

// known is the table of this version of the exporter.
var known = sync.OnceValue(func() tableOf {
	t, err := parseTable(buildsCSV)
	if err != nil {
		panic("builds.csv: " + err.Error()) // a test reads it
	}
	return t
})

// parseTable reads the rows: build, cumulative update, update, date. The first one has the date alone, up to which the others
// are known.
func parseTable(text string) (t tableOf, err error) {
	reader := csv.NewReader(strings.NewReader(text))
	reader.Comment, reader.FieldsPerRecord = '#', 4
	rows, err := reader.ReadAll()
	if err != nil {
		return t, err
	}
	for i, row := range rows {
		date, err := time.Parse(time.DateOnly, row[3])
		if err != nil {
			return t, fmt.Errorf("row %d: %w", i+1, err)
		}
		if i == 0 {
			t.known = date
			continue
		}
		b, ok := parseBuild(row[0])
		if !ok {
			return t, fmt.Errorf("row %d: %q is no build", i+1, row[0])
		}
		t.releases = append(t.releases, release{b, row[1], row[2], date})
	}
	return t, nil
}

// find is what a build was released as; with exact false the nearest before it in its line, or the cumulative update where the
// revision is not known. It is nil where the line is not in the table.
func (t tableOf) find(b build) (found *release, exact bool) {
	for i, r := range t.releases {
		if r.line() == b.line() && (found == nil || r.build[3] <= b[3]) {
			found = &t.releases[i]
		}
	}
	return found, found != nil && found.build == b
}

// newest are the last known release of a build's line, and of its version; nil where none is known.
func (t tableOf) newest(b build) (inLine, ofVersion *release) {
	for i, r := range t.releases {
		if r.line() == b.line() {
			inLine = &t.releases[i]
		}
		if versionOf(r.build).name == versionOf(b).name {
			ofVersion = &t.releases[i]
		}
	}
	return inLine, ofVersion
}

// newer is what is known to be newer than a build, the update of its own line first; nil where nothing is.
func (t tableOf) newer(b build) *release {
	inLine, ofVersion := t.newest(b)
	if inLine != nil && b[3] >= 0 && b[3] < inLine.build[3] {
		return inLine
	}
	line := b.line()
	if ofVersion != nil {
		if last := ofVersion.line(); slices.Compare(line[:], last[:]) < 0 {
			return ofVersion
		}
	}
	return nil
}

// maxAge is how long the table may be relied upon without a word.
const maxAge = 365 * 24 * time.Hour

// date says up to when the table is known, and itself that it is old.
func (t tableOf) date(now time.Time) string {
	text := "as known on " + t.known.Format(time.DateOnly)
	if now.Sub(t.known) > maxAge {
		text += ", which is more than a year ago: this table of builds is old itself, so look at Microsoft's list, or update the exporter"
	}
	return text
}

// title is what a build is, for a person.
func (t tableOf) title(b build) string {
	r, exact := t.find(b)
	switch {
	case r == nil:
		return versionOf(b).name + ", an update that is not in the table"
	case exact:
		return r.title()
	case b[3] < 0:
		return strings.TrimRight(versionOf(b).name+" "+r.cumulative, " ")
	}
	return "an update after " + r.title()
}
