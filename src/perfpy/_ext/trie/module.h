/* What the files of the binding share. */
#ifndef PERFPY_TRIE_MODULE_H
#define PERFPY_TRIE_MODULE_H

#include "../common/binding.h"
#include "layout.h"
#include "text.h"

struct perfpy_trie_module {
    PyTypeObject *trie, *iterator, *payload, *collector;
    PyTypeObject *range; /* of what keys() and its like return */
    enum perfpy_isa isa;
};

extern struct PyModuleDef perfpy_trie_module;

/* A trie over the memory of an object of Python. */
typedef struct {
    PyObject_HEAD
    const struct perfpy_trie_module *module; /* that of its type */
    Py_buffer memory;
    const struct perfpy_trie_layout *layout;
    struct perfpy_trie trie;
    bool text; /* keys are str, else bytes */
    struct perfpy_trie_cursor spare; /* for who needs one next, so that mostly nothing is allocated */
} PerfpyTrie;

extern PyType_Spec perfpy_trie_type, perfpy_trie_range_type, perfpy_trie_iterator_type, perfpy_trie_payload_type,
    perfpy_trie_collector_type;

/* A rank that a damaged trie made up, and that no key has, is none. */
static inline int64_t perfpy_trie_sensible(const PerfpyTrie *self, int64_t rank)
{
    return (uint64_t)rank < self->trie.count ? rank : -1;
}

#ifndef Py_BEGIN_CRITICAL_SECTION
#define Py_BEGIN_CRITICAL_SECTION(object) {
#define Py_END_CRITICAL_SECTION() }
#endif

/* The method _ranks_of(keys, ranks). */
PyObject *perfpy_trie_ranks_of(PerfpyTrie *self, PyObject *arguments);

/* Finds a layout by its name: NULL with an exception if there is none. */
const struct perfpy_trie_layout *perfpy_trie_layout_named(PyObject *name, enum perfpy_isa isa);

/* Sets the exception of an argument that is not what the keys are, and returns NULL. */
PyObject *perfpy_trie_wrong_type(const PerfpyTrie *self, PyObject *key, const char *name);

/* The methods keys(prefix=None), count(prefix=None) and range(low=None, high=None), and the keys of a slice. */
PyObject *perfpy_trie_keys_with(PerfpyTrie *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names);
PyObject *perfpy_trie_count(PerfpyTrie *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names);
PyObject *perfpy_trie_between(PerfpyTrie *self, PyObject *arguments, PyObject *keywords);
PyObject *perfpy_trie_slice(PerfpyTrie *self, PyObject *index);

/* Makes an iterator over the keys of a span. The prefix is that of the layout's span(), or NULL for any ranks. */
PyObject *perfpy_trie_iterate(PerfpyTrie *trie, const struct perfpy_trie_span *span, PyObject *prefix);

/* Makes an empty object of a type of the module, which has none left when the interpreter ends. */
static inline PyObject *perfpy_trie_make(PyTypeObject *type)
{
    return type ? type->tp_alloc(type, 0) : PyErr_Format(PyExc_RuntimeError, "the interpreter is at its end");
}

/* The cursor that is kept, unless another thread has it, or a new one; and back, or away with it. */
struct perfpy_trie_cursor perfpy_trie_take_spare(PerfpyTrie *self);
void perfpy_trie_put_back(PerfpyTrie *self, struct perfpy_trie_cursor cursor);

/* Sets the exception of a status that is not PERFPY_TRIE_OK, unless a signal handler has set one. */
void perfpy_trie_raise(enum perfpy_trie_status status);

/* Builds a trie of sorted keys without the lock of the interpreter and returns its bytes. */
PyObject *perfpy_trie_build(const struct perfpy_trie_module *state, PyObject *layout, struct perfpy_trie_keys keys);

/* merge(runs, offsets_file, bytes_file) and build(offsets, bytes, layout). */
PyObject *perfpy_trie_merge_files(PyObject *module, PyObject *arguments);
PyObject *perfpy_trie_build_files(PyObject *module, PyObject *arguments);

#endif
