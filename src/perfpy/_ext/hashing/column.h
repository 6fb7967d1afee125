/* Keys that lie in memory as the Arrow format lays them out, in chunks, and lines of text, which lie there likewise.
 * They are checked when a column is made, and hashed without the GIL.
 */
#ifndef PERFPY_COLUMN_H
#define PERFPY_COLUMN_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>

#include "arrow_abi.h"
#include "keys.h"

enum perfpy_layout {
    PERFPY_NULLS,      /* nothing */
    PERFPY_BITS,       /* booleans, eight in a byte */
    PERFPY_NUMBERS,    /* of a native type */
    PERFPY_HALVES,     /* floats of 16 bits */
    PERFPY_STRINGS,    /* offsets, of which there is one more than of strings, into data */
    PERFPY_VIEWS,      /* size, and either all bytes or four of them, number of a buffer and offset there */
    PERFPY_FIXED,      /* bytes of one size */
    PERFPY_DICTIONARY, /* indexes of the elements of another chunk */
    PERFPY_LINES       /* struct perfpy_line, into data */
};

struct perfpy_layout_of {
    enum perfpy_layout layout;
    bool text;     /* strings are text, not bytes */
    char number;   /* letter of the buffer protocol for numbers and indexes */
    int64_t width; /* bytes of a number, an index, an offset or a string of fixed size */
};

struct perfpy_line {
    uint32_t begin, size;
};

struct perfpy_chunk {
    int64_t start;                     /* number of keys in the chunks before */
    int64_t first, count;              /* which elements of the buffers are its keys */
    const unsigned char *valid;        /* a bit for each element that is not null, or NULL where none is */
    const unsigned char *values;       /* elements of fixed size */
    const unsigned char *data;         /* of strings */
    const void *const *buffers;        /* of views */
    const struct perfpy_chunk *dictionary;
    struct ArrowArray array;           /* released with the chunk */
    struct perfpy_line *lines;         /* freed with it */
};

struct perfpy_column {
    struct perfpy_layout_of layout, dictionary; /* the latter of what indexes refer to */
    struct perfpy_chunk *chunks;
    int64_t chunk_count, count;
};

/* An object of the type Column: a part of a column, which belongs to it or to another object. */
typedef struct {
    PyObject_HEAD
    PyObject *owner; /* who has the memory; NULL where `own` says all */
    struct perfpy_column own;
    const struct perfpy_column *column;
    int64_t first, count;
} perfpy_Column;

extern PyType_Spec perfpy_column_spec;

/* Fills an empty column from an object that exports Arrow data: 0, or -1 with an exception. */
int perfpy_column_import(struct perfpy_column *column, PyObject *source);
/* Fills it with the lines of a string of bytes, which has to outlive it; they end as str.splitlines() of ASCII. */
int perfpy_column_split(struct perfpy_column *column, PyObject *bytes, bool text);
void perfpy_column_release(struct perfpy_column *column);

/* The chunk of a key; `key` is below the column's count. */
int64_t perfpy_column_find(const struct perfpy_column *column, int64_t key);

/* Hashes elements of a chunk, at most PERFPY_BATCH; needs no GIL. */
void perfpy_column_hash(const struct perfpy_column *column, const struct perfpy_chunk *chunk, int64_t first,
                        ptrdiff_t count, const struct perfpy_hasher *hasher, uint64_t *out);

/* The element as an object of Python, or NULL with an exception. */
PyObject *perfpy_column_element(const struct perfpy_column *column, const struct perfpy_chunk *chunk, int64_t index);

/* What a column's elements are, in its own terms; shared by those who hash, check and convert them. */
static inline bool perfpy_is_valid(const struct perfpy_chunk *chunk, int64_t index)
{
    return !chunk->valid || (chunk->valid[index / 8] >> index % 8 & 1);
}

/* Numbers need not be aligned. */
static inline int32_t perfpy_int32_at(const unsigned char *address)
{
    int32_t value;
    memcpy(&value, address, sizeof value);
    return value;
}

static inline int64_t perfpy_int64_at(const unsigned char *address)
{
    int64_t value;
    memcpy(&value, address, sizeof value);
    return value;
}

/* An integer of any width; one of 64 bits without a sign as if it had one. */
int64_t perfpy_integer_at(const struct perfpy_layout_of *layout, const unsigned char *values, int64_t index);
double perfpy_half_at(const unsigned char *values, int64_t index);

struct perfpy_string {
    const unsigned char *bytes;
    int64_t size;
    bool behind; /* whether 16 bytes before its end can be read */
};

/* Without branches, as views that have their bytes inside are mixed with others. */
static inline struct perfpy_string perfpy_view_at(const struct perfpy_chunk *chunk, int64_t index)
{
    const unsigned char *view = chunk->values + 16 * index, *inside = view + 4;
    const int32_t size = perfpy_int32_at(view);
    const int64_t outside = -(int64_t)(size > 12); /* all bits or none */
    const int64_t buffer = perfpy_int32_at(view + 8) & outside, offset = perfpy_int32_at(view + 12) & outside;
    const uintptr_t there = (uintptr_t)chunk->buffers[2 + buffer] + (uintptr_t)offset;
    const uintptr_t bytes = (uintptr_t)inside ^ (((uintptr_t)inside ^ there) & (uintptr_t)outside);
    const int64_t before = (offset & outside) | (16 * index & ~outside);
    return (struct perfpy_string){(const unsigned char *)bytes, size, before + size >= 16};
}

/* A string of any layout that has strings. */
struct perfpy_string perfpy_string_at(const struct perfpy_layout_of *layout, const struct perfpy_chunk *chunk,
                                      int64_t index);

#endif
