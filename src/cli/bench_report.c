/* SPDX-License-Identifier: MIT */
/*
 * bench_report.c - what `fovea bench --against` tells, for people and as JSON.
 */
#include "base/printable.h"
#include "cli/bench_against.h"
#include "view/text_table.h"
#include <math.h>

/* Theirs over ours: how many times as fast this command is. */
static double ratio(const fv_against *a, const fv_rival *r) {
    return a->side[0].median > 0 ? r->median / a->side[0].median : 0;
}

/* --- for people --------------------------------------------------------------------------------
 */

static void add_row(const fv_against *a, const fv_rival *r, fv_table *t) {
    char text[32];
    const bool ours = r == &a->side[0];
    fv__table_cellf(t, "%s%s%s", r->title, *r->version ? " " : "", r->version);
    fv__table_cellf(t, "%.3f", 1e3 * r->median);
    fv__table_cellf(t, "%.3f", 1e3 * r->least);
    fv__table_cellf(t, "%d", r->runs);
    fv__table_cellf(t, "%.1f", (double)a->files.dims[0] / r->median);
    if (ours)
        fv__table_cell(t, "1");
    else
        fv__table_cellf(t, "%.2f", ratio(a, r));
    if (ours || !r->compared)
        fv__table_cell(t, "");
    else if (isfinite(r->difference))
        fv__table_cellf(t, r->agrees ? "%.1e" : "%.1e !", r->difference);
    else
        fv__table_cell(t, "of other sizes !");
    fv__table_cell(t, r->memory ? fv__short_bytes(text, (double)r->memory) : "");
    fv__table_cellf(t, "%.2f s", r->first);
}

static fv_status add_table(const fv_against *a, fv_text *out) {
    fv_table *t;
    FV_TRY(fv__table_new(a->cli->ctx, &t));
    fv__table_column(t, "", false);
    fv__table_column(t, "ms", true);
    fv__table_column(t, "least", true);
    fv__table_spare(t, 2);
    fv__table_column(t, "runs", true);
    fv__table_spare(t, 1);
    fv__table_column(t, "images/s", true);
    fv__table_spare(t, 3);
    fv__table_column(t, "ratio", true);
    fv__table_column(t, "differs by", true);
    fv__table_column(t, "memory", true);
    fv__table_spare(t, 4);
    fv__table_column(t, "first after", true);
    fv__table_spare(t, 5);
    for (int i = 0; i < a->sides; i++)
        if (!a->side[i].left_out) add_row(a, &a->side[i], t);
    const fv_status status = fv__table_text(a->cli->ctx, t, fv__cli_screen(stdout).columns, out);
    fv__table_free(t);
    return status;
}

fv_status fv__cli_against_text(const fv_against *a, fv_text *out) {
    char threads[64];
    fv__cli_sentence(out, "%s, batch %lld, %s, %s, %s, %s, in turns", a->net,
                     (long long)a->files.dims[0],
                     a->files.training ? "steps of training" : "forward", a->precision, a->isa,
                     fv__counted(threads, fv_context_threads(a->cli->ctx), "thread", "threads"));
    fv__text_add(out, "\n");
    FV_TRY(add_table(a, out));
    fv__text_add(out, "\n");
    for (int i = 1; i < a->sides; i++) {
        const fv_rival *r = &a->side[i];
        if (r->left_out)
            fv__cli_sentence(out, "%s is left out: %s.", r->title, r->left_out);
        else if (*r->settings)
            fv__cli_sentence(out, "%s: %s.", r->title, r->settings);
        if (r->slow)
            fv__cli_sentence(out, "%s was left behind after the first round: slow=%g.", r->title,
                             ((const fv_bench_keys *)a->cli->keys)->slow);
    }
    if (a->files.drawn)
        fv__cli_sentence(out, "Gradients are not compared: each side draws its own dropouts.");
    if (!a->fastest) {
        fv__cli_sentence(out, "Nobody ran beside Fovea.");
        return FV_OK;
    }
    const fv_rival *best = &a->side[a->fastest];
    const double r = ratio(a, best);
    fv__cli_sentence(out, "The fastest of the others is %s; Fovea is %.2f times as fast%s.",
                     best->title, r, r < 1 ? ", that is slower" : "");
    return FV_OK;
}

/* --- JSON --------------------------------------------------------------------------------------
 */

static void add_side(const fv_against *a, const fv_rival *r, const char *name, fv_json_writer *w) {
    fv__json_open(w, name, '{');
    fv__json_add_text(w, "name", r->name);
    fv__json_add_bool(w, "ran", !r->left_out);
    if (r->left_out) {
        fv__json_add_text(w, "why", r->left_out);
        fv__json_close(w);
        return;
    }
    fv__json_add_text(w, "title", r->title);
    fv__json_add_text(w, "version", r->version);
    fv__json_add_text(w, "settings", r->settings);
    fv__json_add_int(w, "runs", r->runs);
    fv__json_add_rounded(w, "ms_median", 1e3 * r->median, 6);
    fv__json_add_rounded(w, "ms_min", 1e3 * r->least, 6);
    fv__json_add_rounded(w, "images_per_second", (double)a->files.dims[0] / r->median, 3);
    fv__json_add_rounded(w, "first_result_ms", 1e3 * r->first, 3);
    fv__json_add_int(w, "peak_bytes", (int64_t)r->memory);
    if (r != &a->side[0]) {
        fv__json_add_rounded(w, "ratio", ratio(a, r), 4);
        fv__json_add_bool(w, "compared", r->compared);
        fv__json_add_real(w, "difference", r->difference); /* infinite: null */
        fv__json_add_bool(w, "agrees", r->agrees);
        fv__json_add_bool(w, "left_behind", r->slow);
    }
    fv__json_close(w);
}

void fv__cli_against_json(const fv_against *a, fv_text *out) {
    char processor[128];
    fv_json_writer w = fv__json_writer(out, 2);
    fv__json_open(&w, NULL, '{');
    fv__json_add_text(&w, "net", a->net);
    fv__json_add_int(&w, "batch", a->files.dims[0]);
    fv__json_add_int(&w, "threads", fv_context_threads(a->cli->ctx));
    fv__json_add_bool(&w, "training", a->files.training);
    fv__json_add_text(&w, "precision", a->precision);
    fv__json_add_text(&w, "isa", a->isa);
    fv__json_add_text(&w, "processor", fv_processor(processor, sizeof processor));
    add_side(a, &a->side[0], "fovea", &w);
    fv__json_open(&w, "rivals", '[');
    for (int i = 1; i < a->sides; i++) add_side(a, &a->side[i], NULL, &w);
    fv__json_close(&w);
    fv__json_add_text(&w, "fastest", a->fastest ? a->side[a->fastest].name : NULL);
    if (a->fastest) fv__json_add_rounded(&w, "ratio", ratio(a, &a->side[a->fastest]), 4);
    fv__json_close(&w);
}
