/* SPDX-License-Identifier: MIT */
/*
 * zoo.c - `fovea zoo`: the networks that are built in, and their texts.
 */
#include "cli/cli.h"
#include <stdlib.h>
#include <string.h>

/* The first line of a text's comment that says something, without the sign. */
static void first_line(const char *text, char *out, size_t size) {
    while (strncmp(text, "# SPDX", 6) == 0 && strchr(text, '\n')) text = strchr(text, '\n') + 1;
    size_t n = strcspn(text, "\n");
    const size_t skip = strspn(text, "# ");
    n = n > skip ? n - skip : 0;
    snprintf(out, size, "%.*s", (int)n, text + skip);
}

/* resnet20 before resnet110: runs of digits count as numbers. */
static int by_number(const void *a, const void *b) {
    const char *x = (*(const fv_zoo_network *const *)a)->name;
    const char *y = (*(const fv_zoo_network *const *)b)->name;
    for (; *x && *y; x++, y++) {
        const size_t n = strspn(x, "0123456789"), m = strspn(y, "0123456789");
        if (n != m) return n < m ? -1 : 1;
        if (*x != *y) break;
    }
    return (unsigned char)*x - (unsigned char)*y;
}

static int64_t learned(const fv_net *net) {
    int64_t sum = 0;
    for (size_t i = 0; i < net->param_count; i++)
        if (net->params[i].spec.learned && !net->nodes[net->params[i].node].training)
            sum += net->params[i].count;
    return sum;
}

/* A network's line, or with --json its object. */
static fv_status list_one(fv_cli *cli, const fv_zoo_network *z, fv_text *out, fv_json_writer *w) {
    fv_net *net = NULL;
    char about[160], count[32], left[64];
    first_line(z->text, about, sizeof about);
    FV_TRY(fv__net_find(cli->ctx, z->name, NULL, 0, &net));
    const int64_t parameters = learned(net);
    const int64_t input[] = {net->input.channels, net->input.height, net->input.width};
    fv__net_free(net);
    if (cli->json) {
        fv__json_open(w, NULL, '{');
        fv__json_add_text(w, "name", z->name);
        fv__json_add_int(w, "parameters", parameters);
        fv__json_add_ints(w, "input", input, 3);
        fv__json_add_text(w, "about", about);
        fv__json_close(w);
    } else {
        snprintf(left, sizeof left, "%-18s %13s", z->name, fv__commas(count, parameters));
        fv__cli_entry(out, left, 32, about);
    }
    return FV_OK;
}

static fv_status list_all(fv_cli *cli, const fv_zoo_network **sorted, size_t count, fv_text *out) {
    fv_json_writer w = fv__json_writer(out, 2);
    if (cli->json) {
        fv__json_open(&w, NULL, '{');
        fv__json_open(&w, "networks", '[');
    } else {
        fv__text_add(out, "  network               parameters\n");
    }
    for (size_t i = 0; i < count; i++) FV_TRY(list_one(cli, sorted[i], out, &w));
    if (cli->json) {
        fv__json_close(&w);
        fv__json_close(&w);
    } else {
        fv__text_add(out, "\n`fovea zoo NAME` prints a network's text, `fovea explain NAME` its "
                          "layers.\nYour own: a text file NAME.net (`fovea help language`).\n");
    }
    return FV_OK;
}

static fv_status list(fv_cli *cli) {
    fv_text out = {0};
    size_t count = 0;
    while (fv__zoo[count].name) count++;
    const fv_zoo_network **sorted = fv__arena_alloc(&cli->arena, (count + 1) * sizeof *sorted);
    if (!sorted) return FV_EXHAUSTED;
    for (size_t i = 0; i < count; i++) sorted[i] = &fv__zoo[i];
    qsort(sorted, count, sizeof *sorted, by_number);
    const fv_status status = list_all(cli, sorted, count, &out);
    if (status == FV_OK) return fv__cli_put(cli, &out);
    fv__text_free(&out);
    return status;
}

static fv_status show(fv_cli *cli, const char *name) {
    const char *names[512];
    size_t count = 0;
    fv_text out = {0};
    for (const fv_zoo_network *z = fv__zoo; z->name && count < 512; z++) {
        names[count++] = z->name;
        if (strcmp(z->name, name) != 0) continue;
        if (cli->json) {
            fv_json_writer w = fv__json_writer(&out, FV_JSON_ONE_LINE);
            fv__json_open(&w, NULL, '{');
            fv__json_add_text(&w, "name", name);
            fv__json_add_text(&w, "text", z->text);
            fv__json_close(&w);
        } else {
            fv__text_add(&out, z->text);
        }
        return fv__cli_put(cli, &out);
    }
    const char *near = fv__nearest(name, names, count);
    if (near)
        return fv__fail(cli->ctx, FV_BAD_INPUT, "no network '%s' in the zoo; did you mean '%s'?",
                        name, near);
    return fv__fail(cli->ctx, FV_BAD_INPUT, "no network '%s' in the zoo; `fovea zoo` lists them",
                    name);
}

static fv_status run(fv_cli *cli) {
    return cli->word_count ? show(cli, cli->words[0]) : list(cli);
}

const fv_command fv__command_zoo = {
    .name = "zoo",
    .help = "list the networks that are built in, or print the text of one",
    .synopsis = "[NAME]",
    .about = "The text of a network is a good start for your own: save it as NAME.net, change\n"
             "it, and give NAME.net wherever a network is asked for.",
    .examples = "fovea zoo\nfovea zoo vgg16\nfovea zoo lenet5 > mine.net",
    .words_max = 1,
    .run = run,
};
