/* SPDX-License-Identifier: MIT */
/*
 * explain_as_fc.c - `fovea explain --as-fc LAYER`: what sharing weights saves.
 */
#include "cli/explain.h"
#include "view/text_table.h"

static void put_row(fv_table *t, const char *how, const fv_wiring *w) {
    char text[32];
    fv__table_cell(t, how);
    fv__table_cell(t, fv__commas(text, w->weights));
    fv__table_cell(t, fv__commas(text, w->biases));
    fv__table_cell(t, fv__short_bytes(text, 4 * (double)(w->weights + w->biases)));
    fv__table_cell(t, fv__commas(text, w->connections));
}

static void put_volume(fv_text *out, const int64_t dims[3]) {
    fv__text_addf(out, "[%lldx%lldx%lld]", (long long)dims[1], (long long)dims[2],
                  (long long)dims[0]);
}

/* "8.4" times, "12,345" times. */
static char *times(char out[32], int64_t more, int64_t less) {
    const double v = less > 0 ? (double)more / (double)less : 0;
    if (v < 100)
        (void)fv__format(out, 32, "%.3g", v);
    else
        (void)fv__commas(out, (int64_t)(v + 0.5));
    return out;
}

static fv_status as_text(fv_cli *cli, const char *layer, const fv_as_fc *f, fv_text *out) {
    const int columns = fv__cli_screen(stdout).columns;
    char a[32], b[32];
    fv_table *t;
    FV_TRY(fv__table_new(cli->ctx, &t));
    fv__text_addf(out, "%s: ", layer);
    put_volume(out, f->input);
    fv__text_add(out, " to ");
    put_volume(out, f->output);
    fv__text_add(out, "\n\n");
    fv__table_column(t, "wired", false);
    fv__table_column(t, "weights", true);
    fv__table_column(t, "biases", true);
    fv__table_column(t, "memory", true);
    fv__table_column(t, "connections", true);
    put_row(t, "shared", &f->own);
    put_row(t, "local", &f->local);
    put_row(t, "fc", &f->full);
    const fv_status status = fv__table_text(cli->ctx, t, columns, out);
    fv__table_free(t);
    FV_TRY(status);
    fv__text_add(out, "\n");
    fv__cli_sentence(out,
                     "shared: as it is, all places with the same weights; local: the same windows, "
                     "every place with weights of its own; fc: every unit reads every number. "
                     "Fully connected it has %s times the parameters and %s times the connections: "
                     "multiplications, and one for the bias of each unit.",
                     times(a, f->full.weights + f->full.biases, f->own.weights + f->own.biases),
                     times(b, f->full.connections, f->own.connections));
    return FV_OK;
}

static void add_wiring(fv_json_writer *w, const char *name, const fv_wiring *v) {
    fv__json_open(w, name, '{');
    fv__json_add_int(w, "parameters", v->weights + v->biases);
    fv__json_add_int(w, "weights", v->weights);
    fv__json_add_int(w, "biases", v->biases);
    fv__json_add_int(w, "memory_bytes", 4 * (v->weights + v->biases));
    fv__json_add_int(w, "connections", v->connections);
    fv__json_close(w);
}

static void as_json(const char *net, const char *layer, const fv_as_fc *f, fv_text *out) {
    fv_json_writer w = fv__json_writer(out, FV_JSON_ONE_LINE);
    fv__json_open(&w, NULL, '{');
    fv__json_add_text(&w, "net", net);
    fv__json_add_text(&w, "layer", layer);
    fv__json_add_ints(&w, "input", f->input, 3);
    fv__json_add_ints(&w, "output", f->output, 3);
    add_wiring(&w, "shared", &f->own);
    add_wiring(&w, "local", &f->local);
    add_wiring(&w, "fc", &f->full);
    fv__json_close(&w);
}

fv_status fv__cli_explain_as_fc(fv_cli *cli, const fv_net *net, const char *layer) {
    fv_as_fc f = FV_INIT(fv_as_fc);
    fv_text out = {.ctx = cli->ctx};
    FV_TRY(fv_explain_as_fc(cli->ctx, net, layer, &f));
    fv_status status = FV_OK;
    if (cli->json)
        as_json(fv_net_name(net), layer, &f, &out);
    else
        status = as_text(cli, layer, &f, &out);
    if (status == FV_OK) return fv__cli_put(cli, &out);
    fv__text_free(&out);
    return status;
}
