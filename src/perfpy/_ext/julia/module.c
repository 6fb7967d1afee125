/* CPython binding of the Julia kernel: perfpy._ext.julia._c.
 *
 * Arrays come in through the buffer protocol, so the module needs no numpy headers. The arguments were checked by
 * perfpy.julia; what is checked again here is what would corrupt memory.
 */
#include "../common/binding.h"
#include "kernel.h"

struct module_state {
    julia_kernel *kernel;
};

struct call {
    julia_kernel *kernel;
    struct julia_grid grid;
};

static int run(void *arguments, const struct perfpy_interrupt *interrupt)
{
    const struct call *call = arguments;
    return (int)call->kernel(&call->grid, interrupt);
}

static PyObject *fill(const struct module_state *state, const Py_buffer *x, const Py_buffer *y, Py_complex c,
                      long max_iterations, const Py_buffer *out)
{
    if (out->shape[0] != y->shape[0] || out->shape[1] != x->shape[0])
        return PyErr_Format(PyExc_ValueError, "out must have shape (%zd, %zd), not (%zd, %zd)", y->shape[0],
                            x->shape[0], out->shape[0], out->shape[1]);
    if (max_iterations < 0 || max_iterations > INT32_MAX)
        return PyErr_Format(PyExc_ValueError, "max_iterations must be from 0 to 2147483647, not %ld", max_iterations);
    struct call call = {
        state->kernel,
        {x->buf, y->buf, x->shape[0], y->shape[0], c.real, c.imag, (int32_t)max_iterations, out->buf},
    };
    switch (perfpy_without_gil(run, &call)) {
    case JULIA_NO_MEMORY:
        return PyErr_NoMemory();
    case JULIA_INTERRUPTED:
        return NULL; /* the signal handler's exception is set */
    default:
        Py_RETURN_NONE;
    }
}

PyDoc_STRVAR(julia_doc, "julia($module, x, y, c, max_iterations, out, /)\n--\n\n"
                        "Fill out with the escape-time counts of the grid.");

static PyObject *julia(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    if (count != 5)
        return PyErr_Format(PyExc_TypeError, "julia() takes 5 arguments (%zd given)", count);
    const Py_complex c = PyComplex_AsCComplex(arguments[2]);
    if (PyErr_Occurred())
        return NULL;
    const long max_iterations = PyLong_AsLong(arguments[3]);
    if (PyErr_Occurred())
        return NULL;

    PyObject *result = NULL;
    Py_buffer x, y, out;
    if (perfpy_get_buffer(arguments[0], &x, "x", "d", 1, 1, 0) < 0)
        return NULL;
    if (perfpy_get_buffer(arguments[1], &y, "y", "d", 1, 1, 0) < 0)
        goto release_x;
    if (perfpy_get_buffer(arguments[4], &out, "out", "i", 2, 2, PyBUF_WRITABLE) < 0)
        goto release_y;
    result = fill(PyModule_GetState(module), &x, &y, c, max_iterations, &out);
    PyBuffer_Release(&out);
release_y:
    PyBuffer_Release(&y);
release_x:
    PyBuffer_Release(&x);
    return result;
}

static PyMethodDef methods[] = {
    {"julia", (PyCFunction)(void (*)(void))julia, METH_FASTCALL, julia_doc},
    {NULL, NULL, 0, NULL},
};

static int execute(PyObject *module)
{
    enum perfpy_isa isa;
    if (perfpy_choose_isa(module, ~0u, &isa) < 0)
        return -1;
    struct module_state *state = PyModule_GetState(module);
    state->kernel = perfpy_julia_variant(isa);
    return 0;
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, execute},
    PERFPY_LAST_SLOTS,
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_c",
    .m_doc = "Julia sets by the SIMD kernel.",
    .m_size = sizeof(struct module_state),
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__c(void)
{
    return PyModuleDef_Init(&definition);
}
