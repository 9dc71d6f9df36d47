/* SPDX-License-Identifier: MIT */
/*
 * operator.h - the layers of the network language, and layers of your own.
 */
#ifndef FOVEA_OPERATOR_H
#define FOVEA_OPERATOR_H

#include "common.h"
#include "net.h"

FV_BEGIN

/* A layer as help shows it. */
typedef struct fv_operator_facts {
    size_t size;       /* FV_INIT(fv_operator_facts) */
    const char *name;  /* in the language: "conv" */
    const char *help;  /* one line */
    const char *about; /* the formula and its source; several lines; NULL: none */
    const char *onnx;  /* its name in ONNX, or NULL */
    int inputs_min, inputs_max;
    const char *const *samples; /* "64 3x3 pad 1 ; 2x8x7x9": options and input shapes; NULL-ended */
} fv_operator_facts;

/* Number i of the layers there are, those added to the context last; the one of that name. `ctx`
   may be NULL: only those that are built in. Returns 0 when there is none, otherwise 1. */
FV_API int fv_operator_at(const fv_context *ctx, int i, fv_operator_facts *out);
FV_API int fv_operator_find(const fv_context *ctx, const char *name, fv_operator_facts *out);
/* Option i of a layer, likewise. */
FV_API int fv_operator_option(const fv_context *ctx, const char *name, int i, fv_option *out);

/* How a layer that is built in is written for a library, "pytorch" or "keras", its options beside
   their names there: "nn.Linear(in_features, out_features=outputs, bias)". Number i (0, 1, …: what
   differs by an option) into out[0 … size-1], cut where it is longer. Returns 0 when there is none,
   otherwise 1. */
FV_API int fv_operator_words(const char *name, const char *library, int i, char *out, size_t size);

/* ---------------------------------------------------------------------- layers of your own --- */

/* What an option is, and the C type that receives it. */
typedef enum fv_option_kind {
    FV_OPTION_INT,   /* int64_t     64 */
    FV_OPTION_REAL,  /* double      0.5, 1/255, 1e-4 */
    FV_OPTION_BOOL,  /* bool        yes, no */
    FV_OPTION_CHOICE /* int         one of `choices`, counted from 0 */
} fv_option_kind;

/* One option of a layer of your own; a table of them ends with name NULL. */
typedef struct fv_option_field {
    const char *name;
    const char *help; /* one line */
    fv_option_kind kind;
    size_t offset;              /* into the struct of options */
    const char *initial;        /* the default as one would write it; NULL: 0 */
    double min, max;            /* of numbers; both 0: no limit */
    int positional;             /* may be given without its name, in the order of the table */
    int required;               /* has no default */
    const char *const *choices; /* NULL-ended */
} fv_option_field;

/* Dimensions, outermost first: N, C, H, W of a map, N, K of a vector; K of a bias. */
typedef struct fv_dims {
    int rank;
    int64_t dim[FV_DIMS_MAX];
} fv_dims;

#define FV_OPERATOR_PARAMS 4 /* most parameters of a layer of your own */

/* How a parameter starts: random as the recipe's `init` says, or a constant. */
typedef enum fv_param_start { FV_PARAM_RANDOM, FV_PARAM_ZERO, FV_PARAM_ONE } fv_param_start;

typedef struct fv_operator_param {
    const char *name; /* "weight" gives "swish1.weight" */
    fv_dims dims;
    fv_param_start start;
    int64_t fan_in, fan_out; /* of FV_PARAM_RANDOM */
    int bias;                /* spared by weight decay */
} fv_operator_param;

/* A layer in one network, as its shape rule sees and describes it. */
typedef struct fv_operator_site {
    /* given */
    const void *options; /* the struct, filled in */
    void *user;          /* of the operator */
    int inputs;
    const fv_dims *in; /* [inputs], the first dimension the batch */
    /* found; `out` is in[0] unless you say otherwise, and its first dimension must be the batch */
    fv_dims out;
    int params;
    fv_operator_param param[FV_OPERATOR_PARAMS];
    int64_t macs; /* multiply-accumulates for one sample, for explain */
} fv_operator_site;

/* Numbers of one execution. Inside one sample they are dense; samples are `step` elements apart. */
typedef struct fv_operator_tensor {
    void *data; /* NULL: not wanted */
    fv_dims dims;
    int64_t step;
} fv_operator_tensor;

/* One execution. All numbers are float, or all are double (`real64`): the gradient check computes
   in double. */
typedef struct fv_operator_pass {
    const void *options;
    void *user;
    int real64;
    int inputs, params;
    const fv_operator_tensor *x; /* [inputs] */
    const fv_operator_tensor *y; /* forward writes it; backward may read it with FV_READS_Y */
    const fv_operator_tensor *w; /* [params], parameters */
    /* backward: given dy, ADD the gradients to dx and dw */
    const fv_operator_tensor *dy;
    const fv_operator_tensor *dx; /* [inputs] */
    const fv_operator_tensor *dw; /* [params] */
    int training;
} fv_operator_pass;

/* What backward reads beside dy, so that no more is kept than needed. */
enum {
    FV_READS_X = 1,
    FV_READS_Y = 2,
    FV_EACH_ALONE = 4 /* y[i] depends on x[i] alone: y may be written over x */
};

typedef struct fv_operator {
    size_t size;                    /* FV_INIT(fv_operator) */
    const char *name;               /* small letters, digits and _, a letter first; free yet */
    const char *help;               /* one line; NULL: none */
    const char *about;              /* NULL: none */
    int inputs_min, inputs_max;     /* 0: 1 */
    unsigned reads;                 /* FV_READS_X … */
    const fv_option_field *options; /* NULL: none */
    size_t options_size;            /* of the struct they fill */
    /* The shape rule; says with fv_context_fail what does not fit. NULL: y is like x. */
    fv_status (*shape)(fv_context *ctx, fv_operator_site *site);
    /* May be called from one thread at a time, and from several for several runs. They cannot fail,
       and must give the same bits for the same numbers. */
    void (*forward)(const fv_operator_pass *pass);
    void (*backward)(const fv_operator_pass *pass); /* NULL: nothing before it can be trained */
    void *user;
} fv_operator;

/* Adds a layer to the language of this context: networks parsed, opened, loaded or built with it
   may use it from now on, in texts by its name. The struct is copied; what it points to - texts,
   options, functions, `user` - must hold for as long as the context and every net and model that
   uses the layer. A model file names its layers: whoever loads it needs the layer in his context.
   FV_USAGE: a name that is taken or is none, no forward, options beyond their struct. */
FV_MUST_USE FV_API fv_status fv_context_add_operator(fv_context *ctx, const fv_operator *op);

FV_END
#endif
