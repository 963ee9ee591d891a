#!/usr/bin/env bash
# Answers a second out of Redis, with nothing in memory, against answers that are rendered each time, in interleaved
# rounds.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=loadtests/redis.sh
. ./redis.sh
need wrk redis-server redis-cli curl python3

seconds=${SECONDS_A_ROUND:-5}
rate() { wrk -t1 -c"$2" -d"$seconds"s "$address$1" | awk '/Requests\/sec/ { print $2 }'; }
is_in_redis() { curl -s -o /dev/null -D - "$address$path" | grep -qi '^x-cache: hit-redis'; }

start_redis
echo "width   round   from redis/s   renders/s   ratio"
for width in 128 512; do
    path="/china.jpg?width=$width&quality=80"
    for round in 1 2 3; do
        # all memory to originals: every answer is asked of Redis
        start_server PIXMILL__CACHE__REDIS__URL="redis://127.0.0.1:$redis_port" \
            PIXMILL__CACHE__MEMORY__ORIGINALS_PERCENT=100
        until_true "answers come from redis" is_in_redis
        hits=$(rate "$path" 16)
        stop_server
        start_server PIXMILL__CACHE__RESULTS__ENABLED=false
        rate "$path" 1 >/dev/null
        renders=$(rate "$path" 2)
        stop_server
        awk -v w="$width" -v r="$round" -v h="$hits" -v n="$renders" \
            'BEGIN { printf "%5d %7d %14.0f %11.1f %7.1f\n", w, r, h, n, h / n }'
    done
done
