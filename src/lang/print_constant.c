/* SPDX-License-Identifier: MIT */
/*
 * print_constant.c - a constant as the source of a chain.
 */
#include "lang/constants.h"
#include "lang/print.h"
#include <stdio.h>

#define LINE_WIDTH 96

static fv_status put_values(fv_printer *p, const fv_value *c, int indent) {
    const int64_t count = fv__constant_uniform(c) ? 1 : fv__shape_count(&c->shape);
    fv__print_put(p, " values ");
    if (p->dry) return FV_OK;
    for (int64_t i = 0; i < count; i++) {
        fv__text_add(p->out, i > 0 ? "," : "");
        if (p->out->length - p->line > LINE_WIDTH) fv__print_newline(p, indent + 4);
        fv__element_print(p->out, c->type.dtype, c->data, i);
        if (p->out->length > FV_TEXT_MAX)
            return fv__fail(p->ctx, FV_BAD_INPUT,
                            "the constant '%s' has %lld numbers, too many for a network's text; "
                            "write a model, which may hold them beside it (.safetensors)",
                            c->name, (long long)fv__shape_count(&c->shape));
    }
    return FV_OK;
}

fv_status fv__print_constant(fv_printer *p, int value, int indent) {
    const fv_value *c = &p->net->values[value];
    const bool in_text = !p->beside || fv__constant_in_text(c);
    char dims[FV_SHAPE_TEXT];
    bool silent = false;
    if (in_text && !fv__constant_exact(c))
        return fv__fail(p->ctx, FV_BAD_INPUT,
                        "the constant '%s' is of %s, whose numbers a text cannot say exactly; "
                        "write a model, which may hold them beside it (.safetensors)",
                        c->name, fv__dtype_name(c->type.dtype));
    p->emitted[value] = true;
    fv__print_put(p, "constant");
    if (c->shape.rank > 0) {
        fv__print_put(p, " ");
        fv__print_put(p, fv__dims_text(dims, &c->shape));
    }
    if (c->type.dtype != FV_F32) {
        fv__print_put(p, " ");
        fv__print_put(p, fv__dtype_name(c->type.dtype));
    }
    if (in_text) FV_TRY(put_values(p, c, indent));
    FV_TRY(fv__print_automatic(p, "constant", c->name, p->referenced[value], &silent));
    FV_TRY(fv__print_take(p, c->name));
    if (silent) return FV_OK;
    fv__print_put(p, " as ");
    fv__print_label(p, c->name);
    return FV_OK;
}
