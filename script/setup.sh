# SPDX-License-Identifier: MIT
# Part of the other scripts (". script/setup.sh"): what the build needs, and how it gets there.
#
#   need PACKAGE COMMAND...   PACKAGE is missing unless one of the commands is there
#   need_library PACKAGE NAME PACKAGE is missing unless pkg-config knows NAME
#   need_file PACKAGE FILE    PACKAGE is missing unless FILE (a pattern) is there
#   need_import PACKAGE NAME  PACKAGE is missing unless the system's python3 imports NAME
#   install_missing           installs with apt as root or through sudo; otherwise prints the one
#                             line to run and ends the script with 1
set -euo pipefail
unset CDPATH
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
jobs=$(nproc 2>/dev/null || echo 2)
missing=()

say() { printf '\n== %s\n' "$*"; }
die() { printf '%s\n' "$*" >&2; exit 1; }
have() { command -v "$1" > /dev/null 2>&1; }

need() {
    local package=$1 command
    shift
    for command in "$@"; do
        if have "$command"; then return; fi
    done
    missing+=("$package")
}
need_library() {
    if ! have pkg-config || ! pkg-config --exists "$2"; then missing+=("$1"); fi
}
need_file() {
    if ! compgen -G "$2" > /dev/null; then missing+=("$1"); fi
}
need_import() {
    if ! /usr/bin/python3 -c "import $2" > /dev/null 2>&1; then missing+=("$1"); fi
}

install_missing() {
    if [ ${#missing[@]} -eq 0 ]; then return; fi
    local packages as=()
    packages=$(printf '%s\n' "${missing[@]}" | sort -u | tr '\n' ' ')
    packages=${packages% }
    missing=()
    if ! have apt-get; then
        die "These are missing (the names are Debian's): $packages. Install them, then try again."
    fi
    if [ "$(id -u)" != 0 ]; then
        # sudo may ask for a password only where somebody can answer.
        if have sudo && { [ -t 0 ] || sudo -n true 2> /dev/null; }; then
            as=(sudo)
        else
            local line="apt-get update && apt-get install -y --no-install-recommends $packages"
            if have sudo; then line="sudo sh -c '$line'"; else line="su -c '$line'"; fi
            printf 'Some packages are missing. Run this once, then try again:\n\n%s\n\n' "$line" >&2
            exit 1
        fi
    fi
    say "Installing $packages"
    "${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
    "${as[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends $packages < /dev/null
}

# A compiler, the build tools and the optional libraries. A compiler without the C library's
# headers, or without the compiler (a bare "make"), does not count: it must make a program.
works() {
    local out status=0
    out=$(mktemp)
    printf '#include <stdio.h>\nint main(void){return 0;}' | "$1" -x c - -o "$out" 2> /dev/null ||
        status=$?
    rm -f "$out"
    return $status
}
need_build() {
    if [ -n "${CC:-}" ]; then
        have "${CC%% *}" || die "CC=$CC: there is no such compiler"
    elif ! have cc || ! works cc; then
        missing+=(gcc libc6-dev)
    fi
    need cmake cmake
    need ninja-build ninja make
    need pkg-config pkg-config
    need_library zlib1g-dev zlib
    need_library libpng-dev libpng
    need_library libjpeg62-turbo-dev libjpeg
    need_library libprotobuf-c-dev libprotobuf-c
    need protobuf-c-compiler protoc-c
    need_file libonnx-dev /usr/include/onnx/onnx.proto
}
need_test() {
    need_build
    need_library libcmocka-dev cmocka
    need_file libonnx-testdata '/usr/include/onnx/backend/test/data/node'
    need python3 python3
    need_import python3-onnx onnx
    need make make
    need locales localedef
    need_file locales /usr/share/i18n/locales/de_DE
}

# configure FOLDER OPTIONS...: cmake, with ninja where it is; says its one line of summary.
configure() {
    local folder=$1 generator=()
    shift
    if [ ! -e "$folder/CMakeCache.txt" ] && have ninja; then generator=(-G Ninja); fi
    if ! cmake -S "$root" -B "$folder" "${generator[@]}" "$@" > "$folder.log" 2>&1; then
        cat "$folder.log" >&2
        die "cmake failed"
    fi
    grep -- '-- Fovea ' "$folder.log" | sed 's/^-- //'
    mv "$folder.log" "$folder/configure.log"
}
build() {
    local folder=$1 log
    shift
    log=$folder/build.log
    if ! cmake --build "$folder" -j "$jobs" "$@" > "$log" 2>&1; then
        grep -E -A8 'error|FAILED|undefined|\*\*\*' "$log" | sed -n 1,60p >&2 || true
        die "the build in $folder failed; all of it is in $log"
    fi
    # Warnings that are not errors still show.
    grep -A3 'warning:' "$log" || true
}
