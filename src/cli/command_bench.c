/* SPDX-License-Identifier: MIT */
/*
 * command_bench.c - `fovea bench`: how fast a network runs here, whole and per layer.
 */
#include "cli/bench.h"

static const fv_field key_fields[] = {
    {"batch", "images at a time", FV_INT, offsetof(fv_bench_keys, batch), "1", 1, 1 << 20, 0, NULL,
     NULL},
    {"runs",
     "how many are timed (0: for about two seconds; with --against at least 15 of each side)",
     FV_INT, offsetof(fv_bench_keys, runs), "0", 0, 100000, 0, NULL, NULL},
    {"slow",
     "with --against: who takes so many times as long as the fastest of the others is left behind "
     "after the first round (0: nobody)",
     FV_REAL, offsetof(fv_bench_keys, slow), "0", 0, 1e6, 0, NULL, NULL},
    {"limit", "with --against: seconds that another program may take for an answer", FV_REAL,
     offsetof(fv_bench_keys, limit), "300", 0.1, 1e6, 0, NULL, NULL},
    {NULL, NULL, FV_INT, 0, NULL, 0, 0, 0, NULL, NULL},
};

static const fv_cli_flag flag_table[] = {
    {"training", NULL,
     "time forward, loss and backward instead of forward alone; with --against whole steps, the "
     "update too"},
    {"layers", NULL, "time every step of the plan too"},
    {"trace", NULL, "print what was chosen for every layer, and why the faster ways refused"},
    {"against", "NAMES",
     "other libraries run the same network in turns: onnxruntime,pytorch,opencv"},
    {"serve", "FILE", "be such a side oneself: run on its numbers as standard input says"},
    {NULL, NULL, NULL},
};

static fv_status say(fv_cli *cli, const fv_bench *b) {
    fv_text out = {0};
    fv_status status = FV_OK;
    if (cli->json)
        fv__cli_bench_json(cli, b, &out);
    else
        status = fv__cli_bench_text(cli, b, &out);
    if (status == FV_OK) return fv__cli_put(cli, &out);
    fv__text_free(&out);
    return status;
}

static fv_status measure(fv_cli *cli, const fv_cli_net *subject) {
    const fv_bench_keys *k = cli->keys;
    fv_bench_options options = FV_INIT(fv_bench_options);
    fv_bench *bench;
    options.model = subject->model;
    options.batch = k->batch;
    options.runs = k->runs;
    options.training = fv__cli_has(cli, "training");
    options.steps = fv__cli_has(cli, "layers");
    options.trace = fv__cli_has(cli, "trace");
    FV_TRY(fv_bench_run(cli->ctx, subject->net, &options, &bench));
    const fv_status status = say(cli, bench);
    fv_bench_free(bench);
    return status;
}

/* What does not go with being one of several sides. */
static fv_status check_sides(fv_cli *cli, const char *flag) {
    static const char *const alone[] = {"layers", "trace"};
    for (size_t i = 0; i < sizeof alone / sizeof *alone; i++)
        if (fv__cli_has(cli, alone[i]))
            return fv__fail(cli->ctx, FV_USAGE, "--%s does not go with --%s", alone[i], flag);
    return FV_OK;
}

static fv_status run(fv_cli *cli) {
    const char *against = fv__cli_value(cli, "against"), *input = fv__cli_value(cli, "serve");
    fv_cli_net subject;
    if (against || input) FV_TRY(check_sides(cli, against ? "against" : "serve"));
    if (against && input) return fv__fail(cli->ctx, FV_USAGE, "--serve does not go with --against");
    if (against) return fv__cli_bench_against(cli, against);
    if (input) return fv__cli_bench_serve(cli, input);
    FV_TRY(fv__cli_subject(cli, cli->words[0], &subject));
    const fv_status status = measure(cli, &subject);
    fv__cli_net_free(&subject);
    return status;
}

const fv_command fv__command_bench = {
    .name = "bench",
    .help = "time a network: ms, images a second, GFLOP/s, each layer",
    .synopsis = "NETWORK [batch=N] [runs=N] [weights=FILE] [NAME=VALUE ...]",
    .about =
        "NETWORK is a name of the zoo, a .net file or a model, whose own weights it runs on.\n"
        "GFLOP/s count two operations per multiply-accumulate of conv and fc as the lectures\n"
        "define them, three times as many with --training. The peak is what this machine does\n"
        "in the same second on as many threads: multiply-adds on numbers in registers. A way\n"
        "that needs fewer of them (winograd) comes out above it.\n"
        "\n"
        "--against writes this very network with its weights for other libraries, runs each that\n"
        "is installed in turns with Fovea, on the same threads and numbers, and compares what\n"
        "comes out. Each side's first run of a turn does not count. The ratio is their median\n"
        "time over Fovea's. Exit code 6 when outputs differ. FOVEA_RIVALS_DIR names the folder of\n"
        "their drivers, where they are not beside this command. With --training a step is that of\n"
        "SGD with momentum on a batch that stays the same, and gradients are compared.",
    .examples = "fovea bench resnet50\n"
                "fovea bench lenet5 batch=64 --training --layers\n"
                "fovea bench vgg16 --threads 1 --isa avx2 --json\n"
                "fovea bench resnet50 batch=16 --against onnxruntime,pytorch,opencv\n"
                "fovea bench resnet20 batch=128 --training --against pytorch",
    .words_min = 1,
    .words_max = 1,
    .keys = key_fields,
    .keys_size = sizeof(fv_bench_keys),
    .flags = flag_table,
    .takes = FV_CLI_NET | FV_CLI_WEIGHTS | FV_CLI_INPUT,
    .run = run,
};
