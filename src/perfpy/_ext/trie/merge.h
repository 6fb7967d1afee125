/* Sorted keys in files: writing them, and merging many of them into one. */
#ifndef PERFPY_TRIE_MERGE_H
#define PERFPY_TRIE_MERGE_H

#include "layout.h"

/* Two files, of offsets and of bytes, as in struct perfpy_trie_keys. */
struct perfpy_trie_files {
    int offsets, bytes;
};

enum perfpy_trie_writing {
    PERFPY_TRIE_WRITTEN,
    PERFPY_TRIE_WRITE_FAILED, /* errno says why */
    PERFPY_TRIE_WRITE_INTERRUPTED,
    PERFPY_TRIE_WRITE_MEMORY,
};

/* Writes sorted keys. */
enum perfpy_trie_writing perfpy_trie_write(const struct perfpy_trie_keys *keys, struct perfpy_trie_files files,
                                           const struct perfpy_interrupt *interrupt);

/* Writes the keys of all runs, each of which is sorted, in order and each key once. */
enum perfpy_trie_writing perfpy_trie_merge(const struct perfpy_trie_keys *runs, size_t count,
                                           struct perfpy_trie_files files, const struct perfpy_interrupt *interrupt);

#endif
