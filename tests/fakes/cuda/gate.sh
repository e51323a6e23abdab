#!/bin/bash
# gate.sh OUTDIR LIBHEADROOM: the launch gate of the preload library on the CUDA double, one line a check; 1 if any failed.
# OPERATIONS (100000): of torture under a gate that is toggled.
set -u
out=$(mkdir -p "${1:?usage: gate.sh OUTDIR LIBHEADROOM}" && cd "$1" && pwd)
library=$(realpath "${2:?usage: gate.sh OUTDIR LIBHEADROOM}")
here=$(cd "$(dirname "$0")" && pwd)
preload=${PRELOAD_SOURCE:-$here/../../../agent/preload}
operations=${OPERATIONS:-100000}
uuid=GPU-00000000-0000-4000-8000-00000000000

"$here/build.sh" "$out" || exit 1
work=$(mktemp -d "$out/gate.XXXXXX")
trap 'rm -rf "$work"' EXIT
export HEADROOM_MACHINE=$work/machine HEADROOM_PAGE=$work/page
failed=0

fresh() { # UUID=MIB ...
    "$out/mkmachine" "$HEADROOM_MACHINE" 2 4096 24
    rm -f "$HEADROOM_PAGE"
    "$out/page" "$HEADROOM_PAGE" make "$@"
}
for scenario in paths free order cap drain end threads signals fork capture contexts garbage off; do
    fresh
    echo "# $scenario"
    LD_LIBRARY_PATH=$out LD_PRELOAD=$library timeout 60 "$out/gated" $scenario >"$work/said" 2>&1 </dev/null || { echo "FAIL  $scenario ended with $?"; failed=1; }
    cat "$work/said"
    ! grep -q ^FAIL "$work/said" || failed=1
done

tortured() { # NAME DIRECTORY OPERATIONS LIBRARY WORDS...
    local name=$1 directory=$2 count=$3 with=$4 words
    shift 4
    fresh ${uuid}0=300 ${uuid}1=300
    words=$(LD_LIBRARY_PATH=$directory LD_PRELOAD=$with "$directory/torture" --gate --cap-mib 300 --operations "$count" --seed $RANDOM "$@" 2>&1 </dev/null)
    if [ $? = 0 ]; then echo "ok    torture $name: $(echo "$words" | tail -1 | sed 's/^torture: //')"; else echo "FAIL  torture $name: $words" | head -30; failed=1; fi
}
tortured "under a toggled gate" "$out" "$operations" "$library"
tortured "under a toggled gate, with kills" "$out" "$operations" "$library" --kill
for sanitizer in address thread; do
    SANITIZE=$sanitizer "$here/build.sh" "$out/$sanitizer" && SANITIZE=$sanitizer "$preload/build.sh" "$out/$sanitizer" || { failed=1; continue; }
    runtime=$(gcc -print-file-name=lib$(echo $sanitizer | cut -c1)san.so)
    export ASAN_OPTIONS=detect_leaks=0 TSAN_OPTIONS="halt_on_error=1 die_after_fork=0"
    tortured "under $sanitizer sanitizer" "$out/$sanitizer" $operations "$runtime $out/$sanitizer/libheadroom.so"
done
exit $failed
