#!/bin/sh
# run.sh HEADROOM [options of sharing.py]: what a training job does to a model server beside it, alone, by time-slicing, by MPS and with Headroom's gate; prints Markdown.
# As root, on a machine with an NVIDIA GPU that nobody else uses now, Python 3.9+ with PyTorch (PYTHON=... names it) and the native binary HEADROOM. No Docker. Exit 0 done, 1 something was left out and why, 2 can't be shown here.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}
give_up() { echo "run.sh: $*" >&2; exit 2; }
binary=${1:?run.sh: name the native binary (dotnet publish agent -c Release -r linux-x64 -o out)}
shift
[ -x "$binary" ] || give_up "$binary is no program"
[ "$(id -u)" = 0 ] || give_up "cgroups and packet sockets need root"
"$python" -c 'import torch' 2>/dev/null || give_up "$python has no PyTorch: install it, or name another by PYTHON="
exec "$python" "$here/sharing.py" --headroom "$binary" "$@"
