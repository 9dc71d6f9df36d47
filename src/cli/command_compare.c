/* SPDX-License-Identifier: MIT */
/*
 * command_compare.c - `fovea compare A B`: the same numbers through two models, layer by layer.
 */
#include "base/printable.h"
#include "cli/cli.h"
#include "view/text_table.h"
#include <string.h>

typedef struct keys {
    double tolerance;
    int64_t seed;
} keys;

static const fv_field key_fields[] = {
    {"tolerance", "relative difference of an output that still agrees", FV_REAL,
     offsetof(keys, tolerance), "1e-4", 1e-15, 1e6, 0, NULL, NULL},
    {"seed", "start of the random input, and of fresh weights", FV_INT, offsetof(keys, seed), "1",
     0, 9e15, 0, NULL, NULL},
    {NULL, NULL, FV_INT, 0, NULL, 0, 0, 0, NULL, NULL},
};

static const fv_cli_flag flag_table[] = {
    {"input", "WHAT", "an image, or `random`: numbers from the seed (as without it)"},
    {"all", NULL, "every layer, not only those where it begins to differ and the last"},
    {NULL, NULL, NULL},
};

#define ROWS_SHOWN 12 /* without --all */

/* ----------------------------------------------------------------------------------- JSON --- */

static void json_row(const fv_compared *r, fv_json_writer *w) {
    fv__json_open(w, NULL, '{');
    fv__json_add_text(w, "name", r->name);
    fv__json_add_text(w, "op_a", r->op_a);
    fv__json_add_text(w, "op_b", r->op_b);
    fv__json_add_ints(w, "output", r->dims, r->rank);
    fv__json_add_bool(w, "fits", r->fits);
    fv__json_add_real(w, "largest", r->largest);
    fv__json_add_real(w, "relative", r->relative);
    fv__json_add_int(w, "not_finite", r->not_finite);
    fv__json_add_bool(w, "differs", r->differs);
    fv__json_close(w);
}

static void json_tensors(const fv_comparison *c, fv_json_writer *w) {
    fv__json_open(w, "tensors", '{');
    fv__json_add_int(w, "same", c->same);
    fv__json_add_int(w, "different", c->different);
    fv__json_add_int(w, "other_shape", c->reshaped);
    fv__json_add_int(w, "only_a", c->tensors_a);
    fv__json_add_int(w, "only_b", c->tensors_b);
    fv__json_add_text(w, "first_different", c->tensor);
    fv__json_add_real(w, "largest", c->largest_weight);
    fv__json_close(w);
}

static void as_json(const fv_cli *cli, const fv_comparison *c, fv_text *out) {
    fv_json_writer w = fv__json_writer(out, 2);
    fv__json_open(&w, NULL, '{');
    fv__json_add_text(&w, "a", cli->words[0]);
    fv__json_add_text(&w, "b", cli->words[1]);
    fv__json_add_real(&w, "tolerance", ((const keys *)cli->keys)->tolerance);
    fv__json_add_bool(&w, "agree", !c->outputs_differ);
    fv__json_add_text(&w, "first", c->first < 0 ? NULL : c->layers[c->first]->name);
    fv__json_add_int(&w, "only_a", c->only_a);
    fv__json_add_int(&w, "only_b", c->only_b);
    fv__json_open(&w, "outputs", '[');
    for (int i = 0; i < c->output_count; i++) json_row(c->outputs[i], &w);
    fv__json_close(&w);
    json_tensors(c, &w);
    fv__json_open(&w, "layers", '[');
    for (int i = 0; i < c->layer_count; i++) json_row(c->layers[i], &w);
    fv__json_close(&w);
    fv__json_close(&w);
}

/* ----------------------------------------------------------------------------------- text --- */

static void put_number(fv_table *t, const fv_compared *r, double v) {
    if (r->fits)
        fv__table_cellf(t, "%.1e", v);
    else
        fv__table_cell(t, "");
}

static void put_row(fv_table *t, const char *kind, const fv_compared *r) {
    const bool same_op = strcmp(r->op_a, r->op_b) == 0;
    char shape[96] = "";
    size_t n = 0;
    for (int i = 0; i < r->rank && n < sizeof shape - 24; i++)
        n += (size_t)snprintf(shape + n, sizeof shape - n, "%s%lld", i ? "x" : "",
                              (long long)r->dims[i]);
    fv__table_cellf(t, "%s%s", kind, r->name);
    fv__table_cellf(t, same_op ? "%s" : "%s, %s", r->op_a, r->op_b);
    fv__table_cell(t, shape);
    put_number(t, r, r->largest);
    put_number(t, r, r->relative);
    if (!r->fits)
        fv__table_cell(t, "of other sizes");
    else if (r->not_finite)
        fv__table_cellf(t, "%lld not finite", (long long)r->not_finite);
    else
        fv__table_cell(t, r->differs ? "differs" : "");
}

/* Without --all the first and the last few: where it begins, and what it comes to. */
static bool is_shown(const fv_cli *cli, const fv_comparison *c, int i) {
    if (fv__cli_has(cli, "all") || c->layer_count <= ROWS_SHOWN) return true;
    const int from = c->first < 2 ? 0 : c->first - 2;
    return (i >= from && i < from + ROWS_SHOWN / 2) || i >= c->layer_count - ROWS_SHOWN / 2;
}

static fv_status put_table(fv_cli *cli, const fv_comparison *c, fv_text *out) {
    fv_table *t;
    int hidden = 0;
    FV_TRY(fv__table_new(cli->ctx, &t));
    fv__table_column(t, "layer", false);
    fv__table_column(t, "operator", false);
    fv__table_spare(t, 1);
    fv__table_column(t, "output", false);
    fv__table_spare(t, 2);
    fv__table_column(t, "largest", true);
    fv__table_spare(t, 3);
    fv__table_column(t, "relative", true);
    fv__table_column(t, "", false);
    for (int i = 0; i < c->layer_count; i++) {
        if (is_shown(cli, c, i))
            put_row(t, "", c->layers[i]);
        else
            hidden++;
    }
    if (c->layer_count && c->output_count) fv__table_rule(t);
    for (int i = 0; i < c->output_count; i++) put_row(t, "", c->outputs[i]);
    const fv_status status = fv__table_text(cli->ctx, t, fv__cli_screen(stdout).columns, out);
    fv__table_free(t);
    if (hidden)
        fv__cli_sentence(out, "%d layers in between are not shown; --all shows them.", hidden);
    return status;
}

static void put_layers(const fv_comparison *c, fv_text *out) {
    fv_text line = {0};
    if (!c->layer_count) {
        fv__cli_sentence(
            out, "No layer has the same name in both (%d and %d layers); outputs are compared.",
            c->only_a, c->only_b);
        return;
    }
    fv__text_addf(&line, "%d layers compared by name, ", c->layer_count);
    if (c->first >= 0)
        fv__text_addf(&line, "the first above the tolerance is %s", c->layers[c->first]->name);
    else
        fv__text_add(&line, "none above the tolerance");
    if (c->only_a || c->only_b)
        fv__text_addf(&line, "; %d only in the first, %d only in the second", c->only_a, c->only_b);
    fv__cli_sentence(out, "%s.", line.data ? line.data : "");
    out->failed = out->failed || line.failed;
    fv__text_free(&line);
}

static void put_tensors(const fv_comparison *c, fv_text *out) {
    fv_text line = {0};
    fv__text_addf(&line, "Weights: %d tensors the same, %d different", c->same, c->different);
    if (c->different) fv__text_addf(&line, " by at most %.1e", c->largest_weight);
    if (c->reshaped) fv__text_addf(&line, ", %d of another shape", c->reshaped);
    if (c->tensor) fv__text_addf(&line, " (the first is %s)", c->tensor);
    if (c->tensors_a || c->tensors_b)
        fv__text_addf(&line, "; %d only in the first, %d only in the second", c->tensors_a,
                      c->tensors_b);
    fv__cli_sentence(out, "%s.", line.data ? line.data : "");
    out->failed = out->failed || line.failed;
    fv__text_free(&line);
}

static fv_status as_text(fv_cli *cli, const fv_comparison *c, fv_text *out) {
    const double tolerance = ((const keys *)cli->keys)->tolerance;
    FV_TRY(put_table(cli, c, out));
    fv__text_add(out, "\n");
    put_layers(c, out);
    put_tensors(c, out);
    if (!c->outputs_differ)
        fv__cli_sentence(out,
                         c->output_count == 1 ? "The output agrees within %g."
                                              : "All outputs agree within %g.",
                         tolerance);
    return FV_OK;
}

/* ------------------------------------------------------------------------------------------- */

static fv_status say(fv_cli *cli, const fv_comparison *c) {
    fv_text out = {0};
    if (cli->json)
        as_json(cli, c, &out);
    else
        FV_TRY(as_text(cli, c, &out));
    return fv__cli_put(cli, &out);
}

/* The image as the first of them takes it in: the same numbers for both. */
static fv_status read_input(fv_cli *cli, const fv_model *a, float **out) {
    const char *what = fv__cli_value(cli, "input");
    int64_t dims[3];
    fv_image *image;
    *out = NULL;
    if (!what || strcmp(what, "random") == 0) return FV_OK;
    FV_TRY(fv__cli_image(cli, what, &image));
    *out = fv__alloc(cli->ctx, (size_t)fv_model_input(a, dims) * sizeof **out, "the image");
    fv_status status = *out ? FV_OK : FV_EXHAUSTED;
    if (status == FV_OK)
        status = fv_model_take_pixels(cli->ctx, a, image->pixels, image->width, image->height,
                                      image->channels, *out);
    fv_image_free(image);
    return status;
}

static fv_status compare(fv_cli *cli, const fv_model *a, const fv_model *b) {
    const keys *k = cli->keys;
    fv_compare_options options = FV_INIT(fv_compare_options);
    fv_comparison *comparison = NULL;
    float *input;
    fv_status status = read_input(cli, a, &input);
    options.input = input;
    options.seed = (uint64_t)k->seed;
    options.tolerance = k->tolerance;
    if (status == FV_OK) status = fv_compare(cli->ctx, a, b, &options, &comparison);
    fv__free(input);
    if (!comparison) return status;
    const fv_status put = say(cli, comparison);
    fv_comparison_free(comparison);
    return put == FV_OK ? status : put;
}

static fv_status run(fv_cli *cli) {
    const uint64_t seed = (uint64_t)((const keys *)cli->keys)->seed;
    fv_model *a = NULL, *b = NULL;
    fv_status status = fv__cli_model(cli, cli->words[0], seed, &a);
    if (status == FV_OK) status = fv__cli_model(cli, cli->words[1], seed, &b);
    if (status == FV_OK) status = compare(cli, a, b);
    fv_model_free(b);
    fv_model_free(a);
    return status;
}

const fv_command fv__command_compare = {
    .name = "compare",
    .help = "the same input through two models: how far apart each layer is",
    .synopsis = "A B [--input IMAGE|random] [tolerance=X] [seed=N]",
    .about =
        "A and B are models: .safetensors, .onnx, the folder of a training run; or networks of\n"
        "the zoo or .net files, which get fresh weights from the seed. The numbers that A makes\n"
        "of the image go into both. Layers are compared where their names are the same, outputs\n"
        "by name or else by number, weights number for number.\n"
        "\n"
        "  largest   of |a - b|\n"
        "  relative  |a - b| / |b|, of all numbers of a layer as one\n"
        "            vector; of |a| and |b| the larger counts\n"
        "\n"
        "Exit 6 when an output differs by more than the tolerance, or one has an output that\n"
        "the other lacks.",
    .examples = "fovea compare model.onnx model.safetensors --input cat.jpg\n"
                "fovea compare runs/lenet5-1 runs/lenet5-2 --all\n"
                "fovea compare before.safetensors after.safetensors tolerance=1e-6 --json",
    .words_min = 2,
    .words_max = 2,
    .keys = key_fields,
    .keys_size = sizeof(keys),
    .flags = flag_table,
    .takes = FV_CLI_NET,
    .run = run,
};
