#!/bin/sh
# run.sh [--library LIBHEADROOM_SO] [options of gate.py]: the launch gate on a real GPU; prints Markdown. Exit 0 all as it should be, 1 something is off, 2 can't be shown here.
# Needs an NVIDIA GPU that nobody else uses now, Python 3.9+ (PYTHON=... names it; with PyTorch its graphs are tried too) and gcc, or a library built elsewhere.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../library.sh"
"$python" "$here/gate.py" --library "$library" "$@"
