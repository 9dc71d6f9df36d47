/* SPDX-License-Identifier: MIT */
/*
 * command_zoo.c - `fovea zoo`: the networks that are built in, and their texts.
 */
#include "cli/cli.h"

static fv_status list_json(fv_cli *cli, fv_text *out) {
    fv_json_writer w = fv__json_writer(out, 2);
    fv__json_open(&w, NULL, '{');
    fv__json_open(&w, "networks", '[');
    for (int i = 0; i < fv_zoo_count(); i++) {
        const fv_zoo_network *z = fv_zoo(i);
        int64_t input[3];
        fv_net *net;
        FV_TRY(fv_net_open(cli->ctx, z->name, NULL, &net));
        fv_net_input(net, input);
        fv__json_open(&w, NULL, '{');
        fv__json_add_text(&w, "name", z->name);
        fv__json_add_int(&w, "parameters", fv_net_parameters(net));
        fv__json_add_ints(&w, "input", input, 3);
        fv__json_add_text(&w, "about", z->title);
        fv__json_close(&w);
        fv_net_free(net);
    }
    fv__json_close(&w);
    fv__json_close(&w);
    return FV_OK;
}

static void list_text(fv_text *out) {
    char count[32], left[64];
    fv__text_add(out, "  network               parameters\n");
    for (int i = 0; i < fv_zoo_count(); i++) {
        const fv_zoo_network *z = fv_zoo(i);
        snprintf(left, sizeof left, "%-18s %13s", z->name, fv__commas(count, z->parameters));
        fv__cli_entry(out, left, 32, z->title);
    }
    fv__cli_paragraphs(out, "\n`fovea zoo NAME` prints a network's text, `fovea explain NAME` its "
                            "layers. Your own: a text file NAME.net (`fovea help language`).");
}

static fv_status list(fv_cli *cli) {
    fv_text out = {0};
    fv_status status = FV_OK;
    if (cli->json)
        status = list_json(cli, &out);
    else
        list_text(&out);
    if (status == FV_OK) return fv__cli_put(cli, &out);
    fv__text_free(&out);
    return status;
}

static fv_status no_network(fv_cli *cli, const char *name) {
    const int count = fv_zoo_count();
    const char **names = fv__arena_alloc(&cli->arena, (size_t)count * sizeof *names);
    if (!names) return FV_EXHAUSTED;
    for (int i = 0; i < count; i++) names[i] = fv_zoo(i)->name;
    const char *near = fv__nearest(name, names, (size_t)count);
    if (near)
        return fv__fail(cli->ctx, FV_BAD_INPUT, "no network '%s' in the zoo; did you mean '%s'?",
                        name, near);
    return fv__fail(cli->ctx, FV_BAD_INPUT, "no network '%s' in the zoo; `fovea zoo` lists them",
                    name);
}

static fv_status show(fv_cli *cli, const char *name) {
    const fv_zoo_network *z = fv_zoo_find(name);
    fv_text out = {0};
    if (!z) return no_network(cli, name);
    if (cli->json) {
        fv_json_writer w = fv__json_writer(&out, FV_JSON_ONE_LINE);
        fv__json_open(&w, NULL, '{');
        fv__json_add_text(&w, "name", z->name);
        fv__json_add_text(&w, "text", z->text);
        fv__json_close(&w);
    } else {
        fv__text_add(&out, z->text);
    }
    return fv__cli_put(cli, &out);
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
