/* SPDX-License-Identifier: MIT */
/*
 * op.h - what an operator is.
 *
 * One file in op/ and one line in op/op_list.h declare an operator: its options, its shape rule,
 * its cost, its definition as plain loops forward and backward (compiled for float and for double),
 * and sample problems. Everything else - parsing, help, docs, ONNX, the tests, the oracle of every
 * fast kernel - is derived from that one declaration.
 */
#ifndef FV_OP_OP_H
#define FV_OP_OP_H

#include "base/field.h"
#include "base/random.h"
#include "base/thread.h"
#include "tensor/tensor.h"
#include <limits.h>

#define FV_TAKES(dtype) (1u << (dtype))

#define FV_OP_PARAMS  6 /* most parameters of one operator (bn: weight, bias, mean, variance) */
#define FV_OP_SAVED   4 /* most things kept for backward */
#define FV_OP_MANY    INT_MAX /* inputs_max of an operator that takes any number */
#define FV_OP_OUTPUTS 64      /* most outputs of one operator */

/* How a parameter starts. The recipe's `init` (he, xavier, lecun) decides FV_INIT_WEIGHT. BILINEAR,
   of filters [maps, maps of a group, height, width]: between a map and itself the weights of linear
   interpolation, between others 0. VALUE: all are fv_param_spec.value. */
typedef enum fv_init {
    FV_INIT_WEIGHT,
    FV_INIT_ZERO,
    FV_INIT_ONE,
    FV_INIT_BILINEAR,
    FV_INIT_VALUE
} fv_init;

/* One parameter an operator brings: its name gives "conv1.weight". */
typedef struct fv_param_spec {
    const char *name;
    fv_shape shape;
    fv_init init;
    double value;            /* for FV_INIT_VALUE */
    int64_t fan_in, fan_out; /* for FV_INIT_WEIGHT */
    bool learned;            /* false: running statistics, which follow what forward observes */
    double momentum;         /* of a running statistic: share of the observed one in each step */
    bool norm;               /* a normalisation's scale or shift, or a slope */
    bool bias;               /* added at the end; weight decay spares biases and norms */
} fv_param_spec;

/* A window that does not tile its input: (in + pads - kernel)/stride + 1 is not whole. */
typedef struct fv_misfit {
    char axis;                                 /* 'h' or 'w'; 0: fits */
    int64_t in, before, after, kernel, stride; /* kernel with dilation: d*(k-1)+1 */
    int64_t used;                              /* the output size used */
    int64_t ignored; /* rows or columns of the map (not of padding) that no
                        window covers; 0 is no misfit. Where the stride is the
                        larger, there are gaps between all windows, by
                        intention; one as wide at the end does not count */
} fv_misfit;

/* What is applied to the first output behind an operator, before it leaves the cache:
   y = act(y + added). The rewrite pass joins it to the operator in front. */
typedef struct fv_epilogue {
    bool add;                /* a further value, of y's shape, is added (fv_pass.added) */
    const struct fv_op *act; /* a pointwise operator of one input; NULL: none */
    const void *act_options;
} fv_epilogue;

/* What is applied to the first input in front of an operator: x' = (x - mean) * factor + shift, per
   channel, then max(x', 0) where relu. The padding stays 0. */
typedef struct fv_prologue {
    bool there, relu;
} fv_prologue;

/* One operator in one network, as its shape rule sees and describes it. The arrays belong to
   whoever asks: `out` and `out_type` have room for the operator's outputs_max. */
typedef struct fv_site {
    /* given */
    const struct fv_op *op; /* set by fv__op_shape */
    const void *options;
    int inputs;
    const fv_shape *in; /* [inputs], with the batch where batched */
    const fv_type *in_type;
    /* found; outputs is 1, of real numbers, and batched when an input is, unless the rule says
       otherwise */
    int outputs;
    fv_shape *out;
    fv_type *out_type;
    int params;
    fv_param_spec param[FV_OP_PARAMS];
    int saved;
    fv_shape saved_shape[FV_OP_SAVED];
    fv_dtype saved_dtype[FV_OP_SAVED]; /* FV_F32 means "as the values": F64 in a double plan */
    fv_misfit misfit[2];
    /* of the plan, after rewriting; shape rules do not read it */
    fv_prologue prologue;
    fv_epilogue epilogue;
    /* The operator that makes in[0], where this one's step computes it on its way, as much of it
       as it needs at a time; NULL: in[0] is there. */
    const struct fv_site *inner;
} fv_site;

/* What one sample costs, and how the receptive field grows. */
typedef struct fv_cost {
    int64_t macs;     /* multiply-accumulates of conv and fc (biases not counted), as lectures do */
    char product[96]; /* the weight product as the lectures write it: "(3*3*64)*128" */
    /* What all units read together, each its bias too, as LeCun counts; 0: the macs, and one for
       every number of an output that has a bias. */
    int64_t connections;
    bool global;                /* sees the whole input: receptive field becomes the whole image */
    int64_t kernel_h, kernel_w; /* window with dilation, 1 for pointwise */
    int64_t stride_h, stride_w;
    int64_t upscale_h, upscale_w; /* of what enlarges: outputs to a pixel of the input; 0 is 1 */
    int64_t pad_top, pad_left;
} fv_cost;

/* Everything one execution of one pass gets. Reference loops read it and nothing else. */
typedef struct fv_pass {
    const struct fv_op *op;
    const void *options;
    int inputs, outputs, params;
    const fv_tensor *x; /* [inputs] */
    fv_tensor *y;       /* [outputs] */
    fv_tensor *w;       /* [params]: the site's; where a bn was folded in, a bias too */
    fv_tensor *saved;   /* [saved of the site]: written forward (training only), read backward */
    /* backward: dx and dw are ADDED to. data NULL: not wanted. A running statistic's dw receives,
       forward in training, `share` times what was observed. */
    const fv_tensor *dy; /* [outputs]; data NULL: nobody read that output, so its gradient is 0 */
    fv_tensor *dx;       /* [inputs] */
    fv_tensor *dw;       /* [params] */
    bool training;       /* dropout drops, bn uses the batch's statistics */
    fv_key random;       /* this node's stream at this step */
    /* The place of these samples in the whole batch, of which a shard is a part: */
    int64_t first;  /* the number of the first of them: random numbers count samples from it */
    double divisor; /* what a loss divides its sum by: the samples (or pixels) of the whole batch */
    double share;   /* these samples' part of the whole, for statistics */
    /* for fast versions; reference loops run alone and need none */
    fv_pool *pool;
    const void *state; /* what settle found */
    void *prepared;    /* what prepare wrote: weights in the form that run reads */
    void *scratch;     /* of all threads */
    void *workers;     /* of each thread, one behind the other: the same places in every step */
    size_t worker_step;
    const struct fv_kernels *kernels;
    const fv_prologue *prologue; /* applied to x[0]; NULL: nothing */
    const void *before;          /* means, factors and shifts of it: [3][channels of x[0]] */
    const fv_epilogue *epilogue; /* applied to y[0]; NULL: nothing */
    const fv_tensor *added;      /* what the epilogue adds; NULL: nothing */
    const bool *overwrite; /* [inputs], fast versions: dx[i] may be overwritten, it holds nothing */
    /* Options, weights and epilogue of fv_site.inner; NULL: there is none. Its x is x, which is
       what that one reads and not what it makes. w[0] is there in prepare alone. */
    const struct fv_pass *inner;
} fv_pass;

typedef void fv_pass_fn(const fv_pass *pass);

/* How backward can be had, so that the plan keeps no more than needed. */
enum {
    FV_KEEP_X = 1,     /* backward reads x */
    FV_KEEP_Y = 2,     /* backward reads y */
    FV_POINTWISE = 4,  /* y[i] depends on x[i] alone; y may overwrite x */
    FV_VIEW = 8,       /* y is x under another shape: no work, no memory (flatten) */
    FV_IDENTITY = 16,  /* y is x: the rewrite pass lets readers of y read x */
    FV_DROPS = 32,     /* the same, but only in inference (dropout) */
    FV_LOSS = 64,      /* last input is the target; y is one number, the batch's mean */
    FV_COMMUTES = 128, /* the order of inputs does not matter (add) */
    FV_VARIADIC = 256, /* takes any number of inputs from inputs_min: a branch {…|…} */
    FV_JOIN = 512,     /* y is its inputs one after the other along a dimension (concat); see
                          fv__joins_channels */
    FV_SUM = 1024,     /* y is the sum of its inputs, all of one shape (add) */
    FV_MIXES = 2048,   /* takes unbatched values (constants) beside batched ones */
    FV_ADDED = 4096    /* brought by the program (op/added_op.h) */
};

typedef struct fv_op {
    const char *name;           /* in the language: "conv" */
    const char *help;           /* one line */
    const char *about;          /* the formula and its source; several lines; for help and docs */
    const char *onnx;           /* operator's name in ONNX, or NULL */
    int inputs_min, inputs_max; /* FV_OP_MANY: any number */
    int outputs_max;            /* 0 means 1 */
    unsigned traits;            /* FV_KEEP_X … */
    /* The types its loops take, FV_TAKES(FV_I32) and the like or-ed: of the first input, and of the
       others. 0: real numbers only. Whatever else flows in is refused, never read as float. */
    unsigned takes_first, takes_others;
    size_t options_size; /* 0: none */
    const fv_field *fields;

    /* Fills the found part of the site. Fails with a sentence that says what does not fit; whoever
       calls adds where. Must refuse whatever forward could not compute. Called through
       fv__op_shape. */
    FV_MUST_USE fv_status (*shape)(fv_context *ctx, fv_site *site);
    /* Refuses, in words, to be trained on a batch of this size; NULL: takes any. */
    FV_MUST_USE fv_status (*trains)(fv_context *ctx, const fv_site *site);
    /* Of a site that shape() accepted, for one sample. NULL: pointwise and free. */
    void (*cost)(const fv_site *site, fv_cost *cost);

    fv_pass_fn *forward[2];  /* [0] float, [1] double */
    fv_pass_fn *backward[2]; /* NULL: has no gradient */
    /* A number that changes when x crosses a kink or another element wins a maximum; NULL: smooth.
       The gradient check skips what a step carries across one. Double only. */
    uint64_t (*branches)(const fv_pass *pass);

    /* Of a loss: the target it wants beside an x of this shape, batch included; and how much of the
       whole batch's divisor a part with this target is (an ignored label counts nothing; NULL: one
       per sample). */
    fv_target_kind (*target)(const void *options, const fv_shape *x, fv_shape *shape,
                             fv_dtype *dtype);
    double (*weigh)(const void *options, const fv_tensor *target);

    /* Sample problems: "options ; input shape[, input shape …]" as the language writes them, e.g.
       "64 3x3 stride 2 pad 1 ; 2x8x7x9". NULL-ended; at least one. The target of a loss is added as
       `target` says. Before a shape may stand `constant` (unbatched), and then `positive`, `bool`,
       or `below N`: whole numbers (int32) from 0 to N - 1. */
    const char *const *samples;
} fv_op;

/* Every operator has its descriptor: fv__op_conv … */
#define FV_OP(name) extern const fv_op fv__op_##name;
#include "op/op_list.h"
#undef FV_OP

/* All operators, in the order of op/op_list.h, and the losses among them; NULL-ended. */
extern const fv_op *const fv__ops[], *const fv__losses[];
const fv_op *fv__op_find(const char *name);
/* The same among those of the context too (NULL: none). */
const fv_op *fv__op_find_in(const fv_context *ctx, const char *name);
const char *fv__op_nearest_in(const fv_context *ctx, const char *name);
/* The options of the largest of them, in bytes; at least 1. */
size_t fv__op_options_size(const fv_context *ctx);
/* Checks the number and types of the inputs, then asks the shape rule. */
FV_MUST_USE fv_status fv__op_shape(fv_context *ctx, const fv_op *op, fv_site *site);
/* Whether a join from x_1, … to y is along the channels, so that every sample of y is the samples
   of its inputs one after the other. */
static inline bool fv__joins_channels(const fv_op *op, const fv_shape *x, const fv_shape *y) {
    return (op->traits & FV_JOIN) && y->rank > 1 && y->dim[1] > x->dim[1];
}
/* The cost of a site that its shape rule has accepted, with what the cost rule leaves out. */
void fv__op_cost(const fv_site *site, fv_cost *cost);
static inline int fv__op_outputs(const fv_op *op) {
    return op->outputs_max > 0 ? op->outputs_max : 1;
}
const char *fv__op_nearest(const char *name);

/* Index of the loops for a dtype. */
static inline int fv__real(fv_dtype dtype) {
    return dtype == FV_F64 ? 1 : 0;
}

/* A kernel's window on one axis: sizes, pads, the output size. The one place where conv and the
   pools get theirs. */
typedef struct fv_window {
    int64_t kernel, stride, dilation, before, after, out;
} fv_window;

/* Fills before, after, out from the options. FV_BAD_INPUT: "5x5 kernel does not fit 4x4 input" and
   the like. `ceil`: round the output size up (a window must still start inside the input or its
   left padding, as in PyTorch). */
FV_MUST_USE fv_status fv__windows(fv_context *ctx, const fv_shape *in, fv_size kernel,
                                  fv_size stride, fv_size dilation, const fv_pad *pad, bool ceil,
                                  fv_window out[2], fv_misfit misfit[2]);

#endif
