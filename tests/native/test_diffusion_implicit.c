/* Compares implicit steps with their definition, line by line in plain loops, bit for bit, on random fields and sides.
 *
 * Usage: test_diffusion_implicit ISA FIELDS SEED. Built by test_native.py, with sanitizers, once per instruction set; the
 * kernel is compiled as perfpy_diffusion_implicit_baseline_float and _double whatever its flags, with limits so small
 * that small fields are cut too. Exit status 77: this machine cannot run it.
 */
#include "diffusion_case.h"

#include "implicit.h"
#include "memory.h"

enum { LONGEST = 256 };

static int allocations_left = -1;

/* The kernel's allocations go through these; the countdown makes one of them fail. */
void *test_malloc(size_t size)
{
    if (allocations_left == 0)
        return NULL;
    if (allocations_left > 0)
        allocations_left--;
    return malloc(size);
}

void *perfpy_diffusion_allocate(size_t bytes)
{
    return test_malloc(bytes);
}

size_t perfpy_diffusion_field_bytes(const struct diffusion_problem *problem)
{
    size_t cells = 1;
    for (int axis = 0; axis < problem->dimensions; axis++)
        cells *= (size_t)problem->shape[axis];
    return cells * cell_bytes(problem);
}

/* The factors of an axis of so many unknowns. */
static void find_factors(int count, double h, bool first_held, bool last_held, double *upper, double *inverse)
{
    double p = first_held ? 1 + h : 1;
    for (int i = 0; i < count; i++) {
        const double m = i < count - 1 || last_held ? p + h : p;
        upper[i] = h / m;
        inverse[i] = 1 / m;
        p = 1 + h * (p / m);
    }
}

/* The definition for each type of cell; `problem` has three dimensions, of which the first are not used. */
#define DEFINE_IMPLICIT(real)                                                                                        \
    static void solve_##real(int count, const real *upper, const real *inverse, real *x)                             \
    {                                                                                                                \
        for (int i = 1; i < count; i++)                                                                              \
            x[i] = x[i] + upper[i - 1] * x[i - 1];                                                                   \
        x[count - 1] = x[count - 1] * inverse[count - 1];                                                            \
        for (int i = count - 2; i >= 0; i--) {                                                                       \
            const real scaled = x[i] * inverse[i];                                                                   \
            x[i] = scaled + upper[i] * x[i + 1];                                                                     \
        }                                                                                                            \
    }                                                                                                                \
                                                                                                                     \
    static void solve_axis_##real(const struct diffusion_problem *p, int axis, real *line)                           \
    {                                                                                                                \
        const int n = (int)p->shape[axis], first = p->sides[axis][0] == DIFFUSION_HELD;                              \
        const bool periodic = p->sides[axis][0] == DIFFUSION_PERIODIC, last = p->sides[axis][1] == DIFFUSION_HELD;   \
        const int count = periodic ? n - 1 : n - first - last;                                                       \
        double upper[LONGEST], inverse[LONGEST], ones[LONGEST], links[LONGEST];                                      \
        real c[LONGEST], inv[LONGEST];                                                                               \
        const double h = 0.5 * p->weights[axis];                                                                     \
        if (count <= 0)                                                                                              \
            return;                                                                                                  \
        find_factors(count, h, periodic || first, periodic || last, upper, inverse);                                 \
        for (int i = 0; i < count; i++) {                                                                            \
            c[i] = (real)upper[i];                                                                                   \
            inv[i] = (real)inverse[i];                                                                               \
        }                                                                                                            \
        solve_##real(count, c, inv, line + first);                                                                   \
        if (!periodic)                                                                                               \
            return;                                                                                                  \
        for (int i = 0; i < count; i++) {                                                                            \
            ones[i] = 1;                                                                                             \
            links[i] = (i == 0 ? h : 0) + (i == count - 1 ? h : 0);                                                  \
        }                                                                                                            \
        solve_double(count, upper, inverse, ones);                                                                   \
        solve_double(count, upper, inverse, links);                                                                  \
        const real half = (real)h, closing = (real)(1 / (1 + h * (ones[0] + ones[count - 1])));                      \
        line[count] = (line[count] + half * (line[0] + line[count - 1])) * closing;                                  \
        for (int i = 0; i < count; i++)                                                                              \
            line[i] = line[i] + (real)links[i] * line[count];                                                        \
    }                                                                                                                \
                                                                                                                     \
    static void step_##real(const struct diffusion_problem *p, int unused, real *u)                                  \
    {                                                                                                                \
        const ptrdiff_t strides[3] = {p->shape[1] * p->shape[2], p->shape[2], 1};                                    \
        const ptrdiff_t cells = p->shape[0] * strides[0];                                                            \
        real *r = new_field(p);                                                                                      \
        for (ptrdiff_t here = 0; here < cells; here++) {                                                             \
            real sum = 0;                                                                                            \
            for (int axis = unused; axis < 3; axis++) {                                                              \
                const ptrdiff_t at = here / strides[axis] % p->shape[axis];                                          \
                const real a = u[here + (beside(p, axis, at, -1) - at) * strides[axis]];                             \
                const real b = u[here + (beside(p, axis, at, 1) - at) * strides[axis]];                              \
                const real t = (real)p->weights[axis] * ((a + b) - 2 * u[here]);                                     \
                sum = axis == unused ? t : sum + t;                                                                  \
            }                                                                                                        \
            r[here] = sum;                                                                                           \
        }                                                                                                            \
        for (int axis = unused; axis < 3; axis++)                                                                    \
            for (ptrdiff_t here = 0; here < cells; here++) {                                                         \
                real line[LONGEST];                                                                                  \
                if (here / strides[axis] % p->shape[axis])                                                           \
                    continue; /* not the first cell of a line */                                                     \
                for (ptrdiff_t i = 0; i < p->shape[axis]; i++)                                                       \
                    line[i] = r[here + i * strides[axis]];                                                           \
                solve_axis_##real(p, axis, line);                                                                    \
                for (ptrdiff_t i = 0; i < p->shape[axis]; i++)                                                       \
                    r[here + i * strides[axis]] = line[i];                                                           \
            }                                                                                                        \
        for (ptrdiff_t here = 0; here < cells; here++) {                                                             \
            const ptrdiff_t at[3] = {here / strides[0], here / strides[1] % p->shape[1], here % p->shape[2]};        \
            if (!held(p, at))                                                                                        \
                u[here] = u[here] + r[here];                                                                         \
        }                                                                                                            \
        free(r);                                                                                                     \
    }

DEFINE_IMPLICIT(double)
DEFINE_IMPLICIT(float)

/* A problem whose unused axes, the first ones, have one cell and a reflecting side; and how many are used. */
static int random_problem(struct diffusion_problem *problem)
{
    static const int small[] = {1, 2, 3, 4, 5, 7, 8, 13, 16, 17};
    const int dimensions = 1 + below(3);
    *problem = (struct diffusion_problem){.dimensions = 3, .single = below(2), .steps = 1 + below(3)};
    for (int axis = 0; axis < 3; axis++) {
        const bool used = axis >= 3 - dimensions, periodic = used && below(3) == 0;
        problem->shape[axis] = !used ? 1 : below(2) ? small[below(10)] : 1 + below(dimensions == 3 ? 36 : 100);
        for (int side = 0; side < 2; side++)
            problem->sides[axis][side] = !used      ? DIFFUSION_REFLECTING
                                         : periodic ? DIFFUSION_PERIODIC
                                                    : random_side();
        const double weight = below(4) ? uniform(0, 3) : exp(uniform(-20, 20));
        problem->weights[axis] = problem->single ? (double)(float)weight : weight;
    }
    return dimensions;
}

/* The same problem with the axes that it uses. */
static struct diffusion_problem without_unused(const struct diffusion_problem *problem, int dimensions)
{
    struct diffusion_problem used = *problem;
    used.dimensions = dimensions;
    for (int axis = 0; axis < dimensions; axis++) {
        const int from = axis + 3 - dimensions;
        used.shape[axis] = problem->shape[from];
        used.weights[axis] = problem->weights[from];
        memcpy(used.sides[axis], problem->sides[from], sizeof used.sides[axis]);
    }
    return used;
}

static enum diffusion_status run(struct diffusion_problem problem, int dimensions, const void *start, void *out)
{
    const struct perfpy_interrupt interrupt = {stop_at, NULL};
    struct diffusion_problem used = without_unused(&problem, dimensions);
    used.start = start;
    used.out = out;
    return problem.single ? perfpy_diffusion_implicit_baseline_float(&used, &interrupt)
                          : perfpy_diffusion_implicit_baseline_double(&used, &interrupt);
}

static int compare_one(void)
{
    struct diffusion_problem problem;
    const int dimensions = random_problem(&problem);
    const size_t bytes = field_cells(&problem) * cell_bytes(&problem);
    void *start = new_field(&problem), *copy = new_field(&problem), *is = new_field(&problem);
    fill(&problem, start);
    memcpy(copy, start, bytes);
    int wrong = run(problem, dimensions, start, is) != DIFFUSION_DONE || memcmp(copy, start, bytes) != 0;
    if (wrong)
        printf("not done, or the start was changed\n");
    for (int64_t step = 0; step < problem.steps; step++) {
        if (problem.single)
            step_float(&problem, 3 - dimensions, copy);
        else
            step_double(&problem, 3 - dimensions, copy);
    }
    wrong += differ(&problem, is, copy);
    free(start);
    free(copy);
    free(is);
    return wrong;
}

/* Work of many polls stops at whichever poll says so, and where an allocation fails. */
static int stops(void)
{
    int wrong = 0;
    for (int dimensions = 1; dimensions <= 3; dimensions++) {
        struct diffusion_problem problem = {.dimensions = 3, .shape = {1, 1, 250}, .weights = {1, 1, 1}, .steps = 40};
        for (int axis = 3 - dimensions; axis < 2; axis++)
            problem.shape[axis] = 20;
        problem.steps = dimensions == 3 ? 2 : 40;
        void *start = calloc(field_cells(&problem), sizeof(double)), *out = new_field(&problem);
        polls = stop_at_poll = 0;
        wrong += run(problem, dimensions, start, out) != DIFFUSION_DONE;
        const int all = polls;
        for (stop_at_poll = 1; stop_at_poll <= all && stop_at_poll < 100; stop_at_poll++) {
            polls = 0;
            wrong += run(problem, dimensions, start, out) != DIFFUSION_INTERRUPTED || polls != stop_at_poll;
        }
        stop_at_poll = 0;
        for (allocations_left = 0; allocations_left < 5; allocations_left++) {
            const int left = allocations_left;
            wrong += run(problem, dimensions, start, out) != DIFFUSION_NO_MEMORY;
            allocations_left = left;
        }
        allocations_left = -1;
        wrong += all < 5;
        free(start);
        free(out);
    }
    if (wrong)
        printf("wrong reactions to interrupts or to missing memory: %d\n", wrong);
    return wrong;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    if (!can_run(argv[1])) {
        printf("this processor has no %s\n", argv[1]);
        return 77;
    }
    random_state = strtoull(argv[3], NULL, 10);
    int wrong = stops();
    for (int field = atoi(argv[2]); field > 0 && wrong < 5; field--)
        wrong += compare_one();
    return wrong != 0;
}
