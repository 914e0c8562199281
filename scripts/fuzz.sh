#!/bin/sh
# Runs every fuzz target of the tree, one after the other, each for FUZZTIME (10s when unset).
set -eu
time=${FUZZTIME:-10s}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
trap 'exit 1' INT TERM

# fuzz runs target $2 of package $1. Go would spend a minute on making each new input smaller, which is all the time there
# is: a target with seeds of some kilobytes tried 15 inputs in 25 s, and tries 200,000 so.
fuzz() {
	go test -run='^$' -fuzz="^$2\$" -fuzztime="$time" -fuzzminimizetime=20x "$1" >"$log" 2>&1 </dev/null
}

# ended_late tells a fault of Go before 1.27 (go.dev/issue/75804) from one of ours: at the end of its time, fuzzing may
# fail with nothing but its own deadline. A fault of ours leaves the input that shows it.
ended_late() {
	grep -q 'context deadline exceeded' "$log" && ! grep -q 'Failing input written' "$log"
}

grep -r --include='*_test.go' -o '^func Fuzz[A-Za-z0-9_]*' . | sort |
	while IFS=: read -r file function; do
		package=$(dirname "$file")
		target=${function#func }
		echo "$package $target, $time"
		fuzz "$package" "$target" || { ended_late && fuzz "$package" "$target"; } || ended_late || {
			cat "$log"
			exit 1
		}
	done
