#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The shared library shows the public names and no other: fv_noun, never fv__noun nor anything else,
# and every function that the public headers declare is there.
set -euo pipefail
source_folder=${FOVEA_SOURCE:-$(cd "$(dirname "$0")/.." && pwd)}
build=${FOVEA_BUILD:?the build folder}
library=$(find "$build" -maxdepth 2 -name 'libfovea.so.*.*' -o -maxdepth 2 -name 'libfovea.dylib' |
    head -1)
[ -n "$library" ] || { echo "FAIL: no shared library in $build" >&2; exit 1; }

exported=$(nm -D --defined-only "$library" | awk '{print $3}' | sed 's/@.*//' | sort -u)
if others=$(grep -vE '^fv_[a-z][a-z0-9_]*$' <<< "$exported" | grep -vE '^(_init|_fini)$'); then
    echo "FAIL: the library also shows:" >&2
    echo "$others" >&2
    exit 1
fi
declared=$(cat "$source_folder"/include/fovea.h "$source_folder"/include/fovea/*.h | grep -v '^ *#' |
    tr '\n' ' ' |
    grep -oE 'FV_API [^;(]*\(' | grep -oE 'fv_[a-z0-9_]+\($' | tr -d '(' | sort -u)
for name in $declared; do
    grep -qx "$name" <<< "$exported" || { echo "FAIL: $name is declared, not there" >&2; exit 1; }
done
for name in $exported; do
    grep -qx "$name" <<< "$declared" || { echo "FAIL: $name is there, not declared" >&2; exit 1; }
done
echo "ok: $(wc -w <<< "$exported") names, all of them declared in the public headers"
