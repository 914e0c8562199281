package inbound

import "fmt"

// perProbe is how many files a probe has open at once as a rule: two sockets while a name is looked up, or a connection and a
// file with a secret.
const perProbe = 3

// files are the files that the process may have open, its sockets among them.
type files struct {
	limit int // 0: none that is known
	base  int // open before the first connection
}

func newFiles() *files { return &files{limit: maxFiles(), base: openFiles()} }

// reserve is how many are kept free of probes, for connections and for what /metrics reads.
func (f *files) reserve() int { return min(64, max(8, f.limit/8)) }

// short tells whether too few files are left for one more probe, and how many are, or may soon be, in use. running counts it
// in. It counts those that probes which have only begun will open as well, because many may begin in the same moment.
func (f *files) short(connections, running int) (inUse int, short bool) {
	least := f.limit - f.reserve()
	if f.limit == 0 || f.base+connections+64*running < least { // no probe has more than 64 connections
		return 0, false
	}
	inUse = max(f.base+connections+perProbe*running, openFiles())
	return inUse, inUse > least
}

func outOfFiles(inUse, limit int) string {
	return fmt.Sprintf("the exporter has few files left to open: about %d of %d are in use; raise its limit (LimitNOFILE, ulimit -n), or let it probe less at once (--limit.probes)", inUse, limit)
}
