#!/bin/sh
# Says what keeps this checkout from being a release: its tag has to be that of the file VERSION, its tree clean, and the
# changelog has to have its heading, with a date.
set -eu
version=$(cat VERSION)
fail() { echo "No release: $*" >&2 && exit 1; }

[ -z "$(git status --porcelain)" ] || fail "there are changes that are not committed: see git status."
[ "$(git describe --tags --exact-match --match="v$version" 2>/dev/null)" = "v$version" ] ||
	fail "VERSION says $version, and what is checked out has no tag v$version: git tag -s v$version"
grep -Eq "^## $version / [0-9]{4}-[0-9]{2}-[0-9]{2}\$" CHANGELOG.md ||
	fail "CHANGELOG.md has no heading '## $version / $(date -u +%F)'."
