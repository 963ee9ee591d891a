#!/usr/bin/env bash
# Answers a second out of the memory cache against answers that are rendered each time, in interleaved rounds.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=loadtests/server.sh
. ./server.sh
address=

if ! command -v wrk >/dev/null; then
    echo "hits: skipped: wrk is not installed (apt-get install wrk)"
    exit 0
fi

path='/china.jpg?width=512&quality=80'
seconds=${SECONDS_A_ROUND:-5}
rate() { wrk -t1 -c"$2" -d"$seconds"s "$address$1" | awk '/Requests\/sec/ { print $2 }'; }

echo "round      hits/s   renders/s   ratio"
for round in 1 2 3; do
    start_server
    rate "$path" 1 >/dev/null
    hits=$(rate "$path" 16)
    stop_server
    start_server PIXMILL__CACHE__RESULTS__ENABLED=false
    renders=$(rate "$path" 2)
    stop_server
    awk -v r="$round" -v h="$hits" -v n="$renders" 'BEGIN { printf "%5d %11.0f %11.1f %7.0f\n", r, h, n, h / n }'
done
