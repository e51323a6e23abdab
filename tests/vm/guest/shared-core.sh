part "the closed loop: batch work starves a server on the core that they share"

start_server
use <<END
apiVersion: headroom/v1
mode: enforce
workloads:
  - name: server
    match: { container: core-server }
    priority: critical
    slo: { p95: 500ms }
    metrics: { preset: vllm, port: 8000 }
  - name: batch
    match: { container: core-batch }
    priority: batch
    yields: share
    share: { floor: 10% }
END
load() { exec "$vm/bin/server" load "http://$server:8000/generate" 5 600 1 >/tmp/seen-load.csv; }
answered() { [ "$(grep -c ',1$' /tmp/seen-load.csv)" -ge "$1" ]; }
pressure() { page | awk -v want="$1" '/^headroom_workload_pressure_ratio\{workload="core-server"/ { seen = 1; ok = want == "kept" ? $2 <= 1 : $2 > 1 } END { exit !(seen && ok) }'; }
# Both words in turns: it runs and stands still.
takes_turns() {
    local at=0 still=0
    while [ $at -lt 200 ]; do at=$((at + 1)); ! frozen || still=$((still + 1)); sleep 0.02; done
    echo "frozen at $still of $at moments"
    [ $still -gt 20 ] && [ $still -lt 200 ]
}
load &
load=$!
check "the server's own figures are read from its container" within 60 tells 'headroom_workload_requests_running\{workload="core-server"\}'
check "alone it answers" within 60 answered 20
# Its weight is that of eight neighbours: beside it the server gets next to nothing.
start_batch --cpu-shares 8192
check "beside batch work it breaks its SLO" within 60 pressure broken
check "batch is held: a share of the time" within 60 held_by share
check "by cgroup.freeze, and cgroup.events says so, in turns" takes_turns
check "the server keeps its SLO again" within 120 pressure kept
headroom status >/tmp/seen-status.txt 2>&1
headroom holds >/tmp/seen-holds.txt 2>&1
headroom doctor --policy "$policy" --nvml "$gpu/libnvidia-ml.so.1" >/tmp/seen-doctor.txt 2>&1
check "headroom doctor finds nothing that fails" test $? = 0
kill $load
wait $load 2>/dev/null
check "without requests all is given back" within 120 holds_nothing
check "and batch has the core again" within 30 had 60 200
