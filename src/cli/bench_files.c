/* SPDX-License-Identifier: MIT */
/*
 * bench_files.c - a temporary folder with a network in several forms.
 *
 * A form that cannot be made of this network, or by this build, is left out with the reason: who
 * needs it says so.
 */
#include "cli/bench_files.h"
#include "cli/bench.h"
#include "base/random.h"
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SCALINGS 40
#define CERTAIN  0.9  /* a probability above says that of all others nothing can be seen */
#define FLAT     1.15 /* times the mean of all: below, all are alike */

/* --- the folder --------------------------------------------------------------------------------
 */

static fv_status make_folder(fv_cli *cli, fv_bench_files *f) {
#ifdef __wasi__
    (void)f;
    return fv__fail(cli->ctx, FV_FAILED, "--against: this system starts no other programs");
#else
    const char *place = getenv("TMPDIR");
    char *name = fv__path_in(&cli->arena, place && *place ? place : "/tmp", "fovea-bench-XXXXXX");
    if (!name) return FV_EXHAUSTED;
    if (!mkdtemp(name))
        return fv__fail(cli->ctx, errno == ENOSPC ? FV_EXHAUSTED : FV_FAILED,
                        "%s: no temporary folder: %s; TMPDIR says where they go", name,
                        strerror(errno));
    f->folder = name;
    return FV_OK;
#endif
}

void fv__cli_bench_files_remove(const fv_bench_files *f) {
    if (!f->folder) return;
    DIR *folder = opendir(f->folder);
    struct dirent *entry;
    while (folder && (entry = readdir(folder)) != NULL) {
        char path[4096];
        const int n = snprintf(path, sizeof path, "%s/%s", f->folder, entry->d_name);
        if (entry->d_name[0] != '.' && n > 0 && (size_t)n < sizeof path) unlink(path);
    }
    if (folder) closedir(folder);
    rmdir(f->folder);
}

/* --- the forms ---------------------------------------------------------------------------------
 */

/* Whether a form was made; what says why not is kept in *why. */
static fv_status may_fail(fv_cli *cli, fv_status status, const char **path, const char **why) {
    if (status == FV_OK || status == FV_EXHAUSTED) return status;
    *path = NULL;
    *why = fv__arena_text(&cli->arena, fv_context_error(cli->ctx));
    return *why ? FV_OK : FV_EXHAUSTED;
}

static fv_status write_program(fv_cli *cli, const fv_model *model, const char *path) {
    fv_blob *blob;
    FV_TRY(fv_net_program(cli->ctx, fv_model_net(model), "pytorch", &blob));
    const fv_status status = fv__file_write(cli->ctx, path, fv_blob_data(blob), fv_blob_size(blob));
    fv_blob_free(blob);
    return status;
}

/* --- the numbers -------------------------------------------------------------------------------
 */

/* The largest probability that a sample comes to; 0 where the output is no distribution. */
static fv_status largest_probability(fv_run *run, const float *x, size_t n, double scale,
                                     double *largest, int64_t *count) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) fv_run_input(run)[i] = (float)(scale * (double)x[i]);
    FV_TRY(fv_run_forward(run, 1));
    const float *y = fv_run_output(run, 0, count);
    *largest = 0;
    for (int64_t i = 0; y && i < *count; i++) {
        if (!(y[i] >= 0 && y[i] <= 1)) sum = -1e9;
        sum += (double)y[i];
        if (*largest < (double)y[i]) *largest = (double)y[i];
    }
    if (!(sum > 0.999 && sum < 1.001)) *largest = 0;
    return FV_OK;
}

/* Whether outputs agree can be seen only where they say something. Fresh weights make a deep
   network all but certain of one class, whatever comes in, or of none: then the input is scaled,
   which scales what softmax gets where ReLUs and no biases lie between. */
static fv_status find_scale(fv_cli *cli, const fv_model *model, const float *x, size_t n,
                            double *scale) {
    fv_run *run;
    double low = 0, high = 0, s = 1;
    fv_status status = fv_run_new(cli->ctx, model, 1, &run);
    *scale = 1;
    for (int i = 0; i < SCALINGS && status == FV_OK; i++) {
        double largest = 0;
        int64_t count = 1;
        status = largest_probability(run, x, n, s, &largest, &count);
        if (status != FV_OK || largest <= 0) break;
        if (largest > CERTAIN) {
            high = s;
            s = low > 0 ? sqrt(low * high) : s / 16;
        } else if (largest * (double)count < FLAT) {
            low = s;
            s = high > 0 ? sqrt(low * high) : s * 16;
        } else {
            *scale = s;
            break;
        }
    }
    fv_run_free(run);
    return status;
}

/* N(0, 1), as images are once their mean is taken off; scaled if need be. */
static fv_status write_input(fv_cli *cli, const fv_model *model, const fv_bench_files *f) {
    const size_t sample = (size_t)(f->dims[1] * f->dims[2] * f->dims[3]);
    const size_t count = sample * (size_t)f->dims[0];
    const fv_key key = fv__key(1, FV_STREAM_CHECK, 0, 0);
    double scale = 1;
    float *x = fv__alloc(cli->ctx, count * sizeof *x, "the input");
    if (!x) return FV_EXHAUSTED;
    for (size_t i = 0; i < count; i++) x[i] = (float)fv__random_normal(key, i);
    /* In training normalisations undo a scale, or where it is tiny all but lose what comes in. */
    fv_status status = f->training ? FV_OK : find_scale(cli, model, x, sample, &scale);
    for (size_t i = 0; i < count; i++) x[i] = (float)(scale * (double)x[i]);
    if (status == FV_OK) status = fv__file_write(cli->ctx, f->input, x, count * sizeof *x);
    fv__free(x);
    return status;
}

/* --- the job -----------------------------------------------------------------------------------
 */

/* A form's path, or why it is not there. */
static void add_form(fv_json_writer *w, const char *name, const char *path, const char *why) {
    fv__json_open(w, name, '{');
    fv__json_add_text(w, "path", path);
    if (!path) fv__json_add_text(w, "why", why);
    fv__json_close(w);
}

/* In old words where they suffice: more libraries read those. */
static fv_status write_onnx(fv_cli *cli, const fv_model *model, const char *path) {
    fv_save_options options = FV_INIT(fv_save_options);
    options.opset = 10; /* from 11 on clip has inputs */
    const fv_status status = fv_model_save_as(cli->ctx, model, path, &options);
    return status == FV_USAGE ? fv_model_save(cli->ctx, model, path) : status;
}

/* What a step of training is. */
static void add_training(fv_json_writer *w, const fv_model *model, const fv_bench_files *f) {
    int64_t dims[FV_DIMS_MAX];
    (void)fv_model_output(model, 0, dims);
    fv__json_open(w, "training", '{');
    fv__json_add_text(w, "loss", FV_BENCH_LOSS);
    fv__json_add_real(w, "rate", FV_BENCH_RATE);
    fv__json_add_real(w, "momentum", FV_BENCH_MOMENTUM);
    fv__json_add_real(w, "decay", FV_BENCH_DECAY);
    fv__json_open(w, "labels", '[');
    for (int64_t i = 0; i < f->dims[0]; i++)
        fv__json_add_int(w, NULL, fv__cli_bench_label(i, dims[0]));
    fv__json_close(w);
    fv__json_close(w);
}

static fv_status write_job(fv_cli *cli, const fv_model *model, const fv_bench_files *f) {
    const char *onnx = fv__path_in(&cli->arena, f->folder, "net.onnx"), *no_onnx = "";
    const char *pytorch = fv__path_in(&cli->arena, f->folder, "net.py"), *no_pytorch = "";
    fv_text text = {.ctx = cli->ctx};
    if (!onnx || !pytorch) return FV_EXHAUSTED;
    FV_TRY(may_fail(cli, write_onnx(cli, model, onnx), &onnx, &no_onnx));
    FV_TRY(may_fail(cli, write_program(cli, model, pytorch), &pytorch, &no_pytorch));
    fv_json_writer w = fv__json_writer(&text, 2);
    fv__json_open(&w, NULL, '{');
    fv__json_add_text(&w, "net", fv_net_name(fv_model_net(model)));
    add_form(&w, "onnx", onnx, no_onnx);
    add_form(&w, "pytorch", pytorch, no_pytorch);
    fv__json_add_text(&w, "weights", f->model);
    fv__json_add_text(&w, "input", f->input);
    fv__json_add_ints(&w, "shape", f->dims, 4);
    fv__json_add_int(&w, "threads", fv_context_threads(cli->ctx));
    fv__json_add_text(&w, "isa", cli->isa); /* null: the best there is */
    if (f->training) add_training(&w, model, f);
    fv__json_close(&w);
    fv_status status = fv__text_done(cli->ctx, &text);
    if (status == FV_OK) status = fv__file_write(cli->ctx, f->job, text.data, text.length);
    fv__text_free(&text);
    return status;
}

/* Whether steps of training can be compared: of classes, by one head that others have too. */
static fv_status check_training(fv_cli *cli, const fv_model *model, fv_bench_files *f) {
    fv_explain_options options = FV_INIT(fv_explain_options);
    fv_explanation *e;
    const char *head = NULL;
    options.training = 1;
    FV_TRY(fv_explain(cli->ctx, fv_model_net(model), &options, &e));
    for (int i = 0; i < e->layer_count; i++) {
        const fv_layer *layer = e->layers[i];
        if (strcmp(layer->op, "dropout") == 0) f->drawn = true;
        if (layer->training) head = layer->name;
    }
    fv_status status = FV_OK;
    if (head)
        status =
            fv__fail(cli->ctx, FV_USAGE,
                     "--training --against: only training has %s, which is in no other form of "
                     "this network",
                     head);
    else if (fv_model_outputs(model) != 1 || !fv_model_output_is_softmax(model, 0))
        status = fv__fail(cli->ctx, FV_USAGE,
                          "--training --against: a network for classes is wanted, that ends in one "
                          "softmax");
    fv_explanation_free(e);
    return status;
}

fv_status fv__cli_bench_files(fv_cli *cli, const fv_model *model, int64_t batch, bool training,
                              fv_bench_files *f) {
    *f = (fv_bench_files){.dims = {batch}, .training = training};
    if (training) FV_TRY(check_training(cli, model, f));
    const int64_t sample = fv_net_input(fv_model_net(model), f->dims + 1);
    if (sample > ((int64_t)1 << 40) / batch / (int64_t)sizeof(float))
        return fv__fail(cli->ctx, FV_USAGE, "a batch of %lld images is more than 1 TB",
                        (long long)batch);
    FV_TRY(make_folder(cli, f));
    f->model = fv__path_in(&cli->arena, f->folder, "net.safetensors");
    f->input = fv__path_in(&cli->arena, f->folder, "input.f32");
    f->job = fv__path_in(&cli->arena, f->folder, "job.json");
    if (!f->model || !f->input || !f->job) return FV_EXHAUSTED;
    FV_TRY(fv_model_save(cli->ctx, model, f->model));
    FV_TRY(write_input(cli, model, f));
    return write_job(cli, model, f);
}
