#!/usr/bin/env bash
# Compiles the C decoders and encoders that stand beside libvips into static libraries: dav1d (AV1), libwebp (decoder
# only) and libjpeg-turbo. Sourced by vendor.sh, whose functions it uses.

# shellcheck disable=SC2154 # vendor.sh sets vendor, scripts, machine and work

# Where the libraries and their headers are.
codecs=$vendor/native/codecs

# codec_stamp: what the libraries depend on.
codec_stamp() {
    {
        echo "$machine"
        cat "$scripts/codecs/Cargo.lock" "$scripts/codecs/build.sh"
        grep -E '^(cmake|meson|ninja) ' "$scripts/versions.txt"
    } | sha256sum | cut -d ' ' -f 1
}

codecs_are_fresh() {
    local stamp
    [[ -e $codecs/lib/libdav1d.a ]] && read -r stamp 2>/dev/null <"$codecs/.stamp" && [[ $stamp == "$(codec_stamp)" ]]
}

part_codecs() {
    codecs_are_fresh && return
    [[ $machine == "$(uname -m)" ]] || fail "the codecs are compiled for this machine only, not for $machine"
    lock "$vendor/native/codecs"
    codecs_are_fresh && return # another run was faster
    need_codec_tools
    open_work "$codecs"
    codec_tools "$work/tools"
    say "fetching the sources of the codecs"
    mkdir -p "$work/manifest"
    cp "$scripts/codecs/Cargo.toml" "$scripts/codecs/Cargo.lock" "$work/manifest/"
    touch "$work/manifest/lib.rs"
    cargo vendor --quiet --locked --manifest-path "$work/manifest/Cargo.toml" "$work/sources" >/dev/null ||
        fail "could not fetch the sources of vendor-scripts/codecs/Cargo.lock"
    say "compiling dav1d, libwebp and libjpeg-turbo (a minute and a half of CPU time, once)"
    local part log
    for part in dav1d webp jpeg; do
        log=$work/$part.log
        "build_$part" >"$log" 2>&1 || { tail -n 30 "$log" >&2; fail "could not compile $part; see above"; }
    done
    mkdir -p "$vendor/native/licences/codecs" "$codecs/lib" "$codecs/include"
    cp -f "$work/sources/libdav1d-sys/vendor/COPYING" "$vendor/native/licences/codecs/dav1d.txt"
    cp -f "$work/sources/libwebp-sys/vendor/COPYING" "$vendor/native/licences/codecs/libwebp.txt"
    cp -f "$work/sources/libwebp-sys/vendor/PATENTS" "$vendor/native/licences/codecs/libwebp-patents.txt"
    cp -f "$work/sources/turbojpeg-sys/libjpeg-turbo/LICENSE.md" "$vendor/native/licences/codecs/libjpeg-turbo.txt"
    rm -rf "$codecs/include"
    mv -f "$work/include" "$codecs/include"
    mv -f "$work"/lib/*.a "$codecs/lib/"
    codec_stamp >"$work/stamp"
    mv -f "$work/stamp" "$codecs/.stamp"
}

# need_codec_tools: the assembler. Without it the decoders are several times slower, so that libvips' own are better.
need_codec_tools() {
    [[ $machine != x86_64 ]] || have nasm || need nasm
    have objcopy || need binutils
}

# codec_tools FOLDER: cmake, meson and ninja, apart from the system's.
codec_tools() {
    local part
    mkdir -p "$1/bin"
    for part in cmake meson ninja; do
        pin "$part"
        fetch "$1/$part"
    done
    ln -s ../cmake/cmake/data/bin/cmake "$1/bin/cmake"
    ln -s "$(find "$1/ninja" -type f -name ninja | head -n 1)" "$1/bin/ninja"
    chmod +x "$1"/cmake/cmake/data/bin/* "$(readlink -f "$1/bin/ninja")"
}

# with_tools COMMAND...: runs it with these tools.
with_tools() {
    PATH=$work/tools/bin:$PATH PYTHONPATH=$work/tools/meson PYTHONDONTWRITEBYTECODE=1 "$@"
}

build_dav1d() {
    with_tools python3 -m mesonbuild.mesonmain setup "$work/dav1d" "$work/sources/libdav1d-sys/vendor" \
        --prefix="$work" --libdir=lib --default-library=static --buildtype=release \
        -Denable_tools=false -Denable_tests=false -Dlogging=false &&
        with_tools ninja -C "$work/dav1d" install
}

build_jpeg() {
    with_tools cmake -S "$work/sources/turbojpeg-sys/libjpeg-turbo" -B "$work/jpeg" -G Ninja \
        -DCMAKE_INSTALL_PREFIX="$work" -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DENABLE_SHARED=OFF -DWITH_TURBOJPEG=OFF -DWITH_TOOLS=OFF \
        -DWITH_TESTS=OFF -DREQUIRE_SIMD=ON &&
        with_tools ninja -C "$work/jpeg" jpeg-static &&
        with_tools cmake --install "$work/jpeg" --component lib &&
        with_tools cmake --install "$work/jpeg" --component include
}

# Each file of vector code is compiled for its instruction set; libwebp chooses at run time. Files of the encoder are left out.
build_webp() (
    cd "$work/sources/libwebp-sys/vendor" && mkdir "$work/webp" || exit
    local common=(-O3 -fPIC -DNDEBUG -I. -Isrc) file flags
    [[ $machine != x86_64 ]] || common+=(-DWEBP_HAVE_SSE2 -DWEBP_HAVE_SSE41 -DWEBP_HAVE_AVX2)
    [[ $machine != aarch64 ]] || common+=(-DWEBP_HAVE_NEON)
    for file in src/dec/*.c src/dsp/*.c src/utils/*.c src/demux/*.c; do
        case $file in
        */enc* | *_enc.c | *_enc_*.c | *_encode_*.c | */cost* | */ssim*) continue ;;
        *_sse41.c) flags=-msse4.1 ;;
        *_avx2.c) flags=-mavx2 ;;
        *) flags=-fPIC ;;
        esac
        [[ $machine == x86_64 ]] || flags=-fPIC
        echo "${common[*]} $flags -c $file -o $work/webp/$(echo "$file" | tr / _).o"
    done | xargs -P "$(nproc)" -L 1 "${CC:-cc}" && ar rcs "$work/lib/libwebpdecoder.a" "$work"/webp/*.o &&
        mkdir -p "$work/include/webp" && cp src/webp/*.h "$work/include/webp/"
)
