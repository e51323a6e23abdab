#!/bin/bash
# All that is shown inside the guest, one part after the other: each builds on what the one before has left.
exec >/dev/ttyS1 2>&1 </dev/null
stty -F /dev/ttyS1 raw
cd /opt/vm/guest || exit 1
. ./lib.sh
for part in install $(cat parts); do
    . "./$part.sh"
done
echo "1..$number"
