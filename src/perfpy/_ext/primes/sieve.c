/* What the sieve is used for: counting, bits, and listing. Compiled once for each instruction set, with KERNEL_NAME
 * the name of its struct sieve_kernel. */
#define _DEFAULT_SOURCE /* madvise */
#include "sieve.h"

#include "bits.h"
#include "segments.h"
#include "window.h"

/* The primes that have no bit, and the constellations that start with them: of 3, 5 the second twin, and triplet and
 * quadruplet, have their first member without and the others with bits. */
struct unwheeled {
    uint64_t first, last;
};

static const struct unwheeled unwheeled[5][3] = {
    [1] = {{2, 2}, {3, 3}, {5, 5}},
    [2] = {{3, 5}, {5, 7}},
    [3] = {{5, 11}},
    [4] = {{5, 13}},
};

static enum sieve_status append_one(struct list_output *output, uint64_t value)
{
    struct bits_list *list = &output->list;
    if (list->next == list->end)
        return SIEVE_TOO_SMALL;
    if (list->wide) {
        *(uint64_t *)list->next = value;
        list->next = (uint64_t *)list->next + 1;
    } else {
        *(uint32_t *)list->next = (uint32_t)value;
        list->next = (uint32_t *)list->next + 1;
    }
    return SIEVE_DONE;
}

/* Counts the constellations of the window that start below 7, and lists them if there is an output. */
static enum sieve_status start_unwheeled(struct sieve_job *job, struct list_output *output)
{
    for (int k = 0; k < 3; k++) {
        const struct unwheeled *u = &unwheeled[job->members][k];
        if (u->first == 0 || u->first < job->first || u->last > job->last)
            continue;
        job->count++;
        if (output && append_one(output, u->first) != SIEVE_DONE)
            return SIEVE_TOO_SMALL;
    }
    return SIEVE_DONE;
}

/* A consumer that counts, and copies the bits if there is where to. */
struct count_output {
    int members;
    uint64_t count;
    uint8_t *bits; /* or NULL */
};

static enum sieve_status count_segment(void *context, uint8_t *bytes, size_t length, uint64_t first)
{
    (void)first;
    struct count_output *output = context;
    const size_t padded = round_up(length, BITS_STEP);
    if (output->members > 1)
        bits_keep_tuplets(bytes, padded, output->members);
    output->count += bits_count(bytes, padded);
    if (output->bits) {
        memcpy(output->bits, bytes, length);
        output->bits += length;
    }
    return SIEVE_DONE;
}

struct tuplet_output {
    int members;
    struct list_output list;
};

static enum sieve_status list_tuplets(void *context, uint8_t *bytes, size_t length, uint64_t first)
{
    struct tuplet_output *output = context;
    bits_keep_tuplets(bytes, round_up(length, BITS_STEP), output->members);
    return list_segment(&output->list, bytes, length, first);
}

static enum sieve_status count_window(struct run *run, struct sieve_job *job)
{
    struct count_output output = {job->members, 0, job->output == SIEVE_BITS ? job->out : NULL};
    start_unwheeled(job, NULL);
    if (output.bits && job->capacity < perfpy_sieve_bytes(job->first, job->last))
        return SIEVE_TOO_SMALL;
    if (job->last < 7)
        return SIEVE_DONE;
    const struct window window = window_of(job->first, job->last);
    const enum sieve_status status = sieve(run, &window, &(struct consumer){count_segment, &output});
    job->count += output.count;
    return status;
}

static struct list_output output_of(const struct sieve_job *job)
{
    const bool wide = job->output == SIEVE_UINT64;
    uint8_t *const end = (uint8_t *)job->out + job->capacity * (wide ? 8 : 4);
    return (struct list_output){{job->out, end, wide}, job->machine->byte_compress};
}

static void count_items(struct sieve_job *job, const struct list_output *output)
{
    job->count = (uint64_t)((uint8_t *)output->list.next - (uint8_t *)job->out) / (output->list.wide ? 8 : 4);
}

static enum sieve_status list_window(struct run *run, struct sieve_job *job)
{
    struct tuplet_output output = {job->members, output_of(job)};
    enum sieve_status status = start_unwheeled(job, &output.list);
    if (status == SIEVE_DONE && job->last >= 7) {
        const struct window window = window_of(job->first, job->last);
        const struct consumer primes = {list_segment, &output.list}, tuplets = {list_tuplets, &output};
        status = sieve(run, &window, job->members > 1 ? &tuplets : &primes);
    }
    count_items(job, &output.list);
    return status;
}

static enum sieve_status window(struct sieve_job *job, const struct perfpy_interrupt *interrupt)
{
    struct run run = {job->machine, interrupt, WORK_BETWEEN_POLLS};
    job->count = 0;
    return job->output == SIEVE_COUNT || job->output == SIEVE_BITS ? count_window(&run, job) : list_window(&run, job);
}

/* How many bytes to list at a time: a fraction of a millisecond. */
enum { EXTRACT_STEP = 64 << 10, EXTRACT_COST = EXTRACT_STEP * 3 };

static enum sieve_status extract(struct sieve_job *job, const uint8_t *bits, const struct perfpy_interrupt *interrupt)
{
    struct run run = {job->machine, interrupt, WORK_BETWEEN_POLLS};
    struct list_output output = output_of(job);
    job->count = 0;
    enum sieve_status status = start_unwheeled(job, &output);
    const uint64_t bytes = perfpy_sieve_bytes(job->first, job->last), whole = bytes / 8 * 8;
    const uint64_t first = job->first < 7 ? 0 : wheel_byte(job->first);
    for (uint64_t done = 0; done < whole && status == SIEVE_DONE; done += EXTRACT_STEP) {
        const size_t step = whole - done < EXTRACT_STEP ? (size_t)(whole - done) : EXTRACT_STEP;
        if (!bits_append(&output.list, bits + done, step, first + done, output.compress))
            status = SIEVE_TOO_SMALL;
        else if (stop_after(&run, EXTRACT_COST))
            status = SIEVE_INTERRUPTED;
    }
    if (status == SIEVE_DONE && whole < bytes) {
        uint8_t rest[8] = {0};
        memcpy(rest, bits + whole, (size_t)(bytes - whole));
        status = list_segment(&output, rest, sizeof rest, first + whole);
    }
    count_items(job, &output);
    return status;
}

const struct sieve_kernel KERNEL_NAME = {window, extract};
