/* Instruction sets: which one a kernel was compiled for, and which of them this machine can run.
 *
 * A kernel source is compiled once for each instruction set of its architecture. At import each extension module
 * calls perfpy_isa_choose() and keeps a pointer to the variant it names, so that one wheel serves every machine.
 */
#ifndef PERFPY_ISA_H
#define PERFPY_ISA_H

#include <stddef.h>

enum perfpy_isa { PERFPY_ISA_BASELINE, PERFPY_ISA_AVX2, PERFPY_ISA_AVX512, PERFPY_ISA_COUNT };

/* Compiled for this architecture, as a set of bits 1 << isa. */
unsigned perfpy_isa_built(void);

/* Runs on this processor under this operating system. */
int perfpy_isa_supported(enum perfpy_isa isa);

const char *perfpy_isa_name(enum perfpy_isa isa);

/* Chooses the variant that `requested` names, or the last of `allowed` (a set of bits) that runs here if it is
 * NULL or empty. Returns 0, or -1 with a reason in `message` where the request cannot be met. */
int perfpy_isa_choose(const char *requested, unsigned allowed, enum perfpy_isa *chosen, char *message, size_t size);

#endif
