part "the request gate"
with_gate
check "batch stands behind a gate" within 90 held_by gate
check "while no request is in flight it runs" within 30 runs
stand_still "while a request is in flight it stands still: cgroup.events says so, and it uses no CPU"
# What is in the cell says who was caught, if it does not come back.
exec_works() {
    timeout 30 docker exec core-batch server load http://127.0.0.1:1/x 100 0.1 1 --drain 0 && return 0
    local pid
    while read -r pid; do echo "in the frozen cell: $pid $(tr '\0' ' ' <"/proc/$pid/cmdline")"; done <"$batch/headroom/cgroup.procs"
    return 1
}
check "docker exec works in a container that stands still" exec_works
docker pause core-batch >/dev/null
check "a pause by a person is one: Docker says paused" test "$(docker inspect -f '{{.State.Paused}}' core-batch)" = true
check "and can be ended while the gate is closed" docker unpause core-batch
check "after which the gate is closed as before" within 60 stands
stream_end
check "when the request ends it runs" within 30 runs
"$vm/bin/server" load "http://$server:8000/generate?ms=60" 3 15 7 --keep-alive >/tmp/seen-gate.csv
closures() { page | awk '/^headroom_workload_gate_closures_total\{workload="core-batch"/ { n = $2 } END { print "closed " n + 0 " times"; exit !(n >= 10) }'; }
check "it closes for each of many requests" closures
check "and all of them are answered" test "$(grep -c ',1$' /tmp/seen-gate.csv)" = "$(wc -l </tmp/seen-gate.csv)"
