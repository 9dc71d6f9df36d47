/* SPDX-License-Identifier: MIT */
/*
 * model.h - a network with its weights: making, opening, reading, writing, converting.
 *
 * Every function that makes a model stores it in *out; fv_model_free() frees it. A model outlives
 * the context it was made with.
 */
#ifndef FOVEA_MODEL_H
#define FOVEA_MODEL_H

#include "common.h"

FV_BEGIN

/* ------------------------------------------------------------------------- making, opening --- */

/* Fresh weights for a network: they depend on it and the seed alone. The net is taken over: it is
   the model's from now on, and freed when this fails. */
FV_MUST_USE FV_API fv_status fv_model_new(fv_context *ctx, fv_net *net, uint64_t seed,
                                          fv_model **out);

/* fv_net_open and fv_model_new in one: a network of the zoo, a text by its path … with fresh
   weights. Errors are those of fv_net_open. */
FV_MUST_USE FV_API fv_status fv_model_create(fv_context *ctx, const char *word,
                                             const char *settings, uint64_t seed, fv_model **out);

/* The same from a text in memory in the network language, ended by 0. */
FV_MUST_USE FV_API fv_status fv_model_parse(fv_context *ctx, const char *text, const char *settings,
                                            uint64_t seed, fv_model **out);

/* How the tensors of a file find their place in a network. NAME: each has the name of its
   parameter, "conv1.weight"; PyTorch's running_mean and running_var are bn's mean and variance, and
   "module.", "model.", "backbone." and the like in front do not count. ORDER: as they stand in the
   file, against the network's parameters in their order. AUTO: by name, or else by order. KERAS: a
   file of Keras', by its names ("conv1/kernel:0") or else by order; kernels and the weights behind
   a Flatten lie there channels last and are turned. */
typedef enum fv_match { FV_MATCH_AUTO, FV_MATCH_NAME, FV_MATCH_ORDER, FV_MATCH_KERAS } fv_match;

/* One tensor that found its place. */
typedef struct fv_weight_pair {
    const char *parameter; /* "basic1.conv1.weight" */
    const char *tensor;    /* in the file: "layer1.0.conv1.weight" */
    const char *type;      /* there: "F16" */
} fv_weight_pair;

/* What came of reading weights. */
typedef struct fv_weight_report {
    const char *file;
    fv_match match; /* what they were matched by, NAME or ORDER */
    int mapped;     /* those that a mapping file names */
    int parameters; /* tensors that the network has */
    int matched;
    const fv_weight_pair *const *pairs; /* `matched` of them, in the network's order */
    int converted;                      /* to float32, from another type */
    int strided;  /* that did not lie dense in the file: transposed, or parts of others */
    int reshaped; /* fc's weights that are convolutions in the network, and the other way round */
    int ignored;  /* tensors of the file that the network has no use for: counters, whole numbers,
                     and those that a mapping file leaves out */
    const char *const *ignored_names;
    int missing; /* parameters that the file has not: fresh ones. Those that only training has, and
                    those that a mapping file says so of */
    const char *const *missing_names;
    int turned; /* kernels and the like that lay channels last, as Keras has them */
} fv_weight_report;
FV_API void fv_weight_report_free(fv_weight_report *report); /* NULL is allowed */

typedef struct fv_model_options {
    size_t size;          /* FV_INIT(fv_model_options) */
    const char *settings; /* for the parameters of a network's text: "classes=10" */
    const char *weights;  /* a file whose weights the network gets: safetensors, or a state
                             dictionary of PyTorch */
    uint64_t seed;        /* of fresh weights */
    int fresh;            /* 1: a network without weights gets fresh ones; otherwise that is an
                             error which says how to train it */
    fv_match match;       /* of `weights` */
    const char *map;      /* a file that says which of their names is which of ours, a line each:
                             "layer1.*.conv1 basic{*+1}.conv1" (docs/weights.md); NULL: none */
    fv_weight_report **report; /* receives what came of `weights`, for fv_weight_report_free, or
                                  NULL when there are none; NULL: not wanted */
    const char *input;   /* how an image becomes the input, as the language's `input` line says it:
                            "3x224x224 resize 256 crop 224 scale 1/255 mean 0.5 std 0.5"; in place
                            of the network's own, of the same size. NULL: its own. Where a file
                            leaves the size of images open it has to be said, "3x224x224" */
    const char *classes; /* a text file with the names of the classes, one on each line; NULL: the
                            model's own */
} fv_model_options;

/* Opens whatever has weights: a model file, the folder of a training run (its model, or the best
   one while it goes on), a network with a file of weights or, if `fresh`, with new ones.
   FV_BAD_INPUT: not there, damaged, not a model, weights that do not belong to its network or are
   not finite; a network without weights. FV_USAGE: settings for a model. */
FV_MUST_USE FV_API fv_status fv_model_open(fv_context *ctx, const char *word,
                                           const fv_model_options *options, fv_model **out);

/* Reads a model file (safetensors with the network's text in its metadata), as fv_model_save and
   `fovea train` write it. FV_BAD_INPUT: not there, damaged, not a model, weights that do not belong
   to its network. */
FV_MUST_USE FV_API fv_status fv_model_load(fv_context *ctx, const char *path, fv_model **out);

/* The same from `size` bytes in memory, such as a model compiled into a program. They are copied.
 */
FV_MUST_USE FV_API fv_status fv_model_load_memory(fv_context *ctx, const void *data, size_t size,
                                                  fv_model **out);

/* Replaces the weights of a model by those in a file, safetensors or a state dictionary of PyTorch,
   matched as FV_MATCH_AUTO says. All of them must be there in the same shapes, and no others:
   otherwise FV_BAD_INPUT names the first difference and the model stays as it was. Float64, float16
   and bfloat16 are converted to float32. */
FV_MUST_USE FV_API fv_status fv_model_load_weights(fv_context *ctx, fv_model *model,
                                                   const char *path);

/* Writes the form that the path's end names: .safetensors the model file, .onnx an ONNX model for
   other programs, .net the network's text alone. It is complete or not there at all: an old file of
   that name stays until the new one is safe on the disk. The same model gives the same bytes.
   FV_USAGE: another end. FV_BAD_INPUT: ONNX has nothing for some of the layers, all of which are
   named. FV_FAILED: cannot be written there. FV_EXHAUSTED: the disk is full. */
FV_MUST_USE FV_API fv_status fv_model_save(fv_context *ctx, const fv_model *model,
                                           const char *path);

typedef struct fv_save_options {
    size_t size; /* FV_INIT(fv_save_options) */
    int opset;   /* .onnx: the version of ONNX's operators, 7 to 17; 0: 13, or later as a layer
                    needs it */
    int logits;  /* .onnx: 1 leaves out a softmax at the end of an output */
} fv_save_options;

/* The same, with a choice. FV_USAGE too: an opset that is not written or that a layer is too young
   for; something chosen that the form does not have. `options` NULL: nothing is. */
FV_MUST_USE FV_API fv_status fv_model_save_as(fv_context *ctx, const fv_model *model,
                                              const char *path, const fv_save_options *options);
/* The same of a network, which has no weights: .net only. */
FV_MUST_USE FV_API fv_status fv_net_save(fv_context *ctx, const fv_net *net, const char *path);

/* The formats there are: how the names of files of number i end (".safetensors"), and what is
   written into one (NULL: not wanted). NULL when there is none of that number. */
FV_API const char *fv_format_extension(int i, const char **help);
/* Whether a file whose name ends like that of `path` holds weights: 1, or a network alone: 0. */
FV_API int fv_format_has_weights(const char *path);

/* Frees a model. The runs, trainers and trainings over it must be gone before. NULL is allowed. */
FV_API void fv_model_free(fv_model *model);

/* -------------------------------------------------------------------- weights on their own --- */

/* One tensor of a file of weights. */
typedef struct fv_weight_facts {
    const char *name;
    const char *type; /* "F32", "BF16" … */
    int64_t count;    /* numbers */
    size_t bytes;     /* in the file */
    int rank;
    int64_t dims[FV_DIMS_MAX];
} fv_weight_facts;

typedef struct fv_weights {
    int count;
    const fv_weight_facts *const *tensors;
} fv_weights;

/* What a file of weights without a network holds, such as one of another program. FV_OK with *out
   NULL: the path names something else. FV_BAD_INPUT: a file that is damaged. */
FV_MUST_USE FV_API fv_status fv_weights_read(fv_context *ctx, const char *path, fv_weights **out);
FV_API void fv_weights_free(fv_weights *weights); /* NULL is allowed */

/* ------------------------------------------------------------------------------ describing --- */

/* Its network. */
FV_API const fv_net *fv_model_net(const fv_model *model);

/* The name of the network, "lenet5". */
FV_API const char *fv_model_name(const fv_model *model);

/* What goes in: channels, height, width of one sample into dims[0], dims[1], dims[2]. Returns
   their product, the floats of one sample. */
FV_API int64_t fv_model_input(const fv_model *model, int64_t dims[3]);

/* How many outputs there are in inference (heads that only training has are not counted); at least
   1. */
FV_API int fv_model_outputs(const fv_model *model);

/* The dimensions of output i for one sample, outermost first, and their number as the result: 1 for
   a vector of scores, 3 (channels, height, width) for a map. 0 when there is no such output. */
FV_API int fv_model_output(const fv_model *model, int i, int64_t dims[FV_DIMS_MAX]);

/* What its numbers are: FV_F32 unless a network gives whole numbers or truth values, whose elements
   fv_run_output points to then. FV_F32 when there is no such output. */
FV_API fv_dtype fv_model_output_type(const fv_model *model, int i);

/* The name of output i: the first is called "output". NULL when there is no such output. */
FV_API const char *fv_model_output_name(const fv_model *model, int i);

/* Whether output i ends in a softmax, so that its numbers are probabilities. */
FV_API int fv_model_output_is_softmax(const fv_model *model, int i);

/* The name of class i (0 is the first) in out[0 … size-1], cut if it is longer; the number itself
   when the model has no class names. Returns `out`. 64 bytes are enough for most. */
FV_API const char *fv_model_class(const fv_model *model, int64_t i, char *out, size_t size);

/* Learned numbers: weights and biases, scales and shifts of normalisations; not running statistics,
   not heads that only training has. */
FV_API int64_t fv_model_parameters(const fv_model *model);

/* How many named tensors the model has: those of training-only heads and statistics included. */
FV_API int fv_model_tensors(const fv_model *model);

/* Number i of them, 0 … fv_model_tensors()-1. FV_USAGE: no such number. Its data may be changed
   while nothing else uses the model; runs see it when they are made afterwards. */
FV_MUST_USE FV_API fv_status fv_model_tensor(fv_context *ctx, const fv_model *model, int i,
                                             fv_tensor_view *out);

/* The one of that name, "fc1.bias". FV_BAD_INPUT: there is none ("did you mean …?"). */
FV_MUST_USE FV_API fv_status fv_model_tensor_named(fv_context *ctx, const fv_model *model,
                                                   const char *name, fv_tensor_view *out);

/* An entry of what the file says beside the weights: "net" (the network's text), "given" (the
   settings it was made with), "classes" (names, one per line), "data", "settings", "seed" of the
   training, and entries of your own. NULL when there is none. The text holds until the entry is set
   again. */
FV_API const char *fv_model_get(const fv_model *model, const char *name);

/* Sets such an entry; value NULL removes it. "net", "given" and "format" cannot be set: FV_USAGE.
   Nothing else may use the model meanwhile. */
FV_MUST_USE FV_API fv_status fv_model_set(fv_context *ctx, fv_model *model, const char *name,
                                          const char *value);

FV_END
#endif
