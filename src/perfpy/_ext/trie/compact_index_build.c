/* Builds the index of the compact layout; compact_index.c says what is in it. */
#include <stdlib.h>

#include "compact_build.h"

/* Separators that become one record, from which depth on, and the link that leads to it. */
struct task {
    uint32_t first, after;
    size_t depth;
    uint32_t link;
};

struct tasks {
    struct task *list;
    size_t count, room;
};

enum { NO_LINK = -1 }; /* as uint32_t: the root's */

static bool add_task(struct tasks *tasks, struct task task)
{
    if (tasks->count == tasks->room) {
        const size_t room = tasks->room ? 2 * tasks->room : 64;
        struct task *grown = realloc(tasks->list, room * sizeof *grown);
        if (!grown)
            return false;
        tasks->list = grown;
        tasks->room = room;
    }
    tasks->list[tasks->count++] = task;
    return true;
}

static const unsigned char *separator(const struct separators *separators, uint32_t group)
{
    return separators->keys->bytes + separators->keys->offsets[separators->first_keys[group]];
}

static size_t shared_from(const struct separators *separators, const struct task *task)
{
    const size_t first = separators->lengths[task->first] - task->depth;
    const size_t last = separators->lengths[task->after - 1] - task->depth;
    return common_prefix(separator(separators, task->first) + task->depth,
                         separator(separators, task->after - 1) + task->depth, first < last ? first : last);
}

static void put_le32(unsigned char *bytes, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        bytes[i] = (unsigned char)(value >> 8 * i);
}

static void append_head(struct bytes *records, const unsigned char *shared, size_t length, bool single)
{
    uint64_t number = (uint64_t)length << 1 | single;
    while (number > 127) {
        perfpy_compact_append_le(records, 128 | (number & 127), 1);
        number >>= 7;
    }
    perfpy_compact_append_le(records, number, 1);
    perfpy_compact_append(records, shared, length);
}

/* Appends the entries of a node and puts those that go on among the tasks. Returns how many there are. */
static uint32_t append_entries(const struct separators *separators, const struct task *task, size_t depth,
                               struct bytes *windows, struct bytes *links, struct tasks *tasks, bool *enough)
{
    uint32_t entries = 0;
    for (uint32_t group = task->first; group < task->after; entries++) {
        const uint64_t window = window_at(separator(separators, group), separators->lengths[group], depth);
        const uint32_t first = group++;
        while (group < task->after &&
               window_at(separator(separators, group), separators->lengths[group], depth) == window)
            group++;
        perfpy_compact_append_le(windows, window, 8);
        if ((window & 255) == WINDOW_GOES_ON) {
            const struct task child = {first, group, depth + WINDOW_BYTES, (uint32_t)(links->size / 4)};
            *enough = add_task(tasks, child) && *enough;
        }
        perfpy_compact_append_le(links, first, 4);
    }
    return entries;
}

static bool append_record(const struct separators *separators, const struct task *task, struct bytes *windows,
                          struct bytes *links, struct bytes *records, struct tasks *tasks)
{
    bool enough = true;
    if (task->link != (uint32_t)NO_LINK && !links->failed)
        put_le32(links->data + 4 * (size_t)task->link, LINK_RECORD | (uint32_t)records->size);
    const bool single = task->after - task->first == 1;
    const size_t shared = shared_from(separators, task);
    append_head(records, separator(separators, task->first) + task->depth, shared, single);
    perfpy_compact_append_le(records, task->first, 4);
    if (!single) {
        perfpy_compact_append_le(records, windows->size / 8, 4);
        const uint32_t entries =
            append_entries(separators, task, task->depth + shared, windows, links, tasks, &enough);
        perfpy_compact_append_le(records, entries, 4);
    }
    return enough;
}

enum perfpy_trie_status perfpy_compact_index(const struct separators *separators, struct bytes *windows,
                                             struct bytes *links, struct bytes *records)
{
    struct tasks tasks = {0};
    enum perfpy_trie_status status = PERFPY_TRIE_OK;
    if (!add_task(&tasks, (struct task){0, separators->groups, 0, (uint32_t)NO_LINK}))
        status = PERFPY_TRIE_MEMORY;
    /* First come, first served: what is near the root stays together. */
    for (size_t next = 0; next < tasks.count && status == PERFPY_TRIE_OK; next++) {
        const struct task task = tasks.list[next];
        if (!append_record(separators, &task, windows, links, records, &tasks) || windows->failed || links->failed ||
            records->failed)
            status = PERFPY_TRIE_MEMORY;
        else if (records->size >= LINK_RECORD || links->size / 4 >= LINK_RECORD)
            status = PERFPY_TRIE_TOO_LARGE;
    }
    free(tasks.list);
    return status;
}
