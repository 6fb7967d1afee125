/* Sources of keys: sequences, iterators, buffers. */
#include "../common/binding.h"
#include "column.h"

#include <ctype.h>
#include <stdlib.h>

/* How many objects ahead the memory of the next ones is asked for: a list of strings is mostly waiting for them. And how
 * many are a batch: few, so that those of the next one are on their way while this one is taken in. */
enum { AHEAD = 64, OBJECTS = 128 };

/* Understands a format of the buffer protocol: a number, or so many bytes (s) or characters (w). */
static int choose_hash(struct perfpy_keys *keys)
{
    const char *format = perfpy_format(&keys->buffer);
    const size_t length = strlen(format);
    const char last = length ? format[length - 1] : '\0';
    keys->hash = length == 1 ? perfpy_numbers_variant(keys->hasher->isa, last) : NULL;
    keys->text = last == 'w';
    bool known = keys->hash || last == 's' || last == 'w';
    for (size_t i = 0; i + 1 < length; i++)
        known = known && isdigit((unsigned char)format[i]);
    if (!known)
        PyErr_Format(PyExc_TypeError, "keys cannot be taken from a buffer of format '%s'; convert it to a list", format);
    return known ? 0 : -1;
}

static int open_buffer(struct perfpy_keys *keys, PyObject *items)
{
    if (PyObject_GetBuffer(items, &keys->buffer, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT) < 0)
        return -1;
    const Py_buffer *buffer = &keys->buffer;
    if (choose_hash(keys) == 0) {
        const size_t alignment = keys->hash ? (size_t)buffer->itemsize : keys->text ? sizeof(Py_UCS4) : 1;
        if (buffer->ndim == 1 && (uintptr_t)buffer->buf % alignment == 0) {
            keys->count = buffer->shape[0];
            return 0;
        }
        PyErr_SetString(PyExc_ValueError, "keys must be in a 1-D aligned buffer; make a copy of it");
    }
    PyBuffer_Release(&keys->buffer);
    return -1;
}

int perfpy_keys_open(struct perfpy_keys *keys, PyObject *items, const struct perfpy_hasher *hasher)
{
    *keys = (struct perfpy_keys){.hasher = hasher};
    if (PyList_CheckExact(items) || PyTuple_CheckExact(items)) {
        keys->sequence = Py_NewRef(items);
        return 0;
    }
    if (Py_IS_TYPE(items, hasher->types->column)) {
        const perfpy_Column *column = (perfpy_Column *)items;
        keys->column = Py_NewRef(items);
        keys->first = column->first;
        keys->count = (Py_ssize_t)column->count;
        keys->chunk = perfpy_column_find(column->column, column->first);
        return 0;
    }
    if (PyObject_CheckBuffer(items))
        return open_buffer(keys, items);
    keys->iterator = PyObject_GetIter(items);
    return keys->iterator ? 0 : -1;
}

void perfpy_keys_close(struct perfpy_keys *keys)
{
    PyBuffer_Release(&keys->buffer); /* nothing, where there is none */
    Py_CLEAR(keys->column);
    Py_CLEAR(keys->sequence);
    Py_CLEAR(keys->iterator);
}

#ifdef Py_GIL_DISABLED
/* Hashes an item, with a reference of our own to it: 1, 0 at the end, which may come sooner than it did, or -1. */
static inline int hash_item(struct perfpy_keys *keys, uint64_t *hash)
{
    PyObject *sequence = keys->sequence, *item = NULL;
    if (PyList_CheckExact(sequence))
        item = PyList_GetItemRef(sequence, keys->position);
    else if (keys->position < PyTuple_GET_SIZE(sequence))
        item = Py_NewRef(PyTuple_GET_ITEM(sequence, keys->position));
    if (!item) {
        PyErr_Clear();
        return 0;
    }
    const int status = perfpy_hash_key(item, keys->hasher, hash);
    Py_DECREF(item);
    return status < 0 ? -1 : 1;
}

static Py_ssize_t hash_common_items(struct perfpy_keys *keys, Py_ssize_t most, uint64_t *out)
{
    (void)keys, (void)most, (void)out;
    return 0;
}
#else
/* Hashes an item of any type: 1, 0 at the end, which may come sooner than it did as lists change, or -1. */
static inline int hash_item(struct perfpy_keys *keys, uint64_t *hash)
{
    PyObject *sequence = keys->sequence;
    if (keys->position >= PySequence_Fast_GET_SIZE(sequence))
        return 0;
    PyObject *item = Py_NewRef(PySequence_Fast_GET_ITEM(sequence, keys->position));
    const int status = perfpy_hash_key(item, keys->hasher, hash);
    Py_DECREF(item);
    return status < 0 ? -1 : 1;
}

/* Hashes items up to the first that is neither str nor a short int, and returns how many. No code of Python runs
 * meanwhile, so that nothing changes, and counting references, which writes to each object, is not needed. */
static Py_ssize_t hash_common_items(struct perfpy_keys *keys, Py_ssize_t most, uint64_t *out)
{
    const Py_ssize_t left = PySequence_Fast_GET_SIZE(keys->sequence) - keys->position;
    PyObject **items = PySequence_Fast_ITEMS(keys->sequence) + keys->position;
    const Py_ssize_t count = left < most ? left : most;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *later = items[i + AHEAD < left ? i + AHEAD : i];
        __builtin_prefetch(later);
        __builtin_prefetch((const char *)later + 56); /* where a string of ASCII goes on */
        if (!perfpy_hash_common(items[i], keys->hasher, out + i))
            return i;
    }
    return count < 0 ? 0 : count;
}
#endif

static Py_ssize_t next_of_sequence(struct perfpy_keys *keys, uint64_t *out, Py_ssize_t *valid)
{
    for (*valid = 0; *valid < OBJECTS; ++*valid) {
        const Py_ssize_t common = hash_common_items(keys, OBJECTS - *valid, out + *valid);
        keys->position += common;
        *valid += common;
        if (*valid == OBJECTS)
            break;
        const int status = hash_item(keys, out + *valid);
        if (status <= 0)
            return status < 0 ? -1 : *valid;
        keys->position++;
    }
    return *valid;
}

static Py_ssize_t next_of_iterator(struct perfpy_keys *keys, uint64_t *out, Py_ssize_t *valid)
{
    for (*valid = 0; *valid < PERFPY_BATCH; ++*valid) {
        PyObject *item = PyIter_Next(keys->iterator);
        if (!item)
            return PyErr_Occurred() ? -1 : *valid;
        const int status = perfpy_hash_key(item, keys->hasher, out + *valid);
        Py_DECREF(item);
        if (status < 0)
            return -1;
    }
    return *valid;
}

/* Strings of a fixed size end at the last character that is not NUL. */
static void hash_strings(const struct perfpy_keys *keys, Py_ssize_t count, uint64_t *out)
{
    const Py_ssize_t size = keys->buffer.itemsize;
    const unsigned char *string = (const unsigned char *)keys->buffer.buf + keys->position * size;
    const struct perfpy_seeds *seeds = &keys->hasher->seeds;
    for (Py_ssize_t i = 0; i < count; i++, string += size) {
        Py_ssize_t end = size;
        while (end > 0 && string[end - 1] == 0)
            end--;
        if (!keys->text)
            out[i] = perfpy_hash_bytes(string, (size_t)end, seeds->of[PERFPY_BYTES]);
        else
            out[i] = perfpy_hash_text(PyUnicode_4BYTE_KIND, string, (size_t)(end + 3) / 4, seeds->of[PERFPY_TEXT]);
    }
}

/* Batches are full but for the last, however short the chunks are. */
static Py_ssize_t next_of_column(struct perfpy_keys *keys, uint64_t *out)
{
    const struct perfpy_column *column = ((perfpy_Column *)keys->column)->column;
    Py_ssize_t done = 0;
    while (done < PERFPY_BATCH && keys->position < keys->count) {
        const struct perfpy_chunk *chunk = column->chunks + keys->chunk;
        const int64_t skipped = keys->first + keys->position - chunk->start, there = chunk->count - skipped;
        Py_ssize_t count = PERFPY_BATCH - done;
        count = count < keys->count - keys->position ? count : keys->count - keys->position;
        count = count < there ? count : (Py_ssize_t)there;
        if (count > 0) /* else the chunk has no keys, and maybe no memory */
            perfpy_column_hash(column, chunk, chunk->first + skipped, count, keys->hasher, out + done);
        keys->chunk += count == there;
        keys->position += count;
        done += count;
    }
    return done;
}

Py_ssize_t perfpy_keys_next(struct perfpy_keys *keys, uint64_t *out, Py_ssize_t *valid)
{
    if (keys->sequence)
        return next_of_sequence(keys, out, valid);
    if (keys->iterator)
        return next_of_iterator(keys, out, valid);
    if (keys->column)
        return *valid = next_of_column(keys, out);
    const Py_ssize_t left = keys->count - keys->position, count = left < PERFPY_BATCH ? left : PERFPY_BATCH;
    if (keys->hash)
        keys->hash((const char *)keys->buffer.buf + keys->position * keys->buffer.itemsize, count,
                   &keys->hasher->seeds, out);
    else
        hash_strings(keys, count, out);
    keys->position += count;
    return *valid = count;
}
