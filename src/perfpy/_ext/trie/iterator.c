/* An iterator over keys of consecutive ranks, which makes a few of them ahead: all of them where they are few, else first
 * one, then twice as many each time, so that a walk through the layout is not begun for each key, and who takes one key
 * does not pay for many. */
#include "module.h"

enum {
    FEW = 8,                 /* keys, for which there is room here */
    AHEAD_MOST = 64,         /* keys */
    BYTES_AHEAD = 64 * 1024, /* of keys, after which no more are made ahead */
};

typedef struct {
    PyObject_HEAD
    PerfpyTrie *trie; /* NULL at the end */
    struct perfpy_trie_cursor cursor;
    bool begun; /* the cursor is at the last key that was made */
    struct perfpy_trie_span span; /* from the next key that is handed out on */
    PyObject *prefix;             /* with which the first key is found, or NULL */
    PyObject **keys;              /* those from `taken` to `made` are still there */
    unsigned taken, made, wanted;
    size_t bytes;
    bool failed; /* to make one of them */
    PyObject *few[FEW];
} Iterator;

PyObject *perfpy_trie_iterate(PerfpyTrie *trie, const struct perfpy_trie_span *span, PyObject *prefix)
{
    Iterator *self = (Iterator *)perfpy_trie_make(trie->module->iterator);
    if (!self)
        return NULL;
    Py_INCREF(trie);
    Py_XINCREF(prefix);
    self->trie = trie;
    self->span = *span;
    self->prefix = prefix;
    self->keys = self->few;
    return (PyObject *)self;
}

static void leave(Iterator *self)
{
    if (self->begun)
        perfpy_trie_put_back(self->trie, self->cursor);
    self->begun = false;
}

static void finish(Iterator *self)
{
    if (self->trie) {
        leave(self);
        Py_CLEAR(self->trie);
    }
    Py_CLEAR(self->prefix);
    while (self->taken < self->made)
        Py_DECREF(self->keys[self->taken++]);
    if (self->keys != self->few)
        PyMem_Free(self->keys);
    self->keys = self->few;
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
    return self->made < self->wanted && self->bytes < BYTES_AHEAD;
}

/* Sets how many keys are to be made, of those that are left. */
static void want_more(Iterator *self, uint64_t left)
{
    if (left <= FEW) {
        self->wanted = (unsigned)left;
        return;
    }
    self->wanted = self->wanted ? 2 * self->wanted : 1;
    if (self->wanted > FEW && self->keys == self->few) {
        PyObject **many = PyMem_Malloc(AHEAD_MOST * sizeof *many);
        self->keys = many ? many : self->few;
    }
    const unsigned most = self->keys == self->few ? FEW : AHEAD_MOST;
    self->wanted = self->wanted < most ? self->wanted : most;
    self->wanted = self->wanted < left ? self->wanted : (unsigned)left;
}

/* Goes to the next key that is to be handed out. */
static enum perfpy_trie_status begin(Iterator *self)
{
    const PerfpyTrie *trie = self->trie;
    struct perfpy_trie_text text;
    self->cursor = perfpy_trie_take_spare(self->trie);
    self->begun = true;
    if (!self->prefix)
        return trie->layout->seek(&trie->trie, &self->cursor, self->span.start);
    if (perfpy_trie_encode(&text, self->prefix, trie->text) <= 0)
        return PERFPY_TRIE_MEMORY;
    const enum perfpy_trie_status status =
        trie->layout->seek_span(&trie->trie, &self->cursor, text.bytes, text.length, &self->span);
    perfpy_trie_forget(&text);
    Py_CLEAR(self->prefix); /* from now on there are ranks */
    return status;
}

/* Makes the next keys; false at the end, or with an exception. */
static bool make_keys(Iterator *self)
{
    const PerfpyTrie *trie = self->trie;
    const uint64_t left = self->span.stop - self->span.start;
    enum perfpy_trie_status status = PERFPY_TRIE_OK;
    bool more = true;
    if (left == 0)
        return false;
    want_more(self, left);
    self->taken = self->made = 0;
    self->bytes = 0;
    if (!self->begun) {
        status = begin(self);
        more = status == PERFPY_TRIE_OK && take(self, self->cursor.key, self->cursor.length);
    }
    if (more)
        status = trie->layout->walk(&trie->trie, &self->cursor, self->wanted - self->made, take, self);
    if (self->made > 0 && (status || self->failed)) {
        /* These keys come first: the next call goes back to the one that failed. */
        PyErr_Clear();
        leave(self);
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
    self->span.start++;
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
    return PyLong_FromUnsignedLongLong(self->trie ? self->span.stop - self->span.start : 0);
}

static int iterator_traverse(Iterator *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->trie);
    Py_VISIT(self->prefix);
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
