/* SPDX-License-Identifier: MIT */
/*
 * epoch_files.c - what was measured in each epoch, as CSV and as JSON.
 */
#include "train/epoch_files.h"
#include "base/json_write.h"
#include <math.h>

fv_status fv__train_put(fv_context *ctx, fv_train_job *job, const char *file, fv_text *text) {
    fv_status status = fv__text_done(ctx, text);
    char *path = status == FV_OK ? fv__train_path(job, file) : NULL;
    if (status == FV_OK)
        status = path ? fv__file_write(ctx, path, text->data, text->length) : FV_EXHAUSTED;
    fv__text_free(text);
    return status;
}

/* --- layers.csv ------------------------------------------------------------------------------- */

static void field(fv_text *out, double v) {
    fv__text_add(out, ",");
    if (isfinite(v)) fv__text_addf(out, "%.6g", v);
}

static void weight_row(fv_text *out, size_t epoch, const fv_weight_record *w) {
    fv__text_addf(out, "%zu,weight,", epoch + 1);
    fv__text_csv(out, w->name);
    fv__text_add(out, ",");
    field(out, w->norm);
    field(out, w->gradient);
    field(out, w->update);
    for (int k = 0; k < 5 + FV_ACTIVATION_BINS; k++) fv__text_add(out, ",");
    fv__text_add(out, "\n");
}

static void layer_row(fv_text *out, size_t epoch, const fv_layer_record *l) {
    fv__text_addf(out, "%zu,activation,", epoch + 1);
    fv__text_csv(out, l->name);
    fv__text_add(out, ",");
    fv__text_csv(out, l->behind);
    fv__text_addf(out, ",,,,%lld", (long long)l->units);
    field(out, l->mean);
    field(out, l->deviation);
    field(out, l->zeros);
    field(out, l->dead);
    for (int k = 0; k < FV_ACTIVATION_BINS; k++) field(out, l->bins[k]);
    fv__text_add(out, "\n");
}

/* A bin is called by its upper edge; that of zeros alone, "zero". */
static void heads(fv_text *out) {
    fv__text_add(out,
                 "epoch,what,name,behind,norm,gradient,update,units,mean,deviation,zeros,dead");
    for (int k = 0; k < FV_ACTIVATION_BINS; k++) {
        const double edge = fv__watch_edge(k);
        if (k == FV_ACTIVATION_BINS / 2)
            fv__text_add(out, ",zero");
        else if (isinf(edge))
            fv__text_add(out, ",more");
        else
            fv__text_addf(out, ",to %g", edge);
    }
    fv__text_add(out, "\n");
}

static void layers_csv(const fv_watch *w, fv_text *out) {
    fv_weight_record weight;
    fv_layer_record layer;
    heads(out);
    for (size_t e = 0; e < fv__watch_epochs(w); e++) {
        for (size_t i = 0; i < fv__watch_weights(w); i++)
            if (fv__watch_weight(w, e, i, &weight)) weight_row(out, e, &weight);
        for (size_t i = 0; i < fv__watch_layers(w); i++)
            if (fv__watch_layer_at(w, e, i, &layer)) layer_row(out, e, &layer);
    }
}

/* --- epochs.json ------------------------------------------------------------------------------ */

static void weights_json(fv_json_writer *j, const fv_watch *w, size_t epoch) {
    fv_weight_record r;
    fv__json_open(j, "weights", '[');
    for (size_t i = 0; i < fv__watch_weights(w); i++) {
        if (!fv__watch_weight(w, epoch, i, &r)) continue;
        fv__json_open(j, NULL, '{');
        fv__json_add_text(j, "name", r.name);
        fv__json_add_real(j, "norm", r.norm);
        fv__json_add_real(j, "gradient", r.gradient);
        fv__json_add_real(j, "update", r.update);
        fv__json_close(j);
    }
    fv__json_close(j);
}

static void layers_json(fv_json_writer *j, const fv_watch *w, size_t epoch) {
    fv_layer_record r;
    fv__json_open(j, "layers", '[');
    for (size_t i = 0; i < fv__watch_layers(w); i++) {
        if (!fv__watch_layer_at(w, epoch, i, &r)) continue;
        fv__json_open(j, NULL, '{');
        fv__json_add_text(j, "name", r.name);
        fv__json_add_text(j, "behind", r.behind);
        fv__json_add_int(j, "units", r.units);
        fv__json_add_real(j, "mean", r.mean);
        fv__json_add_real(j, "deviation", r.deviation);
        fv__json_add_real(j, "zeros", r.zeros);
        fv__json_add_real(j, "dead", r.dead);
        fv__json_open(j, "bins", '[');
        for (int k = 0; k < FV_ACTIVATION_BINS; k++) fv__json_add_real(j, NULL, r.bins[k]);
        fv__json_close(j);
        fv__json_close(j);
    }
    fv__json_close(j);
}

static void epochs_json(const fv_train_job *job, fv_text *out) {
    fv_json_writer j = fv__json_writer(out, 1);
    fv__json_open(&j, NULL, '{');
    fv__json_add_text(&j, "format", "fovea epochs 1");
    fv__json_open(&j, "edges", '[');
    for (int k = 0; k < FV_ACTIVATION_BINS; k++) fv__json_add_real(&j, NULL, fv__watch_edge(k));
    fv__json_close(&j);
    fv__json_open(&j, "epochs", '[');
    for (size_t e = 0; e < job->at.history_count; e++) {
        const fv_epoch *h = &job->at.history[e];
        fv__json_open(&j, NULL, '{');
        fv__json_add_int(&j, "epoch", (int64_t)e + 1);
        fv__json_add_real(&j, "lr", h->lr);
        fv__json_add_real(&j, "train_loss", h->train_loss);
        fv__json_add_real(&j, "train_accuracy", h->train_accuracy);
        fv__json_add_real(&j, "test_loss", h->test_loss);
        fv__json_add_real(&j, "test_accuracy", h->test_accuracy);
        fv__json_add_rounded(&j, "seconds", h->seconds, 3);
        fv__json_add_rounded(&j, "images_per_second", h->images_per_second, 1);
        fv__json_add_rounded(&j, "peak_memory", h->peak_memory, 0);
        weights_json(&j, job->watch, e);
        layers_json(&j, job->watch, e);
        fv__json_close(&j);
    }
    fv__json_close(&j);
    fv__json_close(&j);
}

fv_status fv__epoch_files(fv_context *ctx, fv_train_job *job) {
    fv_text csv = {.ctx = ctx}, json = {.ctx = ctx};
    layers_csv(job->watch, &csv);
    FV_TRY(fv__train_put(ctx, job, "layers.csv", &csv));
    epochs_json(job, &json);
    return fv__train_put(ctx, job, "epochs.json", &json);
}
