#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The command is a client of the library like any other: of the library's names it needs the public
# ones alone, and beside them what it has as a copy of its own, base/ and the tables of text.
set -euo pipefail
build=${FOVEA_BUILD:?the build folder}
fail() { echo "FAIL: $*" >&2; exit 1; }

objects() { # of a folder or file of src/, as the command has them
    find "$build" -path "*fovea_command.dir/src/$1*" \( -name '*.o' -o -name '*.obj' \)
}
cli=$(objects cli/)
own=$(objects base/; objects view/text_table)
[ -n "$cli" ] && [ -n "$own" ] || { echo "SKIP: the command's objects are not in $build"; exit 0; }
# A further object of the command would be a part of the library that it has for itself.
others=$(objects "" | grep -vxF -e "$cli" -e "$own" || true)
[ -z "$others" ] || fail "the command is also made of $others"

# shellcheck disable=SC2086
needed=$(nm -u $cli | awk '$2 ~ /^fv_/ {print $2}' | sort -u)
# shellcheck disable=SC2086
there=$(nm --defined-only $cli $own | awk '$3 ~ /^fv_/ {print $3}' | sort -u)
public=$(comm -23 <(echo "$needed") <(echo "$there"))
if hidden=$(grep '^fv__' <<< "$public"); then fail "the command needs, of the library's inside:" $hidden; fi
[ "$(wc -l <<< "$public")" -ge 50 ] || fail "the command needs only" $public

# What is linked says the same, where the library is a file of its own.
command=$build/fovea
if readelf -d "$command" 2> /dev/null | grep -q 'NEEDED.*libfovea'; then
    if hidden=$(nm -u "$command" | grep -o 'fv__[a-z0-9_]*'); then fail "$command needs" $hidden; fi
fi
echo "ok: the command needs $(wc -l <<< "$public") public names of the library and no other"
