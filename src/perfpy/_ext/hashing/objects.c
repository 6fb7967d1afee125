/* The hash of a Python object. */
#include "keys.h"

#include <stdlib.h>

static PyTypeObject *import_type(const char *module_name, const char *name)
{
    PyObject *module = PyImport_ImportModule(module_name);
    PyObject *type = module ? PyObject_GetAttrString(module, name) : NULL;
    Py_XDECREF(module);
    return (PyTypeObject *)type;
}

int perfpy_key_types_import(struct perfpy_key_types *types)
{
    types->integer = import_type("numpy", "integer");
    types->floating = types->integer ? import_type("numpy", "floating") : NULL;
    types->boolean = types->floating ? import_type("numpy", "bool_") : NULL;
    types->column = types->boolean ? import_type("perfpy._ext.hashing._c", "Column") : NULL;
    return types->column ? 0 : -1;
}

int perfpy_key_types_visit(struct perfpy_key_types *types, visitproc visit, void *arg)
{
    Py_VISIT(types->integer);
    Py_VISIT(types->floating);
    Py_VISIT(types->boolean);
    Py_VISIT(types->column);
    return 0;
}

void perfpy_key_types_clear(struct perfpy_key_types *types)
{
    Py_CLEAR(types->integer);
    Py_CLEAR(types->floating);
    Py_CLEAR(types->boolean);
    Py_CLEAR(types->column);
}

/* An integer of more than 64 bits, by the bytes of its magnitude. */
static int hash_large(PyObject *key, const struct perfpy_hasher *hasher, bool negative, uint64_t *hash)
{
    int status = -1;
    /* The method of int itself gives an exact int, whatever a subclass may define. */
    PyObject *magnitude = PyLong_Type.tp_as_number->nb_absolute(key), *bits = NULL, *bytes = NULL;
    if (magnitude && (bits = PyObject_CallMethod(magnitude, "bit_length", NULL))) {
        const size_t size = (PyLong_AsSize_t(bits) + 7) / 8;
        bytes = PyErr_Occurred() ? NULL : PyObject_CallMethod(magnitude, "to_bytes", "ns", (Py_ssize_t)size, "little");
        if (bytes && PyBytes_Check(bytes)) {
            const uint64_t seed = hasher->seeds.of[negative ? PERFPY_LARGE_NEGATIVE : PERFPY_LARGE];
            *hash = perfpy_hash_bytes((unsigned char *)PyBytes_AS_STRING(bytes), (size_t)PyBytes_GET_SIZE(bytes), seed);
            status = 0;
        }
    }
    Py_XDECREF(magnitude);
    Py_XDECREF(bits);
    Py_XDECREF(bytes);
    return status;
}

static inline int hash_long(PyObject *key, const struct perfpy_hasher *hasher, uint64_t *hash)
{
    int overflow;
    const long long number = PyLong_AsLongLongAndOverflow(key, &overflow);
    if (!overflow) {
        *hash = perfpy_hash_signed(number, &hasher->seeds);
        return 0;
    }
    if (overflow > 0) {
        const unsigned long long natural = PyLong_AsUnsignedLongLong(key);
        if (!(natural == (unsigned long long)-1 && PyErr_Occurred())) {
            *hash = perfpy_hash_unsigned(natural, &hasher->seeds);
            return 0;
        }
        PyErr_Clear();
    }
    return hash_large(key, hasher, overflow < 0, hash);
}

static int hash_tuple(PyObject *key, const struct perfpy_hasher *hasher, uint64_t *hash)
{
    uint64_t state = hasher->seeds.of[PERFPY_TUPLE];
    const Py_ssize_t size = PyTuple_GET_SIZE(key);
    if (Py_EnterRecursiveCall(" while hashing a tuple"))
        return -1;
    for (Py_ssize_t i = 0; i < size; i++) {
        uint64_t item;
        if (perfpy_hash_key(PyTuple_GET_ITEM(key, i), hasher, &item) < 0) {
            Py_LeaveRecursiveCall();
            return -1;
        }
        state = perfpy_mix((state ^ item) + PERFPY_GOLDEN);
    }
    Py_LeaveRecursiveCall();
    *hash = perfpy_mix(state ^ (uint64_t)size);
    return 0;
}

/* Bytes of any object that exports them, as bytes(key) would. */
static int hash_buffer(PyObject *key, const struct perfpy_hasher *hasher, uint64_t *hash)
{
    PyObject *bytes = PyBytes_FromObject(key);
    if (!bytes)
        return -1;
    *hash = perfpy_hash_bytes((unsigned char *)PyBytes_AS_STRING(bytes), (size_t)PyBytes_GET_SIZE(bytes),
                              hasher->seeds.of[PERFPY_BYTES]);
    Py_DECREF(bytes);
    return 0;
}

/* Hashes what a scalar of numpy is when turned into a number of Python. */
static int hash_scalar(PyObject *key, const struct perfpy_hasher *hasher, uint64_t *hash)
{
    PyTypeObject *type = Py_TYPE(key);
    const struct perfpy_key_types *types = hasher->types;
    int status = -1;
    if (PyType_IsSubtype(type, types->integer) || PyType_IsSubtype(type, types->boolean)) {
        PyObject *number = PyNumber_Long(key);
        status = number ? hash_long(number, hasher, hash) : -1;
        Py_XDECREF(number);
    } else if (PyType_IsSubtype(type, types->floating)) {
        const double number = PyFloat_AsDouble(key);
        if (!(number == -1.0 && PyErr_Occurred())) {
            *hash = perfpy_hash_double(number, &hasher->seeds);
            status = 0;
        }
    } else {
        PyErr_Format(PyExc_TypeError,
                     "keys must be str, bytes, int, float, None or tuples of these, not %.100s: %.60R; turn them into "
                     "one of these first",
                     type->tp_name, key);
    }
    return status;
}

int perfpy_hash_object(PyObject *key, const struct perfpy_hasher *hasher, uint64_t *hash)
{
    if (PyUnicode_Check(key)) {
        *hash = perfpy_hash_unicode(key, hasher);
        return 0;
    }
    if (PyLong_Check(key))
        return hash_long(key, hasher, hash);
    if (PyBytes_Check(key)) {
        *hash = perfpy_hash_bytes((unsigned char *)PyBytes_AS_STRING(key), (size_t)PyBytes_GET_SIZE(key),
                                  hasher->seeds.of[PERFPY_BYTES]);
        return 0;
    }
    if (PyFloat_Check(key)) {
        *hash = perfpy_hash_double(PyFloat_AS_DOUBLE(key), &hasher->seeds);
        return 0;
    }
    if (key == Py_None) {
        *hash = perfpy_mix(hasher->seeds.of[PERFPY_NONE]);
        return 0;
    }
    if (PyTuple_Check(key))
        return hash_tuple(key, hasher, hash);
    if (PyByteArray_Check(key) || PyMemoryView_Check(key))
        return hash_buffer(key, hasher, hash);
    return hash_scalar(key, hasher, hash);
}
