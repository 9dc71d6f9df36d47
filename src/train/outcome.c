/* SPDX-License-Identifier: MIT */
/*
 * outcome.c - a finished run's images and its report.
 */
#include "look/feature_images.h"
#include "train/epoch_files.h"
#include "train/outcome_parts.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MISTAKES     24
#define MAPS         16 /* feature maps shown of a layer */
#define LAYERS_SHOWN 12

void fv__outcome_made(fv_teller *t, const char *name, const char *what) {
    if (t->made->count < (int)(sizeof t->made->files / sizeof t->made->files[0]))
        t->made->files[t->made->count++] = (fv_outcome_file){name, what};
}

fv_status fv__outcome_put(fv_teller *t, const char *file, fv_text *text, const char *what) {
    fv__outcome_made(t, file, what);
    return fv__train_put(t->ctx, t->job, file, text);
}

/* Writes a canvas as a file; frees it. */
static fv_status save(fv_teller *t, fv_canvas *canvas, const char *file, const char *what) {
    char *path = fv__train_path(t->job, file);
    const fv_status status = path ? fv__png_write(t->ctx, canvas, path) : FV_EXHAUSTED;
    fv__outcome_made(t, file, what);
    fv__canvas_free(canvas);
    return status;
}

/* Writes a canvas as a file (NULL: not) and into the report; frees it. */
static fv_status keep(fv_teller *t, fv_canvas *canvas, const char *file, const char *what) {
    fv__report_image(t->report, canvas, NULL);
    if (file) return save(t, canvas, file, what);
    fv__canvas_free(canvas);
    return FV_OK;
}

static const char *class_name(const fv_teller *t, int64_t k, char *out, size_t size) {
    return fv__model_class(t->job->model, k, out, size);
}

/* --- the parts -------------------------------------------------------------------------------- */

static void figures(fv_teller *t) {
    const fv_position *at = &t->job->at;
    char text[64];
    const fv_epoch *last = &at->history[at->history_count - 1];
    const int64_t best = fv__train_best(at);
    double seconds = 0;
    for (size_t e = 0; e < at->history_count; e++) seconds += at->history[e].seconds;
    if (t->counts) {
        fv__format(text, sizeof text, "%.2f %%", 100 * last->test_accuracy);
        fv__report_figure(t->report, text, t->classes ? "test accuracy" : "test pixels right");
    } else {
        fv__format(text, sizeof text, "%.4g", last->test_loss);
        fv__report_figure(t->report, text, "test loss");
    }
    if (t->classes) {
        fv__commas(text, t->scores.tally.counted - t->scores.tally.right);
        fv__report_figure(t->report, text, "mistakes on the test images");
    }
    fv__report_figure(t->report,
                      fv__commas(text, fv__net_parameters(t->job->model->net.graph, true)),
                      "parameters");
    fv__format(text, sizeof text, seconds < 600 ? "%.1f s" : "%.0f min",
               seconds < 600 ? seconds : seconds / 60);
    fv__report_figure(t->report, text, "training time");
    if (last->images_per_second > 0) {
        fv__commas(text, llround(last->images_per_second));
        fv__report_figure(t->report, text, "images a second in training");
    }
    if (last->peak_memory > 0) {
        fv__format(text, sizeof text, last->peak_memory < 1e9 ? "%.0f MB" : "%.2f GB",
                   last->peak_memory / (last->peak_memory < 1e9 ? 1e6 : 1e9));
        fv__report_figure(t->report, text, "memory at most");
    }
    if (t->counts && at->history[best].test_accuracy > last->test_accuracy) {
        fv__format(text, sizeof text, "%.2f %%", 100 * at->history[best].test_accuracy);
        char meaning[64];
        snprintf(meaning, sizeof meaning, "best, in epoch %lld", (long long)best + 1);
        fv__report_figure(t->report, text, meaning);
    }
}

static fv_status curves(fv_teller *t) {
    const fv_position *at = &t->job->at;
    fv_curves c;
    FV_TRY(fv__curves_of(t->ctx, at->history, at->history_count, &c));
    fv__report_section(t->report, "Learning",
                       "Each epoch sees every training image once. Where training does much "
                       "better than the test, images are learnt by heart; where it does worse, "
                       "they were made harder (moved, mirrored, dropped out) or the network was "
                       "still changing.");
    fv__report_plot(t->report, &c.plot[0]);
    if (t->counts) fv__report_plot(t->report, &c.plot[1]);
    fv__report_plot(t->report, &c.plot[2]);
    fv__report_plot(t->report, &c.plot[3]);
    fv_canvas canvas;
    fv_status status = fv__draw_plots(t->ctx, c.plot, FV_CURVES_LEARNING, &canvas);
    if (status == FV_OK)
        status = save(t, &canvas, "curves.png", "loss, accuracy and rate over the epochs");
    fv__free(c.y);
    return status;
}

static fv_status confusion(fv_teller *t) {
    fv_canvas canvas;
    FV_TRY(fv__draw_confusion(t->ctx, t->confusion, t->job->test.classes, t->names, &canvas));
    fv__report_section(
        t->report, "What is taken for what",
        "Rows: the label, what the image shows. Columns: what the network predicted.");
    fv__report_confusion(t->report, t->confusion, t->job->test.classes, t->names);
    return save(t, &canvas, "confusion.png", "which class was taken for which");
}

static fv_status mistakes_csv(fv_teller *t) {
    char name[FV_WORD_MAX];
    fv_text out = {.ctx = t->ctx};
    fv__text_add(&out, "image,label,predicted,confidence,label_name,predicted_name,file\n");
    int64_t *which, count;
    FV_TRY(fv__mistakes_list(&t->job->arena, &t->job->test, &t->each, &which, &count));
    for (int64_t i = 0; i < count; i++) {
        const int64_t k = which[i];
        fv__text_addf(&out, "%lld,%d,%d,%.6f,", (long long)k, t->each.labels[k],
                      t->each.predicted[k], (double)t->each.confidence[k]);
        fv__text_csv(&out, class_name(t, t->each.labels[k], name, sizeof name));
        fv__text_add(&out, ",");
        fv__text_csv(&out, class_name(t, t->each.predicted[k], name, sizeof name));
        const char *file = fv__dataset_file(&t->job->test, k);
        fv__text_add(&out, ",");
        if (file) fv__text_csv(&out, file);
        fv__text_add(&out, "\n");
    }
    return fv__outcome_put(t, "mistakes.csv", &out, "all of them");
}

static fv_status mistakes(fv_teller *t) {
    fv_gallery gallery;
    fv_canvas canvas;
    if (t->scores.tally.counted == t->scores.tally.right) {
        fv__report_section(t->report, "Worst mistakes", "There were none on the test images.");
        return mistakes_csv(t);
    }
    FV_TRY(fv__mistakes_of(&t->job->arena, t->job->model, &t->job->test, &t->each, MISTAKES,
                           &gallery));
    if (!gallery.count) return mistakes_csv(t); /* images that cannot stand side by side */
    FV_TRY(fv__draw_gallery(t->ctx, &gallery, &canvas));
    fv__report_section(t->report, "Worst mistakes",
                       "The test images read wrongly with the greatest confidence. Some of them "
                       "would puzzle a person too.");
    fv__report_gallery(t->report, &gallery);
    FV_TRY(save(t, &canvas, "mistakes.png", "the test images read most wrongly"));
    return mistakes_csv(t);
}

/* A run that began with fresh weights began with these. */
static fv_status filters_before(fv_teller *t, int param, fv_canvas *out) {
    const fv_model *now = t->job->model;
    fv_model before = *now;
    *out = (fv_canvas){0};
    before.weights =
        fv__alloc(t->ctx, (size_t)now->net.graph->param_elements * sizeof(float), "the filters");
    if (!before.weights) return FV_EXHAUSTED;
    fv__net_start(now->net.graph, &t->job->recipe, (uint64_t)t->job->recipe.seed, before.weights);
    const fv_status status = fv__draw_filters(t->ctx, &before, param, out);
    fv__free(before.weights);
    return status;
}

static fv_status filters(fv_teller *t) {
    const int param = fv__first_filters(t->job->model->net.graph);
    if (param < 0) return FV_OK;
    fv_canvas canvas, before;
    FV_TRY(fv__draw_filters(t->ctx, t->job->model, param, &canvas));
    fv__report_section(t->report, "What the first layer looks for",
                       "Each filter answers where the image resembles it. Blue weights say "
                       "bright here, red ones dark here; white does not matter.");
    if (t->job->weights_checksum) /* it began with a file's weights, which may be gone by now */
        return keep(t, &canvas, "filters.png", "the first convolution's filters");
    fv_status status = filters_before(t, param, &before);
    if (status == FV_OK)
        fv__report_beside(t->report, &before, "Before training: random numbers.", &canvas,
                          "After training.");
    fv__canvas_free(&before);
    const fv_status saved = save(t, &canvas, "filters.png", "the first convolution's filters");
    return status == FV_OK ? saved : status;
}

static fv_status draw_features(fv_teller *t, const float *x, int32_t label) {
    const fv_graph *net = t->job->model->net.graph;
    fv_look *look;
    char name[FV_WORD_MAX], lead[512];
    FV_TRY(fv__look_new(t->ctx, t->job->model, x, &look));
    snprintf(lead, sizeof lead,
             "The first test image%s%.200s%s as each layer sees it, after its activation.",
             label < 0 ? "" : " (", label < 0 ? "" : class_name(t, label, name, sizeof name),
             label < 0 ? "" : ")");
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

static fv_status features(fv_teller *t) {
    const fv_graph *net = t->job->model->net.graph;
    const size_t count = (size_t)fv__shape_sample(&net->values[0].shape);
    float *x = fv__alloc(t->ctx, count * sizeof *x, "an image");
    if (!x) return FV_EXHAUSTED;
    int32_t label = -1;
    const fv_batch first = {.n = 1};
    fv_status status = fv__batch_fill_classes(t->ctx, &t->job->test, &net->input, &first, x,
                                              t->classes ? &label : NULL);
    if (status == FV_OK) status = draw_features(t, x, label);
    fv__free(x);
    return status;
}

static fv_status layers(fv_teller *t) {
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

static void origin(fv_teller *t) {
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
static fv_status test_once_more(fv_teller *t) {
    const fv_dataset *set = &t->job->test;
    const size_t count = (size_t)set->count;
    size_t cells;
    const fv_target_kind wants = fv__learner_net(t->job->learner)->heads[0].wants;
    t->classes = wants == FV_TARGET_CLASS;
    t->counts = wants != FV_TARGET_VECTOR;
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

static fv_status tell(fv_teller *t) {
    t->names = t->job->test.class_names;
    FV_TRY(test_once_more(t));
    fv__outcome_made(t, "report.html", "all of the following on one page; open it in a browser");
    figures(t);
    FV_TRY(curves(t));
    if (t->classes) {
        FV_TRY(confusion(t));
        FV_TRY(fv__outcome_pairs(t));
        FV_TRY(fv__outcome_classes(t));
        FV_TRY(mistakes(t));
    }
    FV_TRY(fv__outcome_layers(t));
    FV_TRY(filters(t));
    FV_TRY(features(t));
    FV_TRY(layers(t));
    origin(t);
    char *path = fv__train_path(t->job, "report.html");
    if (!path) return FV_EXHAUSTED;
    FV_TRY(fv__report_write(t->ctx, t->report, path));
    fv__outcome_made(t, "model.safetensors", "the trained model: `fovea predict`, `fovea eval`");
    fv__outcome_made(t, "best.safetensors", "the model of the epoch with the best test accuracy");
    FV_TRY(fv__outcome_summary(t));
    FV_TRY(fv__epoch_files(t->ctx, t->job));
    fv__outcome_made(t, "log.csv", "loss, accuracy, time and memory of each epoch");
    fv__outcome_made(t, "steps.csv", "rate and loss of each step");
    fv__outcome_made(t, "layers.csv", "each layer's gradients, updates and activations");
    fv__outcome_made(t, "epochs.json", "both, for programs");
    char *range = fv__train_path(t->job, "lr.png");
    if (!range) return FV_EXHAUSTED;
    if (fv__file_exists(range))
        fv__outcome_made(t, "lr.png", "the loss over the rates that lr=auto tried");
    return FV_OK;
}

fv_status fv__train_outcome(fv_context *ctx, fv_train_job *job, fv_outcome *made_files) {
    memset(made_files, 0, sizeof *made_files);
    fv_teller t = {.ctx = ctx, .job = job, .made = made_files};
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
