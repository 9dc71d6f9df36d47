/* SPDX-License-Identifier: MIT */
/*
 * explain_weights.c - `fovea explain` of a file of weights without a network: what lies in it.
 */
#include "cli/explain.h"
#include "view/view.h"

static int64_t numbers(const fv_st_entry *e) {
    return (int64_t)(e->bytes / e->type->bytes);
}

static void as_json(const char *file, const fv_safetensors *st, fv_text *out) {
    int64_t sum = 0, bytes = 0;
    fv_json_writer w = fv__json_writer(out, 2);
    fv__json_open(&w, NULL, '{');
    fv__json_add_text(&w, "weights", file);
    fv__json_open(&w, "tensors", '[');
    for (size_t i = 0; i < st->count; i++) {
        const fv_st_entry *e = &st->entries[i];
        fv__json_open(&w, NULL, '{');
        fv__json_add_text(&w, "name", e->name);
        fv__json_add_text(&w, "type", e->type->name);
        fv__json_add_ints(&w, "shape", e->shape.dim, e->shape.rank);
        fv__json_add_int(&w, "numbers", numbers(e));
        fv__json_add_int(&w, "bytes", (int64_t)e->bytes);
        fv__json_close(&w);
        sum += numbers(e);
        bytes += (int64_t)e->bytes;
    }
    fv__json_close(&w);
    fv__json_add_int(&w, "numbers", sum);
    fv__json_add_int(&w, "bytes", bytes);
    fv__json_close(&w);
}

static fv_status as_text(fv_cli *cli, const char *file, const fv_safetensors *st, fv_text *out) {
    fv_table *t = NULL;
    char dims[FV_SHAPE_TEXT], count[32], size[32];
    int64_t sum = 0, bytes = 0;
    FV_TRY(fv__table_new(cli->ctx, &t));
    fv__table_column(t, "tensor", false);
    fv__table_column(t, "type", false);
    fv__table_column(t, "shape", false);
    fv__table_column(t, "numbers", true);
    for (size_t i = 0; i < st->count; i++) {
        const fv_st_entry *e = &st->entries[i];
        char *name = fv__arena_text(&cli->arena, e->name);
        fv__table_cell(t, name ? fv__cli_tame(name) : "");
        fv__table_cell(t, e->type->name);
        fv__table_cell(t, fv__dims_text(dims, &e->shape));
        fv__table_cell(t, fv__commas(count, numbers(e)));
        sum += numbers(e);
        bytes += (int64_t)e->bytes;
    }
    fv__text_addf(out, "%s: weights without a network\n\n", file);
    const fv_status status = fv__table_text(cli->ctx, t, fv__cli_has(cli, "markdown"), out);
    fv__table_free(t);
    fv__text_addf(out, "\n%zu tensor%s, %s numbers, %s\n", st->count, st->count == 1 ? "" : "s",
                  fv__commas(count, sum), fv__short_bytes(size, (double)bytes));
    if (!cli->quiet)
        fv__text_add(out, "\nWith their network they can be used, `fovea predict NETWORK "
                          "weights=FILE IMAGE`, or be made\none file with it: `fovea convert "
                          "NETWORK model.safetensors weights=FILE`.\n");
    return status;
}

fv_status fv__explain_weights(fv_cli *cli, const char *file, const fv_safetensors *st) {
    fv_text out = {0};
    fv_status status = FV_OK;
    if (cli->json)
        as_json(file, st, &out);
    else
        status = as_text(cli, file, st, &out);
    if (status == FV_OK) return fv__cli_put(cli, &out);
    fv__text_free(&out);
    return status;
}
