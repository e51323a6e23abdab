#!/usr/bin/env bash
# Prints the path of a Docker Compose of 2.24.4 or newer, which the compose files in deploy/ need: the machine's own, or else Debian 13's, fetched by apt into
# artifacts/tools (it runs on Debian 12 too, which has only Compose 1). Nothing of the system's apt or Docker is changed.
set -euo pipefail
cd "$(dirname "$0")/.."
kept=$PWD/artifacts/tools/docker-compose

enough() { [ -x "$1" ] && [ "$(printf '%s\n' 2.24.4 "$("$1" version --short 2>/dev/null | sed 's/^v//')" | sort -V | head -1)" = 2.24.4 ]; }

for found in "$kept" {"${HOME:-/root}/.docker",/usr/local/lib/docker,/usr/local/libexec/docker,/usr/lib/docker,/usr/libexec/docker}/cli-plugins/docker-compose; do
    if enough "$found"; then echo "$found"; exit 0; fi
done

suite=trixie
own=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
# Of the machine's own archive only the suite is changed.
archive() {
    # shellcheck disable=SC2016  # apt's own variables
    apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages' | awk -v own="$own" '$1 == own { print $2; exit }'
}
uri=$(archive)
# A machine whose lists were never read tells nothing.
if [ -z "$uri" ]; then apt-get update -qq >&2; uri=$(archive); fi
[ -n "$uri" ] || { echo "tests/compose.sh: apt knows no archive of $own; install Docker Compose 2.24.4 or newer by hand" >&2; exit 1; }
key=/usr/share/keyrings/debian-archive-keyring.gpg
echo "tests/compose.sh: fetching docker-compose of Debian $suite" >&2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{lists,cache/archives}/partial
touch "$work/status"
[ -e "$key" ] || key=
echo "deb ${key:+[signed-by=$key] }$uri $suite main" >"$work/sources.list"
cat >"$work/apt.conf" <<END
Dir::Etc::sourcelist "$work/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "$work/lists";
Dir::State::status "$work/status";
Dir::Cache "$work/cache";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
APT::Sandbox::User "root";
END
export APT_CONFIG=$work/apt.conf
(cd "$work" && apt-get update -qq && apt-get download -qq docker-compose) >&2
dpkg-deb -x "$work"/docker-compose_*.deb "$work/tree"
mkdir -p "${kept%/*}"
mv "$work/tree/usr/libexec/docker/cli-plugins/docker-compose" "$kept"
enough "$kept" || { echo "tests/compose.sh: $kept does not run here" >&2; exit 1; }
echo "$kept"
