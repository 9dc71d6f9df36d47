/* SPDX-License-Identifier: MIT */
/*
 * command_check.c - `fovea check`: the gradient check of a network, in double.
 */
#include "cli/check_onnx.h"
#include <string.h>

typedef struct keys {
    int64_t batch, points, seed;
    double tolerance, norm;
} keys;

static const fv_field fields[] = {
    {"batch", "random images to check with", FV_INT, offsetof(keys, batch), "2", 1, 4096, 0, NULL,
     NULL},
    {"points", "coordinates tried in each tensor", FV_INT, offsetof(keys, points), "8", 1, 1000000,
     0, NULL, NULL},
    {"seed", "start of the random weights, images and coordinates", FV_INT, offsetof(keys, seed),
     "1", 0, 9e15, 0, NULL, NULL},
    {"tolerance", "relative error that still passes", FV_REAL, offsetof(keys, tolerance), "1e-7",
     1e-15, 1, 0, NULL, NULL},
    {"norm",
     "onnx: |output - expected| / |expected| that still passes, of each output as a whole; 0: "
     "every element is within ONNX's own tolerances, rtol 1e-3 and atol 1e-7",
     FV_REAL, offsetof(keys, norm), "0", 0, 1, 0, NULL, NULL},
    {NULL, NULL, FV_INT, 0, NULL, 0, 0, 0, NULL, NULL},
};

static const fv_cli_flag flag_table[] = {
    {"plain", NULL, "onnx: compute with the plain loops that define the operators"},
    {NULL, NULL, NULL},
};

/* One line; where the terminal is narrow without the counts, then without the operator, which the
   name tells as well. */
static void print_row(const char *verdict, const char *op, const char *name, const char *error,
                      const char *tried, const char *skipped) {
    const int room = fv__cli_screen(stdout).columns;
    if (room == 0 || room >= 87)
        printf("%-6s %-13s %-40s %9s %7s %7s\n", verdict, op, name, error, tried, skipped);
    else if (room >= 71)
        printf("%-6s %-13s %-40s %9s\n", verdict, op, name, error);
    else
        printf("%-6s %-*s %9s\n", verdict, room - 17 < 40 ? room - 17 : 40, name, error);
}

static void watch(void *arg, const fv_checked_gradient *r) {
    const fv_cli *cli = arg;
    char error[32], tried[32], skipped[32];
    if (cli->json || cli->quiet) return;
    snprintf(error, sizeof error, "%.1e", r->error);
    snprintf(tried, sizeof tried, "%lld", (long long)r->tried);
    snprintf(skipped, sizeof skipped, "%lld", (long long)r->skipped);
    print_row(r->wrong   ? "WRONG"
              : r->tried ? "ok"
                         : "kinks",
              r->op, r->name, error, tried, skipped);
}

static void json_row(const fv_checked_gradient *r, fv_json_writer *w) {
    fv__json_open(w, NULL, '{');
    fv__json_add_text(w, "name", r->name);
    fv__json_add_text(w, "op", r->op);
    fv__json_add_text(w, "scope", r->local ? "layer" : "network");
    fv__json_add_real(w, "error", r->error);
    fv__json_add_int(w, "tried", r->tried);
    fv__json_add_int(w, "skipped", r->skipped);
    fv__json_add_bool(w, "ok", !r->wrong);
    fv__json_close(w);
}

static void as_json(const fv_check *check, fv_text *out) {
    fv_json_writer w = fv__json_writer(out, 2);
    fv__json_open(&w, NULL, '{');
    fv__json_add_text(&w, "net", check->net);
    fv__json_add_int(&w, "gradients", check->count);
    fv__json_add_int(&w, "wrong", check->wrong);
    fv__json_add_real(&w, "worst", check->worst);
    fv__json_add_text(&w, "culprit", check->culprit);
    fv__json_open(&w, "rows", '[');
    for (int i = 0; i < check->count; i++) json_row(check->gradients[i], &w);
    fv__json_close(&w);
    fv__json_close(&w);
}

static fv_status say(fv_cli *cli, const fv_check *check) {
    fv_text out = {0};
    if (cli->json)
        as_json(check, &out);
    else
        fv__cli_sentence(&out, "%s: %d gradients, worst relative error %.1e%s", check->net,
                         check->count, check->worst, check->wrong ? "" : ": all agree");
    return fv__cli_put(cli, &out);
}

static fv_status check_net(fv_cli *cli, const fv_net *net) {
    const keys *k = cli->keys;
    fv_check_settings settings = FV_INIT(fv_check_settings);
    fv_check *check;
    settings.batch = k->batch;
    settings.points = k->points;
    settings.tolerance = k->tolerance;
    settings.seed = (uint64_t)k->seed;
    settings.watch = watch;
    settings.user = cli;
    if (!cli->json && !cli->quiet)
        print_row("", "operator", "gradient", "error", "tried", "skipped");
    const fv_status status = fv_check_gradients(cli->ctx, net, &settings, &check);
    if (!check) return status;
    const fv_status put = say(cli, check);
    fv_check_free(check);
    return put == FV_OK ? status : put;
}

static fv_status run_onnx(fv_cli *cli) {
    fv_onnx_settings settings = FV_INIT(fv_onnx_settings);
    settings.norm = ((const keys *)cli->keys)->norm;
    settings.plain = fv__cli_has(cli, "plain");
    return fv__cli_check_onnx(cli, &settings, cli->words + 1, cli->word_count - 1);
}

static fv_status run(fv_cli *cli) {
    fv_cli_net net;
    if (strcmp(cli->words[0], "onnx") == 0 && cli->word_count > 1) return run_onnx(cli);
    if (((const keys *)cli->keys)->norm > 0 || fv__cli_has(cli, "plain"))
        return fv__fail(cli->ctx, FV_USAGE, "norm= and --plain are for `fovea check onnx DIR`");
    if (cli->word_count > 1)
        return fv__fail(cli->ctx, FV_USAGE, "check takes one network, not '%s' too", cli->words[1]);
    FV_TRY(fv__cli_net(cli, cli->words[0], &net));
    const fv_status status = check_net(cli, net.net);
    fv__cli_net_free(&net);
    return status;
}

const fv_command fv__command_check = {
    .name = "check",
    .help = "check every gradient of a network against differences, in double",
    .synopsis = "NET [key=value ...] | onnx DIR ...",
    .about = "First each layer alone, which names the operator at fault, then the whole network's\n"
             "loss. Steps that cross a kink (relu at 0) or a tie (two equal maxima) are made\n"
             "smaller or skipped; `kinks` marks a gradient of which nothing else was left.\n"
             "Exit 6 when a gradient is wrong.\n"
             "\n"
             "`onnx DIR` runs tests in ONNX's own layout instead: model.onnx with folders\n"
             "test_data_set_0, 1 ... of input_0.pb and output_0.pb; DIR is one, or a folder of\n"
             "such. What cannot be computed here is skipped, with the reason. Exit 6 when an\n"
             "output differs. For whole networks, whose smallest numbers keep few digits, say\n"
             "norm=1e-4: each output is then judged as a whole.",
    .examples = "fovea check lenet5\nfovea check mine.net points=50 --json\n"
                "fovea check onnx ~/onnx/backend/test/data/node\n"
                "fovea check onnx mobilenet_v2 norm=1e-4",
    .words_min = 1,
    .words_max = -1,
    .keys = fields,
    .keys_size = sizeof(keys),
    .flags = flag_table,
    .takes = FV_CLI_NET | FV_CLI_INPUT,
    .run = run,
};
