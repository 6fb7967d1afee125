/* An iterator over keys of consecutive ranks, which makes a few of them ahead: first one, then twice as many each time,
 * so that a walk through the layout is not begun for each key, and who takes one key does not pay for many. */
#include "module.h"

enum {
    AHEAD_MOST = 64,         /* keys */
    BYTES_AHEAD = 64 * 1024, /* of keys, after which no more are made ahead */
};

typedef struct {
    PyObject_HEAD
    PerfpyTrie *trie; /* NULL at the end */
    struct perfpy_trie_cursor cursor;
    uint64_t rank, stop; /* of the next key that is handed out */
    PyObject *keys[AHEAD_MOST]; /* those from `taken` to `made` are still there */
    unsigned taken, made, wanted;
    size_t bytes;
    bool failed; /* to make one of them */
} Iterator;

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
    while (self->taken < self->made)
        Py_DECREF(self->keys[self->taken++]);
}

/* Makes a key, and says whether one more is wanted. */
static bool take(void *context, const unsigned char *bytes, size_t length)
{
    Iterator *self = context;
    PyObject *key = perfpy_trie_decode(bytes, length, self->trie->text);
    self->failed = !key;
    if (!key)
        return false;
    self->keys[self->made++] = key;
    self->bytes += length;
    return self->bytes < BYTES_AHEAD;
}

/* Makes the next keys; false at the end, or with an exception. */
static bool make_keys(Iterator *self)
{
    const PerfpyTrie *trie = self->trie;
    struct perfpy_trie_cursor *cursor = &self->cursor;
    const uint64_t left = self->stop - self->rank;
    self->wanted = self->wanted < AHEAD_MOST ? 2 * self->wanted : AHEAD_MOST;
    self->wanted = self->wanted ? self->wanted : 1;
    self->taken = self->made = 0;
    self->bytes = 0;
    enum perfpy_trie_status status = PERFPY_TRIE_OK;
    if (left == 0)
        return false;
    if (cursor->key || cursor->state) {
        status = trie->layout->walk(&trie->trie, cursor, left < self->wanted ? left : self->wanted, take, self);
    } else {
        status = trie->layout->seek(&trie->trie, cursor, self->rank);
        if (status == PERFPY_TRIE_OK)
            take(self, cursor->key, cursor->length);
    }
    if (self->made > 0 && (status || self->failed)) {
        /* These keys come first: the next call goes back to the one that failed. */
        PyErr_Clear();
        trie->layout->close(cursor);
        self->failed = false;
        return true;
    }
    if (status)
        perfpy_trie_raise(status);
    else if (self->made == 0 && !self->failed)
        PyErr_SetString(PyExc_ValueError, "this trie is damaged: it has fewer keys than it says");
    return self->made > 0;
}

static PyObject *next_key(Iterator *self)
{
    if (self->taken == self->made && (!self->trie || !make_keys(self))) {
        finish(self);
        return NULL;
    }
    self->rank++;
    return self->keys[self->taken++];
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
