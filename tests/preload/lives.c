/* lives: a program without CUDA that does what preloads have been known to break. Prints nothing but "fine". */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void *look(void *unused)
{
    (void)unused;
    for (int i = 0; i < 2000; i++)
        if (!dlsym(RTLD_DEFAULT, "malloc") || dlsym(RTLD_DEFAULT, "cuMemAlloc_v2"))
            abort();
    return NULL;
}

static void *forever(void *unused)
{
    while (unused)
        dlsym(RTLD_DEFAULT, "cuMemAlloc_v2");
    return NULL;
}

int main(void)
{
    pthread_t threads[4], last;
    int status;
    pid_t child;
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, look, NULL);
    for (int i = 0; i < 300; i++) {
        void *library = dlopen("libm.so.6", RTLD_NOW | RTLD_LOCAL);
        if (!library || !dlsym(library, "cos") || dlclose(library))
            return 1;
    }
    for (int i = 0; i < 50; i++) {
        if ((child = fork()) == 0)
            _exit(dlsym(RTLD_DEFAULT, "malloc") ? 7 : 8);
        if (waitpid(child, &status, 0) != child || WEXITSTATUS(status) != 7)
            return 2;
    }
    if ((child = vfork()) == 0) {
        execl("/bin/true", "true", (char *)NULL);
        _exit(9);
    }
    if (waitpid(child, &status, 0) != child || status)
        return 3;
    if (posix_spawn(&child, "/bin/true", NULL, NULL, (char *[]) { "true", NULL }, environ) || waitpid(child, &status, 0) != child || status)
        return 4;
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    pthread_create(&last, NULL, forever, &child); /* still looking up while the program ends */
    printf("fine\n");
    exit(0);
}
