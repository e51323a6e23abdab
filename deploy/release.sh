#!/usr/bin/env bash
# What is handed out: headroom-VERSION-linux-ARCH.tar.gz with the native binary, install.sh, units, samples, licences and the list of what is inside (SBOM,
# CycloneDX); its debug symbols and a checksum beside it. Of the same commit, built at two places with the same tools, all files were the same but 40 bytes of the
# binary that tell builds apart (docs/measured/2026-11-23-release.md).
#
#   deploy/release.sh [OUT]     into OUT (default: artifacts/release); the working tree must be clean
#   deploy/release.sh --dirty   what lies there, as it is: to try things
#
# Needs the .NET SDK, clang, zlib1g-dev, gcc, libc6-dev, python3 (Debian's names).
set -euo pipefail
cd "$(dirname "$0")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

dirty=false out=artifacts/release
for word in "$@"; do
    case "$word" in
        --dirty) dirty=true ;;
        -h | --help) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 0 ;;
        -*) echo "release.sh: $word is not known; --help tells what there is" >&2; exit 2 ;;
        *) out=$word ;;
    esac
done
for program in dotnet clang gcc git objcopy python3; do
    command -v "$program" >/dev/null || { echo "release.sh: $program is missing (Debian: clang zlib1g-dev gcc libc6-dev binutils git python3; dotnet: https://dot.net)" >&2; exit 1; }
done
if ! $dirty && [ -n "$(git status --porcelain)" ]; then
    echo "release.sh: the working tree has changes: a release is a commit. Commit them, or --dirty to try" >&2
    exit 1
fi
arch=$(uname -m)
case "$arch" in
    x86_64) rid=linux-x64 ;;
    aarch64) rid=linux-arm64 ;;
    *) echo "release.sh: no .NET native compiler for $arch: x86_64 or aarch64" >&2; exit 1 ;;
esac
say() { printf '== %s\n' "$*" >&2; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
say "compiling for $rid (a minute or two)"
# No path of this machine in the binary.
dotnet publish agent -c Release -r "$rid" -o "$work/publish" -v quiet -p:ContinuousIntegrationBuild=true >&2
version=$("$work/publish/headroom" --version | awk '/^headroom / { print $2 }')
name=headroom-$version-$rid
mkdir -p "$work/$name"
cp "$work/publish/headroom" LICENSE THIRD-PARTY-NOTICES.txt README.md README.zh-CN.md "$work/$name/"
cp -r deploy/install.sh deploy/starter-policy.yaml deploy/systemd deploy/policies docs "$work/$name/"

say "listing what is inside"
packages=$(dotnet nuget locals global-packages -l | sed 's/^global-packages: //')
runtime=$(find "$packages/microsoft.netcore.app.runtime.nativeaot.$rid" -maxdepth 2 -iname 'THIRD-PARTY-NOTICES.TXT' | sort -V | tail -1)
cp "$runtime" "$work/$name/DOTNET-NOTICES.txt"
commit=$(git rev-parse HEAD)
python3 deploy/sbom.py artifacts/obj/Agent/project.assets.json "$version" "$commit" "$rid" >"$work/$name/sbom.cdx.json"

# One order, one owner, one time.
when=$(git log -1 --format=%ct)
find "$work/$name" -type d -exec chmod 0755 {} + -o -type f -exec chmod 0644 {} +
chmod 0755 "$work/$name/headroom" "$work/$name/install.sh"
mkdir -p "$out"
tar -C "$work" --sort=name --mtime="@$when" --owner=0 --group=0 --numeric-owner -cf - "$name" | gzip -n >"$out/$name.tar.gz"
cp "$work/publish/headroom.dbg" "$out/$name.dbg"
(cd "$out" && sha256sum "$name.tar.gz" >"$name.tar.gz.sha256")
say "$out/$name.tar.gz: $(du -h "$out/$name.tar.gz" | cut -f1), binary $(du -h "$work/$name/headroom" | cut -f1)"
cat "$out/$name.tar.gz.sha256"
