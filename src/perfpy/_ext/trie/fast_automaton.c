/* Daciuk, Mihov, Watson and Watson's construction from sorted keys: the states along the last key are open, all others
 * are frozen, and a state that is frozen is first looked for among its equals in a hash table.
 *
 * Nearly all time goes into misses of the cache by that table. So a state's hash is made of the hashes of its targets
 * rather than of their numbers: the hashes of some keys ahead are known before their states have numbers, and
 * their slots are fetched meanwhile.
 */
#include "fast_automaton.h"
#include "neighbors.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS_AHEAD = 16, WORK_BETWEEN_POLLS = 1 << 17, MOST_STATES = 1 << 30 };

/* The open states, one for each prefix of the last key. The edges of the state at depth d begin at edges[start[d]] and
 * end where those of depth d + 1 begin; the last of them leads there. */
struct path {
    uint64_t *edges; /* label | payload << 8: hash in one path, target in the other */
    size_t used, capacity;
    size_t depth;
    uint32_t *start;
    uint8_t *final;
};

/* Hashes that have been computed and not been used yet: a ring. */
struct queue {
    uint64_t *hashes;
    size_t head, tail, mask;
};

struct builder {
    const struct perfpy_trie_keys *keys;
    struct fast_automaton *automaton;
    size_t states_capacity, edges_capacity;
    uint64_t *slots; /* state | upper half of hash << 32, 0 if free */
    unsigned shift;  /* a hash >> shift is its slot */
    struct path ahead, now;
    struct queue queue;
    size_t shared[KEYS_AHEAD]; /* with the key before, for keys between `now` and `ahead` */
};

static bool reserve(void **array, size_t *capacity, size_t needed, size_t size)
{
    if (needed <= *capacity)
        return true;
    const size_t larger = needed + needed / 2 + 64;
    void *grown = realloc(*array, larger * size);
    if (!grown)
        return false;
    *array = grown;
    *capacity = larger;
    return true;
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0x9E3779B97F4A7C15);
    return hash ^ hash >> 32;
}

static uint64_t hash_state(const uint64_t *edges, size_t count, bool final)
{
    uint64_t hash = final ? UINT64_C(0xD1B54A32D192ED03) : UINT64_C(0x8CB92BA72F3D8DD7);
    for (size_t i = 0; i < count; i++)
        hash = mix(hash, edges[i]);
    return hash * UINT64_C(0xBF58476D1CE4E5B9);
}

static bool push_hash(struct queue *queue, uint64_t hash)
{
    if (queue->tail - queue->head > queue->mask) {
        const size_t size = queue->mask + 1;
        uint64_t *larger = realloc(queue->hashes, 2 * size * sizeof *larger);
        if (!larger)
            return false;
        /* Whatever had wrapped around is once more where the larger ring looks for it. */
        memcpy(larger + size, larger, size * sizeof *larger);
        queue->hashes = larger;
        queue->mask = 2 * size - 1;
    }
    queue->hashes[queue->tail++ & queue->mask] = hash;
    return true;
}

static bool open_states(struct path *path, const unsigned char *key, size_t shared, size_t length)
{
    if (!reserve((void **)&path->edges, &path->capacity, path->used + length - shared, sizeof *path->edges))
        return false;
    for (size_t depth = shared; depth < length; depth++) {
        path->edges[path->used++] = key[depth];
        path->start[depth + 1] = (uint32_t)path->used;
        path->final[depth + 1] = 0;
    }
    path->final[length] = 1;
    path->depth = length;
    return true;
}

static bool grow_slots(struct builder *builder)
{
    const size_t old_size = (size_t)1 << (64 - builder->shift), mask = 2 * old_size - 1;
    uint64_t *slots = calloc(2 * old_size, sizeof *slots);
    if (!slots)
        return false;
    builder->shift--;
    for (size_t i = 0; i < old_size; i++) {
        const uint64_t slot = builder->slots[i];
        if (!slot)
            continue;
        size_t at = slot >> builder->shift;
        while (slots[at])
            at = (at + 1) & mask;
        slots[at] = slot;
    }
    free(builder->slots);
    builder->slots = slots;
    return true;
}

static enum perfpy_trie_status add_state(struct builder *builder, const uint64_t *edges, size_t count, bool final)
{
    struct fast_automaton *automaton = builder->automaton;
    const uint32_t state = automaton->states, from = automaton->first[state];
    if (state == MOST_STATES || from > UINT32_MAX - count)
        return PERFPY_TRIE_TOO_LARGE;
    size_t first_capacity = builder->states_capacity;
    if (!reserve((void **)&automaton->first, &first_capacity, (size_t)state + 2, sizeof *automaton->first) ||
        !reserve((void **)&automaton->final, &builder->states_capacity, (size_t)state + 2, 1) ||
        !reserve((void **)&automaton->edges, &builder->edges_capacity, (size_t)from + count, sizeof *edges))
        return PERFPY_TRIE_MEMORY;
    for (size_t i = 0; i < count; i++)
        automaton->edges[from + i] = edges[i];
    automaton->final[state] = final;
    automaton->first[++automaton->states] = from + (uint32_t)count;
    return PERFPY_TRIE_OK;
}

static bool is_equal(const struct fast_automaton *automaton, uint32_t state, const uint64_t *edges, size_t count,
                     bool final)
{
    const uint64_t *own = automaton->edges + automaton->first[state];
    if (fast_degree(automaton, state) != count || automaton->final[state] != final)
        return false;
    for (size_t i = 0; i < count; i++)
        if (own[i] != edges[i])
            return false;
    return true;
}

static enum perfpy_trie_status find_or_add(struct builder *builder, uint64_t hash, const uint64_t *edges, size_t count,
                                           bool final, uint32_t *state)
{
    const size_t mask = ((size_t)1 << (64 - builder->shift)) - 1;
    size_t at = hash >> builder->shift;
    for (; builder->slots[at]; at = (at + 1) & mask) {
        *state = (uint32_t)builder->slots[at];
        if (builder->slots[at] >> 32 == hash >> 32 && is_equal(builder->automaton, *state, edges, count, final))
            return PERFPY_TRIE_OK;
    }
    *state = builder->automaton->states;
    builder->slots[at] = *state | hash >> 32 << 32;
    const enum perfpy_trie_status status = add_state(builder, edges, count, final);
    if (status == PERFPY_TRIE_OK && (size_t)*state + *state / 2 > mask && !grow_slots(builder))
        return PERFPY_TRIE_MEMORY;
    return status;
}

/* Computes the hashes of the states that `shared` and a longer last key have closed. */
static bool close_ahead(struct builder *builder, size_t shared)
{
    struct path *path = &builder->ahead;
    for (; path->depth > shared; path->depth--) {
        const uint32_t start = path->start[path->depth];
        const uint64_t hash = hash_state(path->edges + start, path->used - start, path->final[path->depth]);
        __builtin_prefetch(&builder->slots[hash >> builder->shift]);
        if (!push_hash(&builder->queue, hash))
            return false;
        path->used = start;
        path->edges[start - 1] |= hash << 8;
    }
    return true;
}

/* Freezes the same states. */
static enum perfpy_trie_status close_now(struct builder *builder, size_t shared)
{
    struct path *path = &builder->now;
    struct queue *queue = &builder->queue;
    for (; path->depth > shared; path->depth--) {
        const uint32_t start = path->start[path->depth];
        const uint64_t hash = queue->hashes[queue->head++ & queue->mask];
        uint32_t state = 0;
        if (path->used > start) {
            const enum perfpy_trie_status status = find_or_add(builder, hash, path->edges + start, path->used - start,
                                                               path->final[path->depth], &state);
            if (status != PERFPY_TRIE_OK)
                return status;
        }
        path->used = start;
        path->edges[start - 1] |= (uint64_t)state << 8;
    }
    return PERFPY_TRIE_OK;
}

/* Lets the path ahead take in key number `key`. */
static bool look_ahead(struct builder *builder, uint64_t key)
{
    const struct perfpy_trie_keys *keys = builder->keys;
    const unsigned char *text = keys->bytes + keys->offsets[key];
    const size_t length = keys->offsets[key + 1] - keys->offsets[key];
    const size_t shared = key ? perfpy_trie_shared(keys, key - 1) : 0;
    builder->shared[key % KEYS_AHEAD] = shared;
    return close_ahead(builder, shared) && open_states(&builder->ahead, text, shared, length);
}

static enum perfpy_trie_status add_keys(struct builder *builder, const struct perfpy_interrupt *interrupt)
{
    const struct perfpy_trie_keys *keys = builder->keys;
    uint64_t work = 0, next = 0;
    for (uint64_t key = 0; key < keys->count; key++) {
        for (; next < keys->count && next < key + KEYS_AHEAD; next++)
            if (!look_ahead(builder, next))
                return PERFPY_TRIE_MEMORY;
        const size_t shared = builder->shared[key % KEYS_AHEAD];
        const size_t length = keys->offsets[key + 1] - keys->offsets[key];
        const enum perfpy_trie_status status = close_now(builder, shared);
        if (status != PERFPY_TRIE_OK)
            return status;
        if (!open_states(&builder->now, keys->bytes + keys->offsets[key], shared, length))
            return PERFPY_TRIE_MEMORY;
        work += length;
        if (work >= WORK_BETWEEN_POLLS) {
            work = 0;
            if (interrupt && interrupt->requested(interrupt->context))
                return PERFPY_TRIE_INTERRUPTED;
        }
    }
    if (!close_ahead(builder, 0))
        return PERFPY_TRIE_MEMORY;
    return close_now(builder, 0);
}

/* The root is a state of its own even where another equals it: nothing refers to it. */
static enum perfpy_trie_status add_root(struct builder *builder)
{
    const struct path *path = &builder->now;
    builder->automaton->root = builder->automaton->states;
    return add_state(builder, path->edges, path->used, path->final[0]);
}

static bool open_path(struct path *path, size_t longest)
{
    *path = (struct path){.start = calloc(longest + 2, sizeof *path->start), .final = calloc(longest + 2, 1)};
    return path->start && path->final;
}

static void close_path(struct path *path)
{
    free(path->edges);
    free(path->start);
    free(path->final);
}

static enum perfpy_trie_status build(struct builder *builder, size_t longest, const struct perfpy_interrupt *interrupt)
{
    const size_t ring = 1024;
    builder->queue = (struct queue){.hashes = malloc(ring * sizeof(uint64_t)), .mask = ring - 1};
    builder->shift = 64 - 12;
    builder->slots = calloc((size_t)1 << 12, sizeof *builder->slots);
    builder->automaton->first = calloc(2, sizeof(uint32_t));
    const bool ahead = open_path(&builder->ahead, longest), now = open_path(&builder->now, longest);
    if (!ahead || !now || !builder->queue.hashes || !builder->slots || !builder->automaton->first)
        return PERFPY_TRIE_MEMORY;
    enum perfpy_trie_status status = add_state(builder, NULL, 0, true);
    if (status == PERFPY_TRIE_OK)
        status = add_keys(builder, interrupt);
    return status == PERFPY_TRIE_OK ? add_root(builder) : status;
}

enum perfpy_trie_status perfpy_fast_automaton_build(const struct perfpy_trie_keys *keys,
                                                    const struct perfpy_interrupt *interrupt,
                                                    struct fast_automaton *automaton)
{
    *automaton = (struct fast_automaton){0};
    size_t longest = 0;
    for (uint64_t key = 0; key < keys->count; key++) {
        const size_t length = keys->offsets[key + 1] - keys->offsets[key];
        longest = length > longest ? length : longest;
    }
    if (longest >= UINT32_MAX / 2 || keys->count >= UINT32_MAX)
        return PERFPY_TRIE_TOO_LARGE;
    struct builder builder = {.keys = keys, .automaton = automaton};
    const enum perfpy_trie_status status = build(&builder, longest, interrupt);
    close_path(&builder.ahead);
    close_path(&builder.now);
    free(builder.queue.hashes);
    free(builder.slots);
    if (status != PERFPY_TRIE_OK)
        perfpy_fast_automaton_free(automaton);
    return status;
}

void perfpy_fast_automaton_free(struct fast_automaton *automaton)
{
    free(automaton->first);
    free(automaton->edges);
    free(automaton->final);
    *automaton = (struct fast_automaton){0};
}
