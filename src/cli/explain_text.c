/* SPDX-License-Identifier: MIT */
/*
 * explain_text.c - the table of `fovea explain` as people read it.
 *
 * On a terminal narrower than the table the columns that matter least are left out, and it says so.
 */
#include "base/printable.h"
#include "cli/explain.h"
#include "view/view.h"
#include <string.h>

enum { NAME, LAYER, OUTPUT, MEMORY, WEIGHTS, BIASES, MACS, FIELD, JUMP, COLUMNS };

static const struct {
    const char *head;
    bool right;
    int spare; /* left out as the first, second ... when there is no room; 0: never */
} columns_of[COLUMNS] = {
    [NAME] = {"name", false, 5},      [LAYER] = {"layer", false, 0},
    [OUTPUT] = {"output", false, 0},  [MEMORY] = {"memory", true, 0},
    [WEIGHTS] = {"weights", true, 0}, [BIASES] = {"biases", true, 2},
    [MACS] = {"MACs", true, 4},       [FIELD] = {"field", true, 3},
    [JUMP] = {"jump", true, 1},
};

static fv_status put_table(fv_cli *cli, const fv_table *t, int columns, fv_text *out) {
    return fv__cli_has(cli, "markdown") ? fv__table_markdown(cli->ctx, t, out)
                                        : fv__table_text(cli->ctx, t, columns, out);
}

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

/* `brief`: without the product. */
static void put_weights(fv_table *t, const fv_row *row, bool brief) {
    char count[32];
    if (!row->weights) {
        fv__table_cell(t, "");
    } else if (row->cost.product[0] && !brief) {
        fv__table_cellf(t, "%s = %s", row->cost.product, fv__commas(count, row->weights));
    } else {
        fv__table_cell(t, fv__commas(count, row->weights));
    }
}

static void put_cell(fv_table *t, const fv_explained *e, int i, int column, bool brief) {
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
        put_weights(t, row, brief);
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

static void put_totals(fv_table *t, const fv_explained *e) {
    char text[32];
    for (int c = 0; c < COLUMNS; c++) {
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
            fv__table_cell(t, c == NAME ? "total" : "");
        }
    }
}

static fv_status fill_layers(fv_cli *cli, const fv_explained *e, bool brief, fv_table **out) {
    FV_TRY(fv__table_new(cli->ctx, out));
    fv_table *t = *out;
    for (int c = 0; c < COLUMNS; c++) {
        fv__table_column(t, columns_of[c].head, columns_of[c].right);
        fv__table_spare(t, columns_of[c].spare);
    }
    fv__table_advice(t, ". --wide shows all.");
    for (int i = 0; i < e->count; i++)
        for (int c = 0; c < COLUMNS && e->rows[i].shown_in == i; c++) put_cell(t, e, i, c, brief);
    fv__table_rule(t);
    put_totals(t, e);
    return FV_OK;
}

/* Where there is no room for the weights as a product, their number will do. */
static fv_status layers(fv_cli *cli, const fv_explained *e, int columns, fv_text *out) {
    fv_table *t = NULL;
    int width = 0;
    fv_status status = fill_layers(cli, e, false, &t);
    if (status == FV_OK && columns) status = fv__table_width(cli->ctx, t, &width);
    if (status == FV_OK && width > columns) {
        fv__table_free(t);
        status = fill_layers(cli, e, true, &t);
    }
    if (status == FV_OK) status = put_table(cli, t, columns, out);
    fv__table_free(t);
    return status;
}

/* A line, broken where the terminal is narrow; frees it. */
static void put_line(fv_text *out, fv_text *line, size_t indent, int columns) {
    if (line->failed) out->failed = true;
    if (line->length) fv__text_wrapped(out, line->data, indent, (size_t)columns);
    fv__text_free(line);
}

static void sums(const fv_explained *e, int columns, fv_text *out) {
    char a[32], b[32], c[32];
    fv_text line = {0};
    fv__text_addf(&line, "%s = %s weights + %s biases", fv__commas(a, e->weights + e->biases),
                  fv__commas(b, e->weights), fv__commas(c, e->biases));
    if (e->statistics)
        fv__text_addf(&line, "; and %s running statistics", fv__commas(a, e->statistics));
    fv__text_add(out, "parameters  ");
    put_line(out, &line, 12, columns);
    const double flop = 2 * (double)e->macs;
    const int big = flop >= 1e9 ? 2 : flop >= 1e6 ? 1 : 0;
    static const double unit[] = {1e3, 1e6, 1e9};
    fv__text_addf(&line, "%s MACs an image, forward: %.3g %cFLOP", fv__commas(a, e->macs),
                  flop / unit[big], "KMG"[big]);
    fv__text_add(out, "work        ");
    put_line(out, &line, 12, columns);
    fv__text_addf(&line, "%s numbers * 4 bytes = %s an image, every output kept",
                  fv__short_count(a, (double)e->values), fv__short_bytes(b, (double)e->values * 4));
    fv__text_add(out, "memory      ");
    put_line(out, &line, 12, columns);
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

static fv_status planned(fv_cli *cli, const fv_explained *e, int columns, fv_text *out) {
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
    const fv_status status = put_table(cli, t, columns, out);
    fv__table_free(t);
    return status;
}

static void misfits(const fv_explained *e, int columns, fv_text *out) {
    bool any = false;
    fv_text line = {0};
    for (int i = 1; i < e->count; i++) {
        const fv_row *row = &e->rows[i];
        if (!fv__row_misfits(row)) continue;
        if (!any) fv__text_add(out, "\nWindows that do not tile their input:\n\n");
        any = true;
        for (int k = 0; k < 2; k++) {
            if (!row->misfit[k].axis || row->misfit[k].ignored <= 0) continue;
            fv__text_addf(&line, "%s, ", row->node->name);
            fv__lecture_misfit(&line, &row->misfit[k]);
            fv__text_add(out, "- ");
            put_line(out, &line, 2, columns);
        }
    }
}

static void heads(const fv_explained *e, int columns, fv_text *out) {
    int more = 0;
    fv_text line = {0};
    for (size_t h = 0; h < e->net->head_count; h++) more += e->net->heads[h].training;
    if (!more) return;
    for (size_t h = 0; h < e->net->head_count && e->training; h++) {
        const fv_head *head = &e->net->heads[h];
        fv__text_addf(&line, "%s%s", h ? ", " : "Outputs: ", head->name);
        if (head->training) fv__text_addf(&line, " (training only, weight %g)", head->weight);
    }
    if (e->training)
        fv__text_add(&line, ".");
    else
        fv__text_addf(&line, "%d further output%s only in training; --training shows %s.", more,
                      more == 1 ? " is there" : "s are there", more == 1 ? "it" : "them");
    fv__text_add(out, "\n");
    put_line(out, &line, 0, columns);
}

fv_status fv__explain_text(fv_cli *cli, const fv_explained *e, int columns, fv_text *out) {
    const bool markdown = fv__cli_has(cli, "markdown");
    fv__text_addf(out, "%s%s%s%s%s\n\n", markdown ? "# " : "", e->net->name,
                  e->net->given[0] ? " (" : "", e->net->given, e->net->given[0] ? ")" : "");
    FV_TRY(layers(cli, e, columns, out));
    fv__text_add(out, markdown ? "\n```\n" : "\n");
    sums(e, columns, out);
    fv__text_add(out, markdown ? "```\n\n" : "\n");
    FV_TRY(planned(cli, e, columns, out));
    if (e->untrainable) {
        fv_text line = {0};
        fv__text_addf(&line, "Not to be trained: %s.", e->untrainable);
        fv__text_add(out, "\n");
        put_line(out, &line, 0, columns);
    }
    misfits(e, columns, out);
    heads(e, columns, out);
    return FV_OK;
}
