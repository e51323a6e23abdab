/* Two libraries with the same function, each able to ask for the next one after itself: what RTLD_NEXT means depends on who asks. */
#define _GNU_SOURCE
#include <dlfcn.h>

#define JOIN(a, b) a##b
#define NAMED(a, b) JOIN(a, b)

const char *shared_name(void);
const char *shared_name(void) { return TEXT; }

const char *NAMED(next_after_, SELF)(void);
const char *NAMED(next_after_, SELF)(void)
{
    const char *(*next)(void) = (const char *(*)(void))dlsym(RTLD_NEXT, "shared_name");
    return next ? next() : "none";
}

const char *NAMED(default_of_, SELF)(void);
const char *NAMED(default_of_, SELF)(void)
{
    const char *(*found)(void) = (const char *(*)(void))dlsym(RTLD_DEFAULT, "shared_name");
    return found ? found() : "none";
}
