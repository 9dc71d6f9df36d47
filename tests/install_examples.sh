#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs the library from its build folder to a prefix of its own and builds the examples against
# what is there, and nothing else: through find_package and through pkg-config, shared and static.
# Runs each: train draws, learns and saves; classify reads the model and names the picture.
set -euo pipefail
source_folder=${FOVEA_SOURCE:-$(cd "$(dirname "$0")/.." && pwd)}
build=${FOVEA_BUILD:?the build folder}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix
fail() { echo "FAIL: $*" >&2; exit 1; }

cmake --install "$build" --prefix "$prefix" > "$work/install.log" || fail "$(cat "$work/install.log")"
for file in include/fovea.h bin/fovea; do
    [ -e "$prefix/$file" ] || fail "$file was not installed"
done
library=$(dirname "$(find "$prefix" -name libfovea.a)")
[ -e "$library/pkgconfig/fovea.pc" ] || fail "fovea.pc was not installed"
cp -r "$source_folder/examples" "$work/examples"  # away from the sources: nothing else is found

# The examples are linked as the library was.
sanitize=${FOVEA_SANITIZE:+-fsanitize=$FOVEA_SANITIZE}
export CFLAGS="-O2 -Wall -Wextra -Werror $sanitize" LDFLAGS="$sanitize"

try() { # FOLDER WHAT: runs both programs there
    local folder=$1 what=$2 expected
    cd "$folder"
    ./train shapes.safetensors shape.pgm > train.log || fail "$what: train: $(cat train.log)"
    local right
    right=$(sed -n 's/^\([0-9]*\) of 320 new pictures told right.*/\1/p' train.log)
    [ "${right:-0}" -ge 300 ] || fail "$what: only ${right:-0} of 320 told right"
    expected=$(sed -n 's/^shape.pgm shows a //p' train.log)
    ./classify shapes.safetensors shape.pgm > classify.log || fail "$what: classify"
    head -1 classify.log | grep -q " $expected\$" || fail "$what: a $expected was called $(head -1 classify.log)"
    local status=0
    ./classify no-such.safetensors shape.pgm 2> error.log || status=$?
    [ "$status" = 3 ] || fail "$what: a missing model gave status $status"
    grep -q "no-such.safetensors" error.log || fail "$what: a missing model gave '$(cat error.log)'"
    echo "ok: $what: $right of 320, picture: $(head -1 classify.log)"
}

for static in OFF ON; do
    folder=$work/cmake-$static
    cmake -S "$work/examples" -B "$folder" -DCMAKE_PREFIX_PATH="$prefix" -DSTATIC=$static \
        > "$work/cmake.log" 2>&1 || fail "$(cat "$work/cmake.log")"
    cmake --build "$folder" > "$work/cmake.log" 2>&1 || fail "$(cat "$work/cmake.log")"
    try "$folder" "find_package, static $static"
done

if command -v pkg-config > /dev/null && command -v make > /dev/null; then
    export PKG_CONFIG_PATH=$library/pkgconfig LD_LIBRARY_PATH=$library
    for static in "" 1; do
        folder=$work/make-$static
        mkdir "$folder"
        make -C "$work/examples" OUT="$folder" ${static:+STATIC=1} > "$work/make.log" 2>&1 ||
            fail "$(cat "$work/make.log")"
        [ -z "$static" ] || ! ldd "$folder/train" | grep -q libfovea || fail "static is not static"
        try "$folder" "pkg-config${static:+, static}"
    done
else
    echo "SKIP: no pkg-config or no make"
fi

# A reader that knows the published format and nothing of us opens what was saved.
if command -v python3 > /dev/null; then
    python3 "$source_folder/tests/read_safetensors.py" "$work/cmake-OFF/shapes.safetensors" \
        conv1.weight conv1.bias conv2.weight fc1.weight fc2.bias > "$work/read.log" ||
        fail "read_safetensors.py: $(cat "$work/read.log")"
    grep -q "^conv1.weight F32 8x1x3x3 " "$work/read.log" || fail "$(cat "$work/read.log")"
    cat "$work/read.log"
else
    echo "SKIP: no python3"
fi
# The same program, seed and pictures: the same file, however it was linked.
for folder in "$work"/cmake-ON "$work"/make-*; do
    [ ! -d "$folder" ] || cmp "$work/cmake-OFF/shapes.safetensors" "$folder/shapes.safetensors"
done
