/* SPDX-License-Identifier: MIT */
/*
 * command_predict.c - `fovea predict`: what a model sees in images.
 */
#include "base/printable.h"
#include "cli/predict_outputs.h"
#include "cli/views.h"
#include <math.h>
#include <string.h>

typedef struct keys {
    int64_t k;
    int views;
} keys;

static const fv_field key_fields[] = {
    {"k", "how many classes to name", FV_INT, offsetof(keys, k), "5", 1, 1000, 0, NULL, NULL},
    FV_CLI_VIEWS(offsetof(keys, views)),
    {NULL, NULL, FV_INT, 0, NULL, 0, 0, 0, NULL, NULL},
};

static const fv_cli_flag flag_table[] = {
    {"invert", NULL,
     "light and dark exchanged first: for ink on paper and a model of MNIST's kind"},
    {"out", "DIR", "of a network that makes images: where they go, as PNG"},
    {"show", NULL, "draw what the model sees as text (as on a terminal, without being asked)"},
    {NULL, NULL, NULL},
};

#define SHOW_COLUMNS 32  /* letters an image is drawn with, at most */
#define PAPER        0.6 /* a gray image lighter than this on average is ink on paper */

typedef struct predictor {
    fv_cli *cli;
    fv_model *model;
    fv_run *run;
    bool invert, show;
    fv_cli_gives gives;
    fv_terminal_style style;
    int64_t failed;
    float *mean; /* of the outputs for several views; NULL: there is one */
} predictor;

static fv_views views_of(const predictor *p) {
    return (fv_views)((const keys *)p->cli->keys)->views;
}

static void invert(fv_image *p) {
    const int64_t n = p->width * p->height * p->channels;
    for (int64_t i = 0; i < n; i++) p->pixels[i] = (uint8_t)(255 - p->pixels[i]);
}

static double brightness(const fv_image *p) {
    const int64_t n = p->width * p->height * p->channels;
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += p->pixels[i];
    return n ? sum / (255.0 * (double)n) : 0;
}

/* The network's input as gray bytes, scaled from its least to its largest value. */
static void make_gray(const float *x, const int64_t dims[3], uint8_t *gray) {
    const int64_t plane = dims[1] * dims[2];
    float least = x[0], most = x[0];
    for (int64_t i = 0; i < plane * dims[0]; i++) {
        if (x[i] < least) least = x[i];
        if (x[i] > most) most = x[i];
    }
    for (int64_t i = 0; i < plane; i++) {
        float sum = 0;
        for (int64_t c = 0; c < dims[0]; c++) sum += x[c * plane + i] - least;
        const float range = (most - least) * (float)dims[0];
        gray[i] = (uint8_t)(range > 0 ? 255.0f * sum / range + 0.5f : 0.0f);
    }
}

/* Shows the network's input in gray. */
static fv_status draw(const predictor *p) {
    fv_text out = {0};
    fv_blob *shown;
    int64_t dims[3];
    fv_model_input(p->model, dims);
    uint8_t *gray =
        fv__alloc(p->cli->ctx, (size_t)(dims[1] * dims[2]), "an image for the terminal");
    if (!gray) return FV_EXHAUSTED;
    make_gray(fv_run_input(p->run), dims, gray);
    const fv_status status =
        fv_draw_text(p->cli->ctx, gray, dims[1], dims[2], SHOW_COLUMNS, p->style, &shown);
    fv__free(gray);
    FV_TRY(status);
    fv__text_addn(&out, fv_blob_data(shown), fv_blob_size(shown));
    fv_blob_free(shown);
    return fv__cli_put_as_it_is(p->cli, &out);
}

/* Pixels of the output where it has scores for every one of them; 0: it has not. */
static int64_t map_pixels(const predictor *p, int64_t *classes) {
    int64_t dims[FV_DIMS_MAX];
    if (p->gives != FV_CLI_PIXELS) return 0;
    (void)fv_model_output(p->model, 0, dims);
    *classes = dims[0];
    return dims[1] * dims[2];
}

/* The share of pixels for which each class has the largest score; the caller frees it. */
static float *shares_of_pixels(const predictor *p, const float *scores, int64_t classes,
                               int64_t pixels) {
    float *shares = fv__alloc(p->cli->ctx, (size_t)classes * sizeof *shares, "shares of classes");
    for (int64_t i = 0; shares && i < pixels; i++) {
        int64_t best = 0;
        for (int64_t c = 1; c < classes; c++)
            if (scores[c * pixels + i] > scores[best * pixels + i]) best = c;
        shares[best] += 1;
    }
    for (int64_t c = 0; shares && c < classes; c++) shares[c] /= (float)pixels;
    return shares;
}

static void as_json(const predictor *p, const char *file, const float *scores, const int64_t *best,
                    int64_t k, fv_text *out) {
    char name[128];
    fv_json_writer w = fv__json_writer(out, FV_JSON_ONE_LINE);
    int64_t classes;
    const int64_t pixels = map_pixels(p, &classes);
    fv__json_open(&w, NULL, '{');
    fv__json_add_text(&w, "file", file);
    if (pixels) fv__json_add_int(&w, "pixels", pixels);
    fv__json_add_text(&w, "views", fv__cli_views[views_of(p)]);
    fv__json_open(&w, "classes", '[');
    for (int64_t i = 0; i < k; i++) {
        fv__json_open(&w, NULL, '{');
        fv__json_add_text(&w, "name", fv_model_class(p->model, best[i], name, sizeof name));
        fv__json_add_int(&w, "index", best[i]);
        fv__json_add_real(&w, pixels ? "share" : "score", (double)scores[best[i]]);
        fv__json_close(&w);
    }
    fv__json_close(&w);
    fv__json_close(&w);
}

/* "   99.95 %  5                    ####": a share, a name, a bar. */
static void share_line(fv_text *out, double share, const char *name) {
    fv__text_addf(out, "  %6.2f %%  %-20s ", 100 * share, name);
    for (int bar = (int)(share * 30 + 0.5); bar > 0; bar--) fv__text_add(out, "#");
    while (out->length && out->data[out->length - 1] == ' ') out->data[--out->length] = 0;
    fv__text_add(out, "\n");
}

static void as_text(const predictor *p, const char *file, const float *scores, const int64_t *best,
                    int64_t k, fv_text *out) {
    char count[32];
    int64_t classes;
    const int64_t pixels = map_pixels(p, &classes);
    const bool shares = pixels || fv_model_output_is_softmax(p->model, 0);
    fv__text_printable(out, file, "");
    fv__text_add(out, pixels ? ", " : "\n");
    if (pixels) fv__text_addf(out, "of %s pixels\n", fv__commas(count, pixels));
    for (int64_t i = 0; i < k; i++) {
        if (pixels && scores[best[i]] == 0) break; /* nowhere the largest */
        char name[128];
        fv_text shown = {0};
        const double score = (double)scores[best[i]];
        fv__text_printable(&shown, fv_model_class(p->model, best[i], name, sizeof name), "");
        if (shown.failed)
            out->failed = true;
        else if (shares)
            share_line(out, score, shown.data ? shown.data : "");
        else
            fv__text_addf(out, "  %12.5g  %s\n", score, shown.data ? shown.data : "");
        fv__text_free(&shown);
    }
}

/* The image in each of its views through the network; several of them are averaged. */
static fv_status run_views(predictor *p, const fv_image *image, int64_t *count) {
    const int views = fv_views_count(views_of(p));
    const float *y = fv_run_output(p->run, 0, count);
    if (p->mean) memset(p->mean, 0, (size_t)*count * sizeof *p->mean);
    for (int v = 0; v < views; v++) {
        FV_TRY(fv_model_take_view(p->cli->ctx, p->model, image->pixels, image->width, image->height,
                                  image->channels, views_of(p), v, fv_run_input(p->run)));
        FV_TRY(fv_run_forward(p->run, 1));
        for (int64_t i = 0; p->mean && i < *count; i++) p->mean[i] += y[i] / (float)views;
    }
    return FV_OK;
}

static fv_status look_at(predictor *p, const char *file, int64_t *count) {
    int64_t dims[3];
    fv_image *image;
    FV_TRY(fv__cli_image(p->cli, file, &image));
    fv_model_input(p->model, dims);
    if (p->invert)
        invert(image);
    else if (dims[0] == 1 && brightness(image) > PAPER)
        fv__cli_note(p->cli,
                     "%s is light all over; if it is dark ink on light paper and the model learnt "
                     "from light on dark (as digits, mnist), add --invert",
                     file);
    const fv_status status = run_views(p, image, count);
    fv_image_free(image);
    return status;
}

static fv_status check_finite(fv_cli *cli, const char *file, const float *v, int64_t count) {
    for (int64_t i = 0; i < count; i++)
        if (!isfinite(v[i]))
            return fv__fail(cli->ctx, FV_BAD_INPUT,
                            "%s: the network's output for it is not finite; the model's weights "
                            "are too large for these images: train it again with a smaller lr",
                            file);
    return FV_OK;
}

static void name_classes(const predictor *p, const char *file, const float *scores, int64_t count,
                         fv_text *out) {
    int64_t best[1000];
    const int64_t k = fv_best(scores, count, ((const keys *)p->cli->keys)->k, best);
    if (p->cli->json)
        as_json(p, file, scores, best, k, out);
    else
        as_text(p, file, scores, best, k, out);
}

static fv_status name_pixels(const predictor *p, const char *file, const float *scores,
                             fv_text *out) {
    int64_t classes = 0;
    const int64_t pixels = map_pixels(p, &classes);
    float *shares = shares_of_pixels(p, scores, classes, pixels);
    if (!shares) return FV_EXHAUSTED;
    name_classes(p, file, shares, classes, out);
    fv__free(shares);
    return FV_OK;
}

static fv_status predict(predictor *p, const char *file) {
    int64_t count = 0;
    fv_text out = {0};
    FV_TRY(look_at(p, file, &count));
    const float *first = p->mean ? p->mean : fv_run_output(p->run, 0, &count);
    if (fv_model_output_type(p->model, 0) == FV_F32)
        FV_TRY(check_finite(p->cli, file, first, count));
    if (p->show && !p->cli->json) FV_TRY(draw(p));
    if (p->gives == FV_CLI_SCORES)
        name_classes(p, file, first, count, &out);
    else if (p->gives == FV_CLI_PIXELS)
        FV_TRY(name_pixels(p, file, first, &out));
    else
        FV_TRY(fv__cli_predict_outputs(p->cli, p->model, p->run, file, &out));
    return fv__cli_put(p->cli, &out);
}

/* Room for the mean of several views, of a network whose outputs can be averaged. */
static fv_status prepare_views(predictor *p) {
    int64_t count;
    if (views_of(p) == FV_VIEWS_ONE) return FV_OK;
    if (p->gives != FV_CLI_SCORES || !fv_model_output_is_softmax(p->model, 0))
        return fv__fail(p->cli->ctx, FV_USAGE,
                        "views=%s averages probabilities, and this network does not end in them",
                        fv__cli_views[views_of(p)]);
    (void)fv_run_output(p->run, 0, &count);
    p->mean = fv__alloc(p->cli->ctx, (size_t)count * sizeof *p->mean, "the mean of views");
    return p->mean ? FV_OK : FV_EXHAUSTED;
}

static fv_status predict_all(predictor *p) {
    fv_cli *cli = p->cli;
    FV_TRY(prepare_views(p));
    for (int i = 1; i < cli->word_count; i++) {
        const fv_status status = predict(p, cli->words[i]);
        if (status == FV_OK) continue;
        if (status != FV_BAD_INPUT || cli->word_count == 2) return status;
        fv__cli_complain(cli->ctx); /* the others may be good */
        p->failed++;
    }
    if (!p->failed) return FV_OK;
    return fv__fail(cli->ctx, FV_BAD_INPUT, "%lld of %d images could not be read",
                    (long long)p->failed, cli->word_count - 1);
}

static fv_status run(fv_cli *cli) {
    predictor p = {.cli = cli, .invert = fv__cli_has(cli, "invert")};
    const fv_screen screen = fv__cli_screen(stdout);
    p.show = fv__cli_has(cli, "show") || (screen.columns > 0 && !cli->quiet);
    p.style = !screen.utf8     ? FV_TERMINAL_LETTERS
              : screen.colours ? FV_TERMINAL_SHADES
                               : FV_TERMINAL_BLOCKS;
    FV_TRY(fv__cli_trained(cli, cli->words[0], &p.model));
    p.gives = fv__cli_gives(cli, p.model);
    if (p.gives != FV_CLI_OTHER && fv__cli_has(cli, "out")) {
        fv_model_free(p.model);
        return fv__fail(cli->ctx, FV_USAGE,
                        "--out is for networks that make images; this one names classes");
    }
    fv_status status = fv_run_new(cli->ctx, p.model, 1, &p.run);
    if (status == FV_OK) status = predict_all(&p);
    fv__free(p.mean);
    fv_run_free(p.run);
    fv_model_free(p.model);
    return status;
}

const fv_command fv__command_predict = {
    .name = "predict",
    .help = "what a model sees in images: the best classes with names",
    .synopsis = "MODEL IMAGE ... [k=N] [views=ten] [weights=FILE] [input='...']",
    .about = "MODEL is a model file (.safetensors), the folder of a training run, or a network\n"
             "with weights=FILE. An IMAGE is a PNG, JPEG, BMP, PGM or PPM file, or - for one on\n"
             "standard input; it is resized and normalised as the network's `input` line says.\n"
             "views=flip averages the probabilities of the image and its mirror image, views=ten\n"
             "those of its corners and its middle as well (`fovea eval --help`).\n"
             "Of a network with scores for every pixel each class's share of the pixels is told.\n"
             "With --json one object per image, each on a line of its own. A file whose name\n"
             "begins with a dash or looks like key=value is meant where it is there; otherwise\n"
             "write ./NAME, or -- before it.\n"
             "\n"
             "Of a network that gives neither each output's size and range are told; one that\n"
             "makes images of images writes them with --out.",
    .examples = "fovea predict runs/lenet5-1 seven.png\n"
                "fovea predict model.safetensors scan.jpg --invert k=3\n"
                "fovea predict model.safetensors *.png --json\n"
                "fovea predict style.onnx dog.jpg input=3x256x256 --out painted\n"
                "curl https://example.org/cat.jpg | fovea predict model.safetensors -",
    .words_min = 2,
    .words_max = -1,
    .keys = key_fields,
    .keys_size = sizeof(keys),
    .flags = flag_table,
    .takes = FV_CLI_NET | FV_CLI_WEIGHTS | FV_CLI_INPUT | FV_CLI_CLASSES,
    .run = run,
};
