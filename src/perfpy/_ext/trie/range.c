/* Keys of consecutive ranks, as what the classes of sequences of keys are made of: how many there are, and an iterator
 * over them. Those that begin with a prefix remember where it has been found. */
#include "module.h"

typedef struct {
    PyObject_HEAD
    PerfpyTrie *trie;
    struct perfpy_trie_span span;
    PyObject *prefix; /* or NULL: the ranks are all that is known */
} Range;

PyObject *perfpy_trie_range(PerfpyTrie *trie, const struct perfpy_trie_span *span, PyObject *prefix)
{
    PyTypeObject *type = trie->module->range;
    Range *self = type ? (Range *)type->tp_alloc(type, 0) : NULL;
    if (!self)
        return type ? NULL : PyErr_Format(PyExc_RuntimeError, "the interpreter is at its end");
    Py_INCREF(trie);
    Py_XINCREF(prefix);
    self->trie = trie;
    self->span = *span;
    self->prefix = prefix;
    return (PyObject *)self;
}

static Py_ssize_t range_length(Range *self)
{
    return (Py_ssize_t)(self->span.stop - self->span.start);
}

static int range_bool(Range *self)
{
    return self->span.stop > self->span.start;
}

static PyObject *range_iter(Range *self)
{
    return perfpy_trie_iterate(self->trie, &self->span, self->prefix);
}

static PyObject *range_trie(Range *self, void *Py_UNUSED(closure))
{
    Py_INCREF(self->trie);
    return (PyObject *)self->trie;
}

static PyObject *range_ranks(Range *self, void *Py_UNUSED(closure))
{
    return PyObject_CallFunction((PyObject *)&PyRange_Type, "KK", (unsigned long long)self->span.start,
                                 (unsigned long long)self->span.stop);
}

/* What it refers to never changes, so that nothing is to be cleared: a cycle is broken elsewhere. */
static int range_traverse(Range *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->trie);
    Py_VISIT(self->prefix);
    return 0;
}

static void range_dealloc(Range *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_XDECREF(self->trie);
    Py_XDECREF(self->prefix);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyGetSetDef properties[] = {
    {"_trie", (getter)range_trie, NULL, "Whose keys these are.", NULL},
    {"_ranks", (getter)range_ranks, NULL, "Ranks of the keys.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_iter, range_iter},
    {Py_tp_traverse, range_traverse},
    {Py_tp_dealloc, range_dealloc},
    {Py_tp_getset, properties},
    {Py_sq_length, range_length},
    {Py_nb_bool, range_bool},
    {0, NULL},
};

PyType_Spec perfpy_trie_range_type = {
    .name = "perfpy._ext.trie._c.Range",
    .basicsize = sizeof(Range),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE |
             Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = slots,
};
