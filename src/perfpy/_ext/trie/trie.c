/* The type of tries: look-ups, keys by rank, prefixes. */
#include "module.h"

enum {
    PREFIXES = 32,      /* found without a second look */
    SPARE_BYTES = 4096, /* of a key, that are kept for the next one */
};

PyObject *perfpy_trie_wrong_type(const PerfpyTrie *self, PyObject *key, const char *name)
{
    return PyErr_Format(PyExc_TypeError, "%s must be %s, as the keys are, not %.100s: %R", name,
                        self->text ? "str" : "bytes", Py_TYPE(key)->tp_name, key);
}

static int trie_contains(PerfpyTrie *self, PyObject *key)
{
    struct perfpy_trie_text text;
    const int fits = perfpy_trie_encode(&text, key, self->text);
    if (fits <= 0)
        return fits;
    const int found = self->layout->has ? self->layout->has(&self->trie, text.bytes, text.length)
                                        : self->layout->find(&self->trie, text.bytes, text.length) >= 0;
    perfpy_trie_forget(&text);
    return found;
}

/* The rank of a key, -1 if it is none, -2 with an exception. */
static int64_t find(const PerfpyTrie *self, PyObject *key)
{
    struct perfpy_trie_text text;
    const int fits = perfpy_trie_encode(&text, key, self->text);
    if (fits <= 0)
        return fits < 0 ? -2 : -1;
    const int64_t rank = self->layout->find(&self->trie, text.bytes, text.length);
    perfpy_trie_forget(&text);
    return perfpy_trie_sensible(self, rank);
}

static PyObject *trie_find(PerfpyTrie *self, PyObject *key)
{
    const int64_t rank = find(self, key);
    return rank == -2 ? NULL : PyLong_FromLongLong(rank);
}

static PyObject *trie_rank(PerfpyTrie *self, PyObject *key)
{
    if (self->text ? !PyUnicode_Check(key) : !PyBytes_Check(key))
        return perfpy_trie_wrong_type(self, key, "key");
    const int64_t rank = find(self, key);
    if (rank == -1)
        PyErr_SetObject(PyExc_KeyError, key);
    return rank < 0 ? NULL : PyLong_FromLongLong(rank);
}

static PyObject *trie_lower(PerfpyTrie *self, PyObject *key)
{
    struct perfpy_trie_text text;
    const int fits = perfpy_trie_encode(&text, key, self->text);
    if (fits <= 0)
        return fits < 0 ? NULL : perfpy_trie_wrong_type(self, key, "key");
    const uint64_t rank = self->layout->lower_bound(&self->trie, text.bytes, text.length);
    perfpy_trie_forget(&text);
    return PyLong_FromUnsignedLongLong(rank < self->trie.count ? rank : self->trie.count);
}

struct perfpy_trie_cursor perfpy_trie_take_spare(PerfpyTrie *self)
{
    struct perfpy_trie_cursor cursor;
    Py_BEGIN_CRITICAL_SECTION(self);
    cursor = self->spare;
    self->spare = (struct perfpy_trie_cursor){0};
    Py_END_CRITICAL_SECTION();
    return cursor;
}

void perfpy_trie_put_back(PerfpyTrie *self, struct perfpy_trie_cursor cursor)
{
    Py_BEGIN_CRITICAL_SECTION(self);
    if (!self->spare.state && !self->spare.key && cursor.capacity <= SPARE_BYTES) {
        self->spare = cursor;
        cursor = (struct perfpy_trie_cursor){0};
    }
    Py_END_CRITICAL_SECTION();
    self->layout->close(&cursor);
}

static PyObject *key_at(PerfpyTrie *self, uint64_t rank)
{
    struct perfpy_trie_cursor cursor = perfpy_trie_take_spare(self);
    const enum perfpy_trie_status status = self->layout->seek(&self->trie, &cursor, rank);
    PyObject *key = NULL;
    if (status)
        perfpy_trie_raise(status);
    else
        key = perfpy_trie_decode(cursor.key, cursor.length, self->text);
    perfpy_trie_put_back(self, cursor);
    return key;
}

static Py_ssize_t trie_length(PerfpyTrie *self)
{
    return (Py_ssize_t)self->trie.count;
}

static PyObject *trie_subscript(PerfpyTrie *self, PyObject *index)
{
    if (PySlice_Check(index))
        return perfpy_trie_slice(self, index);
    const Py_ssize_t given = PyNumber_AsSsize_t(index, PyExc_IndexError);
    if (given == -1 && PyErr_Occurred())
        return NULL;
    const Py_ssize_t rank = given < 0 ? given + trie_length(self) : given;
    if (rank < 0 || rank >= trie_length(self))
        return PyErr_Format(PyExc_IndexError, "rank %zd is out of range for a trie of %zd keys", given,
                            trie_length(self));
    return key_at(self, (uint64_t)rank);
}

static PyObject *trie_key(PerfpyTrie *self, PyObject *index)
{
    const uint64_t rank = PyLong_AsUnsignedLongLong(index);
    if (PyErr_Occurred())
        return NULL;
    if (rank >= self->trie.count)
        return PyErr_Format(PyExc_IndexError, "there is no rank %R", index);
    return key_at(self, rank);
}

static PyObject *trie_iter(PerfpyTrie *self)
{
    return perfpy_trie_iterate(self, &(struct perfpy_trie_span){.stop = self->trie.count}, NULL);
}

static PyObject *trie_iterate(PerfpyTrie *self, PyObject *arguments)
{
    unsigned long long start, stop;
    if (!PyArg_ParseTuple(arguments, "KK:_iterate", &start, &stop))
        return NULL;
    struct perfpy_trie_span span = {.stop = stop < self->trie.count ? stop : self->trie.count};
    span.start = start < span.stop ? start : span.stop;
    return perfpy_trie_iterate(self, &span, NULL);
}

/* Makes a list of the first bytes of a text, as many as the lengths say. All of it is the text itself. */
static PyObject *beginnings(const PerfpyTrie *self, PyObject *object, const struct perfpy_trie_text *text,
                            const uint64_t *lengths, size_t count)
{
    const bool whole = PyUnicode_CheckExact(object) || PyBytes_CheckExact(object);
    PyObject *keys = PyList_New((Py_ssize_t)count);
    for (size_t i = 0; keys && i < count; i++) {
        PyObject *key;
        if (whole && lengths[i] == text->length) {
            key = object;
            Py_INCREF(key);
        } else {
            key = perfpy_trie_decode(text->bytes, lengths[i], self->text);
        }
        if (!key)
            Py_CLEAR(keys);
        else
            PyList_SET_ITEM(keys, (Py_ssize_t)i, key);
    }
    return keys;
}

static PyObject *trie_prefixes(PerfpyTrie *self, PyObject *object)
{
    struct perfpy_trie_text text;
    uint64_t few[PREFIXES];
    const int fits = perfpy_trie_encode(&text, object, self->text);
    if (fits <= 0)
        return fits < 0 ? NULL : perfpy_trie_wrong_type(self, object, "text");
    PyObject *keys = NULL;
    const size_t count = self->layout->prefixes(&self->trie, text.bytes, text.length, NULL, few, PREFIXES);
    if (count <= PREFIXES) {
        keys = beginnings(self, object, &text, few, count);
    } else {
        uint64_t *many = count > SIZE_MAX / sizeof *many ? NULL : malloc(count * sizeof *many);
        if (many) {
            const size_t again = self->layout->prefixes(&self->trie, text.bytes, text.length, NULL, many, count);
            keys = beginnings(self, object, &text, many, again < count ? again : count);
        } else {
            PyErr_NoMemory();
        }
        free(many);
    }
    perfpy_trie_forget(&text);
    return keys;
}

static PyObject *trie_check(PerfpyTrie *self, PyObject *Py_UNUSED(none))
{
    bool sound;
    Py_BEGIN_ALLOW_THREADS
    sound = self->layout->check(&self->trie);
    Py_END_ALLOW_THREADS
    return PyBool_FromLong(sound);
}

PyDoc_STRVAR(trie_doc, "Trie(memory, layout, text)\n--\n\n"
                       "A trie in the memory of a buffer, which must not change; its keys are str if text, else bytes.");

static PyObject *trie_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    PyObject *memory, *name;
    int text;
    static char *names[] = {"memory", "layout", "text", NULL};
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "OUp:Trie", names, &memory, &name, &text))
        return NULL;
    PyObject *module = PyType_GetModuleByDef(type, &perfpy_trie_module);
    if (!module)
        return NULL;
    const struct perfpy_trie_module *state = PyModule_GetState(module);
    const struct perfpy_trie_layout *layout = perfpy_trie_layout_named(name, state->isa);
    PerfpyTrie *self = layout ? (PerfpyTrie *)type->tp_alloc(type, 0) : NULL;
    if (!self)
        return NULL;
    self->module = state;
    self->layout = layout;
    self->text = text;
    if (PyObject_GetBuffer(memory, &self->memory, PyBUF_SIMPLE) < 0) {
        self->memory.obj = NULL;
    } else if (layout->open(&self->trie, self->memory.buf, (size_t)self->memory.len) &&
               self->trie.count <= PY_SSIZE_T_MAX) {
        return (PyObject *)self;
    } else {
        PyErr_Format(PyExc_ValueError, "this trie is damaged: its bytes are no %s trie", layout->name);
    }
    Py_DECREF(self);
    return NULL;
}

/* The object with the memory is not visited: a memoryview in cyclic garbage would be cleared while its memory is in use
 * here, of which Python crashes. What memory belongs to refers to no trie, so that no cycle is missed. */
static int trie_traverse(PerfpyTrie *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    return 0;
}

static void trie_dealloc(PerfpyTrie *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    if (self->layout)
        self->layout->close(&self->spare);
    if (self->memory.obj)
        PyBuffer_Release(&self->memory);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *trie_layout(PerfpyTrie *self, void *Py_UNUSED(closure))
{
    return PyUnicode_FromString(self->layout->name);
}

static PyObject *trie_key_type(PerfpyTrie *self, void *Py_UNUSED(closure))
{
    PyObject *type = (PyObject *)(self->text ? &PyUnicode_Type : &PyBytes_Type);
    Py_INCREF(type);
    return type;
}

static PyObject *trie_nbytes(PerfpyTrie *self, void *Py_UNUSED(closure))
{
    return PyLong_FromSsize_t(self->memory.len);
}

static PyObject *trie_memory(PerfpyTrie *self, void *Py_UNUSED(closure))
{
    return PyMemoryView_FromObject(self->memory.obj);
}

static PyGetSetDef properties[] = {
    {"layout", (getter)trie_layout, NULL, "How the keys are kept.", NULL},
    {"key_type", (getter)trie_key_type, NULL, "``str`` or ``bytes``: what the keys are.", NULL},
    {"nbytes", (getter)trie_nbytes, NULL, "Bytes that the keys take in memory, or in a mapped file.", NULL},
    {"_memory", (getter)trie_memory, NULL, "The bytes of the trie.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyDoc_STRVAR(ranks_of_doc, "_ranks_of($self, keys, ranks, /)\n--\n\n"
                           "Fill ranks, an int64 array as long as keys, a list or tuple, with their ranks or -1.");

static PyMethodDef methods[] = {
    {"rank", (PyCFunction)trie_rank, METH_O,
     "rank($self, key, /)\n--\n\nReturn how many keys are below this key, which must be one; a `KeyError` if not."},
    {"_find", (PyCFunction)trie_find, METH_O, "_find($self, key, /)\n--\n\nReturn the rank of a key, or -1."},
    {"_lower", (PyCFunction)trie_lower, METH_O, "_lower($self, key, /)\n--\n\nReturn how many keys are below this one."},
    {"_key", (PyCFunction)trie_key, METH_O, "_key($self, rank, /)\n--\n\nReturn the key of a rank."},
    {"_iterate", (PyCFunction)trie_iterate, METH_VARARGS,
     "_iterate($self, start, stop, /)\n--\n\nReturn an iterator over the keys of these ranks."},
    {"keys", (PyCFunction)(void (*)(void))perfpy_trie_keys_with, METH_FASTCALL | METH_KEYWORDS,
     "keys($self, prefix=None)\n--\n\nReturn the keys that begin with `prefix`, in order; all keys without one."},
    {"count", (PyCFunction)(void (*)(void))perfpy_trie_count, METH_FASTCALL | METH_KEYWORDS,
     "count($self, prefix=None)\n--\n\nReturn how many keys begin with `prefix`."},
    {"range", (PyCFunction)(void (*)(void))perfpy_trie_between, METH_VARARGS | METH_KEYWORDS,
     "range($self, low=None, high=None)\n--\n\n"
     "Return the keys from `low` on and below `high`, in order; either may be left out."},
    {"prefixes", (PyCFunction)trie_prefixes, METH_O,
     "prefixes($self, text, /)\n--\n\nReturn all keys that `text` begins with, shortest first."},
    {"_ranks_of", (PyCFunction)perfpy_trie_ranks_of, METH_VARARGS, ranks_of_doc},
    {"_check", (PyCFunction)trie_check, METH_NOARGS,
     "_check($self, /)\n--\n\nTell whether all of the bytes make sense."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc, (void *)trie_doc},
    {Py_tp_new, trie_new},
    {Py_tp_traverse, trie_traverse},
    {Py_tp_dealloc, trie_dealloc},
    {Py_tp_methods, methods},
    {Py_tp_getset, properties},
    {Py_tp_iter, trie_iter},
    {Py_sq_contains, trie_contains},
    {Py_sq_length, trie_length},
    {Py_mp_length, trie_length},
    {Py_mp_subscript, trie_subscript},
    {0, NULL},
};

PyType_Spec perfpy_trie_type = {
    .name = "perfpy._ext.trie._c.Trie",
    .basicsize = sizeof(PerfpyTrie),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = slots,
};
