/* SPDX-License-Identifier: MIT */
/*
 * settings.h - what a network's text says beside its layers: how an image becomes its input, and
 * the recipe it is trained by. Both are field tables, so the language, key=value on the command
 * line, the API, help and docs share one list.
 */
#ifndef FV_NET_SETTINGS_H
#define FV_NET_SETTINGS_H

#include "base/field.h"
#include "base/setting.h"
#include "net/augment.h"
#include "optim/optim.h"
#include "tensor/tensor.h"

/* From a decoded image (values 0 … 255) to the input tensor, in this order:
   resize (shorter side to `resize`, bilinear; 0: none), centre crop to `crop` (0x0: none), then to
   fit: an image that is not (height - 2 pad) x (width - 2 pad) by now is resized to it;
   pad with `pad` pixels of value 0 on each side; colour to the channels and order asked for;
   (value * scale - mean[c]) / std[c]. */
typedef struct fv_input {
    int64_t channels, height, width;
    int64_t resize;
    fv_size crop;
    int64_t pad;
    double scale;
    fv_reals mean, std; /* one number or one per channel */
    int order;          /* 0 rgb, 1 bgr */
} fv_input;
extern const fv_field fv__input_fields[]; /* resize crop pad scale mean std order */

enum { FV_CONSTANT, FV_STEPS, FV_PLATEAU, FV_COSINE, FV_ONECYCLE, FV_LINEAR, FV_POLY };
enum { FV_HE, FV_XAVIER, FV_LECUN, FV_ORTHOGONAL, FV_LSUV, FV_NORMAL };

typedef struct fv_recipe {
    int optimizer; /* an index into fv__optimizers */
    double lr;
    /* the options of every optimiser, in their order; a setting reaches all that have its name, and
       one that is not given is each optimiser's own default */
    _Alignas(double) char optim[FV_OPTIMIZERS][FV_OPTIM_OPTIONS];
    double decay;            /* weight decay (L2): the gradient gets decay * w */
    bool decay_all;          /* biases and normalisations too */
    double clip, clip_value; /* most norm of all gradients, most size of each; 0: any */
    double average;          /* of the weights, what a step leaves of it; 0: none is kept */
    int64_t batch;
    int64_t epochs;
    int64_t limit; /* steps in all, after which the run ends; 0: none */
    int64_t stop;  /* epochs in a row without a better test, after which it ends; 0: none */
    int schedule;
    fv_ints steps; /* epochs after which the rate is multiplied by factor */
    double factor;
    int64_t patience; /* plateau: epochs without a better test loss */
    double threshold; /* plateau: the share by which a loss must be less to be better */
    double min_lr;    /* plateau: the least rate; cosine, onecycle, linear, poly: the last */
    double rise, div; /* onecycle: share of the run in which the rate rises from lr/div to lr */
    double power;     /* poly */
    double warmup;    /* epochs over which the rate rises from 0, linearly, per step */
    int64_t shards;   /* parts a batch is cut into */
    int64_t tests;    /* images tested at a time; 0: as many as the batch makes useful */
    int init;
    double deviation; /* normal: of the weights */
    double trunk;     /* what the rate is multiplied by, but in the last layer before an output */
    int loss;         /* of heads that name none: an index into fv__losses */
    double smooth;    /* label smoothing of cross-entropy, in training */
    int64_t seed;
    double split; /* share of the pictures for the test, of data without a test part */
    double held;  /* share of the training images that is the test instead; 0: none */
    fv_augment augment;
    char ones[FV_TEXT_BYTES];          /* layers whose biases start at 1: net/layers.h */
    char freeze[FV_TEXT_BYTES];        /* layers that do not learn: train/freeze.h */
    char class_weights[FV_TEXT_BYTES]; /* "balanced", or a number for each class */
    const fv_long_reals *weights; /* these as numbers, where somebody has made them of the data;
                                     no setting. NULL: not yet */
} fv_recipe;

/* All settings of a recipe as one table, which ends with name NULL; the options of its optimiser
   among them, or with recipe NULL those of all optimisers, of a name that several have the first's.
 */
#define FV_RECIPE_FIELDS 96
typedef struct fv_recipe_table {
    fv_field field[FV_RECIPE_FIELDS];
} fv_recipe_table;
void fv__recipe_table(fv_recipe_table *out, const fv_recipe *recipe);
void fv__recipe_defaults(fv_recipe *recipe);

/* Behind the setting of a field of a table: gives its value to all optimisers that have the name;
   behind the optimiser's, takes up the loss that it brings, if it does. */
void fv__recipe_spread(fv_recipe *recipe, const fv_field *set);
/* The options of its optimiser. */
static inline const void *fv__recipe_options(const fv_recipe *recipe) {
    return recipe->optim[recipe->optimizer];
}

/* Applies the settings that are fields of a recipe to *recipe (NULL: they are only told apart). The
   others are moved to the front of `settings`, in their order, and their number goes to *rest;
   with `rest` NULL there may be none: FV_USAGE with "did you mean". */
FV_MUST_USE fv_status fv__recipe_apply(fv_context *ctx, fv_setting *settings, size_t count,
                                       fv_recipe *recipe, size_t *rest);
/* A recipe as the settings that make it: "optimizer=sgd lr=0.01 …"; of FV_QUIET ones those that are
   not the default, so that files of recipes without them stay what they were. */
void fv__recipe_print(fv_text *out, const fv_recipe *recipe);

/* How many numbers the optimiser remembers of each weight: momentum's velocity and the like. */
int fv__recipe_states(const fv_recipe *r);

/* schedule.c: the learning rate for a step: `epoch` counts from 0, `progress` in [0,1) within it;
   plateau_factor is the product of the reductions so far (1 when the schedule is another). */
double fv__recipe_rate(const fv_recipe *r, int64_t epoch, double progress, double plateau_factor);
/* Whether the rate depends on how many epochs there are to be. */
bool fv__recipe_spans(const fv_recipe *r);
/* The name of its schedule. */
const char *fv__recipe_schedule(const fv_recipe *r);

#endif
