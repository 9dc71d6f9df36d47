/* SPDX-License-Identifier: MIT */
/*
 * outcome_summary.c - report.json: what the report says, for programs.
 */
#include "base/json_write.h"
#include "train/class_scores.h"
#include "train/outcome_parts.h"
#include <math.h>

#define PAIRS 100

static void share(fv_json_writer *j, const char *name, double v) {
    fv__json_add_real(j, name, v); /* null where there is none */
}

static fv_status classes(fv_teller *t, fv_json_writer *j) {
    const int64_t count = t->job->test.classes;
    char name[FV_WORD_MAX];
    fv_class_pair *pairs;
    int64_t n;
    fv__json_open(j, "classes", '[');
    for (int64_t k = 0; k < count; k++) {
        const fv_class_score s = fv__class_score(t->confusion, count, k);
        fv__json_open(j, NULL, '{');
        fv__json_add_text(j, "name", fv__model_class(t->job->model, k, name, sizeof name));
        fv__json_add_int(j, "images", s.images);
        fv__json_add_int(j, "predicted", s.predicted);
        fv__json_add_int(j, "right", s.right);
        share(j, "precision", s.precision);
        share(j, "recall", s.recall);
        share(j, "f1", s.f1);
        fv__json_close(j);
    }
    fv__json_close(j);
    FV_TRY(fv__class_pairs(&t->job->arena, t->confusion, count, PAIRS, &pairs, &n));
    fv__json_open(j, "confused", '[');
    for (int64_t i = 0; i < n; i++) {
        fv__json_open(j, NULL, '{');
        fv__json_add_int(j, "label", pairs[i].label);
        fv__json_add_int(j, "predicted", pairs[i].predicted);
        fv__json_add_int(j, "count", pairs[i].count);
        fv__json_close(j);
    }
    fv__json_close(j);
    return FV_OK;
}

fv_status fv__outcome_summary(fv_teller *t) {
    const fv_position *at = &t->job->at;
    const fv_epoch *last = &at->history[at->history_count - 1];
    fv_text out = {.ctx = t->ctx};
    fv_json_writer j = fv__json_writer(&out, 1);
    double seconds = 0;
    for (size_t e = 0; e < at->history_count; e++) seconds += at->history[e].seconds;
    fv__json_open(&j, NULL, '{');
    fv__json_add_text(&j, "format", "fovea report 1");
    fv__json_add_text(&j, "network", t->job->model->net.graph->name);
    fv__json_add_text(&j, "data", t->job->train.name);
    fv__json_add_int(&j, "train_images", t->job->train.count);
    fv__json_add_int(&j, "test_images", t->job->test.count);
    fv__json_add_int(&j, "parameters", fv__net_parameters(t->job->model->net.graph, true));
    fv__json_add_int(&j, "epochs", at->epoch);
    fv__json_add_int(&j, "best_epoch", fv__train_best(at) + 1);
    if (t->counts) share(&j, "best_accuracy", at->history[fv__train_best(at)].test_accuracy);
    if (t->counts) share(&j, "test_accuracy", last->test_accuracy);
    share(&j, "test_loss", last->test_loss);
    fv__json_add_rounded(&j, "seconds", seconds, 3);
    fv__json_add_rounded(&j, "images_per_second", last->images_per_second, 1);
    fv__json_add_rounded(&j, "peak_memory", last->peak_memory, 0);
    fv_status status = FV_OK;
    if (t->classes) {
        const double n = (double)t->job->test.count;
        share(&j, "top5", n > 0 ? (double)t->scores.correct5 / n : NAN);
        share(&j, "mean_f1", fv__class_f1(t->confusion, t->job->test.classes));
        status = classes(t, &j);
    }
    fv__json_close(&j);
    if (status == FV_OK)
        return fv__outcome_put(t, "report.json", &out, "what the report says, for programs");
    fv__text_free(&out);
    return status;
}
