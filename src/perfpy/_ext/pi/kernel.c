/* Counts points, LANES runs at a time, one in each lane: 14 instructions for a point of each of 16 runs with AVX-512.
 *
 * One multiply-and-add of 16-bit halves has X*X + Y*Y, which settles all but 1 in 7,400 points. Whether there was one
 * that it does not settle is asked once for BATCH points of each lane.
 */
#include "kernel.h"
#include "lanes.h"
#include "stream.h"

#ifndef GROUPS_BETWEEN_POLLS
#define GROUPS_BETWEEN_POLLS 256
#endif

enum { BATCH = 8 };

struct state {
    lanes a, b, c, d;
};

/* The states of LANES runs, as philox() has them. */
static struct state begin(uint64_t seed, uint64_t run)
{
    lanes a = {0}, b = {0};
    for (int lane = 0; lane < LANES; lane++) {
        a[lane] = (uint32_t)(run + (uint64_t)lane);
        b[lane] = (uint32_t)((run + (uint64_t)lane) >> 32);
    }
    lanes c = {0}, d = (lanes){0} + FOR_RUN;
    uint32_t key_0 = (uint32_t)seed, key_1 = (uint32_t)(seed >> 32);
    for (int round = 0; round < PHILOX_ROUNDS; round++) {
        lanes left_high, right_high;
        const lanes left = multiplied(a, PHILOX_MULTIPLIER_0, &left_high);
        const lanes right = multiplied(c, PHILOX_MULTIPLIER_1, &right_high);
        a = right_high ^ b ^ key_0;
        b = right;
        c = left_high ^ d ^ key_1;
        d = left;
        key_0 += PHILOX_WEYL_0;
        key_1 += PHILOX_WEYL_1;
    }
    return (struct state){a, b, c, d};
}

/* xoshiro128++ (Blackman and Vigna, 2021), a step of each lane. */
static inline lanes next(struct state *state)
{
    const lanes a = state->a, b = state->b, c = state->c, d = state->d;
    state->a = exclusive_or(a, b, d);
    state->b = exclusive_or(a, b, c);
    state->c = exclusive_or(a, c, b << 9);
    state->d = rotated(b ^ d, 11);
    return rotated(a + d, 7) + a;
}

/* How many of the points in doubt are inside; those of lanes beyond `used` do not count. */
static __attribute__((noinline, cold)) uint64_t settle(const lanes *words, uint64_t seed, uint64_t number, int used)
{
    uint64_t inside = 0;
    for (int k = 0; k < BATCH; k++) {
        unsigned doubtful = below(sum_of_squares(words[k]) - SURELY, DOUBTFUL) & ((1u << used) - 1);
        for (; doubtful; doubtful &= doubtful - 1) {
            const int lane = __builtin_ctz(doubtful);
            const uint64_t mine = number + (uint64_t)lane * RUN + (uint64_t)k;
            inside += (uint64_t)is_inside(seed, mine, words[k][lane]);
        }
    }
    return inside;
}

/* Counts `used` whole runs, at most LANES. */
static uint64_t count_runs(uint64_t seed, uint64_t run, int used)
{
    struct state state = begin(seed, run);
    signed_lanes outside = {0};
    uint64_t inside = 0;
    for (int step = 0; step < RUN; step += BATCH) {
        lanes words[BATCH], nearest = ~(lanes){0};
        for (int k = 0; k < BATCH; k++) {
            words[k] = next(&state);
            const lanes excess = sum_of_squares(words[k]) - SURELY;
            outside += (signed_lanes)excess >> 31;
            nearest = smallest(nearest, excess);
        }
        if (__builtin_expect(below(nearest, DOUBTFUL) != 0, 0))
            inside += settle(words, seed, run * RUN + (uint64_t)step, used);
    }
    for (int lane = 0; lane < used; lane++)
        inside += (uint64_t)-outside[lane];
    return inside;
}

static inline uint32_t rotated_word(uint32_t x, int bits)
{
    return x << bits | x >> (32 - bits);
}

/* Counts points of one run, from `start` on below `stop`. */
static uint64_t count_part(uint64_t seed, uint64_t run, int start, int stop)
{
    uint32_t s[4];
    uint64_t inside = 0;
    philox(seed, run, FOR_RUN, s);
    for (int k = 0; k < stop; k++) {
        const uint32_t word = rotated_word(s[0] + s[3], 7) + s[0], shifted = s[1] << 9;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= shifted;
        s[3] = rotated_word(s[3], 11);
        if (k < start)
            continue;
        const int32_t x = (int16_t)word, y = (int16_t)(word >> 16);
        const uint32_t excess = (uint32_t)(x * x) + (uint32_t)(y * y) - SURELY;
        inside += excess >> 31 || (excess < DOUBTFUL && is_inside(seed, run * RUN + (uint64_t)k, word));
    }
    return inside;
}

int KERNEL_NAME(uint64_t seed, uint64_t start, uint64_t stop, uint64_t *inside,
                const struct perfpy_interrupt *interrupt)
{
    uint64_t run = start / RUN, found = 0;
    const uint64_t end = stop / RUN;
    *inside = 0;
    if (run == end) {
        *inside = count_part(seed, run, (int)(start % RUN), (int)(stop % RUN));
        return 0;
    }
    if (start % RUN)
        found += count_part(seed, run++, (int)(start % RUN), RUN);
    for (uint64_t group = 1; run < end; group++) {
        const int used = end - run < LANES ? (int)(end - run) : LANES;
        found += count_runs(seed, run, used);
        run += (uint64_t)used;
        if (group % GROUPS_BETWEEN_POLLS == 0 && interrupt->requested(interrupt->context))
            return -1;
    }
    *inside = found + count_part(seed, end, 0, (int)(stop % RUN));
    return 0;
}
