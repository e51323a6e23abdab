part "uninstall while it holds"
with_gate
uninstall_it() { "$vm/deploy/install.sh" --uninstall; }
stand_still "batch stands still"
check "the breaker is closed, after all this" tells 'headroom_breaker_open 0'
ended_one() { [ "$(journalctl -q -u headroom-guard --no-pager -o cat | grep -c 'did not renew its lease')" = "$stopped" ]; }
check "the guard has ended no agent but the one that was stopped" ended_one
check "install.sh removes it" uninstall_it
check "batch runs" runs
check "and so does the server" test "$(docker inspect -f '{{.State.Running}}' core-server)" = true
stream_end
no_files() { ! ls -d /usr/bin/headroom /etc/systemd/system/headroom*.service /etc/systemd/system/*/headroom*.service /run/headroom 2>/dev/null | grep .; }
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
