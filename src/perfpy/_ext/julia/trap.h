/* A disc that no orbit leaves for good: entering it proves that a point never escapes. */
#ifndef PERFPY_JULIA_TRAP_H
#define PERFPY_JULIA_TRAP_H

#include <stdint.h>

struct julia_trap {
    int period;    /* 0: none was found */
    double x, y;   /* centre */
    double radius; /* every computed orbit with a point nearer to the centre than this stays in |z| < 2 for ever */
};

/* Looks for a trap, spending at most `effort` steps on it and never more than some ten microseconds. */
struct julia_trap perfpy_julia_find_trap(double c_real, double c_imag, int32_t effort);

#endif
