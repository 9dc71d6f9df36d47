/* SPDX-License-Identifier: MIT */
/*
 * outcome.c - a finished run's images and its report.
 */
#include "train/outcome.h"
#include "look/feature_images.h"
#include "view/view.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MISTAKES     24
#define MAPS         16 /* feature maps shown of a layer */
#define LAYERS_SHOWN 12

typedef struct teller {
    fv_context *ctx;
    fv_train_job *job;
    fv_report *report;
    fv_outcome *made;
    fv_scores scores;
    int64_t *confusion;       /* [classes][classes] */
    const char *const *names; /* [classes], or NULL */
} teller;

static void made(teller *t, const char *name, const char *what) {
    if (t->made->count < (int)(sizeof t->made->files / sizeof t->made->files[0]))
        t->made->files[t->made->count++] = (fv_outcome_file){name, what};
}

/* Writes a canvas as a file; frees it. */
static fv_status save(teller *t, fv_canvas *canvas, const char *file, const char *what) {
    char *path = fv__train_path(t->job, file);
    const fv_status status = path ? fv__png_write(t->ctx, canvas, path) : FV_EXHAUSTED;
    made(t, file, what);
    fv__canvas_free(canvas);
    return status;
}

/* Writes a canvas as a file (NULL: not) and into the report; frees it. */
static fv_status keep(teller *t, fv_canvas *canvas, const char *file, const char *what) {
    fv__report_image(t->report, canvas, NULL);
    if (file) return save(t, canvas, file, what);
    fv__canvas_free(canvas);
    return FV_OK;
}

static const char *class_name(const teller *t, int64_t k, char *out, size_t size) {
    return fv__model_class(t->job->model, k, out, size);
}

/* --- the parts -------------------------------------------------------------------------------- */

static void figures(teller *t) {
    const fv_position *at = &t->job->at;
    char text[64];
    const fv_epoch *last = &at->history[at->history_count - 1];
    const int64_t best = fv__train_best(at);
    double seconds = 0;
    for (size_t e = 0; e < at->history_count; e++) seconds += at->history[e].seconds;
    fv__format(text, sizeof text, "%.2f %%", 100 * last->test_accuracy);
    fv__report_figure(t->report, text, "test accuracy");
    snprintf(text, sizeof text, "%lld",
             (long long)(t->scores.tally.counted - t->scores.tally.right));
    fv__report_figure(t->report, text, "mistakes on the test images");
    fv__report_figure(t->report,
                      fv__commas(text, fv__net_parameters(t->job->model->net.graph, true)),
                      "parameters");
    fv__format(text, sizeof text, seconds < 600 ? "%.1f s" : "%.0f min",
               seconds < 600 ? seconds : seconds / 60);
    fv__report_figure(t->report, text, "training time");
    if (at->history[best].test_accuracy > last->test_accuracy) {
        fv__format(text, sizeof text, "%.2f %%", 100 * at->history[best].test_accuracy);
        char meaning[64];
        snprintf(meaning, sizeof meaning, "best, in epoch %lld", (long long)best + 1);
        fv__report_figure(t->report, text, meaning);
    }
}

static fv_status curves(teller *t) {
    const fv_position *at = &t->job->at;
    const size_t n = at->history_count;
    double *y = fv__alloc(t->ctx, (4 * n + 1) * sizeof *y, "the curves");
    if (!y) return FV_EXHAUSTED;
    for (size_t e = 0; e < n; e++) {
        y[e] = at->history[e].train_loss;
        y[n + e] = at->history[e].test_loss;
        y[2 * n + e] = at->history[e].train_accuracy;
        y[3 * n + e] = at->history[e].test_accuracy;
    }
    const fv_curve loss[2] = {{.name = "train", .y = y}, {.name = "test", .y = y + n}};
    const fv_curve accuracy[2] = {{.name = "train", .y = y + 2 * n},
                                  {.name = "test", .y = y + 3 * n}};
    const fv_plot plots[2] = {{.title = "Loss",
                               .x_label = "epoch",

                               .n = (int64_t)n,
                               .curves = loss,
                               .curve_count = 2},
                              {.title = "Accuracy",
                               .x_label = "epoch",

                               .n = (int64_t)n,
                               .curves = accuracy,
                               .curve_count = 2,
                               .percent = true}};
    fv__report_section(t->report, "Learning",
                       "Each epoch sees every training image once. Where training does much "
                       "better than the test, images are learnt by heart; where it does worse, "
                       "they were made harder (moved, mirrored, dropped out) or the network was "
                       "still changing.");
    fv__report_plot(t->report, &plots[0]);
    fv__report_plot(t->report, &plots[1]);
    fv_canvas canvas;
    fv_status status = fv__draw_plots(t->ctx, plots, 2, &canvas);
    if (status == FV_OK)
        status = save(t, &canvas, "curves.png", "loss and accuracy over the epochs");
    fv__free(y);
    return status;
}

static fv_status confusion(teller *t) {
    fv_canvas canvas;
    FV_TRY(fv__draw_confusion(t->ctx, t->confusion, t->job->test.classes, t->names, &canvas));
    fv__report_section(
        t->report, "What is taken for what",
        "Rows: the label, what the image shows. Columns: what the network predicted.");
    fv__report_confusion(t->report, t->confusion, t->job->test.classes, t->names);
    return save(t, &canvas, "confusion.png", "which class was taken for which");
}

typedef struct mistake {
    int64_t index;
    float confidence;
} mistake;

/* The most confident first. */
static int by_confidence(const void *a, const void *b) {
    const mistake *x = a, *y = b;
    if (x->confidence != y->confidence) return x->confidence < y->confidence ? 1 : -1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static fv_status draw_mistakes(teller *t, const mistake *list, int64_t count) {
    const fv_dataset *set = &t->job->test;
    const uint8_t *images[MISTAKES];
    char captions[MISTAKES][2 * FV_WORD_MAX + 32];
    const char *caption[MISTAKES];
    const size_t bytes = (size_t)(set->channels * set->height * set->width);
    for (int64_t i = 0; i < count; i++) {
        char label[FV_WORD_MAX], predicted[FV_WORD_MAX];
        const int64_t k = list[i].index;
        images[i] = set->pixels + (size_t)k * bytes;
        fv__format(captions[i], sizeof captions[i], "%s read as %s\nconfidence %.1f %%",
                 class_name(t, set->labels[k], label, sizeof label),
                 class_name(t, t->scores.predicted[k], predicted, sizeof predicted),
                 100 * (double)list[i].confidence);
        caption[i] = captions[i];
    }
    const fv_gallery gallery = {.images = images,
                                .count = count,
                                .channels = set->channels,
                                .h = set->height,
                                .w = set->width,
                                .captions = caption,
                                .columns = 6};
    fv_canvas canvas;
    FV_TRY(fv__draw_gallery(t->ctx, &gallery, &canvas));
    fv__report_section(t->report, "Worst mistakes",
                       "The test images read wrongly with the greatest confidence. Some of them "
                       "would puzzle a person too.");
    fv__report_gallery(t->report, &gallery);
    return save(t, &canvas, "mistakes.png", "the test images read most wrongly");
}

static fv_status mistakes(teller *t) {
    const fv_dataset *set = &t->job->test;
    const int64_t wrong = t->scores.tally.counted - t->scores.tally.right;
    if (wrong == 0) {
        fv__report_section(t->report, "Worst mistakes", "There were none on the test images.");
        return FV_OK;
    }
    mistake *list = fv__alloc(t->ctx, (size_t)wrong * sizeof *list, "the mistakes");
    if (!list) return FV_EXHAUSTED;
    int64_t count = 0;
    for (int64_t i = 0; i < set->count; i++)
        if (t->scores.predicted[i] != set->labels[i])
            list[count++] = (mistake){i, t->scores.confidence[i]};
    qsort(list, (size_t)count, sizeof *list, by_confidence);
    const fv_status status = draw_mistakes(t, list, count < MISTAKES ? count : MISTAKES);
    fv__free(list);
    return status;
}

static fv_status filters(teller *t) {
    const int param = fv__first_filters(t->job->model->net.graph);
    if (param < 0) return FV_OK;
    fv_canvas canvas;
    FV_TRY(fv__draw_filters(t->ctx, t->job->model, param, &canvas));
    fv__report_section(t->report, "What the first layer looks for",
                       "Each filter answers where the image resembles it. Blue weights say "
                       "bright here, red ones dark here; white does not matter.");
    return keep(t, &canvas, "filters.png", "the first convolution's filters");
}

static fv_status draw_features(teller *t, const float *x, int32_t label) {
    const fv_graph *net = t->job->model->net.graph;
    fv_look *look;
    char name[FV_WORD_MAX], lead[256];
    FV_TRY(fv__look_new(t->ctx, t->job->model, x, &look));
    snprintf(lead, sizeof lead,
             "The first test image (%s) as each layer sees it, after its activation.",
             class_name(t, label, name, sizeof name));
    fv__report_section(t->report, "An image on its way through the network", lead);
    fv_canvas canvas;
    fv_status status = fv__draw_input(t->ctx, net, x, &canvas);
    if (status == FV_OK) status = keep(t, &canvas, NULL, NULL);
    int worth = 0, seen = 0;
    for (size_t n = 0; n < net->node_count; n++) worth += fv__maps_worth(net, (int)n);
    const int every = (worth + LAYERS_SHOWN - 1) / LAYERS_SHOWN;
    for (size_t n = 0; status == FV_OK && n < net->node_count; n++) {
        if (!fv__maps_worth(net, (int)n)) continue;
        const bool last = seen == worth - 1;
        if (seen++ % every != 0 && !last) continue;
        status = fv__look_draw(t->ctx, look, (int)n, MAPS, &canvas);
        if (status == FV_OK) status = keep(t, &canvas, NULL, NULL);
    }
    fv__look_free(look);
    return status;
}

static fv_status features(teller *t) {
    const fv_graph *net = t->job->model->net.graph;
    const size_t count = (size_t)fv__shape_sample(&net->values[0].shape);
    float *x = fv__alloc(t->ctx, count * sizeof *x, "an image");
    if (!x) return FV_EXHAUSTED;
    int32_t label;
    const fv_batch first = {.n = 1};
    fv_status status =
        fv__batch_fill_classes(t->ctx, &t->job->test, &net->input, &first, x, &label);
    if (status == FV_OK) status = draw_features(t, x, label);
    fv__free(x);
    return status;
}

static fv_status layers(teller *t) {
    const fv_graph *net = t->job->model->net.graph;
    fv_table *table;
    FV_TRY(fv__table_new(t->ctx, &table));
    fv__table_column(table, "layer", false);
    fv__table_column(table, "options", false);
    fv__table_column(table, "output", false);
    fv__table_column(table, "parameters", true);
    bool failed = false;
    for (size_t n = 0; n < net->node_count; n++) {
        const fv_node *node = &net->nodes[n];
        char shape[FV_SHAPE_TEXT], count[32];
        fv_text options = {0};
        int64_t parameters = 0;
        for (int p = 0; p < node->params; p++)
            if (net->params[node->param[p]].spec.learned)
                parameters += net->params[node->param[p]].count;
        fv__options_print(&options, node->op, node->options);
        fv__table_cell(table, node->name);
        fv__table_cellf(table, "%s%s%s", node->op->name, options.length ? " " : "",
                        options.data ? options.data : "");
        fv__table_cell(table, fv__shape_text(shape, &net->values[node->out[0]].shape));
        fv__table_cell(table, parameters ? fv__commas(count, parameters) : "");
        failed = failed || options.failed;
        fv__text_free(&options);
    }
    fv__report_section(t->report, "The network",
                       "`fovea explain` prints this with memory, "
                       "multiplications and receptive fields.");
    fv__report_table(t->report, table);
    fv__report_code(t->report, net->source);
    fv__table_free(table);
    return failed ? fv__fail_memory(t->ctx, 0, "the report") : FV_OK;
}

static void origin(teller *t) {
    char text[256];
    fv__report_section(t->report, "How this came about",
                       "The same command gives the same model, byte for byte, with any number of "
                       "threads.");
    fv__report_code(t->report, t->job->command);
    snprintf(text, sizeof text,
             "Data set %s: %lld training images, %lld test images, checksum "
             "%016llx. Seed %lld.",
             t->job->train.name, (long long)t->job->train.count, (long long)t->job->test.count,
             (unsigned long long)t->job->train.checksum, (long long)t->job->recipe.seed);
    fv__report_paragraph(t->report, text);
    const char *settings = fv__model_get(t->job->model, "settings");
    if (settings) fv__report_code(t->report, settings);
}

/* --- together --------------------------------------------------------------------------------- */

static fv_status test_once_more(teller *t) {
    const fv_dataset *set = &t->job->test;
    const size_t count = (size_t)set->count;
    size_t cells;
    if (!fv__mul_size((size_t)set->classes, (size_t)set->classes, &cells)) return FV_EXHAUSTED;
    t->scores.predicted = fv__alloc(t->ctx, count * sizeof *t->scores.predicted, "the predictions");
    t->scores.confidence =
        fv__alloc(t->ctx, count * sizeof *t->scores.confidence, "the predictions");
    t->confusion = fv__alloc(t->ctx, cells * sizeof *t->confusion, "the confusion matrix");
    if (!t->scores.predicted || !t->scores.confidence || !t->confusion) return FV_EXHAUSTED;
    FV_TRY(fv__evaluate(t->ctx, t->job->evaluator, set, &t->scores));
    for (int64_t i = 0; i < set->count; i++)
        if (t->scores.predicted[i] < set->classes)
            t->confusion[set->labels[i] * set->classes + t->scores.predicted[i]]++;
    return FV_OK;
}

static fv_status tell(teller *t) {
    t->names = t->job->test.class_names;
    FV_TRY(test_once_more(t));
    made(t, "report.html", "all of the following on one page; open it in a browser");
    figures(t);
    FV_TRY(curves(t));
    FV_TRY(confusion(t));
    FV_TRY(mistakes(t));
    FV_TRY(filters(t));
    FV_TRY(features(t));
    FV_TRY(layers(t));
    origin(t);
    char *path = fv__train_path(t->job, "report.html");
    if (!path) return FV_EXHAUSTED;
    FV_TRY(fv__report_write(t->ctx, t->report, path));
    made(t, "model.safetensors", "the trained model: `fovea predict`, `fovea eval`");
    made(t, "best.safetensors", "the model of the epoch with the best test accuracy");
    made(t, "log.csv", "loss and accuracy of each epoch");
    return FV_OK;
}

fv_status fv__train_outcome(fv_context *ctx, fv_train_job *job, fv_outcome *made_files) {
    memset(made_files, 0, sizeof *made_files);
    teller t = {.ctx = ctx, .job = job, .made = made_files};
    char title[2 * FV_WORD_MAX + 16];
    snprintf(title, sizeof title, "%s on %s", job->model->net.graph->name, job->train.name);
    FV_TRY(fv__report_new(ctx, title, "A training run", &t.report));
    const fv_status status = tell(&t);
    fv__free(t.scores.predicted);
    fv__free(t.scores.confidence);
    fv__free(t.confusion);
    fv__report_free(t.report);
    return status;
}
