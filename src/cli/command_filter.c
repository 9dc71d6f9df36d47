/* SPDX-License-Identifier: MIT */
/*
 * command_filter.c - `fovea filter`: one kernel over an image or numbers.
 */
#include "cli/numbers.h"
#include <string.h>

typedef struct keys {
    int pad, range;
    bool flip;
    double sigma;
} keys;

/* In the order of fv_border and fv_filter_range. */
static const char *const borders[] = {"zero", "edge", "reflect", NULL};
static const char *const ranges[] = {"clip", "centre", NULL};

#define AT(member) offsetof(keys, member)
static const fv_field key_fields[] = {
    {"pad", "what lies beyond the border: black, its last pixel, or the image mirrored there",
     FV_CHOICE, AT(pad), "zero", 0, 0, 0, borders, NULL},
    {"range",
     "of an image: clipped to 0 ... 255, or 0 in the centre at grey 128 and the largest magnitude "
     "at 1 or 255",
     FV_CHOICE, AT(range), "clip", 0, 0, 0, ranges, NULL},
    {"sigma", "how wide gaussian is, pixels, 0.1 to 20; 0: the usual 1 2 1", FV_REAL, AT(sigma),
     "0", 0, 1e6, 0, NULL, NULL},
    {"flip", "the kernel mirrored first: a convolution as mathematics has it", FV_BOOL, AT(flip),
     "no", 0, 0, 0, NULL, NULL},
    {NULL, NULL, FV_INT, 0, NULL, 0, 0, 0, NULL, NULL},
};

static const fv_cli_flag flag_table[] = {
    {"out", "FILE", "where the result goes: a PNG file; of numbers, a text instead of the screen"},
    {NULL, NULL, NULL},
};

typedef struct job {
    fv_cli *cli;
    const keys *keys;
    const char *out; /* or NULL */
    fv_filter_options options;
    fv_matrix *kernel;
} job;

static fv_status make_kernel(job *j, int dimensions) {
    return fv_kernel_make(j->cli->ctx, j->cli->words[1], dimensions, j->keys->sigma, &j->kernel);
}

static void json_of_image(const job *j, const fv_image *image, fv_text *out) {
    fv_json_writer w = fv__json_writer(out, FV_JSON_ONE_LINE);
    fv__json_open(&w, NULL, '{');
    fv__json_add_text(&w, "file", j->out);
    fv__json_add_ints(&w, "image", (const int64_t[]){image->channels, image->height, image->width},
                      3);
    fv__json_add_text(&w, "pad", borders[j->keys->pad]);
    fv__json_add_text(&w, "range", ranges[j->keys->range]);
    fv__cli_json_matrix(&w, "kernel", j->kernel);
    fv__json_close(&w);
}

static fv_status filter_image(job *j, const fv_image *image) {
    fv_context *ctx = j->cli->ctx;
    fv_text out = {0};
    fv_image *result = NULL;
    fv_blob *png = NULL;
    if (!j->out) return fv__fail(ctx, FV_USAGE, "say where the image goes: --out edges.png");
    if (!fv__ends_with(j->out, ".png"))
        return fv__fail(ctx, FV_USAGE, "filter writes PNG files; call it --out NAME.png, not %s",
                        j->out);
    FV_TRY(make_kernel(j, 2));
    FV_TRY(fv_filter_image(ctx, image, j->kernel, &j->options, &result));
    fv_status status = fv_image_png(ctx, result, &png);
    if (status == FV_OK) status = fv_blob_save(ctx, png, j->out);
    fv_blob_free(png);
    fv_image_free(result);
    FV_TRY(status);
    if (j->cli->json)
        json_of_image(j, image, &out);
    else
        fv__text_addf(&out, "%s\n", j->out);
    return fv__cli_put(j->cli, &out);
}

static fv_status filter_numbers(job *j, const fv_matrix *x) {
    fv_text out = {.ctx = j->cli->ctx};
    fv_matrix *y;
    FV_TRY(make_kernel(j, x->rank == 1 ? 1 : 2));
    FV_TRY(fv_filter(j->cli->ctx, x, j->kernel, &j->options, &y));
    if (j->cli->json) {
        fv_json_writer w = fv__json_writer(&out, FV_JSON_ONE_LINE);
        fv__json_open(&w, NULL, '{');
        fv__cli_json_matrix(&w, "kernel", j->kernel);
        fv__cli_json_matrix(&w, "y", y);
        fv__json_close(&w);
    } else if (x->rank == 1) {
        fv__cli_put_matrix(&out, y);
        fv__text_add(&out, "\n");
    } else {
        fv__cli_put_grid(&out, y, 0);
    }
    fv_matrix_free(y);
    if (!j->out) return fv__cli_put(j->cli, &out);
    fv_status status = fv__text_done(j->cli->ctx, &out);
    if (status == FV_OK) status = fv__file_write(j->cli->ctx, j->out, out.data, out.length);
    fv__text_free(&out);
    return status;
}

/* Numbers as text, 0-ended for the parser. */
static fv_status from_text(job *j, const char *text, size_t size) {
    fv_matrix *x;
    char *copy = fv__alloc(j->cli->ctx, size + 1, "a text");
    if (!copy) return FV_EXHAUSTED;
    memcpy(copy, text, size);
    fv_status status = fv_matrix_parse(j->cli->ctx, copy, &x);
    fv__free(copy);
    FV_TRY(status);
    status = filter_numbers(j, x);
    fv_matrix_free(x);
    return status;
}

/* The bytes of a file, which are numbers or an image. */
static fv_status from_bytes(job *j, const char *name, const char *data, size_t size) {
    fv_image *image;
    if (fv__cli_is_numbers(data, size)) {
        if (from_text(j, data, size) == FV_OK) return FV_OK;
        return j->cli->ctx->status;
    }
    FV_TRY(fv_image_decode(j->cli->ctx, name, data, size, &image));
    const fv_status status = filter_image(j, image);
    fv_image_free(image);
    return status;
}

static fv_status from_input(job *j) {
    char *data;
    size_t size;
    fv_status status = fv__cli_read_input(j->cli, &data, &size);
    if (status == FV_OK) status = from_bytes(j, "standard input", data, size);
    fv__free(data);
    return status;
}

static fv_status from_word(job *j, const char *word) {
    fv_bytes bytes;
    if (strcmp(word, "-") == 0) return from_input(j);
    if (!fv__file_exists(word) && fv__cli_is_numbers(word, strlen(word)))
        return from_text(j, word, strlen(word));
    FV_TRY(fv__file_read(j->cli->ctx, word, 0, &bytes));
    const fv_status status = from_bytes(j, word, (const char *)bytes.data, bytes.size);
    fv__file_release(&bytes);
    return status;
}

static fv_status run(fv_cli *cli) {
    job j = {.cli = cli, .keys = cli->keys, .out = fv__cli_value(cli, "out")};
    j.options = (fv_filter_options)FV_INIT(fv_filter_options);
    j.options.border = (fv_border)j.keys->pad;
    j.options.range = (fv_filter_range)j.keys->range;
    j.options.flip = j.keys->flip;
    const fv_status status = from_word(&j, cli->words[0]);
    fv_matrix_free(j.kernel);
    return status;
}

/* The kernels that have names, as numbers too: "0 1 0 / 1 -4 1 / 0 1 0". */
static void kernels(fv_text *out) {
    fv_kernel_facts k = FV_INIT(fv_kernel_facts);
    fv__text_add(out, "\nKernels\n");
    for (int i = 0; fv_kernel_at(i, &k); i++) {
        fv_text right = {0};
        fv__text_addf(&right, "%s: ", k.help);
        for (int q = 0; q < 9; q++)
            fv__text_addf(&right, "%g%s", k.weights[q], q == 8 ? "" : q % 3 == 2 ? " / " : " ");
        if (k.divisor != 1) fv__text_addf(&right, ", divided by %g", k.divisor);
        fv__cli_entry(out, k.name, 8, right.data ? right.data : "");
        out->failed = out->failed || right.failed;
        fv__text_free(&right);
    }
}

const fv_command fv__command_filter = {
    .name = "filter",
    .help = "one kernel over an image or a signal: edges, blur, sharpen",
    .synopsis = "IMAGE|NUMBERS KERNEL [key=value ...] [--out FILE]",
    .about =
        "IMAGE is an image file as predict takes it, or - for standard input; the result is a PNG\n"
        "file of its size, each channel filtered on its own. NUMBERS are a signal, \"[1,2,3,4]\"\n"
        "or a text file of numbers, or a matrix, \"[[1,2],[3,4]]\"; their result is printed.\n"
        "KERNEL is a name or numbers of your own: \"[[0,1,0],[1,-4,1],[0,1,0]]\" or\n"
        "\"0,1,0; 1,-4,1; 0,1,0\"; 1/9 is a number too.\n"
        "It is computed by the layer conv, so it is a correlation, as networks have it.\n"
        "With edges, which are negative on one side, range=centre shows both sides.",
    .examples = "fovea filter photo.jpg edge2 --out edges.png range=centre\n"
                "fovea filter photo.jpg gaussian sigma=1.5 pad=reflect --out soft.png\n"
                "fovea filter photo.jpg \"0,-1,0; -1,5,-1; 0,-1,0\" --out sharp.png\n"
                "fovea filter \"[1,2,3,4]\" box pad=edge",
    .words_min = 2,
    .words_max = 2,
    .keys = key_fields,
    .keys_size = sizeof(keys),
    .flags = flag_table,
    .more = kernels,
    .run = run,
};
