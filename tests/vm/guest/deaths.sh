part "the agent stopped dead (SIGSTOP) while it holds"
with_gate
stand_still "batch stands still"
mark
agent=$(pid_of headroom)
stopped=1
kill -STOP "$agent"
check "the guard lets it run when the lease has run out" within 60 thawed
check "as it says itself" within 10 said headroom-guard "pid $agent.*did not renew its lease"
check "and it killed the agent" not kill -0 "$agent"
check "which systemd starts anew" within 60 is_another headroom "$agent"
stand_still "and which takes the gate again"

part "agent and guard killed (SIGKILL) at once while it stands still"
mark
agent=$(pid_of headroom) guard=$(pid_of headroom-guard)
kill -KILL "$agent" "$guard"
check "both come back" eval 'within 90 is_another headroom $agent && within 60 is_another headroom-guard $guard'
stream_end
check "and nothing stays frozen" within 60 runs

# What is on its own: no restart, a watchdog that is missed soon.
alone() {
    for unit in headroom headroom-guard; do
        mkdir -p "/run/systemd/system/$unit.service.d"
        printf '[Service]\nRestart=no\nWatchdogSec=15\n' >"/run/systemd/system/$unit.service.d/vm.conf"
    done
    systemctl daemon-reload
    systemctl restart headroom-guard headroom
}
as_shipped() {
    rm -rf /run/systemd/system/headroom.service.d /run/systemd/system/headroom-guard.service.d
    systemctl daemon-reload
    systemctl reset-failed headroom headroom-guard
    systemctl restart headroom-guard headroom
}
by_stop_post() { within "$1" thawed && within 20 said headroom 'thawed, and the kernel says that it runs'; }

part "no guard: ExecStopPost is what is left"
alone
stand_still "batch stands still"
mark
kill -KILL "$(pid_of headroom-guard)" "$(pid_of headroom)"
check "after the agent was killed, guard --once lets it run" by_stop_post 60
check "and nobody else did: agent and guard are down" eval 'within 30 failed_by signal && not active headroom-guard'
check "it goes on running" runs
systemctl restart headroom-guard headroom
stand_still "batch stands still again"
mark
kill -STOP "$(pid_of headroom)"
kill -KILL "$(pid_of headroom-guard)"
check "of an agent that hangs systemd's watchdog makes an end, and guard --once lets batch run" by_stop_post 90
check "it was the watchdog" within 30 failed_by watchdog
stream_end
as_shipped
check "as shipped both run again" within 60 active headroom headroom-guard
