#!/usr/bin/env bash
# How near `headroom profile` comes to what is known of the lab's server: a table of three profiles. As root, on a machine that does nothing else; about ten minutes.
#   tests/cpu-lab/profile.sh [BUDGET ...]        budgets of the profiles; default: 40s 2m 5m
set -euo pipefail
cd "$(dirname "$0")/../.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 HEADROOM_TEST_ALL=1
[ "$(id -u)" = 0 ] || { echo "profile.sh: containers need root" >&2; exit 2; }
dotnet build tests/Agent.IntegrationTests -c Release -v quiet >&2
HEADROOM_TABLE=$(mktemp)
export HEADROOM_TABLE
trap 'rm -f "$HEADROOM_TABLE"' EXIT
[ $# -gt 0 ] || set -- 40s 2m 5m
for budget; do
    HEADROOM_PROFILE_BUDGET=$budget dotnet run --project tests/Agent.IntegrationTests -c Release --no-build -- -class '*ProfileTests' >&2
done
echo '| budget | service time, known | found | capacity, known | found | knee, known | found (ratio) |'
echo '|---|---|---|---|---|---|---|'
cat "$HEADROOM_TABLE"
