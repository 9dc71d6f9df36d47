/* SPDX-License-Identifier: MIT */
/*
 * eval.c - `fovea eval`: how well a model does on labelled images.
 */
#include "base/cpu.h"
#include "base/printable.h"
#include "cli/cli.h"
#include "train/evaluate.h"
#include <math.h>

typedef struct keys {
    int64_t batch, seed;
} keys;

static const fv_field key_fields[] = {
    {"batch", "images at a time; the result does not depend on it", FV_INT, offsetof(keys, batch),
     "100", 1, 1 << 20, 0, NULL, NULL},
    {"seed", "for sets that are drawn: which ones", FV_INT, offsetof(keys, seed), "1", 0, 9e15, 0,
     NULL, NULL},
    {NULL, NULL, FV_INT, 0, NULL, 0, 0, 0, NULL, NULL},
};

static const fv_cli_flag flag_table[] = {
    {"train", NULL, "on the training part instead of the test part"},
    {NULL, NULL, NULL},
};

static void as_json(const fv_model *model, const fv_dataset *set, bool train, const fv_scores *s,
                    double seconds, fv_text *out) {
    const double n = (double)s->images;
    fv__text_add(out, "{\"net\": ");
    fv__text_json(out, model->net->name);
    fv__text_add(out, ", \"data\": ");
    fv__text_json(out, set->name);
    fv__text_addf(out, ", \"part\": \"%s\", \"images\": %lld, \"correct\": %lld, \"accuracy\": ",
                  train ? "train" : "test", (long long)s->images, (long long)s->correct);
    fv__text_number(out, (double)s->correct / n);
    fv__text_add(out, ", \"top5\": ");
    fv__text_number(out, (double)s->correct5 / n);
    fv__text_add(out, ", \"loss\": ");
    fv__text_number(out, s->loss);
    fv__text_addf(out, ", \"seconds\": %.3f}\n", seconds);
}

static void as_text(const fv_model *model, const fv_dataset *set, bool train, const fv_scores *s,
                    double seconds, fv_text *out) {
    char a[64], b[32];
    const double n = (double)s->images;
    fv__text_addf(out, "%s on %s, %s part: %s\n\n", model->net->name, set->name,
                  train ? "training" : "test", fv__counted(a, s->images, "image", "images"));
    fv__text_addf(out, "  accuracy  %.2f %%   (%s right, %s wrong)\n",
                  100.0 * (double)s->correct / n, fv__commas(a, s->correct),
                  fv__commas(b, s->images - s->correct));
    if (set->classes > 5)
        fv__text_addf(out, "  top 5     %.2f %%\n", 100.0 * (double)s->correct5 / n);
    fv__text_addf(out, "  loss      %.4f\n", s->loss);
    fv__text_addf(out, "  time      %.2f s, %s images a second\n", seconds,
                  fv__commas(a, (int64_t)(n / (seconds > 0 ? seconds : 1e-9))));
}

static fv_status evaluate(fv_cli *cli, const fv_model *model, const fv_dataset *set, bool train) {
    const keys *k = cli->keys;
    const fv_net *net = model->net;
    fv_evaluator *evaluator = NULL;
    fv_scores scores = {0};
    fv_text out = {0};
    const int64_t outputs = fv__shape_sample(&net->values[net->heads[0].value].shape);
    FV_TRY(fv__dataset_fits(cli->ctx, set, &net->input, outputs));
    FV_TRY(fv__evaluator_new(cli->ctx, model, k->batch, &evaluator));
    const double start = fv__seconds();
    const fv_status status = fv__evaluate(cli->ctx, evaluator, set, &scores);
    const double seconds = fv__seconds() - start;
    fv__evaluator_free(evaluator);
    if (status != FV_OK) return status;
    if (!isfinite(scores.loss))
        return fv__fail(cli->ctx, FV_BAD_INPUT,
                        "%s gives numbers that are not finite for images of %s: its weights are "
                        "too large for them; train it again with a smaller lr, or take an earlier "
                        "model",
                        net->name, set->name);
    if (cli->json)
        as_json(model, set, train, &scores, seconds, &out);
    else
        as_text(model, set, train, &scores, seconds, &out);
    return fv__cli_put(cli, &out);
}

static fv_status run(fv_cli *cli) {
    fv_model *model = NULL;
    fv_dataset set;
    const bool train = fv__cli_has(cli, "train");
    const uint64_t seed = (uint64_t)((const keys *)cli->keys)->seed;
    FV_TRY(fv__cli_trained(cli, cli->words[0], &model));
    fv_status status =
        fv__dataset_open(cli->ctx, cli->words[1], seed, train ? &set : NULL, train ? NULL : &set);
    if (status == FV_OK) {
        status = evaluate(cli, model, &set, train);
        fv__dataset_close(&set);
    }
    fv_model_free(model);
    return status;
}

const fv_command fv__command_eval = {
    .name = "eval",
    .help = "how well a model does on labelled images: accuracy, top 5, loss",
    .synopsis = "MODEL DATA [batch=N] [seed=N]",
    .about = "MODEL is a model file (.safetensors) or the folder of a training run. DATA is a\n"
             "data set (`fovea data` lists them); its test part is read, which training does not\n"
             "learn from.",
    .examples = "fovea eval runs/lenet5-1 mnist\n"
                "fovea eval model.safetensors digits --json",
    .words_min = 2,
    .words_max = 2,
    .keys = key_fields,
    .keys_size = sizeof(keys),
    .flags = flag_table,
    .run = run,
};
