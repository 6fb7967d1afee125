/* How a long-running kernel lets its caller stop it. */
#ifndef PERFPY_INTERRUPT_H
#define PERFPY_INTERRUPT_H

/* Called by a kernel every few milliseconds of work; not 0 asks it to stop. */
struct perfpy_interrupt {
    int (*requested)(void *context);
    void *context;
};

#endif
