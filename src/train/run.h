/* SPDX-License-Identifier: MIT */
/*
 * run.h - a training run in its folder.
 *
 *   run.json                what the run is: network, data, settings, command; never changes
 *   checkpoint.safetensors  weights, optimiser, position, history; all that resuming needs
 *   log.csv                 one row per epoch
 *   steps.csv               one row per step
 *   best.safetensors        the model of the epoch with the best test accuracy (of vectors the
 *                           least test loss)
 *   model.safetensors       the model at the end; the same bytes for the same network, data,
 *                           settings and seed, however often the run was killed and resumed
 *
 * The folder appears with run.json in it, so a run can be resumed from the moment it exists.
 */
#ifndef FV_TRAIN_RUN_H
#define FV_TRAIN_RUN_H

#include "data/components.h"
#include "data/picture_cache.h"
#include "train/evaluate.h"
#include "train/learner.h"
#include "train/loader.h"
#include "train/step_log.h"
#include "train/watch.h"

/* How far a run is. */
typedef struct fv_position {
    int64_t epoch, step; /* the next step is number `step` of epoch `epoch`, both from 0 */
    int64_t steps;       /* taken in all */
    double loss_sum;     /* of this epoch's steps, weighted by their samples */
    int64_t correct, counted,
        seen;          /* predicted right, of all that count (pixels of maps); samples */
    double seconds;    /* spent in this epoch so far */
    fv_epoch *history; /* [epoch]; one more behind an epoch that `limit` cut short */
    size_t history_count, history_capacity;
    bool by_loss; /* the best epoch is that with the least test loss: vectors have no accuracy */
} fv_position;

/* What a run is to find out before its first step (run_wishes.h). */
typedef struct fv_wish {
    double time;   /* seconds it may take; 0: any */
    double memory; /* bytes it may plan; 0: any */
    bool rate;     /* lr=auto */
} fv_wish;
typedef struct fv_rate_range fv_rate_range;

typedef struct fv_train_job {
    char *folder;
    char *command; /* as typed */
    char *data;    /* as given */
    char *where;   /* the folder that relative paths were meant from when it began; "": not known */
    const char *weights;          /* the file of those it began with; NULL: fresh ones */
    bool transfer;                /* they are another network's, whose end may differ: from= */
    const char *weights_checksum; /* of those; NULL: none, or not known yet */
    fv_recipe recipe;
    fv_wish wish;
    const char *cache_folder; /* of cache=, from the root; NULL: pictures are decoded each time */
    fv_picture_cache *cache;
    fv_rate_range *range; /* of lr=auto; NULL: no rate was looked for */
    fv_model *model;
    fv_dataset train, test;
    bool borrowed;            /* the sets are the caller's */
    fv_components components; /* of the training images' colours, where pca wants them */
    fv_learner *learner;
    fv_loader *loader; /* of `train` */
    fv_evaluator *evaluator;
    bool readied; /* what the data decides (components, class weights, lsuv) is decided */
    fv_watch *watch;
    fv_position at;
    fv_step_log step_log;
    double step_loss; /* of the last step */
    int64_t saved;    /* steps behind its last checkpoint; -1: it has none */
    fv_arena arena;
    uint32_t *order;
} fv_train_job;

/* What a new run is to be, or what changes of one that goes on. */
typedef struct fv_train_request {
    const char *net;                /* a name of the zoo or the path of a text; or */
    const fv_model *model;          /* the network and the weights it begins with */
    const char *input;              /* the words of an input line, in place of the network's own */
    const char *data;               /* a data set's name or path; or */
    const fv_dataset *train, *test; /* sets of the caller's, which outlive the run */
    const fv_setting *settings;
    size_t setting_count;
    const char *folder;  /* NULL: runs/NAME-N with the next free N */
    const char *command; /* as typed; NULL: none */
    bool dry;            /* no folder is made, and it cannot be run */
} fv_train_request;

/* The library prints nothing: whoever runs a job watches it with these. Each may be NULL. */
typedef struct fv_hooks {
    void (*progress)(void *arg, const fv_progress *progress);
    bool (*stop)(void *arg); /* asked after each step; true: save and return FV_INTERRUPTED */
    void *arg;
} fv_hooks;

/* Prepares a new run: finds network and data, applies settings (names of recipe fields go to the
   recipe, `weights` is a file of weights to begin with, `from` a model of another network to begin
   with, others go to the network's parameters; `classes` follows the data unless given), makes the
   folder. */
FV_MUST_USE fv_status fv__train_start(fv_context *ctx, const fv_train_request *request,
                                      fv_train_job **out);
/* Takes up the run of a folder where its last checkpoint stands. Of `changes` (NULL: none) count
   the data, and of the settings `epochs`. */
FV_MUST_USE fv_status fv__train_resume(fv_context *ctx, const char *folder,
                                       const fv_train_request *changes, fv_train_job **out);
void fv__train_free(fv_train_job *job);

/* Trains to the end, with a checkpoint after each epoch, every few minutes and when stopped; then
   writes model.safetensors. FV_INTERRUPTED, FV_DIVERGED (checkpoint left as it was). */
FV_MUST_USE fv_status fv__train_run(fv_context *ctx, fv_train_job *job, const fv_hooks *hooks);

/* For those who try a few steps: the order of the epoch that the job is in, and one step of it. */
void fv__train_shuffle(fv_train_job *job);
FV_MUST_USE fv_status fv__train_step(fv_context *ctx, fv_train_job *job, double lr);

/* Of any training with this recipe, on `count` images: the order of epoch `epoch` from 0, and in it
   batch number `step` from 0; behind the last one nothing. */
void fv__epoch_order(const fv_recipe *r, int64_t epoch, uint32_t *order, int64_t count);
fv_batch fv__epoch_batch(const fv_recipe *r, const fv_components *components, const uint32_t *order,
                         int64_t count, int64_t epoch, int64_t step);

/* The path of a file in the run's folder, in the job's arena; NULL when memory is refused. */
char *fv__train_path(fv_train_job *job, const char *file);

/* run_history.c: what follows from the epochs behind. The best one (the first of equals); -1: none
   yet. */
int64_t fv__train_best(const fv_position *at);
/* Plateau: the product of the reductions that the test losses so far ask for. */
double fv__train_plateau(const fv_recipe *r, const fv_position *at);
/* Steps of an epoch. */
int64_t fv__train_steps(const fv_train_job *job);
/* Whether all steps are behind that `limit` allows; and whether the run is at its end, its last
   test made. */
bool fv__train_at_limit(const fv_train_job *job);
fv_ended fv__train_ended(const fv_train_job *job);

/* checkpoint.c */
FV_MUST_USE fv_status fv__checkpoint_save(fv_context *ctx, fv_train_job *job);
FV_MUST_USE fv_status fv__checkpoint_load(fv_context *ctx, fv_train_job *job); /* none: untouched */
/* The position alone, of a file that is there; its history is to be freed, on failure too. */
FV_MUST_USE fv_status fv__checkpoint_look(fv_context *ctx, const char *path, fv_position *at);

/* run_record.c: run.json, which says what a run is. */
#define FV_RUN_RECORD "run.json"
#define FV_RUN_RECORD_MAX                                                                          \
    ((size_t)16 << 20) /* a network's text has 4 MB at most, and is escaped                        \
                        */
FV_MUST_USE fv_status fv__run_record_write(fv_context *ctx, fv_train_job *job, const char *folder);
/* Whether it is one that this version writes, with all that it must have. */
FV_MUST_USE fv_status fv__run_record_check(fv_context *ctx, const fv_json *json);
/* Reads it into the job, all but the data, and makes its model; *out lives in the job's arena. */
FV_MUST_USE fv_status fv__run_record_read(fv_context *ctx, fv_train_job *job, fv_json **out);
/* The checksum of the training part as the record has it. */
#define FV_CHECKSUM_TEXT 24
char *fv__run_checksum(const fv_train_job *job, char out[FV_CHECKSUM_TEXT]);

/* run_folder.c: makes the folder `wanted` (NULL: the next free one) appear with run.json in it. */
FV_MUST_USE fv_status fv__run_folder(fv_context *ctx, fv_train_job *job, const char *wanted);

/* run_start.c, for both ways to begin: */
FV_MUST_USE fv_status fv__train_new_job(fv_context *ctx, fv_train_job **out);
/* Tells the model what it is trained on and how, once the recipe is settled. */
FV_MUST_USE fv_status fv__train_describe(fv_context *ctx, fv_train_job *job);
/* Images tested at a time. */
int64_t fv__train_tests(const fv_recipe *recipe);
/* How its data is to be opened; the first time its cache is made. `fixed`: nothing is written. */
FV_MUST_USE fv_status fv__train_set_options(fv_context *ctx, fv_train_job *job,
                                            const fv_recipe *recipe, bool fixed,
                                            fv_set_options *out);
void fv__train_borrow(fv_train_job *job, const fv_dataset *train, const fv_dataset *test);

/* run_equip.c: learner, evaluator, order, loader: what a run needs once model, data and recipe are
   there; anew where it has them already. */
FV_MUST_USE fv_status fv__train_equip(fv_context *ctx, fv_train_job *job);
void fv__train_unequip(fv_train_job *job);

/* start_weights.c: the run's model over `net`, which is taken over: with the weights of `from`, or
   of the file job->weights, or fresh ones. */
FV_MUST_USE fv_status fv__train_model(fv_context *ctx, fv_train_job *job, const fv_net *net,
                                      const fv_model *from);
/* run_resume.c: paths (joined by commas) as meant from `folder`; NULL when memory is refused. */
char *fv__paths_from(fv_arena *arena, const char *folder, const char *paths);

/* setting_advice.c: settings given together with the recipe they made. FV_USAGE for those that
   contradict each other; those that can have no effect are told to the log. */
FV_MUST_USE fv_status fv__settings_advise(fv_context *ctx, const fv_setting *settings, size_t count,
                                          const fv_recipe *recipe);

#endif
