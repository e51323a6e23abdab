# Sourced by run.sh of each experiment, with its arguments: sets python and library, and takes --library from the arguments.
python=${PYTHON:-python3}
give_up() { echo "run.sh: $*" >&2; exit 2; }
command -v "$python" >/dev/null || give_up "$python is not there: install Python 3, or name it by PYTHON="

build= library=
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
