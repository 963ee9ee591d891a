#!/usr/bin/env bash
# What is too slow for every change: instruction counts, and the pictures of the corpus through valgrind's memory checker.
# `make nightly`.
#
# Only reads and writes outside of what was allocated count. Broken and hostile pictures may fail, and do. Uninitialised values are
# not looked for: the vector code of codecs loads beyond its data and masks the rest, which valgrind cannot tell.
set -euo pipefail
cd -- "${BASH_SOURCE[0]%/*}/.."
vendor-scripts/vendor.sh valgrind
# changed counts fail this script at its end, so that memory is checked all the same
counts=0
make --no-print-directory bench-check || counts=1
corpus=${PIXMILL_CORPUS:-../shared/corpora/dev}
if [[ ! -d $corpus ]]; then
    echo "valgrind: skipped: there are no pictures in $corpus"
    exit "$counts"
fi
# valgrind follows the allocator of the system, not one that is linked in
cargo build --profile dist --package pixmill --no-default-features
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
errors=99
for query in 'width=200' 'width=150&format=webp&rotate=13&blur=4' 'width=100&format=avif&crop=fit&height=80' 'meta=true'; do
    echo "valgrind: $query"
    status=0
    PIXMILL__WORKERS__THREADS=1 valgrind --quiet --error-exitcode=$errors --undef-value-errors=no \
        target/dist/pixmill process "$corpus" "$query" -o "$out" >"$out/log" 2>&1 || status=$?
    if ((status == errors)); then
        cat "$out/log"
        exit 1
    fi
done
exit "$counts"
