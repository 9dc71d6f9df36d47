/* SPDX-License-Identifier: MIT */
/*
 * convert.c - `fovea convert IN OUT`: between the forms a network can have, told by their ends.
 */
#include "cli/cli.h"
#include <string.h>

typedef struct keys {
    int64_t seed;
} keys;

static const fv_field key_fields[] = {
    {"seed", "start of the random numbers of fresh weights", FV_INT, offsetof(keys, seed), "1", 0,
     9e15, 0, NULL, NULL},
    {NULL, NULL, FV_INT, 0, NULL, 0, 0, 0, NULL, NULL},
};

static fv_status to_text(fv_cli *cli, const char *in, const char *out, size_t *bytes) {
    fv_net *net = NULL;
    fv_text text = {0};
    FV_TRY(fv__cli_net(cli, in, &net));
    fv_status status = fv__net_print(cli->ctx, net, &text);
    if (status == FV_OK) status = fv__text_done(cli->ctx, &text);
    if (status == FV_OK) status = fv__file_write(cli->ctx, out, text.data, text.length);
    *bytes = text.length;
    fv__text_free(&text);
    fv__net_free(net);
    return status;
}

static fv_status to_model(fv_cli *cli, const char *in, const char *out, size_t *bytes) {
    fv_model *model = NULL;
    fv_bytes written;
    FV_TRY(fv__cli_model(cli, in, (uint64_t)((const keys *)cli->keys)->seed, &model));
    fv_status status = fv__model_save(cli->ctx, model, out);
    fv__model_free(model);
    if (status == FV_OK) status = fv__file_read(cli->ctx, out, 0, &written);
    if (status != FV_OK) return status;
    *bytes = written.size;
    fv__file_release(&written);
    return FV_OK;
}

static fv_status report(fv_cli *cli, const char *in, const char *out, size_t bytes) {
    fv_text text = {0};
    char size[32];
    if (cli->json) {
        fv__text_add(&text, "{\"in\": ");
        fv__text_json(&text, in);
        fv__text_add(&text, ", \"out\": ");
        fv__text_json(&text, out);
        fv__text_addf(&text, ", \"bytes\": %zu}\n", bytes);
    } else if (!cli->quiet) {
        fv__text_addf(&text, "%s: %s\n", out, fv__short_bytes(size, (double)bytes));
    }
    return fv__cli_put(cli, &text);
}

static fv_status run(fv_cli *cli) {
    const char *in = cli->words[0], *out = cli->words[1];
    size_t bytes = 0;
    if (fv__ends_with(out, ".net"))
        FV_TRY(to_text(cli, in, out, &bytes));
    else if (fv__ends_with(out, ".safetensors"))
        FV_TRY(to_model(cli, in, out, &bytes));
    else
        return fv__fail(cli->ctx, FV_USAGE,
                        "convert does not know what to make of '%s'; its end says what it is to "
                        "be: .net (the network's text) or .safetensors (a model)",
                        out);
    return report(cli, in, out, bytes);
}

const fv_command fv__command_convert = {
    .name = "convert",
    .help = "turn a network or a model into another form, told by its end",
    .synopsis = "IN OUT [seed=N] [NAME=VALUE ...]",
    .about = "IN is a name of the zoo, a .net file or a model (.safetensors).\n"
             "\n"
             "  OUT.net          the network's text in its one canonical form: blocks and\n"
             "                   parameters written out\n"
             "  OUT.safetensors  a model: IN's weights, or fresh ones from the seed",
    .examples = "fovea convert lenet5 fresh.safetensors seed=7\n"
                "fovea convert runs/lenet5-1/model.safetensors lenet5.net\n"
                "fovea convert mine.net canonical.net width=2",
    .words_min = 2,
    .words_max = 2,
    .keys = key_fields,
    .keys_size = sizeof(keys),
    .takes = FV_CLI_NET,
    .run = run,
};
