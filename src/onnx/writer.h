/* SPDX-License-Identifier: MIT */
/*
 * writer.h - what the files that turn our graph into an ONNX one share.
 *
 * Layers are written in their order, each by its row in write_list.h or, without one, as its
 * descriptor says: one node of fv_op.onnx, whose attributes are the options that have a
 * fv_field.onnx, whose inputs are the layer's and behind them its parameters. Every option that is
 * not as usual must be read while its layer is written; one that nobody read would be lost, and is
 * refused.
 *
 * The first failure stays in the writer and makes all that follows do nothing, so that rows read
 * like the graph that they write.
 */
#ifndef FV_ONNX_WRITER_H
#define FV_ONNX_WRITER_H

#include "base/name_table.h"
#include "net/net.h"
#include "onnx/export.h"
#include "onnx/message.h"

#ifdef FV_HAVE_ONNX

typedef struct fv_onnx_writer {
    fv_context *ctx;
    fv_arena arena; /* of all messages */
    const fv_graph *graph;
    const float *weights;
    int64_t opset;
    fv_status status;                  /* the first failure */
    fv_names tensor_names, node_names; /* those of the file */
    const char **value, **param;       /* how ours are called there; NULL: not there yet */
    Onnx__NodeProto **nodes;
    size_t node_count, node_capacity;
    Onnx__TensorProto **tensors;
    size_t tensor_count, tensor_capacity;
    /* the layer that is written */
    const fv_node *layer;
    uint64_t told;         /* options that were read */
    Onnx__NodeProto *last; /* the node that attributes go to */
} fv_onnx_writer;

/* FV_BAD_INPUT: "layer conv1 (conv): ...". */
void fv__onnx_cannot(fv_onnx_writer *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Refuses a file of an opset before `since`, in which `what` was not there. */
void fv__onnx_since(fv_onnx_writer *w, int64_t since, const char *what);

/* --- the layer ------------------------------------------------------------------------------ */

/* The names of its input i, its output i and its parameter i; NULL: there is none. */
const char *fv__onnx_x(fv_onnx_writer *w, int i);
const char *fv__onnx_y(fv_onnx_writer *w, int i);
const char *fv__onnx_w(fv_onnx_writer *w, int i);
/* Their shapes; of what has a batch, dim[0] is 1. */
const fv_shape *fv__onnx_x_shape(const fv_onnx_writer *w, int i);
const fv_shape *fv__onnx_y_shape(const fv_onnx_writer *w, int i);
const fv_shape *fv__onnx_w_shape(const fv_onnx_writer *w, int i);
/* The numbers of parameter i. */
const float *fv__onnx_w_data(const fv_onnx_writer *w, int i);

/* One of its options, which has to have it. */
const void *fv__onnx_option(fv_onnx_writer *w, const char *field);
static inline int64_t fv__onnx_option_int(fv_onnx_writer *w, const char *field) {
    return *(const int64_t *)fv__onnx_option(w, field);
}
static inline double fv__onnx_option_real(fv_onnx_writer *w, const char *field) {
    return *(const double *)fv__onnx_option(w, field);
}
static inline bool fv__onnx_option_bool(fv_onnx_writer *w, const char *field) {
    return *(const bool *)fv__onnx_option(w, field);
}
static inline const fv_ints *fv__onnx_option_ints(fv_onnx_writer *w, const char *field) {
    return fv__onnx_option(w, field);
}
/* Of a choice, the word. */
const char *fv__onnx_option_word(fv_onnx_writer *w, const char *field);
bool fv__onnx_option_is(fv_onnx_writer *w, const char *field, const char *word);

/* --- nodes ---------------------------------------------------------------------------------- */

/* A node, whose first output is called `out`, or, NULL, something new; the result is its name. NULL
   among the inputs: left out. Inputs end with FV_ONNX_END. */
const char *fv__onnx_put(fv_onnx_writer *w, const char *op, const char *out,
                         const char *const *inputs, int count);
#define FV_ONNX_PUT(w, op, out, ...)                                                               \
    fv__onnx_put(w, op, out, (const char *const[]){__VA_ARGS__},                                   \
                 (int)(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)))

/* Attributes of the node put last. */
void fv__onnx_say_int(fv_onnx_writer *w, const char *name, int64_t v);
void fv__onnx_say_real(fv_onnx_writer *w, const char *name, double v);
void fv__onnx_say_word(fv_onnx_writer *w, const char *name, const char *v);
void fv__onnx_say_ints(fv_onnx_writer *w, const char *name, const int64_t *v, int count);
void fv__onnx_say_words(fv_onnx_writer *w, const char *name, const char *const *words, int count);
/* Its outputs, when there are several; names NULL: the layer's own. */
void fv__onnx_say_outputs(fv_onnx_writer *w, const char *const *names, int count);
/* A name for something on the way: "conv1/state". */
const char *fv__onnx_fresh(fv_onnx_writer *w, const char *what);
/* All options that have a name there and were not read. */
void fv__onnx_say_options(fv_onnx_writer *w);

/* Constants: the name of a tensor that holds these numbers. What `data` points to must last. */
const char *fv__onnx_tensor(fv_onnx_writer *w, const char *name, fv_dtype dtype,
                            const fv_shape *shape, const void *data);
int32_t fv__onnx_type_of(fv_dtype dtype); /* ONNX's number of an element type */
const char *fv__onnx_number(fv_onnx_writer *w, double v);
/* The same of a type: FV_F32 or one of whole numbers. */
const char *fv__onnx_number_of(fv_onnx_writer *w, fv_dtype dtype, double v);
const char *fv__onnx_list(fv_onnx_writer *w, const int64_t *v, int count);
/* One of the layer's own, called "conv1/places"; `data` NULL: nothing. */
const char *fv__onnx_own_tensor(fv_onnx_writer *w, const char *what, fv_dtype dtype,
                                const fv_shape *shape, const void *data);
/* Floats to be filled in, in the writer's memory; NULL after a failure. */
float *fv__onnx_floats(fv_onnx_writer *w, int64_t count);
/* A value under another shape; 0 stands for a dimension that stays what it is. */
const char *fv__onnx_reshape(fv_onnx_writer *w, const char *out, const char *x,
                             const int64_t *shape, int rank);
const char *fv__onnx_transpose(fv_onnx_writer *w, const char *out, const char *x,
                               const int64_t *perm, int rank);

/* Parts of dimensions; axes and steps may be empty. */
const char *fv__onnx_slice(fv_onnx_writer *w, const char *out, const char *x, const fv_ints *starts,
                           const fv_ints *ends, const fv_ints *axes, const fv_ints *steps);

/* A layer as its descriptor says, as a node of that operator. */
void fv__onnx_write_as(fv_onnx_writer *w, const char *op);

/* A row: how the layers of one operator are written. */
typedef void fv_onnx_write_fn(fv_onnx_writer *w);
#define FV_ONNX_WRITE(op, since, name) void fv__onnx_write_##name(fv_onnx_writer *w);
#include "onnx/write_list.h"
#undef FV_ONNX_WRITE

#endif
#endif
