/* SPDX-License-Identifier: MIT */
/*
 * explain_text.c - the table of `fovea explain` as people read it.
 *
 * On a terminal narrower than the table the columns that matter least are left out, and it says so.
 */
#include "base/utf8.h"
#include "cli/explain.h"
#include "view/view.h"
#include <string.h>

enum { NAME, LAYER, OUTPUT, MEMORY, WEIGHTS, BIASES, MACS, FIELD, JUMP, COLUMNS };

static const struct {
    const char *head;
    bool right;
} columns_of[COLUMNS] = {
    [NAME] = {"name", false},    [LAYER] = {"layer", false},    [OUTPUT] = {"output", false},
    [MEMORY] = {"memory", true}, [WEIGHTS] = {"weights", true}, [BIASES] = {"biases", true},
    [MACS] = {"MACs", true},     [FIELD] = {"field", true},     [JUMP] = {"jump", true},
};

/* What is left out first when there is no room. */
static const int dispensable[] = {JUMP, BIASES, FIELD, MACS, NAME};
#define DISPENSABLE (int)(sizeof dispensable / sizeof *dispensable)

static void put_count(fv_table *t, int64_t n) {
    char text[32];
    fv__table_cell(t, n ? fv__commas(text, n) : "");
}

static void put_pixels(fv_table *t, int64_t h, int64_t w) {
    if (h == w)
        fv__table_cellf(t, "%lld", (long long)w);
    else
        fv__table_cellf(t, "%lldx%lld", (long long)h, (long long)w);
}

/* "CONV3-64 pad 1, relu": the layer and what follows it in place. */
static void put_layer(fv_table *t, const fv_explained *e, int i) {
    fv_text text = {0};
    const fv_row *row = &e->rows[i];
    if (!row->node) {
        fv__table_cell(t, "INPUT");
        return;
    }
    fv__lecture_name(&text, row->node);
    fv_text options = {0};
    fv__lecture_options(&options, row->node);
    if (options.length) fv__text_addf(&text, " %s", options.data);
    fv__text_free(&options);
    for (int k = i + 1; k < e->count && e->rows[k].shown_in == i; k++) {
        fv__text_addf(&text, ", %s", e->rows[k].node->op->name);
        fv__lecture_options(&options, e->rows[k].node);
        if (options.length) fv__text_addf(&text, " %s", options.data);
        fv__text_free(&options);
    }
    fv__table_cell(t, text.data ? text.data : "");
    fv__text_free(&text);
}

static void put_weights(fv_table *t, const fv_row *row) {
    char count[32];
    if (!row->weights) {
        fv__table_cell(t, "");
    } else if (row->cost.product[0]) {
        fv__table_cellf(t, "%s = %s", row->cost.product, fv__commas(count, row->weights));
    } else {
        fv__table_cell(t, fv__commas(count, row->weights));
    }
}

static void put_cell(fv_table *t, const fv_explained *e, int i, int column) {
    const fv_row *row = &e->rows[i];
    const fv_value *value = &e->net->values[row->value];
    char text[FV_SHAPE_TEXT];
    switch (column) {
    case NAME:
        fv__table_cell(t, value->name); /* its label, if it has one */
        break;
    case LAYER:
        put_layer(t, e, i);
        break;
    case OUTPUT:
        fv__table_cell(t, fv__shape_text(text, &value->shape));
        break;
    case MEMORY:
        fv__table_cell(t, row->in_place ? "" : fv__short_count(text, (double)row->values));
        break;
    case WEIGHTS:
        put_weights(t, row);
        break;
    case BIASES:
        put_count(t, row->biases);
        break;
    case MACS:
        put_count(t, row->cost.macs);
        break;
    case FIELD:
        if (row->view.global)
            fv__table_cell(t, "all");
        else
            put_pixels(t, row->view.size_h, row->view.size_w);
        break;
    default:
        if (row->view.global)
            fv__table_cell(t, "");
        else
            put_pixels(t, row->view.jump_h, row->view.jump_w);
    }
}

static void put_totals(fv_table *t, const fv_explained *e, unsigned left_out) {
    char text[32];
    for (int c = 0; c < COLUMNS; c++) {
        if (left_out & 1u << c) continue;
        const bool first = c == (left_out & 1u << NAME ? LAYER : NAME);
        switch (c) {
        case MEMORY:
            fv__table_cell(t, fv__short_count(text, (double)e->values));
            break;
        case WEIGHTS:
            put_count(t, e->weights);
            break;
        case BIASES:
            put_count(t, e->biases);
            break;
        case MACS:
            put_count(t, e->macs);
            break;
        default:
            fv__table_cell(t, first ? "total" : "");
        }
    }
}

static fv_status layers(fv_cli *cli, const fv_explained *e, unsigned left_out, fv_text *out) {
    fv_table *t = NULL;
    FV_TRY(fv__table_new(cli->ctx, &t));
    for (int c = 0; c < COLUMNS; c++)
        if (!(left_out & 1u << c)) fv__table_column(t, columns_of[c].head, columns_of[c].right);
    for (int i = 0; i < e->count; i++) {
        if (e->rows[i].shown_in != i) continue;
        for (int c = 0; c < COLUMNS; c++)
            if (!(left_out & 1u << c)) put_cell(t, e, i, c);
    }
    fv__table_rule(t);
    put_totals(t, e, left_out);
    const fv_status status = fv__table_text(cli->ctx, t, fv__cli_has(cli, "markdown"), out);
    fv__table_free(t);
    return status;
}

/* In characters: bytes that continue one (UTF-8) do not count. */
static int widest_line(const fv_text *text) {
    int most = 0, now = 0;
    for (const char *c = text->data; c && *c; c++) {
        if (*c == '\n')
            now = 0;
        else if (!fv__utf8_inside(*c))
            now++;
        if (now > most) most = now;
    }
    return most;
}

/* Whether the table fits without some columns; if so it is added to `out`. */
static fv_status try_layers(fv_cli *cli, const fv_explained *e, unsigned left_out, int columns,
                            fv_text *out, bool *fits) {
    fv_text text = {0};
    const fv_status status = layers(cli, e, left_out, &text);
    *fits = status == FV_OK && (columns == 0 || widest_line(&text) <= columns);
    if (*fits && out) fv__text_addn(out, text.data ? text.data : "", text.length);
    fv__text_free(&text);
    return status;
}

/* The table with as many columns as fit: the least important ones go until it does, and come back
   where there is still room. */
static fv_status fitted(fv_cli *cli, const fv_explained *e, int columns, fv_text *out) {
    unsigned left_out = 0;
    bool fits = false;
    for (int i = 0; i <= DISPENSABLE && !fits; i++) {
        if (i) left_out |= 1u << dispensable[i - 1];
        FV_TRY(try_layers(cli, e, left_out, columns, NULL, &fits));
    }
    for (int i = DISPENSABLE - 1; i >= 0 && fits && left_out; i--) {
        const unsigned fewer = left_out & ~(1u << dispensable[i]);
        FV_TRY(try_layers(cli, e, fewer, columns, NULL, &fits));
        if (fits) left_out = fewer;
        fits = true;
    }
    FV_TRY(try_layers(cli, e, left_out, 0, out, &fits));
    if (!left_out) return FV_OK;
    fv__text_add(out, "Left out for want of room: ");
    const char *comma = "";
    for (int c = 0; c < COLUMNS; c++) {
        if (!(left_out & 1u << c)) continue;
        fv__text_addf(out, "%s%s", comma, columns_of[c].head);
        comma = ", ";
    }
    fv__text_add(out, ". --wide shows all.\n");
    return FV_OK;
}

static void sums(const fv_explained *e, fv_text *out) {
    char a[32], b[32], c[32];
    fv__text_addf(out, "parameters  %s = %s weights + %s biases",
                  fv__commas(a, e->weights + e->biases), fv__commas(b, e->weights),
                  fv__commas(c, e->biases));
    if (e->statistics)
        fv__text_addf(out, "; and %s running statistics", fv__commas(a, e->statistics));
    const double flop = 2 * (double)e->macs;
    const int big = flop >= 1e9 ? 2 : flop >= 1e6 ? 1 : 0;
    static const double unit[] = {1e3, 1e6, 1e9};
    fv__text_addf(out, "\nwork        %s MACs a picture, forward: %.3g %cFLOP\n",
                  fv__commas(a, e->macs), flop / unit[big], "KMG"[big]);
    fv__text_addf(out, "memory      %s numbers * 4 bytes = %s a picture, every output kept\n",
                  fv__short_count(a, (double)e->values), fv__short_bytes(b, (double)e->values * 4));
}

/* One line of the planned memory: `bytes` lies at an offset in each fv_planned. */
static void put_planned(fv_table *t, const fv_explained *e, const char *what, size_t offset) {
    char text[32];
    fv__table_cell(t, what);
    for (int i = 0; i < e->planned_count; i++) {
        const size_t *bytes = (const size_t *)((const char *)&e->planned[i] + offset);
        fv__table_cell(t, fv__short_bytes(text, (double)*bytes));
    }
}

static void put_same(fv_table *t, const fv_explained *e, const char *what, size_t bytes) {
    char text[32];
    fv__table_cell(t, what);
    for (int i = 0; i < e->planned_count; i++)
        fv__table_cell(t, fv__short_bytes(text, (double)bytes));
}

static fv_status planned(fv_cli *cli, const fv_explained *e, fv_text *out) {
    fv_table *t = NULL;
    char text[32];
    FV_TRY(fv__table_new(cli->ctx, &t));
    fv__table_column(t, "memory as planned", false);
    for (int i = 0; i < e->planned_count; i++) {
        snprintf(text, sizeof text, "batch %lld", (long long)e->planned[i].batch);
        fv__table_column(t, text, true);
    }
    put_same(t, e, "parameters", e->parameters);
    put_planned(t, e, "inference: values", offsetof(fv_planned, inference));
    put_planned(t, e, "inference: working space", offsetof(fv_planned, inference_scratch));
    if (!e->untrainable) {
        put_planned(t, e, "training: values and their gradients", offsetof(fv_planned, training));
        put_planned(t, e, "training: working space", offsetof(fv_planned, training_scratch));
        put_same(t, e, "training: gradients of parameters", e->gradients);
        put_same(t, e, "training: the optimiser's state", e->optimizer);
    }
    const fv_status status = fv__table_text(cli->ctx, t, fv__cli_has(cli, "markdown"), out);
    fv__table_free(t);
    return status;
}

static void misfits(const fv_explained *e, fv_text *out) {
    bool any = false;
    for (int i = 1; i < e->count; i++) {
        const fv_row *row = &e->rows[i];
        if (!fv__row_misfits(row)) continue;
        if (!any) fv__text_add(out, "\nWindows that do not tile their input:\n\n");
        any = true;
        for (int k = 0; k < 2; k++) {
            if (!row->misfit[k].axis || row->misfit[k].ignored <= 0) continue;
            fv__text_addf(out, "- %s, ", row->node->name);
            fv__lecture_misfit(out, &row->misfit[k]);
            fv__text_add(out, "\n");
        }
    }
}

static void heads(const fv_explained *e, fv_text *out) {
    int more = 0;
    for (size_t h = 0; h < e->net->head_count; h++) more += e->net->heads[h].training;
    if (!more) return;
    if (!e->training) {
        fv__text_addf(out, "\n%d further output%s only in training; --training shows %s.\n", more,
                      more == 1 ? " is there" : "s are there", more == 1 ? "it" : "them");
        return;
    }
    fv__text_add(out, "\nOutputs: ");
    for (size_t h = 0; h < e->net->head_count; h++) {
        const fv_head *head = &e->net->heads[h];
        fv__text_addf(out, "%s%s", h ? ", " : "", head->name);
        if (head->training) fv__text_addf(out, " (training only, weight %g)", head->weight);
    }
    fv__text_add(out, ".\n");
}

fv_status fv__explain_text(fv_cli *cli, const fv_explained *e, int columns, fv_text *out) {
    const bool markdown = fv__cli_has(cli, "markdown");
    fv__text_addf(out, "%s%s%s%s%s\n\n", markdown ? "# " : "", e->net->name,
                  e->net->given[0] ? " (" : "", e->net->given, e->net->given[0] ? ")" : "");
    FV_TRY(fitted(cli, e, columns, out));
    fv__text_add(out, markdown ? "\n```\n" : "\n");
    sums(e, out);
    fv__text_add(out, markdown ? "```\n\n" : "\n");
    FV_TRY(planned(cli, e, out));
    if (e->untrainable) fv__text_addf(out, "\nNot to be trained: %s.\n", e->untrainable);
    misfits(e, out);
    heads(e, out);
    return FV_OK;
}
