/* SPDX-License-Identifier: MIT */
/*
 * command_eval.c - `fovea eval`: how well a model does on labelled images.
 */
#include "base/printable.h"
#include "cli/views.h"

typedef struct keys {
    int64_t batch, seed;
    int views;
} keys;

static const fv_field key_fields[] = {
    {"batch", "images at a time; the result does not depend on it", FV_INT, offsetof(keys, batch),
     "100", 1, 1 << 20, 0, NULL, NULL},
    {"seed", "for sets that are drawn: which ones", FV_INT, offsetof(keys, seed), "1", 0, 9e15, 0,
     NULL, NULL},
    FV_CLI_VIEWS(offsetof(keys, views)),
    {NULL, NULL, FV_INT, 0, NULL, 0, 0, 0, NULL, NULL},
};

static const fv_cli_flag flag_table[] = {
    {"train", NULL, "on the training part instead of the test part"},
    {NULL, NULL, NULL},
};

/* What was evaluated. */
typedef struct subject {
    const fv_model *model;
    const fv_dataset *set;
    bool train;
    int views;
} subject;

static void as_json(const subject *of, const fv_evaluation *e, fv_text *out) {
    fv_json_writer w = fv__json_writer(out, FV_JSON_ONE_LINE);
    fv__json_open(&w, NULL, '{');
    fv__json_add_text(&w, "net", fv_model_name(of->model));
    fv__json_add_text(&w, "data", fv_dataset_name(of->set));
    fv__json_add_text(&w, "part", of->train ? "train" : "test");
    fv__json_add_text(&w, "views", fv__cli_views[of->views]);
    fv__json_add_int(&w, "images", e->images);
    fv__json_add_int(&w, "correct", e->correct);
    fv__json_add_real(&w, "accuracy", e->accuracy);
    fv__json_add_real(&w, "top5", e->top5);
    fv__json_add_real(&w, "loss", e->loss);
    fv__json_add_rounded(&w, "seconds", e->seconds, 3);
    fv__json_close(&w);
}

static void as_text(const subject *of, const fv_evaluation *e, fv_text *out) {
    char a[64], b[32];
    fv__text_addf(out, "%s on %s, %s part: %s", fv_model_name(of->model), fv_dataset_name(of->set),
                  of->train ? "training" : "test", fv__counted(a, e->images, "image", "images"));
    const int views = fv_views_count((fv_views)of->views);
    if (views > 1) fv__text_addf(out, ", %d views of each", views);
    fv__text_add(out, "\n\n");
    fv__text_addf(out, "  accuracy  %.2f %%   (%s right, %s wrong)\n", 100.0 * e->accuracy,
                  fv__commas(a, e->correct), fv__commas(b, e->counted - e->correct));
    if (e->classes > 5) fv__text_addf(out, "  top 5     %.2f %%\n", 100.0 * e->top5);
    fv__text_addf(out, "  loss      %.4f\n", e->loss);
    const double rate = (double)e->images / (e->seconds > 0 ? e->seconds : 1e-9);
    fv__text_addf(out, "  time      %.2f s, %s images a second\n", e->seconds,
                  fv__commas(a, (int64_t)rate));
}

static fv_status evaluate(fv_cli *cli, const subject *of) {
    fv_evaluation_options options = FV_INIT(fv_evaluation_options);
    fv_evaluation *e;
    fv_text out = {0};
    options.batch = ((const keys *)cli->keys)->batch;
    options.views = (fv_views)of->views;
    FV_TRY(fv_evaluate(cli->ctx, of->model, of->set, &options, &e));
    if (cli->json)
        as_json(of, e, &out);
    else
        as_text(of, e, &out);
    fv_evaluation_free(e);
    return fv__cli_put(cli, &out);
}

/* --- several models as one ---------------------------------------------------------------------
 */

/* What was opened: the words before the last one, and what each got. */
typedef struct ensemble {
    int count;
    fv_model **models;
    fv_evaluation **each, *all;
} ensemble;

static void scores_json(fv_json_writer *w, const fv_evaluation *e) {
    fv__json_add_int(w, "correct", e->correct);
    fv__json_add_real(w, "accuracy", e->accuracy);
    fv__json_add_real(w, "top5", e->top5);
    fv__json_add_real(w, "loss", e->loss);
}

static void ensemble_json(const fv_cli *cli, const ensemble *of, const fv_dataset *set, bool train,
                          fv_text *out) {
    fv_json_writer w = fv__json_writer(out, FV_JSON_ONE_LINE);
    fv__json_open(&w, NULL, '{');
    fv__json_add_text(&w, "data", fv_dataset_name(set));
    fv__json_add_text(&w, "part", train ? "train" : "test");
    fv__json_add_int(&w, "images", of->all->images);
    scores_json(&w, of->all);
    fv__json_add_rounded(&w, "seconds", of->all->seconds, 3);
    fv__json_open(&w, "models", '[');
    for (int i = 0; i < of->count; i++) {
        fv__json_open(&w, NULL, '{');
        fv__json_add_text(&w, "model", cli->words[i]);
        fv__json_add_text(&w, "net", fv_model_name(of->models[i]));
        scores_json(&w, of->each[i]);
        fv__json_close(&w);
    }
    fv__json_close(&w);
    fv__json_close(&w);
}

static void ensemble_row(const fv_evaluation *e, const char *name, fv_text *out) {
    fv__text_addf(out, "  %6.2f %%  ", 100.0 * e->accuracy);
    if (e->classes > 5) fv__text_addf(out, "%6.2f %%  ", 100.0 * e->top5);
    fv__text_addf(out, "%7.4f  %s\n", e->loss, name);
}

static void ensemble_text(const fv_cli *cli, const ensemble *of, const fv_dataset *set, bool train,
                          fv_text *out) {
    char a[64];
    fv__text_addf(out, "%d models on %s, %s part: %s\n\n", of->count, fv_dataset_name(set),
                  train ? "training" : "test", fv__counted(a, of->all->images, "image", "images"));
    fv__text_addf(out, "  accuracy  %s   loss\n", of->all->classes > 5 ? "  top 5  " : "");
    for (int i = 0; i < of->count; i++) ensemble_row(of->each[i], cli->words[i], out);
    ensemble_row(of->all, "together: the mean of their probabilities", out);
}

static fv_status open_models(fv_cli *cli, ensemble *of) {
    if (cli->weights)
        return fv__fail(cli->ctx, FV_USAGE,
                        "weights=FILE is for one network; make a model of it first: fovea convert "
                        "NET model.safetensors weights=FILE");
    for (int i = 0; i < of->count; i++) FV_TRY(fv__cli_trained(cli, cli->words[i], &of->models[i]));
    return FV_OK;
}

static fv_status evaluate_all(fv_cli *cli, ensemble *of, const fv_dataset *set, bool train) {
    fv_evaluation_options options = FV_INIT(fv_evaluation_options);
    fv_text out = {0};
    options.batch = ((const keys *)cli->keys)->batch;
    FV_TRY(fv_evaluate_ensemble(cli->ctx, (const fv_model *const *)of->models, of->count, set,
                                &options, of->each, &of->all));
    (cli->json ? ensemble_json : ensemble_text)(cli, of, set, train, &out);
    return fv__cli_put(cli, &out);
}

static fv_status run_ensemble(fv_cli *cli) {
    const bool train = fv__cli_has(cli, "train");
    const uint64_t seed = (uint64_t)((const keys *)cli->keys)->seed;
    const size_t count = (size_t)cli->word_count - 1;
    ensemble of = {.count = (int)count};
    fv_dataset *set;
    of.models = fv__arena_alloc(&cli->arena, count * sizeof *of.models);
    of.each = fv__arena_alloc(&cli->arena, count * sizeof *of.each);
    if (!of.models || !of.each) return FV_EXHAUSTED;
    fv_status status = open_models(cli, &of);
    if (status == FV_OK)
        status = fv_dataset_open(cli->ctx, cli->words[count], seed, train ? &set : NULL,
                                 train ? NULL : &set);
    if (status == FV_OK) {
        status = evaluate_all(cli, &of, set, train);
        fv_dataset_free(set);
    }
    for (size_t i = 0; i < count; i++) {
        fv_evaluation_free(of.each[i]);
        fv_model_free(of.models[i]);
    }
    fv_evaluation_free(of.all);
    return status;
}

static fv_status run(fv_cli *cli) {
    if (cli->word_count > 2) return run_ensemble(cli);
    const bool train = fv__cli_has(cli, "train");
    const uint64_t seed = (uint64_t)((const keys *)cli->keys)->seed;
    fv_model *model;
    fv_dataset *set;
    FV_TRY(fv__cli_trained(cli, cli->words[0], &model));
    fv_dataset_options options = FV_INIT(fv_dataset_options);
    options.seed = seed;
    options.model = model;
    fv_status status = fv_dataset_open_with(cli->ctx, cli->words[1], &options, train ? &set : NULL,
                                            train ? NULL : &set);
    if (status == FV_OK) {
        status = evaluate(cli, &(subject){model, set, train, ((const keys *)cli->keys)->views});
        fv_dataset_free(set);
    }
    fv_model_free(model);
    return status;
}

const fv_command fv__command_eval = {
    .name = "eval",
    .help = "how well a model does on labelled images: accuracy, top 5, loss",
    .synopsis = "MODEL ... DATA [batch=N] [seed=N] [views=flip|ten] [weights=FILE]",
    .about = "MODEL is a model file (.safetensors), the folder of a training run, or a network\n"
             "with weights=FILE. DATA is a data set (`fovea data` lists them); its test part is "
             "read, which training does not\n"
             "learn from; of a set divided by chance, that of the model's own training.\n"
             "views=flip averages the probabilities of each image and its mirror image; views=ten\n"
             "those of its four corners and its middle, of what the `input` line's resize leaves,\n"
             "each with its mirror image.\n"
             "\n"
             "Of several models each is told, and what they say together: the mean of their\n"
             "probabilities, as Krizhevsky et al. (2012) averaged seven networks. They must have\n"
             "the same classes.",
    .examples = "fovea eval runs/lenet5-1 mnist\n"
                "fovea eval model.safetensors digits --json\n"
                "fovea eval runs/resnet20-1 cifar10 views=flip\n"
                "fovea eval runs/lenet5-1 runs/lenet5-2 runs/lenet5-3 mnist",
    .words_min = 2,
    .words_max = -1,
    .keys = key_fields,
    .keys_size = sizeof(keys),
    .flags = flag_table,
    .takes = FV_CLI_NET | FV_CLI_WEIGHTS | FV_CLI_INPUT | FV_CLI_CLASSES,
    .run = run,
};
