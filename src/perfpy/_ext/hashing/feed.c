#include "../common/binding.h"
#include "feed.h"

int perfpy_intake_open(struct perfpy_intake *intake)
{
    *intake = (struct perfpy_intake){PyThread_allocate_lock(), 0};
    if (intake->lock)
        return 0;
    PyErr_NoMemory();
    return -1;
}

void perfpy_intake_close(struct perfpy_intake *intake)
{
    if (intake->lock)
        PyThread_free_lock(intake->lock);
}

void perfpy_intake_lock(struct perfpy_intake *intake)
{
    if (PyThread_acquire_lock(intake->lock, NOWAIT_LOCK) == PY_LOCK_ACQUIRED)
        return;
    Py_BEGIN_ALLOW_THREADS
    PyThread_acquire_lock(intake->lock, WAIT_LOCK);
    Py_END_ALLOW_THREADS
}

struct feeding {
    struct perfpy_intake *intake;
    struct perfpy_keys keys;
    perfpy_take *take;
    void *structure;
    bool no_memory;
};

/* Goes through keys that need no GIL. */
static int feed_plain(void *arguments, const struct perfpy_interrupt *interrupt)
{
    struct feeding *feeding = arguments;
    uint64_t hashes[PERFPY_BATCH];
    Py_ssize_t count, valid;
    for (long batch = 1; (count = perfpy_keys_next(&feeding->keys, hashes, &valid)) > 0; batch++) {
        PyThread_acquire_lock(feeding->intake->lock, WAIT_LOCK);
        feeding->no_memory = feeding->take(feeding->structure, hashes, count) < 0;
        PyThread_release_lock(feeding->intake->lock);
        if (feeding->no_memory)
            return -1;
        if (batch % PERFPY_BATCHES_BETWEEN_POLLS == 0 && interrupt->requested(interrupt->context))
            return -1;
    }
    return 0;
}

static int feed_without_gil(struct feeding *feeding)
{
#ifdef Py_GIL_DISABLED /* where everybody locks */
    return perfpy_without_gil(feed_plain, feeding);
#else
    feeding->intake->plain_batches++;
    const int status = perfpy_without_gil(feed_plain, feeding);
    feeding->intake->plain_batches--;
    return status;
#endif
}

static int feed_objects(struct feeding *feeding)
{
    uint64_t hashes[PERFPY_BATCH];
    Py_ssize_t count, valid;
    for (long batch = 1; (count = perfpy_keys_next(&feeding->keys, hashes, &valid)) != 0; batch++) {
        const bool locked = perfpy_intake_enter(feeding->intake);
        feeding->no_memory = feeding->take(feeding->structure, hashes, valid) < 0;
        perfpy_intake_leave(feeding->intake, locked);
        if (count < 0 || feeding->no_memory)
            return -1;
        if (batch % PERFPY_BATCHES_BETWEEN_POLLS == 0 && PyErr_CheckSignals() < 0)
            return -1;
    }
    return 0;
}

int perfpy_feed(struct perfpy_intake *intake, PyObject *items, const struct perfpy_hasher *hasher, perfpy_take *take,
                void *structure)
{
    struct feeding feeding = {.intake = intake, .take = take, .structure = structure};
    if (perfpy_keys_open(&feeding.keys, items, hasher) < 0)
        return -1;
    const int status = perfpy_keys_are_plain(&feeding.keys) ? feed_without_gil(&feeding) : feed_objects(&feeding);
    perfpy_keys_close(&feeding.keys);
    if (feeding.no_memory && !PyErr_Occurred())
        PyErr_NoMemory();
    return status;
}
