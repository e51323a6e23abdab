part "a bare Debian host: $(. /etc/os-release; echo "$PRETTY_NAME"), systemd $(systemctl --version | awk 'NR == 1 { print $2 }'), Docker $(docker version -f '{{.Server.Version}}'), Linux $(uname -r)"

check "cgroups are of version 2, and Docker's driver is systemd" test "$(docker info -f '{{.CgroupVersion}} {{.CgroupDriver}}')" = "2 systemd"

install_it() { "$vm/deploy/install.sh" "$vm/bin/headroom"; }
files_and_processes() {
    find /usr/bin/headroom /etc/headroom /etc/systemd/system -ls
    sha256sum /usr/bin/headroom /etc/headroom/* /etc/systemd/system/headroom*
    systemctl show -P MainPID -P NRestarts -P InvocationID -P UnitFileState headroom headroom-guard headroom-pages
}
owners() {
    local wrong=0 path want
    while read -r want path; do
        [ "$(stat -c '%U:%G:%a' "$path")" = "$want" ] || { echo "$path: $(stat -c '%U:%G:%a' "$path"), not $want"; wrong=1; }
    done <<END
root:root:700 /var/lib/headroom
root:root:700 /run/headroom
root:root:600 /run/headroom/control.sock
root:root:600 /run/headroom/lease
root:root:600 $env
root:root:755 /etc/headroom
root:root:755 /usr/bin/headroom
END
    return $wrong
}
verified() {
    systemd-analyze verify /etc/systemd/system/headroom*.service >/tmp/seen-verify.txt 2>&1
    local code=$?
    cat /tmp/seen-verify.txt
    [ $code = 0 ] && ! grep -qi headroom /tmp/seen-verify.txt
}
installs_again() {
    local before
    before=$(files_and_processes)
    install_it || return 1
    diff <(echo "$before") <(echo "$(files_and_processes)")
}

check "install.sh installs on it, and the agent answers" install_it
check "systemd-analyze verify has nothing to say of the units" verified
check "agent and guard have told systemd that they are ready" active headroom headroom-guard
check "all three units start with the machine" systemctl is-enabled headroom headroom-guard headroom-pages
check "metrics answer" within 20 tells headroom_agent_info
check "headroom status answers" headroom status
check "folders, socket and settings are root's alone" owners
check "a second install changes nothing: no file, no process" installs_again
# NVIDIA's devices have the major number 195. Without a driver to open one fails in the kernel (ENXIO), if the service may open it at all.
# ProtectClock= forbids it on many systems (systemd before 253), if not on this one.
opens_gpu() {
    ! grep -E '^(ProtectClock|PrivateDevices|DeviceAllow|DevicePolicy)=' /etc/systemd/system/headroom.service || return 1
    mknod -m 666 /dev/nvidiactl c 195 255
    bash -c 'echo $$ >/sys/fs/cgroup/system.slice/headroom.service/cgroup.procs && exec 3<>/dev/nvidiactl' 2>&1 | tee /dev/stderr | grep -q 'No such device or address'
    local code=$?
    rm /dev/nvidiactl
    return $code
}
check "the agent's service may open the devices of a GPU" opens_gpu

mkdir -p "$gpu"
cp "$vm/bin/libnvidia-ml.so.1" "$gpu/"
"$vm/bin/gpu" new "$gpu/machine"
"$vm/bin/gpu" follow "$gpu/machine" &
mkdir -p /tmp/image/bin
cp "$vm/bin/server" /tmp/image/bin/
tar -C /tmp/image -c . | docker import -c 'ENV PATH=/bin' - vm/server:1 >/dev/null

# Emulated in software, beside a build, a tick can take a second and more.
printf '%s\n' "HEADROOM_NVML=$gpu/libnvidia-ml.so.1" HEADROOM_TICK=2s HEADROOM_GUARD_LEASE=10s >>"$env"
grep -q '^HEADROOM_POLICY=' "$env" || echo "HEADROOM_POLICY=$policy" >>"$env"
systemctl restart headroom
check "with a driver (its double) the agent sees the GPU" within 30 tells 'headroom_gpu_up\{gpu="0"\} 1'
