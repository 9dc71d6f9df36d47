/* SPDX-License-Identifier: MIT */
/*
 * runs.h - training runs beside each other, from what lies in their folders: how well each did,
 * which of their settings differ. Nothing is trained, loaded or changed.
 */
#ifndef FOVEA_RUNS_H
#define FOVEA_RUNS_H

#include "common.h"
#include "training.h"

FV_BEGIN

typedef struct fv_runs fv_runs;

typedef enum fv_run_state {
    FV_RUN_FINISHED, /* at its end, its model written */
    FV_RUN_RUNNING,  /* a process is at it now (on this machine) */
    FV_RUN_STOPPED,  /* by somebody, or cut off; it can be resumed */
    FV_RUN_DAMAGED   /* `trouble` says which file; what the others say is there */
} fv_run_state;

/* What is known of one run. A number that is not known is NaN. */
typedef struct fv_run_facts {
    const char *folder; /* "runs/lenet5-1" */
    fv_run_state state;
    const char *trouble;    /* a sentence about files that are damaged; NULL: none are */
    const char *net, *data; /* names; "": not known, as the next three */
    const char *command;    /* as typed */
    const char *settings;   /* "optimizer=sgd lr=0.02 …" */
    int64_t epochs;         /* that are planned; 0: not known */
    int64_t epochs_done;    /* tested; one that `limit` cut short counts */
    int64_t best_epoch;     /* that with the best test accuracy, without one the least loss, from 0;
                               -1: none */
    double best_accuracy, best_loss; /* of all tests the best accuracy, the least loss */
    double test_accuracy, test_loss; /* of the last test */
    double seconds;                  /* of training and tests */
    double images_per_second;        /* of the last epoch, training alone */
    double peak_memory;              /* bytes */
    int64_t changed; /* when it ended, or was last saved: seconds since 1970; 0: not known */
} fv_run_facts;

/* In what order they stand, the best first. */
typedef enum fv_runs_order {
    FV_RUNS_BY_ACCURACY, /* the best test; runs without accuracies behind, by their loss */
    FV_RUNS_BY_LAST,     /* the last test's accuracy */
    FV_RUNS_BY_LOSS,     /* the least loss of a test */
    FV_RUNS_BY_TIME,     /* the quickest first */
    FV_RUNS_BY_SPEED,    /* the most images a second first */
    FV_RUNS_BY_MEMORY,   /* the least first */
    FV_RUNS_BY_DATE,     /* the latest first */
    FV_RUNS_BY_NAME
} fv_runs_order;

/* Reads the runs of `count` folders, each a run's own or one that holds them; none: `runs`, where
   training puts them. A run that is damaged is among them and says so. FV_BAD_INPUT: a folder that
   is not there, or in which there is no run. */
FV_MUST_USE FV_API fv_status fv_runs_read(fv_context *ctx, const char *const *folders, int count,
                                          fv_runs_order order, fv_runs **out);
FV_API void fv_runs_free(fv_runs *runs); /* NULL is allowed */

/* Run i from 0; NULL when there is none of that number. */
FV_API const fv_run_facts *fv_runs_at(const fv_runs *runs, int i);
/* Its epoch number `epoch` from 0; NULL when it is not behind. */
FV_API const fv_epoch *fv_runs_epoch(const fv_runs *runs, int i, int64_t epoch);

/* Setting k from 0 of those in which the runs differ: its name; NULL when there is none of that
   number. Beside the settings of a training these are the network's parameters, "input" (its line),
   "text" (a checksum, where networks of one name differ otherwise), "data_checksum", and the file
   of the weights it began with. */
FV_API const char *fv_runs_setting(const fv_runs *runs, int k);
/* What it is in run i; NULL: the run has no such setting. */
FV_API const char *fv_runs_value(const fv_runs *runs, int k, int i);

/* Test accuracy and loss over the epochs, the first seven runs of which an epoch is behind over
   each other, as a PNG file; how many were drawn goes to *drawn (NULL: not wanted). FV_BAD_INPUT:
   no run has an epoch behind it. */
FV_MUST_USE FV_API fv_status fv_draw_runs(fv_context *ctx, const fv_runs *runs, int *drawn,
                                          fv_blob **out);

FV_END
#endif
