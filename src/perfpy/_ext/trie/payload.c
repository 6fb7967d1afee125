/* From sorted keys to the bytes of a trie, as an object of Python. */
#include "module.h"

typedef struct {
    PyObject_HEAD
    struct perfpy_trie_payload payload;
} Payload;

void perfpy_trie_raise(enum perfpy_trie_status status)
{
    if (PyErr_Occurred())
        return;
    if (status == PERFPY_TRIE_TOO_LARGE)
        PyErr_SetString(PyExc_ValueError, "keys are too many or too long for this layout");
    else
        PyErr_NoMemory();
}

static int payload_get_buffer(Payload *self, Py_buffer *view, int flags)
{
    return PyBuffer_FillInfo(view, (PyObject *)self, self->payload.data, (Py_ssize_t)self->payload.size, 1, flags);
}

static void payload_dealloc(Payload *self)
{
    PyTypeObject *type = Py_TYPE(self);
    free(self->payload.data);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyType_Slot payload_slots[] = {
    {Py_bf_getbuffer, payload_get_buffer},
    {Py_tp_dealloc, payload_dealloc},
    {0, NULL},
};

PyType_Spec perfpy_trie_payload_type = {
    .name = "perfpy._ext.trie._c.Payload",
    .basicsize = sizeof(Payload),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = payload_slots,
};

struct building {
    const struct perfpy_trie_layout *layout;
    struct perfpy_trie_keys keys;
    struct perfpy_trie_payload payload;
};

static int call_build(void *arguments, const struct perfpy_interrupt *interrupt)
{
    struct building *building = arguments;
    return building->layout->build(&building->keys, interrupt, &building->payload);
}

PyObject *perfpy_trie_build(const struct perfpy_trie_module *state, PyObject *layout, struct perfpy_trie_keys keys)
{
    struct building building = {perfpy_trie_layout_named(layout, state->isa), keys, {NULL, 0}};
    if (!building.layout)
        return NULL;
    Payload *made = (Payload *)state->payload->tp_alloc(state->payload, 0);
    if (!made)
        return NULL;
    const int status = perfpy_without_gil(call_build, &building);
    if (status) {
        perfpy_trie_raise(status);
        Py_DECREF(made);
        return NULL;
    }
    made->payload = building.payload;
    return (PyObject *)made;
}
