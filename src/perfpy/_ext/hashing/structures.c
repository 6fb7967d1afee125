#include "structures.h"

#include "../common/binding.h"

int perfpy_structures_execute(PyObject *module, PyType_Spec *const *specs)
{
    struct perfpy_structures *state = PyModule_GetState(module);
    if (perfpy_choose_isa(module, ~0u, &state->isa) < 0)
        return -1;
    for (PyTypeObject **type = state->types; *specs; specs++, type++) {
        *type = (PyTypeObject *)PyType_FromModuleAndSpec(module, *specs, NULL);
        if (!*type || PyModule_AddType(module, *type) < 0)
            return -1;
    }
    return perfpy_key_types_import(&state->keys); /* last, as one of them may be of this very module */
}

int perfpy_structures_own_methods(PyTypeObject *type, PyTypeObject *base, PyMethodDef *methods)
{
    const int direct = PySequence_Contains(type->tp_bases, (PyObject *)base);
    if (direct <= 0)
        return direct;
    for (PyMethodDef *method = methods; method->ml_name; method++) {
        if (method->ml_flags != METH_O)
            continue;
        PyObject *own = PyDescr_NewMethod(type, method);
        const int status = own ? PyObject_SetAttrString((PyObject *)type, method->ml_name, own) : -1;
        Py_XDECREF(own);
        if (status < 0)
            return -1;
    }
    return 0;
}

int perfpy_structures_traverse(PyObject *module, visitproc visit, void *arg)
{
    struct perfpy_structures *state = PyModule_GetState(module);
    for (int i = 0; i < PERFPY_MOST_TYPES; i++)
        Py_VISIT(state->types[i]);
    return perfpy_key_types_visit(&state->keys, visit, arg);
}

int perfpy_structures_clear(PyObject *module)
{
    struct perfpy_structures *state = PyModule_GetState(module);
    for (int i = 0; i < PERFPY_MOST_TYPES; i++)
        Py_CLEAR(state->types[i]);
    perfpy_key_types_clear(&state->keys);
    return 0;
}

void perfpy_structures_free(void *module)
{
    perfpy_structures_clear(module);
}
