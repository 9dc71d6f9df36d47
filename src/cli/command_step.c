/* SPDX-License-Identifier: MIT */
/*
 * command_step.c - `fovea step`: one convolution or pooling on a few numbers, window by window.
 */
#include "cli/step.h"
#include <string.h>

static const fv_cli_flag flag_table[] = {
    {"matrix", NULL, "a convolution as the matrix C that it is, and C' of its transpose"},
    {NULL, NULL, NULL},
};

/* All that is read for one call. */
typedef struct given {
    fv_matrix *x, *w, *bias, *dy;
    fv_text settings;
} given;

static void free_all(given *g) {
    fv_matrix_free(g->x);
    fv_matrix_free(g->w);
    fv_matrix_free(g->bias);
    fv_matrix_free(g->dy);
    fv__text_free(&g->settings);
}

static bool is_operator(const char *word) {
    const char *name;
    for (int i = 0; (name = fv_step_operator(i)) != NULL; i++)
        if (strcmp(name, word) == 0) return true;
    return false;
}

/* conv, convtranspose … */
static void list_operators(fv_text *out) {
    const char *name;
    for (int i = 0; (name = fv_step_operator(i)) != NULL; i++)
        fv__text_addf(out, "%s%s", i ? ", " : "", name);
}

/* The first word decides: an operator; what else it is, in words. */
static fv_status check_first(fv_cli *cli) {
    const char *word = cli->words[0], *names[32], *name;
    fv_operator_facts op = FV_INIT(fv_operator_facts);
    fv_text list = {.ctx = cli->ctx};
    size_t count = 0;
    fv_status status = FV_OK;
    if (is_operator(word)) return FV_OK;
    list_operators(&list);
    const char *all = list.data ? list.data : "";
    while (count < 32 && (name = fv_step_operator((int)count)) != NULL) names[count++] = name;
    const char *near = fv__nearest(word, names, count);
    if (fv_zoo_find(word) || fv__file_exists(word) || fv__folder_exists(word))
        status = fv__fail(cli->ctx, FV_USAGE,
                          "step walks an operator over numbers given here, and %.64s is none; its "
                          "layers are walked by their operators: fovea step conv \"[[1,2],[3,4]]\" "
                          "\"[[1,0],[0,1]]\". What they make of an image: fovea show %.64s IMAGE",
                          word, word);
    else if (fv_operator_find(cli->ctx, word, &op))
        status = fv__fail(cli->ctx, FV_USAGE, "%s has no windows to walk through; these have: %s",
                          word, all);
    else if (near)
        status = fv__fail(cli->ctx, FV_USAGE,
                          "no operator '%.64s' to walk through; did you mean '%s'?", word, near);
    else
        status = fv__fail(cli->ctx, FV_USAGE, "no operator '%.64s' to walk through; there are %s",
                          word, all);
    fv__text_free(&list);
    return status;
}

static fv_status read(fv_cli *cli, const char *what, const char *text, fv_matrix **out) {
    const fv_status status = fv_matrix_parse(cli->ctx, text, out);
    return status == FV_OK ? FV_OK : fv__fail_in(cli->ctx, "%s: ", what);
}

static fv_status add_setting(fv_cli *cli, given *g, const char *name, const char *value) {
    if (!*value || strpbrk(value, " \t\n\r"))
        return fv__fail(cli->ctx, FV_USAGE, "%s='%s': one value without blanks is wanted", name,
                        value);
    fv__text_addf(&g->settings, "%s%s=%s", g->settings.length ? " " : "", name, value);
    return FV_OK;
}

static fv_status read_all(fv_cli *cli, given *g) {
    const char *kernel = cli->word_count > 2 ? cli->words[2] : NULL;
    const bool pool = strstr(cli->words[0], "pool") != NULL;
    if (cli->word_count < 2)
        return fv__fail(cli->ctx, FV_USAGE,
                        "step needs numbers: fovea step %s \"[[1,2],[3,4]]\" %s", cli->words[0],
                        pool ? "2" : "\"[[1,0],[0,1]]\"");
    FV_TRY(read(cli, "the input", cli->words[1], &g->x));
    if (kernel && pool) FV_TRY(add_setting(cli, g, "kernel", kernel));
    if (kernel && !pool) FV_TRY(read(cli, "the kernel", kernel, &g->w));
    for (size_t i = 0; i < cli->setting_count; i++) {
        const fv_setting *s = &cli->settings[i];
        if (strcmp(s->name, "dy") == 0)
            FV_TRY(read(cli, "dy", s->value, &g->dy));
        else if (strcmp(s->name, "bias") == 0)
            FV_TRY(read(cli, "bias", s->value, &g->bias));
        else
            FV_TRY(add_setting(cli, g, s->name, s->value));
    }
    return fv__text_done(cli->ctx, &g->settings);
}

static fv_status say(fv_cli *cli, const fv_steps *s) {
    const int columns = fv__cli_screen(stdout).columns;
    fv_text out = {.ctx = cli->ctx};
    fv_status status = FV_OK;
    if (cli->json)
        fv__cli_step_json(s, &out);
    else if (s->matrix)
        status = fv__cli_step_matrix(cli->ctx, s, columns, &out);
    else
        status = fv__cli_step_text(cli->ctx, s, columns, &out);
    if (status == FV_OK) return fv__cli_put(cli, &out);
    fv__text_free(&out);
    return status;
}

static fv_status walk(fv_cli *cli, const given *g) {
    fv_step_options o = FV_INIT(fv_step_options);
    fv_steps *s;
    o.op = cli->words[0];
    o.x = g->x;
    o.w = g->w;
    o.bias = g->bias;
    o.dy = g->dy;
    o.settings = g->settings.data;
    o.matrix = fv__cli_has(cli, "matrix");
    FV_TRY(fv_step_through(cli->ctx, &o, &s));
    const fv_status status = say(cli, s);
    fv_steps_free(s);
    return status;
}

static fv_status run(fv_cli *cli) {
    given g = {.settings = {.ctx = cli->ctx}};
    FV_TRY(check_first(cli));
    fv_status status = read_all(cli, &g);
    if (status == FV_OK) status = walk(cli, &g);
    free_all(&g);
    return status;
}

static void settings(fv_text *out) {
    fv_text list = {0};
    fv__text_add(out, "\nSettings (key=value)\n");
    fv__cli_entry(out, "dy=", 8, "the gradient that comes back, of the shape of y (default: ones)");
    fv__cli_entry(out, "bias=", 8, "of a convolution, a number for each filter: bias=[1,2]");
    list_operators(&list);
    fv_text right = {0};
    fv__text_addf(&right,
                  "and every other option of the operator, one of %s: `fovea help conv` lists them",
                  list.data ? list.data : "");
    fv__cli_entry(out, "stride=", 8, right.data ? right.data : "");
    out->failed = out->failed || list.failed || right.failed;
    fv__text_free(&list);
    fv__text_free(&right);
}

const fv_command fv__command_step = {
    .name = "step",
    .help = "one convolution or pooling on a few numbers, window by window",
    .synopsis = "OPERATOR NUMBERS [KERNEL] [key=value ...]",
    .about =
        "Forward and backward: where each window stands, its products and its sum; then what\n"
        "each gradient dy gives to dx and dw, and the sums as they grow.\n"
        "NUMBERS are rows and columns, \"[[1,2],[3,4]]\" or \"1,2; 3,4\", or channels of them,\n"
        "\"[[[1,2]],[[3,4]]]\". KERNEL is a filter of as many channels, or several filters; of a\n"
        "pool it is the window's size, 2 or 2x3. At most 4096 numbers on either side.\n"
        "With --json everything, every window with its terms.",
    .examples = "fovea step conv \"3,2,0,1; 0,2,1,2; 2,0,0,3; 2,3,1,2\" \"2,1,2; 0,0,3; 0,0,2\"\n"
                "fovea step conv \"1,2,3; 4,5,6; 7,8,9\" \"1,-1; 2,3\" dy=\"[[2,1],[-1,4]]\"\n"
                "fovea step maxpool \"1,1,2,4; 5,6,7,8; 3,2,1,0; 1,2,3,4\" 2\n"
                "fovea step conv \"[1,2,3,4,5,6,7]\" \"[1,0,-1]\" stride=2 pad=0x1\n"
                "fovea step convtranspose \"1,2; 3,4\" \"1,2,1; 2,4,2; 1,2,1\" --matrix",
    .words_min = 1,
    .words_max = 3,
    .flags = flag_table,
    .takes = FV_CLI_ANY,
    .more = settings,
    .run = run,
};
