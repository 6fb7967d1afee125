/* Reads tries of the layout `fast`. Built once for each instruction set; LAYOUT_NAME is what its functions are known
 * by. */
#include "fast_many.h"
#include "fast_span.h"

static int64_t find(const struct perfpy_trie *trie, const unsigned char *key, size_t length)
{
    const struct fast_view *view = fast_view(trie);
    return fast_find(view, key, length, true);
}

static bool has(const struct perfpy_trie *trie, const unsigned char *key, size_t length)
{
    const struct fast_view *view = fast_view(trie);
    return fast_find(view, key, length, false) >= 0;
}

static void find_many(const struct perfpy_trie *trie, const struct perfpy_trie_keys *queries, int64_t *ranks)
{
    fast_find_many(fast_view(trie), queries, ranks);
}

static uint64_t lower_bound(const struct perfpy_trie *trie, const unsigned char *key, size_t length)
{
    const struct fast_view *view = fast_view(trie);
    return fast_lower_bound(view, key, length);
}

static enum perfpy_trie_status span(const struct perfpy_trie *trie, const unsigned char *prefix, size_t length,
                                    struct perfpy_trie_span *span)
{
    const struct fast_view *view = fast_view(trie);
    fast_find_span(view, prefix, length, span);
    return PERFPY_TRIE_OK;
}

static size_t prefixes(const struct perfpy_trie *trie, const unsigned char *text, size_t length, uint64_t *ranks,
                       uint64_t *lengths, size_t room)
{
    const struct fast_view *view = fast_view(trie);
    struct fast_prefixes found = {ranks, lengths, room, 0};
    fast_find_prefixes(view, text, length, &found);
    return found.count;
}

/* A damaged trie ends where its damage is met. */
static enum perfpy_trie_status arrive(const struct perfpy_trie *trie, struct perfpy_trie_cursor *cursor,
                                      enum fast_move move, uint64_t rank)
{
    cursor->rank = move <= FAST_AT_END ? rank : trie->count;
    return move == FAST_NO_MEMORY ? PERFPY_TRIE_MEMORY : PERFPY_TRIE_OK;
}

static enum perfpy_trie_status seek(const struct perfpy_trie *trie, struct perfpy_trie_cursor *cursor, uint64_t rank)
{
    const struct fast_view *view = fast_view(trie);
    return arrive(trie, cursor, fast_seek(view, cursor, rank), rank);
}

static enum perfpy_trie_status seek_span(const struct perfpy_trie *trie, struct perfpy_trie_cursor *cursor,
                                         const unsigned char *prefix, size_t length,
                                         const struct perfpy_trie_span *span)
{
    const struct fast_view *view = fast_view(trie);
    return arrive(trie, cursor, fast_seek_span(view, cursor, prefix, length, span), span->start);
}

static enum perfpy_trie_status next(const struct perfpy_trie *trie, struct perfpy_trie_cursor *cursor)
{
    const struct fast_view *view = fast_view(trie);
    if (cursor->rank + 1 >= trie->count) {
        cursor->rank = trie->count;
        return PERFPY_TRIE_OK;
    }
    return arrive(trie, cursor, fast_advance(view, cursor), cursor->rank + 1);
}

static enum perfpy_trie_status walk(const struct perfpy_trie *trie, struct perfpy_trie_cursor *cursor, uint64_t count,
                                    perfpy_trie_visitor *visit, void *context)
{
    for (; count > 0; count--) {
        const enum perfpy_trie_status status = next(trie, cursor);
        if (status != PERFPY_TRIE_OK)
            return status;
        if (cursor->rank == trie->count || !visit(context, cursor->key, cursor->length))
            break;
    }
    return PERFPY_TRIE_OK;
}

static void close_cursor(struct perfpy_trie_cursor *cursor)
{
    free(cursor->key);
    free(cursor->state);
    *cursor = (struct perfpy_trie_cursor){0};
}

const struct perfpy_trie_layout LAYOUT_NAME = {
    .name = "fast",
    .build = perfpy_fast_build,
    .open = perfpy_fast_open,
    .check = perfpy_fast_check,
    .find = find,
    .has = has,
    .lower_bound = lower_bound,
    .span = span,
    .find_many = find_many,
    .seek = seek,
    .seek_span = seek_span,
    .next = next,
    .walk = walk,
    .close = close_cursor,
    .prefixes = prefixes,
};
