/* The smallest automaton that accepts a set of sorted keys: states with the same endings are one state. */
#ifndef PERFPY_TRIE_FAST_AUTOMATON_H
#define PERFPY_TRIE_FAST_AUTOMATON_H

#include <stdint.h>

#include "layout.h"

/* A state's edges are edges[first[state]] up to edges[first[state + 1]], in order of their labels. A target is always
 * below the state that refers to it. State 0 accepts the empty ending only: a key ends there and none goes on. */
struct fast_automaton {
    uint32_t states, root;
    uint32_t *first;
    uint64_t *edges; /* label | target << 8 */
    uint8_t *final;  /* a key ends at this state */
};

enum perfpy_trie_status perfpy_fast_automaton_build(const struct perfpy_trie_keys *keys,
                                                    const struct perfpy_interrupt *interrupt,
                                                    struct fast_automaton *automaton);

void perfpy_fast_automaton_free(struct fast_automaton *automaton);

static inline uint32_t fast_degree(const struct fast_automaton *automaton, uint32_t state)
{
    return automaton->first[state + 1] - automaton->first[state];
}

static inline uint8_t fast_label(uint64_t edge)
{
    return (uint8_t)edge;
}

static inline uint32_t fast_target(uint64_t edge)
{
    return (uint32_t)(edge >> 8);
}

#endif
