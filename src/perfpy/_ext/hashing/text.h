/* The hash of text, which is that of its UTF-8. */
#ifndef PERFPY_HASH_TEXT_H
#define PERFPY_HASH_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* Hashes code points of so many bytes each: 1, 2 or 4. `seed` is that of the kind. */
uint64_t perfpy_hash_text(int width, const void *points, size_t length, uint64_t seed);

#endif
