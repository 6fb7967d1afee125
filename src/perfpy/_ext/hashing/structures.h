/* The state of a module whose types take keys in, and what CPython asks of it. */
#ifndef PERFPY_STRUCTURES_H
#define PERFPY_STRUCTURES_H

#include "keys.h"

enum { PERFPY_MOST_TYPES = 8 };

struct perfpy_structures {
    struct perfpy_key_types keys;
    enum perfpy_isa isa;
    PyTypeObject *types[PERFPY_MOST_TYPES]; /* those of the module, then NULL */
};

/* Chooses the instruction set, imports the types of keys, and makes the types of a list that ends with NULL: 0, or -1
 * with an exception. */
int perfpy_structures_execute(PyObject *module, PyType_Spec *const *specs);

/* Makes the methods that take one argument anew for a class that has `base` among its bases: 0, or -1 with an
 * exception. CPython calls a method without a detour only where an object's type is exactly that of the method, and
 * structures are of subclasses. */
int perfpy_structures_own_methods(PyTypeObject *type, PyTypeObject *base, PyMethodDef *methods);

int perfpy_structures_traverse(PyObject *module, visitproc visit, void *arg);
int perfpy_structures_clear(PyObject *module);
void perfpy_structures_free(void *module);

static inline struct perfpy_hasher perfpy_hasher_from(uint64_t seed, const struct perfpy_structures *structures)
{
    return (struct perfpy_hasher){perfpy_seeds_from(seed), &structures->keys, structures->isa};
}

#endif
