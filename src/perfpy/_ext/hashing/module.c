/* CPython binding of the hash: perfpy._ext.hashing._c. */
#include "../common/binding.h"
#include "column.h"
#include "structures.h"

static int get_hasher(PyObject *module, PyObject *seed, struct perfpy_hasher *hasher)
{
    const unsigned long long number = PyLong_AsUnsignedLongLong(seed);
    if (number == (unsigned long long)-1 && PyErr_Occurred())
        return -1;
    *hasher = perfpy_hasher_from(number, PyModule_GetState(module));
    return 0;
}

PyDoc_STRVAR(hash_key_doc, "hash_key($module, key, seed, /)\n--\n\n"
                           "Return the hash of one key.");

static PyObject *hash_key(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    struct perfpy_hasher hasher;
    uint64_t hash;
    if (count != 2)
        return PyErr_Format(PyExc_TypeError, "hash_key() takes 2 arguments (%zd given)", count);
    if (get_hasher(module, arguments[1], &hasher) < 0 || perfpy_hash_key(arguments[0], &hasher, &hash) < 0)
        return NULL;
    return PyLong_FromUnsignedLongLong(hash);
}

/* Takes all keys of a source into `out`, whose size is known to fit a buffer's keys. */
static Py_ssize_t hash_plain(struct perfpy_keys *keys, uint64_t *out)
{
    Py_ssize_t done = 0, count, valid;
    Py_BEGIN_ALLOW_THREADS
    while ((count = perfpy_keys_next(keys, out + done, &valid)) > 0)
        done += count;
    Py_END_ALLOW_THREADS
    return done;
}

static Py_ssize_t hash_objects(struct perfpy_keys *keys, uint64_t *out, Py_ssize_t room)
{
    uint64_t batch[PERFPY_BATCH];
    Py_ssize_t done = 0, count, valid;
    while ((count = perfpy_keys_next(keys, batch, &valid)) > 0) {
        if (count > room - done) {
            PyErr_Format(PyExc_ValueError, "out has room for %zd hashes, but there are more keys", room);
            return -1;
        }
        memcpy(out + done, batch, (size_t)count * sizeof *out);
        done += count;
    }
    return count < 0 ? -1 : done;
}

PyDoc_STRVAR(hash_keys_doc, "hash_keys($module, keys, seed, out, /)\n--\n\n"
                            "Fill out with the hashes of all keys and return how many there are.");

static PyObject *hash_keys(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    struct perfpy_hasher hasher;
    struct perfpy_keys keys;
    Py_buffer out;
    if (count != 3)
        return PyErr_Format(PyExc_TypeError, "hash_keys() takes 3 arguments (%zd given)", count);
    if (get_hasher(module, arguments[1], &hasher) < 0)
        return NULL;
    if (perfpy_get_buffer(arguments[2], &out, "out", "LQ", 1, 1, PyBUF_WRITABLE) < 0)
        return NULL;
    Py_ssize_t done = -1;
    if (out.itemsize != sizeof(uint64_t)) {
        PyErr_SetString(PyExc_TypeError, "out must hold numbers of 64 bits");
    } else if (perfpy_keys_open(&keys, arguments[0], &hasher) == 0) {
        if (!perfpy_keys_are_plain(&keys))
            done = hash_objects(&keys, out.buf, out.shape[0]);
        else if (keys.count <= out.shape[0])
            done = hash_plain(&keys, out.buf);
        else
            PyErr_Format(PyExc_ValueError, "out has room for %zd hashes, not for %zd", out.shape[0], keys.count);
        perfpy_keys_close(&keys);
    }
    PyBuffer_Release(&out);
    return done < 0 ? NULL : PyLong_FromSsize_t(done);
}

static PyMethodDef methods[] = {
    {"hash_key", (PyCFunction)(void (*)(void))hash_key, METH_FASTCALL, hash_key_doc},
    {"hash_keys", (PyCFunction)(void (*)(void))hash_keys, METH_FASTCALL, hash_keys_doc},
    {NULL, NULL, 0, NULL},
};

static int execute(PyObject *module)
{
    static PyType_Spec *const specs[] = {&perfpy_column_spec, NULL};
    return perfpy_structures_execute(module, specs);
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, execute},
    PERFPY_LAST_SLOTS,
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_c",
    .m_doc = "The hash of keys.",
    .m_size = sizeof(struct perfpy_structures),
    .m_methods = methods,
    .m_slots = slots,
    .m_traverse = perfpy_structures_traverse,
    .m_clear = perfpy_structures_clear,
    .m_free = perfpy_structures_free,
};

PyMODINIT_FUNC PyInit__c(void)
{
    return PyModuleDef_Init(&definition);
}
