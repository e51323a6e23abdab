#!/bin/sh
# check.sh LIBRARY DRIVER_H: what must hold for the library to load wherever containers are: glibc 2.17 and up, nothing but libc, no name exported but those meant.
set -eu
library=$1
header=$2
failed=0
fail() { echo "check.sh: $*" >&2; failed=1; }

for version in $(objdump -T "$library" | awk '/\*UND\*/' | grep -o 'GLIBC_[0-9.]*' | sort -u); do
    newest=$(printf '%s\nGLIBC_2.17\n' "$version" | sort -V | tail -1)
    [ "$newest" = GLIBC_2.17 ] || fail "needs $version: $(objdump -T "$library" | awk '/\*UND\*/' | grep -F "$version" | awk '{print $NF}' | tr '\n' ' ')"
done

for needed in $(readelf -d "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p'); do
    case $needed in
        libc.so.6 | libdl.so.2 | libpthread.so.0) ;;
        *) fail "needs the library $needed" ;;
    esac
done

meant=$( (printf '#include "%s"\n#define X(name, arguments) @name\nHR_HOOKED(X) HR_NVML_HOOKED(X)\n' "$header" | gcc -E -P -x c - | grep -o '@[a-zA-Z0-9_]*' | cut -c2-
    printf 'dlsym\ndlvsym\n') | sort -u)
exported=$(readelf --dyn-syms -W "$library" | awk '$7 != "UND" && $5 == "GLOBAL" && $4 != "OBJECT" || $7 != "UND" && $5 == "WEAK" {sub(/@.*/, "", $8); print $8}' | sort -u)
[ "$meant" = "$exported" ] || fail "not exported as meant: $(printf '%s\n%s\n' "$meant" "$exported" | sort | uniq -u | tr '\n' ' ')"

! readelf -d "$library" | grep -q TEXTREL || fail "has text relocations"
exit $failed
