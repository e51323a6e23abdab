#!/usr/bin/env bash
# Does the agent compile for Windows with NVAPI? Compiles only; nothing of it runs here.
#   tests/windows/build.sh                     with the package NvAPIWrapper.Net
#   tests/windows/build.sh NvAPIWrapper.dll    with this assembly, where the package is out of reach
set -euo pipefail
assembly=${1:+$(realpath "$1")}
cd "$(dirname "$0")/../.."
aside=$(mktemp -d)
trap 'rm -rf "$aside"' EXIT
# Aside: artifacts/ keeps what was built for this machine.
dotnet build agent -c Release -r win-x64 --self-contained false -v quiet --artifacts-path "$aside" -p:NvApi=true ${assembly:+-p:NvApiAssembly="$assembly"}
[ -f "$(find "$aside" -name headroom.dll | head -1)" ] && [ -f "$(find "$aside" -name NvAPIWrapper.dll | head -1)" ]
echo "compiled for win-x64 with NVAPI; not run"
