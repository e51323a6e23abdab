#!/bin/sh
# run.sh OUTDIR: builds the preload library there, tries it, prints a line a check. Fails if one does. Needs no GPU and no CUDA double.
set -u
out=${1:?usage: run.sh OUTDIR}
here=$(cd "$(dirname "$0")" && pwd)
sh "$here/../../agent/preload/build.sh" "$out" || exit 1
out=$(cd "$out" && pwd)
library=$out/libheadroom.so
work=$(mktemp -d)
trap 'umount "$work/full" 2>/dev/null; rm -rf "$work"' EXIT
cd "$work" || exit 1
failed=0
check() { # what, then a command
    what=$1
    shift
    if "$@" >"$work/said" 2>&1; then echo "ok   $what"; else echo "FAIL $what"; sed 's/^/     /' "$work/said"; failed=1; fi
}
part() { # a program that prints its own checks
    "$@" || failed=1
}

flags="-std=gnu11 -Wall -Wextra -Werror -O2"
gcc $flags -o page "$here/page.c" || exit 1
gcc $flags -fPIC -shared -fvisibility=hidden -Wl,-Bsymbolic -Wl,-soname,libcuda.so.1 -o libcuda.so.1 "$here/fakecuda.c" || exit 1
for name in first second local; do
    gcc $flags -fPIC -shared -DSELF=$name -DTEXT="\"$name\"" -Wl,-soname,lib$name.so -o lib$name.so "$here/chain.c" || exit 1
done
gcc $flags -o resolve "$here/resolve.c" -Wl,--no-as-needed ./libfirst.so ./libsecond.so -Wl,-rpath,"$work" || exit 1
gcc $flags -DOWN -rdynamic -o own "$here/resolve.c" -Wl,--no-as-needed ./libfirst.so ./libsecond.so -Wl,-rpath,"$work" || exit 1
gcc $flags -o books "$here/books.c" || exit 1
gcc $flags -o lives "$here/lives.c" -pthread || exit 1

key=07070707-0707-0707-0707-070707070707
./page good make && ./page good initial $key 1000
head -c 1000 good >short
tr '\000' '\377' <good | head -c 3041024 >garbage
mkdir directory && mkfifo pipe && ln -s good link
preloaded() { # page, command
    page=$1
    shift
    env LD_PRELOAD="$library" HEADROOM_PAGE="$page" LD_LIBRARY_PATH="$work" "$@"
}

echo "# lookups"
part preloaded good ./resolve chain
part preloaded good ./resolve no-driver
part preloaded good ./own own
part preloaded good ./resolve swapped
echo "# books"
for scenario in fork kill exec robbed life; do
    ./page books.page make && ./page books.page initial $key 1000
    part preloaded books.page timeout 20 ./books $scenario
done
echo "# no page to go by: straight through"
# On a full disk, and with holes in it: all of a page would be there but for the space.
mkdir full
if mount -t tmpfs -o size=64k none full 2>/dev/null; then
    ./page full/page make && ./page full/page initial $key 1000
    head -c 65536 /dev/zero >full/rest 2>/dev/null
    check "full disk" preloaded full/page timeout 10 ./resolve straight
else
    echo "skip full disk: needs root"
fi
for page in missing short garbage directory pipe link; do
    check "$page" preloaded "$page" timeout 10 ./resolve straight
done
check "switched off" preloaded good env HEADROOM_PRELOAD=off ./resolve straight
check "not preloaded" env LD_LIBRARY_PATH="$work" ./resolve straight

echo "# programs without CUDA"
same() { # what, a command line: same output and exit code with and without
    what=$1
    shift
    "$@" >plain 2>&1
    expected=$?
    for page in good missing garbage; do
        preloaded "$page" "$@" >with 2>&1
        got=$?
        if [ $got = $expected ] && cmp -s plain with; then echo "ok   $what ($page page)"; else echo "FAIL $what ($page page): $got, not $expected"; cat with; failed=1; fi
    done
}
same bash bash -c 'x=$(echo a | tr a b); echo $x; exit 3'
same "env -i" env -i bash -c 'env | grep -c LD_ ; exit 4'
same ls ls /
! command -v python3 >/dev/null || same python3 "$(python3 -c 'import sys; print(sys.executable)')" -c 'import ctypes, subprocess, threading, os; print(ctypes.CDLL(None).getppid() == os.getppid(), subprocess.check_output(["echo", "x"])); os._exit(5)'
! busybox 2>/dev/null | grep -q BusyBox || same busybox busybox sh -c 'echo a | sed s/a/b/; exit 6'
same lives ./lives
for i in 1 2 3 4 5 6 7 8; do preloaded good ./lives >/dev/null || failed=1; done
exit $failed
