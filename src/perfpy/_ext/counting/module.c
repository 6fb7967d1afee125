/* CPython binding of what is kept of hashes in order to count keys: perfpy._ext.counting._c.
 *
 * What it means is Python's affair; here keys are taken in, and what is kept is given out. Several threads may use a
 * store at once.
 */
#include "../common/binding.h"
#include "../hashing/sink.h"
#include "../hashing/structures.h"
#include "store.h"

typedef struct {
    PyObject_HEAD
    struct store store;
    struct perfpy_sink sink;
} Store;

static struct PyModuleDef definition;

static int take(void *structure, const uint64_t *hashes, ptrdiff_t count)
{
    return perfpy_store_take(structure, hashes, count);
}

static PyObject *store_add(Store *self, PyObject *key)
{
    return perfpy_sink_add(&self->sink, key);
}

static PyObject *store_update(Store *self, PyObject *items)
{
    return perfpy_sink_update(&self->sink, items);
}

static PyObject *store_take(Store *self, PyObject *hashes)
{
    return perfpy_sink_take(&self->sink, hashes);
}

static PyObject *store_unite(Store *self, PyObject *content)
{
    Py_buffer buffer;
    if (perfpy_get_buffer(content, &buffer, "content", "B", 1, 1, 0) < 0)
        return NULL;
    const bool locked = perfpy_intake_enter(&self->sink.intake);
    const bool fits = self->store.bytes && (size_t)buffer.len == store_bytes(&self->store);
    if (fits)
        perfpy_store_unite(&self->store, buffer.buf);
    perfpy_intake_leave(&self->sink.intake, locked);
    PyBuffer_Release(&buffer);
    if (!fits)
        return PyErr_Format(PyExc_ValueError, "content must be as long as that of this store");
    Py_RETURN_NONE;
}

static PyObject *store_read(Store *self, PyObject *Py_UNUSED(ignored))
{
    const bool locked = perfpy_intake_enter(&self->sink.intake);
    struct store *store = &self->store;
    perfpy_store_settle(store);
    PyObject *bytes = store->bytes
                          ? PyBytes_FromStringAndSize((const char *)store->bytes, (Py_ssize_t)store_bytes(store))
                          : PyBytes_FromStringAndSize((const char *)store->hashes,
                                                      (Py_ssize_t)(store->settled * sizeof *store->hashes));
    perfpy_intake_leave(&self->sink.intake, locked);
    return bytes;
}

static bool is_sensible(int rule, uint64_t size)
{
    if (rule == STORE_RANKS)
        return size >= 2 && size <= 1ull << 32 && (size & (size - 1)) == 0;
    return rule >= 0 && rule < STORE_RULES && size >= 1 && size <= 1ull << 40;
}

static PyObject *store_reset(Store *self, PyObject *argument)
{
    const unsigned long long size = PyLong_AsUnsignedLongLong(argument);
    if (PyErr_Occurred())
        return NULL;
    if (!is_sensible(self->store.rule, size))
        return PyErr_Format(PyExc_ValueError, "size is out of range: %llu", size);
    struct store fresh;
    if (perfpy_store_open(&fresh, self->store.rule, size) < 0)
        return PyErr_NoMemory();
    const bool locked = perfpy_intake_enter(&self->sink.intake);
    struct store old = self->store;
    self->store = fresh;
    perfpy_intake_leave(&self->sink.intake, locked);
    perfpy_store_close(&old);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(store_doc, "Store(rule, size, seed)\n--\n\nWhat a rule (0 bits, 1 ranks, 2 minima) keeps of hashes.");

static PyObject *store_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    int rule;
    unsigned long long size, seed;
    static char *names[] = {"rule", "size", "seed", NULL};
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "iKK:Store", names, &rule, &size, &seed))
        return NULL;
    if (!is_sensible(rule, size))
        return PyErr_Format(PyExc_ValueError, "there is no rule %d of size %llu", rule, size);
    PyObject *module = PyType_GetModuleByDef(type, &definition);
    if (!module)
        return NULL;
    Store *self = (Store *)type->tp_alloc(type, 0);
    if (!self)
        return NULL;
    self->sink.hasher = perfpy_hasher_from(seed, PyModule_GetState(module));
    self->sink.take = take;
    self->sink.structure = &self->store;
    if (perfpy_intake_open(&self->sink.intake) == 0) {
        if (perfpy_store_open(&self->store, (enum store_rule)rule, size) == 0)
            return (PyObject *)self;
        PyErr_NoMemory();
    }
    Py_DECREF(self);
    return NULL;
}

static int store_traverse(Store *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    return 0;
}

static void store_dealloc(Store *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    perfpy_store_close(&self->store);
    perfpy_intake_close(&self->sink.intake);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef store_methods[] = {
    {"add", (PyCFunction)store_add, METH_O, "add($self, key, /)\n--\n\nAdd a key."},
    {"_update", (PyCFunction)store_update, METH_O, "_update($self, keys, /)\n--\n\nAdd all keys."},
    {"_take", (PyCFunction)store_take, METH_O, "_take($self, hashes, /)\n--\n\nAdd keys that are hashed."},
    {"_unite", (PyCFunction)store_unite, METH_O,
     "_unite($self, content, /)\n--\n\nAdd the bits or ranks that another store keeps."},
    {"_read", (PyCFunction)store_read, METH_NOARGS,
     "_read($self, /)\n--\n\nReturn the bits, the ranks, or the minima in ascending order."},
    {"_reset", (PyCFunction)store_reset, METH_O, "_reset($self, size, /)\n--\n\nTake all keys out and set the size."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot store_slots[] = {
    {Py_tp_doc, (void *)store_doc},
    {Py_tp_new, store_new},
    {Py_tp_traverse, store_traverse},
    {Py_tp_dealloc, store_dealloc},
    {Py_tp_methods, store_methods},
    {0, NULL},
};

static PyType_Spec store_spec = {
    .name = "perfpy._ext.counting._c.Store",
    .basicsize = sizeof(Store),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = store_slots,
};

static int execute(PyObject *module)
{
    static PyType_Spec *const specs[] = {&store_spec, NULL};
    return perfpy_structures_execute(module, specs);
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, execute},
    PERFPY_LAST_SLOTS,
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_c",
    .m_doc = "What is kept of hashes of keys, in order to count these.",
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
