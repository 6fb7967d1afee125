/* CPython binding of the diffusion kernels: perfpy._ext.diffusion._c.
 *
 * Arrays come in through the buffer protocol, so the module needs no numpy headers. The arguments were checked by
 * perfpy.diffuse; what is checked again here is what would corrupt memory.
 */
#include "../common/binding.h"
#include "implicit.h"
#include "plan.h"

struct module_state {
    enum perfpy_isa isa;
};

/* A problem and the buffers it points to. */
struct arguments {
    struct diffusion_problem problem;
    Py_buffer start, diffusivity, out;
};

static void release(struct arguments *arguments)
{
    PyBuffer_Release(&arguments->start); /* nothing where there is no buffer */
    PyBuffer_Release(&arguments->diffusivity);
    PyBuffer_Release(&arguments->out);
}

static bool same_shape(const Py_buffer *a, const Py_buffer *b)
{
    return a->ndim == b->ndim && *perfpy_format(a) == *perfpy_format(b) &&
           memcmp(a->shape, b->shape, (size_t)a->ndim * sizeof *a->shape) == 0;
}

/* Gets the arrays, which must be alike. */
static int get_arrays(struct arguments *arguments, PyObject *start, PyObject *diffusivity, PyObject *out)
{
    if (perfpy_get_buffer(start, &arguments->start, "start", "df", 1, 3, 0) < 0 ||
        (diffusivity != Py_None &&
         perfpy_get_buffer(diffusivity, &arguments->diffusivity, "diffusivity", "df", 1, 3, 0) < 0) ||
        perfpy_get_buffer(out, &arguments->out, "out", "df", 1, 3, PyBUF_WRITABLE) < 0)
        return -1;
    if (!same_shape(&arguments->start, &arguments->out) ||
        (diffusivity != Py_None && !same_shape(&arguments->start, &arguments->diffusivity))) {
        PyErr_SetString(PyExc_ValueError, "start, diffusivity and out must have the same shape and format");
        return -1;
    }
    struct diffusion_problem *problem = &arguments->problem;
    problem->start = arguments->start.buf;
    problem->diffusivity = arguments->diffusivity.buf;
    problem->out = arguments->out.buf;
    problem->single = *perfpy_format(&arguments->start) == 'f';
    problem->dimensions = arguments->start.ndim;
    for (int axis = 0; axis < problem->dimensions; axis++) {
        problem->shape[axis] = arguments->start.shape[axis];
        if (problem->shape[axis] < 1) {
            PyErr_SetString(PyExc_ValueError, "start must not be empty");
            return -1;
        }
    }
    return 0;
}

/* The n-th pair of `sides`, a sequence of sequences of two numbers of enum diffusion_side. */
static int get_sides(PyObject *sides, int axis, enum diffusion_side *pair)
{
    PyObject *item = PySequence_GetItem(sides, axis);
    int first, last, periodic;
    if (!item)
        return -1;
    PyObject *tuple = PySequence_Tuple(item);
    Py_DECREF(item);
    if (!tuple)
        return -1;
    const int parsed = PyArg_ParseTuple(tuple, "ii", &first, &last);
    Py_DECREF(tuple);
    if (!parsed)
        return -1;
    periodic = (first == DIFFUSION_PERIODIC) + (last == DIFFUSION_PERIODIC);
    if (first < 0 || first > DIFFUSION_REFLECTING || last < 0 || last > DIFFUSION_REFLECTING || periodic == 1) {
        PyErr_Format(PyExc_ValueError, "sides must be pairs of sides, both periodic or none, not (%d, %d)", first, last);
        return -1;
    }
    pair[0] = (enum diffusion_side)first;
    pair[1] = (enum diffusion_side)last;
    return 0;
}

static int get_axes(struct diffusion_problem *problem, PyObject *weights, PyObject *sides)
{
    problem->isotropic = true;
    for (int axis = 0; axis < problem->dimensions; axis++) {
        PyObject *weight = PySequence_GetItem(weights, axis);
        if (!weight)
            return -1;
        problem->weights[axis] = PyFloat_AsDouble(weight);
        Py_DECREF(weight);
        if (PyErr_Occurred() || get_sides(sides, axis, problem->sides[axis]) < 0)
            return -1;
        problem->isotropic = problem->isotropic && problem->weights[axis] == problem->weights[0];
    }
    return 0;
}

/* Gets a problem from the arguments start, steps, weights, sides, diffusivity, out. What has been got is to be released
 * even if this fails. */
static int get_arguments(struct arguments *arguments, PyObject *const *values)
{
    *arguments = (struct arguments){.problem = {.steps = PyLong_AsLongLong(values[1])}};
    if (PyErr_Occurred())
        return -1;
    if (arguments->problem.steps < 1) {
        PyErr_SetString(PyExc_ValueError, "steps must be at least 1");
        return -1;
    }
    if (get_arrays(arguments, values[0], values[4], values[5]) < 0)
        return -1;
    return get_axes(&arguments->problem, values[2], values[3]);
}

/* Makes the call without the GIL, and None or the exception from its status. That another thread was stopped is for
 * that thread to report. */
static PyObject *run_without_gil(perfpy_kernel_call *call, void *arguments)
{
    switch (perfpy_without_gil(call, arguments)) {
    case DIFFUSION_NO_MEMORY:
        return PyErr_NoMemory();
    case DIFFUSION_INTERRUPTED:
        return NULL; /* the signal handler's exception is set */
    default:
        Py_RETURN_NONE;
    }
}

static int work_on(void *plan, const struct perfpy_interrupt *interrupt)
{
    return (int)perfpy_diffusion_work(plan, interrupt);
}

static struct diffusion_plan *make_plan(const struct module_state *state, const struct arguments *arguments, int workers)
{
    const struct diffusion_problem *problem = &arguments->problem;
    struct diffusion_plan *plan = perfpy_diffusion_plan(problem, perfpy_diffusion_method(state->isa, problem), workers);
    if (!plan)
        PyErr_NoMemory();
    return plan;
}

PyDoc_STRVAR(diffuse_doc, "diffuse($module, start, steps, weights, sides, diffusivity, out, /)\n--\n\n"
                          "Fill out with the field after so many explicit steps.");

static PyObject *diffuse(PyObject *module, PyObject *const *values, Py_ssize_t count)
{
    if (count != 6)
        return PyErr_Format(PyExc_TypeError, "diffuse() takes 6 arguments (%zd given)", count);
    struct arguments arguments;
    PyObject *result = NULL;
    struct diffusion_plan *plan = NULL;
    if (get_arguments(&arguments, values) == 0)
        plan = make_plan(PyModule_GetState(module), &arguments, 1);
    if (plan)
        result = run_without_gil(work_on, plan);
    perfpy_diffusion_free(plan);
    release(&arguments);
    return result;
}

struct implicit_call {
    enum perfpy_isa isa;
    const struct diffusion_problem *problem;
};

static int take_implicit_steps(void *arguments, const struct perfpy_interrupt *interrupt)
{
    const struct implicit_call *call = arguments;
    return (int)perfpy_diffusion_take_implicit_steps(call->isa, call->problem, interrupt);
}

PyDoc_STRVAR(implicit_doc, "implicit($module, start, steps, weights, sides, out, /)\n--\n\n"
                           "Fill out with the field after so many implicit steps.");

static PyObject *implicit(PyObject *module, PyObject *const *values, Py_ssize_t count)
{
    if (count != 5)
        return PyErr_Format(PyExc_TypeError, "implicit() takes 5 arguments (%zd given)", count);
    const struct module_state *state = PyModule_GetState(module);
    PyObject *const all[] = {values[0], values[1], values[2], values[3], Py_None, values[4]};
    struct arguments arguments;
    PyObject *result = NULL;
    if (get_arguments(&arguments, all) == 0) {
        struct implicit_call call = {state->isa, &arguments.problem};
        result = run_without_gil(take_implicit_steps, &call);
    }
    release(&arguments);
    return result;
}

struct plan_object {
    PyObject_HEAD
    struct arguments arguments;
    struct diffusion_plan *plan;
};

static PyObject *plan_new(PyTypeObject *type, PyObject *values, PyObject *keywords)
{
    static char *names[] = {"start", "steps", "weights", "sides", "diffusivity", "out", "workers", NULL};
    PyObject *positional[6];
    int workers;
    if (!PyArg_ParseTupleAndKeywords(values, keywords, "OOOOOOi", names, &positional[0], &positional[1],
                                     &positional[2], &positional[3], &positional[4], &positional[5], &workers))
        return NULL;
    struct plan_object *self = (struct plan_object *)type->tp_alloc(type, 0);
    if (!self)
        return NULL;
    if (get_arguments(&self->arguments, positional) == 0)
        self->plan = make_plan(PyType_GetModuleState(type), &self->arguments, workers);
    if (self->plan)
        return (PyObject *)self;
    Py_DECREF(self);
    return NULL;
}

static void plan_dealloc(PyObject *object)
{
    struct plan_object *self = (struct plan_object *)object;
    PyTypeObject *type = Py_TYPE(object);
    perfpy_diffusion_free(self->plan);
    release(&self->arguments);
    type->tp_free(object);
    Py_DECREF(type);
}

PyDoc_STRVAR(work_doc, "work($self, /)\n--\n\n"
                       "Do pieces of the problem until none is left. Any number of threads may call this at once.\n\n"
                       "When all calls have returned and none has raised, out is filled.");

static PyObject *plan_work(PyObject *object, PyObject *ignored)
{
    (void)ignored;
    return run_without_gil(work_on, ((struct plan_object *)object)->plan);
}

static PyMethodDef plan_methods[] = {
    {"work", plan_work, METH_NOARGS, work_doc},
    {NULL, NULL, 0, NULL},
};

PyDoc_STRVAR(plan_doc, "Plan(start, steps, weights, sides, diffusivity, out, workers)\n--\n\n"
                       "Explicit steps that about so many threads take together.");

static PyType_Slot plan_slots[] = {
    {Py_tp_new, plan_new},
    {Py_tp_dealloc, plan_dealloc},
    {Py_tp_methods, plan_methods},
    {Py_tp_doc, (void *)plan_doc},
    {0, NULL},
};

static PyType_Spec plan_spec = {
    .name = "perfpy._ext.diffusion._c.Plan",
    .basicsize = sizeof(struct plan_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = plan_slots,
};

static PyMethodDef methods[] = {
    {"diffuse", (PyCFunction)(void (*)(void))diffuse, METH_FASTCALL, diffuse_doc},
    {"implicit", (PyCFunction)(void (*)(void))implicit, METH_FASTCALL, implicit_doc},
    {NULL, NULL, 0, NULL},
};

static int execute(PyObject *module)
{
    struct module_state *state = PyModule_GetState(module);
    if (perfpy_choose_isa(module, ~0u, &state->isa) < 0)
        return -1;
    PyObject *type = PyType_FromModuleAndSpec(module, &plan_spec, NULL);
    const int added = type ? PyModule_AddObjectRef(module, "Plan", type) : -1;
    Py_XDECREF(type);
    return added;
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, execute},
    PERFPY_LAST_SLOTS,
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_c",
    .m_doc = "Diffusion by SIMD kernels that take several steps per pass through memory.",
    .m_size = sizeof(struct module_state),
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__c(void)
{
    return PyModuleDef_Init(&definition);
}
