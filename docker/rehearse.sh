#!/usr/bin/env bash
# Performs the steps of docker/Dockerfile without a container engine, in a clean Debian made by debootstrap, then runs the result
# as its user on a read-only file system, and requests pictures of each kind from it.
#
#   docker/rehearse.sh [--binary FILE]
#
# --binary FILE   a binary of this checkout that was compiled before, with the vendor/ of this checkout: the stage that compiles
#                 is skipped. Without it the whole Dockerfile is performed; the Rust toolchain of this machine stands in for that of
#                 the image `rust`.
#
# Needs root, debootstrap and Debian's packages; otherwise it says so and succeeds. The base system is kept in
# target/rehearsal/base.
set -euo pipefail
cd -- "${BASH_SOURCE[0]%/*}/.."
repo=$PWD
folder=$repo/target/rehearsal
release=bookworm
binary=
[[ ${1:-} != --binary ]] || binary=$(realpath -- "$2")

skip() {
    echo "rehearsal of the container: skipped: $*"
    exit 0
}

fail() {
    echo "rehearsal of the container: $*" >&2
    exit 1
}

[[ $EUID -eq 0 ]] || skip "needs root"
command -v curl >/dev/null || skip "needs curl"
if ! command -v debootstrap >/dev/null; then
    (apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends debootstrap) \
        >/dev/null 2>&1 </dev/null || skip "debootstrap is not installed"
fi

server=
release_all() {
    [[ -z $server ]] || kill -KILL "$server" 2>/dev/null || true
    local mount
    # the latest first, since they are nested
    while read -r mount; do umount --lazy "$mount"; done < <(
        awk -v below="$folder/" 'index($5, below) == 1 { print $5 }' /proc/self/mountinfo | tac)
}
trap release_all EXIT

# --- the file systems of the stages

# base: the image that both stages begin with, made once.
base() {
    [[ ! -e $folder/base/.complete ]] || return 0
    rm -rf "$folder/base"
    mkdir -p "$folder/base"
    echo "making a clean Debian $release"
    debootstrap --variant=minbase "$release" "$folder/base" >"$folder/base.log" 2>&1 ||
        { tail -n 5 "$folder/base.log" >&2; skip "debootstrap could not make Debian $release"; }
    touch "$folder/base/.complete"
}

# begin ROOT: a file system of a stage. The mounts are what a container engine provides too.
begin() {
    rm -rf "$1"
    cp -a --reflink=auto "$folder/base" "$1"
    cp -L /etc/resolv.conf "$1/etc/resolv.conf"
    mount --bind "$1" "$1"
    mount -t proc proc "$1/proc"
    mount --rbind /dev "$1/dev"
    mount --make-rslave "$1/dev"
}

# inside ROOT FOLDER COMMAND: runs a shell command as the step RUN does.
inside() {
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/cargo/bin HOME=/root \
        DEBIAN_FRONTEND=noninteractive CARGO_HOME=/usr/local/cargo RUSTUP_HOME=/usr/local/rustup \
        chroot "$1" /bin/sh -c "cd '$2' && $3" </dev/null
}

# rust ROOT: what the image `rust` has beside Debian.
rust() {
    inside "$1" / 'apt-get update && apt-get install --yes --no-install-recommends build-essential ca-certificates pkg-config'
    mkdir -p "$1/usr/local/rustup" "$1/usr/local/cargo/bin"
    mount --bind "$(rustup show home)" "$1/usr/local/rustup"
    mount --bind -o ro "${CARGO_HOME:-$HOME/.cargo}/bin" "$1/usr/local/cargo/bin"
    mkdir -p "$1/usr/local/cargo/registry" "${CARGO_HOME:-$HOME/.cargo}/registry"
    mount --bind "${CARGO_HOME:-$HOME/.cargo}/registry" "$1/usr/local/cargo/registry"
}

# --- the instructions of the Dockerfile

# steps: one line per instruction: comments removed, continued lines joined.
steps() {
    sed -e '/^[[:space:]]*#/d' docker/Dockerfile |
        awk '{ if (sub(/\\$/, "")) { line = line $0 } else { print line $0; line = "" } }' | sed -e '/^[[:space:]]*$/d'
}

# copy ROOT SOURCE TARGET: as the step COPY does; a folder's contents are copied, and what .dockerignore names is not.
copy() {
    [[ -e $2 ]] || fail "COPY: there is no $2"
    if [[ -d $2 ]]; then
        mkdir -p "$1$3"
        tar --create --directory "$2" --exclude-from .dockerignore --exclude-vcs . | tar --extract --directory "$1$3"
    else
        mkdir -p "$1$(dirname "$3")"
        cp -a "$2" "$1$3"
        chown 0:0 "$1$3"
    fi
}

# built PATH: where a file of the stage `build` is.
built() {
    case $binary:$1 in
    :*) echo "$folder/build$1" ;;
    *:/src/dist/pixmill) echo "$binary" ;;
    *:/src/*) echo "$repo/${1#/src/}" ;;
    *) fail "COPY --from=build: $1 is outside of /src" ;;
    esac
}

# What the last stage says about running it.
user=0:0 entrypoint=() command=() health=()

# words JSON: the strings of a JSON array of plain words.
words() { grep -o '"[^"]*"' <<<"$1" | tr -d '"'; }

# perform: all steps, in $root.
perform() {
    local step rest stage=0 root='' work=/
    while read -r step rest; do
        [[ $step == FROM || -n $root ]] || continue
        case $step in
        FROM)
            work=/
            root=
            if [[ $rest == *' AS build' ]]; then
                [[ -z $binary ]] || continue
                root=$folder/build
                begin "$root"
                rust "$root" >"$folder/rust.log" 2>&1 || fail "could not install a compiler: see $folder/rust.log"
            else
                root=$folder/root
                begin "$root"
            fi
            stage=$((stage + 1))
            ;;
        WORKDIR) work=$rest && mkdir -p "$root$work" ;;
        RUN)
            # cache mounts only save time
            rest=$(sed -E 's/--mount=[^ ]+ //g' <<<"$rest")
            echo "RUN ${rest:0:90}"
            inside "$root" "$work" "$rest" >"$folder/run.log" 2>&1 || { tail -n 20 "$folder/run.log" >&2; fail "failed: RUN $rest"; }
            ! grep -i 'no writable cache' "$folder/run.log" || fail "fontconfig found no place for its cache"
            ;;
        COPY)
            echo "COPY $rest"
            if [[ $rest == --from=build\ * ]]; then
                read -r _ from to <<<"$rest"
                copy "$root" "$(built "$from")" "$to"
            else
                read -r from to <<<"$rest"
                [[ $to == /* ]] || to=$work/$to
                copy "$root" "$from" "${to%/.}"
            fi
            ;;
        USER) user=$rest ;;
        ENTRYPOINT) mapfile -t entrypoint < <(words "$rest") ;;
        CMD) mapfile -t command < <(words "$rest") ;;
        HEALTHCHECK) mapfile -t health < <(words "${rest#*CMD }") ;;
        LABEL | EXPOSE) ;;
        *) fail "the instruction $step is unknown: add it to docker/rehearse.sh, or write the Dockerfile without it" ;;
        esac
    done < <(steps)
}

# --- running it

# prepare_to_enter VARIABLE...: sets `enter`, which runs a command as the user of the image, with the environment of a container.
enter=()
prepare_to_enter() {
    enter=(env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/ "$@"
        chroot "--userspec=$user" "$folder/root")
}

# serve: starts the image's command, and waits until it is ready by the image's health check.
serve() {
    mkdir -p "$folder/root/pictures" "$folder/root/etc/pixmill"
    printf '[listen]\naddress = "127.0.0.1:%s"\ndrain_delay = "0s"\n[admin]\naddress = "127.0.0.1:0"\n[origin]\nurl = "/pictures"\n' "$port" \
        >"$folder/root/etc/pixmill/pixmill.toml"
    rm -f "$folder/root/etc/resolv.conf"
    mount --bind -o ro "$repo/samples" "$folder/root/pictures"
    mount -o remount,bind,ro "$folder/root"
    prepare_to_enter PIXMILL_CONFIG=/etc/pixmill/pixmill.toml
    "${enter[@]}" "${entrypoint[@]}" "${command[@]}" >"$folder/serve.log" 2>&1 &
    server=$!
    local try
    for try in {1..100}; do
        ! "${enter[@]}" "${health[@]}" >/dev/null 2>&1 || return 0
        kill -0 "$server" 2>/dev/null || { cat "$folder/serve.log" >&2; fail "the server ended"; }
        sleep 0.1
    done
    fail "it is not healthy after $try checks"
}

# request: every picture that `make run` prints, from the host.
request() {
    local path status count=0
    while read -r path; do
        status=$(curl --globoff --silent --output "$folder/answer" --write-out '%{http_code}' "http://127.0.0.1:$port$path")
        [[ $status == 200 ]] || fail "$path: $status: $(head -c 300 "$folder/answer")"
        count=$((count + 1))
    done < <(grep '^/' samples/urls.txt)
    echo "$count requests answered with 200"
}

size() { du --summarize --bytes --one-file-system "$1" | cut -f 1; }

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
release_all
mkdir -p "$folder"
base
perform
[[ $user =~ ^[1-9][0-9]*:[1-9][0-9]*$ ]] || fail "USER $user: expected numbers that are not those of root"
echo "the image: $(($(size "$folder/root") / 1000000)) MB, of which Debian's base is $(($(size "$folder/base") / 1000000)) MB"
serve
[[ $("${enter[@]}" touch /written 2>&1) == *'Read-only file system' ]] || fail "the root file system can be written"
request
! grep -i 'no writable cache' "$folder/serve.log" || fail "fontconfig found no place for its cache"
kill -TERM "$server"
wait "$server" || fail "it ended with status $? on SIGTERM"
server=
echo "rehearsal of the container: passed"
