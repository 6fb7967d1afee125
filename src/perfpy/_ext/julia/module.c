/* CPython binding of the Julia kernel: perfpy._ext.julia._c.
 *
 * Arrays come in through the buffer protocol, so the module needs no numpy headers. The arguments were checked by
 * perfpy.julia; what is checked again here is what would corrupt memory.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdlib.h>
#include <string.h>

#include "kernel.h"

struct module_state {
    julia_kernel *kernel;
};

/* Lets Python run its signal handlers; a handler that raises stops the kernel. */
static int signal_raised(void *context)
{
    PyThreadState **thread = context;
    PyEval_RestoreThread(*thread);
    const int raised = PyErr_CheckSignals();
    *thread = PyEval_SaveThread();
    return raised;
}

static enum julia_status run_without_gil(julia_kernel *kernel, const struct julia_grid *grid)
{
    PyThreadState *thread = PyEval_SaveThread();
    const struct perfpy_interrupt interrupt = {signal_raised, &thread};
    const enum julia_status status = kernel(grid, &interrupt);
    PyEval_RestoreThread(thread);
    return status;
}

/* Fills `view` with an aligned C-contiguous buffer of the format and number of dimensions. The formats are native
 * types, whose size is their alignment. */
static int get_buffer(PyObject *object, Py_buffer *view, const char *name, const char *format, int ndim, int flags)
{
    if (PyObject_GetBuffer(object, view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | flags) < 0)
        return -1;
    const int fits = view->ndim == ndim && view->format && strcmp(view->format, format) == 0;
    if (fits && (uintptr_t)view->buf % (size_t)view->itemsize == 0)
        return 0;
    if (fits)
        PyErr_Format(PyExc_ValueError, "%s must be aligned to %zd bytes", name, view->itemsize);
    else
        PyErr_Format(PyExc_TypeError, "%s must be a %d-D contiguous buffer of format '%s', not %d-D of '%s'", name,
                     ndim, format, view->ndim, view->format ? view->format : "B");
    PyBuffer_Release(view);
    return -1;
}

static PyObject *fill(const struct module_state *state, const Py_buffer *x, const Py_buffer *y, Py_complex c,
                      long max_iterations, const Py_buffer *out)
{
    if (out->shape[0] != y->shape[0] || out->shape[1] != x->shape[0])
        return PyErr_Format(PyExc_ValueError, "out must have shape (%zd, %zd), not (%zd, %zd)", y->shape[0],
                            x->shape[0], out->shape[0], out->shape[1]);
    if (max_iterations < 0 || max_iterations > INT32_MAX)
        return PyErr_Format(PyExc_ValueError, "max_iterations must be from 0 to 2147483647, not %ld", max_iterations);
    const struct julia_grid grid = {x->buf,  y->buf, x->shape[0],          y->shape[0], c.real,
                                    c.imag, (int32_t)max_iterations, out->buf};
    switch (run_without_gil(state->kernel, &grid)) {
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
    if (get_buffer(arguments[0], &x, "x", "d", 1, 0) < 0)
        return NULL;
    if (get_buffer(arguments[1], &y, "y", "d", 1, 0) < 0)
        goto release_x;
    if (get_buffer(arguments[4], &out, "out", "i", 2, PyBUF_WRITABLE) < 0)
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
    char message[160];
    enum perfpy_isa isa;
    if (perfpy_isa_choose(getenv("PERFPY_ISA"), ~0u, &isa, message, sizeof message) < 0) {
        PyErr_SetString(PyExc_ValueError, message);
        return -1;
    }
    struct module_state *state = PyModule_GetState(module);
    state->kernel = perfpy_julia_variant(isa);
    return PyModule_AddStringConstant(module, "ISA", perfpy_isa_name(isa));
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, execute},
#ifdef Py_mod_multiple_interpreters
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#ifdef Py_mod_gil
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
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
