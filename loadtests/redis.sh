#!/usr/bin/env bash
# Starts a real Redis for a load test: `start_redis` sets `redis_port` and `redis_pid`. Sourced by the other scripts in
# place of server.sh, which it brings.

# shellcheck source=loadtests/server.sh
. ./server.sh

redis_folder=$(mktemp -d)
redis_pid=
redis_port=

stop_redis() {
    if [ -n "$redis_pid" ]; then
        # one that is frozen would not end
        kill -CONT "$redis_pid" 2>/dev/null || true
        kill "$redis_pid" 2>/dev/null || true
        wait "$redis_pid" 2>/dev/null || true
        redis_pid=
    fi
}
trap 'stop_server; stop_redis; rm -rf "$log" "$redis_folder"' EXIT

# A load test skips itself, with a word, when one of these is missing.
need() {
    for program in "$@"; do
        if ! command -v "$program" >/dev/null; then
            echo "$(basename "$0" .sh): skipped: $program is not installed"
            exit 0
        fi
    done
}

ask_redis() { redis-cli -p "$redis_port" "$@"; }

until_true() {
    local what=$1
    shift
    for _ in $(seq 100); do
        if "$@" >/dev/null 2>&1; then
            return
        fi
        sleep 0.1
    done
    echo "it never came about that $what" >&2
    exit 1
}

start_redis() {
    redis_port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    redis-server --port "$redis_port" --bind 127.0.0.1 --save "" --appendonly no --dir "$redis_folder" \
        >"$redis_folder/log" &
    redis_pid=$!
    until_true "redis is up" ask_redis ping
}
