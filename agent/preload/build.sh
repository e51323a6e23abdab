#!/bin/sh
# Builds the preload library: build.sh OUTDIR makes OUTDIR/libheadroom.so and OUTDIR/page_layout. Does nothing when they are up to date.
# SANITIZE=address or thread builds with that sanitizer, for tests only; give it an OUTDIR of its own.
set -eu
out=${1:?usage: build.sh OUTDIR}
here=$(cd "$(dirname "$0")" && pwd)
sanitize=${SANITIZE:-}

up_to_date() { [ -f "$1" ] && [ -z "$(find "$here" -type f -newer "$1")" ]; }
if up_to_date "$out/libheadroom.so" && up_to_date "$out/page_layout"; then
    exit 0
fi
command -v gcc >/dev/null || { echo "build.sh: gcc not found; install it (Debian: apt-get install gcc libc6-dev)" >&2; exit 1; }
case $(gcc -dumpmachine) in
    x86_64-*) oldest=GLIBC_2.2.5 ;;
    aarch64-*) oldest=GLIBC_2.17 ;;
    *) echo "build.sh: libheadroom is for x86-64 and aarch64" >&2; exit 1 ;;
esac

mkdir -p "$out"
work=$(mktemp -d "$out/build.XXXXXX")
trap 'rm -rf "$work"' EXIT
# The debug information names no folder of this machine: the same sources give the same bytes wherever they lie.
flags="-std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -O2 -g -fPIC -fvisibility=hidden -fno-plt -ffile-prefix-map=$PWD=. -ffile-prefix-map=$here=preload"
for source in "$here"/*.c; do
    name=$(basename "$source" .c)
    [ "$name" != page_layout ] || continue
    case $name in
        resolve | elf) with=${sanitize:+-DHR_SANITIZED} ;; # these run before a sanitizer is ready
        *) with=${sanitize:+-fsanitize=$sanitize -fno-omit-frame-pointer} ;;
    esac
    gcc $flags $with -c -o "$work/$name.o" "$source"
done
sed "s/@OLDEST@/$oldest/" "$here/exports.map" >"$work/exports.map"
gcc -shared ${sanitize:+-fsanitize=$sanitize} -Wl,-soname,libheadroom.so -Wl,--version-script="$work/exports.map" $([ -n "$sanitize" ] || echo -Wl,-z,defs) \
    -Wl,-z,relro -Wl,-z,now -o "$work/libheadroom.so" "$work"/*.o
gcc -std=gnu11 -Wall -Wextra -Werror -O2 -o "$work/page_layout" "$here/page_layout.c"
[ -n "$sanitize" ] || "$here/check.sh" "$work/libheadroom.so" "$here/driver.h"
# Built aside and moved over: a library in use keeps its file, and two builds at once do no harm.
mv -f "$work/libheadroom.so" "$out/libheadroom.so"
mv -f "$work/page_layout" "$out/page_layout"
