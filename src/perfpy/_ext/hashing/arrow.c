/* Arrow data taken in through the C data interface, and checked. */
#include "column.h"

#include <errno.h>

/* The data of strings that are all empty, and a reason. */
static const unsigned char nothing[1];
static const char no_memory[] = "memory is short";

static bool starts_with(const char *format, const char *beginning)
{
    return strncmp(format, beginning, strlen(beginning)) == 0;
}

/* Understands a format; false where its elements are no keys. */
static bool choose_layout(const char *format, struct perfpy_layout_of *layout)
{
    static const struct {
        const char *format;
        struct perfpy_layout_of layout;
    } known[] = {
        {"n", {PERFPY_NULLS, false, 0, 0}},     {"b", {PERFPY_BITS, false, 0, 0}},
        {"c", {PERFPY_NUMBERS, false, 'b', 1}}, {"C", {PERFPY_NUMBERS, false, 'B', 1}},
        {"s", {PERFPY_NUMBERS, false, 'h', 2}}, {"S", {PERFPY_NUMBERS, false, 'H', 2}},
        {"i", {PERFPY_NUMBERS, false, 'i', 4}}, {"I", {PERFPY_NUMBERS, false, 'I', 4}},
        {"l", {PERFPY_NUMBERS, false, 'q', 8}}, {"L", {PERFPY_NUMBERS, false, 'Q', 8}},
        {"e", {PERFPY_HALVES, false, 0, 2}},    {"f", {PERFPY_NUMBERS, false, 'f', 4}},
        {"g", {PERFPY_NUMBERS, false, 'd', 8}}, {"u", {PERFPY_STRINGS, true, 0, 4}},
        {"U", {PERFPY_STRINGS, true, 0, 8}},    {"vu", {PERFPY_VIEWS, true, 0, 16}},
        {"z", {PERFPY_STRINGS, false, 0, 4}},   {"Z", {PERFPY_STRINGS, false, 0, 8}},
        {"vz", {PERFPY_VIEWS, false, 0, 16}},
    };
    if (starts_with(format, "w:")) {
        char *end;
        errno = 0;
        const long long width = strtoll(format + 2, &end, 10);
        *layout = (struct perfpy_layout_of){PERFPY_FIXED, false, 0, width};
        return end > format + 2 && *end == '\0' && width >= 0 && width <= INT32_MAX && errno == 0;
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(format, known[i].format) == 0) {
            *layout = known[i].layout;
            return true;
        }
    }
    return false;
}

/* Of the binary pairs that the metadata is, the value of the extension's name, or NULL. */
static const char *extension_name(const char *metadata, int32_t *size)
{
    static const char key[] = "ARROW:extension:name";
    if (!metadata)
        return NULL;
    const unsigned char *at = (const unsigned char *)metadata;
    const int32_t pairs = perfpy_int32_at(at);
    at += 4;
    for (int32_t i = 0; i < pairs; i++) {
        const int32_t key_size = perfpy_int32_at(at);
        const unsigned char *name = at + 4;
        *size = perfpy_int32_at(name + key_size);
        at = name + key_size + 4;
        if (key_size == sizeof key - 1 && memcmp(name, key, sizeof key - 1) == 0)
            return (const char *)at;
        at += *size;
    }
    return NULL;
}

static int read_schema(struct perfpy_column *column, const struct ArrowSchema *schema)
{
    int32_t size;
    const char *name = extension_name(schema->metadata, &size);
    if (name) {
        PyObject *text = PyUnicode_DecodeUTF8(name, size, "replace");
        if (text)
            PyErr_Format(PyExc_TypeError,
                         "keys cannot be taken from Arrow data of the extension type '%U'; take its storage or "
                         "convert it to a list",
                         text);
        Py_XDECREF(text);
        return -1;
    }
    bool known = schema->format && choose_layout(schema->format, &column->layout);
    if (known && schema->dictionary) {
        known = schema->dictionary->format && !schema->dictionary->dictionary &&
                choose_layout(schema->dictionary->format, &column->dictionary) &&
                column->layout.layout == PERFPY_NUMBERS;
        column->layout.layout = PERFPY_DICTIONARY;
    }
    if (!known)
        PyErr_Format(PyExc_TypeError,
                     "keys cannot be taken from Arrow data of format '%.60s'%s; cast it to strings, integers or floats",
                     !known && schema->dictionary && schema->dictionary->format ? schema->dictionary->format
                                                                                : schema->format,
                     schema->format && starts_with(schema->format, "+") ? ", which is nested" : "");
    return known ? 0 : -1;
}

static int64_t buffers_of(enum perfpy_layout layout)
{
    switch (layout) {
    case PERFPY_NULLS:
        return 0;
    case PERFPY_STRINGS:
    case PERFPY_VIEWS: /* and those of data, between */
        return 3;
    default:
        return 2;
    }
}

static bool check_strings(const struct perfpy_layout_of *layout, const struct perfpy_chunk *chunk)
{
    const int64_t stop = chunk->first + chunk->count;
    int64_t disorder = 0, last; /* the sign says it, for all at once */
    if (layout->width == 4) {
        disorder = last = perfpy_int32_at(chunk->values + 4 * chunk->first);
        for (int64_t i = chunk->first + 1; i <= stop; i++) {
            const int64_t next = perfpy_int32_at(chunk->values + 4 * i);
            disorder |= next - last;
            last = next;
        }
    } else {
        disorder = last = perfpy_int64_at(chunk->values + 8 * chunk->first);
        for (int64_t i = chunk->first + 1; i <= stop; i++) {
            const int64_t next = perfpy_int64_at(chunk->values + 8 * i);
            disorder |= (int64_t)((uint64_t)next - (uint64_t)last) | next;
            last = next;
        }
    }
    return disorder >= 0 && (last == 0 || chunk->data != nothing);
}

static bool check_views(const struct perfpy_chunk *chunk)
{
    const int64_t data_buffers = chunk->array.n_buffers - 3;
    const unsigned char *sizes = chunk->array.buffers[2 + data_buffers]; /* which is the last buffer */
    for (int64_t i = chunk->first; i < chunk->first + chunk->count; i++) {
        const unsigned char *view = chunk->values + 16 * i;
        const int32_t size = perfpy_int32_at(view), buffer = perfpy_int32_at(view + 8),
                      offset = perfpy_int32_at(view + 12);
        if (!perfpy_is_valid(chunk, i) || (size >= 0 && size <= 12))
            continue;
        if (size < 0 || buffer < 0 || buffer >= data_buffers || offset < 0 || !sizes || !chunk->buffers[2 + buffer] ||
            perfpy_int64_at(sizes + 8 * buffer) < (int64_t)offset + size)
            return false;
    }
    return true;
}

static bool check_indexes(const struct perfpy_layout_of *layout, const struct perfpy_chunk *chunk)
{
    for (int64_t i = chunk->first; i < chunk->first + chunk->count; i++) {
        const int64_t index = perfpy_integer_at(layout, chunk->values, i);
        if (perfpy_is_valid(chunk, i) && (index < 0 || index >= chunk->dictionary->count))
            return false;
    }
    return true;
}

/* Sets what is read of a chunk by what its array says; NULL, or what is wrong with that. */
static const char *read_array(struct perfpy_chunk *chunk, const struct perfpy_layout_of *layout,
                              const struct ArrowArray *array)
{
    const int64_t most = INT64_MAX / 64;
    if (array->length < 0 || array->offset < 0 || array->length > most || array->offset > most ||
        (layout->width && (array->length + array->offset) > INT64_MAX / 2 / layout->width))
        return "its length or offset is out of range";
    if (layout->layout == PERFPY_VIEWS ? array->n_buffers < buffers_of(layout->layout)
                                       : array->n_buffers != buffers_of(layout->layout))
        return "it has the wrong number of buffers";
    chunk->first = array->offset;
    chunk->count = array->length;
    if (array->n_buffers && !array->buffers)
        return "it has no buffers";
    if (array->n_buffers == 0 || array->length == 0)
        return NULL;
    chunk->buffers = array->buffers;
    chunk->valid = array->null_count == 0 ? NULL : array->buffers[0];
    chunk->values = array->buffers[1];
    chunk->data = array->buffers[layout->layout == PERFPY_STRINGS ? 2 : 1];
    if (!chunk->data)
        chunk->data = nothing;
    const bool empty = layout->layout == PERFPY_FIXED && layout->width == 0;
    return chunk->values || empty ? NULL : "a buffer is missing";
}

/* NULL, or what is wrong; looks at every element, so without the GIL. */
static const char *check_elements(const struct perfpy_layout_of *layout, const struct perfpy_chunk *chunk)
{
    bool sound = true;
    if (chunk->count) {
        Py_BEGIN_ALLOW_THREADS
        if (layout->layout == PERFPY_STRINGS)
            sound = check_strings(layout, chunk);
        else if (layout->layout == PERFPY_VIEWS)
            sound = check_views(chunk);
        else if (layout->layout == PERFPY_DICTIONARY)
            sound = check_indexes(layout, chunk);
        Py_END_ALLOW_THREADS
    }
    return sound ? NULL : "an offset or index is out of range";
}

/* Reads the chunk's array: NULL, or what is wrong with it. */
static const char *read_chunk(struct perfpy_column *column, struct perfpy_chunk *chunk)
{
    const bool indexes = column->layout.layout == PERFPY_DICTIONARY;
    const char *wrong = read_array(chunk, &column->layout, &chunk->array);
    if (!wrong && indexes) {
        struct perfpy_chunk *dictionary = PyMem_RawCalloc(1, sizeof *dictionary);
        chunk->dictionary = dictionary;
        if (!dictionary)
            return no_memory;
        if (!chunk->array.dictionary)
            return "it has no dictionary";
        wrong = read_array(dictionary, &column->dictionary, chunk->array.dictionary);
        if (!wrong) {
            dictionary->array.n_buffers = chunk->array.dictionary->n_buffers; /* without its release */
            dictionary->array.buffers = chunk->array.dictionary->buffers;
            wrong = check_elements(&column->dictionary, dictionary);
        }
    }
    return wrong ? wrong : check_elements(&column->layout, chunk);
}

/* Takes an array over, which is released with the column, whatever becomes of it. */
static int append(struct perfpy_column *column, struct ArrowArray *array)
{
    const size_t count = (size_t)column->chunk_count;
    if ((count & (count - 1)) == 0) { /* room is a power of two */
        void *larger = PyMem_RawRealloc(column->chunks, (count ? 2 * count : 1) * sizeof *column->chunks);
        if (!larger) {
            array->release(array);
            PyErr_NoMemory();
            return -1;
        }
        column->chunks = larger;
    }
    struct perfpy_chunk *chunk = column->chunks + column->chunk_count++;
    *chunk = (struct perfpy_chunk){.start = column->count, .array = *array};
    array->release = NULL; /* it moved */
    const char *wrong = read_chunk(column, chunk);
    if (wrong == no_memory)
        PyErr_NoMemory();
    else if (wrong)
        PyErr_Format(PyExc_ValueError, "the Arrow array is damaged: %s", wrong);
    column->count += chunk->count;
    return wrong ? -1 : 0;
}

/* Puts an exception aside, if there is one, while a callback runs that may be Python's. */
static PyObject *put_aside(void)
{
#if PY_VERSION_HEX >= 0x030C0000
    return PyErr_GetRaisedException();
#else
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    if (traceback)
        PyException_SetTraceback(value, traceback);
    Py_XDECREF(type);
    Py_XDECREF(traceback);
    return value;
#endif
}

static void put_back(PyObject *error)
{
#if PY_VERSION_HEX >= 0x030C0000
    PyErr_SetRaisedException(error);
#else
    if (error)
        PyErr_Restore(Py_NewRef(Py_TYPE(error)), error, PyException_GetTraceback(error));
#endif
}

void perfpy_column_release(struct perfpy_column *column)
{
    PyObject *error = put_aside();
    for (int64_t i = 0; i < column->chunk_count; i++) {
        struct perfpy_chunk *chunk = column->chunks + i;
        if (chunk->array.release)
            chunk->array.release(&chunk->array);
        PyMem_RawFree((void *)chunk->dictionary);
        PyMem_RawFree(chunk->lines);
    }
    put_back(error);
    PyMem_RawFree(column->chunks);
    *column = (struct perfpy_column){0};
}

/* A structure out of a capsule that has not been released, or NULL with an exception. */
#define FROM_CAPSULE(type, capsule, name) from_capsule((capsule), (name), offsetof(type, release))

static void *from_capsule(PyObject *capsule, const char *name, size_t release)
{
    char *structure = PyCapsule_GetPointer(capsule, name);
    void (*callback)(void);
    if (!structure)
        return NULL;
    memcpy(&callback, structure + release, sizeof callback);
    if (callback)
        return structure;
    PyErr_Format(PyExc_ValueError, "the %s was taken by somebody else already", name);
    return NULL;
}

static int import_array(struct perfpy_column *column, PyObject *pair)
{
    if (!PyTuple_Check(pair) || PyTuple_GET_SIZE(pair) != 2) {
        PyErr_SetString(PyExc_TypeError, "__arrow_c_array__() must return two capsules");
        return -1;
    }
    const struct ArrowSchema *schema = FROM_CAPSULE(struct ArrowSchema, PyTuple_GET_ITEM(pair, 0), "arrow_schema");
    struct ArrowArray *array =
        schema ? FROM_CAPSULE(struct ArrowArray, PyTuple_GET_ITEM(pair, 1), "arrow_array") : NULL;
    return array && read_schema(column, schema) == 0 ? append(column, array) : -1;
}

static int raise_of_stream(struct ArrowArrayStream *stream, int error)
{
    if (PyErr_Occurred())
        return -1;
    const char *reason = stream->get_last_error ? stream->get_last_error(stream) : NULL;
    PyObject *type = error == ENOMEM ? PyExc_MemoryError : error == EINVAL ? PyExc_ValueError : PyExc_OSError;
    PyErr_Format(type, "the Arrow stream failed: %s", reason ? reason : strerror(error));
    return -1;
}

static int next_of_stream(struct ArrowArrayStream *stream, struct ArrowArray *array)
{
    int error;
    *array = (struct ArrowArray){0};
    Py_BEGIN_ALLOW_THREADS
    error = stream->get_next(stream, array);
    Py_END_ALLOW_THREADS
    return error ? raise_of_stream(stream, error) : 0;
}

/* A stream may wait for threads that want the GIL. */
static int import_stream(struct perfpy_column *column, PyObject *capsule)
{
    struct ArrowArrayStream *stream = FROM_CAPSULE(struct ArrowArrayStream, capsule, "arrow_array_stream");
    struct ArrowSchema schema = {0};
    struct ArrowArray array;
    if (!stream)
        return -1;
    int error;
    Py_BEGIN_ALLOW_THREADS
    error = stream->get_schema(stream, &schema);
    Py_END_ALLOW_THREADS
    int status = error ? raise_of_stream(stream, error) : read_schema(column, &schema);
    while (status == 0 && (status = next_of_stream(stream, &array)) == 0 && array.release)
        status = append(column, &array);
    PyObject *raised = put_aside();
    if (schema.release)
        schema.release(&schema);
    stream->release(stream);
    put_back(raised);
    return status;
}

int perfpy_column_import(struct perfpy_column *column, PyObject *source)
{
    const bool streams = PyObject_HasAttrString(source, "__arrow_c_stream__");
    PyObject *exported = PyObject_CallMethod(source, streams ? "__arrow_c_stream__" : "__arrow_c_array__", NULL);
    if (!exported)
        return -1;
    const int status = streams ? import_stream(column, exported) : import_array(column, exported);
    Py_DECREF(exported);
    return status;
}
