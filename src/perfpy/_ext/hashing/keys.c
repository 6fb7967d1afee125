/* Sources of keys: sequences, iterators, buffers. */
#include "keys.h"

#include <ctype.h>
#include <stdlib.h>

/* How many objects ahead the memory of the next ones is asked for: a list of strings is mostly waiting for them. */
enum { AHEAD = 8 };

/* Understands a format of the buffer protocol: a number, or so many bytes (s) or characters (w). */
static int choose_hash(struct perfpy_keys *keys)
{
    const char *format = keys->buffer.format ? keys->buffer.format : "B";
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
    if (PyObject_CheckBuffer(items))
        return open_buffer(keys, items);
    keys->iterator = PyObject_GetIter(items);
    return keys->iterator ? 0 : -1;
}

void perfpy_keys_close(struct perfpy_keys *keys)
{
    if (perfpy_keys_are_plain(keys))
        PyBuffer_Release(&keys->buffer);
    Py_CLEAR(keys->sequence);
    Py_CLEAR(keys->iterator);
}

/* Returns a new reference to an item, or NULL at the end, which may come sooner than it did: lists change. */
static inline PyObject *item_of(PyObject *sequence, Py_ssize_t index)
{
    if (PyTuple_CheckExact(sequence))
        return index < PyTuple_GET_SIZE(sequence) ? Py_NewRef(PyTuple_GET_ITEM(sequence, index)) : NULL;
#if defined(Py_GIL_DISABLED) && PY_VERSION_HEX >= 0x030D0000
    PyObject *item = PyList_GetItemRef(sequence, index);
    if (!item)
        PyErr_Clear();
    return item;
#else
    return index < PyList_GET_SIZE(sequence) ? Py_NewRef(PyList_GET_ITEM(sequence, index)) : NULL;
#endif
}

static inline void prefetch_item(PyObject *sequence, Py_ssize_t index)
{
#ifndef Py_GIL_DISABLED
    if (index < PySequence_Fast_GET_SIZE(sequence)) {
        const char *object = (const char *)PySequence_Fast_GET_ITEM(sequence, index);
        __builtin_prefetch(object);
        __builtin_prefetch(object + 56); /* where a string of ASCII goes on */
    }
#else
    (void)sequence, (void)index;
#endif
}

static Py_ssize_t next_of_sequence(struct perfpy_keys *keys, uint64_t *out, Py_ssize_t *valid)
{
    for (*valid = 0; *valid < PERFPY_BATCH; ++*valid) {
        PyObject *item = item_of(keys->sequence, keys->position);
        if (!item)
            break;
        prefetch_item(keys->sequence, keys->position + AHEAD);
        keys->position++;
        const int status = perfpy_hash_key(item, keys->hasher, out + *valid);
        Py_DECREF(item);
        if (status < 0)
            return -1;
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
            out[i] = perfpy_hash_text(PyUnicode_4BYTE_KIND, string, (end + 3) / 4, seeds->of[PERFPY_TEXT]);
    }
}

Py_ssize_t perfpy_keys_next(struct perfpy_keys *keys, uint64_t *out, Py_ssize_t *valid)
{
    if (keys->sequence)
        return next_of_sequence(keys, out, valid);
    if (keys->iterator)
        return next_of_iterator(keys, out, valid);
    const Py_ssize_t left = keys->count - keys->position, count = left < PERFPY_BATCH ? left : PERFPY_BATCH;
    if (keys->hash)
        keys->hash((const char *)keys->buffer.buf + keys->position * keys->buffer.itemsize, count,
                   &keys->hasher->seeds, out);
    else
        hash_strings(keys, count, out);
    keys->position += count;
    return *valid = count;
}
