/* SPDX-License-Identifier: MIT */
/*
 * open.c - from a word of the command line to a network or a model.
 */
#include "cli/cli.h"
#include <string.h>

/* The model a training run's folder holds: the one at the end or, while it goes on, the best. */
static const char *in_folder(fv_cli *cli, const char *word) {
    static const char *const files[] = {"model.safetensors", "best.safetensors"};
    for (size_t i = 0; i < sizeof files / sizeof *files && fv__folder_exists(word); i++) {
        const char *path = fv__arena_format(&cli->arena, "%s/%s", word, files[i]);
        if (path && fv__file_exists(path)) return path;
    }
    return word;
}

bool fv__cli_is_model(const char *word) {
    return fv__ends_with(word, ".safetensors");
}

fv_status fv__cli_trained(fv_cli *cli, const char *word, fv_model **out) {
    const char *path = in_folder(cli, word);
    if (fv__ends_with(path, ".net"))
        return fv__fail(cli->ctx, FV_BAD_INPUT,
                        "%s is the text of a network, without weights; give a trained model "
                        "(.safetensors) or the folder of a training run",
                        word);
    if (fv__file_exists(path)) {
        FV_TRY(fv__model_load(cli->ctx, path, out));
        if (fv__model_check_finite(cli->ctx, *out) == FV_OK) return FV_OK;
        fv__model_free(*out);
        return fv__fail_in(cli->ctx, "%s: ", path);
    }
    if (fv__folder_exists(word))
        return fv__fail(cli->ctx, FV_BAD_INPUT,
                        "%s: this folder holds no model.safetensors and no best.safetensors", word);
    for (const fv_zoo_network *z = fv__zoo; z->name; z++)
        if (strcmp(z->name, word) == 0)
            return fv__fail(cli->ctx, FV_BAD_INPUT,
                            "%s is a network without weights; train it (fovea train %s DATA) and "
                            "give the model.safetensors that comes out",
                            word, word);
    return fv__fail(cli->ctx, FV_BAD_INPUT,
                    "there is no file %s; a trained model (.safetensors) or the folder of a "
                    "training run is expected",
                    word);
}

/* Settings that are for the network: those that no recipe field takes. */
static size_t for_network(const fv_cli *cli, fv_setting *out) {
    size_t count = 0;
    for (size_t i = 0; i < cli->setting_count; i++) {
        const fv_setting *s = &cli->settings[i];
        if (cli->command->takes & FV_CLI_RECIPE && fv__field_find(fv__recipe_fields, s->name))
            continue;
        out[count++] = *s;
    }
    return count;
}

fv_status fv__cli_hint(fv_cli *cli, fv_status status) {
    const char *message = fv_context_error(cli->ctx);
    if (status != FV_USAGE || !strstr(message, "has no parameter") ||
        strstr(message, "did you mean"))
        return status;
    for (size_t i = 0; i < cli->setting_count; i++) {
        const char *name = cli->settings[i].name, *near = NULL;
        if (fv__field_find(fv__recipe_fields, name)) continue;
        if (cli->command->keys) near = fv__field_nearest(cli->command->keys, name);
        if (!near && cli->command->takes & FV_CLI_RECIPE)
            near = fv__field_nearest(fv__recipe_fields, name);
        if (near)
            return fv__fail(cli->ctx, FV_USAGE, "%s: unknown setting '%s'; did you mean '%s'?",
                            cli->command->name, name, near);
    }
    return status;
}

fv_status fv__cli_net(fv_cli *cli, const char *word, fv_net **out) {
    fv_setting *settings =
        fv__arena_alloc(&cli->arena, (cli->setting_count + 1) * sizeof *settings);
    if (!settings) return FV_EXHAUSTED;
    const size_t count = for_network(cli, settings);
    word = in_folder(cli, word);
    if (fv__cli_is_model(word)) {
        fv_model *model = NULL;
        if (count)
            return fv__fail(cli->ctx, FV_USAGE,
                            "%s=%s: the network inside a model is what it was trained as; give "
                            "settings with a network's name or .net file",
                            settings[0].name, settings[0].value);
        FV_TRY(fv__model_load(cli->ctx, word, &model));
        *out = model->net.graph;
        model->net.graph = NULL;
        fv__model_free(model);
        return FV_OK;
    }
    return fv__net_find(cli->ctx, word, settings, count, out);
}

fv_status fv__cli_model(fv_cli *cli, const char *word, uint64_t seed, fv_model **out) {
    word = in_folder(cli, word);
    if (fv__cli_is_model(word)) return fv__model_load(cli->ctx, word, out);
    fv_net *net = NULL;
    FV_TRY(fv__cli_net(cli, word, &net));
    return fv__model_new(cli->ctx, net, seed, out);
}
