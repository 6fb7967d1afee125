/* Shares the pieces of a problem among threads, whatever their number, without a barrier between passes.
 *
 * The steps are divided into passes, each pass into the same blocks along the first axis. Pieces, pass after pass, are
 * claimed in order from a counter. A piece of pass p may begin when pass p-1 is done with the same block and the
 * two beside it: then what it reads has been written, and what it writes over has been read. As pieces are claimed in
 * order by threads that do what they claim, the earliest piece never waits for anyone: no deadlock.
 *
 * The last pass writes the result, the one before it a field of our own, and so on in turn; the first reads the start.
 */
#include "plan.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "memory.h"

/* Blocks are to be so many times the depth, as what a piece computes beyond its block must stay a small part of it; but
 * rather than leave a worker without a block they may be smaller. More than one for each worker even out what else the
 * processors do. */
enum { GOOD_BLOCK = 16, LEAST_BLOCK = 2, MOST_PER_WORKER = 4 };
enum { SPINS = 2000 };
/* A piece of a few cells counts for more than it has: it takes its time to claim and to begin. */
enum { CELLS_WORTH_A_PIECE = 1 << 10 };
#ifndef CELLS_BETWEEN_POLLS
#define CELLS_BETWEEN_POLLS (1 << 22)
#endif

struct block {
    _Alignas(64) atomic_llong passes; /* that are done */
};

struct diffusion_plan {
    struct diffusion_problem problem;
    struct diffusion_method method;
    int64_t passes;
    ptrdiff_t blocks;
    void *spare;                      /* the field that passes write in turn with the result; NULL for one pass */
    _Alignas(64) atomic_llong claimed; /* pieces */
    _Alignas(64) atomic_bool stopped;
    struct block done[];
};

static ptrdiff_t choose_blocks(const struct diffusion_problem *problem, int depth, int workers)
{
    if (workers < 2)
        return 1;
    const ptrdiff_t rows = problem->shape[0], good = rows / GOOD_BLOCK / depth / workers;
    const ptrdiff_t blocks = workers * (good < 1 ? 1 : good < MOST_PER_WORKER ? good : MOST_PER_WORKER);
    const ptrdiff_t most = rows / LEAST_BLOCK / depth;
    return blocks < most ? blocks : most < 1 ? 1 : most;
}

struct diffusion_plan *perfpy_diffusion_plan(const struct diffusion_problem *problem, struct diffusion_method method,
                                             int workers)
{
    const ptrdiff_t blocks = choose_blocks(problem, method.depth, workers);
    struct diffusion_plan *plan = perfpy_diffusion_allocate(sizeof *plan + (size_t)blocks * sizeof plan->done[0]);
    if (!plan)
        return NULL;
    plan->problem = *problem;
    plan->method = method;
    plan->passes = (problem->steps - 1) / method.depth + 1;
    plan->blocks = blocks;
    atomic_init(&plan->claimed, 0);
    atomic_init(&plan->stopped, false);
    for (ptrdiff_t block = 0; block < blocks; block++)
        atomic_init(&plan->done[block].passes, 0);
    plan->spare = plan->passes > 1 ? perfpy_diffusion_allocate(perfpy_diffusion_field_bytes(problem)) : NULL;
    if (plan->passes > 1 && !plan->spare) {
        free(plan);
        return NULL;
    }
    return plan;
}

void perfpy_diffusion_free(struct diffusion_plan *plan)
{
    if (plan)
        free(plan->spare);
    free(plan);
}

/* A thread at work: asks its own interrupt, and whether another thread has stopped. */
struct worker {
    struct diffusion_plan *plan;
    const struct perfpy_interrupt *interrupt;
    bool interrupted;
    int64_t unpolled; /* cells of pieces since it has asked: a kernel that does a small piece does not ask */
};

static int stop(void *context)
{
    struct worker *worker = context;
    if (atomic_load_explicit(&worker->plan->stopped, memory_order_relaxed))
        return 1;
    worker->interrupted = worker->interrupt->requested(worker->interrupt->context);
    return worker->interrupted;
}

/* Waits until `passes` passes are done with a block; false if the work was stopped. */
static bool wait_for(struct worker *worker, ptrdiff_t block, int64_t passes)
{
    atomic_llong *done = &worker->plan->done[block].passes;
    for (int64_t spins = 1; atomic_load_explicit(done, memory_order_acquire) < passes; spins++) {
        if (atomic_load_explicit(&worker->plan->stopped, memory_order_relaxed))
            return false;
        if (spins < SPINS)
            continue;
        sched_yield();
        if (spins % SPINS == 0 && stop(worker))
            return false;
    }
    return true;
}

/* Waits until what a piece reads is written and what it writes over is read. */
static bool wait_for_neighbours(struct worker *worker, int64_t pass, ptrdiff_t block)
{
    const struct diffusion_plan *plan = worker->plan;
    const bool periodic = plan->problem.sides[0][0] == DIFFUSION_PERIODIC;
    for (ptrdiff_t beside = block - 1; beside <= block + 1; beside++) {
        if (!periodic && (beside < 0 || beside >= plan->blocks))
            continue;
        if (!wait_for(worker, (beside + plan->blocks) % plan->blocks, pass))
            return false;
    }
    return true;
}

/* The field that a pass writes: the last one the result. */
static void *field_after(const struct diffusion_plan *plan, int64_t pass)
{
    return (plan->passes - 1 - pass) % 2 == 0 ? plan->problem.out : plan->spare;
}

static enum diffusion_status do_piece(struct worker *worker, int64_t pass, ptrdiff_t block, void *workspace)
{
    const struct diffusion_plan *plan = worker->plan;
    const struct diffusion_problem *problem = &plan->problem;
    const ptrdiff_t rows = problem->shape[0] / plan->blocks, longer = problem->shape[0] % plan->blocks;
    const struct diffusion_piece piece = {
        .problem = problem,
        .from = pass == 0 ? problem->start : field_after(plan, pass - 1),
        .to = field_after(plan, pass),
        .steps = (int)(problem->steps / plan->passes + (pass < problem->steps % plan->passes)),
        .begin = rows * block + (block < longer ? block : longer),
        .end = rows * (block + 1) + (block + 1 < longer ? block + 1 : longer),
        .workspace = workspace,
    };
    int64_t cells = piece.end - piece.begin;
    for (int axis = 1; axis < problem->dimensions; axis++)
        cells *= problem->shape[axis];
    worker->unpolled += CELLS_WORTH_A_PIECE + cells * piece.steps;
    const struct perfpy_interrupt interrupt = {stop, worker};
    return plan->method.advance(&piece, &interrupt);
}

static bool stopped_between_pieces(struct worker *worker)
{
    if (worker->unpolled < CELLS_BETWEEN_POLLS)
        return false;
    worker->unpolled = 0;
    return stop(worker);
}

/* Claims pieces and does them; DIFFUSION_STOPPED if it was told to stop. */
static enum diffusion_status do_pieces(struct worker *worker, void *workspace)
{
    struct diffusion_plan *plan = worker->plan;
    for (;;) {
        const int64_t claim = atomic_fetch_add_explicit(&plan->claimed, 1, memory_order_relaxed);
        const int64_t pass = claim / plan->blocks;
        const ptrdiff_t block = claim % plan->blocks;
        if (pass >= plan->passes)
            return DIFFUSION_DONE;
        if (!wait_for_neighbours(worker, pass, block) ||
            do_piece(worker, pass, block, workspace) != DIFFUSION_DONE || stopped_between_pieces(worker))
            return DIFFUSION_STOPPED;
        atomic_store_explicit(&plan->done[block].passes, pass + 1, memory_order_release);
    }
}

enum diffusion_status perfpy_diffusion_work(struct diffusion_plan *plan, const struct perfpy_interrupt *interrupt)
{
    struct worker worker = {plan, interrupt, false, 0};
    void *workspace = perfpy_diffusion_allocate(plan->method.workspace);
    if (!workspace) {
        atomic_store(&plan->stopped, true);
        return DIFFUSION_NO_MEMORY;
    }
    enum diffusion_status status = do_pieces(&worker, workspace);
    if (status != DIFFUSION_DONE)
        atomic_store(&plan->stopped, true);
    if (worker.interrupted)
        status = DIFFUSION_INTERRUPTED;
    free(workspace);
    return status;
}
