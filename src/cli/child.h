/* SPDX-License-Identifier: MIT */
/*
 * child.h - another program, started and spoken to over its standard input and output, a line at a
 * time. It goes when this program goes.
 */
#ifndef FV_CLI_CHILD_H
#define FV_CLI_CHILD_H

#include "base/text.h"

typedef struct fv_child {
    long pid;     /* 0: none */
    int to, from; /* its standard input and output */
    fv_text line; /* what has come */
    size_t given; /* of it, with its 0, was given as a line last time */
} fv_child;

/* From here on Ctrl-C and SIGTERM make fv__cli_child_hear give FV_INTERRUPTED, and a program that
   has gone is no signal. */
void fv__cli_child_signals(void);

/* Starts words[0], a path or a name on the PATH, with the words that follow; what it writes to
   standard error goes to the file `log`. FV_FAILED with the system's words: it cannot be started.
 */
FV_MUST_USE fv_status fv__cli_child_start(fv_context *ctx, const char *const *words,
                                          const char *log, fv_child *out);
/* Writes a line. FV_FAILED: it does not listen any more. */
FV_MUST_USE fv_status fv__cli_child_say(fv_context *ctx, fv_child *child, const char *line);
/* The next line, without its end, in *out until the next call; waits at most so many seconds.
   FV_FAILED: none came, or the program has ended; FV_INTERRUPTED. */
FV_MUST_USE fv_status fv__cli_child_hear(fv_context *ctx, fv_child *child, double seconds,
                                         const char **out);
/* Stops it where it stands, whatever it does; lets it go on. */
void fv__cli_child_pause(const fv_child *child);
void fv__cli_child_go_on(const fv_child *child);
/* Most bytes that it ever had in memory, or had since that was forgotten; 0: the system does not
   say. */
size_t fv__cli_child_peak_bytes(const fv_child *child);
void fv__cli_child_forget_peak(const fv_child *child);
size_t fv__cli_own_peak_bytes(void); /* of this program */
/* Ends it, at once. */
void fv__cli_child_end(fv_child *child);

/* Path of the program that runs, in the arena; `otherwise` where the system does not say. NULL when
   memory is refused. */
const char *fv__cli_own_path(fv_arena *arena, const char *otherwise);

#endif
