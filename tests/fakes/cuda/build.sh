#!/bin/sh
# Builds the CUDA double: build.sh OUTDIR makes OUTDIR/libcuda.so.1 and the programs that use it. Does nothing when they are up to date.
# SANITIZE=address or thread builds all with that sanitizer; give it an OUTDIR of its own.
set -eu
out=${1:?usage: build.sh OUTDIR}
here=$(cd "$(dirname "$0")" && pwd)

up_to_date() { [ -f "$1" ] && [ -z "$(find "$here" "$here"/../*.h "$here"/../../../agent/preload/page.h -type f -newer "$1")" ]; }
need_gcc() {
    command -v gcc >/dev/null || { echo "build.sh: gcc not found; install it (Debian: apt-get install gcc libc6-dev)" >&2; exit 1; }
}
flags="-std=gnu11 -Wall -Wextra -Werror -O2 -g ${SANITIZE:+-fsanitize=$SANITIZE -fno-omit-frame-pointer}"

mkdir -p "$out"
# -Bsymbolic: what it answers by cuGetProcAddress is its own, whatever is preloaded, as with the driver.
# Built aside and moved over: a library in use keeps its file, and two builds at once do no harm.
if ! up_to_date "$out/libcuda.so.1"; then
    need_gcc
    gcc $flags -fPIC -fvisibility=hidden -shared -Wl,-Bsymbolic -Wl,-soname,libcuda.so.1 $([ -n "${SANITIZE:-}" ] || echo -Wl,-z,defs) -o "$out/libcuda.so.1.$$" "$here"/*.c -pthread -ldl
    mv -f "$out/libcuda.so.1.$$" "$out/libcuda.so.1"
fi

program() { # NAME "SOURCES" FLAGS...
    name=$1 sources=
    for source in $2; do
        sources="$sources $here/programs/$source"
    done
    shift 2
    if up_to_date "$out/$name"; then
        return
    fi
    need_gcc
    gcc $flags -o "$out/$name.$$" $sources "$@" -pthread -ldl
    mv -f "$out/$name.$$" "$out/$name"
}
for name in mkmachine page nvml; do
    program $name $name.c
done
program greedy "greedy.c cuda.c"
program kernels "kernels.c cuda.c"
# Linked with the driver, as nvcc -lcuda does it.
program greedy-linked "greedy.c cuda.c" -DLINKED "$out/libcuda.so.1"
program gated "gated.c gated_threads.c gated_contexts.c gated_hand.c gated_paths.c cuda.c"
program torture "torture.c torture_work.c torture_check.c torture_gate.c cuda.c"
