/* SPDX-License-Identifier: MIT */
/*
 * commands.c - the table of commands, made from cli/command_list.h, and the flags that all of them
 * take.
 */
#include "cli/cli.h"
#include <string.h>

#define FV_COMMAND(name) extern const fv_command fv__command_##name;
#include "cli/command_list.h"
#undef FV_COMMAND

#define FV_COMMAND(name) &fv__command_##name,
const fv_command *const fv__commands[] = {
#include "cli/command_list.h"
    NULL};
#undef FV_COMMAND

const fv_cli_flag fv__cli_common_flags[] = {
    {"json", NULL, "the result as JSON on stdout"},
    {"quiet", NULL, "no progress, notes or list of files; results and errors only"},
    {"threads", "N", "work with N threads (default: one per processor); results are the same"},
    {"isa", "LEVEL", "use no instructions above LEVEL, such as baseline or avx2"},
    {"precision", "P",
     "compute predictions in fp32 (default), strict (plain sums) or bf16 (faster)"},
    {"no-tune", NULL, "cut the work as usual, whatever `fovea tune` has found"},
    {"help", NULL, "this page"},
    {NULL, NULL, NULL},
};

const fv_command *fv__command_find(const char *name) {
    for (int i = 0; fv__commands[i]; i++)
        if (strcmp(fv__commands[i]->name, name) == 0) return fv__commands[i];
    return NULL;
}
