/* SPDX-License-Identifier: MIT */
/*
 * command_tune.c - `fovea tune`: which way of cutting a network's work is the fastest here.
 */
#include "base/printable.h"
#include "cli/cli.h"
#include "view/text_table.h"

typedef struct keys {
    int64_t batch;
} keys;

static const fv_field key_fields[] = {
    {"batch", "images at a time", FV_INT, offsetof(keys, batch), "1", 1, 1 << 20, 0, NULL, NULL},
    {NULL, NULL, FV_INT, 0, NULL, 0, 0, 0, NULL, NULL},
};

static const fv_cli_flag flag_table[] = {
    {"file", "FILE", "keep what is found there instead of where every command looks for it"},
    {NULL, NULL, NULL},
};

/* How much faster, "12.3 %". */
static double gain(double before, double after) {
    return before > 0 ? 100 * (before - after) / before : 0;
}

static fv_status steps_text(const fv_cli *cli, const fv_tuned *t, fv_text *out) {
    fv_table *table = NULL;
    FV_TRY(fv__table_new(cli->ctx, &table));
    fv__table_column(table, "step", false);
    fv__table_column(table, "way", false);
    fv__table_spare(table, 2);
    fv__table_column(table, "cut", false);
    fv__table_column(table, "tried", true);
    fv__table_spare(table, 1);
    fv__table_column(table, "ms before", true);
    fv__table_column(table, "after", true);
    for (int s = 0; s < t->step_count; s++) {
        const fv_tuned_step *step = t->steps[s];
        fv__table_cell(table, step->name);
        fv__table_cell(table, step->way);
        fv__table_cell(table, step->variant);
        fv__table_cellf(table, "%d", step->tried);
        fv__table_cellf(table, "%.3f", 1e3 * step->before);
        fv__table_cellf(table, "%.3f", 1e3 * step->after);
    }
    const fv_status status = fv__table_text(cli->ctx, table, fv__cli_screen(stdout).columns, out);
    fv__table_free(table);
    return status;
}

static fv_status as_text(const fv_cli *cli, const fv_tuned *t, fv_text *out) {
    char threads[64];
    if (t->step_count) FV_TRY(steps_text(cli, t, out));
    if (t->step_count) fv__text_add(out, "\n");
    fv__cli_sentence(out, "%s, batch %lld, %s, %s", t->net, (long long)t->batch,
                     fv_context_isa(cli->ctx),
                     fv__counted(threads, t->threads, "thread", "threads"));
    if (t->step_count)
        fv__text_addf(out, "\n  time      %.3f ms as usual, %.3f ms as found: %.1f %% less\n",
                      1e3 * t->before, 1e3 * t->after, gain(t->before, t->after));
    else
        fv__text_add(out, "\n  no step of this network can be cut in several ways\n");
    if (t->file) fv__text_addf(out, "  kept in   %s\n", t->file);
    return FV_OK;
}

static void as_json(const fv_tuned *t, fv_text *out) {
    fv_json_writer w = fv__json_writer(out, 2);
    fv__json_open(&w, NULL, '{');
    fv__json_add_text(&w, "net", t->net);
    fv__json_add_int(&w, "batch", t->batch);
    fv__json_add_int(&w, "threads", t->threads);
    fv__json_add_text(&w, "machine", t->machine);
    if (t->file) fv__json_add_text(&w, "file", t->file);
    fv__json_add_rounded(&w, "ms_before", 1e3 * t->before, 6);
    fv__json_add_rounded(&w, "ms_after", 1e3 * t->after, 6);
    fv__json_open(&w, "steps", '[');
    for (int s = 0; s < t->step_count; s++) {
        const fv_tuned_step *step = t->steps[s];
        fv__json_open(&w, NULL, '{');
        fv__json_add_text(&w, "name", step->name);
        fv__json_add_text(&w, "impl", step->way);
        fv__json_add_text(&w, "variant", step->variant);
        fv__json_add_int(&w, "tried", step->tried);
        fv__json_add_rounded(&w, "ms_before", 1e3 * step->before, 6);
        fv__json_add_rounded(&w, "ms_after", 1e3 * step->after, 6);
        fv__json_close(&w);
    }
    fv__json_close(&w);
    fv__json_close(&w);
}

static fv_status say(fv_cli *cli, const fv_tuned *t) {
    fv_text out = {0};
    fv_status status = FV_OK;
    if (cli->json)
        as_json(t, &out);
    else
        status = as_text(cli, t, &out);
    if (status == FV_OK) return fv__cli_put(cli, &out);
    fv__text_free(&out);
    return status;
}

static fv_status run(fv_cli *cli) {
    const char *file = fv__cli_value(cli, "file");
    char usual[4096];
    fv_tune_options options = FV_INIT(fv_tune_options);
    fv_cli_net subject;
    fv_tuned *tuned = NULL;
    options.batch = ((const keys *)cli->keys)->batch;
    options.file = file ? file : fv_tuning_file(usual, sizeof usual);
    if (!options.file)
        return fv__fail(cli->ctx, FV_USAGE,
                        "there is no place to keep what is found: none of FOVEA_CACHE, "
                        "XDG_CACHE_HOME and HOME is set; name one with --file FILE");
    FV_TRY(fv__cli_subject(cli, cli->words[0], &subject));
    options.model = subject.model;
    fv__cli_note(cli, "timing %s; this takes a while", fv_net_name(subject.net));
    fv_status status = fv_tune(cli->ctx, subject.net, &options, &tuned);
    if (status == FV_OK) status = say(cli, tuned);
    fv_tuned_free(tuned);
    fv__cli_net_free(&subject);
    return status;
}

const fv_command fv__command_tune = {
    .name = "tune",
    .help = "find the fastest way of cutting a network's work on this machine",
    .synopsis = "NETWORK [batch=N] [weights=FILE] [NAME=VALUE ...]",
    .about = "How a layer is computed follows from its shape; how its work is cut into bands and\n"
             "parts has several answers that give the same bits. This times them, for that batch\n"
             "and as many threads, and keeps what is more than 3 % faster in a text file, by the\n"
             "kind of machine. Other commands use what is there unless told --no-tune; results\n"
             "never depend on it.\n"
             "\n"
             "The file is tuning.txt in $FOVEA_CACHE, or else in fovea below $XDG_CACHE_HOME or\n"
             "~/.cache. It may be deleted at any time.",
    .examples = "fovea tune resnet50\n"
                "fovea tune vgg16 batch=16 --threads 2\n"
                "fovea bench resnet50 --trace",
    .words_min = 1,
    .words_max = 1,
    .keys = key_fields,
    .keys_size = sizeof(keys),
    .flags = flag_table,
    .takes = FV_CLI_NET | FV_CLI_WEIGHTS | FV_CLI_INPUT,
    .run = run,
};
