/* Keys of any source, hashed in batches: lists and other iterables of Python objects, buffers of numbers or of strings
 * of one length, and columns. A structure takes the batches in and need not know where keys come from.
 */
#ifndef PERFPY_KEYS_H
#define PERFPY_KEYS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>

#include "../common/isa.h"
#include "hash.h"
#include "numbers.h"
#include "text.h"

enum { PERFPY_BATCH = 512 };

/* The types of numpy's scalars, which hash as the numbers of Python that they equal; and that of columns. */
struct perfpy_key_types {
    PyTypeObject *integer, *floating, *boolean, *column;
};

/* Imports the types when a module is made: 0, or -1 with an exception. */
int perfpy_key_types_import(struct perfpy_key_types *types);
int perfpy_key_types_visit(struct perfpy_key_types *types, visitproc visit, void *arg);
void perfpy_key_types_clear(struct perfpy_key_types *types);

/* How keys are hashed. */
struct perfpy_hasher {
    struct perfpy_seeds seeds;
    const struct perfpy_key_types *types;
    enum perfpy_isa isa;
};

struct perfpy_keys {
    const struct perfpy_hasher *hasher;
    PyObject *sequence;         /* a list or tuple, or NULL */
    PyObject *iterator;         /* of anything else, or NULL */
    PyObject *column;           /* a column, or NULL */
    int64_t chunk, first;       /* where in the column the position is, and where its first key */
    Py_buffer buffer;           /* where there is nothing else */
    perfpy_numbers_hash *hash;  /* of its numbers, or NULL where it has strings: */
    bool text;                  /* of code points of four bytes, else of bytes */
    Py_ssize_t position, count; /* of a buffer or column */
};

/* Opens a source: 0, or -1 with an exception. Whoever opened it has to close it. */
int perfpy_keys_open(struct perfpy_keys *keys, PyObject *items, const struct perfpy_hasher *hasher);
void perfpy_keys_close(struct perfpy_keys *keys);

/* Whether the next batches can be hashed without the GIL. */
static inline bool perfpy_keys_are_plain(const struct perfpy_keys *keys)
{
    return !keys->sequence && !keys->iterator;
}

/* Hashes the next keys into `out`, at most PERFPY_BATCH: returns how many, 0 at the end, or -1 with an exception,
 * after which as many hashes as `*valid` says are good. Of plain keys it never fails. */
Py_ssize_t perfpy_keys_next(struct perfpy_keys *keys, uint64_t *out, Py_ssize_t *valid);

static inline uint64_t perfpy_hash_unicode(PyObject *key, const struct perfpy_hasher *hasher)
{
    const uint64_t seed = hasher->seeds.of[PERFPY_TEXT];
    const Py_ssize_t length = PyUnicode_GET_LENGTH(key);
    if (PyUnicode_IS_COMPACT_ASCII(key)) /* behind the head of the object */
        return perfpy_hash_bytes_behind((const unsigned char *)((PyASCIIObject *)key + 1), (size_t)length, seed);
    return perfpy_hash_text((int)PyUnicode_KIND(key), PyUnicode_DATA(key), (size_t)length, seed);
}

/* Hashes one object of any type: 0, or -1 with an exception. */
int perfpy_hash_object(PyObject *key, const struct perfpy_hasher *hasher, uint64_t *hash);

/* Hashes an exact str, or an exact int of few digits, without a function call; false where it is neither. */
static inline bool perfpy_hash_common(PyObject *key, const struct perfpy_hasher *hasher, uint64_t *hash)
{
    if (PyUnicode_CheckExact(key)) {
        *hash = perfpy_hash_unicode(key, hasher);
        return true;
    }
    if (PyLong_CheckExact(key)) {
#if PY_VERSION_HEX >= 0x030C0000
        if (PyUnstable_Long_IsCompact((PyLongObject *)key)) {
            *hash = perfpy_hash_signed(PyUnstable_Long_CompactValue((PyLongObject *)key), &hasher->seeds);
            return true;
        }
#elif PYLONG_BITS_IN_DIGIT == 30
        const Py_ssize_t signed_size = Py_SIZE(key), size = signed_size < 0 ? -signed_size : signed_size;
        const digit *digits = ((PyLongObject *)key)->ob_digit;
        if (size == 0) {
            *hash = perfpy_hash_signed(0, &hasher->seeds);
            return true;
        }
        if (size <= 3) { /* no branches on the size: a digit that is not there is the first one, masked */
            const uint64_t second = digits[size > 1] & -(uint64_t)(size > 1);
            const uint64_t third = digits[size > 2 ? 2 : 0] & -(uint64_t)(size > 2);
            const uint64_t magnitude = digits[0] | second << 30 | third << 60;
            const uint64_t sign = (uint64_t)(signed_size >> (8 * sizeof signed_size - 1));
            if (third < 8) { /* fits in 63 bits */
                *hash = perfpy_hash_signed((int64_t)((magnitude ^ sign) - sign), &hasher->seeds);
                return true;
            }
        }
#endif
    }
    return false;
}

/* Hashes one key: 0, or -1 with an exception. */
static inline int perfpy_hash_key(PyObject *key, const struct perfpy_hasher *hasher, uint64_t *hash)
{
    return perfpy_hash_common(key, hasher, hash) ? 0 : perfpy_hash_object(key, hasher, hash);
}

#endif
