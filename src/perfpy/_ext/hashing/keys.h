/* Keys of any source, hashed in batches: lists and other iterables of Python objects, and buffers of numbers or of
 * strings of one length. A structure takes the batches in and need not know where keys come from.
 */
#ifndef PERFPY_KEYS_H
#define PERFPY_KEYS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>

#include "../common/isa.h"
#include "hash.h"
#include "numbers.h"

enum { PERFPY_BATCH = 512 };

/* The types of numpy's scalars, which hash as the numbers of Python that they equal. */
struct perfpy_key_types {
    PyTypeObject *integer, *floating, *boolean;
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
    Py_buffer buffer;           /* where there is neither */
    perfpy_numbers_hash *hash;  /* of its numbers, or NULL where it has strings: */
    bool text;                  /* of code points of four bytes, else of bytes */
    Py_ssize_t position, count; /* of a buffer */
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

/* Hashes a string whose characters PyUnicode_READ reads; needs no GIL. */
uint64_t perfpy_hash_text(int kind, const void *data, Py_ssize_t length, uint64_t seed);

/* Hashes one object: 0, or -1 with an exception. */
int perfpy_hash_key(PyObject *key, const struct perfpy_hasher *hasher, uint64_t *hash);

#endif
