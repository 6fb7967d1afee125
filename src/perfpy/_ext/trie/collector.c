/* From keys of Python to sorted keys, in memory or in files. */
#include "growing.h"
#include "merge.h"
#include "module.h"

enum { KEYS_BETWEEN_POLLS = 1 << 14 };

typedef struct {
    PyObject_HEAD
    struct perfpy_trie_growing keys;
    int text; /* 1 for str, 0 for bytes, -1 while there was no key */
    bool busy;
} Collector;

static const struct perfpy_trie_module *state_of(PyObject *self)
{
    PyObject *module = PyType_GetModuleByDef(Py_TYPE(self), &perfpy_trie_module);
    return module ? PyModule_GetState(module) : NULL;
}

/* Marks the collector as in use: 0, or -1 with an exception if another thread uses it. */
static int enter(Collector *self)
{
    if (self->busy) {
        PyErr_SetString(PyExc_RuntimeError, "a collector cannot be used by two threads at once");
        return -1;
    }
    self->busy = true;
    return 0;
}

/* Complains about a key of another type than str or bytes, or than the keys before; returns -1. */
static int refuse(PyObject *key)
{
    Py_INCREF(key);
    PyObject *complaint = PyObject_Repr(key);
    if (complaint)
        PyErr_Format(PyExc_TypeError, "keys must be all str or all bytes, not %.100s: %.60U", Py_TYPE(key)->tp_name,
                     complaint);
    Py_XDECREF(complaint);
    Py_DECREF(key);
    return -1;
}

/* Adds one key: 0, or -1 with an exception. Only then code of Python runs. */
static int add(Collector *self, PyObject *key)
{
    if (PyUnicode_Check(key) && self->text != 0) {
        unsigned char *room = perfpy_trie_reserve(&self->keys, perfpy_trie_most_bytes(key));
        if (room) {
            self->text = 1;
            perfpy_trie_append(&self->keys, perfpy_trie_write_text(room, key));
            return 0;
        }
    } else if (PyBytes_Check(key) && self->text != 1) {
        const size_t length = (size_t)PyBytes_GET_SIZE(key);
        unsigned char *room = perfpy_trie_reserve(&self->keys, length);
        if (room) {
            self->text = 0;
            if (length)
                memcpy(room, PyBytes_AS_STRING(key), length);
            perfpy_trie_append(&self->keys, length);
            return 0;
        }
    } else {
        return refuse(key);
    }
    PyErr_NoMemory();
    return -1;
}

/* Bytes that it takes to sort the keys. */
static uint64_t needed(const Collector *self)
{
    return 2 * self->keys.size + 32 * self->keys.count;
}

static bool is_full(const Collector *self, uint64_t limit)
{
    return needed(self) >= limit;
}

/* Looks for signals now and then: 0, or -1 with an exception. */
static int poll_signals(uint64_t done)
{
    return done % KEYS_BETWEEN_POLLS == 0 ? PyErr_CheckSignals() : 0;
}

#ifdef Py_GIL_DISABLED
/* An item with a reference of our own, as others may change the list meanwhile; NULL at the end. */
static PyObject *item_at(PyObject *keys, Py_ssize_t place)
{
    if (PyTuple_CheckExact(keys))
        return place < PyTuple_GET_SIZE(keys) ? Py_NewRef(PyTuple_GET_ITEM(keys, place)) : NULL;
    PyObject *item = PyList_GetItemRef(keys, place);
    if (!item)
        PyErr_Clear();
    return item;
}

static void release(PyObject *item)
{
    Py_DECREF(item);
}
#else
/* An item without a reference: those would be written to each object, and no code of Python runs until it is done with.
 * NULL at the end. Items further on are fetched, as they lie anywhere in memory. */
static inline PyObject *item_at(PyObject *keys, Py_ssize_t place)
{
    enum { AHEAD = 12 };
    const Py_ssize_t left = PySequence_Fast_GET_SIZE(keys) - place;
    PyObject **items = PySequence_Fast_ITEMS(keys) + place;
    if (left > AHEAD) {
        __builtin_prefetch(items[AHEAD]);
        __builtin_prefetch((const char *)items[AHEAD] + 56); /* where a string of ASCII goes on */
    }
    return left > 0 ? items[0] : NULL;
}

static inline void release(PyObject *Py_UNUSED(item))
{
}
#endif

/* Adds items of a list or tuple: the place of the next one, -1 where there is none, or -2 with an exception. */
static Py_ssize_t add_items(Collector *self, PyObject *keys, Py_ssize_t place, uint64_t limit)
{
    for (PyObject *item; (item = item_at(keys, place));) {
        int status = add(self, item);
        release(item);
        place++;
        if (status < 0 || poll_signals((uint64_t)place) < 0)
            return -2;
        if (is_full(self, limit))
            return place;
    }
    return -1;
}

/* The same of an iterator. */
static Py_ssize_t add_iterated(Collector *self, PyObject *keys, Py_ssize_t place, uint64_t limit)
{
    for (PyObject *key; (key = PyIter_Next(keys));) {
        int status = add(self, key);
        Py_DECREF(key);
        place++;
        if (status < 0 || poll_signals((uint64_t)place) < 0)
            return -2;
        if (is_full(self, limit))
            return place;
    }
    return PyErr_Occurred() ? -2 : -1;
}

PyDoc_STRVAR(extend_doc, "extend($self, keys, limit, place, /)\n--\n\n"
                         "Take keys from a list or tuple, from a place on, or from an iterator, until there are no more: -1,\n"
                         "or sorting takes so many bytes: the place of the next key.");

static PyObject *collector_extend(Collector *self, PyObject *arguments)
{
    PyObject *keys;
    unsigned long long limit;
    Py_ssize_t place;
    if (!PyArg_ParseTuple(arguments, "OKn:extend", &keys, &limit, &place))
        return NULL;
    const bool has_items = PyList_CheckExact(keys) || PyTuple_CheckExact(keys);
    if (place < 0 || (!has_items && !PyIter_Check(keys)))
        return PyErr_Format(PyExc_TypeError, "keys must be a list, a tuple or an iterator, from a place on");
    if (enter(self) < 0)
        return NULL;
    place = has_items ? add_items(self, keys, place, limit) : add_iterated(self, keys, place, limit);
    self->busy = false;
    return place == -2 ? NULL : PyLong_FromSsize_t(place);
}

static int call_sort(void *arguments, const struct perfpy_interrupt *interrupt)
{
    return perfpy_trie_sort(arguments, interrupt);
}

static PyObject *collector_sort(Collector *self, PyObject *Py_UNUSED(none))
{
    if (enter(self) < 0)
        return NULL;
    const int status = perfpy_without_gil(call_sort, &self->keys);
    self->busy = false;
    if (status) {
        perfpy_trie_raise(status);
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *collector_build(Collector *self, PyObject *layout)
{
    const struct perfpy_trie_module *state = state_of((PyObject *)self);
    if (!state || enter(self) < 0)
        return NULL;
    PyObject *made = perfpy_trie_build(state, layout, perfpy_trie_view(&self->keys));
    self->busy = false;
    return made;
}

struct writing {
    struct perfpy_trie_keys *runs;
    size_t count;
    struct perfpy_trie_files files;
};

static int call_write(void *arguments, const struct perfpy_interrupt *interrupt)
{
    const struct writing *writing = arguments;
    return perfpy_trie_write(writing->runs, writing->files, interrupt);
}

static int call_merge(void *arguments, const struct perfpy_interrupt *interrupt)
{
    const struct writing *writing = arguments;
    return perfpy_trie_merge(writing->runs, writing->count, writing->files, interrupt);
}

/* Writes without the lock of the interpreter: 0, or -1 with an exception. */
static int write_files(perfpy_kernel_call *call, struct writing *writing)
{
    errno = 0;
    const int status = perfpy_without_gil(call, writing);
    if (status == PERFPY_TRIE_WRITE_FAILED)
        PyErr_SetFromErrno(PyExc_OSError);
    else if (status == PERFPY_TRIE_WRITE_MEMORY)
        PyErr_NoMemory();
    return status ? -1 : 0;
}

PyDoc_STRVAR(spill_doc, "spill($self, offsets_file, bytes_file, /)\n--\n\nWrite the sorted keys to files, and forget them.");

static PyObject *collector_spill(Collector *self, PyObject *arguments)
{
    struct perfpy_trie_files files;
    if (!PyArg_ParseTuple(arguments, "ii:spill", &files.offsets, &files.bytes) || enter(self) < 0)
        return NULL;
    struct perfpy_trie_keys keys = perfpy_trie_view(&self->keys);
    struct writing writing = {&keys, 1, files};
    const int status = write_files(call_write, &writing);
    self->busy = false;
    if (status < 0)
        return NULL;
    perfpy_trie_free(&self->keys);
    Py_RETURN_NONE;
}

static PyObject *collector_text(Collector *self, void *Py_UNUSED(closure))
{
    return PyBool_FromLong(self->text != 0);
}

static PyObject *collector_count(Collector *self, void *Py_UNUSED(closure))
{
    return PyLong_FromUnsignedLongLong(self->keys.count);
}

static PyObject *collector_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {NULL};
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, ":Collector", names))
        return NULL;
    Collector *self = (Collector *)type->tp_alloc(type, 0);
    if (self)
        self->text = -1;
    return (PyObject *)self;
}

static void collector_dealloc(Collector *self)
{
    PyTypeObject *type = Py_TYPE(self);
    perfpy_trie_free(&self->keys);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef collector_methods[] = {
    {"extend", (PyCFunction)collector_extend, METH_VARARGS, extend_doc},
    {"sort", (PyCFunction)collector_sort, METH_NOARGS, "sort($self, /)\n--\n\nSort the keys; keep one of each."},
    {"spill", (PyCFunction)collector_spill, METH_VARARGS, spill_doc},
    {"build", (PyCFunction)collector_build, METH_O, "build($self, layout, /)\n--\n\nBuild a trie of the sorted keys."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef collector_properties[] = {
    {"text", (getter)collector_text, NULL, "Whether keys are str, as they are while there are none.", NULL},
    {"count", (getter)collector_count, NULL, "How many keys there are in memory.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot collector_slots[] = {
    {Py_tp_new, collector_new},
    {Py_tp_dealloc, collector_dealloc},
    {Py_tp_methods, collector_methods},
    {Py_tp_getset, collector_properties},
    {0, NULL},
};

PyType_Spec perfpy_trie_collector_type = {
    .name = "perfpy._ext.trie._c.Collector",
    .basicsize = sizeof(Collector),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = collector_slots,
};

/* Sorted keys in two buffers of Python. */
struct run {
    Py_buffer offsets, bytes;
};

static void close_run(struct run *run)
{
    PyBuffer_Release(&run->offsets);
    PyBuffer_Release(&run->bytes);
}

/* Opens a run; it is our own, and only its ends are checked. */
static int open_run(struct run *run, PyObject *offsets, PyObject *bytes, struct perfpy_trie_keys *keys)
{
    if (PyObject_GetBuffer(offsets, &run->offsets, PyBUF_SIMPLE) < 0)
        return -1;
    if (PyObject_GetBuffer(bytes, &run->bytes, PyBUF_SIMPLE) < 0) {
        PyBuffer_Release(&run->offsets);
        return -1;
    }
    const size_t count = (size_t)run->offsets.len / sizeof(uint64_t);
    const uint64_t *places = run->offsets.buf;
    if (count > 0 && (uintptr_t)places % sizeof *places == 0 && places[0] == 0 &&
        places[count - 1] == (uint64_t)run->bytes.len) {
        *keys = (struct perfpy_trie_keys){run->bytes.buf, places, count - 1};
        return 0;
    }
    PyErr_SetString(PyExc_ValueError, "these are no sorted keys");
    close_run(run);
    return -1;
}

PyObject *perfpy_trie_build_files(PyObject *module, PyObject *arguments)
{
    PyObject *offsets, *bytes, *layout;
    struct run run;
    struct perfpy_trie_keys keys;
    if (!PyArg_ParseTuple(arguments, "OOU:build", &offsets, &bytes, &layout) || open_run(&run, offsets, bytes, &keys) < 0)
        return NULL;
    PyObject *made = perfpy_trie_build(PyModule_GetState(module), layout, keys);
    close_run(&run);
    return made;
}

PyObject *perfpy_trie_merge_files(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    PyObject *pairs;
    struct writing writing = {0};
    if (!PyArg_ParseTuple(arguments, "O!ii:merge", &PyTuple_Type, &pairs, &writing.files.offsets, &writing.files.bytes))
        return NULL;
    const Py_ssize_t count = PyTuple_GET_SIZE(pairs);
    struct run *runs = PyMem_Calloc((size_t)count + 1, sizeof *runs);
    writing.runs = PyMem_Calloc((size_t)count + 1, sizeof *writing.runs);
    int status = runs && writing.runs ? 0 : -1;
    if (status < 0)
        PyErr_NoMemory();
    for (Py_ssize_t i = 0; status == 0 && i < count; i++) {
        PyObject *offsets, *bytes;
        if (!PyArg_ParseTuple(PyTuple_GET_ITEM(pairs, i), "OO", &offsets, &bytes) ||
            open_run(&runs[i], offsets, bytes, &writing.runs[i]) < 0)
            status = -1;
        else
            writing.count++;
    }
    if (status == 0)
        status = write_files(call_merge, &writing);
    for (size_t i = 0; i < writing.count; i++)
        close_run(&runs[i]);
    PyMem_Free(runs);
    PyMem_Free(writing.runs);
    if (status < 0)
        return NULL;
    Py_RETURN_NONE;
}
