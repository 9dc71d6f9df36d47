/* SPDX-License-Identifier: MIT */
/*
 * data_show.c - `fovea data show DATA`: a batch as a network sees it in training, as a picture.
 */
#include "cli/data_show.h"
#include "base/printable.h"
#include <inttypes.h>

#define FILE_NAME "batch.png"

/* Of the numbers that the network reads, so that two batches can be told apart. */
static uint64_t checksum_of(const fv_preview_facts *f) {
    const size_t each = (size_t)(f->channels * f->height * f->width);
    return fv__fnv64(FV_FNV_START, f->x, (size_t)f->count * each * sizeof *f->x);
}

/* Lines are broken where the terminal ends. */
static void as_text(const fv_preview_facts *f, const char *path, fv_text *out) {
    char images[64];
    fv_text line = {.ctx = out->ctx};
    fv__text_printable(&line, f->data, "");
    fv__text_addf(&line, ": batch %lld of %lld of epoch %lld, %s", (long long)f->step,
                  (long long)f->steps, (long long)f->epoch,
                  fv__counted(images, f->count, "image", "images"));
    const size_t room = (size_t)fv__cli_screen(stdout).columns;
    if (line.length) fv__text_wrapped(out, line.data, 0, room);
    out->failed = out->failed || line.failed;
    fv__text_free(&line);
    fv__text_add(out, "  input         ");
    fv__text_wrapped(out, f->input, 16, room);
    fv__text_add(out, "  augmentation  ");
    fv__text_wrapped(out, *f->augmentation ? f->augmentation : "none", 16, room);
    fv__text_addf(out, "  checksum      %016" PRIx64 "\n\n", checksum_of(f));
    fv__text_printable(out, path, "");
    fv__text_add(out, "\n");
}

static void samples_json(const fv_preview *preview, fv_json_writer *w) {
    fv_preview_sample s = FV_INIT(fv_preview_sample);
    fv__json_open(w, "samples", '[');
    for (int64_t i = 0; fv_preview_at(preview, i, &s); i++) {
        fv__json_open(w, NULL, '{');
        fv__json_add_int(w, "number", s.number);
        fv__json_add_text(w, "file", s.file);
        fv__json_add_int(w, "class", s.label);
        fv__json_add_text(w, "name", s.name);
        if (s.other >= 0) fv__json_add_int(w, "mixed_with", s.other);
        if (s.other >= 0) fv__json_add_real(w, "share", s.keep);
        fv__json_close(w);
    }
    fv__json_close(w);
}

static void as_json(const fv_preview *preview, const char *path, fv_text *out) {
    const fv_preview_facts *f = fv_preview_describe(preview);
    char sum[24];
    fv_json_writer w = fv__json_writer(out, 2);
    snprintf(sum, sizeof sum, "%016" PRIx64, checksum_of(f));
    fv__json_open(&w, NULL, '{');
    fv__json_add_text(&w, "data", f->data);
    fv__json_add_text(&w, "file", path);
    fv__json_add_text(&w, "input", f->input);
    fv__json_add_text(&w, "augmentation", f->augmentation);
    fv__json_add_int(&w, "epoch", f->epoch);
    fv__json_add_int(&w, "batch", f->step);
    fv__json_add_int(&w, "batches", f->steps);
    fv__json_add_text(&w, "checksum", sum);
    samples_json(preview, &w);
    fv__json_close(&w);
}

static fv_status draw(fv_cli *cli, const fv_preview *preview, const char *path) {
    fv_text out = {0};
    fv_blob *png;
    FV_TRY(fv_draw_preview(cli->ctx, preview, &png));
    const fv_status status = fv_blob_save(cli->ctx, png, path);
    fv_blob_free(png);
    FV_TRY(status);
    if (cli->json)
        as_json(preview, path, &out);
    else
        as_text(fv_preview_describe(preview), path, &out);
    return fv__cli_put(cli, &out);
}

fv_status fv__cli_data_show(fv_cli *cli, const fv_preview_options *options) {
    const char *given = fv__cli_value(cli, "out"), *path = given ? given : FILE_NAME;
    fv_preview *preview;
    if (!fv__ends_with(path, ".png"))
        return fv__fail(cli->ctx, FV_USAGE,
                        "data show draws PNG files; call it --out NAME.png, not %s", path);
    FV_TRY(fv_preview_make(cli->ctx, options, &preview));
    const fv_status status = draw(cli, preview, path);
    fv_preview_free(preview);
    return status;
}
