/* SPDX-License-Identifier: MIT */
/*
 * command_runs.c - `fovea runs`: training runs beside each other.
 */
#include "cli/runs_report.h"

typedef struct keys {
    int sort;
} keys;

/* In the order of fv_runs_order. */
static const char *const orders[] = {"accuracy", "last", "loss", "time", "speed",
                                     "memory",   "date", "name", NULL};

static const fv_field key_fields[] = {
    {"sort",
     "what the lines stand by, the best first: the best test accuracy, the last, the least test "
     "loss, time, images a second, memory, the latest, or the folder's name",
     FV_CHOICE, offsetof(keys, sort), "accuracy", 0, 0, 0, orders, NULL},
    {NULL, NULL, FV_INT, 0, NULL, 0, 0, 0, NULL, NULL},
};

static const fv_cli_flag flags[] = {
    {"out", "FILE.png", "draw the tests' accuracy and loss over the epochs"},
    {"csv", NULL, "a row each, with commas between, and the settings that differ behind"},
    {NULL, NULL, NULL},
};

static fv_status draw(fv_cli *cli, const fv_runs *runs, const char *path) {
    fv_blob *png;
    int drawn, behind = 0;
    const fv_run_facts *f;
    if (!fv__ends_with(path, ".png"))
        return fv__fail(cli->ctx, FV_USAGE, "runs draws PNG files; call it --out NAME.png, not %s",
                        path);
    FV_TRY(fv_draw_runs(cli->ctx, runs, &drawn, &png));
    const fv_status status = fv_blob_save(cli->ctx, png, path);
    fv_blob_free(png);
    FV_TRY(status);
    for (int i = 0; (f = fv_runs_at(runs, i)) != NULL; i++) behind += f->epochs_done > 0;
    if (drawn < behind)
        fv__cli_note(cli, "wrote %s, with the first %d of %d runs; name fewer for others", path,
                     drawn, behind);
    else
        fv__cli_note(cli, "wrote %s", path);
    return FV_OK;
}

static fv_status tell(fv_cli *cli, const fv_runs *runs) {
    const char *path = fv__cli_value(cli, "out");
    fv_text out = {0};
    fv_status status = FV_OK;
    if (path) FV_TRY(draw(cli, runs, path));
    if (cli->json)
        fv__cli_runs_json(runs, &out);
    else if (fv__cli_has(cli, "csv"))
        fv__cli_runs_csv(runs, &out);
    else
        status = fv__cli_runs_text(cli, runs, &out);
    if (status == FV_OK) return fv__cli_put(cli, &out);
    fv__text_free(&out);
    return status;
}

static fv_status run(fv_cli *cli) {
    const fv_runs_order order = (fv_runs_order)((const keys *)cli->keys)->sort;
    fv_runs *runs;
    FV_TRY(fv_runs_read(cli->ctx, cli->words, cli->word_count, order, &runs));
    const fv_status status = tell(cli, runs);
    fv_runs_free(runs);
    return status;
}

const fv_command fv__command_runs = {
    .name = "runs",
    .help = "list training runs beside each other, and the settings in which they differ",
    .synopsis = "[FOLDER ...] [sort=WORD] [--out FILE.png]",
    .about =
        "A FOLDER is a run's own, or holds some; without one it is runs/, where `fovea train`\n"
        "puts them. A line tells how many epochs are behind, the best and the last test,\n"
        "time, images a second of the last epoch, the most memory, and when it ended or was\n"
        "saved last. A run that was stopped or cut off goes on with `fovea resume`; one that\n"
        "a process of this machine is at is running; one with damaged files says which.\n"
        "Nothing is changed.",
    .examples = "fovea runs\n"
                "fovea runs runs/lenet5-1 runs/lenet5-2 --out both.png\n"
                "fovea runs sort=loss --json",
    .words_max = -1,
    .keys = key_fields,
    .keys_size = sizeof(keys),
    .flags = flags,
    .run = run,
};
