#include "sink.h"

#include "../common/binding.h"

PyObject *perfpy_none_or_no_memory(int status)
{
    if (status < 0)
        return PyErr_NoMemory();
    Py_RETURN_NONE;
}

static int take(struct perfpy_sink *sink, const uint64_t *hashes, ptrdiff_t count)
{
    const bool locked = perfpy_intake_enter(&sink->intake);
    const int status = sink->take(sink->structure, hashes, count);
    perfpy_intake_leave(&sink->intake, locked);
    return status;
}

PyObject *perfpy_sink_add(struct perfpy_sink *sink, PyObject *key)
{
    uint64_t hash;
    if (perfpy_hash_key(key, &sink->hasher, &hash) < 0)
        return NULL;
    return perfpy_none_or_no_memory(take(sink, &hash, 1));
}

PyObject *perfpy_sink_update(struct perfpy_sink *sink, PyObject *items)
{
    if (perfpy_feed(&sink->intake, items, &sink->hasher, sink->take, sink->structure) < 0)
        return NULL;
    Py_RETURN_NONE;
}

PyObject *perfpy_sink_take(struct perfpy_sink *sink, PyObject *hashes)
{
    Py_buffer buffer;
    if (perfpy_get_buffer(hashes, &buffer, "hashes", "LQ", 1, 1, 0) < 0)
        return NULL;
    const int status = take(sink, buffer.buf, buffer.shape[0]);
    PyBuffer_Release(&buffer);
    return perfpy_none_or_no_memory(status);
}
