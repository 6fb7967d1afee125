/* CPython binding of the sieve: perfpy._ext.primes._sieve.
 *
 * Windows are Python ints with 0 <= start <= stop <= 2**64. Arrays come in through the buffer protocol. What is
 * checked here is what would corrupt memory or lose a prime.
 */
#include "../common/binding.h"

#include <stdbool.h>

#include "sieve.h"

struct module_state {
    struct sieve_machine machine;
    const struct sieve_kernel *kernel;
    PyObject *end; /* 2**64 */
};

static struct module_state *state_of(PyObject *module)
{
    return PyModule_GetState(module);
}

static int take_bound(const struct module_state *state, PyObject *object, const char *name, uint64_t *bound, bool *end)
{
    PyObject *number = PyNumber_Index(object);
    if (!number)
        return -1;
    *bound = PyLong_AsUnsignedLongLong(number);
    *end = false;
    int status = 0;
    if (PyErr_Occurred()) {
        PyErr_Clear();
        const int equal = PyObject_RichCompareBool(number, state->end, Py_EQ);
        *end = equal == 1;
        status = equal == 1 ? 0 : -1;
        if (equal == 0)
            PyErr_Format(PyExc_ValueError, "%s must be from 0 to 2**64, not %S", name, number);
    }
    Py_DECREF(number);
    return status;
}

/* Reads the window into the job. Returns 1, or 0 if it is empty, or -1 with an exception. */
static int take_window(const struct module_state *state, PyObject *start, PyObject *stop, struct sieve_job *job)
{
    uint64_t first, end;
    bool first_is_end, end_is_end;
    if (take_bound(state, start, "start", &first, &first_is_end) < 0 ||
        take_bound(state, stop, "stop", &end, &end_is_end) < 0)
        return -1;
    if (!end_is_end && (first_is_end || first > end)) {
        PyErr_Format(PyExc_ValueError, "start must be at most stop, not %S with stop %S", start, stop);
        return -1;
    }
    const bool some = !first_is_end && (end_is_end || first < end);
    const uint64_t last = end_is_end ? UINT64_MAX : end - 1;
    *job = (struct sieve_job){&state->machine, first, some ? last : 0, 1, SIEVE_COUNT, NULL, 0, 0};
    return some;
}

static int take_members(PyObject *object, struct sieve_job *job)
{
    const long members = PyLong_AsLong(object);
    if (members == -1 && PyErr_Occurred())
        return -1;
    if (members < 2 || members > 4) {
        PyErr_Format(PyExc_ValueError, "k must be 2, 3 or 4, not %ld", members);
        return -1;
    }
    job->members = (int)members;
    return 0;
}

/* The largest number that an item can hold, of a native integer format. */
static uint64_t largest_item(const Py_buffer *out)
{
    const bool is_signed = strchr("ilq", *perfpy_format(out)) != NULL;
    return UINT64_MAX >> (64 - 8 * out->itemsize + is_signed);
}

static int take_items(PyObject *object, Py_buffer *out, struct sieve_job *job)
{
    if (perfpy_get_buffer(object, out, "out", "iIlLqQ", 1, 1, PyBUF_WRITABLE) < 0)
        return -1;
    if (job->last > largest_item(out)) {
        PyErr_Format(PyExc_ValueError, "out of format '%s' cannot hold the primes up to %llu", out->format,
                     (unsigned long long)job->last);
        PyBuffer_Release(out);
        return -1;
    }
    job->output = out->itemsize == 8 ? SIEVE_UINT64 : SIEVE_UINT32;
    job->out = out->buf;
    job->capacity = (size_t)out->shape[0];
    return 0;
}

/* A job, what does it, and the bits to extract if it is that. */
struct call {
    struct sieve_job *job;
    const struct sieve_kernel *kernel;
    const uint8_t *bits;
};

static int call_kernel(void *arguments, const struct perfpy_interrupt *interrupt)
{
    const struct call *call = arguments;
    return (int)(call->bits ? call->kernel->extract(call->job, call->bits, interrupt)
                            : call->kernel->window(call->job, interrupt));
}

static PyObject *run(const struct module_state *state, struct sieve_job *job, const uint8_t *bits)
{
    struct call call = {job, state->kernel, bits};
    switch (perfpy_without_gil(call_kernel, &call)) {
    case SIEVE_DONE:
        return PyLong_FromUnsignedLongLong(job->count);
    case SIEVE_NO_MEMORY:
        return PyErr_NoMemory();
    case SIEVE_TOO_SMALL:
        return PyErr_Format(PyExc_ValueError, "out is too small: it has %zu items and the window has more", job->capacity);
    default:
        return NULL; /* the signal handler's exception is set */
    }
}

static bool right_number(const char *name, Py_ssize_t given, Py_ssize_t expected)
{
    if (given == expected)
        return true;
    PyErr_Format(PyExc_TypeError, "%s() takes %zd arguments (%zd given)", name, expected, given);
    return false;
}

static PyObject *count_job(const struct module_state *state, struct sieve_job *job, int some)
{
    return some ? run(state, job, NULL) : PyLong_FromLong(0);
}

static PyObject *fill_job(const struct module_state *state, struct sieve_job *job, int some, PyObject *items)
{
    Py_buffer out;
    if (take_items(items, &out, job) < 0)
        return NULL;
    PyObject *result = some ? run(state, job, NULL) : PyLong_FromLong(0);
    PyBuffer_Release(&out);
    return result;
}

PyDoc_STRVAR(count_doc, "count($module, start, stop, /)\n--\n\nNumber of primes in [start, stop).");

static PyObject *count(PyObject *module, PyObject *const *arguments, Py_ssize_t given)
{
    const struct module_state *state = state_of(module);
    struct sieve_job job;
    if (!right_number("count", given, 2))
        return NULL;
    const int some = take_window(state, arguments[0], arguments[1], &job);
    return some < 0 ? NULL : count_job(state, &job, some);
}

PyDoc_STRVAR(count_tuplets_doc, "count_tuplets($module, start, stop, k, /)\n--\n\n"
                                "Number of prime constellations of k members in [start, stop).");

static PyObject *count_tuplets(PyObject *module, PyObject *const *arguments, Py_ssize_t given)
{
    const struct module_state *state = state_of(module);
    struct sieve_job job;
    if (!right_number("count_tuplets", given, 3))
        return NULL;
    const int some = take_window(state, arguments[0], arguments[1], &job);
    return some < 0 || take_members(arguments[2], &job) < 0 ? NULL : count_job(state, &job, some);
}

PyDoc_STRVAR(fill_doc, "fill($module, start, stop, out, /)\n--\n\n"
                       "Write the primes in [start, stop) to out; return their number.");

static PyObject *fill(PyObject *module, PyObject *const *arguments, Py_ssize_t given)
{
    const struct module_state *state = state_of(module);
    struct sieve_job job;
    if (!right_number("fill", given, 3))
        return NULL;
    const int some = take_window(state, arguments[0], arguments[1], &job);
    return some < 0 ? NULL : fill_job(state, &job, some, arguments[2]);
}

PyDoc_STRVAR(fill_tuplets_doc, "fill_tuplets($module, start, stop, k, out, /)\n--\n\n"
                               "Write the first members of the constellations to out; return their number.");

static PyObject *fill_tuplets(PyObject *module, PyObject *const *arguments, Py_ssize_t given)
{
    const struct module_state *state = state_of(module);
    struct sieve_job job;
    if (!right_number("fill_tuplets", given, 4))
        return NULL;
    const int some = take_window(state, arguments[0], arguments[1], &job);
    return some < 0 || take_members(arguments[2], &job) < 0 ? NULL : fill_job(state, &job, some, arguments[3]);
}

PyDoc_STRVAR(bits_size_doc, "bits_size($module, start, stop, /)\n--\n\n"
                            "How many bytes of wheel bits the window has.");

static PyObject *bits_size(PyObject *module, PyObject *const *arguments, Py_ssize_t given)
{
    struct sieve_job job;
    if (!right_number("bits_size", given, 2))
        return NULL;
    const int some = take_window(state_of(module), arguments[0], arguments[1], &job);
    if (some < 0)
        return NULL;
    return PyLong_FromUnsignedLongLong(some ? perfpy_sieve_bytes(job.first, job.last) : 0);
}

/* The bits of a window: at least as many as it has. */
static int take_bits(PyObject *object, Py_buffer *bits, int flags, int some, const struct sieve_job *job)
{
    if (perfpy_get_buffer(object, bits, "bits", "B", 1, 1, flags) < 0)
        return -1;
    const uint64_t needed = some ? perfpy_sieve_bytes(job->first, job->last) : 0;
    if ((uint64_t)bits->len >= needed)
        return 0;
    PyErr_Format(PyExc_ValueError, "bits must have at least %llu bytes, not %zd", (unsigned long long)needed, bits->len);
    PyBuffer_Release(bits);
    return -1;
}

PyDoc_STRVAR(sieve_doc, "sieve($module, start, stop, bits, /)\n--\n\n"
                        "Write the window's wheel bits to bits; return the number of primes.");

static PyObject *sieve(PyObject *module, PyObject *const *arguments, Py_ssize_t given)
{
    struct sieve_job job;
    Py_buffer bits;
    if (!right_number("sieve", given, 3))
        return NULL;
    const int some = take_window(state_of(module), arguments[0], arguments[1], &job);
    if (some < 0 || take_bits(arguments[2], &bits, PyBUF_WRITABLE, some, &job) < 0)
        return NULL;
    job.output = SIEVE_BITS;
    job.out = bits.buf;
    job.capacity = (size_t)bits.len;
    PyObject *result = some ? run(state_of(module), &job, NULL) : PyLong_FromLong(0);
    PyBuffer_Release(&bits);
    return result;
}

PyDoc_STRVAR(extract_doc, "extract($module, bits, start, stop, out, /)\n--\n\n"
                          "Write the primes that sieve() wrote to bits for the same window to out; return their number.");

static PyObject *extract(PyObject *module, PyObject *const *arguments, Py_ssize_t given)
{
    struct sieve_job job;
    Py_buffer bits, out;
    if (!right_number("extract", given, 4))
        return NULL;
    const int some = take_window(state_of(module), arguments[1], arguments[2], &job);
    if (some < 0 || take_bits(arguments[0], &bits, PyBUF_SIMPLE, some, &job) < 0)
        return NULL;
    PyObject *result = NULL;
    if (take_items(arguments[3], &out, &job) == 0) {
        result = some ? run(state_of(module), &job, bits.buf) : PyLong_FromLong(0);
        PyBuffer_Release(&out);
    }
    PyBuffer_Release(&bits);
    return result;
}

#define METHOD(name) {#name, (PyCFunction)(void (*)(void))name, METH_FASTCALL, name##_doc}
static PyMethodDef methods[] = {
    METHOD(count),     METHOD(count_tuplets), METHOD(fill),    METHOD(fill_tuplets),
    METHOD(bits_size), METHOD(sieve),         METHOD(extract), {NULL, NULL, 0, NULL},
};

static int execute(PyObject *module)
{
    struct module_state *state = state_of(module);
    enum perfpy_isa isa;
    if (perfpy_choose_isa(module, ~0u, &isa) < 0)
        return -1;
    state->kernel = perfpy_sieve_variant(isa);
    state->end = PyLong_FromString("18446744073709551616", NULL, 10);
    if (!state->end)
        return -1;
    if (perfpy_sieve_init(&state->machine) == 0)
        return 0;
    PyErr_NoMemory();
    return -1;
}

static int clear(PyObject *module)
{
    Py_CLEAR(state_of(module)->end);
    return 0;
}

static void release(void *module)
{
    struct module_state *state = state_of(module);
    Py_CLEAR(state->end);
    perfpy_sieve_clear(&state->machine);
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, execute}, PERFPY_LAST_SLOTS};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_sieve",
    .m_doc = "Primes of a window by the segmented sieve.",
    .m_size = sizeof(struct module_state),
    .m_methods = methods,
    .m_slots = slots,
    .m_clear = clear,
    .m_free = release,
};

PyMODINIT_FUNC PyInit__sieve(void)
{
    return PyModuleDef_Init(&definition);
}
