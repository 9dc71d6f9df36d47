/* SPDX-License-Identifier: MIT */
/*
 * numbers.h - matrices on the command line: as words, as text, as JSON.
 */
#ifndef FV_CLI_NUMBERS_H
#define FV_CLI_NUMBERS_H

#include "cli/cli.h"

/* Whether a word, or the first bytes of a file, can only be numbers. */
bool fv__cli_is_numbers(const char *text, size_t size);
/* "[[1, 2], [3, 4]]", in one line; numbers with at most six digits. It can be given again. */
void fv__cli_put_matrix(fv_text *out, const fv_matrix *m);
/* The same, each row on a line of its own behind `indent` blanks, columns aligned, planes one after
   the other; lines as long as they are. */
void fv__cli_put_grid(fv_text *out, const fv_matrix *m, int indent);
/* As nested arrays, with all digits. */
void fv__cli_json_matrix(fv_json_writer *w, const char *name, const fv_matrix *m);
/* A number with at most six digits. */
void fv__cli_put_number(fv_text *out, double v);

#endif
