/* CPython binding of the structures that count different keys: perfpy._ext.cardinality._c.
 *
 * What a sketch means is Python's affair; here it takes keys in, and gives out what it holds. Several threads may use
 * one at once.
 */
#include "../common/binding.h"
#include "../hashing/feed.h"
#include "../hashing/structures.h"
#include "hyperloglog.h"

typedef struct {
    PyObject_HEAD
    struct hyperloglog sketch;
    struct perfpy_hasher hasher;
    struct perfpy_intake intake;
} HyperLogLog;

static struct PyModuleDef definition;

static int take(void *structure, const uint64_t *hashes, ptrdiff_t count)
{
    return perfpy_hyperloglog_take(structure, hashes, count);
}

/* None, or an exception where memory was short. */
static PyObject *none_or_no_memory(int status)
{
    if (status < 0)
        return PyErr_NoMemory();
    Py_RETURN_NONE;
}

static PyObject *hyperloglog_add(HyperLogLog *self, PyObject *key)
{
    uint64_t hash;
    if (perfpy_hash_key(key, &self->hasher, &hash) < 0)
        return NULL;
    const bool locked = perfpy_intake_enter(&self->intake);
    const int status = perfpy_hyperloglog_take(&self->sketch, &hash, 1);
    perfpy_intake_leave(&self->intake, locked);
    return none_or_no_memory(status);
}

static PyObject *hyperloglog_update(HyperLogLog *self, PyObject *items)
{
    if (perfpy_feed(&self->intake, items, &self->hasher, take, &self->sketch) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *hyperloglog_take(HyperLogLog *self, PyObject *hashes)
{
    Py_buffer buffer;
    if (perfpy_get_buffer(hashes, &buffer, "hashes", "LQ", 1, 1, 0) < 0)
        return NULL;
    const bool locked = perfpy_intake_enter(&self->intake);
    const int status = perfpy_hyperloglog_take(&self->sketch, buffer.buf, buffer.shape[0]);
    perfpy_intake_leave(&self->intake, locked);
    PyBuffer_Release(&buffer);
    return none_or_no_memory(status);
}

static PyObject *hyperloglog_raise(HyperLogLog *self, PyObject *ranks)
{
    Py_buffer buffer;
    if (perfpy_get_buffer(ranks, &buffer, "ranks", "B", 1, 1, 0) < 0)
        return NULL;
    int status = 0;
    const bool locked = perfpy_intake_enter(&self->intake);
    const bool fits = buffer.len == (Py_ssize_t)1 << self->sketch.registers.precision;
    if (fits)
        status = perfpy_hyperloglog_merge(&self->sketch, buffer.buf);
    perfpy_intake_leave(&self->intake, locked);
    PyBuffer_Release(&buffer);
    if (!fits)
        return PyErr_Format(PyExc_ValueError, "ranks must be as many as there are registers");
    return none_or_no_memory(status);
}

/* What the sketch holds, as bytes that are a copy of it. */
static PyObject *content(const struct hyperloglog *sketch)
{
    if (sketch->registers.ranks)
        return PyBytes_FromStringAndSize((const char *)sketch->registers.ranks,
                                         (Py_ssize_t)1 << sketch->registers.precision);
    const size_t count = hash_set_count(&sketch->hashes);
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(count * sizeof(uint64_t)));
    if (bytes)
        perfpy_hash_set_list(&sketch->hashes, (uint64_t *)(void *)PyBytes_AS_STRING(bytes));
    return bytes;
}

static PyObject *hyperloglog_read(HyperLogLog *self, PyObject *Py_UNUSED(ignored))
{
    const bool locked = perfpy_intake_enter(&self->intake);
    const bool has_registers = self->sketch.registers.ranks;
    PyObject *bytes = content(&self->sketch);
    perfpy_intake_leave(&self->intake, locked);
    return bytes ? Py_BuildValue("(NN)", PyBool_FromLong(has_registers), bytes) : NULL;
}

static PyObject *hyperloglog_reset(HyperLogLog *self, PyObject *argument)
{
    const long precision = PyLong_AsLong(argument);
    if (precision == -1 && PyErr_Occurred())
        return NULL;
    if (precision < HYPERLOGLOG_LEAST || precision > HYPERLOGLOG_MOST)
        return PyErr_Format(PyExc_ValueError, "precision is out of range: %ld", precision);
    const bool locked = perfpy_intake_enter(&self->intake);
    perfpy_hyperloglog_reset(&self->sketch, (int)precision);
    perfpy_intake_leave(&self->intake, locked);
    Py_RETURN_NONE;
}

static PyObject *hyperloglog_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    int precision;
    unsigned long long seed;
    static char *names[] = {"precision", "seed", NULL};
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "iK:HyperLogLog", names, &precision, &seed))
        return NULL;
    if (precision < HYPERLOGLOG_LEAST || precision > HYPERLOGLOG_MOST)
        return PyErr_Format(PyExc_ValueError, "precision is out of range: %d", precision);
    PyObject *module = PyType_GetModuleByDef(type, &definition);
    if (!module)
        return NULL;
    const struct perfpy_structures *state = PyModule_GetState(module);
    HyperLogLog *self = (HyperLogLog *)type->tp_alloc(type, 0);
    if (!self)
        return NULL;
    self->sketch.registers.precision = precision;
    self->sketch.operations = perfpy_registers_variant(state->isa);
    self->hasher = perfpy_hasher_from(seed, state);
    if (perfpy_intake_open(&self->intake) == 0)
        return (PyObject *)self;
    Py_DECREF(self);
    return NULL;
}

static int hyperloglog_traverse(HyperLogLog *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    return 0;
}

static void hyperloglog_dealloc(HyperLogLog *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    perfpy_hyperloglog_reset(&self->sketch, self->sketch.registers.precision);
    perfpy_intake_close(&self->intake);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef hyperloglog_methods[] = {
    {"add", (PyCFunction)hyperloglog_add, METH_O, "add($self, key, /)\n--\n\nAdd a key."},
    {"_update", (PyCFunction)hyperloglog_update, METH_O, "_update($self, keys, /)\n--\n\nAdd all keys."},
    {"_take", (PyCFunction)hyperloglog_take, METH_O, "_take($self, hashes, /)\n--\n\nAdd keys that are hashed."},
    {"_raise", (PyCFunction)hyperloglog_raise, METH_O,
     "_raise($self, ranks, /)\n--\n\nRaise each register to another's."},
    {"_read", (PyCFunction)hyperloglog_read, METH_NOARGS,
     "_read($self, /)\n--\n\nReturn whether there are registers, and the registers or else the hashes."},
    {"_reset", (PyCFunction)hyperloglog_reset, METH_O,
     "_reset($self, precision, /)\n--\n\nTake all keys out and set the precision."},
    {NULL, NULL, 0, NULL},
};

PyDoc_STRVAR(hyperloglog_doc, "HyperLogLog(precision, seed)\n--\n\nThe hashes or the registers of a sketch.");

static PyType_Slot hyperloglog_slots[] = {
    {Py_tp_doc, (void *)hyperloglog_doc},
    {Py_tp_new, hyperloglog_new},
    {Py_tp_traverse, hyperloglog_traverse},
    {Py_tp_dealloc, hyperloglog_dealloc},
    {Py_tp_methods, hyperloglog_methods},
    {0, NULL},
};

static PyType_Spec hyperloglog_spec = {
    .name = "perfpy._ext.cardinality._c.HyperLogLog",
    .basicsize = sizeof(HyperLogLog),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = hyperloglog_slots,
};

static int execute(PyObject *module)
{
    static PyType_Spec *const specs[] = {&hyperloglog_spec, NULL};
    return perfpy_structures_execute(module, specs);
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, execute},
    PERFPY_LAST_SLOTS,
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_c",
    .m_doc = "Structures that count different keys.",
    .m_size = sizeof(struct perfpy_structures),
    .m_slots = slots,
    .m_traverse = perfpy_structures_traverse,
    .m_clear = perfpy_structures_clear,
    .m_free = perfpy_structures_free,
};

PyMODINIT_FUNC PyInit__c(void)
{
    return PyModuleDef_Init(&definition);
}
