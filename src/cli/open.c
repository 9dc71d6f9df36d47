/* SPDX-License-Identifier: MIT */
/*
 * open.c - from a word of the command line to a network, a model or an image.
 */
#include "cli/cli.h"
#include <string.h>

#define INPUT_MAX ((size_t)256 << 20) /* bytes of standard input */

/* --- settings ----------------------------------------------------------------------------------
 */

bool fv__cli_is_recipe(const char *name) {
    fv_option option = FV_INIT(fv_option);
    for (int i = 0; fv_training_setting(i, &option); i++)
        if (strcmp(option.name, name) == 0) return true;
    return false;
}

fv_status fv__cli_recipe_nearest(fv_cli *cli, const char *name, const char **out) {
    fv_option option = FV_INIT(fv_option);
    int count = 0;
    while (fv_training_setting(count, &option)) count++;
    const char **names = fv__arena_alloc(&cli->arena, (size_t)count * sizeof *names);
    *out = NULL;
    if (!names) return FV_EXHAUSTED;
    for (int i = 0; i < count && fv_training_setting(i, &option); i++) names[i] = option.name;
    *out = fv__nearest(name, names, (size_t)count);
    return FV_OK;
}

fv_status fv__cli_hint(fv_cli *cli, fv_status status) {
    const char *message = fv_context_error(cli->ctx);
    if (status != FV_USAGE || strstr(message, "did you mean") ||
        !(strstr(message, "has no parameter") || strstr(message, "the network inside a model")))
        return status;
    for (size_t i = 0; i < cli->setting_count; i++) {
        const char *name = cli->settings[i].name, *near = NULL;
        if (fv__cli_is_recipe(name)) continue;
        if (cli->command->keys) near = fv__field_nearest(cli->command->keys, name);
        if (!near && cli->command->takes & FV_CLI_RECIPE)
            FV_TRY(fv__cli_recipe_nearest(cli, name, &near));
        if (near)
            return fv__fail(cli->ctx, FV_USAGE, "%s: unknown setting '%s'; did you mean '%s'?",
                            cli->command->name, name, near);
    }
    return status;
}

fv_status fv__cli_settings(fv_cli *cli, const char **out) {
    fv_text text = {.ctx = cli->ctx};
    for (size_t i = 0; i < cli->setting_count; i++) {
        const fv_setting *s = &cli->settings[i];
        if (!*s->value) {
            fv__text_free(&text);
            return fv__fail(cli->ctx, FV_BAD_INPUT, "%s has no value; write %s=…", s->name,
                            s->name);
        }
        if (strpbrk(s->value, " \t\n\r\f\v")) {
            fv__text_free(&text);
            return fv__fail(cli->ctx, FV_USAGE, "%s='%s': the value of a setting has no blanks",
                            s->name, s->value);
        }
        fv__text_addf(&text, "%s%s=%s", i ? " " : "", s->name, s->value);
    }
    fv_status status = fv__text_done(cli->ctx, &text);
    if (status == FV_OK) *out = fv__arena_text(&cli->arena, text.data ? text.data : "");
    if (status == FV_OK && !*out) status = FV_EXHAUSTED;
    fv__text_free(&text);
    return status;
}

/* --- standard input --------------------------------------------------------------------------- */

fv_status fv__cli_read_input(fv_cli *cli, char **data, size_t *size) {
    size_t capacity = 0;
    *data = NULL;
    *size = 0;
    for (;;) {
        FV_TRY(fv__grow(cli->ctx, (void **)data, &capacity, *size + 65536, 1, "standard input"));
        const size_t n = fread(*data + *size, 1, capacity - *size, stdin);
        *size += n;
        if (*size > INPUT_MAX)
            return fv__fail(cli->ctx, FV_BAD_INPUT, "standard input is longer than 256 MB");
        if (n == 0) break;
    }
    return ferror(stdin) ? fv__fail(cli->ctx, FV_FAILED, "standard input cannot be read") : FV_OK;
}

static bool is_input(const char *word) {
    return strcmp(word, "-") == 0;
}

fv_status fv__cli_image(fv_cli *cli, const char *path, fv_image **out) {
    char *data;
    size_t size;
    if (!is_input(path)) return fv_image_read(cli->ctx, path, out);
    fv_status status = fv__cli_read_input(cli, &data, &size);
    if (status == FV_OK) status = fv_image_decode(cli->ctx, "standard input", data, size, out);
    fv__free(data);
    return status;
}

static fv_status net_of_input(fv_cli *cli, const char *settings, fv_net **out) {
    char *text;
    size_t size;
    if (cli->input || cli->classes)
        return fv__fail(cli->ctx, FV_USAGE,
                        "input= and classes= are for files; a text on standard input says itself "
                        "what its input is");
    fv_status status = fv__cli_read_input(cli, &text, &size);
    if (status == FV_OK && memchr(text, 0, size))
        status = fv__fail(cli->ctx, FV_BAD_INPUT,
                          "standard input is no text; - is for a network's text here");
    /* there is room for the 0: what was read last was less than asked for */
    if (status == FV_OK) text[size] = 0;
    if (status == FV_OK) status = fv_net_parse(cli->ctx, text, settings, out);
    fv__free(text);
    return status;
}

/* --- networks and models ---------------------------------------------------------------------- */

static fv_status open_model(fv_cli *cli, const char *word, bool fresh, uint64_t seed,
                            fv_model **out) {
    if (is_input(word) && cli->weights)
        return fv__fail(cli->ctx, FV_USAGE,
                        "weights=FILE goes with a network that is a file or has a name, not with "
                        "one from standard input");
    fv_model_options options = FV_INIT(fv_model_options);
    options.weights = cli->weights;
    options.map = cli->map;
    options.match = (fv_match)cli->match;
    options.report = cli->report;
    options.input = cli->input;
    options.classes = cli->classes;
    options.fresh = fresh;
    options.seed = seed;
    FV_TRY(fv__cli_settings(cli, &options.settings));
    return fv_model_open(cli->ctx, word, &options, out);
}

fv_status fv__cli_trained(fv_cli *cli, const char *word, fv_model **out) {
    return open_model(cli, word, false, 0, out);
}

fv_status fv__cli_model(fv_cli *cli, const char *word, uint64_t seed, fv_model **out) {
    fv_net *net;
    const char *settings;
    if (!is_input(word) || cli->weights) return open_model(cli, word, true, seed, out);
    FV_TRY(fv__cli_settings(cli, &settings));
    FV_TRY(net_of_input(cli, settings, &net));
    return fv_model_new(cli->ctx, net, seed, out);
}

static fv_status take_model(fv_status status, fv_cli_net *out) {
    if (status == FV_OK) out->net = fv_model_net(out->model);
    return status;
}

fv_status fv__cli_net(fv_cli *cli, const char *word, fv_cli_net *out) {
    const char *settings;
    *out = (fv_cli_net){0};
    if (cli->weights || (cli->input && !is_input(word)))
        return take_model(open_model(cli, word, !cli->weights, 0, &out->model), out);
    FV_TRY(fv__cli_settings(cli, &settings));
    FV_TRY(is_input(word) ? net_of_input(cli, settings, &out->own)
                          : fv_net_open(cli->ctx, word, settings, &out->own));
    out->net = out->own;
    return FV_OK;
}

fv_status fv__cli_subject(fv_cli *cli, const char *word, fv_cli_net *out) {
    const bool text = !cli->input && (fv_zoo_find(word) || fv__ends_with(word, ".net"));
    if (text || !(fv__file_exists(word) || fv__folder_exists(word)))
        return fv__cli_net(cli, word, out);
    *out = (fv_cli_net){0};
    return take_model(open_model(cli, word, true, 1, &out->model), out);
}

void fv__cli_net_free(fv_cli_net *net) {
    fv_net_free(net->own);
    fv_model_free(net->model);
}
