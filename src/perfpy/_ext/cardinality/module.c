/* CPython binding of the structures that count different keys: perfpy._ext.cardinality._c.
 *
 * What a sketch means is Python's affair; here it takes keys in, and gives out what it holds. Several threads may use
 * one at once. The types differ in their registers only.
 */
#include "../common/binding.h"
#include "../hashing/sink.h"
#include "../hashing/structures.h"
#include "distinct.h"
#include "exaloglog.h"

typedef struct {
    PyObject_HEAD
    struct distinct sketch;
    struct perfpy_sink sink;
} Distinct;

static struct PyModuleDef definition;

static int take(void *structure, const uint64_t *hashes, ptrdiff_t count)
{
    return perfpy_distinct_take(structure, hashes, count);
}

static PyObject *distinct_add(Distinct *self, PyObject *key)
{
    return perfpy_sink_add(&self->sink, key);
}

static PyObject *distinct_update(Distinct *self, PyObject *items)
{
    return perfpy_sink_update(&self->sink, items);
}

static PyObject *distinct_take(Distinct *self, PyObject *hashes)
{
    return perfpy_sink_take(&self->sink, hashes);
}

static PyObject *distinct_unite(Distinct *self, PyObject *content)
{
    Py_buffer buffer;
    if (perfpy_get_buffer(content, &buffer, "registers", "B", 1, 1, 0) < 0)
        return NULL;
    int status = 0;
    const bool locked = perfpy_intake_enter(&self->sink.intake);
    const bool fits = (size_t)buffer.len == distinct_bytes(&self->sketch);
    if (fits)
        status = perfpy_distinct_unite(&self->sketch, buffer.buf);
    perfpy_intake_leave(&self->sink.intake, locked);
    PyBuffer_Release(&buffer);
    if (!fits)
        return PyErr_Format(PyExc_ValueError, "registers must be as many as the sketch has");
    return perfpy_none_or_no_memory(status);
}

/* What the sketch holds, as bytes that are a copy of it. */
static PyObject *content_of(const struct distinct *sketch)
{
    if (sketch->registers.content)
        return PyBytes_FromStringAndSize((const char *)sketch->registers.content, (Py_ssize_t)distinct_bytes(sketch));
    const size_t count = hash_set_count(&sketch->hashes);
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(count * sizeof(uint64_t)));
    if (bytes)
        perfpy_hash_set_list(&sketch->hashes, (uint64_t *)(void *)PyBytes_AS_STRING(bytes));
    return bytes;
}

static PyObject *distinct_read(Distinct *self, PyObject *Py_UNUSED(ignored))
{
    const bool locked = perfpy_intake_enter(&self->sink.intake);
    const bool has_registers = self->sketch.registers.content;
    PyObject *bytes = content_of(&self->sketch);
    perfpy_intake_leave(&self->sink.intake, locked);
    return bytes ? Py_BuildValue("(NN)", PyBool_FromLong(has_registers), bytes) : NULL;
}

static int check_precision(long precision)
{
    if (precision >= LEAST_PRECISION && precision <= MOST_PRECISION)
        return 0;
    PyErr_Format(PyExc_ValueError, "precision is out of range: %ld", precision);
    return -1;
}

static PyObject *distinct_reset(Distinct *self, PyObject *argument)
{
    const long precision = PyLong_AsLong(argument);
    if ((precision == -1 && PyErr_Occurred()) || check_precision(precision) < 0)
        return NULL;
    const bool locked = perfpy_intake_enter(&self->sink.intake);
    perfpy_distinct_reset(&self->sketch, (int)precision);
    perfpy_intake_leave(&self->sink.intake, locked);
    Py_RETURN_NONE;
}

typedef const struct registers_operations *variant_of(enum perfpy_isa isa);

static PyObject *distinct_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords, variant_of *variant)
{
    int precision;
    unsigned long long seed;
    static char *names[] = {"precision", "seed", NULL};
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "iK", names, &precision, &seed) ||
        check_precision(precision) < 0)
        return NULL;
    PyObject *module = PyType_GetModuleByDef(type, &definition);
    if (!module)
        return NULL;
    const struct perfpy_structures *state = PyModule_GetState(module);
    Distinct *self = (Distinct *)type->tp_alloc(type, 0);
    if (!self)
        return NULL;
    self->sketch.registers.precision = precision;
    self->sketch.operations = variant(state->isa);
    self->sink.hasher = perfpy_hasher_from(seed, state);
    self->sink.take = take;
    self->sink.structure = &self->sketch;
    if (perfpy_intake_open(&self->sink.intake) == 0)
        return (PyObject *)self;
    Py_DECREF(self);
    return NULL;
}

static PyObject *hyperloglog_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    return distinct_new(type, arguments, keywords, perfpy_hyperloglog_variant);
}

static PyObject *exaloglog_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    return distinct_new(type, arguments, keywords, perfpy_exaloglog_variant);
}

static int distinct_traverse(Distinct *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    return 0;
}

static void distinct_dealloc(Distinct *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    perfpy_distinct_reset(&self->sketch, self->sketch.registers.precision);
    perfpy_intake_close(&self->sink.intake);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef distinct_methods[] = {
    {"add", (PyCFunction)distinct_add, METH_O, "add($self, key, /)\n--\n\nAdd a key."},
    {"_update", (PyCFunction)distinct_update, METH_O, "_update($self, keys, /)\n--\n\nAdd all keys."},
    {"_take", (PyCFunction)distinct_take, METH_O, "_take($self, hashes, /)\n--\n\nAdd keys that are hashed."},
    {"_unite", (PyCFunction)distinct_unite, METH_O,
     "_unite($self, registers, /)\n--\n\nAdd the keys of other registers, as `_read` gives them out."},
    {"_read", (PyCFunction)distinct_read, METH_NOARGS,
     "_read($self, /)\n--\n\nReturn whether there are registers, and the registers or else the hashes."},
    {"_reset", (PyCFunction)distinct_reset, METH_O,
     "_reset($self, precision, /)\n--\n\nTake all keys out and set the precision."},
    {NULL, NULL, 0, NULL},
};

enum { TYPE_FLAGS = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE };

PyDoc_STRVAR(hyperloglog_doc, "HyperLogLog(precision, seed)\n--\n\nThe hashes or the registers of a sketch.");

static PyType_Slot hyperloglog_slots[] = {
    {Py_tp_doc, (void *)hyperloglog_doc},
    {Py_tp_new, hyperloglog_new},
    {Py_tp_traverse, distinct_traverse},
    {Py_tp_dealloc, distinct_dealloc},
    {Py_tp_methods, distinct_methods},
    {0, NULL},
};

static PyType_Spec hyperloglog_spec = {
    .name = "perfpy._ext.cardinality._c.HyperLogLog",
    .basicsize = sizeof(Distinct),
    .flags = TYPE_FLAGS,
    .slots = hyperloglog_slots,
};

PyDoc_STRVAR(exaloglog_doc, "ExaLogLog(precision, seed)\n--\n\nThe hashes or the registers of a sketch.");

static PyType_Slot exaloglog_slots[] = {
    {Py_tp_doc, (void *)exaloglog_doc},
    {Py_tp_new, exaloglog_new},
    {Py_tp_traverse, distinct_traverse},
    {Py_tp_dealloc, distinct_dealloc},
    {Py_tp_methods, distinct_methods},
    {0, NULL},
};

static PyType_Spec exaloglog_spec = {
    .name = "perfpy._ext.cardinality._c.ExaLogLog",
    .basicsize = sizeof(Distinct),
    .flags = TYPE_FLAGS,
    .slots = exaloglog_slots,
};

/* exaloglog_evidence(registers, precision, occurred): fills in the last, which is a uint64 for each level; returns
 * `absent`. */
static PyObject *exaloglog_evidence(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    PyObject *content, *occurred;
    int precision;
    if (!PyArg_ParseTuple(arguments, "OiO:exaloglog_evidence", &content, &precision, &occurred) ||
        check_precision(precision) < 0)
        return NULL;
    Py_buffer registers, levels;
    if (perfpy_get_buffer(content, &registers, "registers", "B", 1, 1, 0) < 0)
        return NULL;
    if (perfpy_get_buffer(occurred, &levels, "occurred", "LQ", 1, 1, PyBUF_WRITABLE) < 0) {
        PyBuffer_Release(&registers);
        return NULL;
    }
    uint64_t absent = 0;
    const bool fits = levels.shape[0] == EXALOGLOG_LEVELS && exaloglog_bytes(precision) == (size_t)registers.len;
    if (fits) {
        Py_BEGIN_ALLOW_THREADS
        absent = perfpy_exaloglog_evidence(registers.buf, precision, levels.buf);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&registers);
    PyBuffer_Release(&levels);
    return fits ? PyLong_FromUnsignedLongLong(absent)
                : PyErr_Format(PyExc_ValueError, "there must be registers of precision %d, and %d levels", precision,
                               (int)EXALOGLOG_LEVELS);
}

static PyMethodDef functions[] = {
    {"exaloglog_evidence", exaloglog_evidence, METH_VARARGS,
     "exaloglog_evidence(registers, precision, occurred, /)\n--\n\nSum up what registers say, for the likelihood."},
    {NULL, NULL, 0, NULL},
};

static int execute(PyObject *module)
{
    static PyType_Spec *const specs[] = {&hyperloglog_spec, &exaloglog_spec, NULL};
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
    .m_methods = functions,
    .m_slots = slots,
    .m_traverse = perfpy_structures_traverse,
    .m_clear = perfpy_structures_clear,
    .m_free = perfpy_structures_free,
};

PyMODINIT_FUNC PyInit__c(void)
{
    return PyModuleDef_Init(&definition);
}
