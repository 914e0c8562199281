package prober

import (
	"cmp"

	"github.com/ews-exporter/ews_exporter/internal/target"
)

// Aimer is a Prober whose target may be something else than a host: the probe finds the hosts itself.
type Aimer interface {
	Prober
	// Aim reads the target and the hostname parameter. Errors are for the caller (400), and repeat no user name.
	Aim(raw, hostname string) (Aim, error)
}

// Aim is what a target parameter stands for.
type Aim struct {
	Target target.Target
	// Whom is the mail address that the probe asks about, in its normal form, where the target parameter says it.
	Whom string
	// Hosts are those that a look-up begins with; none when the Target itself is contacted. Policy must let one of them be
	// reached, and is asked again about each host that is. The auth's targets are held against each host too, when it is
	// about to be logged on at.
	Hosts []target.Target
	// Logons are the Hosts that may be logged on at.
	Logons []target.Target
}

// AimOf reads a target for any prober.
func AimOf(d Definition, p Prober, raw, hostname string) (Aim, error) {
	if a, ok := p.(Aimer); ok {
		return a.Aim(raw, hostname)
	}
	t, err := target.ParseAs(cmp.Or(d.Scheme, "https"), raw, hostname)
	if d.TargetPath == PathUnused || d.TargetPath == RootUnused && t.Path == "/" {
		t.Path = "" // one target must not have as many spellings as there are paths
	}
	return Aim{Target: t}, err
}

// TargetPath says what a prober makes of a path that a target has.
type TargetPath int

// What it makes of it.
const (
	PathAsked  TargetPath = iota // it asks for that in place of its settings' path
	RootUnused                   // likewise, but a mere / is no path
	PathUnused                   // it asks for the paths of its settings alone
)
