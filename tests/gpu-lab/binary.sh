# Sourced by run.sh of each lab that needs an agent, with its arguments: sets python and binary, and takes the binary from the arguments.
python=${PYTHON:-python3}
give_up() { echo "run.sh: $*" >&2; exit 2; }
binary=${1:?run.sh: name the native binary (dotnet publish agent -c Release -r linux-x64 -o out)}
shift
[ -x "$binary" ] && [ -f "$binary" ] || give_up "$binary is no program"
"$binary" exec --help 2>&1 | grep -q -- --name || give_up "$binary does not start, or is too old: it has no exec"
command -v "$python" >/dev/null || give_up "$python is not there: install Python 3, or name it by PYTHON="
[ "$(id -u)" = 0 ] || give_up "cgroups need root"
