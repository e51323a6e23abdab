#include "double.h"
#include <pthread.h>
#include <stdio.h>

static void *spin(void *unused)
{
    (void)unused;
    for (volatile unsigned long n = 0;; n++)
        ;
    return NULL;
}

int burn(int threads)
{
    pthread_t thread;
    for (int i = 1; i < threads; i++)
        if (pthread_create(&thread, NULL, spin, NULL)) {
            perror("burn: no thread");
            return 1;
        }
    spin(NULL);
    return 0;
}
