#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs the library from its build folder to a prefix of its own and builds the examples against
# what is there, and nothing else: through find_package and through pkg-config, shared and static
# (under sanitizers, which are slow, the one shared and the other static).
# Runs each: train draws, learns and saves; classify reads the model and names the image; explain
# prints a table; look draws filters and maps; learn trains in a folder, is stopped, goes on, and
# learns from four IDX files; swish brings a layer of its own; residual builds a network by calls.
set -euo pipefail
source_folder=${FOVEA_SOURCE:-$(cd "$(dirname "$0")/.." && pwd)}
build=${FOVEA_BUILD:?the build folder}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix
fail() { echo "FAIL: $*" >&2; exit 1; }

cmake --install "$build" --prefix "$prefix" > "$work/install.log" || fail "$(cat "$work/install.log")"
for file in include/fovea.h bin/fovea $(cd "$source_folder" && ls include/fovea/*.h); do
    [ -e "$prefix/$file" ] || fail "$file was not installed"
done
library=$(dirname "$(find "$prefix" -name libfovea.a)")
[ -e "$library/pkgconfig/fovea.pc" ] || fail "fovea.pc was not installed"
cp -r "$source_folder/examples" "$work/examples"  # away from the sources: nothing else is found

# The examples are linked as the library was.
sanitize=${FOVEA_SANITIZE:+-fsanitize=$FOVEA_SANITIZE}
export CFLAGS="-O2 -Wall -Wextra -Werror $sanitize" LDFLAGS="$sanitize"

# Four IDX files: 12 gray images of 16x16 to learn from and 6 to test, bright on the left or right.
idx_files() {
    local part count octal i k
    for part in train test; do
        count=12 octal=14
        [ $part = train ] || count=6 octal=6
        printf "\\0\\0\\10\\3\\0\\0\\0\\$octal\\0\\0\\0\\20\\0\\0\\0\\20" > $part-images
        printf "\\0\\0\\10\\1\\0\\0\\0\\$octal" > $part-labels
        for ((i = 0; i < count; i++)); do
            printf "\\$((i % 2))" >> $part-labels
            for ((k = 0; k < 16; k++)); do
                if ((i % 2)); then printf '\0\0\0\0\0\0\0\0\310\310\310\310\310\310\310\310'
                else printf '\310\310\310\310\310\310\310\310\0\0\0\0\0\0\0\0'; fi
            done >> $part-images
        done
    done
}

try_others() { # WHAT: the other programs, in this folder
    local what=$1 status=0
    ./explain lenet5 > explain.log || fail "$what: explain"
    grep -q '^conv1 .* 6x28x28 .* 156 .* 117600 ' explain.log || fail "$what: explain: $(cat explain.log)"
    grep -q '^61706 learned numbers' explain.log || fail "$what: explain: $(cat explain.log)"
    ./explain lenet6 2> error.log || status=$?
    [ $status = 3 ] && grep -q "lenet5" error.log || fail "$what: explain lenet6: $status"

    ./look shapes.safetensors shape.pgm . > look.log || fail "$what: look"
    for image in filters-conv1.weight maps-conv1 maps-maxpool2; do
        grep -q PNG <<< "$(head -c 4 $image.png)" || fail "$what: look drew no $image.png"
    done
    grep -q '^softmax1 ' look.log || fail "$what: look: $(cat look.log)"

    status=0
    ./learn run 120 > learn.log || status=$?
    [ $status = 130 ] && grep -q "^stopped after" learn.log || fail "$what: learn did not stop: $status"
    ./learn run 0 >> learn.log || fail "$what: learn did not go on: $(cat learn.log)"
    [ "$(grep -c '^epoch' learn.log)" = 3 ] || fail "$what: learn: $(cat learn.log)"
    ./learn straight 0 > learn.log || fail "$what: learn: $(cat learn.log)"
    cmp run/model.safetensors straight/model.safetensors || fail "$what: a stop changed the model"
    grep -q 'epoch 3 of 3: .* test \(9[0-9]\|100\)' learn.log || fail "$what: learn: $(cat learn.log)"
    idx_files
    ./learn files 0 train-images train-labels test-images test-labels > learn.log ||
        fail "$what: learn from files: $(cat learn.log)"
    grep -q '^epoch 3 of 3' learn.log || fail "$what: learn from files: $(cat learn.log)"

    ./swish swish.safetensors > swish.log || fail "$what: swish: $(cat swish.log)"
    grep -q '^gradients agree' swish.log || fail "$what: swish: $(cat swish.log)"
    status=0
    ./classify swish.safetensors shape.pgm 2> error.log || status=$?
    [ $status = 3 ] && grep -q "swish" error.log || fail "$what: who knows no swish read it: $status"

    ./residual 2 > residual.log || fail "$what: residual: $(cat residual.log)"
    [ "$(grep -c ' shortcut ' residual.log)" = 2 ] || fail "$what: residual: $(cat residual.log)"
    grep -q '^loss ' residual.log || fail "$what: residual: $(cat residual.log)"
}

try() { # FOLDER WHAT: runs the programs there
    local folder=$1 what=$2 expected
    cd "$folder"
    ./train shapes.safetensors shape.pgm > train.log || fail "$what: train: $(cat train.log)"
    local right
    right=$(sed -n 's/^\([0-9]*\) of 320 new images told right.*/\1/p' train.log)
    [ "${right:-0}" -ge 300 ] || fail "$what: only ${right:-0} of 320 told right"
    expected=$(sed -n 's/^shape.pgm shows a //p' train.log)
    ./classify shapes.safetensors shape.pgm > classify.log || fail "$what: classify"
    grep -q " $expected\$" <<< "$(head -1 classify.log)" || fail "$what: a $expected was called $(head -1 classify.log)"
    local status=0
    ./classify no-such.safetensors shape.pgm 2> error.log || status=$?
    [ "$status" = 3 ] || fail "$what: a missing model gave status $status"
    grep -q "no-such.safetensors" error.log || fail "$what: a missing model gave '$(cat error.log)'"
    try_others "$what"
    echo "ok: $what: $right of 320, image: $(head -1 classify.log)"
}

shared_or_static=(OFF ON) linkages=("" 1)
if [ -n "${FOVEA_SANITIZE:-}" ]; then shared_or_static=(OFF) linkages=(1); fi
for static in "${shared_or_static[@]}"; do
    folder=$work/cmake-$static
    cmake -S "$work/examples" -B "$folder" -DCMAKE_PREFIX_PATH="$prefix" -DSTATIC=$static \
        > "$work/cmake.log" 2>&1 || fail "$(cat "$work/cmake.log")"
    cmake --build "$folder" > "$work/cmake.log" 2>&1 || fail "$(cat "$work/cmake.log")"
    try "$folder" "find_package, static $static"
done

if command -v pkg-config > /dev/null && command -v make > /dev/null; then
    export PKG_CONFIG_PATH=$library/pkgconfig LD_LIBRARY_PATH=$library
    for static in "${linkages[@]}"; do
        folder=$work/make-$static
        mkdir "$folder"
        make -C "$work/examples" OUT="$folder" ${static:+STATIC=1} > "$work/make.log" 2>&1 ||
            fail "$(cat "$work/make.log")"
        [ -z "$static" ] || ! grep -q libfovea <<< "$(ldd "$folder/train")" || fail "static is not static"
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
# The same program, seed and images: the same file, however it was linked.
for folder in "$work"/cmake-ON "$work"/make-*; do
    [ ! -d "$folder" ] || cmp "$work/cmake-OFF/shapes.safetensors" "$folder/shapes.safetensors"
done
