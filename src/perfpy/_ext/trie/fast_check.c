/* Checks a whole trie: that its states make an automaton without cycles, its labels are in order, and every stored
 * number of keys is the number of keys there are.
 *
 * States are counted in the order of a depth-first search, with a stack of its own. A state is a number: the address
 * of a node, or the size of the nodes plus a base, or plus the largest base plus the cell of a single way.
 */
#include <stdlib.h>

#include "fast_order.h"

enum { UNKNOWN, OPEN, KNOWN /* plus the number of keys */ };

struct checker {
    struct fast_view view;
    uint64_t *keys; /* of a state */
    uint64_t *stack;
    size_t depth, capacity;
};

/* Numbers for the bases, of which the largest is that of states without ways. */
static uint64_t base_count(const struct checker *checker)
{
    return (uint64_t)checker->view.cell_count + 1;
}

static uint64_t state_of(const struct checker *checker, uint64_t cell)
{
    const struct fast_view *view = &checker->view;
    const uint64_t target = fast_target_of(view, cell);
    if (cell & view->node_mask)
        return target;
    return target + view->size + (cell & view->single_mask ? base_count(checker) : 0);
}

static bool is_within(const struct checker *checker, uint64_t cell)
{
    const uint32_t target = fast_target_of(&checker->view, cell);
    if (cell & checker->view.node_mask)
        return target < checker->view.size;
    return cell & checker->view.single_mask ? target < checker->view.cell_count : target <= checker->view.cell_count;
}

/* Puts a state on the stack unless it is known; false where it is open, which is a cycle. */
static bool visit(struct checker *checker, uint64_t state)
{
    if (checker->keys[state] != UNKNOWN)
        return checker->keys[state] != OPEN;
    if (checker->depth == checker->capacity) {
        const size_t capacity = 2 * checker->capacity + 1024;
        uint64_t *stack = realloc(checker->stack, capacity * sizeof *stack);
        if (!stack)
            return false;
        checker->stack = stack;
        checker->capacity = capacity;
    }
    checker->stack[checker->depth++] = state;
    return true;
}

/* What is the same for nodes and for states of the double array: a way, of whose target keys are known or asked for. */
struct count {
    bool visiting; /* the targets; else adding their keys up */
    uint64_t keys;
};

static bool add_way(struct checker *checker, struct count *count, uint64_t state, uint64_t before)
{
    if (count->visiting)
        return visit(checker, state);
    if (checker->keys[state] < KNOWN || before != count->keys)
        return false;
    count->keys += checker->keys[state] - KNOWN;
    return true;
}

/* A cell or gate has to say of a state of the double array whether a key ends there, as the keys before its first way
 * do. */
static bool is_final_right(const struct checker *checker, uint64_t cell)
{
    const struct fast_view *view = &checker->view;
    if (cell & view->node_mask) {
        const struct fast_node node = fast_node_at(view, fast_target_of(view, cell));
        const bool at_gate = fast_ways(node.shape) == FAST_GATE && fast_text(node.shape) == 0;
        const bool final = fast_is_final(&node) || (at_gate && fast_gate(view, &node) & view->final_mask);
        return final == !!(cell & view->final_mask);
    }
    if (fast_target_of(view, cell) == view->cell_count)
        return view->count == 0 || cell & view->final_mask;
    const struct fast_state state = fast_state_of(view, cell);
    const uint32_t first = fast_next_code(view, state, 0);
    return first != FAST_NONE && fast_keys_below_code(view, state.base, first) == !!(cell & view->final_mask);
}

static bool count_cells(struct checker *checker, struct fast_state from, struct count *count)
{
    const struct fast_view *view = &checker->view;
    uint32_t code = fast_next_code(view, from, 0);
    if (code == FAST_NONE)
        return false;
    count->keys = fast_keys_below_code(view, from.base, code);
    for (; code != FAST_NONE; code = fast_next_code(view, from, code + 1)) {
        const uint64_t cell = fast_cell(view, from.base, code);
        if (!is_within(checker, cell) || !is_final_right(checker, cell))
            return false;
        if (!add_way(checker, count, state_of(checker, cell), fast_keys_below_code(view, from.base, code)))
            return false;
    }
    return true;
}

/* The same for the number of a state of the double array. */
static bool count_numbered(struct checker *checker, uint64_t number, struct count *count)
{
    const struct fast_view *view = &checker->view;
    if (number == view->cell_count) {
        count->keys = view->count != 0; /* without any keys, the root has no ways, either */
        return true;
    }
    const bool single = number >= base_count(checker);
    const uint64_t target = number - (single ? base_count(checker) : 0);
    const uint64_t cell = target << view->target_shift | (single ? view->single_mask : 0);
    return count_cells(checker, fast_state_of(view, cell), count);
}

static bool count_ways(struct checker *checker, uint64_t address, struct fast_node *node, struct count *count)
{
    const struct fast_view *view = &checker->view;
    if (fast_ways(node->shape) > FAST_SET || !fast_node_branch(view, node))
        return false;
    node->counts = fast_reference(node, node->ways);
    /* Where a key ends and none goes on is the node at 0, which cursors do not look at; or the root. */
    const bool ends = node->ways == 0 && !fast_is_ending(node) && fast_is_final(node), at_root = checker->depth == 1;
    if (view->count && (address == 0 ? !ends || fast_text(node->shape) : ends && !at_root))
        return false;
    if (node->ways == 0)
        count->keys = fast_is_final(node) + fast_is_ending(node);
    for (uint32_t way = 0; way < node->ways; way++) {
        const uint32_t target = fast_way(node, way);
        if (target == FAST_NONE || (way && fast_label_of(node, way - 1) >= fast_label_of(node, way)))
            return false;
        if (!add_way(checker, count, target, fast_keys_before(view, node, way)))
            return false;
    }
    count->keys += node->ways ? fast_is_final(node) : 0;
    return true;
}

/* Visits what a state leads to, or counts its keys. */
static bool count_state(struct checker *checker, uint64_t state, struct count *count)
{
    const struct fast_view *view = &checker->view;
    if (state >= view->size)
        return count_numbered(checker, state - view->size, count);
    struct fast_node node = fast_node_at(view, (uint32_t)state);
    if (fast_ways(node.shape) != FAST_GATE)
        return count_ways(checker, state, &node, count);
    const uint64_t gate = fast_gate(view, &node);
    if (!is_within(checker, gate) || !is_final_right(checker, gate) || (fast_is_final(&node) && !fast_text(node.shape)))
        return false;
    if (!add_way(checker, count, state_of(checker, gate), 0))
        return false;
    count->keys += fast_is_final(&node);
    return true;
}

static bool check_root(struct checker *checker)
{
    const struct fast_view *view = &checker->view;
    /* No keys are a node without anything, which is good for the root only. */
    if (!is_within(checker, view->root))
        return false;
    if (!visit(checker, state_of(checker, view->root)))
        return false;
    while (checker->depth > 0) {
        const uint64_t state = checker->stack[checker->depth - 1];
        if (checker->keys[state] >= KNOWN) {
            checker->depth--;
            continue;
        }
        struct count count = {checker->keys[state] == UNKNOWN, 0};
        checker->keys[state] = OPEN;
        if (!count_state(checker, state, &count))
            return false;
        if (!count.visiting) {
            if (count.keys >= UINT32_MAX || (count.keys == 0 && view->count != 0))
                return false;
            checker->keys[state] = KNOWN + count.keys;
        }
    }
    return is_final_right(checker, view->root) &&
           checker->keys[state_of(checker, view->root)] - KNOWN == view->count;
}

static bool is_alphabet_right(const struct fast_view *view)
{
    for (uint32_t code = 1; code < view->alphabet; code++)
        if (view->labels[code - 1] >= view->labels[code])
            return false;
    return true;
}

bool perfpy_fast_check(const struct perfpy_trie *trie)
{
    struct checker checker = {.view = *fast_view(trie)};
    checker.keys = calloc(checker.view.size + 2 * base_count(&checker), sizeof *checker.keys);
    const bool sound = checker.keys && is_alphabet_right(&checker.view) && check_root(&checker);
    free(checker.keys);
    free(checker.stack);
    return sound;
}
