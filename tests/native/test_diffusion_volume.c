/* Compares explicit steps in three dimensions with the definition, bit for bit, on random fields and sides.
 *
 * Usage: test_diffusion_volume ISA FIELDS SEED. Built by test_native.py, with sanitizers, once per instruction set; the
 * kernel is compiled as perfpy_diffusion_volume_baseline_float and _double whatever its flags, with limits so small that
 * small fields are cut in every way. Exit status 77: this machine cannot run it.
 */
#include "diffusion_case.h"

/* One step by the definition, for each type of cell. */
#define DEFINE_STEP(name, real)                                                                                      \
    static void name(const struct diffusion_problem *p, const real *old, real *new)                                 \
    {                                                                                                                \
        const real k[3] = {(real)p->weights[0], (real)p->weights[1], (real)p->weights[2]};                           \
        ptrdiff_t at[3];                                                                                             \
        for (at[0] = 0; at[0] < p->shape[0]; at[0]++)                                                                \
            for (at[1] = 0; at[1] < p->shape[1]; at[1]++)                                                            \
                for (at[2] = 0; at[2] < p->shape[2]; at[2]++) {                                                      \
                    real near[3][2];                                                                                 \
                    const ptrdiff_t here = (at[0] * p->shape[1] + at[1]) * p->shape[2] + at[2];                      \
                    for (int axis = 0; axis < 3; axis++)                                                             \
                        for (int side = 0; side < 2; side++) {                                                       \
                            ptrdiff_t to[3] = {at[0], at[1], at[2]};                                                 \
                            to[axis] = beside(p, axis, at[axis], 2 * side - 1);                                      \
                            near[axis][side] = old[(to[0] * p->shape[1] + to[1]) * p->shape[2] + to[2]];             \
                        }                                                                                            \
                    const real g = old[here];                                                                        \
                    real sum = near[0][0] + near[0][1];                                                              \
                    if (p->isotropic) {                                                                              \
                        sum = sum + near[1][0];                                                                      \
                        sum = sum + near[1][1];                                                                      \
                        sum = sum + near[2][0];                                                                      \
                        sum = sum + near[2][1];                                                                      \
                        sum = k[0] * (sum - 6 * g);                                                                  \
                    } else {                                                                                         \
                        sum = k[0] * (sum - 2 * g);                                                                  \
                        sum = sum + k[1] * ((near[1][0] + near[1][1]) - 2 * g);                                      \
                        sum = sum + k[2] * ((near[2][0] + near[2][1]) - 2 * g);                                      \
                    }                                                                                                \
                    new[here] = held(p, at) ? g : g + sum;                                                           \
                }                                                                                                    \
    }

DEFINE_STEP(step_double, double)
DEFINE_STEP(step_float, float)

static void random_problem(struct diffusion_problem *problem)
{
    static const int small[] = {1, 2, 3, 4, 5, 7, 8, 13, 16, 17};
    *problem = (struct diffusion_problem){.dimensions = 3, .single = below(2), .isotropic = below(2)};
    for (int axis = 0; axis < 3; axis++) {
        problem->shape[axis] = below(2) ? small[below(10)] : 1 + below(axis == 2 ? 40 : 12);
        const bool periodic = below(3) == 0;
        for (int side = 0; side < 2; side++)
            problem->sides[axis][side] = periodic ? DIFFUSION_PERIODIC : random_side();
        const double weight = axis && problem->isotropic ? problem->weights[0] : uniform(0, 0.16);
        problem->weights[axis] = problem->single ? (double)(float)weight : weight;
    }
    if (below(3) == 0)
        problem->shape[2] = 64 + 8 * below(18);
    problem->steps = 1 + below(9);
}

static const struct perfpy_interrupt interrupt = {stop_at, NULL};

/* A pass over slabs of random heights. */
static enum diffusion_status pass(const struct diffusion_problem *problem, const struct diffusion_method *method,
                                  int steps, const void *from, void *to, void *workspace)
{
    for (ptrdiff_t plane = 0, end; plane < problem->shape[0]; plane = end) {
        end = below(2) ? problem->shape[0] : plane + 1 + below((int)(problem->shape[0] - plane));
        const struct diffusion_piece piece = {problem, from, to, steps, plane, end, workspace};
        const enum diffusion_status status = method->advance(&piece, &interrupt);
        if (status != DIFFUSION_DONE)
            return status;
    }
    return DIFFUSION_DONE;
}

static struct diffusion_method choose(const struct diffusion_problem *problem)
{
    return problem->single ? perfpy_diffusion_volume_baseline_float(problem)
                           : perfpy_diffusion_volume_baseline_double(problem);
}

static void *new_workspace(const struct diffusion_method *method)
{
    void *workspace = aligned_alloc(64, (method->workspace + 63) / 64 * 64);
    if (!workspace)
        abort();
    return workspace;
}

/* The field after problem->steps, in passes of any depth; to be freed. */
static void *by_kernel(const struct diffusion_problem *problem, const void *start)
{
    const struct diffusion_method method = choose(problem);
    void *workspace = new_workspace(&method), *now = new_field(problem), *next = new_field(problem);
    memcpy(now, start, field_cells(problem) * cell_bytes(problem));
    for (int64_t left = problem->steps, steps; left > 0; left -= steps) {
        const int64_t most = left < method.depth ? left : method.depth;
        steps = below(2) ? most : 1 + below((int)most);
        memset(next, 0x5a, field_cells(problem) * cell_bytes(problem));
        if (pass(problem, &method, (int)steps, now, next, workspace) != DIFFUSION_DONE)
            abort();
        void *swap = now;
        now = next;
        next = swap;
    }
    free(next);
    free(workspace);
    return now;
}

static void *by_definition(const struct diffusion_problem *problem, const void *start)
{
    void *now = new_field(problem), *next = new_field(problem);
    memcpy(now, start, field_cells(problem) * cell_bytes(problem));
    for (int64_t step = 0; step < problem->steps; step++) {
        if (problem->single)
            step_float(problem, now, next);
        else
            step_double(problem, now, next);
        void *swap = now;
        now = next;
        next = swap;
    }
    free(next);
    return now;
}

static int compare_one(void)
{
    struct diffusion_problem problem;
    random_problem(&problem);
    const size_t bytes = field_cells(&problem) * cell_bytes(&problem);
    void *start = new_field(&problem), *copy = new_field(&problem);
    fill(&problem, start);
    memcpy(copy, start, bytes);
    void *is = by_kernel(&problem, start), *want = by_definition(&problem, start);
    int wrong = differ(&problem, is, want);
    if (memcmp(copy, start, bytes) != 0) {
        printf("the start was changed\n");
        wrong = 1;
    }
    free(start);
    free(copy);
    free(is);
    free(want);
    return wrong;
}

/* A field large enough to be polled about several times stops at whichever poll says so. */
static int stops(void)
{
    const struct diffusion_problem problem = {
        .dimensions = 3, .shape = {20, 16, 64}, .isotropic = true, .weights = {0.1, 0.1, 0.1}};
    const struct diffusion_method method = choose(&problem);
    void *from = calloc(field_cells(&problem), sizeof(double)), *to = new_field(&problem);
    void *workspace = new_workspace(&method);
    polls = stop_at_poll = 0;
    int wrong = pass(&problem, &method, method.depth, from, to, workspace) != DIFFUSION_DONE || polls < 1;
    const int all = polls;
    for (int poll = 1; poll <= all && !wrong; poll++) {
        const struct diffusion_piece piece = {&problem, from, to, method.depth, 0, problem.shape[0], workspace};
        polls = 0;
        stop_at_poll = poll;
        wrong = method.advance(&piece, &interrupt) != (poll <= polls ? DIFFUSION_INTERRUPTED : DIFFUSION_DONE) || polls > poll;
    }
    polls = stop_at_poll = 0;
    free(from);
    free(to);
    free(workspace);
    if (wrong)
        printf("wrong reaction to an interrupt, of %d polls\n", all);
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
