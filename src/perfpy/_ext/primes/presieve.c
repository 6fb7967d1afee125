#include "presieve.h"

#include <stdlib.h>
#include <string.h>

#include "wheel.h"

/* Small primes by threes, the others a small one with a large one, to keep the periods alike and short. */
static const uint8_t groups[PRESIEVE_TABLES][3] = {
    {7, 23, 37}, {11, 19, 31}, {13, 17, 29}, {41, 163}, {43, 157}, {47, 151}, {53, 149}, {59, 139},
    {61, 137},   {67, 131},    {71, 127},    {73, 113}, {79, 109}, {83, 107}, {89, 103}, {97, 101},
};

static uint32_t period_of(const uint8_t *group)
{
    return (uint32_t)group[0] * group[1] * (group[2] ? group[2] : 1);
}

static void cross_off(uint8_t *bytes, uint32_t length, uint32_t prime)
{
    for (int j = 0; j < 8; j++) {
        const uint32_t multiple = prime * wheel_residues[j];
        const uint8_t mask = (uint8_t) ~(1u << wheel_bits[(multiple - 7) % 30]);
        for (uint32_t k = (multiple - 7) / 30 % prime; k < length; k += prime)
            bytes[k] &= mask;
    }
}

int perfpy_presieve_init(struct presieve *presieve)
{
    size_t size = 0;
    for (int t = 0; t < PRESIEVE_TABLES; t++)
        size += period_of(groups[t]) + PRESIEVE_BLOCK;
    uint8_t *bytes = presieve->storage = malloc(size);
    if (!bytes)
        return -1;
    memset(bytes, 0xff, size);
    for (int t = 0; t < PRESIEVE_TABLES; t++) {
        const uint32_t period = period_of(groups[t]);
        for (int k = 0; k < 3 && groups[t][k]; k++)
            cross_off(bytes, period + PRESIEVE_BLOCK, groups[t][k]);
        presieve->tables[t] = (struct presieve_table){period, bytes};
        bytes += period + PRESIEVE_BLOCK;
    }
    return 0;
}

void perfpy_presieve_clear(struct presieve *presieve)
{
    free(presieve->storage);
    presieve->storage = NULL;
}

void perfpy_presieve_restore(uint8_t *bytes, size_t length, uint64_t first)
{
    for (int t = 0; t < PRESIEVE_TABLES; t++)
        for (int k = 0; k < 3 && groups[t][k]; k++) {
            const uint64_t byte = wheel_byte(groups[t][k]);
            if (byte >= first && byte - first < length)
                bytes[byte - first] |= (uint8_t)(1u << wheel_class(groups[t][k]));
        }
}
