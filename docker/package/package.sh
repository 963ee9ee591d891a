#!/usr/bin/env bash
# Packs a release: a tarball, a Debian package, the bill of materials, and their checksums.
#
#   docker/package/package.sh BINARY FOLDER
#
# BINARY is the stripped server; libraries, fonts and models are those of vendor/. In both packages the server is in bin/, beside
# lib/ and share/, where it looks for its libraries and models.
set -euo pipefail
cd -- "${BASH_SOURCE[0]%/*}/../.."
binary=$(realpath -- "$1")
mkdir -p "$2"
out=$(realpath -- "$2")
version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)
machine=$(uname -m)
case $machine in
x86_64) architecture=amd64 ;;
aarch64) architecture=arm64 ;;
*) echo "error: packages are made for x86_64 and aarch64, not for $machine" >&2 && exit 1 ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# files FOLDER: the server with everything that it needs but fonts.
files() {
    mkdir -p "$1/bin" "$1/lib" "$1/share/pixmill" "$1/share/licenses"
    install -m 755 "$binary" "$1/bin/pixmill"
    cp -a vendor/native/lib/. "$1/lib/"
    cp -R vendor/models "$1/share/pixmill/models"
    cp -R vendor/native/licences "$1/share/licenses/pixmill"
    cp LICENSE "$1/share/licenses/pixmill/LICENSE"
    rm -f "$1/share/pixmill/models/.lock"
}

# help_files PIXMILL SHARE ZSH: manual pages and completions, which the server at PIXMILL writes itself; those of zsh in SHARE/zsh/ZSH.
help_files() {
    mkdir -p "$2/man/man1" "$2/bash-completion/completions" "$2/zsh/$3" "$2/fish/vendor_completions.d"
    "$1" man "$2/man/man1"
    gzip --best --no-name "$2"/man/man1/*.1
    "$1" completions bash >"$2/bash-completion/completions/pixmill"
    "$1" completions zsh >"$2/zsh/$3/_pixmill"
    "$1" completions fish >"$2/fish/vendor_completions.d/pixmill.fish"
}

name=pixmill-$version-linux-$machine
files "$work/$name"
help_files "$work/$name/bin/pixmill" "$work/$name/share" site-functions
mkdir -p "$work/$name/share/fonts"
cp -R vendor/fonts "$work/$name/share/fonts/pixmill"
cp README.md CHANGELOG.md docker/package/pixmill.toml docker/package/pixmill.service "$work/$name/"
# the same bytes from the same files
tar --create --gzip --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 --file "$out/$name.tar.gz" --directory "$work" "$name"

deb=$work/deb
files "$deb/usr/lib/pixmill"
mkdir -p "$deb"/{DEBIAN,usr/bin,usr/share/doc/pixmill,usr/share/fonts/truetype,etc/pixmill,lib/systemd/system}
ln -s ../lib/pixmill/bin/pixmill "$deb/usr/bin/pixmill"
help_files "$deb/usr/lib/pixmill/bin/pixmill" "$deb/usr/share" vendor-completions
cp -R vendor/fonts "$deb/usr/share/fonts/truetype/pixmill"
cp README.md CHANGELOG.md docs/command-line.md docs/configuration.md docs/operations.md "$deb/usr/share/doc/pixmill/"
cp LICENSE "$deb/usr/share/doc/pixmill/copyright"
cp docker/package/pixmill.toml "$deb/etc/pixmill/"
cp docker/package/pixmill.service "$deb/lib/systemd/system/"
echo /etc/pixmill/pixmill.toml >"$deb/DEBIAN/conffiles"
# fonts: the same list as in vendor-scripts/vendor.sh
cat >"$deb/DEBIAN/control" <<CONTROL
Package: pixmill
Version: $version
Architecture: $architecture
Maintainer: The Pixmill authors <pixmill@users.noreply.github.com>
Installed-Size: $(du --summarize --block-size=1024 "$deb" | cut -f 1)
Depends: libc6 (>= 2.36), libstdc++6, libgcc-s1, ca-certificates, fontconfig-config
Recommends: fonts-liberation, fonts-dejavu-core, fonts-dejavu-extra, fonts-open-sans, fonts-urw-base35, fonts-comic-neue,
 fonts-sil-charis, fonts-noto-color-emoji, fonts-wqy-microhei
Section: httpd
Priority: optional
Homepage: https://github.com/pixmill/pixmill
Description: high-throughput image proxy
 Pixmill fetches images from web servers, buckets and folders, applies what the query string requests with libvips, caches the
 result, and serves it. It stands between image storage and a CDN.
CONTROL
cat >"$deb/DEBIAN/postinst" <<'SCRIPT'
#!/bin/sh
set -e
if [ "$1" = configure ] && [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    [ -z "$2" ] || systemctl try-restart pixmill.service
fi
SCRIPT
cat >"$deb/DEBIAN/prerm" <<'SCRIPT'
#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
    systemctl stop pixmill.service || true
fi
SCRIPT
chmod 755 "$deb/DEBIAN/postinst" "$deb/DEBIAN/prerm"
dpkg-deb --build --root-owner-group -Zxz -z1 "$deb" "$out/pixmill_${version}_$architecture.deb" >/dev/null

PYTHONPATH=target/tools/sbom PYTHONDONTWRITEBYTECODE=1 python3 -s docker/package/sbom.py >"$out/$name.cdx.json"
(cd "$out" && sha256sum "$name.tar.gz" "pixmill_${version}_$architecture.deb" "$name.cdx.json" >"SHA256SUMS-$machine")
ls -l "$out"
