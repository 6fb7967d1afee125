#include "text.h"

static inline unsigned char *put_characters(unsigned char *end, int kind, const void *data, Py_ssize_t length)
{
    for (Py_ssize_t i = 0; i < length; i++) {
        const Py_UCS4 point = PyUnicode_READ(kind, data, i);
        if (point < 0x80) {
            *end++ = (unsigned char)point;
            continue;
        }
        if (point < 0x800) {
            *end++ = (unsigned char)(0xC0 | point >> 6);
        } else {
            if (point < 0x10000) {
                *end++ = (unsigned char)(0xE0 | point >> 12);
            } else {
                *end++ = (unsigned char)(0xF0 | point >> 18);
                *end++ = (unsigned char)(0x80 | (point >> 12 & 0x3F));
            }
            *end++ = (unsigned char)(0x80 | (point >> 6 & 0x3F));
        }
        *end++ = (unsigned char)(0x80 | (point & 0x3F));
    }
    return end;
}

unsigned char *perfpy_trie_put_text(unsigned char *end, PyObject *text)
{
    const void *data = PyUnicode_DATA(text);
    const Py_ssize_t length = PyUnicode_GET_LENGTH(text);
    switch (PyUnicode_KIND(text)) { /* loops of their own */
    case PyUnicode_1BYTE_KIND:
        return put_characters(end, PyUnicode_1BYTE_KIND, data, length);
    case PyUnicode_2BYTE_KIND:
        return put_characters(end, PyUnicode_2BYTE_KIND, data, length);
    default:
        return put_characters(end, PyUnicode_4BYTE_KIND, data, length);
    }
}

int perfpy_trie_encode_text(struct perfpy_trie_text *out, PyObject *key)
{
    const size_t most = perfpy_trie_most_bytes(key);
    unsigned char *room = out->room;
    if (most > sizeof out->room) {
        room = out->owned = malloc(most);
        if (!room) {
            PyErr_NoMemory();
            return -1;
        }
    }
    out->bytes = room;
    out->length = (size_t)(perfpy_trie_put_text(room, key) - room);
    return 1;
}

static uint64_t load(const unsigned char *bytes, size_t size)
{
    uint64_t word = 0;
    memcpy(&word, bytes, size);
    return word;
}

static void store(unsigned char *bytes, uint64_t word, size_t size)
{
    memcpy(bytes, &word, size);
}

/* Whether all bytes are ASCII. Words at the end overlap, as a loop of few rounds costs more. */
static inline bool is_ascii(const unsigned char *bytes, size_t length)
{
    uint64_t seen = 0;
    if (length >= 8) {
        for (size_t i = 0; i + 8 < length; i += 8)
            seen |= load(bytes + i, 8);
        seen |= load(bytes + length - 8, 8);
    } else if (length >= 4) {
        seen = load(bytes, 4) | load(bytes + length - 4, 4);
    } else if (length > 0) {
        seen = (uint64_t)bytes[0] | bytes[length / 2] | bytes[length - 1];
    }
    return (seen & 0x8080808080808080u) == 0;
}

/* memcpy() of what is mostly short. */
static inline void copy(unsigned char *to, const unsigned char *from, size_t length)
{
    if (length > 32) {
        memcpy(to, from, length);
    } else if (length >= 8) {
        for (size_t i = 0; i + 8 < length; i += 8)
            store(to + i, load(from + i, 8), 8);
        store(to + length - 8, load(from + length - 8, 8), 8);
    } else if (length >= 4) {
        const uint64_t last = load(from + length - 4, 4);
        store(to, load(from, 4), 4);
        store(to + length - 4, last, 4);
    } else if (length > 0) {
        to[0] = from[0];
        to[length / 2] = from[length / 2];
        to[length - 1] = from[length - 1];
    }
}

/* How many characters there are, and the greatest first byte of one. */
static Py_ssize_t count_characters(const unsigned char *bytes, size_t length, unsigned char *greatest)
{
    Py_ssize_t count = 0;
    *greatest = 0;
    for (size_t i = 0; i < length; i++) {
        count += (bytes[i] & 0xC0) != 0x80;
        *greatest = bytes[i] > *greatest ? bytes[i] : *greatest;
    }
    return count;
}

/* Reads a character of two to four bytes; returns its end, or NULL where it is none that could be written shorter. */
static inline const unsigned char *take_character(const unsigned char *next, const unsigned char *end, Py_UCS4 *point)
{
    const unsigned char first = *next;
    const int more = first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
    if (first < 0xC2 || first > 0xF4 || end - next <= more)
        return NULL;
    Py_UCS4 value = first & (0x3F >> more);
    for (int i = 1; i <= more; i++) {
        if ((next[i] & 0xC0) != 0x80)
            return NULL;
        value = value << 6 | (next[i] & 0x3F);
    }
    *point = value;
    const bool shortest = more == 1 || (more == 2 && value >= 0x800) || (more == 3 && value >= 0x10000);
    return shortest && value <= 0x10FFFF ? next + more + 1 : NULL;
}

/* Reads as many characters as the bytes should have, into elements of one kind; false where they are no UTF-8. */
static inline bool fill(const unsigned char *next, const unsigned char *end, int kind, void *data, Py_ssize_t count)
{
    for (Py_ssize_t i = 0; i < count; i++) {
        Py_UCS4 point;
        if (next == end)
            return false;
        if (*next < 0x80)
            point = *next++;
        else if (!(next = take_character(next, end, &point)))
            return false;
        PyUnicode_WRITE(kind, data, i, point);
    }
    return next == end;
}

/* Text that is not ASCII, into memory of the right size at once. Python's own function gets what is no text. */
static PyObject *decode_text(const unsigned char *bytes, size_t length)
{
    const unsigned char *end = bytes + length;
    unsigned char greatest;
    const Py_ssize_t count = count_characters(bytes, length, &greatest);
    const Py_UCS4 most = greatest < 0xC4 ? 0xFF : greatest < 0xF0 ? 0xFFFF : 0x10FFFF;
    PyObject *made = count > 1 ? PyUnicode_New(count, most) : NULL;
    if (made) {
        void *data = PyUnicode_DATA(made);
        const bool filled = greatest < 0xC4   ? fill(bytes, end, PyUnicode_1BYTE_KIND, data, count)
                            : greatest < 0xF0 ? fill(bytes, end, PyUnicode_2BYTE_KIND, data, count)
                                              : fill(bytes, end, PyUnicode_4BYTE_KIND, data, count);
        if (filled)
            return made;
        Py_DECREF(made);
    } else if (PyErr_Occurred()) {
        return NULL;
    }
    return PyUnicode_DecodeUTF8((const char *)bytes, (Py_ssize_t)length, "surrogatepass");
}

PyObject *perfpy_trie_decode(const unsigned char *bytes, size_t length, bool text)
{
    if (length > PY_SSIZE_T_MAX)
        return PyErr_NoMemory();
    if (!text)
        return PyBytes_FromStringAndSize((const char *)bytes, (Py_ssize_t)length);
    if (!is_ascii(bytes, length))
        return decode_text(bytes, length);
    if (length == 1)
        return PyUnicode_FromOrdinal(bytes[0]); /* which there is already */
    PyObject *made = PyUnicode_New((Py_ssize_t)length, 127);
    if (made)
        copy(PyUnicode_DATA(made), bytes, length);
    return made;
}
