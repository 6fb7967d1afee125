/* Hard leaves and P2: a sieve of a chunk of 1 ... z in segments of the L1 cache, asked after each prime.
 *
 * In every segment the primes are crossed off in ascending order. Before b is, the leaves of b whose v lies in the
 * segment are collected, 8 candidates to a step with AVX-512, and counted by leaves_tally.h. Above p > sqrt(x / v) no
 * prime has leaves; those primes are crossed last, grouped by residue class, where only P2 asks.
 *
 * Time: z log log z crossings, and one pass over the segment for each segment and b that has leaves.
 */
#include "leaves.h"

#include <stdlib.h>

#include "leaves_tally.h"

#ifndef CYCLES_BETWEEN_POLLS
#define CYCLES_BETWEEN_POLLS 10000000 /* a few milliseconds */
#endif

/* A prime and the byte, from the segment's start, where its next block begins. */
struct crosser {
    uint32_t prime;
    int32_t at;
};

struct work {
    const struct count_plan *plan;
    uint8_t *memory, *bytes;   /* the segment, with room for blocks that cross its ends */
    struct crosser *crosser;   /* [b], as far as `ordered`; beyond, grouped by residue class */
    struct crosser *spare;
    size_t ordered;
    size_t *leaf, *leaf_end;   /* [b]: index of the next candidate, going down to leaf_end */
    uint64_t *below;           /* [b]: survivors of the chunk before this segment */
    uint64_t p2_next;          /* primes above it have been asked for by P2 */
    uint64_t since_poll;       /* questions and segments since the last poll, in cycles */
    struct tally tally;
    struct questions questions;
};

static void free_work(struct work *work)
{
    free(work->memory);
    free(work->crosser);
    free(work->spare);
    free(work->leaf);
    free(work->leaf_end);
    free(work->tally.signs);
    free(work);
}

static struct work *new_work(const struct count_plan *plan, uint64_t *survivors)
{
    struct work *work = aligned_alloc(_Alignof(struct work), sizeof *work); /* it has vectors in it */
    if (!work)
        return NULL;
    memset(work, 0, sizeof *work);
    /* a block begins up to p bytes before the segment, and ends up to p bytes after it */
    const size_t largest = plan->prime[plan->b_sieve < plan->a ? plan->b_sieve : plan->a];
    const size_t margin = (largest + 2 * LINE - 1) / LINE * LINE;
    work->plan = plan;
    work->memory = aligned_alloc(LINE, margin + plan->segment + margin);
    work->crosser = malloc((plan->b_sieve + 2) * sizeof *work->crosser);
    work->spare = malloc((plan->b_sieve + 2) * sizeof *work->spare);
    work->leaf = malloc((plan->b_hard + 1) * sizeof *work->leaf);
    work->leaf_end = malloc((plan->b_hard + 1) * sizeof *work->leaf_end);
    work->tally.signs = calloc(plan->segment / LINE, sizeof *work->tally.signs);
    if (!work->memory || !work->crosser || !work->spare || !work->leaf || !work->leaf_end || !work->tally.signs) {
        free_work(work);
        return NULL;
    }
    work->bytes = work->memory + margin;
    work->below = survivors;
    work->tally.tables = plan->tables;
    work->tally.bytes = work->bytes;
    work->tally.lines = plan->segment / LINE;
    return work;
}

static const struct count_level *level_of(const struct count_plan *plan, uint32_t p)
{
    int k = COUNT_LEVELS - 1;
    while (plan->level[k].above >= p)
        k--;
    return &plan->level[k];
}

/* How many of v[0], ..., v[count - 1], ascending, are <= bound. */
static size_t count_upto(const uint32_t *v, size_t count, uint64_t bound)
{
    size_t low = 0, high = count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (v[middle] <= bound)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Leaves of the chunk have v >= first, that is, m <= n / first with n = x / p. */
static void place_leaves(struct work *work, size_t b, uint64_t first)
{
    const struct count_plan *plan = work->plan;
    const uint64_t p = plan->prime[b], n = plan->x / p;
    uint64_t largest = first ? n / first : plan->y;
    if (largest > plan->y)
        largest = plan->y;
    if (b <= plan->b_sqrt_y) { /* any candidate in (y / p, y] */
        const struct count_level *level = level_of(plan, (uint32_t)p);
        work->leaf[b] = count_upto(level->m, level->count, largest);
        work->leaf_end[b] = count_upto(level->m, level->count, plan->y / p);
    } else { /* a prime in (p, x / p^3] */
        if (largest > n / p / p)
            largest = n / p / p;
        work->leaf[b] = (size_t)count_pi(plan->pi, largest) + 1;
        work->leaf_end[b] = b + 1;
    }
    if (work->leaf[b] < work->leaf_end[b])
        work->leaf[b] = work->leaf_end[b];
}

static void place_chunk(struct work *work, uint64_t first_byte)
{
    const struct count_plan *plan = work->plan;
    const uint64_t first = first_byte * WHEEL;
    for (size_t b = PRESIEVED + 1; b <= plan->b_sieve; b++) {
        const uint32_t p = plan->prime[b];
        work->crosser[b] = (struct crosser){p, -(int32_t)(first_byte % p)};
    }
    work->ordered = plan->b_sieve;
    for (size_t b = PRESIEVED + 1; b <= plan->b_hard; b++)
        place_leaves(work, b, first);
    work->p2_next = first && plan->x / first < plan->sqrt_x ? plan->x / first : plan->sqrt_x;
}

/* Takes the leaves of b with v < high off work->leaf[b] until the buffer is full; v is at `low` or above. Returns
 * whether there may be more. `inverse`, `divisor` and `key` are parallel; without keys every entry is a leaf. */
static int collect_exact(struct work *work, size_t b, uint64_t n, uint64_t low, uint32_t p, const uint32_t *divisor,
                         const int32_t *key)
{
    struct questions *questions = &work->questions;
    const uint64_t span = work->plan->segment * (uint64_t)WHEEL;
    size_t k = work->leaf[b], count = 0;
    const size_t end = work->leaf_end[b];
    for (; k > end && count < QUESTIONS; k--) {
        const uint64_t place = n / divisor[k - 1] - low;
        if (place >= span)
            break;
        questions->place[count] = (uint32_t)place;
        questions->negative[count] = key && key[k - 1] < 0 ? -1 : 0;
        count += !key || (uint32_t)abs(key[k - 1]) > p;
    }
    work->leaf[b] = k;
    questions->count = count;
    return count == QUESTIONS;
}

#ifdef __AVX512BW__
static int collect(struct work *work, size_t b, uint64_t n, uint64_t low, uint32_t p, const double *inverse,
                   const int32_t *key)
{
    struct questions *questions = &work->questions;
    const __m512d numerator = _mm512_set1_pd((double)n + 0.5);
    const __m512i start = _mm512_set1_epi64((int64_t)low);
    const __m512i span = _mm512_set1_epi64((int64_t)(work->plan->segment * WHEEL));
    const __m256i least = _mm256_set1_epi32((int32_t)p);
    size_t k = work->leaf[b], count = 0;
    const size_t end = work->leaf_end[b];
    unsigned taken = 8;
    while (k > end && taken == 8 && count < QUESTIONS) {
        const size_t left = k - end;
        const __m512i v = _mm512_cvttpd_epi64(_mm512_mul_pd(numerator, _mm512_loadu_pd(inverse + k - 8)));
        const __m512i place = _mm512_sub_epi64(v, start);
        __mmask8 lanes = _mm512_cmplt_epu64_mask(place, span) & (left >= 8 ? 0xff : 0xff00u >> left);
        taken = (unsigned)__builtin_popcount(lanes);
        k -= taken;
        __m256i negative = _mm256_setzero_si256();
        if (key) {
            const __m256i keys = _mm256_loadu_si256((const void *)(key + k + taken - 8));
            lanes &= _mm256_cmpgt_epi32_mask(_mm256_abs_epi32(keys), least);
            negative = _mm256_maskz_compress_epi32(lanes, _mm256_srai_epi32(keys, 31));
        }
        _mm256_storeu_si256((void *)(questions->negative + count), negative);
        _mm256_storeu_si256((void *)(questions->place + count),
                            _mm256_maskz_compress_epi32(lanes, _mm512_cvtepi64_epi32(place)));
        count += (unsigned)__builtin_popcount(lanes);
    }
    work->leaf[b] = k;
    questions->count = count;
    return count >= QUESTIONS;
}
#else
static int collect(struct work *work, size_t b, uint64_t n, uint64_t low, uint32_t p, const double *inverse,
                   const int32_t *key)
{
    struct questions *questions = &work->questions;
    const uint64_t span = work->plan->segment * (uint64_t)WHEEL;
    const double numerator = (double)n + 0.5;
    size_t k = work->leaf[b], count = 0;
    const size_t end = work->leaf_end[b];
    for (; k > end && count < QUESTIONS; k--) {
        const uint64_t place = (uint64_t)(int64_t)(numerator * inverse[k - 1]) - low;
        if (place >= span)
            break;
        questions->place[count] = (uint32_t)place;
        questions->negative[count] = key && key[k - 1] < 0 ? -1 : 0;
        count += !key || (uint32_t)abs(key[k - 1]) > p;
    }
    work->leaf[b] = k;
    questions->count = count;
    return count == QUESTIONS;
}
#endif

/* The next leaves of b in the segment. */
static int collect_leaves(struct work *work, size_t b, uint64_t low)
{
    const struct count_plan *plan = work->plan;
    const uint32_t p = plan->prime[b];
    const uint64_t n = plan->x / p;
    if (b > plan->b_sqrt_y)
        return n < COUNT_BY_INVERSE ? collect(work, b, n, low, p, plan->inverse, NULL)
                                    : collect_exact(work, b, n, low, p, plan->prime, NULL);
    const struct count_level *level = level_of(plan, p);
    return n < COUNT_BY_INVERSE ? collect(work, b, n, low, p, level->inverse, level->key)
                                : collect_exact(work, b, n, low, p, level->m, level->key);
}

/* The next terms of P2 in the segment: x / p for primes p > y, descending. */
static int collect_p2(struct work *work, uint64_t low)
{
    const struct count_plan *plan = work->plan;
    struct questions *questions = &work->questions;
    const uint64_t span = plan->segment * (uint64_t)WHEEL;
    const int exact = plan->x >= COUNT_BY_INVERSE; /* 2**53 suffices for a true division */
    const double numerator = (double)plan->x;
    uint64_t next = work->p2_next;
    size_t count = 0;
    while (next > plan->y) {
        const uint64_t word = (next - 1) / 64;
        uint32_t bits = (uint32_t)plan->pi[word] & ((UINT32_C(2) << ((next - 1) / 2 & 31)) - 1);
        for (; bits; bits &= ~(UINT32_C(1) << (31 - __builtin_clz(bits)))) {
            const uint64_t p = word * 64 + 2 * (31 - (unsigned)__builtin_clz(bits)) + 1;
            const uint64_t place = (exact ? plan->x / p : (uint64_t)(int64_t)(numerator / (double)p)) - low;
            if (p <= plan->y || place >= span || count == QUESTIONS) {
                work->p2_next = p;
                questions->count = count;
                return p > plan->y && place < span;
            }
            questions->negative[count] = 0;
            questions->place[count++] = (uint32_t)place;
        }
        next = word * 64;
    }
    work->p2_next = next;
    questions->count = count;
    return 0;
}

static void cross(struct crosser *crosser, uint8_t *bytes, ptrdiff_t size, uint32_t p)
{
    /* The block that straddles the end is crossed again in the next segment. */
    ptrdiff_t at = wheel_cross(bytes, crosser->at, size, p) - (ptrdiff_t)p;
    crosser->at = (int32_t)(at - size);
}

/* Groups the primes beyond the first `ordered` by residue class, so that the jump to the loop of a class is foreseen. */
static void regroup(struct work *work, size_t ordered)
{
    size_t start[9] = {0};
    const size_t from = ordered + 1, end = work->plan->b_sieve + 1;
    for (size_t k = from; k < end; k++)
        start[wheel_bit[work->crosser[k].prime % WHEEL] + 1]++;
    for (int class = 0; class < 8; class++)
        start[class + 1] += start[class];
    for (size_t k = from; k < end; k++)
        work->spare[start[wheel_bit[work->crosser[k].prime % WHEEL]]++] = work->crosser[k];
    memcpy(work->crosser + from, work->spare, (end - from) * sizeof *work->crosser);
    work->ordered = ordered;
}

/* All leaves of b in the segment, then its crossing. */
static void sieve_leaves(struct work *work, size_t b, uint64_t low, struct count_chunk *chunk)
{
    int more, any = 0;
    tally_begin(&work->tally);
    do {
        more = collect_leaves(work, b, low);
        tally_ask(&work->tally, &work->questions);
        any |= work->questions.count != 0;
        work->since_poll += 16 * work->questions.count;
    } while (more);
    work->since_poll += 4 * work->tally.lines;
    const struct tally_result result = tally_end(&work->tally, any);
    const uint64_t signs = (uint64_t)(int64_t)work->tally.total;
    chunk->phi += result.sum + signs * work->below[b];
    chunk->signs[b] += signs;
    work->below[b] += result.count;
}

static void sieve_segment(struct work *work, uint64_t low_byte, struct count_chunk *chunk)
{
    const struct count_plan *plan = work->plan;
    const ptrdiff_t size = (ptrdiff_t)plan->segment;
    const uint64_t low = low_byte * WHEEL, largest = plan->x / (low | 1);
    wheel_fill(plan->tables, work->bytes, plan->segment, low_byte);
    size_t b = PRESIEVED + 1;
    for (; b <= plan->b_hard; b++) {
        const uint32_t p = plan->prime[b];
        if (b > plan->b_sqrt_y && (uint64_t)p * p > largest)
            break; /* v = x / (p q) < x / p^2 */
        sieve_leaves(work, b, low, chunk);
        if (b <= plan->b_sieve)
            cross(&work->crosser[b], work->bytes, size, p);
    }
    if (b - 1 + b / 8 < work->ordered)
        regroup(work, b - 1);
    for (; b <= plan->b_sieve; b++)
        cross(&work->crosser[b], work->bytes, size, work->crosser[b].prime);

    int more;
    tally_begin(&work->tally);
    do {
        more = collect_p2(work, low);
        tally_ask(&work->tally, &work->questions);
    } while (more);
    const struct tally_result result = tally_end(&work->tally, 1);
    const uint64_t terms = (uint64_t)work->tally.total;
    chunk->p2 += result.sum + terms * chunk->primes;
    chunk->p2_terms += terms;
    chunk->primes += result.count;
}

enum count_status KERNEL_HARD(const struct count_plan *plan, uint64_t first, uint64_t end, struct count_chunk *chunk,
                              const struct perfpy_interrupt *interrupt)
{
    struct work *work = new_work(plan, chunk->survivors);
    if (!work)
        return COUNT_NO_MEMORY;
    place_chunk(work, first);
    enum count_status status = COUNT_DONE;
    for (uint64_t low = first; low < end && status == COUNT_DONE; low += plan->segment) {
        sieve_segment(work, low, chunk);
        work->since_poll += 8 * plan->segment; /* the crossings */
        if (work->since_poll > CYCLES_BETWEEN_POLLS) {
            work->since_poll = 0;
            status = interrupt->requested(interrupt->context) ? COUNT_INTERRUPTED : COUNT_DONE;
        }
    }
    free_work(work);
    return status;
}
