/* SPDX-License-Identifier: MIT */
/*
 * predict_outputs.c - what a network gives that names no classes: maps, boxes, images. See
 * predict_outputs.h.
 */
#include "cli/predict_outputs.h"

#include <string.h>

fv_cli_gives fv__cli_gives(const fv_cli *cli, const fv_model *model) {
    int64_t dims[FV_DIMS_MAX], in[3];
    const int rank = fv_model_output(model, 0, dims);
    if (fv_model_output_type(model, 0) != FV_F32) return FV_CLI_OTHER;
    if (rank == 1 || (rank == 3 && dims[1] * dims[2] == 1)) return FV_CLI_SCORES;
    if (rank != 3 || fv_model_outputs(model) > 1 || fv__cli_has(cli, "out")) return FV_CLI_OTHER;
    fv_model_input(model, in);
    const bool named = fv_model_get(model, "classes") || fv_model_output_is_softmax(model, 0);
    return dims[0] != in[0] || named ? FV_CLI_PIXELS : FV_CLI_OTHER;
}

/* Least, largest, mean. */
static void figures(const float *v, int64_t count, double out[3]) {
    double sum = 0;
    out[0] = out[1] = count ? (double)v[0] : 0;
    for (int64_t i = 0; i < count; i++) {
        const double x = (double)v[i];
        out[0] = x < out[0] ? x : out[0];
        out[1] = x > out[1] ? x : out[1];
        sum += x;
    }
    out[2] = count ? sum / (double)count : 0;
}

static void as_text(const fv_model *model, fv_run *run, int i, fv_text *out) {
    int64_t dims[FV_DIMS_MAX], count;
    const int rank = fv_model_output(model, i, dims);
    const float *v = fv_run_output(run, i, &count);
    double f[3];
    char shape[160] = "1";
    size_t n = 0;
    for (int d = 0; d < rank; d++)
        n += (size_t)snprintf(shape + n, sizeof shape - n, "%s%lld", d ? "x" : "",
                              (long long)dims[d]);
    fv__text_addf(out, "  %-10s %-14s", fv_model_output_name(model, i), shape);
    if (fv_model_output_type(model, i) == FV_F32) {
        figures(v, count, f);
        fv__text_addf(out, " from %.5g to %.5g, mean %.5g", f[0], f[1], f[2]);
    }
    fv__text_add(out, "\n");
}

static void as_json(const fv_model *model, fv_run *run, int i, fv_json_writer *w) {
    int64_t dims[FV_DIMS_MAX], count;
    const int rank = fv_model_output(model, i, dims);
    const float *v = fv_run_output(run, i, &count);
    double f[3];
    fv__json_open(w, NULL, '{');
    fv__json_add_text(w, "name", fv_model_output_name(model, i));
    fv__json_add_ints(w, "dims", dims, rank);
    if (fv_model_output_type(model, i) == FV_F32) {
        figures(v, count, f);
        fv__json_add_real(w, "least", f[0]);
        fv__json_add_real(w, "most", f[1]);
        fv__json_add_real(w, "mean", f[2]);
    }
    fv__json_close(w);
}

/* "DIR/dog.png" for "photos/dog.jpg". */
static const char *path_for(fv_cli *cli, const char *file) {
    const char *slash = strrchr(file, '/'), *name = slash ? slash + 1 : file;
    const char *dot = strrchr(name, '.');
    const size_t stem = dot && dot != name ? (size_t)(dot - name) : strlen(name);
    return fv__arena_format(&cli->arena, "%s/%.*s.png", fv__cli_value(cli, "out"), (int)stem, name);
}

static fv_status draw(fv_cli *cli, fv_run *run, const char *path) {
    fv_blob *png;
    FV_TRY(fv_draw_output(cli->ctx, run, 0, &png));
    fv_status status = fv__folder_make(cli->ctx, fv__cli_value(cli, "out"));
    if (status == FV_OK) status = fv_blob_save(cli->ctx, png, path);
    fv_blob_free(png);
    return status;
}

fv_status fv__cli_predict_outputs(fv_cli *cli, const fv_model *model, fv_run *run, const char *file,
                                  fv_text *out) {
    const char *path = fv__cli_has(cli, "out") ? path_for(cli, file) : NULL;
    const int outputs = fv_model_outputs(model);
    if (fv__cli_has(cli, "out") && !path) return FV_EXHAUSTED;
    if (path) FV_TRY(draw(cli, run, path));
    if (!cli->json) {
        fv__text_addf(out, "%s\n", file);
        for (int i = 0; i < outputs; i++) as_text(model, run, i, out);
        if (path) fv__text_addf(out, "  %s\n", path);
        return FV_OK;
    }
    fv_json_writer w = fv__json_writer(out, FV_JSON_ONE_LINE);
    fv__json_open(&w, NULL, '{');
    fv__json_add_text(&w, "file", file);
    fv__json_open(&w, "outputs", '[');
    for (int i = 0; i < outputs; i++) as_json(model, run, i, &w);
    fv__json_close(&w);
    if (path) fv__json_add_text(&w, "image", path);
    fv__json_close(&w);
    return FV_OK;
}
