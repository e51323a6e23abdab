#!/bin/sh
# run.sh HEADROOM [options of truth.py]: the agent's GPU readings beside nvidia-smi's and beside loads of known kind; prints Markdown.
# As root, on a machine with an NVIDIA GPU that nobody else uses now, nvidia-smi and Python 3.9+ (PYTHON=... names it; with PyTorch the tensor cores are looked at too). No Docker.
# Exit 0 all as it should be, 1 something is off, 2 can't be shown here. About four minutes.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../binary.sh"
exec "$python" "$here/truth.py" --headroom "$binary" "$@"
