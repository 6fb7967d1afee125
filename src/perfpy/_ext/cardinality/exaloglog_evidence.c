#include "exaloglog.h"

/* In multiples of the smallest probability, which is 2**-(64 - precision), a value of level j has 2**(64 - precision -
 * j). Values of one tier, which are those of hashes with as many zeros, are of one level. */
struct tiers {
    int last;     /* that of hashes whose zeros end at the register */
    int smallest; /* level of the smallest probability */
};

static int level_of(const struct tiers *tiers, int tier)
{
    return tier < tiers->last ? tier + 3 : tiers->smallest;
}

/* The probability of all values above one. */
static uint64_t probability_above(const struct tiers *tiers, int value)
{
    const int tier = (value - 1) >> 2, place = (value - 1) & 3;
    const uint64_t in_tier = (uint64_t)(3 - place) << (tiers->smallest - level_of(tiers, tier));
    return in_tier + (tier < tiers->last ? (uint64_t)1 << (tiers->smallest - tier - 1) : 0);
}

uint64_t perfpy_exaloglog_evidence(const uint8_t *content, int precision, uint64_t *occurred)
{
    const struct tiers tiers = {62 - precision, 64 - precision};
    uint64_t absent = 0;
    for (size_t i = 0; i < (size_t)1 << precision; i++) {
        const uint32_t mine = exaloglog_load(content, i);
        const int highest = (int)(mine >> EXALOGLOG_WINDOW);
        if (highest == 0 || highest > 4 * (tiers.last + 1)) { /* the latter of damaged registers only */
            absent += (uint64_t)1 << tiers.smallest;
            continue;
        }
        absent += probability_above(&tiers, highest);
        /* The window and the highest value, with four bits for each tier. */
        const int place = (highest - 1) & 3, tier = (highest - 1) >> 2;
        const uint32_t seen = ((mine & EXALOGLOG_WINDOW_MASK) | EXALOGLOG_TOP) << place;
        const uint32_t missing = ~seen & (2 * EXALOGLOG_WINDOW_MASK + 1) << place;
        for (int back = 0; back <= EXALOGLOG_WINDOW / 4 && back <= tier; back++) {
            const int level = level_of(&tiers, tier - back), shift = EXALOGLOG_WINDOW - 4 * back;
            occurred[level] += (uint64_t)__builtin_popcount(seen >> shift & 15);
            absent += (uint64_t)__builtin_popcount(missing >> shift & 15) << (tiers.smallest - level);
        }
    }
    return absent;
}
