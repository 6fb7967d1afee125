/* What the CPython bindings share: buffers that kernels can use, kernels without the GIL, the choice of a variant. */
#ifndef PERFPY_BINDING_H
#define PERFPY_BINDING_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "interrupt.h"
#include "isa.h"

/* Lets Python run its signal handlers; a handler that raises stops the kernel. `context` is where the state of this
 * thread is kept while it runs without the GIL. */
static inline int perfpy_signal_raised(void *context)
{
    PyThreadState **thread = context;
    PyEval_RestoreThread(*thread);
    const int raised = PyErr_CheckSignals();
    *thread = PyEval_SaveThread();
    return raised;
}

/* A kernel's call: reads and writes what `arguments` points to, returns its status. */
typedef int perfpy_kernel_call(void *arguments, const struct perfpy_interrupt *interrupt);

/* Makes the call without the GIL. Where the kernel was stopped, the exception of the signal handler is set. */
static inline int perfpy_without_gil(perfpy_kernel_call *call, void *arguments)
{
    PyThreadState *thread = PyEval_SaveThread();
    const struct perfpy_interrupt interrupt = {perfpy_signal_raised, &thread};
    const int status = call(arguments, &interrupt);
    PyEval_RestoreThread(thread);
    return status;
}

/* The format of a buffer, without a byte order that is this machine's own: arrays may have been made with its name.
 * Beside that a long has 4 bytes, and is left as it is where it has more here. */
static inline const char *perfpy_format(const Py_buffer *view)
{
    const char own = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? '<' : '>';
    const char *format = view->format ? view->format : "B";
    const int standard = *format == own || *format == '=';
    const int differs = standard && strpbrk(format, "lL") && view->itemsize != (Py_ssize_t)sizeof(long);
    return (standard && !differs) || *format == '@' ? format + 1 : format;
}

/* Fills `view` with an aligned C-contiguous buffer whose format is one of the letters of `formats` (native types,
 * whose size is their alignment) and whose number of dimensions is from `least` to `most`. */
static inline int perfpy_get_buffer(PyObject *object, Py_buffer *view, const char *name, const char *formats,
                                    int least, int most, int flags)
{
    if (PyObject_GetBuffer(object, view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | flags) < 0)
        return -1;
    const char *format = perfpy_format(view);
    const int fits = view->ndim >= least && view->ndim <= most && strlen(format) == 1 && strchr(formats, *format);
    if (fits && (uintptr_t)view->buf % (size_t)view->itemsize == 0)
        return 0;
    if (fits)
        PyErr_Format(PyExc_ValueError, "%s must be aligned to %zd bytes", name, view->itemsize);
    else
        PyErr_Format(PyExc_TypeError,
                     "%s must be a contiguous buffer of %d to %d dimensions and a format of '%s', not %d-D of '%s'",
                     name, least, most, formats, view->ndim, format);
    PyBuffer_Release(view);
    return -1;
}

/* Chooses the instruction set among `allowed` (a set of bits 1 << isa, ~0u for all) and tells Python its name. */
static inline int perfpy_choose_isa(PyObject *module, unsigned allowed, enum perfpy_isa *isa)
{
    char message[160];
    if (perfpy_isa_choose(getenv("PERFPY_ISA"), allowed, isa, message, sizeof message) < 0) {
        PyErr_SetString(PyExc_ValueError, message);
        return -1;
    }
    return PyModule_AddStringConstant(module, "ISA", perfpy_isa_name(*isa));
}

/* The slots that every module of ours ends with. */
#ifdef Py_mod_multiple_interpreters
#define PERFPY_SLOT_INTERPRETERS {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#else
#define PERFPY_SLOT_INTERPRETERS
#endif
#ifdef Py_mod_gil
#define PERFPY_SLOT_GIL {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#else
#define PERFPY_SLOT_GIL
#endif
#define PERFPY_LAST_SLOTS PERFPY_SLOT_INTERPRETERS PERFPY_SLOT_GIL {0, NULL}

#endif
