/* Merging by a heap of the runs, the one with the smallest key on top. */
#include "merge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef BUFFER
#define BUFFER (1 << 20)
#endif

enum { KEYS_BETWEEN_POLLS = 1 << 15, AT_ONCE = 1 << 24 };

/* Writes all of it, a few MiB at a time. */
static enum perfpy_trie_writing write_all(int file, const unsigned char *bytes, size_t size,
                                          const struct perfpy_interrupt *interrupt)
{
    while (size > 0) {
        const ssize_t written = write(file, bytes, size < AT_ONCE ? size : AT_ONCE);
        if (written < 0 && errno != EINTR)
            return PERFPY_TRIE_WRITE_FAILED;
        if (interrupt->requested(interrupt->context))
            return PERFPY_TRIE_WRITE_INTERRUPTED;
        bytes += written > 0 ? written : 0;
        size -= written > 0 ? (size_t)written : 0;
    }
    return PERFPY_TRIE_WRITTEN;
}

enum perfpy_trie_writing perfpy_trie_write(const struct perfpy_trie_keys *keys, struct perfpy_trie_files files,
                                           const struct perfpy_interrupt *interrupt)
{
    const enum perfpy_trie_writing status = write_all(files.offsets, (const unsigned char *)keys->offsets,
                                                      (keys->count + 1) * sizeof *keys->offsets, interrupt);
    return status ? status : write_all(files.bytes, keys->bytes, keys->offsets[keys->count], interrupt);
}

/* A file that is written through a buffer. */
struct output {
    int file;
    unsigned char *buffer;
    size_t used;
    const struct perfpy_interrupt *interrupt;
};

static enum perfpy_trie_writing flush(struct output *output)
{
    const size_t used = output->used;
    output->used = 0;
    return write_all(output->file, output->buffer, used, output->interrupt);
}

static enum perfpy_trie_writing put(struct output *output, const void *bytes, size_t size)
{
    if (size > BUFFER - output->used) {
        const enum perfpy_trie_writing status = flush(output);
        if (status || size > BUFFER)
            return status ? status : write_all(output->file, bytes, size, output->interrupt);
    }
    memcpy(output->buffer + output->used, bytes, size);
    output->used += size;
    return PERFPY_TRIE_WRITTEN;
}

/* What is left of a run. */
struct run {
    const struct perfpy_trie_keys *keys;
    uint64_t next;
};

static const unsigned char *key_of(const struct run *run, size_t *length)
{
    const uint64_t *offsets = run->keys->offsets + run->next;
    *length = offsets[1] - offsets[0];
    return run->keys->bytes + offsets[0];
}

static bool is_below(const struct run *a, const struct run *b)
{
    size_t length_a, length_b;
    const unsigned char *key_a = key_of(a, &length_a), *key_b = key_of(b, &length_b);
    const int order = memcmp(key_a, key_b, length_a < length_b ? length_a : length_b);
    return order ? order < 0 : length_a < length_b;
}

/* Moves a run down the heap to where it belongs. */
static void sink(struct run *heap, size_t count, size_t place)
{
    const struct run moved = heap[place];
    for (size_t child; (child = 2 * place + 1) < count; place = child) {
        if (child + 1 < count && is_below(&heap[child + 1], &heap[child]))
            child++;
        if (!is_below(&heap[child], &moved))
            break;
        heap[place] = heap[child];
    }
    heap[place] = moved;
}

static enum perfpy_trie_writing merge(struct run *heap, size_t count, struct output *offsets, struct output *bytes)
{
    const unsigned char *last = NULL;
    size_t last_length = 0;
    uint64_t end = 0;
    enum perfpy_trie_writing status = put(offsets, &end, sizeof end);
    for (uint64_t done = 1; count > 0 && !status; done++) {
        size_t length;
        const unsigned char *key = key_of(heap, &length);
        if (!last || length != last_length || memcmp(key, last, length) != 0) {
            end += length;
            status = put(bytes, key, length);
            status = status ? status : put(offsets, &end, sizeof end);
            last = key;
            last_length = length;
        }
        if (++heap[0].next == heap[0].keys->count)
            heap[0] = heap[--count];
        if (count > 0)
            sink(heap, count, 0);
        if (done % KEYS_BETWEEN_POLLS == 0 && bytes->interrupt->requested(bytes->interrupt->context))
            return PERFPY_TRIE_WRITE_INTERRUPTED;
    }
    status = status ? status : flush(bytes);
    return status ? status : flush(offsets);
}

enum perfpy_trie_writing perfpy_trie_merge(const struct perfpy_trie_keys *runs, size_t count,
                                           struct perfpy_trie_files files, const struct perfpy_interrupt *interrupt)
{
    struct run *heap = calloc(count + 1, sizeof *heap);
    struct output offsets = {files.offsets, malloc(BUFFER), 0, interrupt}, bytes = {files.bytes, malloc(BUFFER), 0, interrupt};
    enum perfpy_trie_writing status = PERFPY_TRIE_WRITE_MEMORY;
    if (heap && offsets.buffer && bytes.buffer) {
        size_t some = 0;
        for (size_t i = 0; i < count; i++)
            if (runs[i].count > 0)
                heap[some++] = (struct run){&runs[i], 0};
        for (size_t place = some / 2; place-- > 0;)
            sink(heap, some, place);
        status = merge(heap, some, &offsets, &bytes);
    }
    free(heap);
    free(offsets.buffer);
    free(bytes.buffer);
    return status;
}
