#!/usr/bin/env bash
# The CPU lab: see README.md beside this. As root, on a machine that does nothing else.
#
#   tests/cpu-lab/run.sh                               measures what is not in the results yet, two hours at most
#   tests/cpu-lab/run.sh --only arm=gate,service=20ms  only these
#   tests/cpu-lab/run.sh --table                       the results so far as Markdown
#   HEADROOM_BIN=artifacts/native/headroom ...         with a native binary that is there already
set -euo pipefail
cd "$(dirname "$0")/../.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
lab() { dotnet artifacts/bin/Agent.IntegrationTests/release/Agent.IntegrationTests.dll cpu-lab "$@"; }

case " $* " in *' --table '*) lab "$@"; exit ;; esac
[ "$(id -u)" = 0 ] || { echo "cpu-lab: containers and cgroups need root" >&2; exit 2; }
for program in dotnet gcc docker dockerd taskset busybox ip; do
    PATH="$PATH:/usr/sbin:/sbin" command -v "$program" >/dev/null || { echo "cpu-lab: $program is missing; tests/run.sh installs all but dotnet" >&2; exit 2; }
done
dotnet build tests/Agent.IntegrationTests -c Release -v quiet >&2
if [ -z "${HEADROOM_BIN-}" ] && PATH="$PATH:/usr/sbin:/sbin" command -v clang >/dev/null; then
    dotnet publish agent -c Release -r linux-x64 -o artifacts/native -v quiet >&2
    export HEADROOM_BIN="$PWD/artifacts/native/headroom"
fi
lab "$@"
