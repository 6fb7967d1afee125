/* Placeholder of the first commit: the definition, pixel by pixel. */
#include "kernel.h"

#include <math.h>

static int32_t count(double x, double y, double cr, double ci, int32_t limit)
{
    int32_t n = 0;
    while (n < limit && hypot(x, y) < 2.0) {
        const double real = x * x - y * y, imag = x * y + y * x;
        x = real + cr;
        y = imag + ci;
        n++;
    }
    return n;
}

enum julia_status KERNEL_NAME(const struct julia_grid *grid, const struct perfpy_interrupt *interrupt)
{
    for (ptrdiff_t row = 0; row < grid->height; row++) {
        if (interrupt->requested(interrupt->context))
            return JULIA_INTERRUPTED;
        for (ptrdiff_t column = 0; column < grid->width; column++)
            grid->counts[row * grid->width + column] =
                count(grid->x[column], grid->y[row], grid->c_real, grid->c_imag, grid->max_iterations);
    }
    return JULIA_DONE;
}
