/* SPDX-License-Identifier: MIT */
/*
 * op.h - what an operator is.
 *
 * One file in op/ and one line in op/list.h declare an operator: its options, its shape rule, its
 * cost, its definition as plain loops forward and backward (compiled for float and for double), and
 * sample problems. Everything else - parsing, help, docs, ONNX, the tests, the oracle of every fast
 * kernel - is derived from that one declaration.
 */
#ifndef FV_OP_OP_H
#define FV_OP_OP_H

#include "base/field.h"
#include "base/random.h"
#include "base/thread.h"
#include "tensor/tensor.h"

#define FV_OP_INPUTS 16 /* most inputs of one operator (concat, add) */
#define FV_OP_PARAMS 4  /* most parameters of one operator (bn: weight, bias, mean, variance) */
#define FV_OP_SAVED  2  /* most things kept for backward */

/* How a parameter starts. The recipe's `init` (he, xavier, lecun) decides FV_INIT_WEIGHT. */
typedef enum fv_init { FV_INIT_WEIGHT, FV_INIT_ZERO, FV_INIT_ONE } fv_init;

/* One parameter an operator brings: its name gives "conv1.weight". */
typedef struct fv_param_spec {
    const char *name;
    fv_shape shape;
    fv_init init;
    int64_t fan_in, fan_out; /* for FV_INIT_WEIGHT */
    bool learned;            /* false: running statistics, written by forward in training */
    bool norm;               /* a normalisation's scale or shift */
    bool bias;               /* added at the end; weight decay spares biases and norms */
} fv_param_spec;

/* A window that does not tile its input: (in + pads - kernel)/stride + 1 is not whole. */
typedef struct fv_misfit {
    char axis;                                 /* 'h' or 'w'; 0: fits */
    int64_t in, before, after, kernel, stride; /* kernel with dilation: d*(k-1)+1 */
    int64_t used;                              /* the output size used */
    int64_t ignored; /* rows or columns of the PICTURE (not of padding) that no
                        window covers; 0 is no misfit. Where the stride is the
                        larger, there are gaps between all windows, by
                        intention; one as wide at the end does not count */
} fv_misfit;

/* One operator at one place in a network, as its shape rule sees and describes it. */
typedef struct fv_site {
    /* given */
    const void *options;
    int inputs;
    fv_shape in[FV_OP_INPUTS]; /* with the batch */
    /* found */
    fv_shape out;
    int params;
    fv_param_spec param[FV_OP_PARAMS];
    int saved;
    fv_shape saved_shape[FV_OP_SAVED];
    fv_dtype saved_dtype[FV_OP_SAVED]; /* FV_F32 means "as the values": F64 in a double plan */
    fv_misfit misfit[2];
} fv_site;

/* What one sample costs, and how the receptive field grows. */
typedef struct fv_cost {
    int64_t macs;     /* multiply-accumulates of conv and fc (biases not counted), as lectures do */
    char product[96]; /* the weight product as the lectures write it: "(3*3*64)*128" */
    bool global;      /* sees the whole input: receptive field becomes the whole picture */
    int64_t kernel_h, kernel_w; /* window with dilation, 1 for pointwise */
    int64_t stride_h, stride_w;
    int64_t pad_top, pad_left;
} fv_cost;

/* Everything one execution of one pass gets. Reference loops read it and nothing else. */
typedef struct fv_pass {
    const struct fv_op *op;
    const void *options;
    int inputs;
    const fv_tensor *x; /* [inputs] */
    fv_tensor y;
    fv_tensor *w;     /* [params of the site]; running statistics are written in training forward */
    fv_tensor *saved; /* [saved of the site]: written forward (training only), read backward */
    /* backward: dx and dw are ADDED to. data NULL: not wanted. */
    fv_tensor dy;
    fv_tensor *dx; /* [inputs] */
    fv_tensor *dw; /* [params] */
    bool training; /* dropout drops, bn uses the batch's statistics */
    fv_key random; /* this node's stream at this step */
    /* for fast versions; reference loops run alone and need none */
    fv_pool *pool;
    void *scratch;
    const struct fv_kernels *kernels;
    const struct fv_pass *then; /* the activation fused behind, applied to y in place, or NULL */
    bool
        dx_set[FV_OP_INPUTS]; /* fast versions: dx[i] may be overwritten, its old content is void */
} fv_pass;

typedef void fv_pass_fn(const fv_pass *pass);

/* How backward can be had, so that the plan keeps no more than needed. */
enum {
    FV_KEEP_X = 1,       /* backward reads x */
    FV_KEEP_Y = 2,       /* backward reads y */
    FV_POINTWISE = 4,    /* y[i] depends on x[i] alone; y may overwrite x */
    FV_VIEW = 8,         /* y is x under another shape: no work, no memory (flatten, identity) */
    FV_VIEW_IN_USE = 16, /* the same, but only outside training (dropout) */
    FV_LOSS = 32,        /* last input is labels or targets; y is one number, the batch's mean */
    FV_COMMUTES = 64,    /* the order of inputs does not matter (add) */
    FV_VARIADIC = 128,   /* takes any number of inputs from inputs_min: a branch {…|…} */
    FV_JOIN = 256        /* y is its inputs one after the other along the channels (concat) */
};

typedef struct fv_op {
    const char *name;  /* in the language: "conv" */
    const char *help;  /* one line */
    const char *about; /* the formula and its source; several lines; for help and docs */
    const char *onnx;  /* operator's name in ONNX, or NULL */
    int inputs_min, inputs_max;
    unsigned traits;     /* FV_KEEP_X … */
    size_t options_size; /* 0: none */
    const fv_field *fields;

    /* Fills the found part of the site. Fails with a sentence that says what does not fit; whoever
       calls adds the place. Must refuse whatever forward could not compute. */
    FV_MUST_USE fv_status (*shape)(fv_context *ctx, fv_site *site);
    /* Of a site that shape() accepted, for one sample. NULL: pointwise and free. */
    void (*cost)(const fv_site *site, fv_cost *cost);

    fv_pass_fn *forward[2];  /* [0] float, [1] double */
    fv_pass_fn *backward[2]; /* NULL: has no gradient */
    /* A number that changes when x crosses a kink or another element wins a maximum; NULL: smooth.
       The gradient check skips what a step carries across one. Double only. */
    uint64_t (*branches)(const fv_pass *pass);

    /* Sample problems: "options ; input shape[, input shape …]" as the language writes them, e.g.
       "64 3x3 stride 2 pad 1 ; 2x8x7x9". NULL-ended; at least one. Labels of a loss get the shape
       the operator asks of them. */
    const char *const *samples;
} fv_op;

/* All operators, in the order of op/list.h; NULL-ended. */
extern const fv_op *const fv__ops[];
const fv_op *fv__op_find(const char *name);
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
