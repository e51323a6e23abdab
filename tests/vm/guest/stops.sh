part "systemctl stop headroom while it holds"
with_gate
stand_still "batch stands still"
guard=$(pid_of headroom-guard)
check "it stops" systemctl stop headroom
check "and ends well, by itself" test "$(systemctl show -P Result headroom)" = success
check "batch runs" thawed
check "the guard runs on" test "$(pid_of headroom-guard)" = "$guard"
nothing_left() { headroom guard --once 2>&1 | grep 'no compute is held'; }
check "the journal names nothing that is held" nothing_left
systemctl start headroom
stand_still "started again it holds again"

part "systemctl stop headroom-guard while it holds"
systemctl stop headroom-guard
check "without a guard the agent gives back" within 60 holds_nothing
check "and batch runs" within 30 runs
check "it says that it only recommends" within 30 tells 'headroom_act_limited 1'
systemctl start headroom-guard
stand_still "with a guard it holds again"

part "Docker restarted while it holds (live-restore)"
agent=$(pid_of headroom)
check "Docker restarts" systemctl restart docker
check "containers live on, behind the same gate" eval 'test "$(docker inspect -f "{{.State.Running}}" core-batch core-server | sort -u)" = true && within 60 stands'
check "so does the agent" test "$(pid_of headroom)" = "$agent"
docker_down() { systemctl stop docker.socket docker; }
check "Docker stops, its socket too" docker_down
sleep 3
stream_end
check "without Docker the end of the request lets batch run" within 30 runs
stream_begin
check "and a new one stops it, or not, but nothing hangs: the agent answers" within 20 tells headroom_agent_info
stream_end
systemctl start docker.socket docker
check "Docker is back, and the agent reads it" within 60 tells 'headroom_source_up\{source="containers"\} 1'
stand_still "the gate works as before"

part "Docker restarted while it holds (containers end with it)"
rm /etc/docker/daemon.json
systemctl reload docker
check "Docker restarts, and with it all containers end" eval 'systemctl restart docker && test "$(docker inspect -f "{{.State.Running}}" core-batch core-server | sort -u)" = false'
stream_end
check "no cgroup of theirs stays" not test -e "$batch"
check "the agent is the same, and holds nothing" eval 'test "$(pid_of headroom)" = "$agent" && within 60 holds_nothing'
start_server
with_gate
stand_still "containers that are started again stand behind the gate"
check "one that stands still can be removed" timeout 60 docker rm -f core-batch
check "and leaves no cgroup" within 20 not test -e "$batch"
with_gate
