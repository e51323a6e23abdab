#!/usr/bin/env bash
# The one test command. Installs what is missing (as root, Debian's packages), builds, publishes the native binary, runs every test
# against it, and stops what it started. Ends with the plain line "N passed, N failed, N skipped".
#
#   tests/run.sh                everything that CI runs, under 20 minutes
#   tests/run.sh --quick        only what needs neither root nor containers
#   tests/run.sh --full         all kill points too (over 200), and a whole virtual machine (tests/vm): about forty minutes more
#   tests/run.sh --closed-loop  only the closed loop on real containers, with a whole minute for each figure; prints them as a table
set -euo pipefail
cd "$(dirname "$0")/.."

quick=false closed_loop=false full=false
case "${1-}" in
    '') ;;
    --quick) quick=true ;;
    --full) full=true; export HEADROOM_TEST_FULL=1 ;;
    --closed-loop) closed_loop=true ;;
    *) echo "usage: tests/run.sh [--quick | --full | --closed-loop]" >&2; exit 2 ;;
esac

say() { printf '\n== %s\n' "$*" >&2; }

# need PACKAGE:WHAT ... installs each Debian package whose program (a name) or file (a path) is missing.
need() {
    local pair what missing=()
    for pair in "$@"; do
        what=${pair#*:}
        case "$what" in
            /*) [ -e "$what" ] ;;
            *) PATH="$PATH:/usr/sbin:/sbin" command -v "$what" >/dev/null ;;
        esac || missing+=("${pair%%:*}")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" != 0 ]; then
        echo "tests/run.sh: missing ${missing[*]}: install them, or run as root and they are installed" >&2
        exit 1
    fi
    say "installing ${missing[*]}"
    # The packages' own services stay off: the tests start what they need.
    local policy=/usr/sbin/policy-rc.d made=false
    if [ ! -e "$policy" ]; then printf '#!/bin/sh\nexit 101\n' >"$policy"; chmod +x "$policy"; made=true; fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null || { $made && rm -f "$policy"; exit 1; }
    if $made; then rm -f "$policy"; fi
}

command -v dotnet >/dev/null || { echo "tests/run.sh: the .NET 10 SDK is missing: https://dot.net" >&2; exit 1; }
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

need gcc:gcc curl:curl libc6-dev:/usr/include/stdio.h python3:python3 tzdata:/usr/share/zoneinfo/Europe/Berlin
if ! $quick; then
    [ "$(id -u)" = 0 ] || { echo "tests/run.sh: containers and network namespaces need root; --quick runs the rest" >&2; exit 1; }
    need clang:clang zlib1g-dev:/usr/include/zlib.h docker.io:dockerd docker.io:docker busybox-static:busybox \
        prometheus:prometheus prometheus:promtool prometheus-alertmanager:prometheus-alertmanager iptables:iptables iproute2:ip procps:ps util-linux:taskset shellcheck:shellcheck
    HEADROOM_COMPOSE=$(tests/compose.sh)
    export HEADROOM_COMPOSE HEADROOM_TEST_ALL=1
fi

say "building"
dotnet build Agent.sln -c Release -v quiet

# Beside the tests that need no container: a compiler and a test suite leave each other's waiting time.
publishing=
if ! $quick; then
    say "publishing the native binary, meanwhile"
    publish_log=$(mktemp)
    # The build above has run the analyzers on the same source.
    dotnet publish agent -c Release -r linux-x64 -o artifacts/native -v quiet -p:RunAnalyzers=false >"$publish_log" 2>&1 &
    publishing=$!
    trap 'kill "$publishing" 2>/dev/null || true' EXIT
    export HEADROOM_BIN="$PWD/artifacts/native/headroom"
fi
published() {
    if wait "$publishing"; then rm -f "$publish_log"; else cat "$publish_log" >&2; echo "tests/run.sh: the native binary was not built" >&2; exit 1; fi
}

log=$(mktemp)
failed=0
run() {
    say "$1"
    dotnet test --project "$1" -c Release --no-build --no-progress "${@:2}" 2>&1 | tee -a "$log" || failed=1
}
table=
if $closed_loop; then
    table=$(mktemp)
    published
    HEADROOM_TABLE=$table run tests/Agent.IntegrationTests --filter-class '*.ClosedLoopTests'
else
    run tests/Agent.Tests
    $quick || { published; run tests/Agent.IntegrationTests; }
    if $full; then
        say "tests/vm"
        vm=$(mktemp)
        tests/vm/run.sh | tee "$vm" || failed=1
        sed -nE 's/^([0-9]+) passed, ([0-9]+) failed$/succeeded: \1\nfailed: \2/p' "$vm" >>"$log"
        rm -f "$vm"
    fi
fi

sum() { grep -Eo "^ *$1: [0-9]+" "$log" | awk '{ n += $2 } END { print n + 0 }'; }
passed=$(sum succeeded) failures=$(sum failed) skipped=$(sum skipped)
rm -f "$log"
if [ "$passed" = 0 ]; then failed=1; fi
if [ -n "$table" ]; then echo; cat "$table"; rm -f "$table"; fi
printf '\n%s passed, %s failed, %s skipped\n' "$passed" "$failures" "$skipped"
exit "$failed"
