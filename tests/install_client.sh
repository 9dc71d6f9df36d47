#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The command is a client of the library like any other. What it needs of the shared library are
# public names; what it has of the library's inside, as a copy of its own, is base/ and the tables of
# text and nothing else.
set -euo pipefail
source_folder=${FOVEA_SOURCE:-$(cd "$(dirname "$0")/.." && pwd)}
build=${FOVEA_BUILD:?the build folder}
command=$build/fovea
fail() { echo "FAIL: $*" >&2; exit 1; }

if ! readelf -d "$command" 2> /dev/null | grep -q 'NEEDED.*libfovea'; then
    echo "SKIP: this command has the whole library in itself, or is no ELF file"
    exit 77
fi
needed=$(nm -u "$command" | grep -oE '\bfv_[a-z0-9_]+' | sort -u)
if hidden=$(grep '^fv__' <<< "$needed"); then fail "the command needs, of the inside:" $hidden; fi
[ "$(wc -l <<< "$needed")" -ge 50 ] || fail "the command needs only" $needed

# Members of the archive are object files, named as their sources.
copied=$(cd "$source_folder/src" && ls base/*.c view/text_table.c | sed 's,.*/,,')
members=$(ar t "$build/libfovea.a" | grep -xF "$(sed 's/$/.o/' <<< "$copied")")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
archive=$(realpath "$build/libfovea.a")
# shellcheck disable=SC2086
(cd "$folder" && ar x "$archive" $members)
own=$(nm --defined-only "$folder"/*.o | awk '$3 ~ /^fv__/ {print $3}' | sort -u)
has=$(nm --defined-only "$command" | awk '$3 ~ /^fv__/ {print $3}' | grep -vE '^fv__(cli|command)' |
    sed 's/\..*//' | sort -u)
others=$(comm -23 <(echo "$has") <(echo "$own"))
[ -z "$others" ] || fail "the command has a copy of" $others
echo "ok: the command needs $(wc -l <<< "$needed") public names of the library;" \
    "$(wc -l <<< "$has") of base/ and the tables are its own"
