/* SPDX-License-Identifier: MIT */
/*
 * open.c - from a word of the command line to a network or a model.
 */
#include "cli/cli.h"
#include <string.h>

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
    if (status != FV_USAGE || strstr(message, "did you mean") ||
        !(strstr(message, "has no parameter") || strstr(message, "the network inside a model")))
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

/* What the command line says about opening. */
static fv_status options(fv_cli *cli, fv_open_options *o) {
    fv_setting *settings =
        fv__arena_alloc(&cli->arena, (cli->setting_count + 1) * sizeof *settings);
    if (!settings) return FV_EXHAUSTED;
    o->settings = settings;
    o->setting_count = for_network(cli, settings);
    o->weights = cli->weights;
    return FV_OK;
}

fv_status fv__cli_net(fv_cli *cli, const char *word, fv_net **out) {
    fv_open_options o = {.fresh = true};
    FV_TRY(options(cli, &o));
    return fv__net_open(cli->ctx, word, &o, out);
}

fv_status fv__cli_trained(fv_cli *cli, const char *word, fv_model **out) {
    fv_open_options o = {.fresh = false};
    FV_TRY(options(cli, &o));
    return fv__model_open(cli->ctx, word, &o, out);
}

fv_status fv__cli_model(fv_cli *cli, const char *word, uint64_t seed, fv_model **out) {
    fv_open_options o = {.fresh = true, .seed = seed};
    FV_TRY(options(cli, &o));
    return fv__model_open(cli->ctx, word, &o, out);
}

fv_status fv__cli_convert(fv_cli *cli, const char *word, uint64_t seed, const char *path) {
    fv_open_options o = {.fresh = true, .seed = seed};
    FV_TRY(options(cli, &o));
    return fv__model_convert(cli->ctx, word, &o, path);
}
