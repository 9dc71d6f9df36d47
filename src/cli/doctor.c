/* SPDX-License-Identifier: MIT */
/*
 * doctor.c - `fovea doctor`: this machine, this build, the data that is here.
 */
#include "base/cpu_features.h"
#include "base/thread.h"
#include "cli/cli.h"
#include "data/data.h"
#include "kern/kern.h"
#include <string.h>
#include <unistd.h>

/* What the build found, and what is lost without it. */
typedef struct part {
    const char *name;
    bool built_in;
    const char *without;
} part;

static const part parts[] = {
#ifdef FV_HAVE_ZLIB
    {"zlib", true, NULL},
#else
    {"zlib", false, "gzipped data sets cannot be read, and PNG files are written large"},
#endif
#ifdef FV_HAVE_PNG
    {"libpng", true, NULL},
#else
    {"libpng", false, "PNG images cannot be read"},
#endif
#ifdef FV_HAVE_JPEG
    {"libjpeg", true, NULL},
#else
    {"libjpeg", false, "JPEG images cannot be read"},
#endif
#ifdef FV_HAVE_THREADS
    {"threads", true, NULL},
#else
    {"threads", false, "everything runs on one processor"},
#endif
#ifdef FV_HAVE_MMAP
    {"mmap", true, NULL},
#else
    {"mmap", false, "files are read whole instead of mapped"},
#endif
};
#define PARTS (sizeof parts / sizeof *parts)

/* Bytes of memory in the machine; 0: the system does not say. */
static double machine_memory(void) {
#if defined(_SC_PHYS_PAGES) && defined(_SC_PAGESIZE)
    const long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    if (pages > 0 && size > 0) return (double)pages * (double)size;
#endif
    return 0;
}

static const char *compiler(void) {
#if defined(__clang__)
    return "clang " __clang_version__;
#elif defined(__GNUC__)
    return "gcc " __VERSION__;
#else
    return "unknown";
#endif
}

/* Why a data set cannot be opened; "" when it can. Tried on its test part. */
static fv_status trouble(fv_cli *cli, const char *name, char *out, size_t size) {
    fv_dataset test;
    out[0] = 0;
    const fv_status status = fv__dataset_open(cli->ctx, name, 1, NULL, &test);
    if (status == FV_OK) {
        fv__dataset_close(&test);
        return FV_OK;
    }
    if (status == FV_EXHAUSTED) return status;
    snprintf(out, size, "%s", fv_context_error(cli->ctx));
    return FV_OK;
}

static fv_status as_text(fv_cli *cli, fv_text *out) {
    char name[64], text[128], why[FV_MESSAGE_MAX];
    const fv_kernels *kernels = fv__kernels((fv_isa)cli->ctx->isa);
    fv__text_addf(out, "Fovea %s, built with %s\n\nMachine\n", fv_version(), compiler());
    fv__cli_entry(out, "processor", 14, fv__cpu_name(name));
    snprintf(text, sizeof text, "%d, used: %d", fv__cores(), fv_context_threads(cli->ctx));
    fv__cli_entry(out, "cores", 14, text);
    snprintf(text, sizeof text, "%s, used: %s (%d numbers at a time)", fv__isa_name(fv__cpu_isa()),
             kernels->name, kernels->lanes);
    fv__cli_entry(out, "instructions", 14, text);
    const double memory = machine_memory();
    if (memory > 0) fv__cli_entry(out, "memory", 14, fv__short_bytes(text, memory));
    fv__text_add(out, "\nBuilt with\n");
    for (size_t i = 0; i < PARTS; i++) {
        if (parts[i].built_in)
            snprintf(text, sizeof text, "yes");
        else
            snprintf(text, sizeof text, "NO: %s", parts[i].without);
        fv__cli_entry(out, parts[i].name, 14, text);
    }
    fv__text_add(out, "\nData sets\n");
    for (const fv_dataset_kind *const *k = fv__dataset_kinds; *k; k++) {
        if ((*k)->by_path) continue;
        FV_TRY(trouble(cli, (*k)->name, why, sizeof why));
        fv__cli_entry(out, (*k)->name, 14, why[0] ? why : "ready");
    }
    return FV_OK;
}

static fv_status as_json(fv_cli *cli, fv_text *out) {
    char name[64], why[FV_MESSAGE_MAX];
    fv_json_writer w = fv__json_writer(out, 1);
    fv__json_open(&w, NULL, '{');
    fv__json_add_text(&w, "version", fv_version());
    fv__json_add_text(&w, "compiler", compiler());
    fv__json_add_text(&w, "processor", fv__cpu_name(name));
    fv__json_add_int(&w, "cores", fv__cores());
    fv__json_add_int(&w, "threads", fv_context_threads(cli->ctx));
    fv__json_add_text(&w, "isa_best", fv__isa_name(fv__cpu_isa()));
    fv__json_add_text(&w, "isa", fv__kernels((fv_isa)cli->ctx->isa)->name);
    fv__json_add_rounded(&w, "memory_bytes", machine_memory(), 0);
    fv__json_open(&w, "built_with", '{');
    for (size_t i = 0; i < PARTS; i++) fv__json_add_bool(&w, parts[i].name, parts[i].built_in);
    fv__json_close(&w);
    fv__json_open(&w, "datasets", '{');
    for (const fv_dataset_kind *const *k = fv__dataset_kinds; *k; k++) {
        if ((*k)->by_path) continue;
        FV_TRY(trouble(cli, (*k)->name, why, sizeof why));
        fv__json_add_bool(&w, (*k)->name, !why[0]);
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
