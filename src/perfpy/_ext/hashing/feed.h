/* Keys into a structure, from several threads at once.
 *
 * Keys that are no objects are taken in without the GIL. While there is such a batch, who uses the structure holds its
 * lock, for some hundred keys at a time; else the GIL is lock enough.
 */
#ifndef PERFPY_FEED_H
#define PERFPY_FEED_H

#include "keys.h"

struct perfpy_intake {
    PyThread_type_lock lock;
    int plain_batches; /* that run without the GIL now; changed while holding it */
};

/* Takes hashes into a structure: 0, or -1 where memory is short. It must do without the GIL. */
typedef int perfpy_take(void *structure, const uint64_t *hashes, ptrdiff_t count);

/* Makes the lock: 0, or -1 with an exception. */
int perfpy_intake_open(struct perfpy_intake *intake);
void perfpy_intake_close(struct perfpy_intake *intake);

void perfpy_intake_lock(struct perfpy_intake *intake);

/* Begins a use of the structure while holding the GIL; returns what perfpy_intake_leave() wants to know. */
static inline bool perfpy_intake_enter(struct perfpy_intake *intake)
{
#ifndef Py_GIL_DISABLED
    if (intake->plain_batches == 0)
        return false;
#endif
    perfpy_intake_lock(intake);
    return true;
}

static inline void perfpy_intake_leave(struct perfpy_intake *intake, bool locked)
{
    if (locked)
        PyThread_release_lock(intake->lock);
}

/* Takes in all keys of a source: 0, or -1 with an exception; then those before the key that is none are in. */
int perfpy_feed(struct perfpy_intake *intake, PyObject *items, const struct perfpy_hasher *hasher, perfpy_take *take,
                void *structure);

/* Batches between two looks at signals: some milliseconds. */
enum { PERFPY_BATCHES_BETWEEN_POLLS = 1 << 12 };

#endif
