#!/usr/bin/env bash
# Runs the fuzz targets of fuzz/, each for some time, one after the other. `make fuzz`.
#
#   .ci/fuzz.sh SECONDS [TARGET...]     default: all targets
#
# A finding is written to fuzz/artifacts/TARGET/ and ends that target; the others still run, and the script fails at the end.
#
# PIXMILL_FUZZ_TOOLCHAIN  other Rust toolchain than nightly; AddressSanitizer needs a nightly one
set -euo pipefail
cd -- "${BASH_SOURCE[0]%/*}/.."
toolchain=${PIXMILL_FUZZ_TOOLCHAIN:-nightly}
seconds=${1:?expected the seconds per target}
shift
vendor-scripts/vendor.sh libvips cargo-fuzz
PATH=$PWD/target/tools/bin:$PATH
export LD_LIBRARY_PATH=$PWD/vendor/native/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}

fuzz() { cargo "+$toolchain" fuzz "$@"; }

[[ $# -gt 0 ]] || mapfile -t targets < <(fuzz list)
[[ $# -eq 0 ]] || targets=("$@")
# once for all: each `run` would build its own target first
if [[ $# -eq 1 ]]; then fuzz build "$1"; else fuzz build; fi

failed=()
for target in "${targets[@]}"; do
    # an input that takes 25 seconds, or 4 GB with AddressSanitizer's own share, is a finding
    options=(-max_total_time="$seconds" -timeout=25 -rss_limit_mb=4096 -print_final_stats=1)
    case $target in
        decode_* | cost)
            options+=(-dict=fuzz/corpus/pictures.dict -max_len=65536)
            # librsvg and the decoders inside libvips are not built with AddressSanitizer; when a decoder refuses an original, libvips
            # leaves objects of GLib behind: see "Limits" in docs/fuzzing.md.
            options+=(-detect_leaks=0)
            ;;
        query | canonical | plan | signing)
            options+=(-dict=fuzz/corpus/requests.dict -max_len=1024)
            ;;
    esac
    echo "fuzz: $target, $seconds seconds"
    fuzz run "$target" -- "${options[@]}" || failed+=("$target")
done
if [[ ${#failed[@]} -gt 0 ]]; then
    echo "fuzz: findings in ${failed[*]}; see fuzz/artifacts/" >&2
    exit 1
fi
