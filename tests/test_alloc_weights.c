/* SPDX-License-Identifier: MIT */
/*
 * test_alloc_weights.c - memory refused at every place while PyTorch's files are read and their
 * weights matched by name, by order and by a map, with and without a report.
 *
 * The linker puts our malloc and its relatives before the library's calls (--wrap). The work is
 * repeated with the first, second, third … request refused, once that one alone and once all from
 * there on. Each time it must end in FV_EXHAUSTED and a sentence; the sanitizer's leak check at the
 * end of the program sees what was not freed.
 */
#include "base/file.h"
#include "fovea.h"
#include "refuse.h"
#include "torch_writer.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const char text[] = "net one\ninput 1x2x2\n  fc 3 - softmax\n";

/* One opening: a file, a way, a map. */
typedef struct way {
    const char *file, *map;
    fv_match match;
    int reported;
} way;

static const way ways[] = {{"names.pt", NULL, FV_MATCH_AUTO, 1},
                           {"others.th", NULL, FV_MATCH_AUTO, 0},
                           {"others.th", NULL, FV_MATCH_ORDER, 1},
                           {"others.th", "others.map", FV_MATCH_NAME, 1}};

static int write_files(void **state) {
    (void)state;
    static const float numbers[15] = {1, 2, 3};
    static const torch_storage storage = {"0", numbers, sizeof numbers, 15};
    torch_tensor t[] = {{"fc1.weight", "FloatStorage", &storage, 0, 2, {3, 4}, {4, 1}},
                        {"fc1.bias", "FloatStorage", &storage, 12, 1, {3}, {1}}};
    fv_text pickle = {0}, zip = {0}, legacy = {0};
    fv_context *ctx;
    torch_pickle(&pickle, t, 2);
    torch_zip(&zip, &pickle, &storage, 1, false);
    t[0].name = "head.weight";
    t[1].name = "head.bias";
    fv__text_cut(&pickle, 0);
    torch_pickle(&pickle, t, 2);
    torch_legacy(&legacy, &pickle, &storage, 1);
    fv_status s = fv_context_new(1, &ctx);
    if (!s) s = fv__file_write(ctx, "one.net", text, sizeof text - 1);
    if (!s) s = fv__file_write(ctx, "names.pt", zip.data, zip.length);
    if (!s) s = fv__file_write(ctx, "others.th", legacy.data, legacy.length);
    if (!s) s = fv__file_write(ctx, "others.map", "head fc1", 8);
    fv_context_free(ctx);
    fv__text_free(&pickle);
    fv__text_free(&zip);
    fv__text_free(&legacy);
    return (int)s;
}

static fv_status open_one(fv_context *ctx, const way *w) {
    fv_model_options options = FV_INIT(fv_model_options);
    fv_weight_report *report = NULL;
    fv_model *model = NULL;
    options.weights = w->file;
    options.map = w->map;
    options.match = w->match;
    options.report = w->reported ? &report : NULL;
    const fv_status s = fv_model_open(ctx, "one.net", &options, &model);
    if ((s == FV_OK) != (model != NULL) || (model && w->reported) != (report != NULL))
        fail_msg("status %d, model %p, report %p", (int)s, (void *)model, (void *)report);
    fv_weight_report_free(report);
    fv_model_free(model);
    return s;
}

static fv_status whole(char message[200]) {
    fv_context *ctx = NULL;
    fv_weights *listed = NULL;
    fv_status s = fv_context_new(1, &ctx);
    for (size_t i = 0; !s && i < sizeof ways / sizeof *ways; i++) s = open_one(ctx, &ways[i]);
    if (!s) s = fv_weights_read(ctx, "names.pt", &listed);
    fv_weights_free(listed);
    strncpy(message, fv_context_error(ctx), 199);
    message[199] = '\0';
    fv_context_free(ctx);
    return s;
}

static void refuse_each(int rest) {
    char message[200];
    refuse_at = 0;
    refuse_rest = rest;
    if (whole(message) != FV_OK) fail_msg("with all memory it wants: %s", message);
    for (long n = 1;; n++) {
        requests = 0;
        refuse_at = n;
        const fv_status s = whole(message);
        refuse_at = 0;
        if (requests < n) {
            assert_int_equal(s, FV_OK);
            assert_true(n > 50);
            return;
        }
        if (s != FV_EXHAUSTED || !strstr(message, "memory"))
            fail_msg("request %ld refused: status %d, \"%s\"", n, (int)s, message);
    }
}

static void one_refusal_is_reported(void **state) {
    (void)state;
    refuse_each(0);
}

static void a_machine_without_memory_is_reported(void **state) {
    (void)state;
    refuse_each(1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_refusal_is_reported),
        cmocka_unit_test(a_machine_without_memory_is_reported),
    };
    return cmocka_run_group_tests(tests, write_files, NULL);
}
