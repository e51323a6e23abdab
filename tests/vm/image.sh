#!/usr/bin/env bash
# image.sh FOLDER: makes FOLDER/{root.ext4,vmlinuz,initrd}: a bare Debian of this machine's release with systemd and Docker, its kernel, and
# what that needs to find its disk. As root; packages come by this machine's own apt. Nothing of Headroom is in it.
set -euo pipefail
out=${1:?usage: image.sh FOLDER}
mkdir -p "$out"
work=$(mktemp -d "$out/build.XXXXXX")
trap 'rm -rf "$work"' EXIT
root=$work/root

. /etc/os-release
[ "$ID" = debian ] || { echo "image.sh: needs Debian's packages, and this is $ID" >&2; exit 1; }
# Where this machine has its own Debian from.
mirror=$(apt-get indextargets --format '$(SITE)|$(RELEASE)|$(CREATED_BY)' | awk -F'|' -v r="$VERSION_CODENAME" '$2 == r && $3 == "Packages" { print $1; exit }')

# What a GPU server with Docker has, and nothing more: a bare host shows what the agent needs. curl is for the tests.
debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,kmod,procps,iproute2,iptables,apparmor,docker.io,ca-certificates,curl \
    "$VERSION_CODENAME" "$root" "$mirror" >"$out/debootstrap.log"

# The kernel: unpacked, not installed, so that nothing is made for a disk that it does not boot from.
package=$(apt-cache depends linux-image-cloud-amd64 | awk '$1 == "Depends:" { print $2; exit }')
(cd "$work" && apt-get -q -o APT::Sandbox::User=root download "$package" >/dev/null && dpkg-deb -x "$package"_*.deb kernel)
release=$(basename "$work"/kernel/boot/vmlinuz-*); release=${release#vmlinuz-}
cp "$work/kernel/boot/vmlinuz-$release" "$work/vmlinuz"
mkdir -p "$root/usr/lib/modules"
cp -a "$work/kernel/lib/modules/$release" "$root/usr/lib/modules/"
depmod -b "$root" "$release"

# The first program that runs: loads what the disk needs (in the order that modules.dep tells, last first), and goes there.
modules=$root/usr/lib/modules/$release
init=$work/init
mkdir -p "$init/bin" "$init/dev" "$init/root" "$init/modules"
cp "$(command -v busybox)" "$init/bin/busybox"
for name in virtio_pci virtio_blk ext4; do
    line=$(grep -E "/$name\.ko[^:]*:" "$modules/modules.dep") || continue # in the kernel itself
    for file in $(echo "${line#*:}" | tr ' ' '\n' | tac) "${line%%:*}"; do
        case "$file" in *.xz) xz -dc "$modules/$file" ;; *) cat "$modules/$file" ;; esac >"$init/modules/$(basename "${file%.xz}")"
        basename "${file%.xz}" >>"$init/order"
    done
done
cat >"$init/init" <<'INIT'
#!/bin/busybox sh
while read -r module; do /bin/busybox insmod /modules/$module 2>/dev/null; done </order
/bin/busybox mount -t devtmpfs dev /dev
until [ -b /dev/vda ]; do /bin/busybox sleep 0.1; done
/bin/busybox mount -t ext4 /dev/vda /root
/bin/busybox mount --move /dev /root/dev
exec /bin/busybox switch_root /root /sbin/init
INIT
chmod +x "$init/init"
(cd "$init" && find . | cpio -o -H newc --quiet | gzip -1 >"$work/initrd")

# The tests come on the second disk as a tar file, what they have to tell goes to the third.
cat >"$root/etc/systemd/system/headroom-vm.service" <<'UNIT'
[Unit]
Description=The tests
Wants=docker.service
After=docker.service

[Service]
Type=oneshot
ExecStartPre=/bin/mkdir -p /opt/vm
ExecStartPre=/bin/tar -xf /dev/vdb -C /opt/vm
ExecStart=/bin/bash /opt/vm/guest/tests.sh
ExecStopPost=-/bin/bash /opt/vm/guest/end.sh
ExecStopPost=/bin/systemctl poweroff --force --force
TimeoutStartSec=1700

[Install]
WantedBy=multi-user.target
UNIT
chroot "$root" systemctl -q enable headroom-vm.service
chroot "$root" systemctl -q mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer \
    getty@tty1.service serial-getty@ttyS0.service serial-getty@ttyS1.service systemd-tmpfiles-clean.timer systemd-pstore.service
echo headroom-vm >"$root/etc/hostname"
echo "127.0.0.1 localhost headroom-vm" >"$root/etc/hosts"
echo 5ea4d2b0c1e84f6f9a3b7c2d1e0f9a8b >"$root/etc/machine-id" # a first boot would set up all anew
mkdir -p "$root/etc/docker" "$root/etc/systemd/journald.conf.d"
echo '{ "live-restore": true }' >"$root/etc/docker/daemon.json"
printf '[Journal]\nStorage=volatile\nRateLimitIntervalSec=0\n' >"$root/etc/systemd/journald.conf.d/vm.conf"
rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* "$root"/usr/share/{doc,man,locale}

truncate -s 3G "$work/root.ext4"
mke2fs -q -t ext4 -O ^has_journal -E lazy_itable_init=1,nodiscard -d "$root" "$work/root.ext4"
mv "$work/vmlinuz" "$work/initrd" "$work/root.ext4" "$out/"
