/* SPDX-License-Identifier: MIT */
/*
 * outcome.c - a finished run's images and its report.
 */
#include "train/outcome.h"
#include "look/feature_images.h"
#include "train/figures.h"
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
    bool classes; /* the test set has them: what follows is there */
    fv_predictions each;
    int32_t *labels;
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
    fv_curves c;
    FV_TRY(fv__curves_of(t->ctx, at->history, at->history_count, &c));
    fv__report_section(t->report, "Learning",
                       "Each epoch sees every training image once. Where training does much "
                       "better than the test, images are learnt by heart; where it does worse, "
                       "they were made harder (moved, mirrored, dropped out) or the network was "
                       "still changing.");
    fv__report_plot(t->report, &c.plot[0]);
    fv__report_plot(t->report, &c.plot[1]);
    fv_canvas canvas;
    fv_status status = fv__draw_plots(t->ctx, c.plot, 2, &canvas);
    if (status == FV_OK)
        status = save(t, &canvas, "curves.png", "loss and accuracy over the epochs");
    fv__free(c.y);
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

static fv_status mistakes(teller *t) {
    fv_gallery gallery;
    fv_canvas canvas;
    if (t->scores.tally.counted == t->scores.tally.right) {
        fv__report_section(t->report, "Worst mistakes", "There were none on the test images.");
        return FV_OK;
    }
    FV_TRY(fv__mistakes_of(&t->job->arena, t->job->model, &t->job->test, &t->each, MISTAKES,
                           &gallery));
    if (!gallery.count) return FV_OK; /* images that cannot stand side by side */
    FV_TRY(fv__draw_gallery(t->ctx, &gallery, &canvas));
    fv__report_section(t->report, "Worst mistakes",
                       "The test images read wrongly with the greatest confidence. Some of them "
                       "would puzzle a person too.");
    fv__report_gallery(t->report, &gallery);
    return save(t, &canvas, "mistakes.png", "the test images read most wrongly");
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
        fv_text options = {.ctx = t->ctx};
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

/* Once more, and of a set of classes what is predicted for each sample. */
static fv_status test_once_more(teller *t) {
    const fv_dataset *set = &t->job->test;
    const size_t count = (size_t)set->count;
    size_t cells;
    t->classes = fv__learner_net(t->job->learner)->heads[0].wants == FV_TARGET_CLASS;
    if (!t->classes) return fv__evaluate(t->ctx, t->job->evaluator, set, &t->scores);
    if (!fv__mul_size((size_t)set->classes, (size_t)set->classes, &cells))
        return fv__fail_memory(t->ctx, SIZE_MAX, "the confusion matrix");
    t->scores.predicted = fv__alloc(t->ctx, count * sizeof *t->scores.predicted, "the predictions");
    t->scores.confidence =
        fv__alloc(t->ctx, count * sizeof *t->scores.confidence, "the predictions");
    t->labels = fv__alloc(t->ctx, count * sizeof *t->labels, "the labels");
    t->confusion = fv__alloc(t->ctx, cells * sizeof *t->confusion, "the confusion matrix");
    if (!t->scores.predicted || !t->scores.confidence || !t->labels || !t->confusion)
        return FV_EXHAUSTED;
    FV_TRY(fv__evaluate(t->ctx, t->job->evaluator, set, &t->scores));
    FV_TRY(fv__dataset_labels(t->ctx, set, t->labels));
    t->each = (fv_predictions){t->scores.predicted, t->labels, t->scores.confidence};
    fv__confusion_of(set, &t->each, t->confusion);
    return FV_OK;
}

static fv_status tell(teller *t) {
    t->names = t->job->test.class_names;
    FV_TRY(test_once_more(t));
    made(t, "report.html", "all of the following on one page; open it in a browser");
    figures(t);
    FV_TRY(curves(t));
    if (t->classes) FV_TRY(confusion(t));
    if (t->classes) FV_TRY(mistakes(t));
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
    char *range = fv__train_path(t->job, "lr.png");
    if (!range) return FV_EXHAUSTED;
    if (fv__file_exists(range)) made(t, "lr.png", "the loss over the rates that lr=auto tried");
    return FV_OK;
}

fv_status fv__train_outcome(fv_context *ctx, fv_train_job *job, fv_outcome *made_files) {
    memset(made_files, 0, sizeof *made_files);
    teller t = {.ctx = ctx, .job = job, .made = made_files};
    char title[2 * FV_WORD_MAX + 16];
    fv__learner_show_average(job->learner, true); /* of what was tested and saved */
    snprintf(title, sizeof title, "%s on %s", job->model->net.graph->name, job->train.name);
    FV_TRY(fv__report_new(ctx, title, "A training run", &t.report));
    const fv_status status = tell(&t);
    fv__free(t.scores.predicted);
    fv__free(t.scores.confidence);
    fv__free(t.labels);
    fv__free(t.confusion);
    fv__report_free(t.report);
    return status;
}
