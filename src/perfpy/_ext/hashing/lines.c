/* Text cut into lines, which end at \n, \r or \r\n. */
#include "column.h"

#define EACH(byte) (0x0101010101010101u * (byte))

/* The highest bit of each byte of the word that equals another word's. */
static inline uint64_t equal_bytes(uint64_t word, uint64_t bytes)
{
    const uint64_t difference = word ^ bytes, lower = EACH(0x7F);
    return ~(((difference & lower) + lower) | difference | lower);
}

struct splitter {
    const unsigned char *text;
    struct perfpy_line *lines;
    size_t count, room, begin; /* `begin` is that of the line under way */
};

static bool put_line(struct splitter *splitter, size_t end)
{
    if (splitter->count == splitter->room) {
        const size_t room = splitter->room + splitter->room / 2 + 256;
        void *larger = PyMem_RawRealloc(splitter->lines, room * sizeof *splitter->lines);
        if (!larger)
            return false;
        splitter->lines = larger;
        splitter->room = room;
    }
    splitter->lines[splitter->count++] =
        (struct perfpy_line){(uint32_t)splitter->begin, (uint32_t)(end - splitter->begin)};
    return true;
}

/* Ends a line at a \n or \r; that of a \r\n was ended by its first half. */
static inline bool end_line(struct splitter *splitter, size_t end)
{
    const bool second = splitter->text[end] == '\n' && end > 0 && splitter->text[end - 1] == '\r';
    const bool done = second || put_line(splitter, end);
    splitter->begin = end + 1;
    return done;
}

static bool split(struct splitter *splitter, size_t size)
{
    size_t i = 0;
    for (; i + 8 <= size; i += 8) {
        const uint64_t word = perfpy_load64(splitter->text + i);
        uint64_t ends = equal_bytes(word, EACH('\n')) | equal_bytes(word, EACH('\r'));
        for (; ends; ends &= ends - 1)
            if (!end_line(splitter, i + (size_t)__builtin_ctzll(ends) / 8))
                return false;
    }
    for (; i < size; i++)
        if ((splitter->text[i] == '\n' || splitter->text[i] == '\r') && !end_line(splitter, i))
            return false;
    return splitter->begin == size || put_line(splitter, size);
}

int perfpy_column_split(struct perfpy_column *column, PyObject *bytes, bool text)
{
    const size_t size = (size_t)PyBytes_GET_SIZE(bytes);
    if (size > UINT32_MAX) {
        PyErr_Format(PyExc_ValueError, "text must be less than 2**32 bytes at a time, not %zu", size);
        return -1;
    }
    struct splitter splitter = {.text = (const unsigned char *)PyBytes_AS_STRING(bytes)};
    struct perfpy_chunk *chunk = PyMem_RawCalloc(1, sizeof *chunk);
    bool done = chunk;
    Py_BEGIN_ALLOW_THREADS
    done = done && split(&splitter, size);
    Py_END_ALLOW_THREADS
    if (!done) {
        PyMem_RawFree(chunk);
        PyMem_RawFree(splitter.lines);
        PyErr_NoMemory();
        return -1;
    }
    chunk->lines = splitter.lines;
    chunk->data = splitter.text;
    chunk->count = (int64_t)splitter.count;
    *column = (struct perfpy_column){{PERFPY_LINES, text, 0, 0}, {0}, chunk, 1, chunk->count};
    return 0;
}
