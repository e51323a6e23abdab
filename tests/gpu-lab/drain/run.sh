#!/bin/sh
# run.sh HEADROOM [options of drain.py]: how long the GPU stays busy after a freeze, and how exactly a share of time is kept; prints Markdown.
# As root, on a machine with an NVIDIA GPU that nobody else uses now and Python 3.9+ with PyTorch 2 (PYTHON=... names it). No Docker.
# Exit 0 all as it should be, 1 something is off, 2 can't be shown here. About eight minutes.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../binary.sh"
exec "$python" "$here/drain.py" --headroom "$binary" "$@"
