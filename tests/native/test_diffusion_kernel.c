/* Compares explicit steps in one and two dimensions, and those with a diffusivity in each cell, with the definition, bit
 * for bit, on random fields and sides; done by one thread, or by several that share a plan.
 *
 * Usage: test_diffusion_kernel ISA FIELDS SEED. Built by test_native.py, with sanitizers, once per instruction set; the
 * kernel is compiled as perfpy_diffusion_baseline whatever its flags, with limits so small that small fields are cut in
 * every way. Exit status 77: this machine cannot run it.
 */
#include <pthread.h>

#include "diffusion_case.h"
#include "plan.h"

/* The allocator of the plan goes through this; the countdown makes one of its allocations fail. */
static int allocations_left = -1;

void *test_aligned_alloc(size_t alignment, size_t size)
{
    if (allocations_left == 0)
        return NULL;
    if (allocations_left > 0)
        allocations_left--;
    return aligned_alloc(alignment, size);
}

/* One step by the definition, for each type of cell. */
#define DEFINE_STEP(name, real)                                                                                      \
    static void name(const struct diffusion_problem *p, const real *old, real *new)                                  \
    {                                                                                                                \
        const real *d = p->diffusivity;                                                                              \
        ptrdiff_t at[3];                                                                                             \
        for (at[0] = 0; at[0] < p->shape[0]; at[0]++)                                                                \
            for (at[1] = 0; at[1] < p->shape[1]; at[1]++)                                                            \
                for (at[2] = 0; at[2] < p->shape[2]; at[2]++) {                                                      \
                    const ptrdiff_t here = cell_at(p, at);                                                           \
                    const real g = old[here];                                                                        \
                    real sum = 0, change = 0;                                                                        \
                    for (int axis = 0; axis < p->dimensions; axis++) {                                               \
                        const ptrdiff_t a = neighbour(p, at, axis, -1), b = neighbour(p, at, axis, 1);               \
                        const real k = (real)p->weights[axis];                                                       \
                        sum = axis ? (sum + old[a]) + old[b] : old[a] + old[b];                                      \
                        real term = k * ((old[a] + old[b]) - 2 * g);                                                 \
                        if (d) {                                                                                     \
                            const real in = (real)0.5 * (d[here] + d[b]), out = (real)0.5 * (d[here] + d[a]);        \
                            term = k * (in * (old[b] - g) - out * (g - old[a]));                                     \
                        }                                                                                            \
                        change = axis ? change + term : term;                                                        \
                    }                                                                                                \
                    if (p->isotropic && !d)                                                                          \
                        change = (real)p->weights[0] * (sum - 2 * p->dimensions * g);                                \
                    new[here] = held(p, at) ? g : g + change;                                                        \
                }                                                                                                    \
    }

static ptrdiff_t cell_at(const struct diffusion_problem *problem, const ptrdiff_t at[3])
{
    return (at[0] * problem->shape[1] + at[1]) * problem->shape[2] + at[2];
}

static ptrdiff_t neighbour(const struct diffusion_problem *problem, const ptrdiff_t at[3], int axis, int direction)
{
    ptrdiff_t to[3] = {at[0], at[1], at[2]};
    to[axis] = beside(problem, axis, at[axis], direction);
    return cell_at(problem, to);
}

DEFINE_STEP(step_double, double)
DEFINE_STEP(step_float, float)

static void random_shape(struct diffusion_problem *problem)
{
    static const int small[] = {1, 2, 3, 4, 5, 7, 8, 13, 16, 17};
    static const int longest[4] = {0, 900, 60, 14};
    for (int axis = 0; axis < problem->dimensions; axis++)
        problem->shape[axis] = below(3) == 0 ? small[below(10)] : 1 + below(longest[problem->dimensions]);
    if (problem->dimensions == 2 && below(3) == 0)
        problem->shape[1] += 100 + below(150);
}

static void random_problem(struct diffusion_problem *problem)
{
    *problem = (struct diffusion_problem){.shape = {1, 1, 1}, .single = below(2), .isotropic = below(2)};
    const bool varying = below(4) == 0;
    problem->dimensions = 1 + below(varying ? 3 : 2);
    problem->isotropic = problem->isotropic || problem->dimensions == 1;
    random_shape(problem);
    for (int axis = 0; axis < problem->dimensions; axis++) {
        const bool periodic = below(3) == 0;
        for (int side = 0; side < 2; side++)
            problem->sides[axis][side] = periodic ? DIFFUSION_PERIODIC : random_side();
        const double weight = axis && problem->isotropic ? problem->weights[0] : uniform(0, 0.25);
        problem->weights[axis] = problem->single ? (double)(float)weight : weight;
    }
    problem->steps = 1 + below(40);
    if (varying) {
        void *diffusivity = new_field(problem);
        for (size_t cell = 0; cell < field_cells(problem); cell++)
            set(problem, diffusivity, cell, uniform(0, 1));
        problem->diffusivity = diffusivity;
    }
}

static int never(void *context)
{
    (void)context;
    return 0;
}

struct helper {
    pthread_t thread;
    struct diffusion_plan *plan;
    enum diffusion_status status;
};

static void *help(void *argument)
{
    struct helper *helper = argument;
    const struct perfpy_interrupt interrupt = {never, NULL};
    helper->status = perfpy_diffusion_work(helper->plan, &interrupt);
    return NULL;
}

enum { MOST_HELPERS = 3 };

/* Does a problem by this thread and helpers; what this thread was told, or what a helper was if it was not done. */
static enum diffusion_status work(const struct diffusion_problem *problem, int helpers)
{
    const struct perfpy_interrupt interrupt = {stop_at, NULL};
    struct diffusion_plan *plan =
        perfpy_diffusion_plan(problem, perfpy_diffusion_baseline(problem), helpers ? 1 + below(6) : 1);
    struct helper all[MOST_HELPERS];
    if (!plan)
        return DIFFUSION_NO_MEMORY;
    for (int i = 0; i < helpers; i++) {
        all[i].plan = plan;
        if (pthread_create(&all[i].thread, NULL, help, &all[i]))
            abort();
    }
    enum diffusion_status status = perfpy_diffusion_work(plan, &interrupt);
    for (int i = 0; i < helpers; i++) {
        pthread_join(all[i].thread, NULL);
        if (status == DIFFUSION_DONE)
            status = all[i].status;
    }
    perfpy_diffusion_free(plan);
    return status;
}

static void by_definition(const struct diffusion_problem *problem, void *result)
{
    const size_t bytes = field_cells(problem) * cell_bytes(problem);
    void *next = new_field(problem);
    memcpy(result, problem->start, bytes);
    for (int64_t step = 0; step < problem->steps; step++) {
        if (problem->single)
            step_float(problem, result, next);
        else
            step_double(problem, result, next);
        memcpy(result, next, bytes);
    }
    free(next);
}

static int compare_one(void)
{
    struct diffusion_problem problem;
    random_problem(&problem);
    const size_t bytes = field_cells(&problem) * cell_bytes(&problem);
    void *start = new_field(&problem), *copy = new_field(&problem);
    void *is = new_field(&problem), *want = new_field(&problem);
    fill(&problem, start);
    memcpy(copy, start, bytes);
    memset(is, 0x5a, bytes);
    problem.start = start;
    problem.out = is;
    by_definition(&problem, want);
    polls = stop_at_poll = 0;
    int wrong = work(&problem, below(2) ? below(MOST_HELPERS + 1) : 0) != DIFFUSION_DONE;
    if (wrong)
        printf("not done\n");
    wrong |= differ(&problem, is, want);
    if (memcmp(copy, start, bytes) != 0) {
        printf("the start was changed\n");
        wrong = 1;
    }
    free(start);
    free(copy);
    free(is);
    free(want);
    free((void *)problem.diffusivity);
    return wrong;
}

/* Work on a field that is polled about many times stops at whichever poll says so, also for the helpers. */
static int stops(void)
{
    struct diffusion_problem problem = {.dimensions = 2, .shape = {300, 90, 1}, .isotropic = true,
                                        .weights = {0.1, 0.1}, .steps = 200};
    void *start = calloc(field_cells(&problem), sizeof(double));
    int wrong = 0;
    problem.start = start;
    problem.out = new_field(&problem);
    for (int helpers = 0; helpers <= MOST_HELPERS && !wrong; helpers += MOST_HELPERS)
        for (stop_at_poll = 1; stop_at_poll < 200 && !wrong; stop_at_poll = stop_at_poll * 2 + 1) {
            polls = 0;
            const enum diffusion_status status = work(&problem, helpers);
            wrong = polls >= stop_at_poll ? status != DIFFUSION_INTERRUPTED || polls > stop_at_poll
                                          : status != DIFFUSION_DONE || helpers == 0;
            if (wrong)
                printf("status %d after %d polls with %d helpers, to stop at %d\n", status, polls, helpers, stop_at_poll);
        }
    polls = stop_at_poll = 0;
    free(start);
    free(problem.out);
    return wrong;
}

/* Each of the allocations may fail: of the plan, of the spare field, of the workspace. */
static int runs_out_of_memory(void)
{
    struct diffusion_problem problem = {.dimensions = 2, .shape = {40, 40, 1}, .isotropic = true,
                                        .weights = {0.1, 0.1}, .steps = 100};
    void *start = calloc(field_cells(&problem), sizeof(double));
    problem.start = start;
    problem.out = new_field(&problem);
    int wrong = 0;
    for (int left = 0; left < 4; left++) {
        allocations_left = left;
        wrong |= work(&problem, 0) != (left < 3 ? DIFFUSION_NO_MEMORY : DIFFUSION_DONE);
    }
    allocations_left = -1;
    free(start);
    free(problem.out);
    if (wrong)
        printf("wrong reaction to a failed allocation\n");
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
    int wrong = stops() + runs_out_of_memory();
    for (int field = atoi(argv[2]); field > 0 && wrong < 5; field--)
        wrong += compare_one();
    return wrong != 0;
}
