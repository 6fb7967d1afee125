/* What the types that take in hashes of keys have in common: how keys get there. */
#ifndef PERFPY_SINK_H
#define PERFPY_SINK_H

#include "feed.h"

struct perfpy_sink {
    struct perfpy_hasher hasher;
    struct perfpy_intake intake;
    perfpy_take *take;
    void *structure; /* what `take` takes them into */
};

/* Methods of such types: None, or NULL with an exception. */

/* Takes in a key. */
PyObject *perfpy_sink_add(struct perfpy_sink *sink, PyObject *key);

/* Takes in all keys of a source. */
PyObject *perfpy_sink_update(struct perfpy_sink *sink, PyObject *items);

/* Takes in a buffer of hashes. */
PyObject *perfpy_sink_take(struct perfpy_sink *sink, PyObject *hashes);

/* None, or MemoryError where a status says that memory was short. */
PyObject *perfpy_none_or_no_memory(int status);

#endif
