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
    const char *x = (*(const fv_zoo_entry *const *)a)->name;
    const char *y = (*(const fv_zoo_entry *const *)b)->name;
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

static fv_status list_one(fv_cli *cli, const fv_zoo_entry *z, fv_text *out, bool last) {
    fv_net *net = NULL;
    char about[160], count[32];
    first_line(z->text, about, sizeof about);
    FV_TRY(fv__net_find(cli->ctx, z->name, NULL, 0, &net));
    const int64_t parameters = learned(net);
    if (cli->json) {
        fv__text_add(out, "  {\"name\": ");
        fv__text_json(out, z->name);
        fv__text_addf(out, ", \"parameters\": %lld, \"input\": [%lld, %lld, %lld], \"about\": ",
                      (long long)parameters, (long long)net->input.channels,
                      (long long)net->input.height, (long long)net->input.width);
        fv__text_json(out, about);
        fv__text_add(out, last ? "}\n" : "},\n");
    } else {
        char left[64];
        snprintf(left, sizeof left, "%-18s %13s", z->name, fv__commas(count, parameters));
        fv__cli_entry(out, left, 32, about);
    }
    fv__net_free(net);
    return FV_OK;
}

static fv_status list(fv_cli *cli) {
    fv_text out = {0};
    fv_status status = FV_OK;
    size_t count = 0;
    while (fv__zoo[count].name) count++;
    const fv_zoo_entry **sorted = fv__arena_alloc(&cli->arena, (count + 1) * sizeof *sorted);
    if (!sorted) return FV_EXHAUSTED;
    for (size_t i = 0; i < count; i++) sorted[i] = &fv__zoo[i];
    qsort(sorted, count, sizeof *sorted, by_number);
    fv__text_add(&out, cli->json ? "{\"networks\": [\n" : "  network               parameters\n");
    for (size_t i = 0; i < count && status == FV_OK; i++)
        status = list_one(cli, sorted[i], &out, i + 1 == count);
    if (status != FV_OK) {
        fv__text_free(&out);
        return status;
    }
    if (cli->json)
        fv__text_add(&out, "]}\n");
    else
        fv__cli_paragraphs(&out,
                           "\n`fovea zoo NAME` prints a network's text, `fovea explain NAME` its "
                           "layers. Your own: a text file NAME.net (`fovea help language`).");
    return fv__cli_put(cli, &out);
}

static fv_status show(fv_cli *cli, const char *name) {
    const char *names[512];
    size_t count = 0;
    fv_text out = {0};
    for (const fv_zoo_entry *z = fv__zoo; z->name && count < 512; z++) {
        names[count++] = z->name;
        if (strcmp(z->name, name) != 0) continue;
        if (cli->json) {
            fv__text_add(&out, "{\"name\": ");
            fv__text_json(&out, name);
            fv__text_add(&out, ", \"text\": ");
            fv__text_json(&out, z->text);
            fv__text_add(&out, "}\n");
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
