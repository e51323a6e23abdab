#!/usr/bin/env bash
# Installs, updates and removes Headroom on a server with systemd. Run again at any time: what is right already stays as it is.
# Needs bash, coreutils, util-linux and systemd. docs/install.md tells the rest.
set -euo pipefail
umask 022
export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin"
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)

usage() {
    cat <<'TEXT'
usage: install.sh [BINARY] [--no-start] [--dry-run] [--root DIR]
       install.sh --uninstall [--purge] [--keep-injected] [--dry-run] [--root DIR]

Installs or updates the agent, its guard and their systemd units, and waits until the agent answers.
  BINARY           the `headroom` to install; else the one beside this script, in ../out or in ../artifacts/native
  --no-start       put everything in place, start and restart nothing
  --uninstall      give back all that is held, then remove Headroom; settings and journal stay. Containers and programs
                   of `headroom exec` that run are not ended: they run on, held by nobody
  --purge          with --uninstall: also /etc/headroom and /var/lib/headroom
  --keep-injected  with --uninstall: though containers carry the preload library; what they mount stays
  --dry-run        tell what would be done, and do nothing
  --root DIR       into this folder instead of /, with nothing started: for packages and images
Exit code: 0 done, 1 failed (what was there before is there still), 2 wrong usage.
TEXT
}

wrong() { echo "install.sh: $1" >&2; usage >&2; exit 2; }

uninstall=false purge=false keep_injected=false dry=false start=true root='' binary=''
while [ $# -gt 0 ]; do
    case "$1" in
        --uninstall) uninstall=true ;;
        --purge) purge=true ;;
        --keep-injected) keep_injected=true ;;
        --dry-run) dry=true ;;
        --no-start) start=false ;;
        --root) if [ -z "${2-}" ]; then wrong "--root needs a folder"; fi; root=$2; shift ;;
        --root=?*) root=${1#--root=} ;;
        -h | --help) usage; exit 0 ;;
        -*) wrong "no such option: $1" ;;
        *) if [ -n "$binary" ] || [ -z "$1" ]; then wrong "one binary, not also \"$1\""; fi; binary=$1 ;;
    esac
    shift
done
if $uninstall; then
    if [ -n "$binary" ]; then wrong "--uninstall takes no binary"; fi
    if ! $start; then wrong "--no-start does not go with --uninstall"; fi
elif $purge || $keep_injected; then
    wrong "--purge and --keep-injected go with --uninstall"
fi
if [ -n "$root" ]; then
    case "$root" in /*) ;; *) root=$PWD/$root ;; esac
    root=${root%/}
fi
staged=false
[ -z "$root" ] || staged=true

bin=$root/usr/bin/headroom
unit_folder=$root/etc/systemd/system
etc=$root/etc/headroom
env=$etc/headroom.env
policy=/etc/headroom/policy.yaml
units=(headroom-guard.service headroom-pages.service headroom.service)
# What is set where this is run is not what the services are told.
for variable in "${!HEADROOM_@}"; do unset "$variable"; done

# ---- telling

# One line for each thing: what was (or would be) done to it.
tell() { if $dry && [[ $1 != unchanged && $1 != kept ]]; then printf '  would be %-10s %s\n' "$1" "$2"; else printf '  %-10s %s\n' "$1" "$2"; fi; }
indented() { printf '      %s' "${1//$'\n'/$'\n'      }"; }
note() { printf '  %s\n' "$*"; }
die() { echo "install.sh: $*" >&2; exit 1; }

dry_words=''
if $dry; then dry_words=": nothing is changed, this would be done"; fi

problems=()
problem() { problems+=("$1"); }
# All that is in the way, at once, and nothing has been changed.
stop_on_problems() {
    [ ${#problems[@]} -gt 0 ] || return 0
    echo "install.sh: nothing was changed, since" >&2
    printf '  - %s\n' "${problems[@]}" >&2
    exit 1
}

# ---- looking

# The lock is this script's alone: what it starts must not keep it.
sc() { systemctl "$@" 9>&-; }

# The value of a unit's property, as systemctl has shown it since its first versions.
property() { local line; line=$(sc show -p "$2" "$1" 2>/dev/null) || line=; echo "${line#*=}"; }

main_pid() { local pid; pid=$(property "$1" MainPID); echo "${pid:-0}"; }

# setting NAME: what headroom.env says, read as systemd reads it: the last one counts.
setting() {
    local line value=''
    if [ -r "$env" ]; then
        while IFS= read -r line || [ -n "$line" ]; do
            line=${line#"${line%%[![:space:]]*}"}
            case "$line" in "$1="*) value=${line#*=} ;; esac
        done <"$env"
    fi
    value=${value%"${value##*[![:space:]]}"}
    case "$value" in \"*\") value=${value#\"} value=${value%\"} ;; \'*\') value=${value#\'} value=${value%\'} ;; esac
    printf '%s' "$value"
}

# The services' places and the calls of `headroom` that concern them.
places() {
    runtime=$(setting HEADROOM_RUNTIME_DIR) state=$(setting HEADROOM_STATE_DIR)
    runtime=${runtime:-/run/headroom} state=${state:-/var/lib/headroom}
    as_service=(env "HEADROOM_RUNTIME_DIR=$runtime" "HEADROOM_STATE_DIR=$state" "HEADROOM_DOCKER=$(setting HEADROOM_DOCKER)" "HEADROOM_NVML=$(setting HEADROOM_NVML)")
}

check_host() {
    [ "$(uname -s)" = Linux ] || problem "this is $(uname -s); Headroom runs on Linux"
    if ! $staged; then
        [ "$(id -u)" = 0 ] || $dry || problem "it needs root: sudo $0"
        local says
        says=$(sc is-system-running 2>/dev/null) || true
        case "$says" in
            '' | offline | unknown) problem "systemd does not run here; where it does not, use Docker compose: deploy/docker-compose.agent.yml" ;;
        esac
    fi
}

# One at a time. Held until this script ends.
lock() {
    if $dry || [ ${#problems[@]} -gt 0 ]; then return; fi
    if $staged; then exec 9<"$root"; else exec 9>/run/headroom-install.lock; fi
    command -v flock >/dev/null || { problem "flock (util-linux) is missing"; return; }
    flock -n 9 || problem "another install.sh is at work (it holds ${root:-/run/headroom-install.lock})"
}

# holders PATTERN: the agents and guards that have a lease of such a path mapped.
holders() {
    local folder comm
    for folder in /proc/[0-9]*; do
        { read -r comm <"$folder/comm"; } 2>/dev/null || continue
        case "$comm" in headroom | dotnet) ;; *) continue ;; esac
        if grep -qsE "$1" "$folder/maps"; then echo "${folder#/proc/}"; fi
    done
}

# One on the same lease that these units did not start: compose's, or one started by hand.
check_strangers() {
    if $staged || [ ! -e "$runtime/lease" ]; then return; fi
    local ours pid
    ours=" $(main_pid headroom.service) $(main_pid headroom-guard.service) "
    for pid in $(holders " $(stat -c %i "$runtime/lease") +$runtime/lease\$"); do
        if [[ $ours == *" $pid "* ]]; then continue; fi
        if [[ $(cat "/proc/$pid/cgroup" 2>/dev/null) =~ ([0-9a-f]{12})[0-9a-f]{52} ]] && ! grep -q "${BASH_REMATCH[0]}" /proc/self/cgroup; then
            problem "Headroom runs in a container already (pid $pid, container ${BASH_REMATCH[1]}), on the same $runtime: docker compose -f deploy/docker-compose.agent.yml down"
        else
            problem "Headroom runs already without these units (pid $pid), on the same $runtime: end it first"
        fi
    done
}

# ---- installing

find_binary() {
    local place
    if [ -n "$binary" ]; then return; fi
    for place in "$here/headroom" "$here/../out/headroom" "$here/../artifacts/native/headroom"; do
        if [ -f "$place" ]; then binary=$(realpath "$place"); return; fi
    done
    problem "there is no binary at $here/headroom, ../out/headroom or ../artifacts/native/headroom: name one, or build it: dotnet publish agent -c Release -r linux-x64 -o out"
}

# A copy by itself must run: a build that needs files beside it does not. It lies where it will be, so that the last step is a rename.
trial='' trial_folder=''
check_binary() {
    [ -n "$binary" ] || return 0
    if [ ! -f "$binary" ]; then problem "$binary is not a file"; return; fi
    local head machine word='' output
    head=$(od -An -v -tx1 -N20 "$binary" 2>/dev/null | tr -d ' \n') || true
    case "${head:0:8}${head:36:4}" in
        7f454c463e00) machine=x86_64 ;;
        7f454c46b700) machine=aarch64 ;;
        7f454c46*) problem "$binary is for another kind of processor than x86_64 and aarch64"; return ;;
        *) problem "$binary is not a Linux program"; return ;;
    esac
    if [ "$machine" != "$(uname -m)" ]; then
        if $staged; then note "$binary is for $machine: not tried on this $(uname -m)"; else problem "$binary is for $machine, this machine is $(uname -m)"; fi
        return
    fi
    trial_folder=$(mktemp -d)
    trial=$trial_folder/headroom
    if ! $dry && [ -w "$root/usr/bin" ]; then trial=$(mktemp "$root/usr/bin/.headroom.XXXXXX"); fi
    install -m 0755 "$binary" "$trial" || { problem "$binary can't be copied"; return; }
    if output=$(timeout 30 "$trial" --version 2>&1); then
        version=${output%%$'\n'*}
    else
        word=$(grep -m 1 . <<<"$output") || true
        problem "$binary does not run as a single file: ${word:-no word from it}"
    fi
}

check_places() {
    local folder unit
    for unit in "${units[@]}" headroom.env; do
        [ -f "$here/systemd/$unit" ] || problem "$here/systemd/$unit is missing: keep this script in its folder deploy"
    done
    [ -f "$here/starter-policy.yaml" ] || problem "$here/starter-policy.yaml is missing: keep this script in its folder deploy"
    [ ! -d "$bin" ] || problem "$bin is a folder"
    if $staged || $dry; then return; fi
    for folder in /usr/bin /etc /etc/systemd/system /var/lib; do
        [ -w "$folder" ] || [ "$(id -u)" != 0 ] || problem "$folder can't be written (a read-only system?): use Docker compose: deploy/docker-compose.agent.yml"
    done
    for unit in "${units[@]}"; do
        [ "$(property "$unit" LoadState)" != masked ] || problem "$unit is masked: systemctl unmask $unit"
    done
}

# The policy that the services are told of must be one that the new binary takes.
check_policy() {
    local at words
    at=$(setting HEADROOM_POLICY)
    if $staged || [ -z "$at" ] || [ -z "${version-}" ]; then return; fi
    if [ "$at" = "$policy" ] && [ ! -e "$policy" ]; then at=$here/starter-policy.yaml; fi
    if words=$(timeout 60 "$trial" check "$at" 2>&1); then return; fi
    case "$words" in
        *libssl*) problem "OpenSSL's library (libssl 1.1 or 3) is missing. Debian and Ubuntu: apt-get install openssl; Red Hat: dnf install openssl-libs" ;;
        *) problem "$version does not take the policy $at:"$'\n'"$(indented "$words")" ;;
    esac
}

backup='' changed=()
# put MODE SOURCE TARGET: whole or not at all, and only when it differs.
put() {
    local mode=$1 source=$2 target=$3 next had=''
    if [ -e "$target" ]; then
        had=changed
        if cmp -s "$source" "$target" && [ "$(stat -c %a "$target")" = "${mode#0}" ]; then tell unchanged "$target"; return; fi
    fi
    changed+=("$target")
    tell "${had:-new}" "$target${4:+ ($4)}"
    if $dry; then return; fi
    if [ -n "$had" ]; then cp -pP "$target" "$backup/${target##*/}"; fi
    if [ "$source" = "$trial" ] && [ "${trial%/*}" = "${target%/*}" ]; then next=$trial trial=''; else
        next=$(mktemp "${target%/*}/.headroom.XXXXXX")
        leftovers+=("$next")
        install -m "$mode" "$source" "$next"
    fi
    sync "$next" 2>/dev/null || true
    mv -fT "$next" "$target"
    label "$target"
}
is_changed() { [[ " ${changed[*]-} " == *" $1 "* ]]; }
# SELinux: what lies in a folder is of the kind that the policy says, not of the one it was made in.
label() { if ! $staged && command -v restorecon >/dev/null; then restorecon "$1" || true; fi; }

folder() {
    if [ -d "$2" ]; then tell unchanged "$2"; return; fi
    tell new "$2"
    if $dry; then return; fi
    install -d -m "$1" "$2"
    label "$2"
}

leftovers=()
clean() {
    rm -f "${leftovers[@]}" ${trial:+"$trial"}
    rm -rf ${trial_folder:+"$trial_folder"} ${backup:+"$backup"}
}
trap clean EXIT

put_files() {
    local unit fresh
    if ! $dry; then
        backup=$(mktemp -d)
        if $staged; then install -d -m 0755 "$root/usr/bin" "$unit_folder" "$root/var/lib"; fi
    fi
    folder 0755 "$etc"
    if [ -e "$env" ]; then
        tell kept "$env"
    else
        fresh=$(mktemp)
        leftovers+=("$fresh")
        sed "s|^#\(HEADROOM_POLICY=$policy\)\$|\1|" "$here/systemd/headroom.env" >"$fresh"
        put 0600 "$fresh" "$env"
    fi
    # Only one that is used: the settings may name another.
    if [ -e "$root$policy" ]; then
        tell kept "$root$policy"
    elif $dry && [ ! -e "$env" ] || [ "$(setting HEADROOM_POLICY)" = "$policy" ]; then
        put 0644 "$here/starter-policy.yaml" "$root$policy" "mode observe: it watches and touches nothing"
    fi
    folder 0700 "$root/var/lib/headroom"
    put 0755 "${trial:-$binary}" "$bin" "${version-}"
    for unit in "${units[@]}"; do put 0644 "$here/systemd/$unit" "$unit_folder/$unit"; done
}

# Whether the process of a unit is of the file that is installed now.
runs_old() {
    local pid
    pid=$(main_pid "$1")
    [ "$pid" != 0 ] && [ "$(stat -Lc %d:%i "/proc/$pid/exe" 2>/dev/null)" != "$(stat -c %d:%i "$bin")" ]
}

needs_start() { is_changed "$bin" || is_changed "$unit_folder/$1" || ! sc is-active --quiet "$1" || runs_old "$1"; }

bring_up() {
    local was=started
    if ! needs_start "$1"; then tell unchanged "$1: runs (pid $(main_pid "$1"))"; return; fi
    if sc is-active --quiet "$1"; then was=restarted; fi
    tell "$was" "$1"
    if $dry; then return; fi
    sc restart "$1"
}

answers() { timeout 10 "${as_service[@]}" "$bin" status --json --runtime-dir "$runtime" >/dev/null 2>&1 9>&-; }

wait_until_it_answers() {
    local seconds=0 restarts
    while ! { sc is-active --quiet headroom.service && answers; }; do
        restarts=$(property headroom.service NRestarts)
        if [ "$seconds" = 60 ] || [ "${restarts:-0}" -ge 5 ]; then return 1; fi
        if [ $((seconds % 10)) = 0 ]; then note "waiting for the agent to answer (${seconds} of at most 60 s)"; fi
        sleep 1
        seconds=$((seconds + 1))
    done
    tell answers "the agent, $(timeout 10 "$bin" --version | head -n 1)"
}

start_all() {
    local unit
    if ((${#changed[@]})) || [ "$(property headroom.service NeedDaemonReload)" = yes ]; then $dry || sc daemon-reload; fi
    for unit in "${units[@]}"; do
        if sc is-enabled --quiet "$unit" 2>/dev/null; then tell unchanged "$unit: enabled"; else tell enabled "$unit"; $dry || sc enable --quiet "$unit" || return 1; fi
    done
    if ! $start; then note "nothing was started or restarted (--no-start): systemctl restart headroom-guard headroom-pages headroom"; return; fi
    # The guard first: the agent acts only beside one. The agent gives back what it holds when it stops, and when it has no guard.
    bring_up headroom-guard.service || return 1
    if [ -d "$state/pages" ]; then
        if needs_start headroom-pages.service; then
            tell started headroom-pages.service
            $dry || sc restart headroom-pages.service || return 1
        else
            tell unchanged "headroom-pages.service: has run"
        fi
    fi
    # A first start that fails is tried again by systemd: what counts is whether it answers.
    bring_up headroom.service || true
    $dry || wait_until_it_answers
}

# The binary and the units as they were, where there were any.
roll_back() {
    local target had=false
    for target in "${changed[@]}"; do
        if [ -e "$backup/${target##*/}" ]; then
            had=true
            cp -pP "$backup/${target##*/}" "${target%/*}/.headroom.back"
            mv -fT "${target%/*}/.headroom.back" "$target"
            label "$target"
        fi
    done
    $had || return 1
    sc daemon-reload
    sc restart headroom-guard.service && sc restart headroom.service && wait_until_it_answers >/dev/null
}

run_install() {
    check_host
    places
    find_binary
    check_places
    if $staged && ! $dry; then mkdir -p "$root"; fi
    lock
    check_binary
    check_strangers
    check_policy
    stop_on_problems

    echo "Headroom ${version-}, from $binary$dry_words"
    put_files
    if $staged; then
        note "staged below $root: nothing was started"
        return
    fi
    if ! start_all; then
        {
            echo "install.sh: the agent or its guard does not run. The last of their log (journalctl -u headroom -u headroom-guard):"
            journalctl -u headroom -u headroom-guard -n 10 --no-pager -o cat 2>/dev/null | sed 's/^/    /' || true
            if [ -z "$(ls -A "$backup")" ]; then echo "install.sh: systemd tries again and again; after a change of $env: systemctl restart headroom-guard headroom"
            elif roll_back; then echo "install.sh: the former binary and units are back, and run"
            else echo "install.sh: the former binary and units are back, but do not run either: see systemctl status headroom-guard headroom"; fi
        } >&2
        exit 1
    fi
    if ! $dry; then next_steps; fi
}

next_steps() {
    local at mode_words=''
    at=$(setting HEADROOM_POLICY)
    [ -n "$at" ] || mode_words=" (HEADROOM_POLICY is not set: labels only)"
    cat <<TEXT
Next:
  headroom doctor                  is this host ready? each finding says what to do
  headroom status                  the GPUs, who holds their memory, how fast each model answers
  \$EDITOR ${at:-$env}$mode_words
                                   say what matters; it watches only until the policy says recommend or enforce
  settings: $env, then: systemctl restart headroom
TEXT
}

# ---- removing

# live_holds: a line "lever name" for each hold that the journal names and nothing has ended. Its records, one a line: sum, then JSON.
live_holds() {
    local line id
    local -A live=()
    [ -r "$state/journal/holds.journal" ] || return 0
    while IFS= read -r line || [ -n "$line" ]; do
        [[ $line =~ ^[0-9a-f]{8}\ \{\"op\":\"([a-z]+)\",\"id\":([0-9]+) ]] || continue
        id=${BASH_REMATCH[2]}
        case "${BASH_REMATCH[1]}" in
            done) unset "live[$id]" ;;
            take) if [[ $line =~ \"name\":\"([^\"]*)\".*\"lever\":\"([a-zA-Z]+)\" ]]; then live[$id]="${BASH_REMATCH[2]} ${BASH_REMATCH[1]}"; else live[$id]="hold $id"; fi ;;
        esac
    done <"$state/journal/holds.journal"
    for id in "${!live[@]}"; do echo "${live[$id]}"; done
}

# An agent that only observes wants nothing held: it gives back what outlives an agent too (caps, stops, sleep), each as its undo says.
# Without the policy, which may be what is wrong; listening nowhere that can be in use.
give_back_all() {
    local log agent guard='' pid seconds=0 settled=0 left=''
    log=$(mktemp)
    leftovers+=("$log")
    # Without one it gives nothing back that outlives an agent.
    if ! sc is-active --quiet headroom-guard.service; then
        "${as_service[@]}" "$bin" guard >>"$log" 2>&1 9>&- </dev/null &
        guard=$!
    fi
    "${as_service[@]}" "$bin" run --mode observe --metrics-listen 127.0.0.1:0 --control-listen off >>"$log" 2>&1 9>&- </dev/null &
    agent=$!
    while :; do
        left=$(live_holds)
        if [ -z "$left$injected" ]; then break; fi
        # It lifts the caps of containers that have yet to start as well, once it has seen what runs.
        if [ -z "$left" ] && ! "${as_service[@]}" "$bin" holds --json --runtime-dir "$runtime" 2>/dev/null 9>&- | grep -q '"limited"' && answers; then settled=$((settled + 1)); fi
        if [ "$settled" -ge 3 ]; then break; fi
        if ! kill -0 "$agent" 2>/dev/null || [ "$seconds" = 180 ]; then
            "${as_service[@]}" "$bin" holds --runtime-dir "$runtime" 9>&- || tail -n 5 "$log"
            break
        fi
        if [ $((seconds % 10)) = 0 ] && [ -n "$left" ]; then note "giving back (${seconds} of at most 180 s): $(paste -sd, <<<"$left")"; fi
        sleep 1
        seconds=$((seconds + 1))
    done
    # The agent first: it may hold a lease that a guard watches.
    for pid in $agent $guard; do
        kill -TERM "$pid" 2>/dev/null || true
        wait "$pid" || true
    done
    [ -z "$(live_holds)" ]
}

# groups: a line "ID NAME" for each program of `headroom exec` that is written down and has a cgroup.
groups() {
    local file line
    for file in "$runtime"/groups/*.json; do
        [[ ${file##*/} =~ ^([0-9a-f]{64})\.json$ ]] || continue
        read -r line <"$file" || [ -n "$line" ] || continue
        [[ $line =~ \"name\":\"([A-Za-z0-9._-]+)\" ]] && echo "$(basename "$file" .json) ${BASH_REMATCH[1]}"
    done 2>/dev/null
    return 0
}

# group_cgroups: their cgroups, also of those that nobody wrote down.
group_cgroups() { find /sys/fs/cgroup -type d -regextype posix-extended -regex '.*/headroom-[0-9a-f]{64}' 2>/dev/null; }

# Whether a process is in a cgroup, or below it.
inhabited() { find "$1" -name cgroup.procs -exec cat {} + 2>/dev/null | grep -q .; }

# Those that run are left alone: they are not ours to end.
name_groups() {
    local id name folder alive=''
    while read -r id name; do
        for folder in $(group_cgroups | grep -F "$id"); do if inhabited "$folder"; then alive+=", $name"; fi; done
    done < <(groups)
    if [ -z "$alive" ]; then return; fi
    note "run on, held by nobody: programs of \`headroom exec\` (${alive#, }); their empty cgroups go with the next boot."
    note "what starts them does so by $bin: change that before they are started again"
}

# The cgroups of our own inside those of this Docker's containers and of programs of `headroom exec`: their processes are moved back. Nobody but Headroom freezes one,
# so one that still is was forgotten. One that will not go goes with its container. Those of an agent with other folders look the same: then all are left.
remove_cells() {
    local containers cell parent pid ended count=0 left=0 groups=0
    containers=$(DOCKER_HOST=$(setting HEADROOM_DOCKER) timeout 30 docker ps -q --no-trunc 2>/dev/null 9>&-) || containers=
    ended=$(group_cgroups)
    if [ -z "$containers$ended" ]; then return; fi
    if [ -n "$(holders '/lease$')" ]; then note "its own cgroups in those of containers stay until these end: another Headroom runs here, and uses them"; return; fi
    while IFS= read -r cell; do
        parent=${cell%/*}
        [[ ${parent##*/} =~ [0-9a-f]{64} && $containers$ended == *"${BASH_REMATCH[0]}"* ]] || continue
        # A container may end meanwhile, and its cgroup with it.
        for _ in {1..20}; do
            {
                if [ -e "$cell/cgroup.freeze" ]; then echo 0 >"$cell/cgroup.freeze"; else echo THAWED >"$cell/freezer.state"; fi
                while read -r pid; do echo "$pid" >"$parent/cgroup.procs" || true; done <"$cell/cgroup.procs"
                rmdir "$cell"
            } 2>/dev/null || true
            if [ ! -d "$cell" ]; then break; fi
        done
        if [ -d "$cell" ]; then left=$((left + 1)); else count=$((count + 1)); fi
    done < <(find /sys/fs/cgroup -type d -name headroom 2>/dev/null)
    # Of programs that have ended; what these made for themselves below it too.
    for cell in $ended; do
        if inhabited "$cell"; then continue; fi
        find "$cell" -depth -type d -exec rmdir {} + 2>/dev/null || true
        [ -d "$cell" ] || groups=$((groups + 1))
    done
    if [ "$count" -gt 0 ]; then tell removed "$count of its own cgroups; their processes are in their containers' again"; fi
    if [ "$left" -gt 0 ]; then note "$left of its own cgroups stay until their containers end; nothing is frozen in them"; fi
    if [ "$groups" -gt 0 ]; then tell removed "$groups cgroups of programs that \`headroom exec\` had started and that have ended"; fi
}

# Containers that carry the library start only while it and their pages are there. Where nothing was ever injected nobody is asked.
injected=''
check_injected() {
    if $staged || [ -z "$(ls -A "$state/pages" 2>/dev/null)" ]; then return; fi
    local list why
    why=$(mktemp)
    leftovers+=("$why")
    if [ ! -x "$bin" ]; then
        echo "$bin is not there to ask" >"$why"
    elif list=$(timeout 60 "${as_service[@]}" "$bin" inject --list 2>"$why" 9>&-); then
        [ -n "$list" ] || return 0
        injected=yes
        $keep_injected || problem "containers carry the preload library; make each again as its line \"undo\" says, or use --keep-injected:"$'\n'"$(indented "$list")"
        return
    fi
    # Not known: what they may need stays.
    injected=yes
    $keep_injected || problem "it can't be told which containers carry the preload library ($(tail -n 1 "$why")): mend that, or use --keep-injected"
}

remove() {
    if [ ! -e "$1" ] && [ ! -L "$1" ]; then return; fi
    tell removed "$1"
    $dry || rm -rf --one-file-system -- "$1"
}

# Something stays held: then the agent that knows of it stays too.
keep_all() {
    if [ ! -e "$unit_folder/headroom.service" ]; then die "$1. Nothing was removed."; fi
    sc start headroom-guard.service headroom.service || true
    die "$1. Nothing was removed, and the agent was started again. See: headroom holds; journalctl -u headroom"
}

give_back() {
    local said
    if [ -e "$unit_folder/headroom.service" ]; then
        tell stopped headroom.service
        $dry || sc stop headroom.service || keep_all "headroom.service does not stop"
    fi
    if $dry; then tell "given back" "all that is held"; return; fi
    if [ ! -x "$bin" ]; then
        [ -z "$(live_holds)" ] || die "$state/journal names holds ($(live_holds | paste -sd,)), and $bin, which gives them back, is gone: install it again first"
        return
    fi
    # The agent has given back what it froze or paused before it ended; this is the proof, and for one that was dead already.
    said=$("${as_service[@]}" "$bin" guard --once --force 2>&1 9>&-) || keep_all "something stays held: $said"
    sed 's/^headroom: //; s/^/  given back /' <<<"$said"
    if [ -n "$(live_holds)" ] || [ -n "$injected" ]; then
        give_back_all || keep_all "not all that outlives the agent could be given back: $(live_holds | paste -sd,)"
        tell "given back" "caps, stops and sleep, those of containers that have yet to start too"
    fi
}

run_uninstall() {
    local unit gone=("${units[@]}")
    places
    if ! is_installed; then echo "Headroom is not installed${root:+ below $root}."; return; fi
    check_host
    lock
    check_strangers
    check_injected
    stop_on_problems

    echo "Removing Headroom${root:+ below $root}$dry_words"
    if [ -n "$injected" ]; then gone=(headroom-guard.service headroom.service); fi
    if ! $staged; then
        give_back
        name_groups
        for unit in "${gone[@]}"; do
            if [ ! -e "$unit_folder/$unit" ]; then continue; fi
            tell disabled "$unit"
            $dry || sc disable --quiet --now "$unit" || true
        done
        $dry || remove_cells
    fi
    for unit in "${gone[@]}"; do remove "$unit_folder/$unit"; done
    if ! $staged && ! $dry; then
        sc daemon-reload
        sc reset-failed "${gone[@]}" 2>/dev/null || true
    fi
    if [ -z "$injected" ]; then remove "$bin"; fi
    if ! $staged; then remove "$runtime"; fi
    if $purge; then
        remove "$etc"
        for unit in "${gone[@]}"; do remove "$unit_folder/$unit.d"; done
        if [ -n "$injected" ]; then
            for unit in "$root"/var/lib/headroom/*; do case "${unit##*/}" in lib | pages) ;; *) remove "$unit" ;; esac; done
        else
            remove "$root/var/lib/headroom"
        fi
    else
        for unit in "$etc" "$root/var/lib/headroom" "${gone[@]/#/$unit_folder/}"; do
            case "$unit" in *.service) unit=$unit.d ;; esac
            if [ -e "$unit" ]; then tell kept "$unit (--purge removes it)"; fi
        done
    fi
    if [ -n "$injected" ]; then
        note "kept for containers that carry the preload library: $bin, headroom-pages.service, $state/lib and $state/pages."
        note "once \`headroom inject --list\` names none: install.sh --uninstall again"
    fi
}

is_installed() {
    local place
    for place in "$bin" "${units[@]/#/$unit_folder/}"; do
        if [ -e "$place" ] || [ -L "$place" ]; then return 0; fi
    done
    $purge && { [ -e "$etc" ] || [ -e "$root/var/lib/headroom" ]; }
}

if $uninstall; then run_uninstall; else run_install; fi
