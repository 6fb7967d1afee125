/* CPython binding of Morris counters: perfpy._ext.counting._morris. It draws from a generator of numpy, whose lock the
 * caller holds.
 */
#include "../common/binding.h"

#include <stdbool.h>

/* What numpy documents of a bit generator. */
struct bit_generator {
    void *state;
    uint64_t (*next_uint64)(void *state);
    uint32_t (*next_uint32)(void *state);
    double (*next_double)(void *state);
    uint64_t (*next_raw)(void *state);
};

struct events {
    Py_buffer registers, chances, indices;
    struct bit_generator *source;
};

/* One loop for each type of register; an event at one that is not there stops it. */
#define COUNT_EVENTS(name, type)                                                                                       \
    static bool name(const struct events *events)                                                                      \
    {                                                                                                                  \
        type *registers = events->registers.buf;                                                                       \
        const double *chances = events->chances.buf;                                                                   \
        const Py_ssize_t *indices = events->indices.buf, size = events->registers.shape[0];                            \
        struct bit_generator *source = events->source;                                                                             \
        for (Py_ssize_t i = 0; i < events->indices.shape[0]; i++) {                                                    \
            if (indices[i] < 0 || indices[i] >= size)                                                                  \
                return false;                                                                                          \
            type *mine = registers + indices[i];                                                                       \
            *mine = (type)(*mine + (source->next_double(source->state) < chances[*mine]));                             \
        }                                                                                                              \
        return true;                                                                                                   \
    }
COUNT_EVENTS(count_in_bytes, uint8_t)
COUNT_EVENTS(count_in_pairs, uint16_t)

static bool count_without_gil(const struct events *events)
{
    bool is_good;
    Py_BEGIN_ALLOW_THREADS
    is_good = (events->registers.itemsize == 1 ? count_in_bytes : count_in_pairs)(events);
    Py_END_ALLOW_THREADS
    return is_good;
}

/* Gets the buffers; returns how many there are, which have to be released, and fewer than 3 with an exception. */
static int get_buffers(struct events *events, PyObject *registers, PyObject *chances, PyObject *indices)
{
    if (perfpy_get_buffer(registers, &events->registers, "registers", "BH", 1, 1, PyBUF_WRITABLE) < 0)
        return 0;
    if (perfpy_get_buffer(chances, &events->chances, "chances", "d", 1, 1, 0) < 0)
        return 1;
    if (perfpy_get_buffer(indices, &events->indices, "indices", "lq", 1, 1, 0) < 0)
        return 2;
    return 3;
}

static PyObject *count(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    PyObject *registers, *chances, *indices, *capsule;
    struct events events;
    if (!PyArg_ParseTuple(arguments, "OOOO:count", &registers, &chances, &indices, &capsule))
        return NULL;
    events.source = PyCapsule_GetPointer(capsule, "BitGenerator");
    if (!events.source)
        return NULL;
    const int buffers = get_buffers(&events, registers, chances, indices);
    if (buffers == 3) {
        if (events.chances.shape[0] != (Py_ssize_t)1 << 8 * events.registers.itemsize)
            PyErr_SetString(PyExc_ValueError, "chances must be as many as a register has values");
        else if (!count_without_gil(&events))
            PyErr_SetString(PyExc_ValueError, "indices must be those of registers");
    }
    Py_buffer *const taken[] = {&events.registers, &events.chances, &events.indices};
    for (int i = 0; i < buffers; i++)
        PyBuffer_Release(taken[i]);
    if (PyErr_Occurred())
        return NULL;
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"count", count, METH_VARARGS,
     "count(registers, chances, indices, capsule, /)\n--\n\nCount events at registers, in order."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {PERFPY_LAST_SLOTS};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_morris",
    .m_doc = "Morris counters.",
    .m_methods = functions,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__morris(void)
{
    return PyModuleDef_Init(&definition);
}
