/* CPython binding of the combinatorial count: perfpy._ext.primes._count. */
#include "../common/binding.h"

#include "count.h"
#include "count_nth.h"

struct module_state {
    struct count_kernels kernels;
    struct count_tables tables;
    PyObject *plan_type;
};

/* A Plan of Python: written when it is made, then only read, by any number of threads. */
struct plan_object {
    PyObject_HEAD
    const struct module_state *state; /* of the module that the type refers to */
    struct count_plan plan;
};

/* What the bytes of a piece begin with. */
struct piece_header {
    uint64_t x, first, stop, n;
};

static PyObject *failure(int status)
{
    return status == COUNT_NO_MEMORY ? PyErr_NoMemory() : NULL; /* or the signal handler's exception is set */
}

/* An int from 0 to 2**64 - 1. */
static int get_uint64(PyObject *object, const char *name, uint64_t *value)
{
    PyObject *number = PyNumber_Index(object);
    if (!number)
        return -1;
    *value = PyLong_AsUnsignedLongLong(number);
    if (PyErr_Occurred() && PyErr_ExceptionMatches(PyExc_OverflowError))
        PyErr_Format(PyExc_OverflowError, "%s must be from 0 to 2**64 - 1, not %R", name, number);
    Py_DECREF(number);
    return PyErr_Occurred() ? -1 : 0;
}

struct fill_call {
    struct plan_object *self;
    uint64_t x;
};

static int fill_plan(void *arguments, const struct perfpy_interrupt *interrupt)
{
    const struct fill_call *call = arguments;
    return (int)perfpy_count_plan_fill(&call->self->plan, &call->self->state->tables, call->x, 0, interrupt);
}

static PyObject *plan_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    if (keywords && PyDict_GET_SIZE(keywords))
        return PyErr_Format(PyExc_TypeError, "Plan() takes no keyword arguments");
    if (PyTuple_GET_SIZE(arguments) != 1)
        return PyErr_Format(PyExc_TypeError, "Plan() takes 1 argument (%zd given)", PyTuple_GET_SIZE(arguments));
    struct fill_call call;
    if (get_uint64(PyTuple_GET_ITEM(arguments, 0), "x", &call.x) < 0)
        return NULL;
    call.self = (struct plan_object *)type->tp_alloc(type, 0);
    if (!call.self)
        return NULL;
    call.self->state = PyType_GetModuleState(type);
    const int status = perfpy_without_gil(fill_plan, &call);
    if (status == COUNT_DONE)
        return (PyObject *)call.self;
    Py_DECREF(call.self);
    return failure(status);
}

static void plan_dealloc(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    perfpy_count_plan_clear(&((struct plan_object *)object)->plan);
    type->tp_free(object);
    Py_DECREF(type);
}

struct piece_call {
    const struct plan_object *self;
    struct piece_header range;
    uint64_t *piece;
};

static int compute_piece(void *arguments, const struct perfpy_interrupt *interrupt)
{
    const struct piece_call *call = arguments;
    const struct plan_object *self = call->self;
    const struct piece_header *range = &call->range;
    return (int)perfpy_count_piece(&self->plan, &self->state->kernels, range->first, range->stop, range->n,
                                   call->piece, interrupt);
}

PyDoc_STRVAR(part_doc, "part($self, first, stop, n, /)\n--\n\n"
                       "The parts first <= k < stop of n, together, as bytes for combine().");

static PyObject *plan_part(PyObject *object, PyObject *const *arguments, Py_ssize_t count)
{
    const struct plan_object *self = (struct plan_object *)object;
    struct piece_header range = {.x = self->plan.x};
    if (count != 3)
        return PyErr_Format(PyExc_TypeError, "part() takes 3 arguments (%zd given)", count);
    if (get_uint64(arguments[0], "first", &range.first) < 0 || get_uint64(arguments[1], "stop", &range.stop) < 0 ||
        get_uint64(arguments[2], "n", &range.n) < 0)
        return NULL;
    if (range.first >= range.stop || range.stop > range.n || range.n > COUNT_PARTS_MOST)
        return PyErr_Format(PyExc_ValueError, "first, stop and n must be 0 <= first < stop <= n <= %llu, not %R, %R, %R",
                            (unsigned long long)COUNT_PARTS_MOST, arguments[0], arguments[1], arguments[2]);
    const size_t size = perfpy_count_piece_size(&self->plan) * sizeof(uint64_t);
    uint64_t *piece = PyMem_Malloc(size);
    if (!piece)
        return PyErr_NoMemory();
    struct piece_call call = {self, range, piece};
    const int status = perfpy_without_gil(compute_piece, &call);
    PyObject *result = NULL;
    if (status == COUNT_DONE)
        result = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(sizeof range + size));
    else
        failure(status);
    if (result) {
        memcpy(PyBytes_AS_STRING(result), &range, sizeof range);
        memcpy(PyBytes_AS_STRING(result) + sizeof range, piece, size);
    }
    PyMem_Free(piece);
    return result;
}

/* A part of combine(): where it begins, and its numbers. */
struct sorted_part {
    struct piece_header range;
    const char *numbers;
};

static int by_first(const void *left, const void *right)
{
    const uint64_t a = ((const struct sorted_part *)left)->range.first;
    const uint64_t b = ((const struct sorted_part *)right)->range.first;
    return (a > b) - (a < b);
}

/* Copies the parts in their order to `pieces`, which has room for `count` of them. */
static int sort_parts(const struct plan_object *self, PyObject *const *parts, Py_ssize_t count,
                      struct sorted_part *sorted, uint64_t *pieces)
{
    const size_t size = perfpy_count_piece_size(&self->plan);
    const size_t expected = sizeof(struct piece_header) + size * sizeof *pieces;
    for (Py_ssize_t i = 0; i < count; i++) {
        if (!PyBytes_Check(parts[i]) || (size_t)PyBytes_GET_SIZE(parts[i]) != expected)
            return -1;
        memcpy(&sorted[i].range, PyBytes_AS_STRING(parts[i]), sizeof sorted[i].range);
        sorted[i].numbers = PyBytes_AS_STRING(parts[i]) + sizeof sorted[i].range;
    }
    qsort(sorted, (size_t)count, sizeof *sorted, by_first);
    uint64_t done = 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        const struct piece_header *range = &sorted[i].range;
        if (range->x != self->plan.x || range->n != sorted[0].range.n || range->first != done || range->stop <= done)
            return -1;
        done = range->stop;
        memcpy(pieces + (size_t)i * size, sorted[i].numbers, size * sizeof *pieces);
    }
    return done == sorted[0].range.n ? 0 : -1;
}

static PyObject *combine(const struct plan_object *self, PyObject *const *parts, Py_ssize_t count)
{
    const size_t size = perfpy_count_piece_size(&self->plan) * sizeof(uint64_t);
    struct sorted_part *sorted = PyMem_New(struct sorted_part, count);
    uint64_t *pieces = (size_t)count < PY_SSIZE_T_MAX / size ? PyMem_Malloc((size_t)count * size) : NULL;
    uint64_t primes;
    PyObject *result = NULL;
    if (!sorted || !pieces)
        PyErr_NoMemory();
    else if (sort_parts(self, parts, count, sorted, pieces) < 0)
        PyErr_SetString(PyExc_ValueError, "parts must be results of this plan's part(first, stop, n), one n for all, "
                                          "which together cover 0 to n once");
    else if (perfpy_count_combine(&self->plan, pieces, (uint64_t)count, &primes) != COUNT_DONE)
        PyErr_NoMemory();
    else
        result = PyLong_FromUnsignedLongLong(primes);
    PyMem_Free(pieces);
    PyMem_Free(sorted);
    return result;
}

PyDoc_STRVAR(combine_doc, "combine($self, parts, /)\n--\n\npi(x) from results of part() that cover 0 to n.");

static PyObject *plan_combine(PyObject *object, PyObject *argument)
{
    PyObject *parts = PySequence_Fast(argument, "parts must be a sequence of bytes"), *result = NULL;
    if (!parts)
        return NULL;
    if (PySequence_Fast_GET_SIZE(parts) == 0)
        PyErr_SetString(PyExc_ValueError, "parts must not be empty");
    else
        result = combine((struct plan_object *)object, PySequence_Fast_ITEMS(parts), PySequence_Fast_GET_SIZE(parts));
    Py_DECREF(parts);
    return result;
}

static PyObject *plan_get_x(PyObject *object, void *closure)
{
    (void)closure;
    return PyLong_FromUnsignedLongLong(((struct plan_object *)object)->plan.x);
}

PyDoc_STRVAR(reduce_doc, "__reduce__($self, /)\n--\n\nA plan is pickled as its x, and made anew.");

static PyObject *plan_reduce(PyObject *object, PyObject *ignored)
{
    (void)ignored;
    return Py_BuildValue("O(K)", (PyObject *)Py_TYPE(object),
                         (unsigned long long)((struct plan_object *)object)->plan.x);
}

static PyMethodDef plan_methods[] = {
    {"part", (PyCFunction)(void (*)(void))plan_part, METH_FASTCALL, part_doc},
    {"combine", plan_combine, METH_O, combine_doc},
    {"__reduce__", plan_reduce, METH_NOARGS, reduce_doc},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef plan_properties[] = {
    {"x", plan_get_x, NULL, "The number up to which primes are counted.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyDoc_STRVAR(plan_doc, "Plan(x, /)\n--\n\nThe count of the primes <= x in pieces that threads may compute at once.");

static PyType_Slot plan_slots[] = {
    {Py_tp_new, plan_new},           {Py_tp_dealloc, plan_dealloc}, {Py_tp_methods, plan_methods},
    {Py_tp_getset, plan_properties}, {Py_tp_doc, (void *)plan_doc}, {0, NULL},
};

static PyType_Spec plan_spec = {
    .name = "perfpy._ext.primes._count.Plan",
    .basicsize = sizeof(struct plan_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = plan_slots,
};

struct count_call {
    const struct module_state *state;
    uint64_t x, count;
};

static int count_primes(void *arguments, const struct perfpy_interrupt *interrupt)
{
    struct count_call *call = arguments;
    return (int)perfpy_count_primes(&call->state->tables, &call->state->kernels, call->x, &call->count, interrupt);
}

PyDoc_STRVAR(prime_pi_doc, "prime_pi($module, x, /)\n--\n\nHow many primes are <= x, for 0 <= x < 2**64.");

static PyObject *prime_pi(PyObject *module, PyObject *argument)
{
    struct count_call call = {.state = PyModule_GetState(module)};
    if (get_uint64(argument, "x", &call.x) < 0)
        return NULL;
    const int status = perfpy_without_gil(count_primes, &call);
    return status == COUNT_DONE ? PyLong_FromUnsignedLongLong(call.count) : failure(status);
}

PyDoc_STRVAR(estimate_doc, "estimate_nth_prime($module, n, /)\n--\n\n"
                           "A number near the n-th prime, off by about its square root.");

static PyObject *estimate_nth_prime(PyObject *module, PyObject *argument)
{
    (void)module;
    uint64_t n;
    if (get_uint64(argument, "n", &n) < 0)
        return NULL;
    if (n == 0 || n > PERFPY_PRIMES_BELOW_2_64)
        return PyErr_Format(PyExc_ValueError, "n must be from 1 to %llu, the number of primes below 2**64, not %llu",
                            (unsigned long long)PERFPY_PRIMES_BELOW_2_64, (unsigned long long)n);
    return PyLong_FromUnsignedLongLong(perfpy_count_estimate_nth(n));
}

static PyMethodDef methods[] = {
    {"prime_pi", prime_pi, METH_O, prime_pi_doc},
    {"estimate_nth_prime", estimate_nth_prime, METH_O, estimate_doc},
    {NULL, NULL, 0, NULL},
};

static int execute(PyObject *module)
{
    struct module_state *state = PyModule_GetState(module);
    enum perfpy_isa isa;
    if (perfpy_choose_isa(module, ~0u, &isa) < 0)
        return -1;
    state->kernels = perfpy_count_variant(isa);
    perfpy_count_tables_fill(&state->tables);
    state->plan_type = PyType_FromModuleAndSpec(module, &plan_spec, NULL);
    return state->plan_type ? PyModule_AddObjectRef(module, "Plan", state->plan_type) : -1;
}

static int traverse(PyObject *module, visitproc visit, void *arg)
{
    const struct module_state *state = PyModule_GetState(module);
    Py_VISIT(state->plan_type);
    return 0;
}

static int clear(PyObject *module)
{
    struct module_state *state = PyModule_GetState(module);
    Py_CLEAR(state->plan_type);
    return 0;
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, execute}, PERFPY_LAST_SLOTS};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_count",
    .m_doc = "The number of primes up to x, without finding them.",
    .m_size = sizeof(struct module_state),
    .m_methods = methods,
    .m_slots = slots,
    .m_traverse = traverse,
    .m_clear = clear,
};

PyMODINIT_FUNC PyInit__count(void)
{
    return PyModuleDef_Init(&definition);
}
