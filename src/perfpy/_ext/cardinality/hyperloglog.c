#include "hyperloglog.h"

#include <stdlib.h>

void perfpy_hyperloglog_reset(struct hyperloglog *sketch, int precision)
{
    perfpy_hash_set_clear(&sketch->hashes);
    free(sketch->registers.ranks);
    sketch->registers = (struct registers){.precision = precision};
}

/* Goes over to registers; where memory is short it stays as it is. */
static int make_registers(struct hyperloglog *sketch)
{
    const size_t count = hash_set_count(&sketch->hashes);
    uint64_t *hashes = malloc((count + 1) * sizeof *hashes);
    uint8_t *ranks = calloc((size_t)1 << sketch->registers.precision, 1);
    if (!hashes || !ranks) {
        free(hashes);
        free(ranks);
        return -1;
    }
    perfpy_hash_set_list(&sketch->hashes, hashes);
    perfpy_hash_set_clear(&sketch->hashes);
    sketch->registers.ranks = ranks;
    sketch->operations->add(&sketch->registers, hashes, (ptrdiff_t)count);
    free(hashes);
    return 0;
}

int perfpy_hyperloglog_take(struct hyperloglog *sketch, const uint64_t *hashes, ptrdiff_t count)
{
    const size_t most = hyperloglog_most_hashes(sketch->registers.precision);
    ptrdiff_t taken = 0;
    while (!sketch->registers.ranks && taken < count) {
        if (perfpy_hash_set_add(&sketch->hashes, hashes[taken++]) < 0)
            return -1;
        if (hash_set_count(&sketch->hashes) > most && make_registers(sketch) < 0)
            return -1;
    }
    if (taken < count)
        sketch->operations->add(&sketch->registers, hashes + taken, count - taken);
    return 0;
}

int perfpy_hyperloglog_merge(struct hyperloglog *sketch, const uint8_t *ranks)
{
    if (!sketch->registers.ranks && make_registers(sketch) < 0)
        return -1;
    sketch->operations->merge(&sketch->registers, ranks);
    return 0;
}
