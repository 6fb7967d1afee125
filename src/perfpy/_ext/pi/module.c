/* CPython binding of the count of random points inside a circle: perfpy._ext.pi._c. */
#include "../common/binding.h"
#include "kernel.h"

struct module_state {
    pi_kernel *kernel;
};

struct call {
    pi_kernel *kernel;
    uint64_t seed, start, stop, inside;
};

static int run(void *arguments, const struct perfpy_interrupt *interrupt)
{
    struct call *call = arguments;
    return call->kernel(call->seed, call->start, call->stop, &call->inside, interrupt);
}

PyDoc_STRVAR(count_inside_doc, "count_inside($module, seed, start, stop, /)\n--\n\n"
                               "Count the points from number start on below stop that lie inside the circle.");

static PyObject *count_inside(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    if (count != 3)
        return PyErr_Format(PyExc_TypeError, "count_inside() takes 3 arguments (%zd given)", count);
    unsigned long long numbers[3];
    for (int i = 0; i < 3; i++) {
        numbers[i] = PyLong_AsUnsignedLongLong(arguments[i]);
        if (numbers[i] == (unsigned long long)-1 && PyErr_Occurred())
            return NULL;
    }
    if (numbers[1] > numbers[2])
        return PyErr_Format(PyExc_ValueError, "start must be at most stop = %llu, not %llu", numbers[2], numbers[1]);
    const struct module_state *state = PyModule_GetState(module);
    struct call call = {state->kernel, numbers[0], numbers[1], numbers[2], 0};
    if (perfpy_without_gil(run, &call) < 0)
        return NULL; /* the signal handler's exception is set */
    return PyLong_FromUnsignedLongLong(call.inside);
}

static PyMethodDef methods[] = {
    {"count_inside", (PyCFunction)(void (*)(void))count_inside, METH_FASTCALL, count_inside_doc},
    {NULL, NULL, 0, NULL},
};

static int execute(PyObject *module)
{
    enum perfpy_isa isa;
    if (perfpy_choose_isa(module, ~0u, &isa) < 0)
        return -1;
    struct module_state *state = PyModule_GetState(module);
    state->kernel = perfpy_pi_variant(isa);
    return 0;
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, execute},
    PERFPY_LAST_SLOTS,
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_c",
    .m_doc = "Random points inside a circle, by the SIMD kernel.",
    .m_size = sizeof(struct module_state),
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__c(void)
{
    return PyModuleDef_Init(&definition);
}
