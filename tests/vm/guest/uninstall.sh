part "uninstall while it holds"
with_gate
uninstall_it() { "$vm/deploy/install.sh" --uninstall 2>&1 | tee /tmp/seen-uninstall.txt; [ "${PIPESTATUS[0]}" = 0 ]; }
stand_still "batch stands still"
check "the breaker is closed, after all this" tells 'headroom_breaker_open 0'
ended_one() { [ "$(journalctl -q -u headroom-guard --no-pager -o cat | grep -c 'did not renew its lease')" = "$stopped" ]; }
check "the guard has ended no agent but the one that was stopped" ended_one
# One program that has ended, and one that a unit of its own has and that goes on.
systemd-run -q --unit vm-job headroom exec --name job -- sleep 1000
# The next exec removes what has ended, so that one is the last.
within 20 pgrep -x sleep
headroom exec --name ended -- true
groups() { find /sys/fs/cgroup -type d -name 'headroom-*' | grep -E '/headroom-[0-9a-f]{64}$'; }
has_groups() { [ "$(groups | wc -l)" = "$1" ]; }
check "programs of headroom exec have cgroups" within 20 has_groups 2
check "install.sh removes it" uninstall_it
check "it names the program that runs on" grep 'headroom exec. (job)' /tmp/seen-uninstall.txt
check "which does" systemctl is-active vm-job
check "the cgroup of the one that had ended is gone" has_groups 1
not_crashed() { ! journalctl -q -u headroom -u headroom-guard --no-pager -o cat | grep 'Unhandled exception'; }
check "neither agent nor guard has ever ended by an exception" not_crashed
check "batch runs" runs
check "and so does the server" test "$(docker inspect -f '{{.State.Running}}' core-server)" = true
stream_end
no_files() { ! ls -d /usr/bin/headroom /etc/systemd/system/headroom*.service /etc/systemd/system/*/headroom*.service /run/headroom 2>/dev/null | grep -v headroom-vm; }
no_units() { ! systemctl list-units --all --no-legend 'headroom*' | grep -v headroom-vm; }
no_processes() { ! pgrep -a -x headroom; }
no_cells() { ! find /sys/fs/cgroup -name headroom | grep .; }
nothing_frozen() { ! grep -rl '^frozen 1' /sys/fs/cgroup --include=cgroup.events; }
check "no file of it is left but settings and journal" no_files
check "no unit" no_units
check "no process" no_processes
check "no cgroup of its making" no_cells
check "nothing is frozen" nothing_frozen
check "containers start as before" docker restart -t 1 core-batch
systemctl stop vm-job
