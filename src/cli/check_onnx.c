/* SPDX-License-Identifier: MIT */
/*
 * check_onnx.c - runs folders of ONNX's tests and counts them by operator. See check_onnx.h.
 */
#include "cli/check_onnx.h"

#include "base/file.h"
#include "base/name_table.h"
#include "base/number.h"
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#define OPERATORS_MOST 512

typedef struct tally {
    char op[64];
    int results[3]; /* passed, failed, skipped */
} tally;

typedef struct cases {
    fv_cli *cli;
    const fv_onnx_settings *settings;
    fv_arena arena;
    tally *by_op;
    int ops;
    int results[3];
    fv_text list; /* of JSON's objects */
} cases;

static const char *const words[] = {"passed", "failed", "skipped"};

static void count(cases *c, const fv_onnx_case *one) {
    int i = 0;
    while (i < c->ops && strcmp(c->by_op[i].op, one->op) != 0) i++;
    if (i == c->ops && c->ops < OPERATORS_MOST - 1)
        snprintf(c->by_op[c->ops++].op, sizeof c->by_op->op, "%s", one->op);
    c->by_op[i].results[one->result]++;
    c->results[one->result]++;
}

static void add_json(cases *c, const char *folder, const fv_onnx_case *one) {
    fv_json_writer w = fv__json_writer(&c->list, FV_JSON_ONE_LINE);
    if (c->list.length) fv__text_add(&c->list, ", ");
    fv__json_open(&w, NULL, '{');
    fv__json_add_text(&w, "dir", folder);
    fv__json_add_text(&w, "op", one->op);
    fv__json_add_text(&w, "result", words[one->result]);
    fv__json_add_text(&w, "reason", one->reason);
    if (one->difference >= 0) fv__json_add_real(&w, "difference", one->difference);
    fv__json_close(&w);
}

static bool is_case(cases *c, const char *folder) {
    const char *model = fv__path_in(&c->arena, folder, "model.onnx");
    return model && fv__file_exists(model);
}

static fv_status run_case(cases *c, const char *folder) {
    fv_onnx_case one = FV_INIT(fv_onnx_case);
    FV_TRY(fv_check_onnx(c->cli->ctx, folder, c->settings, &one));
    count(c, &one);
    if (c->cli->json)
        add_json(c, folder, &one);
    else if (one.result == FV_ONNX_FAILED)
        printf("FAILED   %s: %s\n", folder, one.reason);
    else if (one.result == FV_ONNX_SKIPPED && !c->cli->quiet)
        printf("skipped  %s: %s\n", folder, one.reason);
    else if (c->settings->norm > 0 && !c->cli->quiet)
        printf("passed   %s: differs by %.1e\n", folder, one.difference);
    return FV_OK;
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The entries of a folder, sorted; *count of them. NULL: it cannot be read, or memory is short. */
static const char **entries(cases *c, const char *folder, size_t *count) {
    const char **names = NULL;
    size_t capacity = 0;
    DIR *dir = opendir(folder);
    *count = 0;
    for (struct dirent *e; dir && (e = readdir(dir)) != NULL;) {
        if (e->d_name[0] == '.') continue;
        if (fv__grow(c->cli->ctx, (void **)&names, &capacity, *count + 1, sizeof *names,
                     "a list of folders") != FV_OK)
            break;
        names[*count] = fv__path_in(&c->arena, folder, e->d_name);
        if (names[*count]) ++*count;
    }
    if (dir) closedir(dir);
    if (names) qsort(names, *count, sizeof *names, by_name);
    return names;
}

static fv_status run_folder(cases *c, const char *folder) {
    size_t n;
    int found = 0;
    if (is_case(c, folder)) return run_case(c, folder);
    const char **names = entries(c, folder, &n);
    fv_status status = FV_OK;
    for (size_t i = 0; i < n && status == FV_OK; i++) {
        if (!is_case(c, names[i])) continue;
        status = run_case(c, names[i]);
        found++;
    }
    fv__free(names);
    if (status == FV_OK && !found)
        return fv__fail(c->cli->ctx, FV_BAD_INPUT,
                        "%s holds no test: neither model.onnx nor folders with one", folder);
    return status;
}

static void table(const cases *c, fv_text *out) {
    fv__text_addf(out, "%-28s %7s %7s %8s\n", "operator", words[0], words[1], words[2]);
    for (int i = 0; i < c->ops; i++)
        fv__text_addf(out, "%-28s %7d %7d %8d\n", c->by_op[i].op, c->by_op[i].results[0],
                      c->by_op[i].results[1], c->by_op[i].results[2]);
    fv__text_addf(out, "%-28s %7d %7d %8d\n", "all", c->results[0], c->results[1], c->results[2]);
}

static fv_status say(cases *c) {
    fv_text out = {0};
    if (!c->cli->json) {
        table(c, &out);
        return fv__cli_put(c->cli, &out);
    }
    fv__text_addf(&out, "{\"passed\": %d, \"failed\": %d, \"skipped\": %d, \"cases\": [%s]}\n",
                  c->results[0], c->results[1], c->results[2], c->list.data ? c->list.data : "");
    out.failed = out.failed || c->list.failed;
    return fv__cli_put(c->cli, &out);
}

static int by_op(const void *a, const void *b) {
    return strcmp(((const tally *)a)->op, ((const tally *)b)->op);
}

fv_status fv__cli_check_onnx(fv_cli *cli, const fv_onnx_settings *settings,
                             const char *const *folders, int folder_count) {
    cases c = {.cli = cli, .settings = settings};
    fv_status status = FV_OK;
    fv__arena_init(&c.arena, cli->ctx);
    c.by_op = fv__arena_alloc(&c.arena, OPERATORS_MOST * sizeof *c.by_op);
    if (!c.by_op) status = FV_EXHAUSTED;
    for (int i = 0; i < folder_count && status == FV_OK; i++) status = run_folder(&c, folders[i]);
    if (status == FV_OK) {
        qsort(c.by_op, (size_t)c.ops, sizeof *c.by_op, by_op);
        status = say(&c);
    }
    if (status == FV_OK && c.results[FV_ONNX_FAILED])
        status =
            fv__fail(cli->ctx, FV_DIFFERS, "%d of ONNX's tests failed", c.results[FV_ONNX_FAILED]);
    fv__text_free(&c.list);
    fv__arena_free(&c.arena);
    return status;
}
