#!/usr/bin/env bash
# Every load test, one after the other.
set -euo pipefail
cd "$(dirname "$0")"
./hits.sh
./redis-hits.sh
./frozen.sh
python3 soak.py
