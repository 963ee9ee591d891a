#!/usr/bin/env bash
# Performs the steps of docker/Dockerfile without a container engine, in a clean Debian made by debootstrap, then runs the result
# as its user on a read-only file system, and requests pictures of each kind from it.
#
#   docker/rehearse.sh [--binary FILE] [--packages FOLDER]
#
# --binary FILE   a binary of this checkout that was compiled before, with the vendor/ of this checkout: the stage that compiles
#                 is skipped. Without it the whole Dockerfile is performed; the Rust toolchain of this machine stands in for that of
#                 the image `rust`.
# --packages FOLDER   the packages that docker/package/package.sh made there are installed and served in a clean Debian too.
#
# Needs root, debootstrap and Debian's packages; otherwise it says so and succeeds. The base system is kept in
# target/rehearsal/base.
set -euo pipefail
cd -- "${BASH_SOURCE[0]%/*}/.."
repo=$PWD
folder=$repo/target/rehearsal
release=bookworm
binary='' packages=''
while [[ $# -gt 0 ]]; do
    case $1 in
    --binary) binary=$(realpath -- "$2") ;;
    --packages) packages=$(realpath -- "$2") ;;
    *) echo "usage: docker/rehearse.sh [--binary FILE] [--packages FOLDER]" >&2 && exit 2 ;;
    esac
    shift 2
done

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

# prepare_to_enter ROOT USER VARIABLE...: sets `enter`, which runs a command as a user, with the environment of a container.
enter=()
prepare_to_enter() {
    enter=(env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/ "${@:3}" chroot "--userspec=$2" "$1")
}

# configure ROOT: writes a configuration that serves the sample pictures on a free port.
configure() {
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    mkdir -p "$1/pictures" "$1/etc/pixmill"
    mount --bind -o ro "$repo/samples" "$1/pictures"
    cat >"$1/etc/pixmill/pixmill.toml" <<TOML
[listen]
address = "127.0.0.1:$port"
drain_delay = "0s"
[admin]
address = "127.0.0.1:0"
[origin]
url = "/pictures"
TOML
}

# try COMMAND...: starts a server, requests every picture that `make run` prints, and stops it.
try() {
    local path status count=0 try
    "${enter[@]}" "$@" >"$folder/serve.log" 2>&1 &
    server=$!
    for try in {1..101}; do
        ! "${enter[@]}" "${health[@]}" >/dev/null 2>&1 || break
        kill -0 "$server" 2>/dev/null || { cat "$folder/serve.log" >&2; fail "the server ended"; }
        sleep 0.1
    done
    [[ $try -le 100 ]] || fail "it is not healthy after 100 checks"
    while read -r path; do
        status=$(curl --globoff --silent --output "$folder/answer" --write-out '%{http_code}' "http://127.0.0.1:$port$path")
        [[ $status == 200 ]] || fail "$path: $status: $(head -c 300 "$folder/answer")"
        count=$((count + 1))
    done < <(grep '^/' samples/urls.txt)
    kill -TERM "$server"
    wait "$server" || fail "it ended with status $? on SIGTERM"
    server=
    echo "$count requests answered with 200"
}

size() { du --summarize --bytes --one-file-system "$1" | cut -f 1; }

# container: the image of the Dockerfile.
container() {
    local root=$folder/root
    perform
    [[ $user =~ ^[1-9][0-9]*:[1-9][0-9]*$ ]] || fail "USER $user: expected numbers that are not those of root"
    echo "the image: $(($(size "$root") / 1000000)) MB, of which Debian's base is $(($(size "$folder/base") / 1000000)) MB"
    rm -f "$root/etc/resolv.conf"
    configure "$root"
    mount -o remount,bind,ro "$root"
    prepare_to_enter "$root" "$user" PIXMILL_CONFIG=/etc/pixmill/pixmill.toml
    [[ $("${enter[@]}" touch /written 2>&1) == *'Read-only file system' ]] || fail "the root file system can be written"
    try "${entrypoint[@]}" "${command[@]}"
    ! grep -i 'no writable cache' "$folder/serve.log" || fail "fontconfig found no place for its cache"
}

# installed: the Debian package and the tarball, in a clean Debian.
installed() {
    local root=$folder/installed tarball deb
    tarball=$(echo "$packages"/*.tar.gz) deb=$(echo "$packages"/*.deb)
    (cd "$packages" && sha256sum --check --quiet SHA256SUMS-*) || fail "the checksums of the packages are wrong"
    begin "$root"
    cp "$deb" "$root/tmp/pixmill.deb"
    inside "$root" / 'apt-get update && apt-get install --yes --no-install-recommends /tmp/pixmill.deb' >"$folder/run.log" 2>&1 ||
        { tail -n 20 "$folder/run.log" >&2; fail "could not install $deb"; }
    inside "$root" / 'gzip --test /usr/share/man/man1/pixmill.1.gz && bash -n /usr/share/bash-completion/completions/pixmill' ||
        fail "the manual page or the completions are missing"
    configure "$root"
    # nobody: what the service is run as has no more rights
    prepare_to_enter "$root" 65534:65534 PIXMILL_CONFIG=/etc/pixmill/pixmill.toml
    health=(pixmill health)
    echo "installed: ${deb##*/}"
    try pixmill serve
    inside "$root" / 'dpkg --purge pixmill && ! command -v pixmill' >"$folder/run.log" 2>&1 || fail "could not remove the package"
    tar --extract --file "$tarball" --directory "$root/opt"
    health=("/opt/$(basename "$tarball" .tar.gz)/bin/pixmill" health)
    mkdir -p "$root/etc/pixmill"
    umount "$root/pictures"
    configure "$root"
    echo "unpacked: ${tarball##*/}"
    try "${health[0]}" serve
}

release_all
mkdir -p "$folder"
base
container
[[ -z $packages ]] || installed
echo "rehearsal of the container: passed"
