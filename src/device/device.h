/* SPDX-License-Identifier: MIT */
/*
 * device.h - what a device is: memory, ways of computing each operator, the optimiser's update.
 *
 * A plan is made for a device and knows it only by this struct. Pointers into a device's memory are
 * handed around but read and written by the device alone, unless it says that the host may
 * (`host`). The CPU is the first device (cpu/cpu_device.c).
 */
#ifndef FV_DEVICE_DEVICE_H
#define FV_DEVICE_DEVICE_H

#include "device/precision.h"
#include "op/op.h"
#include "optim/optim.h"

typedef struct fv_device fv_device;

/* ------------------------------------------------------------------------ implementations --- */

typedef enum fv_which { FV_FORWARD, FV_BACKWARD } fv_which;

/* What a plan asks of an implementation. */
typedef struct fv_request {
    fv_which which;
    fv_dtype real; /* what F32 stands for: F32, or F64 with reference loops */
    bool training;
    fv_precision precision;           /* of products; fp32 where training */
    const struct fv_kernels *kernels; /* NULL: the operators' own loops only */
    const bool *wants_dx;             /* [inputs]; backward */
    fv_layout prefer;                 /* implementations that take maps so are asked first */
    int variant;                      /* to settle: 0, or what fv_impl.variant has a name for */
} fv_request;

/* What an implementation settled once for a site; everything in it is of the plan's lifetime. */
typedef struct fv_settled {
    const void *state;   /* geometry, tiles, offsets: fv_pass.state */
    size_t scratch;      /* bytes of working memory for the whole pass */
    size_t worker;       /* and for each worker beside; scratch comes first */
    size_t prepared;     /* bytes of fv_pass.prepared */
    bool packed;         /* run reads the weight in `prepared` and never w[0] */
    bool over_added;     /* run may write y over what its epilogue adds */
    int variant;         /* which one of the implementation's; not for settle to fill */
    const fv_layout *in; /* layouts it takes for each input and gives for each output, where they */
    const fv_layout *out; /* are not the same for all; NULL: impl->takes, impl->gives */
} fv_settled;

/*
 * One way of computing one pass of one operator. Its life: `refuses` says NULL or why not, in
 * words; `settle` works out everything that follows from the site (and may still refuse); `prepare`
 * is called whenever the weights are new; `run` as often as wanted. Settling may take memory from
 * the arena, run may not, and neither may fail.
 */
typedef struct fv_impl {
    const char *name; /* "gemm", "reference" */
    const fv_op *op;  /* NULL: of any operator */
    fv_which which;
    fv_layout takes, gives; /* layouts of the maps it reads and writes; dx lies as x, dy as y */
    const char *(*refuses)(const fv_site *site, const fv_request *request);
    const char *(*settle)(const fv_site *site, const fv_request *request, fv_arena *arena,
                          fv_settled *settled);
    fv_pass_fn *prepare; /* NULL: nothing to prepare */
    fv_pass_fn *run;
    bool overwrites; /* honours fv_pass.overwrite; otherwise the plan clears dx first */
    bool prologue; /* applies fv_pass.prologue, or refuses in settle the sites where it does not */
    bool inner;    /* computes fv_site.inner from packed weights, its own not being packed then, or
                      refuses in settle the sites where it does not */
    /* Other ways to cut the same work, numbered from 1, 0 being what follows from the site alone:
       "bands twice as high"; NULL: there are no more. All give the same bits, layouts and packed;
       where one would not, or is no other, settle refuses it. NULL: there are none. */
    const char *(*variant)(int number);
} fv_impl;

/* What `settle` returns when the arena gave no memory. */
extern const char fv__impl_no_memory[];

/* The first of the device's list that takes the site, with variant 0 whatever the request says:
   the way follows from what is asked for, never from what was measured. *why (may be NULL) receives
   "name: reason; …" of those asked before. FV_EXHAUSTED when settling got no memory; FV_FAILED when
   no implementation takes it (a list without a reference). */
FV_MUST_USE fv_status fv__impl_choose(fv_context *ctx, const fv_device *device, const fv_op *op,
                                      const fv_site *site, const fv_request *request,
                                      fv_arena *arena, const fv_impl **impl, fv_settled *settled,
                                      fv_text *why);

/* Settles the request's variant of an implementation that has been chosen, in place of the one it
   was chosen with; where it refuses, or is 0, *settled stays. FV_EXHAUSTED as above. */
FV_MUST_USE fv_status fv__impl_vary(const fv_impl *impl, const fv_site *site,
                                    const fv_request *request, fv_arena *arena,
                                    fv_settled *settled);

/* The layout an implementation takes for an input, gives for an output. */
static inline fv_layout fv__impl_in(const fv_impl *impl, const fv_settled *settled, int i) {
    return settled->in ? settled->in[i] : impl->takes;
}
static inline fv_layout fv__impl_out(const fv_impl *impl, const fv_settled *settled, int i) {
    return settled->out ? settled->out[i] : impl->gives;
}

/* Operators that only plans use: a copy of a value in another layout; the weight and bias of a
   convolution with the batch normalisation behind it folded in; the numbers of a batch
   normalisation in front of it, for fv_pass.before (op/convert.c, op/fold.c, op/before.c). */
extern const fv_op fv__op_convert, fv__op_fold, fv__op_before;

/* ----------------------------------------------------------------------------- the update --- */

/* Neighbouring weights that are updated alike. */
typedef struct fv_update_span {
    int64_t offset, count; /* into the flat blocks */
    bool learned;          /* false: a running statistic, which follows what was observed */
    double momentum;       /* of a running statistic */
    double decay;          /* weight decay */
    bool spared;           /* a bias or a normalisation, which decay spares */
    double weight_norm, gradient_norm; /* as in fv_optim_step */
    double rate;                       /* what the update's is multiplied by */
} fv_update_span;

/* One step of an optimiser over the flat blocks, which lie on the device. */
typedef struct fv_update {
    const fv_optimizer *optimizer;
    const void *options;
    const fv_update_span *spans; /* on the host, ascending */
    size_t span_count;
    float *weights, *states[FV_OPTIM_STATES];
    const float *gradients;
    double lr;
    int64_t step; /* steps taken before this one */
} fv_update;

/* -------------------------------------------------------------------------------- devices --- */

struct fv_device {
    const char *name;            /* "cpu" */
    bool host;                   /* the host may read and write its memory by pointer */
    const fv_impl *const *impls; /* in order of preference, the reference last; NULL-ended */
    /* Kernels for a level of instructions, for fv_request and fv_pass, put into the caller's table
       (kern/kern.h) and given back; NULL: has none. */
    const struct fv_kernels *(*kernels)(int isa, struct fv_kernels *table);
    /* Whether its fast implementations of `op` apply such an epilogue themselves. */
    bool (*fuses)(const fv_op *op, const fv_epilogue *epilogue);

    /* Memory: 64-byte aligned and zeroed; NULL with the context's message when refused. */
    void *(*alloc)(fv_context *ctx, size_t bytes, const char *what);
    void (*release)(void *memory);                            /* NULL is allowed */
    void (*upload)(void *to, const void *from, size_t bytes); /* host to device */
    void (*download)(void *to, const void *from,
                     size_t bytes); /* device to host, when it is there */
    void (*clear)(void *memory, size_t bytes);
    void (*copy)(void *to, const void *from, size_t bytes); /* within the device's memory */

    /* prepare or run of an implementation, all of whose pointers lead into the device's memory. */
    void (*launch)(fv_pass_fn *fn, const fv_pass *pass);
    void (*update)(fv_context *ctx, const fv_update *update);
    /* to += from, the sums of shards; and whether all are finite. */
    void (*add)(fv_context *ctx, float *to, const float *from, int64_t count);
    bool (*finite)(fv_context *ctx, const float *v, int64_t count);
    /* The sum of squares, in double, in an order that follows from the count alone. */
    double (*squares)(fv_context *ctx, const float *v, int64_t count);
    /* v = v by, cut to within `most` of 0; and to += share (from - to). */
    void (*shrink)(fv_context *ctx, float *v, int64_t count, float by, float most);
    void (*follow)(fv_context *ctx, float *to, const float *from, int64_t count, float share);
};

#endif
