/* SPDX-License-Identifier: MIT */
/*
 * operator_api.c - public: the layers there are.
 */
#include "api/given.h"
#include "api/settings_api.h"
#include "foreign/dialect.h"
#include "lang/syntax.h"
#include "op/added_op.h"

#include <stdio.h>

/* Number i of those built in, then of those that the context has; NULL when there is none. */
static const fv_op *operator_at(const fv_context *ctx, int i) {
    int count = 0;
    while (fv__ops[count]) count++;
    if (i < 0) return NULL;
    return i < count ? fv__ops[i] : fv__added_op_at(ctx, i - count);
}

static int tell(const fv_op *op, fv_operator_facts *out) {
    if (!op || !out) return 0;
    const fv_operator_facts facts = {.name = op->name,
                                     .help = op->help,
                                     .about = op->about,
                                     .onnx = op->onnx,
                                     .inputs_min = op->inputs_min,
                                     .inputs_max = op->inputs_max,
                                     .samples = op->samples};
    return fv__give_struct(NULL, __func__, &facts, sizeof facts, out) == FV_OK;
}

int fv_operator_at(const fv_context *ctx, int i, fv_operator_facts *out) {
    return tell(operator_at(ctx, i), out);
}

int fv_operator_find(const fv_context *ctx, const char *name, fv_operator_facts *out) {
    return tell(name ? fv__op_find_in(ctx, name) : NULL, out);
}

int fv_operator_option(const fv_context *ctx, const char *name, int i, fv_option *out) {
    const fv_op *op = name ? fv__op_find_in(ctx, name) : NULL;
    return op ? fv__option_of(op->fields, i, out) : 0;
}

fv_status fv_context_add_operator(fv_context *ctx, const fv_operator *given) {
    fv_operator op = {0};
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, given);
    FV_TAKE(ctx, given, op);
    if (op.name && fv__reserved(op.name))
        return fv__fail(ctx, FV_USAGE, "'%s' is a word of the network language", op.name);
    return fv__added_op_new(ctx, &op);
}

int fv_operator_words(const char *name, const char *library, int i, char *out, size_t size) {
    const fv_dialect *dialect = library ? fv__dialect_find(library) : NULL;
    fv_text text = {0};
    if (!name || !dialect || !out || !size || i < 0) return 0;
    const bool found = fv__foreign_words(dialect, name, i, &text) && !text.failed;
    if (found) (void)snprintf(out, size, "%s", text.data);
    fv__text_free(&text);
    return found;
}
