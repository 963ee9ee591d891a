#!/usr/bin/env bash
# Hits in memory, and misses, while Redis is well and while it is frozen, in interleaved turns.
#
# ROUNDS            turns of each (7)
# SECONDS_A_ROUND   how long hits are asked for in a turn (3)
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=loadtests/redis.sh
. ./redis.sh
need wrk redis-server redis-cli python3
start_redis
start_server PIXMILL__CACHE__REDIS__URL="redis://127.0.0.1:$redis_port"
python3 frozen.py --address "$address" --redis-pid "$redis_pid" --redis-port "$redis_port" \
    --rounds "${ROUNDS:-7}" --seconds "${SECONDS_A_ROUND:-3}"
