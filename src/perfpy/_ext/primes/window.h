/* What the parts of the sieve share: the window in wheel bytes, the consumer of sieved segments, and interrupts. */
#ifndef PERFPY_PRIMES_WINDOW_H
#define PERFPY_PRIMES_WINDOW_H

#include <math.h>
#include <stdbool.h>

#include "sieve.h"
#include "wheel.h"

/* Bytes first to end - 1, of which the bits `head` of the first and `tail` of the last belong to the window. */
struct window {
    uint64_t first, end;
    uint8_t head, tail;
};

/* Gets each segment in order: wheel bytes, of which the first has the number `first`; those from `length` to the next
 * multiple of BITS_STEP are 0. It may change them. */
struct consumer {
    enum sieve_status (*segment)(void *context, uint8_t *bytes, size_t length, uint64_t first);
    void *context;
};

struct run {
    const struct sieve_machine *machine;
    const struct perfpy_interrupt *interrupt;
    long budget; /* nanoseconds of work, roughly, until the caller is asked again */
};

enum { WORK_BETWEEN_POLLS = 4000000 };

/* Accounts for `cost` nanoseconds of work; true once the caller wants it stopped. */
static inline bool stop_after(struct run *run, long cost)
{
    run->budget -= cost;
    if (run->budget > 0)
        return false;
    run->budget = WORK_BETWEEN_POLLS;
    return run->interrupt->requested(run->interrupt->context) != 0;
}

/* The window of the numbers first to last, last >= 7. */
static inline struct window window_of(uint64_t first, uint64_t last)
{
    if (first < 7)
        first = 7;
    struct window window = {wheel_byte(first), wheel_byte(last) + 1, 0xff, 0xff};
    for (int j = 0; j < 8; j++) {
        if (first - 30 * window.first > wheel_residues[j])
            window.head &= (uint8_t) ~(1u << j);
        if (last - 30 * (window.end - 1) < wheel_residues[j])
            window.tail &= (uint8_t) ~(1u << j);
    }
    return window;
}

/* The largest number whose multiples matter in the window: the square root of its end, rounded down. */
static inline uint32_t window_root(const struct window *window)
{
    if (window->end > WHEEL_LAST_BYTE)
        return UINT32_MAX;
    const uint64_t last = 30 * window->end + 1;
    uint64_t root = (uint64_t)sqrt((double)last); /* off by one at most */
    root = root > UINT32_MAX ? UINT32_MAX : root;
    while (root * root > last)
        root--;
    while (root < UINT32_MAX && (root + 1) * (root + 1) <= last)
        root++;
    return (uint32_t)root;
}

#endif
