/* CPython binding of count-min sketches: perfpy._ext.cardinality._count_min.
 *
 * A CountMin works on memory that the caller supplies: the total, then the counters. Several threads may use one at
 * once.
 */
#include "../common/binding.h"
#include "../hashing/feed.h"
#include "count_min.h"

struct module_state {
    struct perfpy_key_types types;
    enum perfpy_isa isa;
    PyTypeObject *count_min_type;
};

typedef struct {
    PyObject_HEAD
    Py_buffer memory;
    struct count_min sketch;
    struct perfpy_hasher hasher;
    struct perfpy_intake intake;
} CountMin;

static struct PyModuleDef definition;

static int take(void *structure, const uint64_t *hashes, ptrdiff_t count)
{
    perfpy_count_min_add(structure, hashes, count, 1);
    return 0;
}

/* Adds a key some times, unless the total would not fit in an int64: 0, or -1 with an exception. */
static int add_times(CountMin *self, PyObject *key, long long times)
{
    uint64_t hash;
    if (perfpy_hash_key(key, &self->hasher, &hash) < 0)
        return -1;
    const bool locked = perfpy_intake_enter(&self->intake);
    const bool fits = (uint64_t)times <= (uint64_t)INT64_MAX - *self->sketch.total;
    if (fits)
        perfpy_count_min_add(&self->sketch, &hash, 1, (uint64_t)times);
    perfpy_intake_leave(&self->intake, locked);
    if (!fits)
        PyErr_SetString(PyExc_OverflowError, "count must keep the total below 2**63");
    return fits ? 0 : -1;
}

static PyObject *count_min_add(CountMin *self, PyObject *const *arguments, Py_ssize_t count)
{
    long long times = 1;
    if (count != 1 && count != 2)
        return PyErr_Format(PyExc_TypeError, "add() takes a key and a count (%zd arguments given)", count);
    if (count == 2) {
        int overflow;
        times = PyLong_AsLongLongAndOverflow(arguments[1], &overflow);
        if (times == -1 && PyErr_Occurred())
            return NULL;
        if (overflow || times < 1)
            return PyErr_Format(PyExc_ValueError, "count must be from 1 to 2**63 - 1, not %S", arguments[1]);
    }
    if (add_times(self, arguments[0], times) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *count_min_count(CountMin *self, PyObject *key)
{
    uint64_t hash, found;
    if (perfpy_hash_key(key, &self->hasher, &hash) < 0)
        return NULL;
    const bool locked = perfpy_intake_enter(&self->intake);
    perfpy_count_min_look_up(&self->sketch, &hash, 1, &found);
    perfpy_intake_leave(&self->intake, locked);
    return PyLong_FromUnsignedLongLong(found);
}

static PyObject *count_min_update(CountMin *self, PyObject *items)
{
    if (perfpy_feed(&self->intake, items, &self->hasher, take, &self->sketch) < 0)
        return NULL;
    Py_RETURN_NONE;
}

struct look_up {
    const struct count_min *sketch;
    uint64_t *out;
    ptrdiff_t room;
    bool too_many;
};

static int look_up(void *arguments, const uint64_t *hashes, ptrdiff_t count)
{
    struct look_up *look_up = arguments;
    look_up->too_many = look_up->too_many || count > look_up->room;
    if (look_up->too_many)
        return 0;
    perfpy_count_min_look_up(look_up->sketch, hashes, count, look_up->out);
    look_up->out += count;
    look_up->room -= count;
    return 0;
}

PyDoc_STRVAR(look_up_doc, "_look_up($self, keys, out, /)\n--\n\n"
                          "Fill out, an int64 array as long as keys, with the count of each.");

static PyObject *count_min_look_up(CountMin *self, PyObject *const *arguments, Py_ssize_t count)
{
    Py_buffer out;
    if (count != 2)
        return PyErr_Format(PyExc_TypeError, "_look_up() takes 2 arguments (%zd given)", count);
    if (perfpy_get_buffer(arguments[1], &out, "out", "lq", 1, 1, PyBUF_WRITABLE) < 0)
        return NULL;
    struct look_up wanted = {&self->sketch, out.buf, out.shape[0], false};
    int status = perfpy_feed(&self->intake, arguments[0], &self->hasher, look_up, &wanted);
    if (status == 0 && (wanted.too_many || wanted.room > 0)) {
        PyErr_SetString(PyExc_ValueError, "out must be as long as keys");
        status = -1;
    }
    PyBuffer_Release(&out);
    if (status < 0)
        return NULL;
    Py_RETURN_NONE;
}

PyDoc_STRVAR(count_min_doc, "CountMin(memory, width, depth, conservative, seed)\n--\n\n"
                            "A sketch in the memory of a uint64 array: the total, and rows of counters.");

static PyObject *count_min_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    PyObject *memory;
    int depth, conservative;
    unsigned long long width, seed;
    static char *names[] = {"memory", "width", "depth", "conservative", "seed", NULL};
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "OKipK:CountMin", names, &memory, &width, &depth,
                                     &conservative, &seed))
        return NULL;
    PyObject *module = PyType_GetModuleByDef(type, &definition);
    if (!module)
        return NULL;
    const struct module_state *state = PyModule_GetState(module);
    CountMin *self = (CountMin *)type->tp_alloc(type, 0);
    if (!self)
        return NULL;
    const bool sensible = depth >= 1 && depth <= COUNT_MIN_MOST_ROWS && width >= 1 && width < 1ull << 50;
    if (perfpy_get_buffer(memory, &self->memory, "memory", "LQ", 1, 1, PyBUF_WRITABLE) < 0) {
        self->memory.obj = NULL;
    } else if (!sensible || (uint64_t)self->memory.shape[0] != 1 + width * (uint64_t)depth) {
        PyErr_SetString(PyExc_ValueError, "memory must have room for the total and all rows");
    } else if (perfpy_intake_open(&self->intake) == 0) {
        uint64_t *words = self->memory.buf;
        self->sketch = (struct count_min){words, words + 1, width, depth, conservative};
        self->hasher = (struct perfpy_hasher){perfpy_seeds_from(seed), &state->types, state->isa};
        return (PyObject *)self;
    }
    Py_DECREF(self);
    return NULL;
}

static int count_min_traverse(CountMin *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->memory.obj);
    return 0;
}

static void count_min_dealloc(CountMin *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    if (self->memory.obj)
        PyBuffer_Release(&self->memory);
    perfpy_intake_close(&self->intake);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef count_min_methods[] = {
    {"add", (PyCFunction)(void (*)(void))count_min_add, METH_FASTCALL,
     "add($self, key, count=1, /)\n--\n\nCount a key, once or some times."},
    {"count", (PyCFunction)count_min_count, METH_O, "count($self, key, /)\n--\n\nReturn the count of a key."},
    {"_update", (PyCFunction)count_min_update, METH_O, "_update($self, keys, /)\n--\n\nCount all keys."},
    {"_look_up", (PyCFunction)(void (*)(void))count_min_look_up, METH_FASTCALL, look_up_doc},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot count_min_slots[] = {
    {Py_tp_doc, (void *)count_min_doc},
    {Py_tp_new, count_min_new},
    {Py_tp_traverse, count_min_traverse},
    {Py_tp_dealloc, count_min_dealloc},
    {Py_tp_methods, count_min_methods},
    {0, NULL},
};

static PyType_Spec count_min_spec = {
    .name = "perfpy._ext.cardinality._count_min.CountMin",
    .basicsize = sizeof(CountMin),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = count_min_slots,
};

static int execute(PyObject *module)
{
    struct module_state *state = PyModule_GetState(module);
    if (perfpy_choose_isa(module, ~0u, &state->isa) < 0 || perfpy_key_types_import(&state->types) < 0)
        return -1;
    state->count_min_type = (PyTypeObject *)PyType_FromModuleAndSpec(module, &count_min_spec, NULL);
    return state->count_min_type ? PyModule_AddType(module, state->count_min_type) : -1;
}

static int traverse(PyObject *module, visitproc visit, void *arg)
{
    struct module_state *state = PyModule_GetState(module);
    Py_VISIT(state->count_min_type);
    return perfpy_key_types_visit(&state->types, visit, arg);
}

static int clear(PyObject *module)
{
    struct module_state *state = PyModule_GetState(module);
    Py_CLEAR(state->count_min_type);
    perfpy_key_types_clear(&state->types);
    return 0;
}

static void release(void *module)
{
    clear(module);
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, execute},
    PERFPY_LAST_SLOTS,
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_count_min",
    .m_doc = "Count-min sketches.",
    .m_size = sizeof(struct module_state),
    .m_slots = slots,
    .m_traverse = traverse,
    .m_clear = clear,
    .m_free = release,
};

PyMODINIT_FUNC PyInit__count_min(void)
{
    return PyModuleDef_Init(&definition);
}
