/* Looks up many keys of a trie: encoded by batches, found without the lock of the interpreter. */
#include "module.h"

enum {
    BATCH = 1024, /* keys looked up at a time */
    ALONE = 64,   /* so few are looked up without giving the lock away */
    AHEAD = 12,   /* keys whose memory is asked for before their turn */
};

/* Keys that are looked up together. */
struct batch {
    unsigned char *bytes;
    size_t size, room;
    uint64_t offsets[BATCH + 1];
    bool fits[BATCH];
};

/* Adds a key to a batch; one of another type as an empty one that is marked: 0, or -1 with an exception. */
static int add(struct batch *batch, size_t place, PyObject *key, bool text)
{
    struct perfpy_trie_text encoded = {.length = 0};
    const int fits = perfpy_trie_encode(&encoded, key, text);
    if (fits < 0)
        return -1;
    batch->fits[place] = fits;
    if (fits) {
        if (encoded.length > batch->room - batch->size) {
            const size_t wanted = encoded.length > SIZE_MAX / 4 - batch->size ? 0 : 2 * (batch->size + encoded.length);
            unsigned char *bytes = wanted ? PyMem_RawRealloc(batch->bytes, wanted) : NULL;
            if (!bytes) {
                perfpy_trie_forget(&encoded);
                PyErr_NoMemory();
                return -1;
            }
            batch->bytes = bytes;
            batch->room = wanted;
        }
        if (encoded.length)
            memcpy(batch->bytes + batch->size, encoded.bytes, encoded.length);
        batch->size += encoded.length;
        perfpy_trie_forget(&encoded);
    }
    batch->offsets[place + 1] = batch->size;
    return 0;
}

/* Asks for the memory of a short str or bytes, which two lines of a cache hold. */
static inline void fetch(const PyObject *key)
{
    __builtin_prefetch(key);
    __builtin_prefetch((const char *)key + 64);
}

/* Looks up the keys from `start` on, at most BATCH and as many as there is room for; returns how many they were, or -1
 * with an exception. */
static Py_ssize_t look_up(const PerfpyTrie *self, struct batch *batch, PyObject *keys, Py_ssize_t start, int64_t *ranks,
                          Py_ssize_t room)
{
    Py_ssize_t count = 0;
    batch->size = 0;
    for (; count < BATCH && count < room && start + count < PySequence_Fast_GET_SIZE(keys); count++) {
        if (start + count + AHEAD < PySequence_Fast_GET_SIZE(keys))
            fetch(PySequence_Fast_GET_ITEM(keys, start + count + AHEAD));
        PyObject *key = PySequence_Fast_GET_ITEM(keys, start + count);
        Py_INCREF(key);
        const int status = add(batch, (size_t)count, key, self->text);
        Py_DECREF(key);
        if (status < 0)
            return -1;
    }
    static const unsigned char nothing[1];
    const struct perfpy_trie_keys queries = {batch->bytes ? batch->bytes : nothing, batch->offsets, (uint64_t)count};
    if (count <= ALONE) {
        self->layout->find_many(&self->trie, &queries, ranks);
    } else {
        Py_BEGIN_ALLOW_THREADS
        self->layout->find_many(&self->trie, &queries, ranks);
        Py_END_ALLOW_THREADS
    }
    for (Py_ssize_t i = 0; i < count; i++)
        ranks[i] = batch->fits[i] ? perfpy_trie_sensible(self, ranks[i]) : -1;
    return count;
}

PyObject *perfpy_trie_ranks_of(PerfpyTrie *self, PyObject *arguments)
{
    PyObject *keys, *array;
    Py_buffer ranks;
    if (!PyArg_ParseTuple(arguments, "OO:_ranks_of", &keys, &array) ||
        perfpy_get_buffer(array, &ranks, "ranks", "lq", 1, 1, PyBUF_WRITABLE) < 0)
        return NULL;
#ifdef Py_GIL_DISABLED /* another thread might change a list meanwhile */
    keys = PySequence_Tuple(keys);
#else
    keys = PySequence_Fast(keys, "keys must be a list or a tuple");
#endif
    if (!keys) {
        PyBuffer_Release(&ranks);
        return NULL;
    }
    struct batch *batch = PyMem_Malloc(sizeof *batch);
    Py_ssize_t done = 0, count = 0;
    if (!batch) {
        PyErr_NoMemory();
    } else if (ranks.itemsize != 8 || ranks.shape[0] != PySequence_Fast_GET_SIZE(keys)) {
        PyErr_SetString(PyExc_ValueError, "ranks must be an int64 array with an element for each key");
    } else {
        batch->bytes = NULL;
        batch->room = 0;
        batch->offsets[0] = 0;
        do {
            count = look_up(self, batch, keys, done, (int64_t *)ranks.buf + done, ranks.shape[0] - done);
            done += count;
        } while (count > 0 && PyErr_CheckSignals() == 0);
        if (count == 0 && done < ranks.shape[0])
            PyErr_SetString(PyExc_ValueError, "keys shrank while they were looked up");
        PyMem_RawFree(batch->bytes);
    }
    PyMem_Free(batch);
    Py_DECREF(keys);
    PyBuffer_Release(&ranks);
    if (PyErr_Occurred())
        return NULL;
    Py_RETURN_NONE;
}
