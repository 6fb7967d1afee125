/* Keys of consecutive ranks, as what the classes of sequences of keys are made of: how many there are, and an iterator
 * over them. Those that begin with a prefix remember where it has been found. And the methods that make them. */
#include "module.h"

typedef struct {
    PyObject_HEAD
    PerfpyTrie *trie;
    struct perfpy_trie_span span;
    PyObject *prefix; /* or NULL: the ranks are all that is known */
} Range;

/* The prefix is that of the layout's span(), or NULL for any ranks. */
static PyObject *make_range(PerfpyTrie *trie, const struct perfpy_trie_span *span, PyObject *prefix)
{
    Range *self = (Range *)perfpy_trie_make(trie->module->range);
    if (!self)
        return NULL;
    Py_INCREF(trie);
    Py_XINCREF(prefix);
    self->trie = trie;
    self->span = *span;
    self->prefix = prefix;
    return (PyObject *)self;
}

static PyObject *range_of(PerfpyTrie *self, uint64_t start, uint64_t stop)
{
    const struct perfpy_trie_span span = {.start = start, .stop = stop > start ? stop : start};
    return make_range(self, &span, NULL);
}

/* Finds the keys with a prefix, all for None; false with an exception. */
static bool find_span(PerfpyTrie *self, PyObject *prefix, struct perfpy_trie_span *span)
{
    if (prefix == Py_None) {
        *span = (struct perfpy_trie_span){.stop = self->trie.count};
        return true;
    }
    struct perfpy_trie_text text;
    const int fits = perfpy_trie_encode(&text, prefix, self->text);
    if (fits <= 0) {
        if (fits == 0)
            perfpy_trie_wrong_type(self, prefix, "prefix");
        return false;
    }
    const enum perfpy_trie_status status = self->layout->span(&self->trie, text.bytes, text.length, span);
    perfpy_trie_forget(&text);
    if (status)
        perfpy_trie_raise(status);
    return status == PERFPY_TRIE_OK;
}

/* The only argument, which may be left out or be called `prefix`; NULL with an exception. */
static PyObject *prefix_of(const char *name, PyObject *const *arguments, Py_ssize_t count, PyObject *names)
{
    const Py_ssize_t named = names ? PyTuple_GET_SIZE(names) : 0;
    if (count + named > 1)
        return PyErr_Format(PyExc_TypeError, "%s() takes at most 1 argument, not %zd", name, count + named);
    if (named && PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, 0), "prefix") != 0)
        return PyErr_Format(PyExc_TypeError, "%s() has no argument %R", name, PyTuple_GET_ITEM(names, 0));
    return count + named ? arguments[0] : Py_None;
}

PyObject *perfpy_trie_keys_with(PerfpyTrie *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names)
{
    struct perfpy_trie_span span;
    PyObject *prefix = prefix_of("keys", arguments, count, names);
    if (!prefix || !find_span(self, prefix, &span))
        return NULL;
    return make_range(self, &span, prefix == Py_None ? NULL : prefix);
}

PyObject *perfpy_trie_count(PerfpyTrie *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names)
{
    struct perfpy_trie_span span;
    PyObject *prefix = prefix_of("count", arguments, count, names);
    return prefix && find_span(self, prefix, &span) ? PyLong_FromUnsignedLongLong(span.stop - span.start) : NULL;
}

/* Sets the rank of a bound unless it is None; false with an exception. */
static bool find_bound(const PerfpyTrie *self, PyObject *key, const char *name, uint64_t *rank)
{
    struct perfpy_trie_text text;
    if (key == Py_None)
        return true;
    const int fits = perfpy_trie_encode(&text, key, self->text);
    if (fits <= 0) {
        if (fits == 0)
            perfpy_trie_wrong_type(self, key, name);
        return false;
    }
    const uint64_t found = self->layout->lower_bound(&self->trie, text.bytes, text.length);
    perfpy_trie_forget(&text);
    *rank = found < self->trie.count ? found : self->trie.count;
    return true;
}

PyObject *perfpy_trie_between(PerfpyTrie *self, PyObject *arguments, PyObject *keywords)
{
    PyObject *low = Py_None, *high = Py_None;
    uint64_t start = 0, stop = self->trie.count;
    static char *names[] = {"low", "high", NULL};
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "|OO:range", names, &low, &high))
        return NULL;
    const bool found = find_bound(self, low, "low", &start) && find_bound(self, high, "high", &stop);
    return found ? range_of(self, start, stop) : NULL;
}

/* Keys of consecutive ranks; those of others are a matter of Python. */
PyObject *perfpy_trie_slice(PerfpyTrie *self, PyObject *index)
{
    Py_ssize_t start, stop, step;
    if (PySlice_Unpack(index, &start, &stop, &step) < 0)
        return NULL;
    if (step != 1)
        return PyObject_CallMethod((PyObject *)self, "_slice", "O", index);
    PySlice_AdjustIndices((Py_ssize_t)self->trie.count, &start, &stop, step);
    return range_of(self, (uint64_t)start, (uint64_t)stop);
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
