/* An iterator over keys of consecutive ranks. */
#include "module.h"

typedef struct {
    PyObject_HEAD
    PerfpyTrie *trie; /* NULL at the end */
    struct perfpy_trie_cursor cursor;
    uint64_t rank, stop;
} Iterator;

#ifndef Py_BEGIN_CRITICAL_SECTION
#define Py_BEGIN_CRITICAL_SECTION(object) {
#define Py_END_CRITICAL_SECTION() }
#endif

PyObject *perfpy_trie_iterate(PerfpyTrie *trie, uint64_t start, uint64_t stop)
{
    PyObject *module = PyType_GetModuleByDef(Py_TYPE(trie), &perfpy_trie_module);
    if (!module)
        return NULL;
    PyTypeObject *type = ((struct perfpy_trie_module *)PyModule_GetState(module))->iterator;
    Iterator *self = (Iterator *)type->tp_alloc(type, 0);
    if (!self)
        return NULL;
    Py_INCREF(trie);
    self->trie = trie;
    self->stop = stop < trie->trie.count ? stop : trie->trie.count;
    self->rank = start;
    return (PyObject *)self;
}

static void finish(Iterator *self)
{
    if (self->trie) {
        self->trie->layout->close(&self->cursor);
        Py_CLEAR(self->trie);
    }
}

static PyObject *next_key(Iterator *self)
{
    PerfpyTrie *trie = self->trie;
    if (!trie)
        return NULL;
    if (self->rank >= self->stop) {
        finish(self);
        return NULL;
    }
    struct perfpy_trie_cursor *cursor = &self->cursor;
    const bool at_first = !cursor->key && !cursor->state;
    const enum perfpy_trie_status status = at_first ? trie->layout->seek(&trie->trie, cursor, self->rank)
                                                    : trie->layout->next(&trie->trie, cursor);
    if (status) {
        perfpy_trie_raise(status);
        finish(self);
        return NULL;
    }
    self->rank++;
    return perfpy_trie_decode(cursor->key, cursor->length, trie->text);
}

static PyObject *iterator_next(Iterator *self)
{
    PyObject *key;
    Py_BEGIN_CRITICAL_SECTION(self);
    key = next_key(self);
    Py_END_CRITICAL_SECTION();
    return key;
}

static PyObject *iterator_length_hint(Iterator *self, PyObject *Py_UNUSED(none))
{
    return PyLong_FromUnsignedLongLong(self->trie && self->stop > self->rank ? self->stop - self->rank : 0);
}

static int iterator_traverse(Iterator *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->trie);
    return 0;
}

static int iterator_clear(Iterator *self)
{
    finish(self);
    return 0;
}

static void iterator_dealloc(Iterator *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    finish(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef methods[] = {
    {"__length_hint__", (PyCFunction)iterator_length_hint, METH_NOARGS,
     "__length_hint__($self, /)\n--\n\nReturn how many keys are left."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, iterator_next},
    {Py_tp_traverse, iterator_traverse},
    {Py_tp_clear, iterator_clear},
    {Py_tp_dealloc, iterator_dealloc},
    {Py_tp_methods, methods},
    {0, NULL},
};

PyType_Spec perfpy_trie_iterator_type = {
    .name = "perfpy._ext.trie._c.Iterator",
    .basicsize = sizeof(Iterator),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = slots,
};
