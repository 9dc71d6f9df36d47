/* SPDX-License-Identifier: MIT */
/*
 * model.h - a network with its weights, in memory and as a file.
 *
 * The file is safetensors: parameters under their names ("conv1.weight"; running statistics
 * "bn1.mean", "bn1.variance"), and in the metadata "format" ("fovea 1"), "net" (the text), "given"
 * (the values of the net's parameters, "classes=10"), "classes" (names, one per line) and, of the
 * training, what decides the bytes: "data", "data_checksum", "settings", "seed". Version 0.1.0
 * called the layers in a block's call with a label otherwise; its files are read by those names,
 * and "names" ("2") says that a file of such a network has those of now.
 */
#ifndef FV_FORMAT_MODEL_H
#define FV_FORMAT_MODEL_H

#include "base/thread.h"
#include "format/safetensors.h"
#include "lang/lang.h"

/* What the runs over a model share (api/shared_plan.h). */
typedef struct fv_model_runs {
    fv_mutex lock;
    struct fv_shared_plan *first;
    bool lent; /* somebody may change the weights, or has: what is in memory is not the file's */
} fv_model_runs;

struct fv_model {
    fv_net net; /* the graph and the recipe its text states */
    float
        *weights; /* net->param_elements; a block of its own, or in `file`, aligned as floats are */
    fv_bytes file; /* mapped, and ours to change in memory; empty when nothing is used from it */
    const char *const *class_names; /* of `class_count` classes, from 0; NULL: none */
    int64_t class_count;
    fv_st_meta *extra; /* further metadata kept as read: data, settings, seed …; classes as text */
    size_t extra_count, extra_capacity;
    fv_arena arena; /* of class_names and extra */
    fv_model_runs *runs;
};

/* A model over `net` (its graph is taken over, freed on failure too) with fresh weights from the
 * seed. */
FV_MUST_USE fv_status fv__model_new(fv_context *ctx, const fv_net *net, uint64_t seed,
                                    fv_model **out);
/* The same without weights: `weights` is NULL until it is given some. */
FV_MUST_USE fv_status fv__model_bare(fv_context *ctx, const fv_net *net, fv_model **out);
/* Before weights are changed where they lie, or a pointer is given out by which they may be. */
void fv__model_lend(const fv_model *model);
/* Whether the weights are the mapped file's, so that their memory may be given back
   (fv__file_forget). */
bool fv__model_rests(const fv_model *model);
/* A block for its weights, all 0. */
FV_MUST_USE fv_status fv__model_make_weights(fv_context *ctx, fv_model *model);
void fv__model_free(fv_model *model);

/* Reads a model file. Names the first parameter missing, left over or of another shape: "weights
   of another network". */
FV_MUST_USE fv_status fv__model_load(fv_context *ctx, const char *path, fv_model **out);
/* The same from bytes in memory; `name` is for messages. */
FV_MUST_USE fv_status fv__model_load_memory(fv_context *ctx, const char *name, const void *data,
                                            size_t size, fv_model **out);
/* The network of a model file alone; that its weights are there is checked all the same. */
FV_MUST_USE fv_status fv__model_load_net(fv_context *ctx, const char *path, fv_net *out);
/* Whether a file's names and shapes are exactly those of a network, or were in version 0.1.0
   (*old): FV_BAD_INPUT names the first difference. Then, the tensor of a parameter; and all of them
   into a model (fine-tuning, resuming): a bare one may use them from where the file is mapped, and
   takes the file over. format/weights.h reads others too. */
FV_MUST_USE fv_status fv__model_check_file(fv_context *ctx, const fv_graph *net,
                                           const fv_tensor_file *file, bool *old);
const fv_tensor_entry *fv__model_entry(const fv_tensor_file *file, const fv_param *p, bool old);
FV_MUST_USE fv_status fv__model_take_weights(fv_context *ctx, fv_model *model, fv_tensor_file *file,
                                             bool old);
/* FV_BAD_INPUT for a file of weights where a network is wanted too. */
fv_status fv__model_no_net(fv_context *ctx);
/* What is wrong with a tensor for a parameter; "these are not the weights of lenet5: " over the
   message, and what the file was saved from. */
FV_MUST_USE fv_status fv__model_check_param(fv_context *ctx, const fv_param *p,
                                            const fv_tensor_entry *e);
fv_status fv__model_of_another(fv_context *ctx, const fv_graph *net, const fv_tensor_file *file);
FV_MUST_USE fv_status fv__model_save(fv_context *ctx, const fv_model *model, const char *path);
/* Sets a metadata entry (copied; NULL removes it); with name "classes" the names of the classes,
   one per line. FV_USAGE for "format", "net", "given" and "names", which follow from the net. */
FV_MUST_USE fv_status fv__model_set(fv_context *ctx, fv_model *model, const char *name,
                                    const char *value);
const char *fv__model_get(const fv_model *model, const char *name); /* NULL: absent */
/* The names of the classes as a list (copied; count 0: none). FV_BAD_INPUT for a name of several
   lines. */
FV_MUST_USE fv_status fv__model_set_classes(fv_context *ctx, fv_model *model,
                                            const char *const *names, int64_t count);
/* Name of class i into out, cut at `size` bytes; the number itself when there is no name for it. */
const char *fv__model_class(const fv_model *model, int64_t i, char *out, size_t size);
/* One weight that is no number makes every answer nonsense: FV_BAD_INPUT names the first. */
FV_MUST_USE fv_status fv__model_check_finite(fv_context *ctx, const fv_model *model);

#endif
