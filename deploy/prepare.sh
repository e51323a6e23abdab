#!/bin/sh
# Makes what the services of docker-compose.monitoring.yml share as secrets, once: Alertmanager's token for the agent, and Grafana's first password.
# A secret that is there is kept. To have a new one, remove its file and say `up` again (docs/security.md).
set -eu
umask 077

# Docker makes a folder of the host that is not there open to look into; this one is root's alone.
chmod 0700 /var/lib/headroom

# keep FILE OWNER: takes the secret from standard input, whole or not at all.
keep() {
    cat >"$1.new"
    [ -s "$1.new" ] || { echo "prepare: nothing came for $1" >&2; exit 1; }
    chown "$2" "$1.new"
    mv "$1.new" "$1"
    echo "prepare: made $1"
}

# A token that the agent does not know any more, because its state was removed, is as good as none.
token=/secrets/alertmanager/headroom.token
if [ ! -s "$token" ] || ! headroom token list | grep -q '^stack-alertmanager '; then
    headroom token revoke stack-alertmanager >/dev/null 2>&1 || true
    # Not as a pipe: its failure must end this.
    made=$(headroom token new --name stack-alertmanager)
    # 65534: nobody, as whom Prometheus' images run.
    echo "$made" | keep "$token" 65534:65534
fi

password=/secrets/grafana/admin-password
if [ ! -s "$password" ]; then
    # 472: Grafana's own user.
    head -c 18 /dev/urandom | base64 | tr -d '\n' | keep "$password" 472:0
fi
