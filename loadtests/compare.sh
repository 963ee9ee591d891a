#!/usr/bin/env bash
# Pixmill beside other image servers: installs what is compared into target/loadtest, at fixed versions, and runs the
# scenarios. README.md tells the environment variables.
set -euo pipefail

here=$(cd -- "${BASH_SOURCE[0]%/*}" && pwd)
repo=${here%/*}
work=${CARGO_TARGET_DIR:-$repo/target}/loadtest
# shellcheck source=vendor-scripts/system.sh
source "$repo/vendor-scripts/system.sh"
export PATH=$PATH:/usr/sbin:/usr/local/sbin

# python_packages NAME: the packages of peers/NAME.txt in a folder of their own, remade when the list changes.
python_packages() {
    local list=$here/peers/$1.txt folder=$work/$1 fresh
    cmp -s "$list" "$folder/requirements.txt" && return
    need_pip
    say "installing the Python packages of loadtests/peers/$1.txt"
    fresh=$(mktemp -d "$work/.$1.XXXXXX")
    if ! python3 -m pip --quiet --disable-pip-version-check --no-input install --root-user-action=ignore --no-deps \
        --target "$fresh" --requirement "$list"; then
        rm -rf "$fresh"
        return 1
    fi
    cp "$list" "$fresh/requirements.txt"
    rm -rf "$folder"
    mv -T "$fresh" "$folder"
}

# node_packages: ipx and what it needs, as package-lock.json says.
node_packages() {
    cmp -s "$here/peers/package-lock.json" "$work/package-lock.json" && [[ -d $work/node_modules/ipx ]] && return
    if ! have node || ! have npm; then
        say "ipx: skipped: needs node and npm"
        return
    fi
    say "installing ipx"
    rm -rf "$work/node_modules"
    cp "$here/peers/package.json" "$here/peers/package-lock.json" "$work/"
    (cd "$work" && npm ci --no-audit --no-fund --loglevel=error >&2) || {
        rm -f "$work/package-lock.json"
        say "ipx: skipped: npm could not install it"
    }
}

image_filter_is_there() { compgen -G '/usr/lib*/nginx/modules/ngx_http_image_filter_module.so' >/dev/null; }

mkdir -p "$work"
have nginx || need nginx
want wrk 'the scenario hits is skipped'
have node || want nodejs 'ipx is skipped' || true
have npm || want npm 'ipx is skipped' || true
image_filter_is_there || want libnginx-mod-http-image-filter 'image_filter is skipped' || true
[[ " ${SCENARIO-} " != *" cluster "* ]] || want redis-server 'the scenario cluster is skipped'
python_packages tools || fail "the drivers need the packages of loadtests/peers/tools.txt"
python_packages thumbor || say "thumbor: skipped: pip could not install it"
node_packages

export PYTHONDONTWRITEBYTECODE=1
PYTHONPATH=$here:$work/tools exec python3 -m compare
