/* SPDX-License-Identifier: MIT */
/*
 * cpu.h - what the files of this room share.
 *
 * Rules of the room: work is cut into jobs by the problem's size alone, and every number is summed
 * in an order that only depends on the problem, so any number of threads gives the same bits. Run
 * functions allocate nothing: what they need is settled and asked for beforehand.
 */
#ifndef FV_CPU_CPU_H
#define FV_CPU_CPU_H

#include "device/device.h"
#include "kern/kern.h"

/* The CPU as a device. */
extern const fv_device fv__cpu_device;

/* Its implementations: fv__cpu_conv_direct_forward … and all of them, in order; NULL-ended. */
#define FV_IMPL(name) extern const fv_impl fv__cpu_##name;
#include "cpu/impl_list.h"
#undef FV_IMPL
extern const fv_impl *const fv__cpu_impls[];

/* An activation as kernels know it. */
typedef struct fv_activation {
    fv_act kind;
    float p, q;
} fv_activation;

/* FV_ACT_NONE for an operator that is none. */
fv_activation fv__cpu_activation(const fv_op *op, const void *options);
/* The activation of a pass's epilogue; FV_ACT_NONE when there is none. */
fv_activation fv__cpu_epilogue_act(const fv_pass *p);
/* Whether an activation only holds values within bounds, or there is none: a product does all of it
   in registers, told by the second of these. */
bool fv__cpu_bounded(const fv_activation *act);
fv_gemm_after fv__cpu_bounds(const fv_activation *act);

/* For fv_impl.refuses: NULL when values are float32 and there are kernels. */
const char *fv__cpu_refuses(const fv_site *site, const fv_request *request);
/* The same for concat: channels of real numbers alone. */
const char *fv__cpu_concat_refuses(const fv_site *site, const fv_request *request);

/* The bias of a conv or fc: its own, or what a folded bn left; NULL: none. */
static inline const float *fv__cpu_bias(const fv_pass *p) {
    return p->params > 1 ? p->w[1].data : NULL;
}

/* fv_pass.prologue on rows of n numbers of x[0], one of each channel from `channel` on; y and x may
   be the same. */
void fv__cpu_before_rows(const fv_pass *p, int64_t channel, int64_t rows, int64_t n, const float *x,
                         int64_t ldx, float *y, int64_t ldy);
/* And on a frame of one channel, as the kernel `frame` fills it: its zeros around the plane stay.
 */
typedef struct fv_frame {
    int64_t h, w, row, col, sh, sw, rows, pitch;
} fv_frame;
void fv__cpu_before_frame(const fv_pass *p, int64_t channel, const fv_frame *f, float *frame);

static inline int64_t fv__cpu_up(int64_t a, int64_t b) {
    return (a + b - 1) / b;
} /* ceil(a/b) */
static inline int64_t fv__cpu_min(int64_t a, int64_t b) {
    return a < b ? a : b;
}
static inline int64_t fv__cpu_max(int64_t a, int64_t b) {
    return a > b ? a : b;
}

/* A lane adds so many floats, then its sum goes into a double: equal numbers round to one side, and
   the average of a large map must not be off by more than a few roundings. */
#define FV_SPAN 16

/* Places along a side for which tables are worked out: beyond it they would be large themselves. */
#define FV_SIDE_MOST 1048576

/* Floats, rounded up to whole cache lines, so that workers do not share any. */
static inline int64_t fv__cpu_pad(int64_t floats) {
    return fv__cpu_up(floats, 16) * 16;
}

static inline float *fv__cpu_at(const fv_tensor *t, int64_t sample) {
    return (float *)t->data + sample * t->step;
}

/* Asks for n floats that are soon read, or written. What another thread has written comes from his
   cache, which takes ten times as long as a memory of one's own, and no processor looks far enough
   ahead by itself. */
static inline void fv__cpu_ask(const float *x, int64_t n) {
    for (int64_t i = 0; i < n; i += 16) __builtin_prefetch(x + i, 0, 2);
}
static inline void fv__cpu_ask_place(const float *y, int64_t n) {
    for (int64_t i = 0; i < n; i += 16) __builtin_prefetch(y + i, 1, 2);
}

/* Cuts `units` equal pieces of work into jobs: those of job i are [*first, *end). */
static inline void fv__cpu_cut(int64_t units, int64_t jobs, int64_t i, int64_t *first,
                               int64_t *end) {
    *first = units * i / jobs;
    *end = units * (i + 1) / jobs;
}

/* Memory of a thread: what the site's `worker` says, and never another one's. */
static inline float *fv__cpu_worker(const fv_pass *p, int worker) {
    return (float *)(void *)((char *)p->workers + (size_t)worker * p->worker_step);
}

/* How many jobs are worth it: about `grain` operations each, at most one per unit and 256. */
int64_t fv__cpu_jobs(int64_t units, double operations, double grain);

/* The one place where work is shared out: units 0 … units-1 in runs [first, end), so many
   `operations` in all, about `grain` of them a job. */
typedef void fv_units_fn(void *arg, int64_t first, int64_t end, int worker);
void fv__cpu_split(fv_pool *pool, int64_t units, double operations, double grain, fv_units_fn *fn,
                   const void *arg);
#define FV_GRAIN 32768 /* operations that are worth another thread's while, memory passes */

/* The same for a flat run of n floats; first and end are floats, at whole cache lines. */
void fv__cpu_ranges(fv_pool *pool, int64_t n, double cost_per_float, fv_units_fn *fn,
                    const void *arg);

/* The largest of n numbers, or the smallest (FV_BINARY_MIN); what is not a number wins. */
float fv__cpu_winner(const struct fv_kernels *k, fv_binary kind, int64_t n, const float *x);

/* What a plane-wise implementation shares out: samples times channels. */
static inline int64_t fv__cpu_planes(const fv_shape *s) {
    return s->dim[0] * fv__channels(s);
}

/* A variant (fv_impl.variant): how often each size that work is cut into is doubled; below 0:
   halved. What each is of is the implementation's affair. */
typedef struct fv_cut {
    const char *name;
    int band, depth, parts;
} fv_cut;

/* The file's variants from 1 on: `cut_number` gives one's cut, of 0 and what there is not the one
   that leaves all as it is; `variant` is its fv_impl.variant. */
#define FV_CUTS(...)                                                                               \
    static fv_cut cut_number(int i) {                                                              \
        static const fv_cut cuts[] = {__VA_ARGS__};                                                \
        const int count = (int)(sizeof cuts / sizeof *cuts);                                       \
        return i > 0 && i <= count ? cuts[i - 1] : (fv_cut){NULL, 0, 0, 0};                        \
    }                                                                                              \
    static const char *variant(int i) {                                                            \
        return cut_number(i).name;                                                                 \
    }
/* n, so often doubled; 1 at least. */
static inline int64_t fv__cpu_doubled(int64_t n, int times) {
    const int64_t v = times < 0 ? n >> -times : n << times;
    return v < 1 ? 1 : v;
}
/* Whether gemm sums some of so many columns in an order of its own: where a variant would move
   these, or cut their sums elsewhere, it gives other bits. */
static inline bool fv__cpu_alone(int64_t columns, const struct fv_kernels *k) {
    const int64_t beyond = columns % k->lanes;
    return beyond > 0 && beyond <= FV_COLUMNS_ALONE;
}
extern const char fv__cpu_other_bits[], fv__cpu_no_other[]; /* why a variant is refused */

/* Memory of the plan for a state; NULL means that `settle` returns fv__impl_no_memory. */
#define FV_STATE(type, name, arena) type *name = fv__arena_alloc(arena, sizeof(type))

#endif
