/* SPDX-License-Identifier: MIT */
/*
 * training.h - a training run in its folder: epochs, tests, checkpoints, the report.
 *
 *   run.json                what the run is: network, data, settings, command, where it began
 *   checkpoint.safetensors  weights, optimiser, position, history; all that resuming needs
 *   log.csv                 one row per epoch
 *   steps.csv               one row per step
 *   best.safetensors        the model of the epoch with the best test accuracy (of vectors the
 *                           least test loss)
 *   model.safetensors       the model at the end; the same bytes for the same network, data,
 *                           settings and seed, however often the run was stopped and resumed
 *
 * A training belongs to the thread of its context.
 */
#ifndef FOVEA_TRAINING_H
#define FOVEA_TRAINING_H

#include "common.h"

FV_BEGIN

typedef struct fv_training fv_training;

typedef struct fv_training_options {
    size_t size; /* FV_INIT(fv_training_options) */
    /* What is trained: a word as for fv_net_open, which begins with fresh weights, or, of a model
       file or the folder of another run, with its weights; or a model, whose network and weights
       are copied. One of the two. */
    const char *net;
    const fv_model *model;
    /* What it learns from: a word as for fv_dataset_open; or two sets, which must outlive the
       training. */
    const char *data;
    const fv_dataset *train, *test;
    /* "epochs=5 lr=0.1 classes=10": settings of a training, the others for the parameters of the
       network's text. NULL: as the network's recipe says. Five more are a run's own: weights=FILE
       (where it begins), memory=2G (cuts the batch into shards so that what is planned fits),
       time=30m (as many epochs as fit), lr=auto (a range test), cache=DIR (decoded pictures are
       kept there; the model does not depend on it). What these find is recorded as shards, tests,
       epochs and lr. */
    const char *settings;
    const char *folder;  /* NULL: runs/NAME-1, runs/NAME-2, … */
    const char *command; /* what was typed, for the record; NULL: none */
    /* The words of an input line, "3x224x224 resize 256 crop 224 scale 1/255", in place of the
       network's own: how images become its input. They travel with the model. NULL: its own. */
    const char *input;
    int dry; /* 1: no folder is made; fv_training_forecast() says what the run would take */
} fv_training_options;

/* Prepares a new run and makes its folder, with run.json in it, so that it can be resumed from now
   on. Settings that can have no effect are told to the context's log; those that contradict each
   other are an error. FV_BAD_INPUT: network or data that are not there or do not fit, a folder that
   holds a run already. FV_USAGE: settings that are unknown or contradict each other. FV_FAILED: the
   folder cannot be made. */
FV_MUST_USE FV_API fv_status fv_training_start(fv_context *ctx, const fv_training_options *options,
                                               fv_training **out);

/* Takes up the run of a folder where its last checkpoint stands. Of `options` (NULL: none) count
   `settings`, of which `epochs`, `limit` and `stop` may change and extend a run, finished or not;
   `data`, where the set is elsewhere now; and `train` and `test`, which must be given when the run
   was started with them. FV_BAD_INPUT: not a run's folder, damaged, data that is not there or is
   not what it was. FV_USAGE: another setting, or fewer epochs or steps than are behind. */
FV_MUST_USE FV_API fv_status fv_training_resume(fv_context *ctx, const char *folder,
                                                const fv_training_options *options,
                                                fv_training **out);
FV_API void fv_training_free(fv_training *training); /* NULL is allowed; the folder stays */

/* One epoch that is behind. */
typedef struct fv_epoch {
    double lr; /* at its last step */
    double train_loss, train_accuracy;
    double test_loss, test_accuracy;
    double seconds;
    double images_per_second; /* training alone, without the test; 0: not known */
    double peak_memory; /* bytes: the most the process had in memory until then; 0: not known */
} fv_epoch;

/* What an epoch did to one learned tensor: means over the steps looked at, which are four of an
   epoch, or one of sixteen where it has fewer than 64. */
typedef struct fv_weight_record {
    const char *name; /* "conv1.weight" */
    double norm;      /* of the weights, Euclidean */
    double gradient;  /* of the gradient */
    double update;    /* |w' - w| / |w|, of the update that was applied; 1e-3 is usual. NaN: w is 0.
                         Of more than 262,144 numbers, of so many evenly spread ones */
} fv_weight_record;

/* What came out of one layer on those steps, behind its activation. */
#define FV_ACTIVATION_BINS 21
typedef struct fv_layer_record {
    const char *name;       /* "relu1" */
    const char *behind;     /* the layer with weights before it, "conv1"; "": none, or several */
    int64_t units;          /* channels of a map, numbers of a vector */
    double mean, deviation; /* standard deviation */
    double zeros;           /* share of numbers that are exactly 0 */
    double dead;            /* share of units that were 0 wherever it was looked */
    double bins[FV_ACTIVATION_BINS]; /* shares; bin i ends at fv_activation_edge(i) */
} fv_layer_record;

/* How far a run is, as its progress is told. */
typedef struct fv_progress {
    int64_t epoch, epochs; /* epoch from 1; the last one that is planned */
    int64_t step, steps;   /* within the epoch, as far as `limit` lets it go */
    double loss, accuracy; /* over the epoch so far */
    double images_per_second;
    double seconds_left;  /* of the whole run; < 0: not known yet */
    const fv_epoch *done; /* not NULL: the epoch has ended */
} fv_progress;

typedef struct fv_training_hooks {
    size_t size; /* FV_INIT(fv_training_hooks) */
    /* Told about ten times a second, and at each epoch's end. */
    void (*progress)(void *user, const fv_progress *progress);
    /* Asked after each step and between the batches of a test; what is not 0 stops the run. */
    int (*stop)(void *user);
    void *user;
} fv_training_hooks;

/* What a run will take. */
typedef struct fv_forecast {
    size_t size; /* FV_INIT(fv_forecast) */
    /* Bytes that are planned, in all and by what they are for; `input` are images and targets. The
       data set, the program and the report come on top. */
    size_t memory;
    size_t weights, gradients, optimizer, packed, workspace, input;
    /* Means of so many steps on the first training images; and of tests. */
    int64_t steps_measured;
    double step_seconds, test_seconds; /* of a step; of a whole test */
    double epoch_seconds, seconds;     /* of an epoch with its test; of the run */
    int64_t batch, shards, tests, epochs;
    int64_t steps, all_steps; /* of an epoch; of the run */
    size_t disk;              /* bytes in the run's folder at the end, about */
    size_t report;            /* bytes that fv_training_report() takes beside the rest, about */
    size_t cache;             /* bytes on the disk of all pictures in cache=, about; 0: none */
} fv_forecast;

/* Of a training that has not begun: takes a few steps, measures them and undoes them. FV_USAGE: it
   has begun. FV_DIVERGED: its first steps do. */
FV_MUST_USE FV_API fv_status fv_training_forecast(fv_training *training, fv_forecast *out);

/* Trains to the end, with a checkpoint after each epoch, every two minutes and when stopped; then
   writes model.safetensors. A run that is at its end already is only written anew. `hooks` may be
   NULL. FV_INTERRUPTED: stopped; the folder can be resumed. FV_DIVERGED: the loss is not finite;
   the message names where that began, and the checkpoint is that before it. */
FV_MUST_USE FV_API fv_status fv_training_run(fv_training *training, const fv_training_hooks *hooks);

/* Of a run that is at its end: tests the model once more, image by image, and writes images and the
   report into the folder. FV_USAGE: no epoch is behind. */
FV_MUST_USE FV_API fv_status fv_training_report(fv_training *training);

/* What lies in the folder for people, the report first: the name of file i ("report.html") and one
   line about it (NULL: not wanted). NULL when there is none of that number. After
   fv_training_report. */
FV_API const char *fv_training_file(const fv_training *training, int i, const char **about);

/* What ended a run: all its epochs are behind, or the steps that `limit` allows, or as many epochs
   as `stop` says brought no better test. */
typedef enum fv_ended { FV_ENDED_NOT, FV_ENDED_EPOCHS, FV_ENDED_LIMIT, FV_ENDED_STOP } fv_ended;

/* What a run is and how far it is. */
typedef struct fv_training_facts {
    const char *folder;
    const char *net, *data; /* names */
    const char *command;    /* as given at the start */
    const char *settings;   /* all of them, "optimizer=sgd lr=0.02 …" */
    int64_t parameters;     /* learned numbers, training-only heads included */
    int64_t train_images, test_images;
    int64_t batch, epochs, seed; /* of the settings */
    int64_t epochs_done,
        steps_done;     /* an epoch that `limit` cut short and that was tested counts */
    int64_t best_epoch; /* that with the best test accuracy, from 0; -1: none is behind */
    double seconds;     /* all epochs that are behind */
    size_t memory;      /* bytes taken: values, weights, gradients, optimiser, working space */
    fv_ended ended;
    int64_t limit, stop; /* of the settings; 0: none */
} fv_training_facts;

/* They hold until the next call for this training. */
FV_API const fv_training_facts *fv_training_describe(fv_training *training);
/* Epoch i, from 0; NULL when it is not behind. */
FV_API const fv_epoch *fv_training_epoch(const fv_training *training, int64_t i);
/* Tensor or layer i of epoch `epoch`, both from 0; *out is filled. 0: there is none of that number,
   or nothing was seen of it. Names belong to the training. */
FV_API int fv_training_weight(const fv_training *training, int64_t epoch, int i,
                              fv_weight_record *out);
FV_API int fv_training_layer(const fv_training *training, int64_t epoch, int i,
                             fv_layer_record *out);
/* The upper edge of bin i: -16, -8, -4 … -1/16, 0; 0 (bin 10, zeros alone); 1/16 … 16, infinity. */
FV_API double fv_activation_edge(int i);
/* The model as it is now; it belongs to the training. */
FV_API const fv_model *fv_training_model(const fv_training *training);

FV_END
#endif
