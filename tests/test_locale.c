/* SPDX-License-Identifier: MIT */
/*
 * test_locale.c - a program that lives in a locale with decimal commas writes and reads the same
 * bytes as one that does not.
 *
 * The locale de_DE.UTF-8 is the system's, or is made here by localedef (Debian: package locales);
 * where neither is to be had, the tests are skipped.
 */
#include "base/file.h"
#include "base/number.h"
#include "fovea.h"
#include "train/run.h"
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static bool comma;

static int find_locale(void **state) {
    (void)state;
    if (!setlocale(LC_ALL, "de_DE.UTF-8") && system("localedef -i de_DE -f UTF-8 ./de_DE.UTF-8 "
                                                    "> localedef.log 2>&1") == 0)
        setenv("LOCPATH", ".", 1);
    char text[8];
    comma = setlocale(LC_ALL, "de_DE.UTF-8") != NULL;
    snprintf(text, sizeof text, "%.1f", 0.5);
    comma = comma && strcmp(text, "0,5") == 0;
    setlocale(LC_ALL, "C");
    return 0;
}

/* In the test's own locale: 0 the plain one, 1 the one with commas. */
static void enter(int german) {
    assert_non_null(setlocale(LC_ALL, german ? "de_DE.UTF-8" : "C"));
}

static void texts_have_points(void **state) {
    (void)state;
    char out[64];
    double v = 0;
    if (!comma) skip();
    enter(1);
    fv_context ctx = {0};
    fv_text text = {.ctx = &ctx};
    fv__text_addf(&text, "%.2f %s", 1234.5, "a,b");
    assert_string_equal(text.data, "1234.50 a,b");
    fv__text_free(&text);
    assert_int_equal(fv__fail(&ctx, FV_FAILED, "lr=%g", 0.25), FV_FAILED);
    assert_string_equal(ctx.message, "lr=0.25");
    fv_arena arena;
    fv__arena_init(&arena, &ctx);
    assert_string_equal(fv__arena_format(&arena, "%.1e", 0.0015), "1.5e-03");
    fv__arena_free(&arena);
    assert_string_equal(fv__short_bytes(out, 3400), "3.4 KB");
    assert_string_equal(fv__short_count(out, 3211264), "3.2M");
    assert_true(fv__parse_real("0.25", &v) && v == 0.25);
    assert_false(fv__parse_real("0,25", &v));
    snprintf(out, sizeof out, "%.1f", 0.5); /* the program's own locale is as it was */
    assert_string_equal(out, "0,5");
    enter(0);
}

static const char net_text[] = "net small(classes = 10)\n"
                               "input 1x28x28 scale 0.5 mean 0.25\n"
                               "  fc 8 - relu - dropout 0.25 - fc classes - softmax\n"
                               "head more weight 0.5 from relu1 - fc classes - softmax\n"
                               "train lr 0.0125 batch 50 epochs 2 decay 1e-4\n";

static void must(const fv_context *ctx, fv_status status) {
    if (status != FV_OK) print_error("%s\n", fv_context_error(ctx));
    assert_int_equal(status, FV_OK);
}

/* Now and then: who stops at every question never gets past a test, which is made again. */
static bool stop_often(void *arg) {
    int *asked = arg;
    return ++*asked % 3 == 0;
}

/* A run in `folder`, stopped after its third step and resumed in the other locale. */
static void train(const char *folder, int german) {
    char command[64];
    fv_context *ctx;
    fv_train_job *job;
    const fv_setting settings[] = {{"momentum", "0.75"}};
    int asked = 0;
    const fv_hooks hooks = {.stop = stop_often, .arg = &asked};
    snprintf(command, sizeof command, "rm -rf %s", folder);
    assert_int_equal(system(command), 0);
    enter(german);
    must(NULL, fv_context_new(1, &ctx));
    must(ctx, fv__file_write(ctx, "small.net", net_text, sizeof net_text - 1));
    const fv_train_request request = {.net = "small.net",
                                      .data = "digits:120",
                                      .settings = settings,
                                      .setting_count = 1,
                                      .folder = folder,
                                      .command = "test"};
    must(ctx, fv__train_start(ctx, &request, &job));
    assert_int_equal(fv__train_run(ctx, job, &hooks), FV_INTERRUPTED);
    fv__train_free(job);
    enter(!german);
    must(ctx, fv__train_resume(ctx, folder, NULL, &job));
    enter(german);
    for (fv_status status = FV_INTERRUPTED; status != FV_OK;) /* with many checkpoints */
        if ((status = fv__train_run(ctx, job, &hooks)) != FV_INTERRUPTED) must(ctx, status);
    fv__train_free(job);
    fv_context_free(ctx);
    enter(0);
}

/* The file as text; of log.csv without time and memory, which no two runs share. */
static char *contents(const char *folder, const char *name, size_t *size) {
    char path[128];
    fv_bytes bytes;
    fv_context ctx = {0};
    snprintf(path, sizeof path, "%s/%s", folder, name);
    must(&ctx, fv__file_read(&ctx, path, 0, &bytes));
    char *copy = calloc(1, bytes.size + 1);
    memcpy(copy, bytes.data, bytes.size);
    *size = bytes.size;
    fv__file_release(&bytes);
    if (strcmp(name, "log.csv") != 0) return copy;
    char *to = copy;
    for (char *line = copy, *next; *line; line = next) {
        next = line + strcspn(line, "\n") + 1;
        next[-1] = '\0';
        char *seconds = line; /* the seventh column and what follows */
        for (int commas = 0; commas < 6; commas++) seconds = strchr(seconds, ',') + 1;
        seconds--;
        assert_true(strchr(seconds, '.') || strncmp(seconds, ",seconds", 8) == 0);
        memmove(to, line, (size_t)(seconds - line));
        to += seconds - line;
        *to++ = '\n';
    }
    *size = (size_t)(to - copy);
    return copy;
}

static void a_run_writes_the_same_bytes(void **state) {
    (void)state;
    static const char *const files[] = {"run.json", "log.csv", "model.safetensors",
                                        "best.safetensors"};
    if (!comma) skip();
    train("plain", 0);
    train("german", 1);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        size_t n, m;
        char *a = contents("plain", files[i], &n), *b = contents("german", files[i], &m);
        if (n != m || memcmp(a, b, n) != 0) fail_msg("%s differs", files[i]);
        free(a);
        free(b);
    }
}

static void a_network_prints_and_reads_the_same(void **state) {
    (void)state;
    if (!comma) skip();
    fv_context *ctx;
    fv_graph *net, *back;
    fv_recipe recipe, again;
    must(NULL, fv_context_new(1, &ctx));
    enter(1);
    must(ctx, fv__net_parse(ctx, "a", net_text, sizeof net_text - 1, NULL, 0, &net, &recipe));
    assert_true(recipe.lr == 0.0125 && net->input.scale == 0.5);
    fv_text text = {.ctx = ctx};
    must(ctx, fv__net_print(ctx, net, &recipe, &text));
    must(ctx, fv__text_done(ctx, &text));
    assert_non_null(strstr(text.data, "0.0125"));
    must(ctx, fv__net_parse(ctx, "b", text.data, text.length, NULL, 0, &back, &again));
    fv__text_free(&text);
    fv__net_free(back);
    fv__net_free(net);
    fv_context_free(ctx);
    enter(0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_have_points),
        cmocka_unit_test(a_run_writes_the_same_bytes),
        cmocka_unit_test(a_network_prints_and_reads_the_same),
    };
    return cmocka_run_group_tests(tests, find_locale, NULL);
}
