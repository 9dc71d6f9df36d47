/* SPDX-License-Identifier: MIT */
/*
 * explain_text.c - the table of `fovea explain` as people read it.
 *
 * On a terminal narrower than the table the columns that matter least are left out, and it says so.
 */
#include "base/printable.h"
#include "cli/explain.h"
#include "view/text_table.h"
#include <string.h>

enum { NAME, LAYER, OUTPUT, MEMORY, WEIGHTS, BIASES, MACS, CONNECTIONS, FIELD, JUMP, COLUMNS };

static const struct {
    const char *head;
    bool right;
    int spare; /* left out as the first, second ... when there is no room; 0: never */
} columns_of[COLUMNS] = {
    [NAME] = {"name", false, 5},      [LAYER] = {"layer", false, 0},
    [OUTPUT] = {"output", false, 0},  [MEMORY] = {"memory", true, 0},
    [WEIGHTS] = {"weights", true, 0}, [BIASES] = {"biases", true, 2},
    [MACS] = {"MACs", true, 4},       [CONNECTIONS] = {"connections", true, 0},
    [FIELD] = {"field", true, 3},     [JUMP] = {"jump", true, 1},
};

/* Connections are a column only where they are asked for. */
static bool has_column(fv_cli *cli, int column) {
    return column != CONNECTIONS || fv__cli_has(cli, "connections");
}

/* "[224x224x64]", height x width x channels as the lectures write it; a vector "[4096]". */
static char *shape_text(char out[96], const int64_t *dims, int rank) {
    size_t n = 1;
    strcpy(out, "[");
    for (int i = 0; i < rank; i++) /* the channels, which come first, go last */
        n += (size_t)snprintf(out + n, 96 - n, i + 1 < rank ? "%lldx" : "%lld",
                              (long long)dims[(i + 1) % rank]);
    if (rank) snprintf(out + n, 96 - n, "]");
    return rank ? out : strcpy(out, "[1]");
}

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
static void put_layer(fv_table *t, const fv_explanation *e, int i) {
    fv_text text = {0};
    const fv_layer *layer = e->layers[i];
    fv__text_add(&text, layer->lecture);
    if (*layer->lecture_options) fv__text_addf(&text, " %s", layer->lecture_options);
    for (int k = i + 1; k < e->layer_count && e->layers[k]->shown_in == i; k++) {
        fv__text_addf(&text, ", %s", e->layers[k]->op);
        if (*e->layers[k]->lecture_options)
            fv__text_addf(&text, " %s", e->layers[k]->lecture_options);
    }
    fv__table_cell(t, text.data ? text.data : "");
    fv__text_free(&text);
}

/* `brief`: without the product. */
static void put_weights(fv_table *t, const fv_layer *row, bool brief) {
    char count[32];
    if (!row->weights) {
        fv__table_cell(t, "");
    } else if (row->product[0] && !brief) {
        fv__table_cellf(t, "%s = %s", row->product, fv__commas(count, row->weights));
    } else {
        fv__table_cell(t, fv__commas(count, row->weights));
    }
}

static void put_cell(fv_table *t, const fv_explanation *e, int i, int column, bool brief) {
    const fv_layer *row = e->layers[i];
    char text[96];
    switch (column) {
    case NAME:
        fv__table_cell(t, row->label);
        break;
    case LAYER:
        put_layer(t, e, i);
        break;
    case OUTPUT:
        fv__table_cell(t, shape_text(text, row->output, row->rank));
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
        put_count(t, row->macs);
        break;
    case CONNECTIONS:
        put_count(t, row->connections);
        break;
    case FIELD:
        if (row->sees_all)
            fv__table_cell(t, "all");
        else
            put_pixels(t, row->field_h, row->field_w);
        break;
    default:
        if (row->sees_all)
            fv__table_cell(t, "");
        else
            put_pixels(t, row->jump_h, row->jump_w);
    }
}

static void put_totals(fv_cli *cli, fv_table *t, const fv_explanation *e) {
    char text[32];
    for (int c = 0; c < COLUMNS; c++) {
        if (!has_column(cli, c)) continue;
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
        case CONNECTIONS:
            put_count(t, e->connections);
            break;
        default:
            fv__table_cell(t, c == NAME ? "total" : "");
        }
    }
}

static fv_status fill_layers(fv_cli *cli, const fv_explanation *e, bool brief, fv_table **out) {
    FV_TRY(fv__table_new(cli->ctx, out));
    fv_table *t = *out;
    for (int c = 0; c < COLUMNS; c++) {
        if (!has_column(cli, c)) continue;
        fv__table_column(t, columns_of[c].head, columns_of[c].right);
        fv__table_spare(t, columns_of[c].spare);
    }
    fv__table_advice(t, ". --wide shows all.");
    for (int i = 0; i < e->layer_count; i++)
        for (int c = 0; c < COLUMNS && e->layers[i]->shown_in == i; c++)
            if (has_column(cli, c)) put_cell(t, e, i, c, brief);
    fv__table_rule(t);
    put_totals(cli, t, e);
    return FV_OK;
}

/* Where there is no room for the weights as a product, their number will do. */
static fv_status layers(fv_cli *cli, const fv_explanation *e, int columns, fv_text *out) {
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

/* Those of pools, and of units whose weights are given, learn nothing. */
static void connections(const fv_explanation *e, int columns, fv_text *out) {
    char a[32], b[32], c[32];
    fv_text line = {0};
    fv__text_addf(&line, "%s, biases included", fv__commas(a, e->connections));
    if (e->fixed_connections)
        fv__text_addf(&line, " = %s learned + %s fixed",
                      fv__commas(b, e->connections - e->fixed_connections),
                      fv__commas(c, e->fixed_connections));
    fv__text_add(out, "connections ");
    put_line(out, &line, 12, columns);
}

static void sums(const fv_explanation *e, int columns, fv_text *out) {
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
    connections(e, columns, out);
    fv__text_addf(&line, "%s numbers * 4 bytes = %s an image, every output kept",
                  fv__short_count(a, (double)e->values), fv__short_bytes(b, (double)e->values * 4));
    fv__text_add(out, "memory      ");
    put_line(out, &line, 12, columns);
}

/* One line of the planned memory: `bytes` lies at an offset in each fv_memory_plan. */
static void put_planned(fv_table *t, const fv_explanation *e, const char *what, size_t offset) {
    char text[32];
    fv__table_cell(t, what);
    for (int i = 0; i < e->plan_count; i++) {
        const size_t *bytes = (const size_t *)((const char *)e->plans[i] + offset);
        fv__table_cell(t, fv__short_bytes(text, (double)*bytes));
    }
}

static void put_same(fv_table *t, const fv_explanation *e, const char *what, size_t bytes) {
    char text[32];
    fv__table_cell(t, what);
    for (int i = 0; i < e->plan_count; i++) fv__table_cell(t, fv__short_bytes(text, (double)bytes));
}

static fv_status planned(fv_cli *cli, const fv_explanation *e, int columns, fv_text *out) {
    fv_table *t = NULL;
    char text[32];
    FV_TRY(fv__table_new(cli->ctx, &t));
    fv__table_column(t, "memory as planned", false);
    for (int i = 0; i < e->plan_count; i++) {
        snprintf(text, sizeof text, "batch %lld", (long long)e->plans[i]->batch);
        fv__table_column(t, text, true);
    }
    put_same(t, e, "parameters", e->parameter_bytes);
    put_planned(t, e, "inference: values", offsetof(fv_memory_plan, inference));
    put_planned(t, e, "inference: working space", offsetof(fv_memory_plan, inference_scratch));
    if (!e->untrainable) {
        put_planned(t, e, "training: values and their gradients",
                    offsetof(fv_memory_plan, training));
        put_planned(t, e, "training: working space", offsetof(fv_memory_plan, training_scratch));
        put_same(t, e, "training: gradients of parameters", e->gradient_bytes);
        put_same(t, e, "training: the optimiser's state", e->optimizer_bytes);
    }
    const fv_status status = put_table(cli, t, columns, out);
    fv__table_free(t);
    return status;
}

static void misfits(const fv_explanation *e, int columns, fv_text *out) {
    bool any = false;
    fv_text line = {0};
    for (int i = 0; i < e->layer_count; i++) {
        const fv_layer *layer = e->layers[i];
        if (!layer->misfit_count) continue;
        if (!any) fv__text_add(out, "\nWindows that do not tile their input:\n\n");
        any = true;
        for (int k = 0; k < layer->misfit_count; k++) {
            fv__text_addf(&line, "%s, %s", layer->name, layer->misfits[k]->words);
            fv__text_add(out, "- ");
            put_line(out, &line, 2, columns);
        }
    }
}

/* "2.33", "3", "3x2.5": a size by the formula. */
static void put_size(fv_text *out, const fv_trial_facts *t) {
    if (t->height != t->width) fv__text_addf(out, "%.3gx", t->height);
    fv__text_addf(out, "%.3g", t->width);
}

/* What the text leaves open, `pad ?`: what was tried and what was taken. */
static void open_options(const fv_explanation *e, int columns, fv_text *out) {
    bool any = false;
    fv_text line = {0};
    for (int i = 0; i < e->layer_count; i++) {
        const fv_layer *layer = e->layers[i];
        if (!layer->open) continue;
        if (!any) fv__text_add(out, "\nLeft open in the text, so that the windows tile:\n\n");
        any = true;
        fv__text_addf(&line, "%s, %s ?: ", layer->name, layer->open);
        for (int k = 0; k < layer->trial_count; k++) {
            const fv_trial_facts *t = layer->trials[k];
            fv__text_addf(&line, "%s%s gives ", k ? "; " : "", t->value);
            if (t->width < 1 || t->height < 1)
                fv__text_add(&line, "no window");
            else
                put_size(&line, t);
            fv__text_add(&line, t->chosen ? ", taken" : t->fits ? "" : ", does not fit");
        }
        fv__text_add(out, "- ");
        put_line(out, &line, 2, columns);
    }
}

static void heads(const fv_explanation *e, bool training, int columns, fv_text *out) {
    const int more = e->training_outputs;
    fv_text line = {0};
    if (!more) return;
    for (int h = 0; h < e->output_count && training; h++) {
        const fv_output_facts *head = e->outputs[h];
        fv__text_addf(&line, "%s%s", h ? ", " : "Outputs: ", head->name);
        if (head->training) fv__text_addf(&line, " (training only, weight %g)", head->weight);
    }
    if (training)
        fv__text_add(&line, ".");
    else
        fv__text_addf(&line, "%d further output%s only in training; --training shows %s.", more,
                      more == 1 ? " is there" : "s are there", more == 1 ? "it" : "them");
    fv__text_add(out, "\n");
    put_line(out, &line, 0, columns);
}

fv_status fv__cli_explain_text(fv_cli *cli, const fv_explanation *e, int columns, fv_text *out) {
    const bool markdown = fv__cli_has(cli, "markdown");
    fv__text_addf(out, "%s%s%s%s%s\n\n", markdown ? "# " : "", e->name, e->given[0] ? " (" : "",
                  e->given, e->given[0] ? ")" : "");
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
    open_options(e, columns, out);
    heads(e, fv__cli_has(cli, "training"), columns, out);
    return FV_OK;
}
