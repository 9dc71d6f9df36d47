/* SPDX-License-Identifier: MIT */
/*
 * test_onnx_models.c - networks that others trained, in ONNX files: their recorded outputs come
 * out, and written as a model and read again each gives the very same numbers. So do the small
 * graphs of ONNX's own suite that are networks for images.
 *
 * They are looked for in $FOVEA_DATA/models and where Debian's libonnx-testdata lies (or in the
 * folder that $ONNX_TESTS names).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/file.h"
#include "base/random.h"
#include "format/open_model.h"
#include "onnx/onnx.h"
#include "plan/plan.h"

#include <dirent.h>

#ifdef FV_HAVE_ONNX

#define NORM          1e-4
#define NAME_MAX_HERE 4096
/* Larger ones are left out under a sanitizer, which takes minutes over them. */
#define BYTES_SANITIZED ((uint64_t)4 << 20)

static fv_context *ctx;

static int open_context(void **state) {
    (void)state;
    return fv_context_new(1, &ctx) == FV_OK ? 0 : 1;
}

static int close_context(void **state) {
    (void)state;
    fv_context_free(ctx);
    return 0;
}

/* ------------------------------------------------------------------ a model and what it gives ---
 */

/* Every head of a model for one image of random numbers, one after the other. */
typedef struct answer {
    uint8_t *bytes;
    size_t size;
} answer;

static void read_heads(const fv_graph *net, fv_exec *exec, answer *out) {
    for (int pass = 0; pass < 2; pass++) {
        size_t at = 0;
        for (size_t h = 0; h < net->head_count; h++) {
            const fv_value *v = &net->values[net->heads[h].value];
            if (pass) fv__exec_read(exec, net->heads[h].value, out->bytes + at);
            at += (size_t)fv__shape_count(&v->shape) * fv__dtype_bytes(v->type.dtype);
            at = (at + 15) / 16 * 16;
        }
        if (pass) return;
        out->size = at;
        out->bytes = calloc(at + 1, 1);
        if (!out->bytes) fail_msg("no memory");
    }
}

static fv_status answer_of(const fv_model *model, answer *out) {
    const fv_graph *net = model->net.graph;
    const int64_t count = fv__shape_count(&net->values[0].shape);
    const fv_plan_options options = {.batch = 1};
    const fv_exec_options made = {.host_weights = model->weights};
    float *x = calloc((size_t)count, sizeof *x);
    fv_plan *plan = NULL;
    fv_exec *exec = NULL;
    if (!x) fail_msg("no memory");
    for (int64_t i = 0; i < count; i++)
        x[i] =
            (float)fv__random_below(fv__key(5, FV_STREAM_CHECK, 0, 0), (uint64_t)i, 1000) / 500 - 1;
    fv_status status = fv__plan_new(ctx, net, &options, &plan);
    if (status == FV_OK) status = fv__exec_new(ctx, plan, &made, &exec);
    if (status == FV_OK) {
        fv__exec_write(exec, 0, x);
        fv__exec_forward(exec, &(fv_exec_run){0}, NULL);
        read_heads(net, exec, out);
    }
    fv__exec_free(exec);
    fv__plan_free(plan);
    free(x);
    return status;
}

/* Writes a model as `path` and expects the same from it when it is read again, and the same bytes
   when that is written. FV_BAD_INPUT: it cannot be written, with why. */
static fv_status round_trip(const fv_model *model, const char *path) {
    static const fv_open_options plain = {0};
    answer first = {0}, second = {0};
    fv_model *again = NULL;
    fv_status status = answer_of(model, &first);
    if (status == FV_OK) status = fv__model_save(ctx, model, path);
    if (status == FV_OK) {
        if (fv__model_open(ctx, path, &plain, &again) != FV_OK ||
            answer_of(again, &second) != FV_OK)
            fail_msg("%s", ctx->message);
        assert_int_equal(first.size, second.size);
        if (memcmp(first.bytes, second.bytes, first.size) != 0)
            fail_msg("%s: other numbers come out of it", path);
    }
    fv__model_free(again);
    free(first.bytes);
    free(second.bytes);
    return status;
}

static void folder_name(char out[NAME_MAX_HERE], const char *parent, const char *name) {
    if (snprintf(out, NAME_MAX_HERE, "%s/%s", parent, name) >= NAME_MAX_HERE) out[0] = 0;
}

/* ----------------------------------------------------------------------------- real networks ---
 */

static bool too_large(const char *path) {
    return getenv("FOVEA_SANITIZE") && fv__file_size(path) > BYTES_SANITIZED;
}

static void try_network(const char *folder) {
    const fv_onnx_settings settings = {.size = sizeof settings, .norm = NORM};
    char path[NAME_MAX_HERE];
    fv_onnx_case found = {.size = sizeof found};
    fv_model *model = NULL;
    folder_name(path, folder, "model.onnx");
    if (too_large(path)) {
        print_message("SKIP %s: too large for a sanitizer\n", folder);
        return;
    }
    if (fv_check_onnx(ctx, folder, &settings, &found) != FV_OK) fail_msg("%s", ctx->message);
    print_message("%s: %.1e %s\n", strrchr(folder, '/') + 1, found.difference, found.reason);
    assert_int_equal(found.result, FV_ONNX_PASSED);
    fv_open_options options = {0};
    fv_status status = fv__model_open(ctx, path, &options, &model);
    if (status == FV_BAD_INPUT && strstr(ctx->message, "leaves the height")) {
        options.input = "3x32x48";
        status = fv__model_open(ctx, path, &options, &model);
    }
    if (status == FV_OK) status = round_trip(model, "model.safetensors");
    if (status != FV_OK) fail_msg("%s: %s", folder, ctx->message);
    fv__model_free(model);
}

/* Each folder in `parent`, sorted by nobody; their number. */
static int each_folder(const char *parent, void (*try)(const char *folder)) {
    int count = 0;
    DIR *dir = opendir(parent);
    for (struct dirent *e; dir && (e = readdir(dir)) != NULL;) {
        char folder[NAME_MAX_HERE], model[NAME_MAX_HERE];
        if (e->d_name[0] == '.') continue;
        folder_name(folder, parent, e->d_name);
        folder_name(model, folder, "model.onnx");
        if (!fv__file_exists(model)) continue;
        try(folder);
        count++;
    }
    if (dir) closedir(dir);
    return count;
}

static void real_networks(void **state) {
    (void)state;
    const char *data = getenv("FOVEA_DATA");
    char models[NAME_MAX_HERE];
    folder_name(models, data ? data : "", "models");
    if (!data || !fv__folder_exists(models)) {
        print_message("SKIP real networks: FOVEA_DATA does not name a folder with models/\n");
        return;
    }
    assert_true(each_folder(models, try_network) > 0);
}

/* ---------------------------------------------------------------------------- ONNX's suite --- */

static int written, refused;

/* Those that are networks for images; what else there is, no one can write. */
static void try_graph(const char *folder) {
    static const fv_open_options plain = {0};
    char path[NAME_MAX_HERE];
    fv_model *model = NULL;
    folder_name(path, folder, "model.onnx");
    if (fv__model_open(ctx, path, &plain, &model) != FV_OK) return;
    const fv_status status = round_trip(model, "model.safetensors");
    fv__model_free(model);
    written += status == FV_OK;
    refused += status != FV_OK;
    if (status == FV_OK) return;
    print_message("%s: %s\n", strrchr(folder, '/') + 1, ctx->message);
    assert_int_equal(status, FV_BAD_INPUT);
}

static void suite(void **state) {
    (void)state;
    static const char *const parts[] = {"node", "simple", "pytorch-converted", "pytorch-operator"};
    const char *named = getenv("ONNX_TESTS");
    const char *place = named ? named : "/usr/include/onnx/backend/test/data";
    char folder[NAME_MAX_HERE];
    written = refused = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        folder_name(folder, place, parts[i]);
        (void)each_folder(folder, try_graph);
    }
    if (written + refused == 0) {
        print_message("SKIP ONNX's suite: it is not here (Debian: libonnx-testdata)\n");
        return;
    }
    print_message("%d graphs written and read again, %d refused in words\n", written, refused);
    assert_true(written >= 40);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(real_networks), cmocka_unit_test(suite)};
    return cmocka_run_group_tests(tests, open_context, close_context);
}

#else

int main(void) {
    printf("SKIP: built without ONNX\n");
    return 77;
}

#endif
