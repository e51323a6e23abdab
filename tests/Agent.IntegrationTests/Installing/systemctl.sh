#!/bin/bash
# Stands in for systemctl (and journalctl) where no systemd runs: starts and stops what the units say and writes down each call. Its state lies beside it.
here=${0%/*} units=/etc/systemd/system
if [ "${0##*/}" = journalctl ]; then cat "$here"/*.log; exit; fi
echo "$*" >>"$here/calls"

verb=$1 property='' now=false names=()
shift
while [ $# -gt 0 ]; do
    case "$1" in
        -p) property=$2; shift ;;
        --quiet) ;;
        --now) now=true ;;
        *) names+=("${1%.service}") ;;
    esac
    shift
done

of() { sed -n "s/^$2=//p" "$units/$1.service"; }
pid_of() { cat "$here/$1.pid" 2>/dev/null || echo 0; }
is_active() { [ -e "$here/$1.ran" ] || { [ "$(pid_of "$1")" != 0 ] && kill -0 "$(pid_of "$1")" 2>/dev/null; }; }

# In the place of this shell, with nothing of who called.
become() {
    exec </dev/null >>"$here/$1.log" 2>&1
    set -a
    # shellcheck disable=SC1091
    [ ! -r /etc/headroom/headroom.env ] || . /etc/headroom/headroom.env
    # shellcheck disable=SC2046 # words
    exec setsid $(of "$1" "$2")
}

start() {
    [ -e "$units/$1.service" ] || return 5
    if is_active "$1"; then return; fi
    if [ "$(of "$1" Type)" = oneshot ]; then (become "$1" ExecStart) && touch "$here/$1.ran"; return; fi
    become "$1" ExecStart &
    echo $! >"$here/$1.pid"
    # As one that is not ready yet and ends: its start has failed.
    sleep 0.2
    kill -0 $! 2>/dev/null
}

stop() {
    [ -e "$units/$1.service" ] || return 5
    rm -f "$here/$1.ran"
    if is_active "$1"; then
        kill -TERM "$(pid_of "$1")"
        for _ in {1..300}; do is_active "$1" || break; sleep 0.1; done
    fi
    rm -f "$here/$1.pid"
    [ -z "$(of "$1" ExecStopPost)" ] || (become "$1" ExecStopPost)
    return 0
}

failed=0
for name in "${names[@]}"; do
    case "$verb" in
        start) start "$name" || failed=1 ;;
        stop) stop "$name" || failed=5 ;;
        restart) { stop "$name" && start "$name"; } || failed=1 ;;
        enable) touch "$here/$name.enabled" ;;
        disable) rm -f "$here/$name.enabled"; if $now; then stop "$name"; fi ;;
        is-enabled) [ -e "$here/$name.enabled" ] || failed=1 ;;
        is-active) is_active "$name" || failed=3 ;;
        show)
            case "$property" in
                MainPID) echo "MainPID=$(pid_of "$name")" ;;
                LoadState) echo "LoadState=$(cat "$here/$name.loadstate" 2>/dev/null || echo loaded)" ;;
                # One that has ended has been started anew until systemd was tired of it.
                NRestarts) if is_active "$name"; then echo NRestarts=0; else echo NRestarts=5; fi ;;
                *) echo "$property=" ;;
            esac ;;
    esac
done
if [ "$verb" = is-system-running ]; then cat "$here/running"; fi
exit "$failed"
