#!/usr/bin/env bash
# Draws docs/pictures/: each dashboard, from the scripted hour of the simulated agent in a real Prometheus, by render.py in a headless Chromium.
# Needs Debian's prometheus, chromium, pngquant, fonts-dejavu-core and fonts-wqy-microhei; python3 and the .NET SDK.
#
#   tests/dashboards/pictures.sh [FOLDER]     default: docs/pictures
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=${1:-docs/pictures}
port=${PORT:-29090}
mkdir -p "$folder"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

dotnet build tests/Agent.IntegrationTests -c Release -v quiet -p:RunAnalyzers=false -m:1
mkfifo "$work/stop"
dotnet run --project tests/Agent.IntegrationTests -c Release --no-build -- serve-hour "$port" <"$work/stop" >"$work/times" &
server=$!
exec 9>"$work/stop"
while [ ! -s "$work/times" ]; do kill -0 "$server"; sleep 0.2; done
read -r start end <"$work/times"

draw() {
    python3 tests/dashboards/render.py "http://127.0.0.1:$port" "dashboards/$1/$2.json" "$start" "$end" "$work/$2.html"
    height=$(sed -n 's/.*<!-- height \([0-9]*\) -->.*/\1/p' "$work/$2.html")
    chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size="1420,$height" --screenshot="$work/$2.png" "file://$work/$2.html" >/dev/null 2>"$work/log" || { cat "$work/log" >&2; exit 1; }
    pngquant --force --quality 20-65 --speed 1 --output "$folder/$2.png" "$work/$2.png"
}
for name in hurt use did hardware health; do draw en "headroom-$name"; done
draw zh headroom-hurt-zh

exec 9>&-
wait "$server"
ls -l "$folder"
