#!/bin/sh
# Builds the model server double: build.sh OUTDIR makes OUTDIR/server, static: it runs in an image with nothing else. Does nothing when it is up to date.
set -eu
out=${1:?usage: build.sh OUTDIR}
here=$(cd "$(dirname "$0")" && pwd)
binary="$out/server"
if [ -f "$binary" ] && [ -z "$(find "$here" -type f -newer "$binary")" ]; then
    exit 0
fi
command -v gcc >/dev/null || { echo "build.sh: gcc not found; install it (Debian: apt-get install gcc libc6-dev)" >&2; exit 1; }
mkdir -p "$out"
# Built aside and moved over, as the other doubles.
gcc -std=gnu11 -Wall -Wextra -Werror -O2 -static -o "$binary.$$" "$here"/*.c -pthread -lm
mv -f "$binary.$$" "$binary"
