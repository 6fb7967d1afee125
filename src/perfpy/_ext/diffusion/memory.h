/* Memory for fields and for workspaces. */
#ifndef PERFPY_DIFFUSION_MEMORY_H
#define PERFPY_DIFFUSION_MEMORY_H

#include "kernel.h"

/* Memory aligned to DIFFUSION_ALIGNMENT, to be freed; NULL if there is none, or for 0 bytes. On huge pages where they are worth it: first
 * touches of small pages take longer than the steps. */
void *perfpy_diffusion_allocate(size_t bytes);

/* The bytes of a field of the problem's shape. They cannot overflow: there are fields of this size. */
size_t perfpy_diffusion_field_bytes(const struct diffusion_problem *problem);

#endif
