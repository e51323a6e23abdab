# What the parts share. Each check is a line of TAP on the second serial port, with what was seen below a failed one.
vm=/opt/vm
gpu=/dev/shm/gpu # writable for the agent, whose /opt and /run are read-only: the double writes into its machine as the driver does into its own
env=/etc/headroom/headroom.env
policy=/etc/headroom/policy.yaml
number=0 server='' batch=/nonexistent gated='' stream='' stopped=0

# check SENTENCE COMMAND...
check() {
    local what=$1 seen
    shift
    number=$((number + 1))
    if seen=$("$@" 2>&1); then
        echo "ok $number - $what"
    else
        echo "not ok $number - $what"
        { echo "$*"; echo "$seen"; situation; } 2>&1 | tail -n 60 | sed 's/^/#   /'
    fi
}

part() { echo "# $*"; }

situation() {
    echo "-- units: $(systemctl show -P ActiveState -P SubState -P Result -P NRestarts headroom headroom-guard docker 2>&1 | paste -sd' ')"
    echo "-- batch: $(cat "$batch/cgroup.freeze" "$batch/headroom/cgroup.freeze" "$batch/headroom/cgroup.events" 2>&1 | paste -sd' ')"
    timeout 20 headroom holds 2>&1
    journalctl -q -u headroom -u headroom-guard -n 25 --no-pager -o short-monotonic
}

# within SECONDS COMMAND...: until it succeeds.
within() {
    local seconds=$1 end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        if [ "$SECONDS" -ge "$end" ]; then echo "not within $seconds s: $*"; return 1; fi
        sleep 0.3
    done
}

not() { ! "$@"; }

# ---- units

active() {
    local unit
    for unit in "$@"; do systemctl is-active -q "$unit" || { echo "$unit is $(systemctl is-active "$unit")"; return 1; }; done
}
pid_of() { systemctl show -P MainPID "$1"; }
is_another() { [ "$(pid_of "$1")" != "$2" ] && [ "$(pid_of "$1")" != 0 ] && active "$1"; }
failed_by() { [ "$(systemctl show -P ActiveState headroom)/$(systemctl show -P Result headroom)" = "failed/$1" ]; }
# said UNIT PATTERN: in its journal, since the last `mark`.
mark() { since=$(date +%s); }
said() { journalctl -q -u "$1" --since "@$since" --no-pager -o cat | grep -E -- "$2"; }

# ---- the agent

page() { curl -s -m 20 http://127.0.0.1:9484/metrics; }
tells() { page | grep -E -- "^$1"; }
held_by() { tells "headroom_hold_active\{workload=\"core-batch\",lever=\"$1\""; }
holds_nothing() { page >/tmp/page && grep -q '^headroom_agent_info' /tmp/page && ! grep '^headroom_hold_active' /tmp/page; }

# use POLICY: the agent takes it while it runs.
use() {
    cat >"$policy.new"
    mv "$policy.new" "$policy"
    systemctl reload headroom
}

# ---- the containers: a model server and batch work that share the last core, which stands for the GPU

start_server() {
    docker rm -f core-server >/dev/null 2>&1
    docker run -d --name core-server --cgroup-parent vm.slice vm/server:1 server serve 8000 40 1 >/dev/null
    server=$(docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' core-server)
    on_gpu core-server 16384
}
# start_batch OPTIONS...: of docker run. In a slice of their own: Docker and the agent are not whom it should starve.
start_batch() {
    docker rm -f core-batch >/dev/null 2>&1
    docker run -d --name core-batch --cgroup-parent vm.slice --cpuset-cpus 1 "$@" --label headroom.enable=true --label headroom.priority=batch vm/server:1 server burn 1 >/dev/null
    batch=/sys/fs/cgroup/vm.slice/docker-$(docker inspect -f '{{.Id}}' core-batch).scope
    on_gpu core-batch 4096
}
on_gpu() { "$vm/bin/gpu" hold "$gpu/machine" "$(docker inspect -f '{{.State.Pid}}' "$1")" "$2"; }

# Server and batch, which stands behind a gate; as the part before has left them, if it has.
with_gate() {
    if [ -n "$gated" ] && [ -e "$batch" ]; then return; fi
    [ -n "$server" ] || start_server
    start_batch --cpus 0.3 # enough to be seen, and it leaves an emulated machine some time
    gated=yes
    use <<END
apiVersion: headroom/v1
mode: enforce
workloads:
  - { name: server, match: { container: core-server }, priority: critical, ports: [8000], metrics: { preset: vllm, port: 8000 } }
  - { name: batch, match: { container: core-batch }, priority: batch, yields: gate }
rules: { latencyGuard: off, gate: { maxClosed: 10m } }
END
}

# The kernel's own word, of the cgroup below the container's that is the agent's hand.
frozen() {
    local line
    while read -r line; do if [ "$line" = 'frozen 1' ]; then return 0; fi; done <"$batch/headroom/cgroup.events"
    return 1
} 2>/dev/null
thawed() { ! frozen; }
used_us() { awk '$1 == "usage_usec" { print $2 }' "$batch/cpu.stat"; }
# had LEAST MOST: its part of a core in the next two seconds, in percent.
had() {
    local before after
    before=$(used_us)
    sleep 2
    after=$(used_us)
    echo "batch had $(((after - before) / 20000)) % of a core"
    [ $(((after - before) / 20000)) -ge "$1" ] && [ $(((after - before) / 20000)) -le "$2" ]
}
runs() { thawed && had 15 200; }
# Breaths of 10 ms in 10 s are its due.
stands() { frozen && had 0 5; }

# A request that does not end: in flight from token to token, until its client goes.
stream_begin() {
    curl -sN -o /dev/null "http://$server:8000/stream?tokens=100000&ms=50" &
    stream=$!
}
stream_end() {
    [ -n "$stream" ] || return 0
    kill "$stream" 2>/dev/null
    wait "$stream" 2>/dev/null
    stream=''
}
# stand_still SENTENCE: of batch, for a request that does not end. A new one each time: what had begun before an agent could see it tells that agent nothing.
stand_still() {
    stream_end
    within 120 held_by gate >/dev/null
    stream_begin
    check "$1" within 60 stands
}
