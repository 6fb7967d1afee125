/* CPython binding of Bloom filters: perfpy._ext.bloom._c.
 *
 * A Filter works on memory that the caller supplies; geometry and everything else about a filter is Python's. Several
 * threads may use one at once. A batch of keys that are no objects runs without the GIL; while there is such a batch,
 * who changes bits holds the lock of the filter for a few thousand keys at a time. Who only looks takes no lock: a key
 * whose adding has not returned may be found or not.
 */
#include "../common/binding.h"
#include "../hashing/feed.h"
#include "../hashing/structures.h"
#include "layouts.h"

typedef struct {
    PyObject_HEAD
    Py_buffer memory;
    struct bloom_bits bits;
    struct bloom_operations operations;
    struct perfpy_hasher hasher;
    struct perfpy_intake intake;
    uint16_t subsets[BLOOM_SUBSETS];
} Filter;

static struct PyModuleDef definition;

static int check_writable(const Filter *filter)
{
    if (!filter->memory.readonly)
        return 0;
    PyErr_SetString(PyExc_ValueError, "the filter is read-only, as it was loaded so; change a copy()");
    return -1;
}

/* Changes the bits of a hash while holding the GIL. */
static inline void change(Filter *filter, bloom_add_one *operation, uint64_t hash)
{
    const bool locked = perfpy_intake_enter(&filter->intake);
    operation(&filter->bits, hash);
    perfpy_intake_leave(&filter->intake, locked);
}

static PyObject *filter_add(Filter *self, PyObject *key)
{
    uint64_t hash;
    if (check_writable(self) < 0 || perfpy_hash_key(key, &self->hasher, &hash) < 0)
        return NULL;
    change(self, self->operations.add_one, hash);
    Py_RETURN_NONE;
}

static int filter_contains(Filter *self, PyObject *key)
{
    uint64_t hash;
    if (perfpy_hash_key(key, &self->hasher, &hash) < 0)
        return -1;
    return self->operations.test_one(&self->bits, hash);
}

static PyObject *filter_remove(Filter *self, PyObject *key)
{
    uint64_t hash;
    if (check_writable(self) < 0 || perfpy_hash_key(key, &self->hasher, &hash) < 0)
        return NULL;
    if (!self->operations.remove_one)
        return PyErr_Format(PyExc_TypeError, "only a counting filter can remove keys; make one with counting=True");
    if (!self->operations.test_one(&self->bits, hash)) {
        PyErr_SetObject(PyExc_KeyError, key);
        return NULL;
    }
    change(self, self->operations.remove_one, hash);
    Py_RETURN_NONE;
}

static int take(void *structure, const uint64_t *hashes, ptrdiff_t count)
{
    const Filter *filter = structure;
    filter->operations.add(&filter->bits, hashes, count);
    return 0;
}

static PyObject *filter_update(Filter *self, PyObject *items)
{
    if (check_writable(self) < 0 || perfpy_feed(&self->intake, items, &self->hasher, take, self) < 0)
        return NULL;
    Py_RETURN_NONE;
}

struct plain_look_up {
    const Filter *filter;
    struct perfpy_keys *keys;
    bool *found;
};

/* Looks up keys that need no GIL. */
static int look_up_plain(void *arguments, const struct perfpy_interrupt *interrupt)
{
    struct plain_look_up *look_up = arguments;
    const Filter *filter = look_up->filter;
    uint64_t hashes[PERFPY_BATCH];
    Py_ssize_t count, valid;
    for (long batch = 1; (count = perfpy_keys_next(look_up->keys, hashes, &valid)) > 0; batch++) {
        filter->operations.test(&filter->bits, hashes, count, look_up->found);
        look_up->found += count;
        if (batch % PERFPY_BATCHES_BETWEEN_POLLS == 0 && interrupt->requested(interrupt->context))
            return -1;
    }
    return 0;
}

static int look_up_objects(Filter *self, struct perfpy_keys *keys, bool *found, Py_ssize_t room)
{
    uint64_t hashes[PERFPY_BATCH];
    Py_ssize_t count, valid, done = 0;
    for (long batch = 1; (count = perfpy_keys_next(keys, hashes, &valid)) > 0; batch++, done += count) {
        if (count > room - done) {
            PyErr_SetString(PyExc_ValueError, "keys grew while they were looked up");
            return -1;
        }
        self->operations.test(&self->bits, hashes, count, found + done);
        if (batch % PERFPY_BATCHES_BETWEEN_POLLS == 0 && PyErr_CheckSignals() < 0)
            return -1;
    }
    if (count == 0 && done < room) {
        PyErr_SetString(PyExc_ValueError, "keys shrank while they were looked up");
        return -1;
    }
    return (int)count;
}

PyDoc_STRVAR(filter_test_doc, "test($self, keys, found, /)\n--\n\n"
                              "Fill found, a bool array as long as keys, with whether each is in the filter.");

static PyObject *filter_test(Filter *self, PyObject *const *arguments, Py_ssize_t argument_count)
{
    struct perfpy_keys keys;
    Py_buffer found;
    if (argument_count != 2)
        return PyErr_Format(PyExc_TypeError, "test() takes 2 arguments (%zd given)", argument_count);
    if (perfpy_get_buffer(arguments[1], &found, "found", "?", 1, 1, PyBUF_WRITABLE) < 0)
        return NULL;
    int status = perfpy_keys_open(&keys, arguments[0], &self->hasher);
    if (status == 0) {
        if (!perfpy_keys_are_plain(&keys)) {
            status = look_up_objects(self, &keys, found.buf, found.shape[0]);
        } else if (keys.count == found.shape[0]) {
            struct plain_look_up look_up = {self, &keys, found.buf};
            status = perfpy_without_gil(look_up_plain, &look_up);
        } else {
            PyErr_Format(PyExc_ValueError, "found must have %zd elements, not %zd", keys.count, found.shape[0]);
            status = -1;
        }
        perfpy_keys_close(&keys);
    }
    PyBuffer_Release(&found);
    if (status < 0)
        return NULL;
    Py_RETURN_NONE;
}

PyDoc_STRVAR(filter_doc, "Filter(memory, layout, size, probes, seed)\n--\n\n"
                         "A filter in the memory of a uint64 array aligned to 64 bytes.");

static PyObject *filter_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    PyObject *memory;
    int layout, probes;
    unsigned long long size, seed;
    static char *names[] = {"memory", "layout", "size", "probes", "seed", NULL};
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "OiKiK:Filter", names, &memory, &layout, &size, &probes, &seed))
        return NULL;
    PyObject *module = PyType_GetModuleByDef(type, &definition);
    if (!module)
        return NULL;
    const struct perfpy_structures *state = PyModule_GetState(module);
    Filter *self = (Filter *)type->tp_alloc(type, 0);
    if (!self)
        return NULL;
    const uint64_t bytes = perfpy_bloom_bytes(layout, size, probes);
    if (PyObject_GetBuffer(memory, &self->memory, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT) < 0) {
        self->memory.obj = NULL;
    } else if (!bytes || (uint64_t)self->memory.len != bytes || (uintptr_t)self->memory.buf % 64) {
        PyErr_SetString(PyExc_ValueError, "memory must be aligned to 64 bytes and as large as the geometry asks for");
    } else if (perfpy_intake_open(&self->intake) == 0) {
        self->bits = (struct bloom_bits){self->memory.buf, size, probes, self->subsets};
        if (layout != BLOOM_CLASSIC)
            perfpy_bloom_subsets(probes, self->subsets);
        self->operations = perfpy_bloom_variant(state->isa, layout);
        self->hasher = perfpy_hasher_from(seed, state);
        return (PyObject *)self;
    }
    Py_DECREF(self);
    return NULL;
}

static int filter_traverse(Filter *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->memory.obj);
    return 0;
}

static void filter_dealloc(Filter *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    if (self->memory.obj)
        PyBuffer_Release(&self->memory);
    perfpy_intake_close(&self->intake);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *filter_init_subclass(PyObject *class, PyObject *Py_UNUSED(ignored));

static PyMethodDef filter_methods[] = {
    {"add", (PyCFunction)filter_add, METH_O, "add($self, key, /)\n--\n\nAdd a key."},
    {"remove", (PyCFunction)filter_remove, METH_O,
     "remove($self, key, /)\n--\n\nTake away a key that was added; only of a counting filter."},
    {"_update", (PyCFunction)filter_update, METH_O, "_update($self, keys, /)\n--\n\nAdd all keys."},
    {"_test", (PyCFunction)(void (*)(void))filter_test, METH_FASTCALL, filter_test_doc},
    {"__init_subclass__", filter_init_subclass, METH_NOARGS | METH_CLASS,
     "__init_subclass__($type, /)\n--\n\nGive a subclass the methods as its own, which is quicker."},
    {NULL, NULL, 0, NULL},
};

static PyObject *filter_init_subclass(PyObject *class, PyObject *Py_UNUSED(ignored))
{
    PyTypeObject *type = (PyTypeObject *)class;
    PyObject *module = PyType_GetModuleByDef(type, &definition);
    if (!module)
        return NULL;
    const struct perfpy_structures *state = PyModule_GetState(module);
    if (perfpy_structures_own_methods(type, state->types[0], filter_methods) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyType_Slot filter_slots[] = {
    {Py_tp_doc, (void *)filter_doc},
    {Py_tp_new, filter_new},
    {Py_tp_traverse, filter_traverse},
    {Py_tp_dealloc, filter_dealloc},
    {Py_tp_methods, filter_methods},
    {Py_sq_contains, filter_contains},
    {0, NULL},
};

static PyType_Spec filter_spec = {
    .name = "perfpy._ext.bloom._c.Filter",
    .basicsize = sizeof(Filter),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = filter_slots,
};

static int execute(PyObject *module)
{
    static PyType_Spec *const specs[] = {&filter_spec, NULL};
    return perfpy_structures_execute(module, specs);
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, execute},
    PERFPY_LAST_SLOTS,
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_c",
    .m_doc = "Bloom filters.",
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
