#include "distinct.h"

#include <stdlib.h>

void perfpy_distinct_reset(struct distinct *sketch, int precision)
{
    perfpy_hash_set_clear(&sketch->hashes);
    free(sketch->registers.content);
    sketch->registers = (struct registers){.precision = precision};
}

/* Goes over to registers; where memory is short it stays as it is. */
static int make_registers(struct distinct *sketch)
{
    const size_t count = hash_set_count(&sketch->hashes);
    uint64_t *hashes = malloc((count + 1) * sizeof *hashes);
    uint8_t *content = calloc(distinct_bytes(sketch), 1);
    if (!hashes || !content) {
        free(hashes);
        free(content);
        return -1;
    }
    perfpy_hash_set_list(&sketch->hashes, hashes);
    perfpy_hash_set_clear(&sketch->hashes);
    sketch->registers.content = content;
    sketch->operations->add(&sketch->registers, hashes, (ptrdiff_t)count);
    free(hashes);
    return 0;
}

int perfpy_distinct_take(struct distinct *sketch, const uint64_t *hashes, ptrdiff_t count)
{
    const size_t most = distinct_bytes(sketch) / sizeof *hashes;
    ptrdiff_t taken = 0;
    while (!sketch->registers.content && taken < count) {
        if (perfpy_hash_set_add(&sketch->hashes, hashes[taken++]) < 0)
            return -1;
        if (hash_set_count(&sketch->hashes) > most && make_registers(sketch) < 0)
            return -1;
    }
    if (taken < count)
        sketch->operations->add(&sketch->registers, hashes + taken, count - taken);
    return 0;
}

int perfpy_distinct_unite(struct distinct *sketch, const uint8_t *content)
{
    if (!sketch->registers.content && make_registers(sketch) < 0)
        return -1;
    sketch->operations->unite(&sketch->registers, content);
    return 0;
}
