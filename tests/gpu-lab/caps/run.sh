#!/bin/sh
# run.sh [--library LIBHEADROOM_SO] [options of caps.py]: caps on a real GPU; prints Markdown. Exit 0 all as it should be, 1 something is off, 2 can't be shown here.
# Needs an NVIDIA GPU that nobody else uses now, Python 3.9+ with PyTorch (PYTHON=... names it) and gcc, or a library built elsewhere. No root, no Docker.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../library.sh"
[ -z "$build" ] || "$build/page_layout" | "$python" "$here/page.py" compare >&2
"$python" "$here/caps.py" --library "$library" "$@"
