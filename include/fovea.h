/* SPDX-License-Identifier: MIT */
/*
 * fovea.h - convolutional networks in C: the one public header.
 *
 * A context carries threads and the last error. A model is a network with its weights. A run is
 * the memory of one execution of a model; a trainer changes a model's weights step by step.
 *
 * Threads: a context belongs to one thread at a time, and so do the runs and the trainer made with
 * it. A model is not changed by its runs: any number of runs, in any number of threads, each with
 * a context of its own, may share one model. Nothing else may use a model while a trainer steps it.
 *
 * Errors: every function that can fail returns an fv_status; FV_OK is 0. The sentence that says
 * what went wrong, where, and what to do is in the context: fv_context_error(). The library never
 * prints, never exits, never aborts and keeps no global state.
 *
 * Pictures and values are float32, laid out N, C, H, W: sample, channel, row, column.
 */
#ifndef FOVEA_H
#define FOVEA_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__) || defined(__clang__)
#define FV_MUST_USE __attribute__((warn_unused_result))
#define FV_API      __attribute__((visibility("default")))
#else
#define FV_MUST_USE
#define FV_API
#endif

#define FOVEA_VERSION "0.1.0"

/* What a function says of itself; the command's exit codes are the same numbers. */
typedef enum fv_status {
    FV_OK = 0,
    FV_FAILED = 1,    /* something else went wrong: a file that cannot be written, say */
    FV_USAGE = 2,     /* an unknown verb, flag or key, or a call that makes no sense */
    FV_BAD_INPUT = 3, /* a network, file or data set that is missing, malformed or does not fit */
    FV_DIVERGED = 4,  /* the loss is no longer a finite number */
    FV_EXHAUSTED = 5, /* out of memory or disk */
    FV_DIFFERS = 6,   /* a check found a difference */
    FV_INTERRUPTED = 130 /* stopped on request; the state on disk is valid */
} fv_status;

typedef struct fv_context fv_context;
typedef struct fv_model fv_model;
typedef struct fv_run fv_run;
typedef struct fv_trainer fv_trainer;

/* The version of the library in use, "0.1.0"; FOVEA_VERSION is that of the header. */
FV_API const char *fv_version(void);

/* ------------------------------------------------------------------------------- contexts --- */

/* Makes a context with a pool of `threads` threads, the caller's own included; 0 takes one per
   processor. Results do not depend on the number: the same bits come out for any.
   On failure *out is a context that carries nothing but the message, or NULL when there was not
   even memory for that; both may be given to fv_context_error() and fv_context_free().
   FV_USAGE: a negative number or more than 1024. FV_EXHAUSTED: no memory. */
FV_MUST_USE FV_API fv_status fv_context_new(int threads, fv_context **out);

/* Ends the threads. The runs and trainers made with the context must be gone before; models need
   not. NULL is allowed. */
FV_API void fv_context_free(fv_context *ctx);

/* The last failure in words, "" when there was none. It may have several lines, such as the place
   in a network's text. The text belongs to the context and holds until its next failure. NULL is
   allowed: that says what a missing context means. */
FV_API const char *fv_context_error(const fv_context *ctx);

/* The number of threads the context has; 0 for NULL. */
FV_API int fv_context_threads(const fv_context *ctx);

/* --------------------------------------------------------------------------------- models --- */

/* Every function that makes a model stores it in *out, which the caller frees with
   fv_model_free(); on failure *out is NULL. A model outlives the context it was made with. */

/* A network by its name in the zoo ("lenet5") or by the path of a .net file, with fresh weights:
   they depend on the network and the seed alone. `settings` are values for the parameters of the
   network's text, as in "classes=10 growth=12"; NULL or "": its defaults.
   FV_BAD_INPUT: no such network, a mistake in its text (with line, column and a caret), a value
   that does not fit. FV_USAGE: settings that are not name=value or that the network has not.
   FV_EXHAUSTED: no memory. */
FV_MUST_USE FV_API fv_status fv_model_create(fv_context *ctx, const char *name,
                                             const char *settings, uint64_t seed, fv_model **out);

/* The same from a text in memory in the network language, ended by 0. The text is copied. */
FV_MUST_USE FV_API fv_status fv_model_parse(fv_context *ctx, const char *text, const char *settings,
                                            uint64_t seed, fv_model **out);

/* Reads a model file (safetensors with the network's text in its metadata), as fv_model_save and
   `fovea train` write it. FV_BAD_INPUT: not there, damaged, not a model, weights that do not belong
   to its network. */
FV_MUST_USE FV_API fv_status fv_model_load(fv_context *ctx, const char *path, fv_model **out);

/* The same from `size` bytes in memory, such as a model compiled into a program. They are copied.
 */
FV_MUST_USE FV_API fv_status fv_model_load_memory(fv_context *ctx, const void *data, size_t size,
                                                  fv_model **out);

/* Replaces the weights of a model by those in a safetensors file, name by name. All of them must be
   there in the same shapes, and no others: otherwise FV_BAD_INPUT names the first difference and
   the model stays as it was. Float64, float16 and bfloat16 are converted to float32. */
FV_MUST_USE FV_API fv_status fv_model_load_weights(fv_context *ctx, fv_model *model,
                                                   const char *path);

/* Writes the model file. It is complete or not there at all: an old file of that name stays until
   the new one is safe on the disk. The same model gives the same bytes.
   FV_FAILED: cannot be written there. FV_EXHAUSTED: the disk is full, or no memory. */
FV_MUST_USE FV_API fv_status fv_model_save(fv_context *ctx, const fv_model *model,
                                           const char *path);

/* Frees a model. The runs and trainers over it must be gone before. NULL is allowed. */
FV_API void fv_model_free(fv_model *model);

/* Most dimensions that anything has. */
#define FV_DIMS_MAX 6

/* The name of the network, "lenet5". The text belongs to the model. */
FV_API const char *fv_model_name(const fv_model *model);

/* What goes in: channels, height, width of one picture into dims[0], dims[1], dims[2]. Returns
   their product, the floats of one picture. */
FV_API int64_t fv_model_input(const fv_model *model, int64_t dims[3]);

/* How many outputs there are in use (heads that only training has are not counted); at least 1. */
FV_API int fv_model_outputs(const fv_model *model);

/* The dimensions of output i for one sample, outermost first, and their number as the result: 1 for
   a vector of scores, 3 (channels, height, width) for a map. 0 when there is no such output. */
FV_API int fv_model_output(const fv_model *model, int i, int64_t dims[FV_DIMS_MAX]);

/* The name of output i: the first is called "output". NULL when there is no such output. */
FV_API const char *fv_model_output_name(const fv_model *model, int i);

/* The name of class i (0 is the first) in out[0 … size-1], cut if it is longer; the number itself
   when the model has no class names. Returns `out`. 64 bytes are enough for most. */
FV_API const char *fv_model_class(const fv_model *model, int64_t i, char *out, size_t size);

/* Learned numbers: weights and biases, scales and shifts of normalisations; not running statistics,
   not heads that only training has. */
FV_API int64_t fv_model_parameters(const fv_model *model);

/* One named tensor of a model. Everything it points to belongs to the model. */
typedef struct fv_tensor_view {
    const char *name; /* "conv1.weight"; running statistics are "bn1.mean", "bn1.variance" */
    float *data;      /* count floats, dense, outermost dimension first */
    int64_t count;    /* the product of dims */
    int rank;         /* how many dims */
    int64_t dims[FV_DIMS_MAX]; /* out, in, height, width of a convolution; out, in of fc; out of a
                                  bias */
    int learned;               /* 0: running statistics */
} fv_tensor_view;

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
   training, and entries of your own. NULL when there is none. The text belongs to the model and
   holds until the entry is set again. */
FV_API const char *fv_model_get(const fv_model *model, const char *name);

/* Sets such an entry (both texts are copied; UTF-8); value NULL removes it. "net", "given" and
   "format" cannot be set: FV_USAGE. Nothing else may use the model meanwhile. */
FV_MUST_USE FV_API fv_status fv_model_set(fv_context *ctx, fv_model *model, const char *name,
                                          const char *value);

/* ------------------------------------------------------------------------------- pictures --- */

/* Reads a picture (PNG, JPEG, PGM, PPM, told by content) and makes of it what the model takes in:
   resized, cropped, padded, scaled and normalised as the `input` line of its network says. `dst`
   receives fv_model_input() floats, C, H, W.
   FV_BAD_INPUT: not there, not a picture, damaged, or a kind this library was built without. */
FV_MUST_USE FV_API fv_status fv_model_read_picture(fv_context *ctx, const fv_model *model,
                                                   const char *path, float *dst);

/* The same from bytes in memory as a file would have them. */
FV_MUST_USE FV_API fv_status fv_model_decode_picture(fv_context *ctx, const fv_model *model,
                                                     const void *data, size_t size, float *dst);

/* The same from pixels: `height` rows of `width` pixels of `channels` bytes each, without gaps.
   Channels: 1 (gray), 3 (red, green, blue), 4 (and alpha, laid over white). */
FV_MUST_USE FV_API fv_status fv_model_take_pixels(fv_context *ctx, const fv_model *model,
                                                  const uint8_t *pixels, int64_t width,
                                                  int64_t height, int channels, float *dst);

/* ----------------------------------------------------------------------------------- runs --- */

/* The memory to run a model on up to `batch` samples at a time. Plans the whole execution and takes
   all memory now: forward takes none. The model must outlive the run and keep its weights; the run
   belongs to the thread of the context. Free with fv_run_free(); on failure *out is NULL.
   FV_USAGE: a batch below 1. FV_EXHAUSTED: no memory for it (a smaller batch needs less). */
FV_MUST_USE FV_API fv_status fv_run_new(fv_context *ctx, const fv_model *model, int64_t batch,
                                        fv_run **out);
FV_API void fv_run_free(fv_run *run); /* NULL is allowed */

/* Where to write the samples before forward: sample k begins at k * fv_model_input() floats. The
   memory belongs to the run; forward leaves no promise about its content. */
FV_API float *fv_run_input(fv_run *run);

/* Computes the outputs of the first n samples, 1 … batch. The time is that of the whole batch: for
   single pictures make a run with batch 1. FV_USAGE: n out of range. */
FV_MUST_USE FV_API fv_status fv_run_forward(fv_run *run, int64_t n);

/* Output i of the last forward: *count receives the floats of one sample (NULL: not wanted), sample
   k begins at k * *count. The memory belongs to the run and holds until the next forward. NULL when
   there is no such output (the context says which there are). */
FV_API const float *fv_run_output(fv_run *run, int i, int64_t *count);

/* The `k` largest of scores[0 … count-1]: their indices, largest first, into best[0 … k-1]; of
   equals the lower index comes first. Returns how many were stored: k, or count if that is less. */
FV_API int64_t fv_best(const float *scores, int64_t count, int64_t k, int64_t *best);

/* ------------------------------------------------------------------------------- training --- */

/* A trainer changes a model's weights, one batch per step. `settings` are those of a training
   recipe, as in "optimizer=adam lr=0.001 batch=64 decay=1e-4"; what they leave out is as the
   network's own recipe says (`fovea help settings` lists them all). NULL or "": the recipe as it
   is. The schedule of the learning rate is counted in epochs and so belongs to `fovea train`; here
   the rate is lr until fv_trainer_set_rate() changes it. The model must outlive the trainer, and
   nothing else may use it during a step. The trainer belongs to the thread of the context. Free
   with fv_trainer_free(); on failure *out is NULL. FV_USAGE: an unknown setting. FV_BAD_INPUT: a
   value out of range, a network that cannot be trained. FV_EXHAUSTED: no memory. */
FV_MUST_USE FV_API fv_status fv_trainer_new(fv_context *ctx, fv_model *model, const char *settings,
                                            fv_trainer **out);
FV_API void fv_trainer_free(fv_trainer *trainer); /* NULL is allowed */

/* One step: forward, backward and update over n samples, 1 … the batch of the settings. `x` holds
   n * fv_model_input() floats, `labels` n classes, each 0 … classes-1. *loss (NULL: not wanted)
   receives the mean loss of these samples before the update. A step takes no memory, except when n
   differs from the step before.
   FV_USAGE: n out of range. FV_BAD_INPUT: a label out of range (nothing was changed).
   FV_DIVERGED: the loss is not finite (nothing was changed in this step). */
FV_MUST_USE FV_API fv_status fv_trainer_step(fv_trainer *trainer, const float *x,
                                             const int32_t *labels, int64_t n, double *loss);

/* The learning rate of the steps that follow. FV_USAGE: negative or not finite. */
FV_MUST_USE FV_API fv_status fv_trainer_set_rate(fv_trainer *trainer, double rate);

#ifdef __cplusplus
}
#endif
#endif
