#!/bin/bash
# check.sh OUTDIR LIBHEADROOM: the preload library against the doubles of CUDA and NVML, one line a check; 1 if any failed.
# OPERATIONS (1000000): of torture; the sanitizers get a tenth.
set -u
out=$(mkdir -p "${1:?usage: check.sh OUTDIR LIBHEADROOM}" && cd "$1" && pwd)
library=$(realpath "${2:?usage: check.sh OUTDIR LIBHEADROOM}")
here=$(cd "$(dirname "$0")" && pwd)
preload=${PRELOAD_SOURCE:-$here/../../../agent/preload}
operations=${OPERATIONS:-1000000}
uuid=GPU-00000000-0000-4000-8000-00000000000

"$here/build.sh" "$out" && "$here/../nvml/build.sh" "$out/nvml-double" || exit 1
work=$(mktemp -d "$out/check.XXXXXX")
started=()
end() {
    for pid in ${started[@]+"${started[@]}"}; do
        kill -9 "$pid" 2>/dev/null
    done
    rm -rf "$work"
}
trap end EXIT
cp "$out/nvml-double/full/libnvidia-ml.so.1" "$work"
export HEADROOM_MACHINE=$work/machine HEADROOM_PAGE=$work/page LD_LIBRARY_PATH=$out:$work
failed=0

check() { # NAME EXPECTED SEEN
    if [ "$2" = "$3" ]; then
        echo "ok    $1"
    else
        echo "FAIL  $1: expected '$2', saw '$3'"
        failed=1
    fi
}
fresh() { # UUID=MIB ...: two new cards of 4096 MiB and a new page
    "$out/mkmachine" "$HEADROOM_MACHINE" 2 4096 24
    rm -f "$HEADROOM_PAGE"
    "$out/page" "$HEADROOM_PAGE" make "$@"
}
capped() { LD_PRELOAD=$library "$@"; }
hold() { # NAME ARGUMENTS...: a greedy that holds; its pid in $pid, its words in $work/NAME
    local name=$1
    shift
    : >"$work/$name"
    LD_PRELOAD=$library "$out/greedy" "$@" --hold 60 >"$work/$name" 2>&1 </dev/null &
    pid=$!
    started+=("$pid")
    disown "$pid" # or bash tells of its end
    said "$name" "the card says"
}
said() { # NAME TEXT [TIMES]: waits until it said so
    for _ in $(seq 200); do
        [ "$(grep -c -- "$2" "$work/$1")" -ge "${3:-1}" ] && return
        sleep 0.02
    done
}
tell() { # PID SIGNAL NAME: and the lines that it says then
    local before lines
    before=$(wc -l <"$work/$3")
    kill "-$2" "$1"
    for _ in $(seq 200); do
        sleep 0.02
        lines=$(tail -n +$((before + 1)) "$work/$3")
        case $lines in *free*) break ;; esac
    done
    echo "$lines" | tr '\n' ';'
}

for path in plain pitch managed async pool vmm array array3d mipmap graph; do
    fresh ${uuid}0=640
    whole=640
    [ $path != mipmap ] || whole=639 # its steps are 63.98 MiB
    check "$path stops at the cap" "stopped at $whole MiB: CUDA_ERROR_OUT_OF_MEMORY;free 0 MiB of 640 MiB;the card says $whole MiB, GPU 0;" \
        "$(capped "$out/greedy" --path $path | tail -3 | tr '\n' ';')"
done
for way in --dlsym --per-thread; do
    for path in plain async graph; do
        fresh ${uuid}0=640
        check "$path found by $way stops at the cap" "stopped at 640 MiB: CUDA_ERROR_OUT_OF_MEMORY" "$(capped "$out/greedy" --path $path $way | grep stopped)"
    done
done
fresh ${uuid}0=640
check "a linked program stops at the cap" "stopped at 640 MiB: CUDA_ERROR_OUT_OF_MEMORY" "$(capped "$out/greedy-linked" | grep stopped)"
fresh ${uuid}1=640
check "the cap of a card that is number 0 to the program" "the card says 640 MiB, GPU 1" "$(CUDA_VISIBLE_DEVICES=${uuid}1 capped "$out/greedy" | tail -1)"
check "the other card has no cap" "the card says 4032 MiB, GPU 0" "$(CUDA_VISIBLE_DEVICES=1,0 capped "$out/greedy" --device 1 | tail -1)"
fresh
check "no cap in the page" "stopped at 4032 MiB: CUDA_ERROR_OUT_OF_MEMORY" "$(capped "$out/greedy" | grep stopped)"
check "no page" "stopped at 4032 MiB: CUDA_ERROR_OUT_OF_MEMORY" "$(HEADROOM_PAGE=$work/nowhere capped "$out/greedy" | grep stopped)"

fresh ${uuid}0=320
hold first
first=$pid
"$out/page" "$HEADROOM_PAGE" cap ${uuid}0=384
check "raised while it runs: the next one passes" "allocated 384 MiB;free 0 MiB of 384 MiB;" "$(tell $first USR1 first)"
check "and the one after it does not" "refused at 384 MiB: CUDA_ERROR_OUT_OF_MEMORY;free 0 MiB of 384 MiB;" "$(tell $first USR1 first)"
"$out/page" "$HEADROOM_PAGE" cap ${uuid}0=128
check "lowered under its use: refused" "refused at 384 MiB: CUDA_ERROR_OUT_OF_MEMORY;free 0 MiB of 128 MiB;" "$(tell $first USR1 first)"
"$out/page" "$HEADROOM_PAGE" cap ${uuid}0=640
hold second --path vmm
second=$pid
check "two processes share one cap" "stopped at 256 MiB: CUDA_ERROR_OUT_OF_MEMORY" "$(grep stopped "$work/second")"
check "NVML tells both" "gpu 0: used 640 of 4096 MiB; pid $second 256 MiB; pid $first 384 MiB" "$("$out/nvml" | head -1)"
check "NVML as the container sees it" "gpu 0: used 640 of 640 MiB" "$(capped "$out/nvml" | head -1 | cut -d';' -f1)"
kill -9 $first
sleep 0.1
check "a killed one's bytes come back to its sibling" "allocated 320 MiB;free 320 MiB of 640 MiB;" "$(tell $second USR1 second)"
check "and to the card" "gpu 0: used 320 of 4096 MiB; pid $second 320 MiB" "$("$out/nvml" | head -1)"
check "all given back" "freed, 0 MiB left;free 640 MiB of 640 MiB;" "$(tell $second USR2 second | grep -o 'freed, 0 .*')"
check "and gone from the card" "gpu 0: used 0 of 4096 MiB; pid $second 0 MiB" "$("$out/nvml" | head -1)"
kill -9 $second

tortured() { # NAME DIRECTORY OPERATIONS LIBRARY WORDS...
    local name=$1 directory=$2 count=$3 with=$4 words
    shift 4
    fresh ${uuid}0=300 ${uuid}1=300
    words=$(LD_LIBRARY_PATH=$directory:$work LD_PRELOAD=$with "$directory/torture" --cap-mib 300 --operations "$count" "$@" 2>&1 </dev/null) || words="$words
torture: ended with $?: $(echo "$words" | tail -1)"
    check "torture $name: $(echo "$words" | tail -1 | sed 's/^torture: //')" "0 differences" "$(echo "$words" | grep -o '[0-9]* differences')"
    echo "$words" | grep -v '^torture: ' | head -20
}
tortured "plain" "$out" "$operations" "$library" --seed $RANDOM
tortured "with kills" "$out" "$operations" "$library" --seed $RANDOM --kill
for sanitizer in address thread; do
    SANITIZE=$sanitizer "$here/build.sh" "$out/$sanitizer" && SANITIZE=$sanitizer "$preload/build.sh" "$out/$sanitizer" || { failed=1; continue; }
    runtime=$(gcc -print-file-name=lib$(echo $sanitizer | cut -c1)san.so)
    export ASAN_OPTIONS=detect_leaks=0 TSAN_OPTIONS="halt_on_error=1 die_after_fork=0"
    tortured "under $sanitizer sanitizer" "$out/$sanitizer" $((operations / 10)) "$runtime $out/$sanitizer/libheadroom.so" --seed $RANDOM
done
exit $failed
