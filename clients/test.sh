#!/usr/bin/env bash
# Tests every client library with the vectors that all share, and that of JavaScript with a real server too. A language that is not
# installed is skipped, and said. PIXMILL_BIN: the server [default: target/debug/pixmill]. PIXMILL_FRAMEWORKS: a folder where npm may
# install Next.js, Astro, @nuxt/image and unpic; then pages are built with them.
#
# shellcheck disable=SC2016 # variables in commands are expanded when these run
set -euo pipefail
cd -- "${BASH_SOURCE[0]%/*}"

scratch=$(mktemp -d)
trap 'rm -rf -- "$scratch"' EXIT
export scratch

# `tested LANGUAGE PROGRAM COMMANDS`: runs the commands if the program is there
tested() {
    if ! command -v "$2" >/dev/null; then
        echo "clients: $1: skipped: $2 is not installed"
    elif bash -euo pipefail -c "$3" >"$scratch/output" 2>&1; then
        sed -nE "s/^(npm: .*|ok .*# SKIP.*)/clients: $1: \1/p" "$scratch/output"
        echo "clients: $1: passed"
    else
        cat "$scratch/output"
        echo "clients: $1: FAILED" >&2
        exit 1
    fi
}

# the test of the types says so if the compiler is not there
tested JavaScript node '
    cd js
    if [ ! -d node_modules/typescript ] && command -v npm >/dev/null; then
        timeout 60 npm ci --ignore-scripts --no-audit --no-fund --fetch-retries 0 || echo "npm: TypeScript could not be installed"
    fi
    node --test test/*.test.js'
tested Python python3 'cd python; PYTHONDONTWRITEBYTECODE=1 python3 -m unittest'
tested Go go 'cd go; test -z "$(gofmt -l .)"; go vet ./...; go test -count 1 ./...'
tested Ruby ruby 'ruby ruby/test_vectors.rb'
tested PHP php 'php php/test_vectors.php'
tested Java javac '
    javac -Xlint:all -Werror -d "$scratch/java" java/PixmillUrl.java java/TestVectors.java
    java -cp "$scratch/java" TestVectors vectors.json'
