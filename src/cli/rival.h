/* SPDX-License-Identifier: MIT */
/*
 * rival.h - a program that runs a network when it is told to and says how long that took: another
 * library behind its driver, or this command itself. They speak lines of JSON
 * (bench/rivals/README.md).
 */
#ifndef FV_CLI_RIVAL_H
#define FV_CLI_RIVAL_H

#include "cli/child.h"
#include "cli/cli.h"

typedef struct fv_rival {
    const char *name;            /* "onnxruntime" */
    const char *title, *version; /* "ONNX Runtime", "1.30.0" */
    const char *settings;        /* how it runs: "all optimisations"; "" for nothing to say */
    const char *left_out;        /* why it takes no part; NULL: it does */
    bool slow;                   /* left behind: it is not run any more */
    fv_child child;
    double first;  /* seconds from its start to its first result */
    size_t memory; /* most bytes it had in memory; 0: not known */
    double *times; /* seconds of its runs */
    size_t room;   /* of them */
    int runs;
    double median, least; /* seconds; after fv__cli_rival_sum_up */
    bool compared, agrees;
    double difference; /* |y - ours| / |ours|, lengths of all outputs as one vector */
} fv_rival;

/*
 * Each of these gives FV_OK with `left_out` set when the other side does not do what it should, and
 * a status otherwise: FV_EXHAUSTED, FV_INTERRUPTED. `limit`: seconds for one answer. Texts are in
 * the command's arena. One that is left out does nothing more.
 */
/* Starts it (see fv__cli_child_start) and waits until it is ready. */
FV_MUST_USE fv_status fv__cli_rival_start(fv_cli *cli, fv_rival *r, const char *const *words,
                                          const char *log, double limit);
/* Runs it 1 + n times and keeps all times but the first, which finds the caches full of others'
   numbers; n < 0: runs it -n times and gives the last in *last alone. */
FV_MUST_USE fv_status fv__cli_rival_run(fv_cli *cli, fv_rival *r, int n, double limit,
                                        double *last);
/* Has it write its outputs to a file of raw float32. */
FV_MUST_USE fv_status fv__cli_rival_output(fv_cli *cli, fv_rival *r, const char *path,
                                           double limit);
/* Median and least of its times, and its memory. */
void fv__cli_rival_sum_up(fv_rival *r);
/* Sets `left_out`, ending the program. */
FV_MUST_USE fv_status fv__cli_rival_leave_out(fv_cli *cli, fv_rival *r, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void fv__cli_rival_free(fv_rival *r);

#endif
