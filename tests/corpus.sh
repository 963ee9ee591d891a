#!/usr/bin/env bash
# Runs the corpus: pictures and cases that check the server from outside, through HTTP. They live beside the repository
# and may be absent. Failures that belong to later work are named in corpus-skip.txt, with what will mend them.
#
#   tests/corpus.sh [OPTION...]     further options go to run_cases.py, `--only 'contract-*'` for instance
#   tests/corpus.sh --prepare       only fetches what the runner needs
#
# PIXMILL_BIN  the server to check; default: the development build
set -euo pipefail

cd -- "${BASH_SOURCE[0]%/*}/.."
corpora=../shared/corpora
trials=../shared/trials
target=${CARGO_TARGET_DIR:-target}
server=${PIXMILL_BIN:-$target/debug/pixmill}
packages=$target/corpus-packages
# shellcheck source=vendor-scripts/system.sh
source vendor-scripts/system.sh

if [[ ! -e $corpora/run_cases.py ]]; then
    [[ ${1-} == --prepare ]] || echo "corpus: skipped: $corpora is not there"
    exit 0
fi

# The runner's Python packages, kept apart from the system's, remade when its requirements change: those that it names,
# and OpenCV, another eye that looks for the faces.
requirements() {
    cat "$corpora/requirements.txt"
    echo 'opencv-python-headless>=4.10,<5'
}
if ! requirements | cmp -s - "$packages/requirements.txt"; then
    need_pip
    mkdir -p "$target"
    fresh=$(mktemp -d "$target/.corpus-packages.XXXXXX")
    trap 'rm -rf "$fresh"' EXIT
    requirements >"$fresh/requirements.txt"
    python3 -m pip --quiet --disable-pip-version-check --no-input install --root-user-action=ignore --only-binary=:all: \
        --target "$fresh" --requirement "$fresh/requirements.txt" ||
        fail "could not install the packages that the corpus needs: $(requirements | xargs)"
    rm -rf "$packages"
    mv -T "$fresh" "$packages"
    trap - EXIT
fi
[[ ${1-} != --prepare ]] || exit 0
[[ -x $server ]] || fail "no server at $server; build it first: cargo build --package pixmill"

run() {
    PYTHONPATH=$packages PYTHONDONTWRITEBYTECODE=1 python3 "$corpora/run_cases.py" \
        --server "$server serve --listen 127.0.0.1:{port} --admin-listen 127.0.0.1:{admin} --origin {origin}" "$@"
}
check() {
    run --set dev --skip-file tests/corpus-skip.txt --keep "$target/corpus" "$@"
}
check "$@"

# Pictures and requests that failed once.
if [[ $# == 0 && -e $trials/cases.jsonl ]]; then
    run --cases "$trials/cases.jsonl" --root "$trials/.." --keep "$target/trials"
fi

# The cases of a server that takes uploads and lets requests name its origin; options choose among the others.
if [[ $# == 0 ]]; then
    export PIXMILL__UPLOADS__ENABLED=true PIXMILL__UPLOADS__PUBLIC=true PIXMILL__UPLOADS__ADDRESS=127.0.0.1:0
    export PIXMILL__ORIGIN__ALLOW_DYNAMIC=true PIXMILL__ORIGIN__HOSTS_ALLOWED='["127.0.0.1"]'
    check --allow uploads,dynamic_origin --only 'client-*'
fi
