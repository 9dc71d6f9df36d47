/* SPDX-License-Identifier: MIT */
/*
 * explain.h - how `fovea explain` says what the library told it.
 */
#ifndef FV_CLI_EXPLAIN_H
#define FV_CLI_EXPLAIN_H

#include "cli/cli.h"

/* The human table, at most `columns` wide (0: as wide as it wants), and JSON. */
FV_MUST_USE fv_status fv__cli_explain_text(fv_cli *cli, const fv_explanation *e, int columns,
                                           fv_text *out);
void fv__cli_explain_json(const fv_explanation *e, bool training, fv_text *out);
/* --as-fc: a layer beside the one without windows that would do its job. */
FV_MUST_USE fv_status fv__cli_explain_as_fc(fv_cli *cli, const fv_net *net, const char *layer);
/* Weights without a network: what lies in the file. */
FV_MUST_USE fv_status fv__cli_explain_weights(fv_cli *cli, const char *file,
                                              const fv_weights *weights);

#endif
