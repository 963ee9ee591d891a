#!/usr/bin/env bash
# Starts the optimised binary for a load test: `start_server [VARIABLE=value …]` sets `address` and `pid`.
# Sourced by the other scripts.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
binary=${PIXMILL_BIN:-$root/target/dist/pixmill}
log=$(mktemp)
pid=

stop_server() {
    if [ -n "$pid" ]; then
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
        pid=
    fi
}
trap 'stop_server; rm -f "$log"' EXIT

start_server() {
    : >"$log"
    env PIXMILL__LOGS__ACCESS=false "$@" "$binary" serve --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0 \
        --origin "$root/samples" 2>"$log" &
    pid=$!
    for _ in $(seq 100); do
        address=$(sed -n 's|^listening on ||p' "$log" | head -1)
        if [ -n "$address" ]; then
            return
        fi
        sleep 0.1
    done
    echo "the server did not come up:" >&2
    cat "$log" >&2
    exit 1
}
