#!/bin/sh
# Builds the NVML double: build.sh OUTDIR makes OUTDIR/{r615,full,r535,r470}/libnvidia-ml.so.1. Does nothing when they are up to date.
set -eu
out=${1:?usage: build.sh OUTDIR}
here=$(cd "$(dirname "$0")" && pwd)

for variant in r615 full r535 r470; do
    library="$out/$variant/libnvidia-ml.so.1"
    if [ -f "$library" ] && [ -z "$(find "$here" "$here"/../*.h -type f -newer "$library")" ]; then
        continue
    fi
    command -v gcc >/dev/null || { echo "build.sh: gcc not found; install it (Debian: apt-get install gcc libc6-dev)" >&2; exit 1; }
    mkdir -p "$out/$variant"
    define=VARIANT_$(echo "$variant" | tr a-z A-Z)
    # Built aside and moved over: a library in use keeps its file, and two builds at once do no harm.
    made="$library.$$"
    gcc -std=gnu11 -Wall -Wextra -Werror -O2 -fPIC -fvisibility=hidden -shared -D"$define" \
        -Wl,-soname,libnvidia-ml.so.1 -Wl,-z,defs -o "$made" "$here"/*.c -pthread
    mv -f "$made" "$library"
done
