#!/usr/bin/env bash
# Serves the demo page of docs/demo: Pixmill with the sample pictures, and nginx in front of it.
#
#   docs/demo/serve.sh PIXMILL [PORT [COMMAND...]]     until Ctrl-C, or until COMMAND ends, which gets the URL as last argument
#
# The port before PORT is Pixmill's.
set -euo pipefail

pixmill=$1 port=${2:-8080}
command=("${@:3}")
cd -- "${BASH_SOURCE[0]%/*}/../.."
work=target/demo/$port
mkdir -p "$work"

# started PROCESS URL: waits until the URL answers, and fails when the process ends before.
started() {
    until curl --silent --fail --output /dev/null "$2"; do
        kill -0 "$1" 2>/dev/null || { echo "serve.sh: could not start; see above" >&2; exit 1; }
        sleep 0.1
    done
    kill -0 "$1" 2>/dev/null || { echo "serve.sh: another program answers on $2" >&2; exit 1; }
}

command -v nginx >/dev/null || { echo "serve.sh: nginx is not installed" >&2; exit 1; }
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$work"' EXIT
PIXMILL__PARAMS__DEFAULTS='format=auto&quality=80' PIXMILL__PARAMS__ENLARGE=false PIXMILL__LOGS__FILTER=warn \
    "$pixmill" serve --listen "127.0.0.1:$((port - 1))" --admin-listen 127.0.0.1:0 --origin samples &
started $! "http://127.0.0.1:$((port - 1))/ready"
sed "s|listen 127.0.0.1:8080|listen 127.0.0.1:$port|; s|127.0.0.1:8079/|127.0.0.1:$((port - 1))/|; s|target/demo|$work|" docs/demo/nginx.conf >"$work/nginx.conf"
# started by root, nginx would read the files as another user
[[ $EUID != 0 ]] || sed -i '1i user root;' "$work/nginx.conf"
nginx -e stderr -p "$PWD" -c "$work/nginx.conf" -g 'daemon off;' &
started $! "http://127.0.0.1:$port/"

if ((${#command[@]})); then
    "${command[@]}" "http://127.0.0.1:$port"
else
    echo "the demo: http://127.0.0.1:$port/, with the originals: http://127.0.0.1:$port/?pictures=originals"
    wait -n
fi
