/* The type Column of perfpy._ext.hashing._c: a column as a sequence of Python. */
#include "column.h"

static PyObject *string_object(const struct perfpy_layout_of *layout, const struct perfpy_chunk *chunk, int64_t index)
{
    const struct perfpy_string string = perfpy_string_at(layout, chunk, index);
    return layout->text ? PyUnicode_DecodeUTF8((const char *)string.bytes, (Py_ssize_t)string.size, "strict")
                        : PyBytes_FromStringAndSize((const char *)string.bytes, (Py_ssize_t)string.size);
}

static PyObject *number_object(const struct perfpy_layout_of *layout, const struct perfpy_chunk *chunk, int64_t index)
{
    const unsigned char *address = chunk->values + index * layout->width;
    if (layout->number == 'f') {
        float number;
        memcpy(&number, address, sizeof number);
        return PyFloat_FromDouble((double)number);
    }
    const int64_t integer = perfpy_integer_at(layout, chunk->values, index);
    if (layout->number == 'd') {
        double number;
        memcpy(&number, &integer, sizeof number);
        return PyFloat_FromDouble(number);
    }
    return layout->number == 'Q' ? PyLong_FromUnsignedLongLong((uint64_t)integer) : PyLong_FromLongLong(integer);
}

static PyObject *element(const struct perfpy_column *column, const struct perfpy_layout_of *layout,
                         const struct perfpy_chunk *chunk, int64_t index)
{
    if (layout->layout == PERFPY_NULLS || !perfpy_is_valid(chunk, index))
        Py_RETURN_NONE;
    switch (layout->layout) {
    case PERFPY_BITS:
        return PyBool_FromLong(chunk->values[index / 8] >> index % 8 & 1);
    case PERFPY_HALVES:
        return PyFloat_FromDouble(perfpy_half_at(chunk->values, index));
    case PERFPY_NUMBERS:
        return number_object(layout, chunk, index);
    case PERFPY_DICTIONARY:
        return element(column, &column->dictionary, chunk->dictionary,
                       chunk->dictionary->first + perfpy_integer_at(layout, chunk->values, index));
    default:
        return string_object(layout, chunk, index);
    }
}

PyObject *perfpy_column_element(const struct perfpy_column *column, const struct perfpy_chunk *chunk, int64_t index)
{
    return element(column, &column->layout, chunk, index);
}

static Py_ssize_t column_length(perfpy_Column *self)
{
    return (Py_ssize_t)self->count;
}

static PyObject *column_item(perfpy_Column *self, Py_ssize_t position)
{
    if (position < 0 || position >= self->count) {
        PyErr_SetString(PyExc_IndexError, "there are fewer keys in the column");
        return NULL;
    }
    const int64_t key = self->first + position;
    const struct perfpy_chunk *chunk = self->column->chunks + perfpy_column_find(self->column, key);
    return perfpy_column_element(self->column, chunk, chunk->first + key - chunk->start);
}

/* Returns a part that shares the memory. */
static PyObject *part(perfpy_Column *self, Py_ssize_t start, Py_ssize_t count)
{
    PyTypeObject *type = Py_TYPE(self);
    perfpy_Column *made = (perfpy_Column *)type->tp_alloc(type, 0);
    if (!made)
        return NULL;
    made->owner = Py_NewRef(self->owner && self->column != &self->own ? self->owner : (PyObject *)self);
    made->column = self->column;
    made->first = self->first + start;
    made->count = count;
    return (PyObject *)made;
}

static PyObject *column_subscript(perfpy_Column *self, PyObject *index)
{
    Py_ssize_t start, stop, step;
    if (!PySlice_Check(index)) {
        const Py_ssize_t position = PyNumber_AsSsize_t(index, PyExc_IndexError);
        if (position == -1 && PyErr_Occurred())
            return NULL;
        return column_item(self, position < 0 ? position + (Py_ssize_t)self->count : position);
    }
    if (PySlice_Unpack(index, &start, &stop, &step) < 0)
        return NULL;
    const Py_ssize_t count = PySlice_AdjustIndices((Py_ssize_t)self->count, &start, &stop, step);
    if (step == 1)
        return part(self, start, count);
    PyErr_SetString(PyExc_ValueError, "a part of a column must be contiguous");
    return NULL;
}

static perfpy_Column *new_column(PyTypeObject *type)
{
    perfpy_Column *self = (perfpy_Column *)type->tp_alloc(type, 0);
    if (self)
        self->column = &self->own;
    return self;
}

static PyObject *column_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    PyObject *source;
    static char *names[] = {"source", NULL};
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O:Column", names, &source))
        return NULL;
    perfpy_Column *self = new_column(type);
    if (self && perfpy_column_import(&self->own, source) < 0)
        Py_CLEAR(self);
    if (self)
        self->count = self->own.count;
    return (PyObject *)self;
}

static PyObject *column_lines(PyTypeObject *type, PyObject *arguments)
{
    PyObject *bytes;
    int text;
    if (!PyArg_ParseTuple(arguments, "Sp:lines", &bytes, &text))
        return NULL;
    perfpy_Column *self = new_column(type);
    if (self && perfpy_column_split(&self->own, bytes, text) < 0)
        Py_CLEAR(self);
    if (self) {
        self->owner = Py_NewRef(bytes);
        self->count = self->own.count;
    }
    return (PyObject *)self;
}

static void column_dealloc(perfpy_Column *self)
{
    PyTypeObject *type = Py_TYPE(self);
    perfpy_column_release(&self->own);
    Py_XDECREF(self->owner);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef column_methods[] = {
    {"lines", (PyCFunction)column_lines, METH_VARARGS | METH_CLASS,
     "lines($type, data, text, /)\n--\n\nReturn the lines of bytes, as str of UTF-8, which is not checked, or as bytes."},
    {NULL, NULL, 0, NULL},
};

PyDoc_STRVAR(column_doc, "Column(source)\n--\n\nKeys of an object that exports Arrow data, without a copy of them.");

static PyType_Slot column_slots[] = {
    {Py_tp_doc, (void *)column_doc},
    {Py_tp_new, column_new},
    {Py_tp_dealloc, column_dealloc},
    {Py_tp_methods, column_methods},
    {Py_sq_length, column_length},
    {Py_sq_item, column_item},
    {Py_mp_length, column_length},
    {Py_mp_subscript, column_subscript},
    {0, NULL},
};

PyType_Spec perfpy_column_spec = {
    .name = "perfpy._ext.hashing._c.Column",
    .basicsize = sizeof(perfpy_Column),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = column_slots,
};
