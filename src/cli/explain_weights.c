/* SPDX-License-Identifier: MIT */
/*
 * explain_weights.c - `fovea explain` of a file of weights without a network: what lies in it.
 */
#include "cli/explain.h"
#include "view/text_table.h"

/* "6x1x5x5"; "1" for a single number */
static char *dims_text(char out[192], const fv_weight_facts *e) {
    size_t n = 0;
    snprintf(out, 192, "1");
    for (int d = 0; d < e->rank; d++)
        n += (size_t)snprintf(out + n, 192 - n, "%s%lld", d ? "x" : "", (long long)e->dims[d]);
    return out;
}

static void as_json(const char *file, const fv_weights *all, fv_text *out) {
    int64_t sum = 0, bytes = 0;
    fv_json_writer w = fv__json_writer(out, 2);
    fv__json_open(&w, NULL, '{');
    fv__json_add_text(&w, "weights", file);
    fv__json_open(&w, "tensors", '[');
    for (int i = 0; i < all->count; i++) {
        const fv_weight_facts *e = all->tensors[i];
        fv__json_open(&w, NULL, '{');
        fv__json_add_text(&w, "name", e->name);
        fv__json_add_text(&w, "type", e->type);
        fv__json_add_ints(&w, "shape", e->dims, e->rank);
        fv__json_add_int(&w, "numbers", e->count);
        fv__json_add_int(&w, "bytes", (int64_t)e->bytes);
        fv__json_close(&w);
        sum += e->count;
        bytes += (int64_t)e->bytes;
    }
    fv__json_close(&w);
    fv__json_add_int(&w, "numbers", sum);
    fv__json_add_int(&w, "bytes", bytes);
    fv__json_close(&w);
}

static fv_status as_text(fv_cli *cli, const char *file, const fv_weights *all, fv_text *out) {
    fv_table *t = NULL;
    char dims[192], count[32], size[32];
    int64_t sum = 0, bytes = 0;
    FV_TRY(fv__table_new(cli->ctx, &t));
    fv__table_column(t, "tensor", false);
    fv__table_column(t, "type", false);
    fv__table_column(t, "shape", false);
    fv__table_column(t, "numbers", true);
    for (int i = 0; i < all->count; i++) {
        const fv_weight_facts *e = all->tensors[i];
        fv__table_cell(t, e->name);
        fv__table_cell(t, e->type);
        fv__table_cell(t, dims_text(dims, e));
        fv__table_cell(t, fv__commas(count, e->count));
        sum += e->count;
        bytes += (int64_t)e->bytes;
    }
    fv__text_addf(out, "%s: weights without a network\n\n", file);
    const fv_status status = fv__cli_has(cli, "markdown")
                                 ? fv__table_markdown(cli->ctx, t, out)
                                 : fv__table_text(cli->ctx, t, fv__cli_screen(stdout).columns, out);
    fv__table_free(t);
    fv__text_addf(out, "\n%d tensor%s, %s numbers, %s\n", all->count, all->count == 1 ? "" : "s",
                  fv__commas(count, sum), fv__short_bytes(size, (double)bytes));
    if (!cli->quiet)
        fv__text_add(out, "\nWith their network they can be used, `fovea predict NETWORK "
                          "weights=FILE IMAGE`, or be made\none file with it: `fovea convert "
                          "NETWORK model.safetensors weights=FILE`.\n");
    return status;
}

fv_status fv__cli_explain_weights(fv_cli *cli, const char *file, const fv_weights *all) {
    fv_text out = {0};
    fv_status status = FV_OK;
    if (cli->json)
        as_json(file, all, &out);
    else
        status = as_text(cli, file, all, &out);
    if (status == FV_OK) return fv__cli_put(cli, &out);
    fv__text_free(&out);
    return status;
}
