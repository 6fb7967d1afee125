/* Lengths of Huffman's codes, none above CODE_MOST bits. */
#include <stdlib.h>

#include "compact_build.h"

struct leaf {
    uint64_t count;
    uint32_t symbol, length;
};

static int compare_leaves(const void *a, const void *b)
{
    const struct leaf *x = a, *y = b;
    if (x->count != y->count)
        return x->count < y->count ? -1 : 1;
    return x->symbol < y->symbol ? -1 : x->symbol > y->symbol;
}

/* Sets the depths of leaves in Huffman's tree; they are sorted, rarest first, and at least two. The weights of inner
 * nodes come up in order, so that two queues do. */
static bool set_depths(struct leaf *leaves, size_t count)
{
    uint64_t *weights = malloc(count * sizeof *weights);
    uint32_t *parents = malloc(2 * count * sizeof *parents), *depths = malloc(count * sizeof *depths);
    const bool enough = weights && parents && depths;
    if (enough) {
        size_t leaf = 0, inner = 0;
        for (size_t made = 0; made + 1 < count; made++) {
            weights[made] = 0;
            for (int i = 0; i < 2; i++) {
                const bool is_leaf = leaf < count && (inner == made || leaves[leaf].count <= weights[inner]);
                weights[made] += is_leaf ? leaves[leaf].count : weights[inner];
                parents[is_leaf ? leaf++ : count + inner++] = (uint32_t)made;
            }
        }
        depths[count - 2] = 0;
        for (size_t i = count - 2; i-- > 0;)
            depths[i] = depths[parents[count + i]] + 1;
        for (size_t i = 0; i < count; i++)
            leaves[i].length = depths[parents[i]] + 1;
    }
    free(weights);
    free(parents);
    free(depths);
    return enough;
}

/* Shortens codes that are too long, and lengthens others, rare ones first, until all fit in again. */
static void limit_lengths(struct leaf *leaves, size_t count)
{
    const uint64_t whole = UINT64_C(1) << CODE_MOST;
    uint64_t used = 0;
    for (size_t i = 0; i < count; i++) {
        if (leaves[i].length > CODE_MOST)
            leaves[i].length = CODE_MOST;
        used += whole >> leaves[i].length;
    }
    for (size_t i = 0; used > whole; i = i + 1 < count ? i + 1 : 0)
        if (leaves[i].length < CODE_MOST) {
            leaves[i].length++;
            used -= whole >> leaves[i].length;
        }
    for (size_t i = count; i-- > 0;)
        while (leaves[i].length > 1 && used + (whole >> leaves[i].length) <= whole) {
            used += whole >> leaves[i].length;
            leaves[i].length--;
        }
}

bool perfpy_compact_code_lengths(const uint64_t *counts, uint32_t symbols, unsigned char *lengths)
{
    struct leaf *leaves = malloc((symbols + (size_t)1) * sizeof *leaves);
    if (!leaves)
        return false;
    size_t used = 0;
    for (uint32_t symbol = 0; symbol < symbols; symbol++) {
        lengths[symbol] = 0;
        if (counts[symbol])
            leaves[used++] = (struct leaf){.count = counts[symbol], .symbol = symbol, .length = 1};
    }
    qsort(leaves, used, sizeof *leaves, compare_leaves);
    const bool enough = used < 2 || set_depths(leaves, used);
    if (enough)
        limit_lengths(leaves, used);
    for (size_t i = 0; i < used && enough; i++)
        lengths[leaves[i].symbol] = (unsigned char)leaves[i].length;
    free(leaves);
    return enough;
}
