/* SPDX-License-Identifier: MIT */
/*
 * outcome_layers.c - how each layer learnt: a row for each tensor with its gradient and its update
 * over the epochs, a row for each activation with what came out of it at first and at last.
 */
#include "train/outcome_parts.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#define ROWS_MOST  400 /* of a table; the rest is in layers.csv */
#define DENSE_FROM 40
#define SMALL_NET  16   /* tensors: so few are all shown, biases too */
#define USUAL      1e-3 /* |w' - w| / |w|: Karpathy, CS231n */
#define DECADES    2.0  /* from there to the full colour */
#define SLOW       1e-5
#define FAST       1e-1

typedef struct strips {
    const fv_watch *watch;
    size_t epochs;
    double low, high; /* logarithms of the least and the largest gradient */
    double *depth;    /* [epochs] */
} strips;

static char *scientific(char out[32], double v) {
    if (!isfinite(v))
        snprintf(out, 32, "\xe2\x80\x93");
    else if (v >= 0.01 || v == 0)
        fv__format(out, 32, v >= 100 ? "%.0f" : "%.2g", v);
    else {
        const int power = (int)floor(log10(v) + 1e-12);
        fv__format(out, 32, "%.1fe%d", v / pow(10, power), power); /* 1.8e-4, not 1.8e-04 */
    }
    return out;
}

/* Weights of layers; biases and norms only where there are few of all. */
static bool shown(const fv_teller *t, size_t i, const fv_weight_record *r) {
    if (fv__watch_weights(t->job->watch) <= SMALL_NET) return true;
    const fv_graph *net = fv__learner_net(t->job->learner);
    const int param = fv__net_find_param(net, r->name);
    (void)i;
    return param >= 0 && net->params[param].spec.shape.rank > 1;
}

static bool last_of(const fv_watch *w, size_t i, fv_weight_record *out) {
    for (size_t e = fv__watch_epochs(w); e > 0; e--)
        if (fv__watch_weight(w, e - 1, i, out)) return true;
    return false;
}

/* What all gradients span. */
static size_t measure(const fv_teller *t, strips *s) {
    fv_weight_record r;
    size_t rows = 0;
    s->low = INFINITY, s->high = -INFINITY;
    for (size_t i = 0; i < fv__watch_weights(s->watch); i++) {
        if (!last_of(s->watch, i, &r) || !shown(t, i, &r)) continue;
        rows++;
        for (size_t e = 0; e < s->epochs; e++) {
            if (!fv__watch_weight(s->watch, e, i, &r) || !(r.gradient > 0)) continue;
            s->low = fmin(s->low, log10(r.gradient));
            s->high = fmax(s->high, log10(r.gradient));
        }
    }
    return rows;
}

static void strip(fv_teller *t, const strips *s, size_t i, bool update) {
    fv_weight_record r = {0};
    char tip[192], first[32] = "", last[32] = "";
    for (size_t e = 0; e < s->epochs; e++) {
        s->depth[e] = NAN;
        if (!fv__watch_weight(s->watch, e, i, &r)) continue;
        const double v = update ? r.update : r.gradient;
        if (!first[0]) scientific(first, v);
        scientific(last, v);
        if (!(v > 0))
            s->depth[e] = update && v == 0 ? 1 : NAN;
        else if (update)
            s->depth[e] = -log10(v / USUAL) / DECADES;
        else
            s->depth[e] =
                -0.08 - 0.92 * (s->high > s->low ? (log10(v) - s->low) / (s->high - s->low) : 1);
    }
    snprintf(tip, sizeof tip, "%.100s: %s, %s at the end", r.name ? r.name : "", first, last);
    fv__report_cell_strip(t->report, s->depth, (int64_t)s->epochs, tip);
    fv__report_cell_number(t->report, last);
}

/* "Moved least at the end: conv1.weight, 3e-06." */
static void verdict(fv_teller *t, const strips *s) {
    fv_weight_record r, least = {0}, most = {0};
    char a[32], b[32], text[1024];
    int64_t still = 0, rows = 0;
    for (size_t i = 0; i < fv__watch_weights(s->watch); i++) {
        if (!last_of(s->watch, i, &r) || !shown(t, i, &r)) continue;
        rows++;
        still += r.gradient == 0;
        if (!isfinite(r.update)) continue;
        if (!least.name || r.update < least.update) least = r;
        if (!most.name || r.update > most.update) most = r;
    }
    if (!least.name) return;
    snprintf(text, sizeof text,
             "In the last epoch `%.100s` moved least (%s of itself in a step) and `%.100s` most "
             "(%s).%s%s",
             least.name, scientific(a, least.update), most.name, scientific(b, most.update),
             least.update < SLOW
                 ? " Below 1e-5 a tensor hardly learns: its gradient vanishes, or the rate has "
                   "come down to nothing, as schedules have it at the end."
                 : "",
             most.update > FAST ? " Above 0.1 it jumps about: a smaller rate would help." : "");
    fv__report_paragraph(t->report, text);
    if (!still) return;
    snprintf(text, sizeof text,
             "%lld of these %lld tensors had no gradient at all: nothing of the loss comes back to "
             "them. Look for a layer of dead units below.",
             (long long)still, (long long)rows);
    fv__report_paragraph(t->report, text);
}

static void cut_note(fv_teller *t, size_t rows) {
    char text[128];
    if (rows <= ROWS_MOST) return;
    snprintf(text, sizeof text, "The first %d of %zu are shown; `layers.csv` has all.", ROWS_MOST,
             rows);
    fv__report_paragraph(t->report, text);
}

static fv_status weights(fv_teller *t, strips *s) {
    static const char *const heads[] = {"tensor", "gradient", ">last", "update / weight", ">last"};
    fv_weight_record r;
    const size_t rows = measure(t, s);
    if (!rows) return FV_OK;
    fv__report_section(
        t->report, "How each layer learnt",
        "Left, how long the gradient was: the stronger the colour, the longer, by powers of ten. "
        "Right, how far a "
        "step moved the weights, as a share of themselves: about one in a thousand (1e-3, no "
        "colour) is usual. Orange moves less, blue more; the full colour is a hundredth and a "
        "hundredfold of that. A row that stays orange while its neighbours do not is a layer that "
        "does not learn.");
    verdict(t, s);
    fv__report_rows_open(t->report, heads, 5, rows > DENSE_FROM);
    size_t done = 0;
    for (size_t i = 0; i < fv__watch_weights(s->watch) && done < ROWS_MOST; i++) {
        if (!last_of(s->watch, i, &r) || !shown(t, i, &r)) continue;
        fv__report_rows_next(t->report);
        fv__report_cell(t->report, r.name);
        strip(t, s, i, false);
        strip(t, s, i, true);
        done++;
    }
    fv__report_rows_close(t->report);
    cut_note(t, rows);
    if (fv__watch_weights(s->watch) > SMALL_NET)
        fv__report_paragraph(t->report, "Biases and normalisations are in `layers.csv`.");
    return FV_OK;
}

/* --- activations ------------------------------------------------------------------------------ */

static void bars(fv_teller *t, const fv_watch *w, size_t epoch, size_t i) {
    fv_layer_record r;
    char tip[192];
    if (!fv__watch_layer_at(w, epoch, i, &r)) {
        fv__report_cell(t->report, "");
        return;
    }
    fv__format(tip, sizeof tip, "%.80s in epoch %zu: mean %.3g, deviation %.3g, %.1f %% zero",
               r.name, epoch + 1, r.mean, r.deviation, 100 * r.zeros);
    fv__report_cell_bars(t->report, r.bins, FV_ACTIVATION_BINS, tip);
}

static void layer(fv_teller *t, const fv_watch *w, size_t i, const fv_layer_record *last) {
    char text[256];
    fv__report_rows_next(t->report);
    snprintf(text, sizeof text, "%.100s%s%.100s", last->behind,
             last->behind[0] && strcmp(last->behind, last->name) ? " " : "",
             strcmp(last->behind, last->name) ? last->name : "");
    fv__report_cell(t->report, text);
    if (fv__watch_epochs(w) > 1) bars(t, w, 0, i);
    bars(t, w, fv__watch_epochs(w) - 1, i);
    fv__format(text, sizeof text, "%.3g", last->mean);
    fv__report_cell_number(t->report, text);
    fv__format(text, sizeof text, "%.3g", last->deviation);
    fv__report_cell_number(t->report, text);
    fv__format(text, sizeof text, "%.1f %%", 100 * last->zeros);
    fv__report_cell_number(t->report, text);
    snprintf(text, sizeof text, "%lld of %lld",
             (long long)llround(last->dead * (double)last->units), (long long)last->units);
    fv__report_cell_number(t->report, text);
}

static void activations(fv_teller *t) {
    static const char *const two[] = {"layer",      "first epoch", "last epoch", ">mean",
                                      ">deviation", ">zero",       ">dead units"};
    static const char *const one[] = {"layer",      "values", ">mean",
                                      ">deviation", ">zero",  ">dead units"};
    const fv_watch *w = t->job->watch;
    const size_t epochs = fv__watch_epochs(w);
    fv_layer_record r;
    size_t rows = 0, done = 0;
    for (size_t i = 0; i < fv__watch_layers(w); i++)
        rows += fv__watch_layer_at(w, epochs - 1, i, &r);
    if (!rows) return;
    fv__report_section(
        t->report, "What comes out of each layer",
        "Values behind the activation, from far below zero to far above: a bar for each power of "
        "two "
        "from 1/16 to 16 on either side, and in the middle those that are exactly zero. Bars that "
        "crowd at an end, or shift from layer to layer, say that a network saturates or explodes. "
        "A unit is dead when it was zero on every image looked at.");
    fv__report_rows_open(t->report, epochs > 1 ? two : one, epochs > 1 ? 7 : 6, rows > DENSE_FROM);
    for (size_t i = 0; i < fv__watch_layers(w) && done < ROWS_MOST; i++)
        if (fv__watch_layer_at(w, epochs - 1, i, &r)) {
            layer(t, w, i, &r);
            done++;
        }
    fv__report_rows_close(t->report);
    cut_note(t, rows);
}

fv_status fv__outcome_layers(fv_teller *t) {
    strips s = {.watch = t->job->watch, .epochs = fv__watch_epochs(t->job->watch)};
    if (!s.epochs) return FV_OK;
    s.depth = fv__alloc(t->ctx, s.epochs * sizeof *s.depth, "the report");
    if (!s.depth) return FV_EXHAUSTED;
    const fv_status status = weights(t, &s);
    fv__free(s.depth);
    if (status == FV_OK) activations(t);
    return status;
}
