/* SPDX-License-Identifier: MIT */
/*
 * net.h - a network as a graph: nodes (operators with options), values (what flows), parameters.
 *
 * A graph ("the net") grows by fv__net_add and is then frozen; after that nothing writes to it, so
 * any number of plans and threads may read it. Everything it holds lives in its arena. Shapes of
 * what belongs to the batch are those of one sample (batch 1); a plan asks the shape rules again
 * for its own batch.
 */
#ifndef FV_NET_NET_H
#define FV_NET_NET_H

#include "net/settings.h"
#include "op/op.h"

/* Where something stands in a network's text; line 0: nowhere. */
typedef struct fv_location {
    int line, column;
} fv_location;

typedef struct fv_value {
    const char *name; /* "input", "conv1", or the label given with `as` */
    fv_type type;     /* F32 stands for the plan's real type */
    fv_shape shape;   /* batched: of one sample, dim[0] = 1 */
    int node;         /* who makes it; -1: an input of the net, or a constant */
    int output;       /* which of that node's outputs */
    const void *data; /* of a constant: its elements, dense; NULL: it is none */
    bool apart;       /* the net's source names it, and the model's file holds its numbers */
} fv_value;

typedef struct fv_param {
    const char *name;     /* "conv1.weight" */
    const char *old_name; /* in files of version 0.1.0, where it was another one; NULL: the same */
    fv_param_spec spec;
    int node;       /* the first that uses it */
    int uses;       /* nodes that use it */
    bool training;  /* only what training alone has uses it */
    int64_t offset; /* elements into the flat block of all parameters */
    int64_t count;
} fv_param;

typedef struct fv_node {
    const fv_op *op;
    const void *options;
    const char *name;       /* "conv1", "basic3.conv2" */
    const char *param_name; /* what its parameters' names begin with: its own unless they are shared
                             */
    const char *old_name;   /* what version 0.1.0 called it; NULL: the same */
    int inputs, outputs, params;
    const int *in;    /* values */
    const int *out;   /* values */
    const int *param; /* parameters; two nodes may name the same */
    fv_location location;
    bool training;    /* belongs to heads that only training has */
    const char *open; /* the option that its text left open with `?`; NULL: none */
} fv_node;

/* What the network puts out, and what training makes small. The main chain's end comes first and is
   called "output". */
typedef struct fv_head {
    const char *name;
    int value;
    double weight;            /* of its loss in the sum */
    bool training;            /* an auxiliary head: not there in inference */
    const fv_op *loss;        /* an operator with FV_LOSS; NULL: the recipe's */
    const void *loss_options; /* NULL: its defaults */
    /* in a net from fv__net_with_loss, whose heads' values are the losses: */
    int prediction;       /* the value that the loss reads (logits) */
    int target;           /* the value of its target, an input of the net */
    fv_target_kind wants; /* the kind of that target */
} fv_head;

/* The public handle of a network without weights: its graph, and the recipe that its text states.
 */
struct fv_net {
    struct fv_graph *graph;
    fv_recipe recipe;
};

typedef struct fv_graph {
    fv_arena arena;
    const char *name;   /* "lenet5" */
    const char *source; /* its text as written, or NULL when built by calls */
    const char *given;  /* the parameters it was made with, "classes=10 width=2"; "" if none */
    fv_node *nodes;
    size_t node_count, node_capacity;
    fv_value *values; /* values[0] is the image */
    size_t value_count, value_capacity;
    fv_param *params;
    size_t param_count, param_capacity;
    fv_head *heads;
    size_t head_count, head_capacity;
    int64_t param_elements; /* length of the flat block, running statistics included */
    fv_input input;
    bool frozen;
} fv_graph;

/* An empty net whose values[0] is the image, of the shape in `input`. */
FV_MUST_USE fv_status fv__net_new(fv_context *ctx, const char *name, const fv_input *input,
                                  fv_graph **out);
void fv__net_free(fv_graph *net); /* NULL is allowed */

/* A node to be added; zero what is not needed. Everything is copied. */
typedef struct fv_node_spec {
    const fv_op *op;
    const void *options;
    const char *name;       /* must be free */
    const char *param_name; /* of its own parameters, without the dot; NULL: its name */
    const char *old_name;   /* as in fv_node */
    const int *in;          /* values */
    int inputs;
    const int *param; /* parameters to share, one for each of the operator's (-1: one of its own);
                         NULL: all its own */
    fv_location location;
    bool training;
    const char *open; /* as in fv_node; a constant text, which is not copied */
} fv_node_spec;

/* Adds an operator: checks number and types of the inputs, asks its shape rule, makes its values
   and parameters. On failure the message is the operator's own, without location. *value (may be
   NULL) receives the first output; further ones follow it, called NAME.2, NAME.3 … */
FV_MUST_USE fv_status fv__net_add(fv_context *ctx, fv_graph *net, const fv_node_spec *spec,
                                  int *value);
/* A further input of the net (labels). A batched `shape` has dim[0] = 1. */
FV_MUST_USE fv_status fv__net_add_input(fv_context *ctx, fv_graph *net, const char *name,
                                        fv_type type, const fv_shape *shape, int *value);
/* A constant, one and the same for all samples; its dense elements are copied. */
FV_MUST_USE fv_status fv__net_add_constant(fv_context *ctx, fv_graph *net, const char *name,
                                           fv_dtype dtype, const fv_shape *shape, const void *data,
                                           int *value);
/* Name, value, weight, training, loss and loss_options of `head` count; all is copied. */
FV_MUST_USE fv_status fv__net_add_head(fv_context *ctx, fv_graph *net, const fv_head *head);
/* No more changes; at least one head must be there. */
FV_MUST_USE fv_status fv__net_freeze(fv_context *ctx, fv_graph *net);

int fv__net_find_value(const fv_graph *net, const char *name); /* -1: none */
int fv__net_find_node(const fv_graph *net, const char *name);
int fv__net_find_param(const fv_graph *net, const char *name);

/* Memory for a site of any node of the net, its arrays included; and the site of a node for a batch
   of n. Its shape rule has accepted it before, so this can only fail on sizes that overflow. */
typedef struct fv_site_room {
    fv_site site;
    fv_shape *in, *out;
    fv_type *in_type, *out_type;
} fv_site_room;
FV_MUST_USE fv_status fv__net_site_room(fv_context *ctx, const fv_graph *net, fv_site_room *room);
void fv__net_site_free(fv_site_room *room);
FV_MUST_USE fv_status fv__net_site(fv_context *ctx, const fv_graph *net, const fv_node *node,
                                   int64_t n, fv_site_room *room);

/* Adds the values and nodes of `from` to a net that has nothing but its input. Numbers stay what
   they are; shapes follow from the input. */
FV_MUST_USE fv_status fv__net_replay(fv_context *ctx, const fv_graph *from, fv_graph *to);

/* The same network for images of another size: it has the same parameters, at the same offsets, so
   that plans over both run on the same weights. FV_BAD_INPUT when a layer does not fit, or has
   other parameters at that size, as fc behind a map has. Frozen. */
FV_MUST_USE fv_status fv__net_resized(fv_context *ctx, const fv_graph *net, int64_t height,
                                      int64_t width, fv_graph **out);

/* The network to train: a copy with, behind every head, its loss (of heads that name none, the
   operator `loss` with default options) and, for every kind of target that losses want, a further
   input. A softmax at the end of a head is folded into cross-entropy, which reads the logits.
   Nodes, values and parameters of `net` keep their numbers; the heads of the copy are the losses,
   in the heads' order. Frozen. */
FV_MUST_USE fv_status fv__net_with_loss(fv_context *ctx, const fv_graph *net, const fv_op *loss,
                                        fv_graph **out);

/* The same by a recipe: its loss; `smooth`, and what classes count (`weights`), for heads that
   learn by cross-entropy and do not say it themselves; and where it mixes images, shares of classes
   as the target of cross-entropy. What it changes counts for training alone: a test goes by the
   loss as it is. FV_BAD_INPUT where another loss would have to mix its classes. */
FV_MUST_USE fv_status fv__net_to_train(fv_context *ctx, const fv_graph *net,
                                       const fv_recipe *recipe, fv_graph **out);

/* Learned values and running statistics; `training`: heads that only training has are counted. */
int64_t fv__net_parameters(const fv_graph *net, bool training);

/* The values of a fresh network: spec.init as a recipe has it (init, deviation, ones), from the
   seed; or with `init` (FV_HE …) and nothing else. `block` holds param_elements floats. */
void fv__net_start(const fv_graph *net, const fv_recipe *start, uint64_t seed, float *block);
void fv__net_initialise(const fv_graph *net, int init, uint64_t seed, float *block);
/* Whether the layers that `ones` names are there and have biases; otherwise FV_BAD_INPUT. */
FV_MUST_USE fv_status fv__net_check_start(fv_context *ctx, const fv_graph *net,
                                          const fv_recipe *start);

/* Of a value: how many pixels of the image it sees, and how far apart in the image its neighbours
   are (jump), h and w. Through a join the largest is taken. */
typedef struct fv_receptive_field {
    int64_t size_h, size_w, jump_h, jump_w;
    bool global;
} fv_receptive_field;
/* `fields` has value_count entries. */
FV_MUST_USE fv_status fv__net_receptive_fields(fv_context *ctx, const fv_graph *net,
                                               fv_receptive_field *fields);

#endif
