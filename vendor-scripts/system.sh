# shellcheck shell=bash
# Functions that install or check packages of the operating system. Sourced, not run.

# say TEXT: prints one line for the user to stderr.
say() { printf '%s\n' "$*" >&2; }

# fail TEXT: prints what is wrong and what to do, and exits.
fail() {
    say "error: $*"
    exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

have_pip() { python3 -m pip --version >/dev/null 2>&1; }

# need PACKAGE...: installs Debian packages if possible, otherwise prints the command that does.
need() {
    local install="apt-get install --yes --no-install-recommends $*"
    have apt-get || fail "missing on this system: $* (named as in Debian); install them with its package manager"
    [[ $EUID -eq 0 ]] || fail "missing packages; run: sudo $install"
    say "installing $*"
    # package lists may be absent (container images) or outdated
    { apt-get update && DEBIAN_FRONTEND=noninteractive $install; } </dev/null >&2 ||
        fail "could not install the missing packages; try: $install"
}

# need_build_tools: the tools that cargo needs to compile the C and C++ in some crates, and to link the workspace.
need_build_tools() {
    local missing=()
    have cc && have c++ || missing+=(build-essential)
    have make || missing+=(make)
    [[ ${#missing[@]} -eq 0 ]] || need "${missing[@]}"
    # nasm builds the video encoder's fast paths on x86_64; without it they are omitted
    [[ $(uname -m) != x86_64 ]] || want nasm 'videos are encoded several times slower'
}

# want PROGRAM LOSS [PACKAGE]: like need, for an optional program, by default of the package of its name; if it cannot be installed,
# prints the consequence.
want() {
    have "$1" && return
    if [[ $EUID -ne 0 ]] || ! have apt-get || ! (need "${3:-$1}"); then
        say "$1 is not installed: $2"
    fi
}

# need_pip: Python with pip, the client that fetches packages.
need_pip() {
    local missing=()
    have python3 || missing+=(python3)
    have_pip || missing+=(python3-pip)
    [[ ${#missing[@]} -eq 0 ]] && return
    need "${missing[@]}"
    have_pip || fail "python3 in PATH ($(command -v python3)) has no pip; expected 'python3 -m pip' to work"
}
