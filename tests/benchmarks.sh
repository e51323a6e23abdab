#!/usr/bin/env bash
# Measures the agent against its budgets and prints the table as Markdown; what it is doing goes to stderr. On a machine that does nothing else.
#
#   tests/benchmarks.sh                      everything, ten minutes of the whole agent in it: about twenty minutes
#   tests/benchmarks.sh --minutes 2          shorter
#   tests/benchmarks.sh --only agent --minutes 60 --churn     the soak: an hour, containers coming and going
#   tests/benchmarks.sh --only agent --minutes 12 --compress 5 --churn     the same number of ticks and containers in a fifth of the time
#   tests/benchmarks.sh --agent PATH         with this native binary; else artifacts/native/headroom, published here if it is not there
#
# Rows with containers need root and Docker's programs (dockerd, docker), busybox and ip; without them they are left out, and the page says so.
set -euo pipefail
cd "$(dirname "$0")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

command -v dotnet >/dev/null || { echo "tests/benchmarks.sh: the .NET 10 SDK is missing: https://dot.net" >&2; exit 1; }
command -v gcc >/dev/null || { echo "tests/benchmarks.sh: gcc is missing (Debian: apt-get install gcc libc6-dev)" >&2; exit 1; }

dotnet build tests/Agent.Benchmarks -c Release -v quiet >&2
case " $* " in
    *' --agent '*) ;;
    *)
        if [ -z "${HEADROOM_BIN-}" ] && [ ! -x artifacts/native/headroom ]; then
            if command -v clang >/dev/null && [ -e /usr/include/zlib.h ]; then
                echo "publishing the native binary" >&2
                dotnet publish agent -c Release -r linux-x64 -o artifacts/native -v quiet -p:RunAnalyzers=false >&2
            else
                echo "tests/benchmarks.sh: no native binary, and clang or zlib1g-dev to make one is missing: its rows are left out" >&2
            fi
        fi
        ;;
esac
exec dotnet artifacts/bin/Agent.Benchmarks/release/Agent.Benchmarks.dll budgets "$@"
