/* CPython binding of primality, neighbours and factors of 64-bit numbers: perfpy._ext.primes._arithmetic. */
#include "../common/binding.h"

#include "factor.h"
#include "is_prime.h"

struct module_state {
    is_prime_kernel *kernel;
    struct prime_tables tables;
};

/* An int from 0 to 2**64 - 1. */
static int get_uint64(PyObject *object, uint64_t *value)
{
    PyObject *number = PyNumber_Index(object);
    if (!number)
        return -1;
    *value = PyLong_AsUnsignedLongLong(number);
    if (PyErr_Occurred() && PyErr_ExceptionMatches(PyExc_OverflowError))
        PyErr_Format(PyExc_OverflowError, "n must be from 0 to 2**64 - 1, not %R", number);
    Py_DECREF(number);
    return PyErr_Occurred() ? -1 : 0;
}

PyDoc_STRVAR(is_prime_doc, "is_prime($module, n, /)\n--\n\nWhether 0 <= n < 2**64 is prime.");

static PyObject *is_prime(PyObject *module, PyObject *argument)
{
    const struct module_state *state = PyModule_GetState(module);
    uint64_t n;
    if (get_uint64(argument, &n) < 0)
        return NULL;
    return PyBool_FromLong(perfpy_is_prime(&state->tables, n));
}

struct array_call {
    const struct module_state *state;
    struct integers numbers;
    uint8_t *out;
};

static int test_array(void *arguments, const struct perfpy_interrupt *interrupt)
{
    const struct array_call *call = arguments;
    return (int)call->state->kernel(&call->state->tables, &call->numbers, call->out, interrupt);
}

PyDoc_STRVAR(is_prime_array_doc, "is_prime_array($module, numbers, out, /)\n--\n\n"
                                 "Fill the bool buffer out with whether each of the integers is prime.");

static PyObject *is_prime_array(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    if (count != 2)
        return PyErr_Format(PyExc_TypeError, "is_prime_array() takes 2 arguments (%zd given)", count);
    Py_buffer numbers, out;
    PyObject *result = NULL;
    if (perfpy_get_buffer(arguments[0], &numbers, "numbers", "bBhHiIlLqQ", 1, 1, 0) < 0)
        return NULL;
    if (perfpy_get_buffer(arguments[1], &out, "out", "?", 1, 1, PyBUF_WRITABLE) < 0)
        goto release_numbers;
    if (out.shape[0] != numbers.shape[0]) {
        PyErr_Format(PyExc_ValueError, "out must have %zd elements as numbers has, not %zd", numbers.shape[0],
                     out.shape[0]);
        goto release_out;
    }
    const char format = *perfpy_format(&numbers);
    struct array_call call = {
        .state = PyModule_GetState(module),
        .numbers = {numbers.buf, (size_t)numbers.shape[0], (unsigned)numbers.itemsize, strchr("bhilq", format) != NULL},
        .out = out.buf,
    };
    if (perfpy_without_gil(test_array, &call) == IS_PRIME_DONE)
        result = Py_NewRef(Py_None); /* else the signal handler's exception is set */
release_out:
    PyBuffer_Release(&out);
release_numbers:
    PyBuffer_Release(&numbers);
    return result;
}

PyDoc_STRVAR(next_prime_doc, "next_prime($module, n, /)\n--\n\n"
                             "The least prime > n; OverflowError if it is above 2**64.");

static PyObject *next_prime(PyObject *module, PyObject *argument)
{
    const struct module_state *state = PyModule_GetState(module);
    uint64_t n;
    if (get_uint64(argument, &n) < 0)
        return NULL;
    if (n >= LARGEST_PRIME_64)
        return PyErr_Format(PyExc_OverflowError, "the next prime after %llu is above 2**64", (unsigned long long)n);
    return PyLong_FromUnsignedLongLong(perfpy_prime_after(&state->tables, n));
}

PyDoc_STRVAR(previous_prime_doc, "previous_prime($module, n, /)\n--\n\n"
                                 "The greatest prime < n, for 2 < n <= 2**64.");

static PyObject *previous_prime(PyObject *module, PyObject *argument)
{
    const struct module_state *state = PyModule_GetState(module);
    PyObject *number = PyNumber_Index(argument), *one = PyLong_FromLong(1), *below = NULL;
    if (number && one)
        below = PyNumber_Subtract(number, one);
    Py_XDECREF(one);
    Py_XDECREF(number);
    if (!below)
        return NULL;
    const uint64_t last = PyLong_AsUnsignedLongLong(below);
    Py_DECREF(below);
    if (PyErr_Occurred() && PyErr_ExceptionMatches(PyExc_OverflowError))
        return PyErr_Format(PyExc_OverflowError, "n must be from 3 to 2**64, not %R", argument);
    if (PyErr_Occurred())
        return NULL;
    if (last < 2)
        return PyErr_Format(PyExc_ValueError, "no prime is less than %R", argument);
    return PyLong_FromUnsignedLongLong(perfpy_prime_up_to(&state->tables, last));
}

struct factor_call {
    const struct module_state *state;
    uint64_t n, factors[FACTORS_MOST];
};

static int find_factors(void *arguments, const struct perfpy_interrupt *interrupt)
{
    struct factor_call *call = arguments;
    return perfpy_factor(&call->state->tables, call->n, call->factors, interrupt);
}

PyDoc_STRVAR(factor_doc, "factor($module, n, /)\n--\n\n"
                         "The prime factors of 1 <= n < 2**64 in ascending order, each as often as it divides n.");

static PyObject *factor(PyObject *module, PyObject *argument)
{
    struct factor_call call = {.state = PyModule_GetState(module)};
    if (get_uint64(argument, &call.n) < 0)
        return NULL;
    if (call.n == 0)
        return PyErr_Format(PyExc_ValueError, "0 has no prime factors");
    const int count = perfpy_without_gil(find_factors, &call);
    PyObject *list = count < 0 ? NULL : PyList_New(count);
    for (int k = 0; list && k < count; k++) {
        PyObject *prime = PyLong_FromUnsignedLongLong(call.factors[k]);
        if (prime)
            PyList_SET_ITEM(list, k, prime);
        else
            Py_CLEAR(list);
    }
    return list;
}

static PyMethodDef methods[] = {
    {"is_prime", is_prime, METH_O, is_prime_doc},
    {"is_prime_array", (PyCFunction)(void (*)(void))is_prime_array, METH_FASTCALL, is_prime_array_doc},
    {"next_prime", next_prime, METH_O, next_prime_doc},
    {"previous_prime", previous_prime, METH_O, previous_prime_doc},
    {"factor", factor, METH_O, factor_doc},
    {NULL, NULL, 0, NULL},
};

static int execute(PyObject *module)
{
    struct module_state *state = PyModule_GetState(module);
    enum perfpy_isa isa;
    if (perfpy_choose_isa(module, ~0u, &isa) < 0)
        return -1;
    state->kernel = perfpy_is_prime_variant(isa);
    perfpy_prime_tables_fill(&state->tables);
    return 0;
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, execute}, PERFPY_LAST_SLOTS};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_arithmetic",
    .m_doc = "Primality, neighbouring primes and prime factors of 64-bit numbers.",
    .m_size = sizeof(struct module_state),
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__arithmetic(void)
{
    return PyModuleDef_Init(&definition);
}
