#!/bin/sh
# run.sh [--headroom BINARY] [OUT [LAB...]]: all labs in turn, or the ones that are named (truth drain sharing caps gate); OUT/LAB.md is the page of each, OUT/LAB.log what it said meanwhile.
# Each has ten minutes at most, all together about 25; one that fails or hangs does not stop the others. Without --headroom the binary is published (dotnet).
# As root, on a machine with an NVIDIA GPU that nobody else uses now. Exit 0: all as it should be; 1: something is off; 2: something couldn't be shown.
set -u
here=$(cd "$(dirname "$0")" && pwd)
give_up() { echo "run.sh: $*" >&2; exit 2; }
binary=
if [ "${1:-}" = --headroom ]; then
    binary=$(realpath "${2:?run.sh: --headroom needs a path}")
    shift 2
fi
out=${1:-gpu-lab}
[ $# = 0 ] || shift
[ $# != 0 ] || set -- truth drain sharing caps gate
python=${PYTHON:-python3}
for lab; do
    case $lab in truth | drain | sharing | caps | gate) ;; *) give_up "$lab is no lab: truth drain sharing caps gate are" ;; esac
done

missing() { echo "missing: $*" >&2; }
command -v nvidia-smi >/dev/null && nvidia-smi -L >&2 || missing "nvidia-smi that shows a GPU: nothing can be shown without"
command -v "$python" >/dev/null || missing "$python (or PYTHON=...): nothing can be shown without"
"$python" -c 'import torch; assert torch.cuda.is_available()' 2>/dev/null || missing "PyTorch that sees the GPU: drain and sharing cannot run, truth, caps and gate show less"
command -v nvidia-cuda-mps-control >/dev/null || missing "nvidia-cuda-mps-control: sharing goes without MPS"
command -v gcc >/dev/null || missing "gcc: caps and gate cannot run here (they take --library by themselves)"
[ "$(id -u)" = 0 ] || missing "root: truth, drain and sharing cannot run"
grep -qE '^[^ ]+ [^ ]+ cgroup' /proc/mounts || missing "a mounted cgroup tree: truth, drain and sharing cannot run"
mkdir -p "$out" || exit 2
out=$(cd "$out" && pwd)
case " $* " in *" truth "* | *" drain "* | *" sharing "*)
    if [ -z "$binary" ]; then
        if command -v dotnet >/dev/null && dotnet publish "$here/../../agent" -c Release -r linux-x64 -o "$out/publish" -v quiet >"$out/publish.log" 2>&1; then
            binary=$out/publish/headroom
        else
            missing "the binary: give --headroom, or dotnet to publish it ($out/publish.log): truth, drain and sharing cannot run"
            binary=$out/publish/headroom
        fi
    fi ;;
esac

worst=0
for lab; do
    echo "$lab ..." >&2
    torch=
    "$python" -c 'import torch' 2>/dev/null || torch=--no-torch
    case $lab in
        truth) show() { timeout -k 30 300 "$here/truth/run.sh" "$binary"; } ;;
        drain) show() { timeout -k 30 600 "$here/drain/run.sh" "$binary" --minutes 8; } ;;
        sharing) show() { timeout -k 30 600 "$here/sharing/run.sh" "$binary" --seconds 30 --repeats 1 --minutes 7; } ;;
        caps) show() { timeout -k 30 400 "$here/caps/run.sh" --pairs 1 $torch; } ;;
        gate) show() { timeout -k 30 300 "$here/gate/run.sh" $torch; } ;;
    esac
    show </dev/null >"$out/$lab.md" 2>"$out/$lab.log"
    code=$?
    case $code in
        0) said="as it should be" ;;
        1) said="off: see $out/$lab.md and $lab.log" ;;
        2) said="can't be shown here: $(tail -n 1 "$out/$lab.log")" ;;
        124 | 137) said="did not end in time: what it had is in $out/$lab.md" code=1 ;;
        *) said="ended with $code: $(tail -n 1 "$out/$lab.log")" code=1 ;;
    esac
    echo "$lab: $said"
    [ $code = 0 ] || [ $worst = 1 ] || worst=$code
done
echo "The pages are in $out."
exit $worst
