/* Keys of Python as bytes, and back: str as UTF-8, with halves of surrogate pairs as three bytes each. */
#ifndef PERFPY_TRIE_TEXT_H
#define PERFPY_TRIE_TEXT_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>
#include <string.h>

/* The bytes of a key: those of the object itself, or on the stack if they are few, or from malloc(). */
struct perfpy_trie_text {
    const unsigned char *bytes;
    size_t length;
    unsigned char *owned; /* to be freed, or NULL */
    unsigned char room[512];
};

/* The most bytes that a str takes. */
static inline size_t perfpy_trie_most_bytes(PyObject *text)
{
    const size_t length = (size_t)PyUnicode_GET_LENGTH(text);
    switch (PyUnicode_KIND(text)) {
    case PyUnicode_1BYTE_KIND:
        return PyUnicode_IS_ASCII(text) ? length : 2 * length;
    case PyUnicode_2BYTE_KIND:
        return 3 * length;
    default:
        return 4 * length;
    }
}

/* Writes a str that is not ASCII; returns the end. */
unsigned char *perfpy_trie_put_text(unsigned char *end, PyObject *text);

/* Writes a str where there is room for the most bytes that it takes; returns how many they are. */
static inline size_t perfpy_trie_write_text(unsigned char *room, PyObject *text)
{
    if (PyUnicode_IS_ASCII(text)) {
        memcpy(room, PyUnicode_DATA(text), (size_t)PyUnicode_GET_LENGTH(text));
        return (size_t)PyUnicode_GET_LENGTH(text);
    }
    return (size_t)(perfpy_trie_put_text(room, text) - room);
}

int perfpy_trie_encode_text(struct perfpy_trie_text *out, PyObject *key);

/* Finds the bytes of a key, which is str if `text` says so, else bytes: 1, 0 where the type is another, or -1 with an
 * exception. After 1, perfpy_trie_forget() is to follow. */
static inline int perfpy_trie_encode(struct perfpy_trie_text *out, PyObject *key, bool text)
{
    out->owned = NULL;
    if (!text) {
        if (!PyBytes_Check(key))
            return 0;
        out->bytes = (const unsigned char *)PyBytes_AS_STRING(key);
        out->length = (size_t)PyBytes_GET_SIZE(key);
        return 1;
    }
    if (!PyUnicode_Check(key))
        return 0;
    if (PyUnicode_IS_ASCII(key)) {
        out->bytes = PyUnicode_DATA(key);
        out->length = (size_t)PyUnicode_GET_LENGTH(key);
        return 1;
    }
    return perfpy_trie_encode_text(out, key);
}

static inline void perfpy_trie_forget(struct perfpy_trie_text *text)
{
    free(text->owned);
}

/* Makes a str or bytes object of the bytes of a key. */
PyObject *perfpy_trie_decode(const unsigned char *bytes, size_t length, bool text);

#endif
