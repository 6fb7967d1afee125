/* CPython binding of tries: perfpy._ext.trie._c.
 *
 * A Trie reads memory that belongs to another object: bytes, a mapped file, what a Collector has built. It never
 * changes, so that any number of threads may use one at once. Builds, sorting and batches of look-ups run without the
 * lock of the interpreter.
 */
#include "module.h"

const struct perfpy_trie_layout *perfpy_trie_layout_named(PyObject *name, enum perfpy_isa isa)
{
    const struct perfpy_trie_layout *layouts[] = {&perfpy_trie_compact, perfpy_trie_fast_variant(isa)};
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++)
        if (PyUnicode_CompareWithASCIIString(name, layouts[i]->name) == 0)
            return layouts[i];
    PyErr_Format(PyExc_ValueError, "there is no layout %R", name);
    return NULL;
}

static int add_type(PyObject *module, PyType_Spec *spec, PyTypeObject **type)
{
    *type = (PyTypeObject *)PyType_FromModuleAndSpec(module, spec, NULL);
    return *type ? PyModule_AddType(module, *type) : -1;
}

static int execute(PyObject *module)
{
    struct perfpy_trie_module *state = PyModule_GetState(module);
    if (perfpy_choose_isa(module, ~0u, &state->isa) < 0 || add_type(module, &perfpy_trie_type, &state->trie) < 0 ||
        add_type(module, &perfpy_trie_iterator_type, &state->iterator) < 0 ||
        add_type(module, &perfpy_trie_range_type, &state->range) < 0 ||
        add_type(module, &perfpy_trie_payload_type, &state->payload) < 0)
        return -1;
    return add_type(module, &perfpy_trie_collector_type, &state->collector);
}

static int traverse(PyObject *module, visitproc visit, void *arg)
{
    struct perfpy_trie_module *state = PyModule_GetState(module);
    Py_VISIT(state->trie);
    Py_VISIT(state->iterator);
    Py_VISIT(state->range);
    Py_VISIT(state->payload);
    Py_VISIT(state->collector);
    return 0;
}

static int clear(PyObject *module)
{
    struct perfpy_trie_module *state = PyModule_GetState(module);
    Py_CLEAR(state->trie);
    Py_CLEAR(state->iterator);
    Py_CLEAR(state->range);
    Py_CLEAR(state->payload);
    Py_CLEAR(state->collector);
    return 0;
}

static void release(void *module)
{
    clear(module);
}

/* Says which class the sequences of keys are of from now on: one derived of Range, with whatever sequences have. */
static PyObject *use_ranges(PyObject *module, PyObject *type)
{
    struct perfpy_trie_module *state = PyModule_GetState(module);
    PyObject *range = PyObject_GetAttrString(module, "Range");
    const int fits = range ? PyType_Check(type) && PyObject_IsSubclass(type, range) : -1;
    Py_XDECREF(range);
    if (fits < 0)
        return NULL;
    if (!fits)
        return PyErr_Format(PyExc_TypeError, "%R is no class derived of Range", type);
    PyTypeObject *before = state->range;
    Py_INCREF(type);
    state->range = (PyTypeObject *)type;
    Py_XDECREF(before);
    Py_INCREF(type);
    return type;
}

static PyMethodDef functions[] = {
    {"use_ranges", use_ranges, METH_O, "use_ranges(ranges, /)\n--\n\nMake keys() and its like return a class of Range."},
    {"merge", perfpy_trie_merge_files, METH_VARARGS,
     "merge(runs, offsets_file, bytes_file, /)\n--\n\nWrite the keys of runs (offsets, bytes) in order to two files."},
    {"build", perfpy_trie_build_files, METH_VARARGS,
     "build(offsets, bytes, layout, /)\n--\n\nBuild a trie of sorted keys."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, execute},
    PERFPY_LAST_SLOTS,
};

struct PyModuleDef perfpy_trie_module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_c",
    .m_doc = "Tries.",
    .m_size = sizeof(struct perfpy_trie_module),
    .m_methods = functions,
    .m_slots = slots,
    .m_traverse = traverse,
    .m_clear = clear,
    .m_free = release,
};

PyMODINIT_FUNC PyInit__c(void)
{
    return PyModuleDef_Init(&perfpy_trie_module);
}
