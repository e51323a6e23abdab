#!/usr/bin/env bash
# What only a whole machine shows: a Debian guest with systemd, cgroups of version 2 and Docker, in which Headroom is installed, acts on real
# containers, dies in all ways, and is removed. See README.md. Ends with the plain line "N passed, N failed".
#
#   tests/vm/run.sh         as root; installs what is missing, makes the guest's disk once (artifacts/vm), publishes the binary if there is none
#   tests/vm/run.sh PART... only these of shared-core, gate, deaths, stops, uninstall, after install
#
# HEADROOM_BIN names the binary; HEADROOM_VM_ACCEL=kvm|tcg the kind of qemu's (default: tcg, software emulation, which every machine has; it wants two cores for
# itself), HEADROOM_VM_DEADLINE the seconds that it may take.
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH="$PATH:/usr/sbin:/sbin"
deadline=${HEADROOM_VM_DEADLINE:-1800} # seconds
accel=${HEADROOM_VM_ACCEL:-tcg}
cache=$PWD/artifacts/vm
seen=$cache/seen
parts=(shared-core gate deaths stops uninstall)
if [ $# -gt 0 ]; then parts=("$@"); fi

say() { printf '\n== %s\n' "$*" >&2; }
die() { echo "tests/vm/run.sh: $*" >&2; exit 1; }

[ "$(id -u)" = 0 ] || die "needs root, to make the guest's disk"
[ "$(uname -m)" = x86_64 ] || die "the guest is for x86-64, this machine is $(uname -m)"
missing=()
for pair in debootstrap:debootstrap qemu-system-x86:qemu-system-x86_64 cpio:cpio busybox-static:busybox kmod:depmod e2fsprogs:mke2fs xz-utils:xz gcc:gcc wget:wget; do
    command -v "${pair#*:}" >/dev/null || missing+=("${pair%%:*}")
done
if [ ${#missing[@]} -gt 0 ]; then
    say "installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

# Made anew when its recipe or the release changes; what was made before is removed.
. /etc/os-release
image=$cache/image-${VERSION_CODENAME:-none}-$(sha256sum tests/vm/image.sh | cut -c1-12)
if [ ! -e "$image/root.ext4" ]; then
    say "making the guest's disk (once; some minutes)"
    rm -rf "$cache"/image-*
    tests/vm/image.sh "$image"
fi

binary=${HEADROOM_BIN:-artifacts/native/headroom}
if [ ! -x "$binary" ]; then
    [ -z "${HEADROOM_BIN-}" ] || die "HEADROOM_BIN: $binary is no program"
    say "publishing the native binary"
    dotnet publish agent -c Release -r linux-x64 -o artifacts/native -v quiet
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/payload/bin" "$seen"
sh tests/fakes/server/build.sh artifacts/fakes/server
sh tests/fakes/nvml/build.sh artifacts/fakes/nvml
gcc -std=gnu11 -Wall -Wextra -Werror -O2 -static -Itests/fakes -o "$work/payload/bin/gpu" tests/vm/guest/gpu.c
cp "$binary" artifacts/fakes/server/server artifacts/fakes/nvml/full/libnvidia-ml.so.1 "$work/payload/bin/"
cp -r deploy tests/vm/guest "$work/payload/"
echo "${parts[@]}" >"$work/payload/guest/parts"
tar -C "$work/payload" --owner=0 --group=0 -cf "$work/payload.tar" .
truncate -s 64M "$work/seen.tar"

# `max`: all that the accelerator can; the binary itself asks for x86-64-v2. The disk stays as it was made: what the guest writes is forgotten.
say "the guest ($accel)"
began=$SECONDS
: >"$work/tests.log"
timeout "$deadline" qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot -machine q35 -accel "$accel" -cpu max,arch-capabilities=off -smp 2 -m 2048 \
    -kernel "$image/vmlinuz" -initrd "$image/initrd" -append "console=ttyS0 loglevel=4 panic=-1 audit=0 mitigations=off systemd.show_status=no" \
    -drive "file=$image/root.ext4,if=virtio,format=raw,snapshot=on,cache=unsafe" \
    -drive "file=$work/payload.tar,if=virtio,format=raw,readonly=on" \
    -drive "file=$work/seen.tar,if=virtio,format=raw,cache=unsafe" \
    -device virtio-rng-pci -serial "file:$work/console.log" -serial "file:$work/tests.log" </dev/null &
qemu=$!
trap 'kill "$qemu" 2>/dev/null || true; rm -rf "$work"' EXIT
tail -n +1 -s 0.3 --pid="$qemu" -f "$work/tests.log" | while IFS= read -r line; do
    case "$line" in "# "[!\ ]*) echo ;; esac
    printf '%4d s  %s\n' $((SECONDS - began)) "${line%$'\r'}"
done
code=0
wait "$qemu" || code=$?

rm -rf "$seen"
mkdir -p "$seen"
tar -C "$seen" --strip-components=1 -xf "$work/seen.tar" 2>/dev/null || true
cp "$work/tests.log" "$work/console.log" "$seen/"
count() { grep -cE "$1" "$work/tests.log" || true; }
passed=$(count '^ok ') failed=$(count '^not ok ')
if ! grep -qE '^1\.\.[0-9]+' "$work/tests.log"; then
    failed=$((failed + 1))
    printf '\nthe guest did not come to its end (qemu ended with %s; 124: after %s s). Its console said last:\n' "$code" "$deadline"
    tail -n 40 "$work/console.log"
fi
if [ "$failed" != 0 ]; then
    for unit in headroom headroom-guard; do
        if [ -s "$seen/$unit.log" ]; then
            printf '\n-- journal of %s\n' "$unit"
            cat "$seen/$unit.log"
        fi
    done
fi
printf '\nlogs, doctor and status as seen in the guest: %s; %s s\n' "${seen#"$PWD/"}" $((SECONDS - began))
printf '%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
