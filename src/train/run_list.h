/* SPDX-License-Identifier: MIT */
/*
 * run_list.h - training runs beside each other, from the files in their folders.
 */
#ifndef FV_TRAIN_RUN_LIST_H
#define FV_TRAIN_RUN_LIST_H

#include "train/run.h"
#include "view/view.h"

/* One run. All texts lie in the list's arena. */
typedef struct fv_run_entry {
    fv_run_facts facts;
    fv_recipe recipe;
    fv_position at;
    bool known; /* its run.json could be read, and with it recipe, record */
    fv_json *record;
    const char **value; /* [fv_runs.setting_count]; NULL: it has no such setting */
} fv_run_entry;

struct fv_runs {
    fv_context *ctx;
    fv_arena arena;
    fv_run_entry *run;
    size_t count, capacity;
    const char **setting; /* in which they differ */
    size_t setting_count;
};

/* As fv_runs_read; what has been read is to be freed, on failure too. */
FV_MUST_USE fv_status fv__runs_read(fv_runs *l, const char *const *folders, int count,
                                    fv_runs_order order);
void fv__runs_free(fv_runs *l);

/* run_differences.c: finds out in which settings they differ. */
FV_MUST_USE fv_status fv__runs_compare(fv_runs *l);
/* run_curves.c: as fv_draw_runs. */
FV_MUST_USE fv_status fv__runs_draw(fv_context *ctx, const fv_runs *l, int *drawn, fv_canvas *out);

#endif
