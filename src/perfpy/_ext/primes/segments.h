/* The segmented sieve of Eratosthenes on the wheel modulo 30.
 *
 * A window is sieved by segments of part of the L2 cache. In each
 *   1. the primes up to 163 are done by ANDing tables (presieve.h);
 *   2. small primes cross off whole blocks of multiples (wheel.h), one sub-block of L1 size after the other, those below
 *      TINY in super-blocks without the multiples of 7;
 *   3. medium primes do the same over the segment as a whole;
 *   4. what larger primes cross off was found before for many segments at once (large.h);
 *   5. the segment goes to the consumer, which counts, copies or lists it.
 * A block is never cut. What it crosses off behind a sub-block is there already, pre-sieved; behind the segment is a
 * margin, which is moved to the start of the next segment; and before the first segment is another.
 *
 * Cost: for numbers about x, 30 bytes' numbers take 8 (log log sqrt(x) - log log 163) crossings of one to three
 * cycles each, and each sieving prime one division for each span of segments (see span_end). Memory: a segment and
 * two margins, at most three times half the L2 cache; 20 bytes for each prime up to the segment's bytes; and above
 * about 10**11 the hits of large primes (large.h) in a span of segments, which grow from a few MB to 100 MB at 10**15
 * and 500 MB at 2**64.
 */
#ifndef PERFPY_PRIMES_SEGMENTS_H
#define PERFPY_PRIMES_SEGMENTS_H

#include <stdlib.h>
#include <string.h>

#include "bits.h"
#include "large.h"
#include "pages.h"
#include "presieve.h"
#include "wheel.h"
#include "window.h"

enum {
    TINY = 2048, /* primes below cross off by seven blocks */
    SPAN_LEAST = 8 << 20,
    SPAN_MOST = 32 << 20,
    SPAN_LONGEST = 1 << 30, /* bytes; without large primes */
    SEGMENT_COST = 2,           /* nanoseconds a byte */
};

/* A sieving prime, and where its next block starts in the current segment; before it, only when it is the first. */
struct siever {
    uint32_t prime;
    int32_t next;
};

/* Sieving primes of one class in ascending order: tiny ones first, then small ones. */
struct siever_class {
    struct siever *sievers, *tiny_end, *small_end, *end;
};

/* Sizes that are chosen for a window. */
struct plan {
    uint32_t root;             /* sieving primes are up to this, */
    uint32_t medium;           /* medium ones up to this, */
    uint32_t small, tiny;      /* small and tiny ones below these */
    size_t segment, sub_block; /* bytes */
    size_t margin;             /* bytes before and behind a segment that blocks may reach */
};

struct segments {
    struct plan plan;
    struct pages pages;
    uint8_t *bytes; /* the current segment, between its margins */
    struct siever *sievers;
    struct siever_class classes[8];
    const struct hits *hits; /* of large primes, or NULL */
};

static enum sieve_status sieve(struct run *run, const struct window *window, const struct consumer *consumer);

static unsigned log2_floor(size_t n)
{
    unsigned log2 = 0;
    while (n >>= 1)
        log2++;
    return log2;
}

static size_t round_up(size_t n, size_t step)
{
    return (n + step - 1) / step * step;
}

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

static struct plan plan_for(const struct sieve_machine *machine, const struct window *window)
{
    const uint64_t bytes = window->end - window->first;
    struct plan plan = {.root = window_root(window), .segment = (size_t)1 << log2_floor(machine->l2 / 2)};
    if (bytes < plan.segment)
        plan.segment = round_up((size_t)bytes, PRESIEVE_BLOCK);
    plan.sub_block = min_size((size_t)1 << log2_floor(machine->l1), plan.segment);
    plan.small = (uint32_t)plan.sub_block;
    /* Of primes beyond the segment's bytes a block may miss it. */
    plan.medium = (uint32_t)(plan.segment < 4096 ? 4096 : plan.segment);
    plan.tiny = plan.segment / 8 < TINY ? (uint32_t)plan.segment / 8 : TINY;
    const uint32_t largest = plan.root < plan.medium ? plan.root : plan.medium;
    const size_t seven = 7 * (size_t)plan.tiny, span = wheel_block_span(largest < 7 ? 7 : largest);
    plan.margin = round_up(seven > span ? seven : span, BITS_STEP);
    return plan;
}

/* Where the blocks of a prime have to start so as not to leave out a multiple from byte `first` on, relative to it. */
static int32_t first_block(uint32_t prime, uint64_t first, bool by_seven)
{
    const uint64_t start = wheel_block_start(prime), span = wheel_block_span(prime);
    uint64_t block = first > start + span ? (first - start - span + prime - 1) / prime : 0;
    /* Smaller cofactors than the prime have smaller prime factors. */
    const uint64_t least = (prime - 7) / 30;
    block = block < least ? least : block;
    if (by_seven)
        block -= block % 7;
    return (int32_t)(int64_t)(prime * block + start - first);
}

struct list_output {
    struct bits_list list;
    bool compress;
};

/* A consumer that lists the numbers. */
static enum sieve_status list_segment(void *context, uint8_t *bytes, size_t length, uint64_t first)
{
    struct list_output *output = context;
    const size_t whole = (length + 7) / 8 * 8;
    return bits_append(&output->list, bytes, whole, first, output->compress) ? SIEVE_DONE : SIEVE_TOO_SMALL;
}

/* Lists the primes above PRESIEVE_LAST_PRIME up to `last` in memory for the caller to free. */
static enum sieve_status list_sieving_primes(struct run *run, uint32_t last, uint32_t **primes, size_t *count)
{
    const struct window window = window_of(PRESIEVE_LAST_PRIME + 1, last);
    const size_t capacity = 8 * (size_t)(window.end - window.first) + BITS_SLACK;
    *primes = malloc(capacity * sizeof **primes);
    if (!*primes)
        return SIEVE_NO_MEMORY;
    struct list_output output = {{*primes, *primes + capacity, false}, run->machine->byte_compress};
    const enum sieve_status status = sieve(run, &window, &(struct consumer){list_segment, &output});
    *count = (size_t)((uint32_t *)output.list.next - *primes);
    return status;
}

/* Distributes primes over the classes, with their first blocks. */
static enum sieve_status sort_sievers(struct segments *segments, const uint32_t *primes, size_t count, uint64_t first)
{
    size_t members[8] = {0};
    for (size_t k = 0; k < count; k++)
        members[wheel_class(primes[k])]++;
    struct siever *next = segments->sievers = malloc((count + 1) * sizeof *next);
    if (!next)
        return SIEVE_NO_MEMORY;
    for (int i = 0; i < 8; i++) {
        segments->classes[i] = (struct siever_class){next, next, next, next};
        next += members[i];
    }
    for (size_t k = 0; k < count; k++) {
        struct siever_class *class = &segments->classes[wheel_class(primes[k])];
        const bool tiny = primes[k] < segments->plan.tiny;
        *class->end++ = (struct siever){primes[k], first_block(primes[k], first, tiny)};
        if (tiny)
            class->tiny_end = class->end;
        if (primes[k] < segments->plan.small)
            class->small_end = class->end;
    }
    return SIEVE_DONE;
}

static enum sieve_status prepare_sievers(struct run *run, struct segments *segments, const struct window *window)
{
    const uint32_t root = segments->plan.root, medium = segments->plan.medium;
    uint32_t *primes = NULL;
    size_t count = 0;
    enum sieve_status status = SIEVE_DONE;
    if (root > PRESIEVE_LAST_PRIME)
        status = list_sieving_primes(run, root < medium ? root : medium, &primes, &count);
    if (status == SIEVE_DONE)
        status = sort_sievers(segments, primes, count, window->first);
    free(primes);
    return status;
}

static enum sieve_status prepare_hits(struct run *run, struct segments *segments, const struct window *window,
                                      struct hits *hits)
{
    const struct plan *plan = &segments->plan;
    if (plan->root <= plan->medium)
        return SIEVE_DONE;
    const uint32_t bytes = (uint32_t)(window->end - window->first);
    struct large *large = malloc(sizeof *large);
    if (!large || !hits_begin(hits, bytes, plan->sub_block)) {
        free(large);
        return SIEVE_NO_MEMORY;
    }
    large->run = run;
    large->hits = hits;
    large->first = window->first;
    large->bytes = bytes;
    const struct window primes = window_of((uint64_t)plan->medium + 1, plan->root);
    const enum sieve_status status = sieve(run, &primes, &(struct consumer){large_segment, large});
    segments->hits = hits;
    free(large);
    return status;
}

static enum sieve_status prepare_bytes(struct segments *segments, const struct window *window)
{
    const size_t margin = segments->plan.margin, segment = segments->plan.segment;
    const bool is_long = (window->end - window->first) / 8 >= segment;
    if (!pages_allocate(&segments->pages, segment + 2 * margin, is_long))
        return SIEVE_NO_MEMORY;
    segments->bytes = segments->pages.bytes + margin;
    memset(segments->bytes + segment, 0xff, margin);
    return SIEVE_DONE;
}

/* ANDs four tables; into `out` too, unless they are the first. */
WHEEL_INLINE void and_tables(const struct presieve_table *tables, uint32_t *at, uint8_t *out, size_t length,
                             const bool first)
{
    typedef uint64_t unaligned __attribute__((vector_size(64), aligned(1), may_alias));
#define AT(t) (*(const unaligned *)(tables[t].bytes + at[t] + k))
    for (const uint8_t *const end = out + length; out < end; out += PRESIEVE_BLOCK) {
        for (size_t k = 0; k < PRESIEVE_BLOCK; k += sizeof(unaligned)) {
            unaligned both = AT(0) & AT(1) & AT(2) & AT(3);
            if (!first)
                both &= *(unaligned *)(out + k);
            *(unaligned *)(out + k) = both;
        }
        for (int t = 0; t < 4; t++) {
            at[t] += PRESIEVE_BLOCK;
            at[t] -= at[t] >= tables[t].period ? tables[t].period : 0;
        }
    }
#undef AT
}

/* Fills whole blocks, at least `length` bytes; as many at a time as stay in L1 with four tables. */
static void presieve(const struct run *run, const struct plan *plan, uint8_t *bytes, size_t length, uint64_t first)
{
    const struct presieve_table *const tables = run->machine->presieve.tables;
    uint32_t at[PRESIEVE_TABLES];
    for (int t = 0; t < PRESIEVE_TABLES; t++)
        at[t] = (uint32_t)(first % tables[t].period);
    for (size_t done = 0; done < length; done += plan->sub_block) {
        const size_t step = min_size(length - done, plan->sub_block);
        and_tables(tables, at, bytes + done, step, true);
        for (int t = 4; t < PRESIEVE_TABLES; t += 4)
            and_tables(tables + t, at + t, bytes + done, step, false);
    }
    perfpy_presieve_restore(bytes, length, first);
}

/* Moves what blocks crossed off behind the last segment to the start of the next one. */
static void carry_margin(const struct segments *segments)
{
    uint8_t *const bytes = segments->bytes, *const behind = bytes + segments->plan.segment;
    for (size_t k = 0; k < segments->plan.margin; k++)
        bytes[k] &= behind[k];
    memset(behind, 0xff, segments->plan.margin);
}

#define FOR_EACH_CLASS(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)

static void cross_small(struct segments *segments, size_t limit)
{
    uint8_t *const bytes = segments->bytes;
#define CROSS(i)                                                                                                    \
    {                                                                                                               \
        const struct siever_class *const class = &segments->classes[i];                                            \
        struct siever *s = class->sievers;                                                                          \
        for (; s < class->tiny_end; s++)                                                                            \
            if (s->next < (int32_t)limit)                                                                           \
                s->next = (int32_t)(wheel_cross_seven_blocks(bytes + s->next, bytes + limit, s->prime, i) - bytes); \
        for (; s < class->small_end; s++)                                                                           \
            if (s->next < (int32_t)limit)                                                                           \
                s->next = (int32_t)(wheel_cross_blocks(bytes + s->next, bytes + limit, s->prime, i) - bytes);       \
    }
    FOR_EACH_CLASS(CROSS)
#undef CROSS
}

static void cross_medium(struct segments *segments, size_t limit)
{
    uint8_t *const bytes = segments->bytes;
#define CROSS(i)                                                                                                \
    for (struct siever *s = segments->classes[i].small_end, *const end = segments->classes[i].end; s < end; s++) \
        if (s->next < (int32_t)limit)                                                                           \
            s->next = (int32_t)(wheel_cross_blocks(bytes + s->next, bytes + limit, s->prime, i) - bytes);
    FOR_EACH_CLASS(CROSS)
#undef CROSS
}

/* Makes the positions of all sieving primes relative to the next segment. */
static void advance(struct segments *segments)
{
    for (int i = 0; i < 8; i++)
        for (struct siever *s = segments->classes[i].sievers; s < segments->classes[i].end; s++)
            s->next -= (int32_t)segments->plan.segment;
}

static void sieve_segment(const struct run *run, struct segments *segments, const struct window *window, size_t length,
                          uint64_t first)
{
    presieve(run, &segments->plan, segments->bytes, length, first);
    if (first > window->first)
        carry_margin(segments);
    const size_t step = segments->plan.sub_block, sub_block = (size_t)((first - window->first) / step);
    for (size_t done = 0; done < length; done += step) {
        cross_small(segments, min_size(done + step, length));
        if (segments->hits)
            hits_cross_off(segments->hits, sub_block + done / step, segments->bytes + done);
    }
    cross_medium(segments, length);
}

static enum sieve_status sieve_segments(struct run *run, struct segments *segments, const struct window *window,
                                        const struct consumer *consumer)
{
    for (uint64_t first = window->first; first < window->end; first += segments->plan.segment) {
        const size_t length = (size_t)(window->end - first < segments->plan.segment ? window->end - first
                                                                                    : segments->plan.segment);
        sieve_segment(run, segments, window, length, first);
        uint8_t *const bytes = segments->bytes;
        if (first == window->first)
            bytes[0] &= window->head;
        if (first + length == window->end)
            bytes[length - 1] &= window->tail;
        memset(bytes + length, 0, round_up(length, BITS_STEP) - length);
        const enum sieve_status status = consumer->segment(consumer->context, bytes, length, first);
        if (status != SIEVE_DONE)
            return status;
        if (stop_after(run, (long)length * SEGMENT_COST))
            return SIEVE_INTERRUPTED;
        advance(segments);
    }
    return SIEVE_DONE;
}

/* Sieves a window for which the hits of large primes may be kept at once. */
static enum sieve_status sieve_span(struct run *run, const struct window *window, const struct consumer *consumer,
                                    struct hits *hits)
{
    struct segments segments = {.plan = plan_for(run->machine, window)};
    enum sieve_status status = prepare_sievers(run, &segments, window);
    if (status == SIEVE_DONE)
        status = prepare_hits(run, &segments, window, hits);
    if (status == SIEVE_DONE)
        status = prepare_bytes(&segments, window);
    if (status == SIEVE_DONE)
        status = sieve_segments(run, &segments, window, consumer);
    free(segments.sievers);
    free(segments.pages.storage);
    return status;
}

/* The end of the span that starts at `first`: as far as positions of blocks fit into 31 bits, which is billions of
 * numbers, unless there are large primes, whose hits have to be kept. Each prime costs something in every span. */
static uint64_t span_end(const struct run *run, uint64_t first, uint64_t end)
{
    struct window span = {first, end - first < SPAN_LONGEST ? end : first + SPAN_LONGEST, 0xff, 0xff};
    const struct plan plan = plan_for(run->machine, &span);
    if (plan.root > plan.medium) {
        const uint32_t bytes = plan.root / 32;
        const uint64_t most = bytes < SPAN_LEAST ? SPAN_LEAST : bytes > SPAN_MOST ? SPAN_MOST : bytes;
        span.end = span.end - first < most ? span.end : first + most;
    }
    return span.end;
}

static enum sieve_status sieve(struct run *run, const struct window *window, const struct consumer *consumer)
{
    struct hits hits = {0};
    enum sieve_status status = SIEVE_DONE;
    for (uint64_t first = window->first, end; first < window->end && status == SIEVE_DONE; first = end) {
        end = span_end(run, first, window->end);
        const struct window span = {first, end, first == window->first ? window->head : 0xff,
                                    end == window->end ? window->tail : 0xff};
        status = sieve_span(run, &span, consumer, &hits);
    }
    hits_free(&hits);
    return status;
}

#endif
