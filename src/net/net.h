/* SPDX-License-Identifier: MIT */
/*
 * net.h - a network as a graph: nodes (operators at a place), values (what flows), parameters.
 *
 * A net grows by fv__net_add and is then frozen; after that nothing changes it, so any number of
 * plans and threads may read it. Everything it holds lives in its arena. Shapes are those of one
 * sample (batch 1); a plan asks the shape rules again for its own batch.
 */
#ifndef FV_NET_NET_H
#define FV_NET_NET_H

#include "net/settings.h"
#include "op/op.h"

/* Where something stands in a network's text; line 0: nowhere. */
typedef struct fv_place {
    int line, column;
} fv_place;

typedef struct fv_value {
    const char *name; /* "input", "conv1", or the label given with `as` */
    fv_shape shape;   /* of one sample: dim[0] = 1 */
    int node;         /* who makes it; -1: an input of the net */
} fv_value;

typedef struct fv_param {
    const char *name; /* "conv1.weight" */
    fv_param_spec spec;
    int node;
    int64_t offset; /* elements into the flat block of all parameters */
    int64_t count;
} fv_param;

typedef struct fv_node {
    const fv_op *op;
    const void *options;
    const char *name; /* "conv1", "basic3.conv2" */
    int inputs;
    const int *in; /* values */
    int out;       /* value */
    int param0, params;
    fv_place place;
    bool training; /* belongs to heads that only training has */
} fv_node;

/* What the network puts out. The main chain's end comes first and is called "output". */
typedef struct fv_head {
    const char *name;
    int value;
    double weight; /* of its loss in the sum */
    bool training; /* an auxiliary head: not there in use */
} fv_head;

typedef struct fv_net {
    fv_arena arena;
    const char *name;   /* "lenet5" */
    const char *source; /* its text as written, or NULL when built by calls */
    const char *given;  /* the parameters it was made with, "classes=10 width=2"; "" if none */
    fv_node *nodes;
    size_t node_count, node_capacity;
    fv_value *values; /* values[0] is the picture */
    size_t value_count, value_capacity;
    fv_param *params;
    size_t param_count, param_capacity;
    fv_head *heads;
    size_t head_count, head_capacity;
    int64_t param_elements; /* length of the flat block, running statistics included */
    fv_input input;
    fv_recipe recipe;
    const char *recipe_given; /* names of the recipe fields its text states, space separated */
    bool frozen;
} fv_net;

/* An empty net whose values[0] is the picture, of the shape in `input`. */
FV_MUST_USE fv_status fv__net_new(fv_context *ctx, const char *name, const fv_input *input,
                                  fv_net **out);
void fv__net_free(fv_net *net); /* NULL is allowed */

/* Adds an operator: checks the number of inputs, asks its shape rule, makes its value and
   parameters. `options` is copied. `name` must be free. On failure the message is the operator's
   own, without place. *value receives the new value's index. */
FV_MUST_USE fv_status fv__net_add(fv_context *ctx, fv_net *net, const fv_op *op,
                                  const void *options, const char *name, const int *in, int inputs,
                                  fv_place place, bool training, int *value);
/* A further input of the net (labels). `shape` with dim[0] = 1. */
FV_MUST_USE fv_status fv__net_add_input(fv_context *ctx, fv_net *net, const char *name,
                                        const fv_shape *shape, int *value);
FV_MUST_USE fv_status fv__net_add_head(fv_context *ctx, fv_net *net, const char *name, int value,
                                       double weight, bool training);
/* No more changes; at least one head must be there. */
FV_MUST_USE fv_status fv__net_freeze(fv_context *ctx, fv_net *net);

int fv__net_find_value(const fv_net *net, const char *name); /* -1: none */
int fv__net_find_node(const fv_net *net, const char *name);
int fv__net_find_param(const fv_net *net, const char *name);

/* Refills a site from a node for a batch of n; its shape rule has accepted it before, so this can
   only fail on sizes that overflow. */
FV_MUST_USE fv_status fv__net_site(fv_context *ctx, const fv_net *net, const fv_node *node,
                                   int64_t n, fv_site *site);

/* The network to train: a copy with labels as a further input and, for every head, a loss behind
   it (recipe.loss; a softmax at the end of a head is folded into cross-entropy, which reads the
   logits). Nodes, values and parameters of `net` keep their numbers; the labels are the value after
   the last; the heads of the copy are the losses, in the heads' order. Frozen. */
FV_MUST_USE fv_status fv__net_with_loss(fv_context *ctx, const fv_net *net, fv_net **out);
/* Of a net made so: the value that the loss of head i reads (logits), and the labels. */
int fv__net_logits(const fv_net *with_loss, size_t head);
int fv__net_labels(const fv_net *with_loss);

/* Learned values and running statistics; `training`: heads that only training has are counted. */
int64_t fv__net_parameters(const fv_net *net, bool training);

/* The values of a fresh network: spec.init with recipe.init, from the seed. `block` holds
   param_elements floats. */
void fv__net_initialise(const fv_net *net, uint64_t seed, float *block);

/* Per node: receptive field, jump (distance of neighbouring outputs in the picture) and offset of
   the first window, in pixels, h and w. Through a join the largest is taken. */
typedef struct fv_field_of_view {
    int64_t size_h, size_w, jump_h, jump_w;
    bool global;
} fv_field_of_view;
/* `views` has value_count entries. */
FV_MUST_USE fv_status fv__net_views(fv_context *ctx, const fv_net *net, fv_field_of_view *views);

#endif
