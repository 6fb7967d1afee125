#include "text.h"

unsigned char *perfpy_trie_put_text(unsigned char *end, PyObject *text)
{
    const int kind = (int)PyUnicode_KIND(text);
    const void *data = PyUnicode_DATA(text);
    const Py_ssize_t length = PyUnicode_GET_LENGTH(text);
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

static bool is_ascii(const unsigned char *bytes, size_t length)
{
    uint64_t word, seen = 0;
    for (; length >= sizeof word; bytes += sizeof word, length -= sizeof word) {
        memcpy(&word, bytes, sizeof word);
        seen |= word;
    }
    for (; length > 0; length--)
        seen |= *bytes++;
    return (seen & 0x8080808080808080u) == 0;
}

PyObject *perfpy_trie_decode(const unsigned char *bytes, size_t length, bool text)
{
    if (length > PY_SSIZE_T_MAX)
        return PyErr_NoMemory();
    if (!text)
        return PyBytes_FromStringAndSize((const char *)bytes, (Py_ssize_t)length);
    if (length > 1 && is_ascii(bytes, length)) {
        PyObject *made = PyUnicode_New((Py_ssize_t)length, 127);
        if (made)
            memcpy(PyUnicode_DATA(made), bytes, length);
        return made;
    }
    return PyUnicode_DecodeUTF8((const char *)bytes, (Py_ssize_t)length, "surrogatepass");
}
