/* Which shapes of nodes get a code: one byte for the most frequent ones, two for the others. */
#include <stdlib.h>

#include "fast_pack.h"

enum { TALLY = 1 << FAST_TALLY_LOG, FULL = TALLY / 2, LEAST_USES = 2 };

bool perfpy_fast_shapes_open(struct fast_shapes *shapes)
{
    *shapes = (struct fast_shapes){0};
    shapes->shapes = calloc(TALLY, sizeof *shapes->shapes);
    shapes->uses = calloc(TALLY, sizeof *shapes->uses);
    shapes->codes = malloc(TALLY * sizeof *shapes->codes);
    shapes->coded = malloc(FAST_CODES * sizeof *shapes->coded);
    return shapes->shapes && shapes->uses && shapes->codes && shapes->coded;
}

void perfpy_fast_shapes_close(struct fast_shapes *shapes)
{
    free(shapes->shapes);
    free(shapes->uses);
    free(shapes->codes);
    free(shapes->coded);
}

void perfpy_fast_shapes_clear(struct fast_shapes *shapes)
{
    memset(shapes->uses, 0, TALLY * sizeof *shapes->uses);
    shapes->different = 0;
}

static size_t find(const struct fast_shapes *shapes, uint32_t shape)
{
    size_t at = fast_hash(shape) >> (32 - FAST_TALLY_LOG);
    while (shapes->uses[at] && shapes->shapes[at] != shape)
        at = (at + 1) % TALLY;
    return at;
}

/* New shapes are left out when very many have been seen: they are rare. */
void perfpy_fast_shapes_tally(struct fast_shapes *shapes, uint32_t shape)
{
    const size_t at = find(shapes, shape);
    if (!shapes->uses[at]) {
        if (shapes->different == FULL)
            return;
        shapes->different++;
        shapes->shapes[at] = shape;
    }
    shapes->uses[at]++;
}

struct use {
    uint32_t shape, uses;
};

static int by_uses(const void *left, const void *right)
{
    const struct use *a = left, *b = right;
    if (a->uses != b->uses)
        return a->uses < b->uses ? 1 : -1;
    return a->shape < b->shape ? -1 : 1;
}

void perfpy_fast_shapes_choose(struct fast_shapes *shapes)
{
    struct use used[FULL];
    size_t count = 0;
    /* The empty ending, of which there is one, needs a short code: with nothing before it, it is at address 0. */
    shapes->uses[find(shapes, FAST_FINAL)] = UINT32_MAX;
    for (size_t at = 0; at < TALLY; at++) {
        shapes->codes[at] = FAST_CODES;
        if (shapes->uses[at] >= LEAST_USES)
            used[count++] = (struct use){shapes->shapes[at], shapes->uses[at]};
    }
    qsort(used, count, sizeof *used, by_uses);
    for (shapes->count = 0; shapes->count < count && shapes->count < FAST_CODES; shapes->count++) {
        shapes->coded[shapes->count] = used[shapes->count].shape;
        shapes->codes[find(shapes, used[shapes->count].shape)] = shapes->count;
    }
}

unsigned perfpy_fast_shapes_code(const struct fast_shapes *shapes, uint32_t shape)
{
    const size_t at = find(shapes, shape);
    return shapes->uses[at] ? shapes->codes[at] : FAST_CODES;
}
