/* SPDX-License-Identifier: MIT */
/*
 * outcome_classes.c - how well each class is told from the others, and which two are confused.
 */
#include "train/class_scores.h"
#include "train/outcome_parts.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define CLASSES_SHOWN 24 /* of more, so many of the worst */
#define PAIRS_SHOWN   12
#define SHOTS         6 /* pictures of a pair */

typedef struct row {
    int64_t k;
    fv_class_score s;
} row;

static const char *class_name(const fv_teller *t, int64_t k, char out[FV_WORD_MAX]) {
    return fv__model_class(t->job->model, k, out, FV_WORD_MAX);
}

/* The worst first; those of which there is nothing to say, last. */
static int by_f1(const void *a, const void *b) {
    const row *x = a, *y = b;
    const double f = isfinite(x->s.f1) ? x->s.f1 : 2, g = isfinite(y->s.f1) ? y->s.f1 : 2;
    if (f != g) return f < g ? -1 : 1;
    return x->k < y->k ? -1 : x->k > y->k;
}

static void percent(fv_table *table, double v) {
    char text[32];
    fv__format(text, sizeof text, isfinite(v) ? "%.1f %%" : "\xe2\x80\x93", 100 * v);
    fv__table_cell(table, text);
}

static fv_status table_of(fv_teller *t, const row *rows, int64_t count) {
    static const char *const heads[] = {
        "class", "test images", "taken for it", "right", "precision", "recall", "F1"};
    char name[FV_WORD_MAX], text[32];
    fv_table *table;
    FV_TRY(fv__table_new(t->ctx, &table));
    for (int i = 0; i < 7; i++) fv__table_column(table, heads[i], i > 0);
    for (int64_t i = 0; i < count; i++) {
        const fv_class_score *s = &rows[i].s;
        fv__table_cell(table, class_name(t, rows[i].k, name));
        fv__table_cell(table, fv__commas(text, s->images));
        fv__table_cell(table, fv__commas(text, s->predicted));
        fv__table_cell(table, fv__commas(text, s->right));
        percent(table, s->precision);
        percent(table, s->recall);
        percent(table, s->f1);
    }
    fv__report_table(t->report, table);
    fv__table_free(table);
    return FV_OK;
}

static void csv_share(fv_text *out, double v) {
    fv__text_add(out, ",");
    if (isfinite(v)) fv__text_addf(out, "%.6f", v);
}

static fv_status classes_csv(fv_teller *t, const row *rows, int64_t count) {
    char name[FV_WORD_MAX];
    fv_text out = {.ctx = t->ctx};
    fv__text_add(&out, "class,name,images,predicted,right,precision,recall,f1\n");
    for (int64_t i = 0; i < count; i++) {
        const fv_class_score *s = &rows[i].s;
        fv__text_addf(&out, "%lld,", (long long)rows[i].k);
        fv__text_csv(&out, class_name(t, rows[i].k, name));
        fv__text_addf(&out, ",%lld,%lld,%lld", (long long)s->images, (long long)s->predicted,
                      (long long)s->right);
        csv_share(&out, s->precision);
        csv_share(&out, s->recall);
        csv_share(&out, s->f1);
        fv__text_add(&out, "\n");
    }
    return fv__outcome_put(t, "classes.csv", &out, "precision, recall and F1 of each class");
}

fv_status fv__outcome_classes(fv_teller *t) {
    const int64_t count = t->job->test.classes;
    char lead[512];
    row *rows = fv__arena_alloc(&t->job->arena, (size_t)count * sizeof *rows);
    if (!rows) return FV_EXHAUSTED;
    for (int64_t k = 0; k < count; k++) rows[k] = (row){k, fv__class_score(t->confusion, count, k)};
    FV_TRY(classes_csv(t, rows, count));
    const int64_t shown = count < CLASSES_SHOWN ? count : CLASSES_SHOWN;
    if (shown < count) qsort(rows, (size_t)count, sizeof *rows, by_f1);
    int n = fv__format(lead, sizeof lead,
                       "Precision: of what was taken for the class, how much is it. Recall: of the "
                       "class, how much was found. F1: 2 right / (images + taken for it). Mean F1 "
                       "%.2f %%.",
                       100 * fv__class_f1(t->confusion, count));
    if (shown < count && n > 0)
        snprintf(lead + n, sizeof lead - (size_t)n,
                 " The %lld worst of %lld classes, the worst first; `classes.csv` has all.",
                 (long long)shown, (long long)count);
    fv__report_section(t->report, "Class by class", lead);
    return table_of(t, rows, shown);
}

/* --- pairs ------------------------------------------------------------------------------------ */

static fv_status confusion_csv(fv_teller *t) {
    const int64_t classes = t->job->test.classes;
    char name[FV_WORD_MAX];
    fv_text out = {.ctx = t->ctx};
    fv__text_add(&out, "label,predicted,count,label_name,predicted_name\n");
    for (int64_t i = 0; i < classes * classes; i++) {
        if (!t->confusion[i]) continue;
        fv__text_addf(&out, "%lld,%lld,%lld,", (long long)(i / classes), (long long)(i % classes),
                      (long long)t->confusion[i]);
        fv__text_csv(&out, class_name(t, i / classes, name));
        fv__text_add(&out, ",");
        fv__text_csv(&out, class_name(t, i % classes, name));
        fv__text_add(&out, "\n");
    }
    return fv__outcome_put(t, "confusion.csv", &out,
                           "the same as numbers: label, predicted, count");
}

/* Of a pair the samples that were mistaken with the greatest confidence. */
static int64_t examples(const fv_teller *t, const fv_class_pair *pair, int64_t which[SHOTS]) {
    int64_t n = 0;
    for (int64_t i = 0; i < t->job->test.count; i++) {
        if (t->each.labels[i] != pair->label || t->each.predicted[i] != pair->predicted) continue;
        int64_t at = n;
        while (at > 0 && t->each.confidence[which[at - 1]] < t->each.confidence[i]) at--;
        if (at == SHOTS) continue;
        if (n < SHOTS) n++;
        for (int64_t j = n - 1; j > at; j--) which[j] = which[j - 1];
        which[at] = i;
    }
    return n;
}

static fv_status pair_row(fv_teller *t, const fv_class_pair *pair) {
    char name[FV_WORD_MAX], text[64];
    int64_t which[SHOTS];
    fv_gallery shots;
    const fv_class_score s = fv__class_score(t->confusion, t->job->test.classes, pair->label);
    fv__report_rows_next(t->report);
    fv__report_cell(t->report, class_name(t, pair->label, name));
    fv__report_cell(t->report, class_name(t, pair->predicted, name));
    fv__report_cell_number(t->report, fv__commas(text, pair->count));
    fv__format(text, sizeof text, "%.1f %%", 100 * (double)pair->count / (double)s.images);
    fv__report_cell_number(t->report, text);
    const int64_t n = examples(t, pair, which);
    FV_TRY(fv__pictures_of(&t->job->arena, &t->job->test, which, n, &shots));
    fv__report_cell_images(t->report, &shots);
    return FV_OK;
}

fv_status fv__outcome_pairs(fv_teller *t) {
    static const char *const heads[] = {"label", "taken for", ">times", ">of its images",
                                        "with the greatest confidence"};
    fv_class_pair *pairs;
    int64_t count;
    FV_TRY(confusion_csv(t));
    FV_TRY(fv__class_pairs(&t->job->arena, t->confusion, t->job->test.classes, PAIRS_SHOWN, &pairs,
                           &count));
    if (!count) return FV_OK;
    fv__report_section(t->report, "Most often confused",
                       "Labels and what they were taken for; `confusion.csv` has all.");
    fv__report_rows_open(t->report, heads, 5, false);
    for (int64_t i = 0; i < count; i++) FV_TRY(pair_row(t, &pairs[i]));
    fv__report_rows_close(t->report);
    return FV_OK;
}
