// Package packaging makes a release in its tests, twice, and installs what comes out of it as a new user would: by dpkg and rpm,
// in a root of their own, with the programs that read a unit, a manual page, or completions.
package packaging
