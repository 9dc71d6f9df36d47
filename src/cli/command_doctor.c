/* SPDX-License-Identifier: MIT */
/*
 * command_doctor.c - `fovea doctor`: this machine, this build, the data that is here.
 */
#include "cli/cli.h"

/* Why a data set cannot be opened; "" when it can. Tried on its test part. */
static fv_status trouble(fv_cli *cli, const char *name, char *out, size_t size) {
    fv_dataset *test;
    out[0] = 0;
    const fv_status status = fv_dataset_open(cli->ctx, name, 1, NULL, &test);
    fv_dataset_free(test);
    if (status == FV_OK || status == FV_EXHAUSTED) return status;
    snprintf(out, size, "%s", fv_context_error(cli->ctx));
    return FV_OK;
}

static void machine(const fv_cli *cli, fv_text *out) {
    char name[64], text[128];
    fv__cli_entry(out, "processor", 14, fv_processor(name, sizeof name));
    snprintf(text, sizeof text, "%d, used: %d", fv_processors(), fv_context_threads(cli->ctx));
    fv__cli_entry(out, "cores", 14, text);
    snprintf(text, sizeof text, "%s, used: %s (%d numbers at a time)", fv_isa_best(),
             fv_context_isa(cli->ctx), fv_isa_lanes(cli->ctx));
    fv__cli_entry(out, "instructions", 14, text);
    const double memory = fv_machine_memory();
    if (memory > 0) fv__cli_entry(out, "memory", 14, fv__short_bytes(text, memory));
}

static void built_with(fv_text *out) {
    char text[128];
    const fv_part *part;
    for (int i = 0; (part = fv_part_at(i)) != NULL; i++) {
        snprintf(text, sizeof text, part->built_in ? "yes" : "NO: %s", part->without);
        fv__cli_entry(out, part->name, 14, text);
    }
}

static fv_status as_text(fv_cli *cli, fv_text *out) {
    char why[FV_MESSAGE_MAX];
    fv__text_addf(out, "Fovea %s, built with %s\n\nMachine\n", fv_version(), fv_compiler());
    machine(cli, out);
    fv__text_add(out, "\nBuilt with\n");
    built_with(out);
    fv__text_add(out, "\nData sets\n");
    for (int i = 0; i < fv_dataset_kinds(); i++) {
        if (fv_dataset_kind_by_path(i)) continue;
        FV_TRY(trouble(cli, fv_dataset_kind_name(i), why, sizeof why));
        fv__cli_entry(out, fv_dataset_kind_name(i), 14, why[0] ? why : "ready");
    }
    return FV_OK;
}

static void machine_json(const fv_cli *cli, fv_json_writer *w) {
    char name[64];
    fv__json_add_text(w, "version", fv_version());
    fv__json_add_text(w, "compiler", fv_compiler());
    fv__json_add_text(w, "processor", fv_processor(name, sizeof name));
    fv__json_add_int(w, "cores", fv_processors());
    fv__json_add_int(w, "threads", fv_context_threads(cli->ctx));
    fv__json_add_text(w, "isa_best", fv_isa_best());
    fv__json_add_text(w, "isa", fv_context_isa(cli->ctx));
    fv__json_add_rounded(w, "memory_bytes", fv_machine_memory(), 0);
}

static fv_status as_json(fv_cli *cli, fv_text *out) {
    char why[FV_MESSAGE_MAX];
    const fv_part *part;
    fv_json_writer w = fv__json_writer(out, 1);
    fv__json_open(&w, NULL, '{');
    machine_json(cli, &w);
    fv__json_open(&w, "built_with", '{');
    for (int i = 0; (part = fv_part_at(i)) != NULL; i++)
        fv__json_add_bool(&w, part->name, part->built_in);
    fv__json_close(&w);
    fv__json_open(&w, "datasets", '{');
    for (int i = 0; i < fv_dataset_kinds(); i++) {
        if (fv_dataset_kind_by_path(i)) continue;
        FV_TRY(trouble(cli, fv_dataset_kind_name(i), why, sizeof why));
        fv__json_add_bool(&w, fv_dataset_kind_name(i), !why[0]);
    }
    fv__json_close(&w);
    fv__json_close(&w);
    return FV_OK;
}

static fv_status run(fv_cli *cli) {
    fv_text out = {0};
    const fv_status status = cli->json ? as_json(cli, &out) : as_text(cli, &out);
    if (status == FV_OK) return fv__cli_put(cli, &out);
    fv__text_free(&out);
    return status;
}

const fv_command fv__command_doctor = {
    .name = "doctor",
    .help = "this machine, what the program was built with, which data is here",
    .synopsis = "",
    .examples = "fovea doctor\nfovea doctor --json",
    .words_max = 0,
    .run = run,
};
