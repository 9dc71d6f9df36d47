/* SPDX-License-Identifier: MIT */
/*
 * run_curves.c - the tests of several runs over each other: accuracy and loss over the epochs.
 */
#include "train/run_list.h"
#include <math.h>
#include <string.h>

#define DRAWN_MOST 7    /* colours that people tell apart */
#define WIDE_RANGE 50.0 /* losses further apart are drawn by their logarithm */

typedef struct album {
    const fv_runs *l;
    size_t which[DRAWN_MOST];
    int count;
    int64_t n;    /* of the longest */
    bool counted; /* one has accuracies */
    double *y;    /* [2][count][n] */
    fv_curve curve[2][DRAWN_MOST];
} album;

static const char *last_part(const char *folder) {
    const char *slash = strrchr(folder, '/');
    return slash && slash[1] ? slash + 1 : folder;
}

/* The folder's own name, or with two of one name all of it. */
static const char *name_of(const album *a, int i) {
    const char *folder = a->l->run[a->which[i]].facts.folder;
    for (int k = 0; k < a->count; k++)
        if (k != i &&
            strcmp(last_part(a->l->run[a->which[k]].facts.folder), last_part(folder)) == 0)
            return folder;
    return last_part(folder);
}

static void choose(album *a) {
    for (size_t i = 0; i < a->l->count && a->count < DRAWN_MOST; i++) {
        const fv_position *at = &a->l->run[i].at;
        if (!at->history_count) continue;
        a->which[a->count++] = i;
        if ((int64_t)at->history_count > a->n) a->n = (int64_t)at->history_count;
        if (!at->by_loss) a->counted = true;
    }
}

static void fill(album *a) {
    for (int i = 0; i < a->count; i++) {
        const fv_position *at = &a->l->run[a->which[i]].at;
        double *accuracy = a->y + i * a->n, *loss = accuracy + a->count * a->n;
        for (int64_t e = 0; e < a->n; e++) {
            const bool here = e < (int64_t)at->history_count;
            accuracy[e] = here && !at->by_loss ? at->history[e].test_accuracy : NAN;
            loss[e] = here ? at->history[e].test_loss : NAN;
        }
        a->curve[0][i] = (fv_curve){.name = name_of(a, i), .y = accuracy};
        a->curve[1][i] = (fv_curve){.name = name_of(a, i), .y = loss};
    }
}

static bool far_apart(const double *y, int64_t n) {
    double least = INFINITY, most = 0;
    for (int64_t i = 0; i < n; i++) {
        if (isnan(y[i])) continue;
        if (!(y[i] > 0)) return false;
        least = fmin(least, y[i]);
        most = fmax(most, y[i]);
    }
    return most > WIDE_RANGE * least;
}

fv_status fv__runs_draw(fv_context *ctx, const fv_runs *l, int *drawn, fv_canvas *out) {
    album a = {.l = l};
    size_t numbers, bytes;
    choose(&a);
    if (!a.count)
        return fv__fail(ctx, FV_BAD_INPUT, "there are no curves before an epoch is behind");
    if (!fv__mul_size((size_t)a.n, 2 * (size_t)a.count, &numbers) ||
        !fv__mul_size(numbers, sizeof *a.y, &bytes))
        return fv__fail_memory(ctx, 0, "curves");
    a.y = fv__alloc(ctx, bytes, "curves");
    if (!a.y) return FV_EXHAUSTED;
    fill(&a);
    const int64_t all = a.n * a.count;
    const fv_plot plots[] = {{.title = "Test accuracy",
                              .x_label = "epoch",
                              .n = a.n,
                              .curves = a.curve[0],
                              .curve_count = a.count,
                              .percent = true},
                             {.title = "Test loss",
                              .x_label = "epoch",
                              .n = a.n,
                              .curves = a.curve[1],
                              .curve_count = a.count,
                              .log_y = far_apart(a.y + all, all)}};
    const fv_status status =
        fv__draw_plots(ctx, a.counted ? plots : plots + 1, a.counted ? 2 : 1, out);
    fv__free(a.y);
    if (drawn) *drawn = status == FV_OK ? a.count : 0;
    return status;
}
