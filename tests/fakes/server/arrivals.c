/* When clients come. Plain Poisson (cv 0) draws as many as come. With a coefficient of variation of the gaps (1: Poisson, 13: as the Azure LLM trace "code" of 2023,
 * github.com/Azure/AzurePublicDataset) there are exactly rate * seconds requests, so that each draw has the same mean load: of a bursty process so few are seen that the count
 * itself would vary by more than all that is compared.
 * Gaps are hyperexponential: most of them a tenth of the mean (a burst comes at ten times the mean rate), few of them long. The long ones are spread evenly over their
 * distribution, in random places: each draw has its share of them, and at least two, one of them at its end, so that a queue has ended before the time has. Of N requests the
 * gaps can't vary by more than sqrt(N): what was asked is what an endless draw has. */
#include "double.h"
#include <math.h>
#include <stdlib.h>

#define SHORT 0.1 /* mean of a gap within a burst; the mean of all is 1 */

/* Uniform in (0, 1]: splitmix64. */
static double uniform(unsigned long *state)
{
    unsigned long z = *state += 0x9e3779b97f4a7c15ul;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ul;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebul;
    return (double)(((z ^ (z >> 31)) >> 11) + 1) / 9007199254740992.0;
}

static size_t below(size_t count, unsigned long *state)
{
    size_t at = (size_t)(uniform(state) * (double)count);
    return at < count ? at : count - 1;
}

static void swap(double *one, double *other)
{
    double kept = *one;
    *one = *other;
    *other = kept;
}

static double *draw_poisson(double rate, double seconds, unsigned long seed, size_t *count)
{
    size_t most = (size_t)(seconds * rate * 2) + 100;
    double *arrivals = malloc(most * sizeof *arrivals);
    *count = 0;
    for (double at = 0; arrivals && *count < most && (at -= log(uniform(&seed)) / rate) < seconds;)
        arrivals[(*count)++] = at;
    return arrivals;
}

double *draw_arrivals(double rate, double seconds, unsigned long seed, double cv, size_t *count)
{
    if (cv <= 0)
        return draw_poisson(rate, seconds, seed, count);
    size_t n = (size_t)(rate * seconds + 0.5), gaps = n + 1; /* the last one ends with the time */
    double *at = malloc(gaps * sizeof *at), sum = 0;
    *count = n;
    if (!at)
        return NULL;
    /* The part of long gaps and their mean follow from mean 1 and the coefficient; at 1 all are "long" and of mean 1. */
    double rest = 1 - SHORT, part = 2 * rest * rest / (cv * cv + 1 - 4 * rest * SHORT - 2 * SHORT * SHORT);
    part = part > 1 ? 1 : part;
    double mean = (1 - SHORT * (1 - part)) / part;
    size_t longs = (size_t)(part * (double)gaps + 0.5);
    longs = longs < 2 ? 2 : longs > gaps ? gaps : longs;
    for (size_t i = 0; i < gaps; i++)
        at[i] = longs == gaps || i >= longs ? -log(uniform(&seed)) * (longs == gaps ? 1 : SHORT) : -log(1 - ((double)i + 0.5) / (double)longs) * mean;
    swap(&at[n], &at[below(longs, &seed)]);
    for (size_t i = n; i-- > 1;) /* the others in any order */
        swap(&at[i], &at[below(i + 1, &seed)]);
    for (size_t i = 0; i < gaps; i++)
        at[i] = sum += at[i];
    for (size_t i = 0; i < gaps; i++)
        at[i] *= seconds / sum;
    return at;
}
