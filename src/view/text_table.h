/* SPDX-License-Identifier: MIT */
/*
 * text_table.h - tables of text, for terminals and for Markdown. The command has a copy of its own.
 */
#ifndef FV_VIEW_TEXT_TABLE_H
#define FV_VIEW_TEXT_TABLE_H

#include "base/text.h"

/* A text table: columns aligned (numbers right), a rule under the head. As plain text, or Markdown
   (rules across are left out there). Control characters in cells are escaped. Missing cells of the
   last row stay empty; what could not be added for want of memory is reported at the end. */
typedef struct fv_table fv_table;
FV_MUST_USE fv_status fv__table_new(fv_context *ctx, fv_table **out);
void fv__table_free(fv_table *t);
void fv__table_column(fv_table *t, const char *head, bool right); /* all columns before any cell */
/* The column added last may be left out where there is no room, as the first, second … to go. */
void fv__table_spare(fv_table *t, int order);
/* Ends the line that names what was left out: ". --wide shows all."; must outlive the table. */
void fv__table_advice(fv_table *t, const char *advice);
void fv__table_cell(fv_table *t, const char *text); /* row by row, left to right */
void fv__table_cellf(fv_table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void fv__table_rule(fv_table *t); /* a line across, after a row */
/* In at most `room` columns (0: as many as it takes): without columns that can be spared, which a
   line below then names; then with texts broken into lines. Numbers stay whole. */
FV_MUST_USE fv_status fv__table_text(fv_context *ctx, const fv_table *t, int room, fv_text *out);
/* The room it takes without the columns that can be spared and with no text broken. */
FV_MUST_USE fv_status fv__table_width(fv_context *ctx, const fv_table *t, int *out);
FV_MUST_USE fv_status fv__table_markdown(fv_context *ctx, const fv_table *t, fv_text *out);

#endif
