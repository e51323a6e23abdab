#!/bin/sh
# run.sh [--library LIBHEADROOM_SO] [options of gate.py]: the launch gate on a real GPU; prints Markdown. Exit 0 all as it should be, 1 something is off, 2 can't be shown here.
# Needs an NVIDIA GPU that nobody else uses now, Python 3.9+ (PYTHON=... names it; with PyTorch its graphs are tried too) and gcc, or a library built elsewhere.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}
give_up() { echo "run.sh: $*" >&2; exit 2; }
command -v "$python" >/dev/null || give_up "$python is not there: install Python 3, or name it by PYTHON="

library=
if [ "${1:-}" = --library ]; then
    library=${2:?run.sh: --library needs a path}
    shift 2
    [ -f "$library" ] || give_up "$library is not there"
elif command -v gcc >/dev/null; then
    build=$(mktemp -d)
    trap 'rm -rf "$build"' EXIT
    sh "$here/../../../agent/preload/build.sh" "$build" >&2
    library=$build/libheadroom.so
else
    give_up "gcc is not there to build agent/preload: install it, or --library with one built elsewhere (agent/preload/build.sh)"
fi
"$python" "$here/gate.py" --library "$library" "$@"
