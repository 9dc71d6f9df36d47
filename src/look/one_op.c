/* SPDX-License-Identifier: MIT */
/*
 * one_op.c - one operator on numbers at hand.
 */
#include "look/one_op.h"

fv_status fv__one_op_begin(fv_context *ctx, const fv_op *op, fv_one_op *one) {
    const size_t outputs = (size_t)fv__op_outputs(op);
    *one = (fv_one_op){.op = op};
    fv__arena_init(&one->arena, ctx);
    one->options = fv__arena_alloc(&one->arena, op->options_size + 1);
    fv_shape *in = fv__arena_alloc(&one->arena, sizeof *in);
    fv_type *in_type = fv__arena_alloc(&one->arena, sizeof *in_type);
    one->site.out = fv__arena_alloc(&one->arena, outputs * sizeof *one->site.out);
    one->site.out_type = fv__arena_alloc(&one->arena, outputs * sizeof *one->site.out_type);
    if (!one->options || !in || !in_type || !one->site.out || !one->site.out_type)
        return FV_EXHAUSTED;
    *in_type = (fv_type){FV_F32, true}; /* which stands for "real" */
    one->site.in = in;
    one->site.in_type = in_type;
    one->site.inputs = 1;
    one->site.options = one->options;
    fv__field_defaults(op->fields, one->options);
    return FV_OK;
}

fv_status fv__one_op_set(fv_context *ctx, fv_one_op *one, const char *name, const char *value) {
    const fv_field *f = fv__field_find(one->op->fields, name);
    if (!f) return fv__fail(ctx, FV_USAGE, "%s has no option '%s'", one->op->name, name);
    return fv__field_set_text(ctx, f, one->options, value);
}

fv_status fv__one_op_shape(fv_context *ctx, fv_one_op *one, fv_shape x) {
    *(fv_shape *)(uintptr_t)one->site.in = x; /* from the arena: ours to write */
    return fv__op_shape(ctx, one->op, &one->site);
}

static fv_status room(fv_context *ctx, fv_tensor *t, fv_dtype dtype, const fv_shape *shape) {
    size_t bytes;
    const int64_t count = fv__shape_count(shape);
    if (count < 0 || !fv__mul_size((size_t)count, fv__dtype_bytes(dtype), &bytes))
        return fv__fail_memory(ctx, SIZE_MAX, "an operator's numbers");
    void *data = fv__alloc(ctx, bytes, "an operator's numbers");
    if (!data) return FV_EXHAUSTED;
    *t = fv__tensor(data, dtype, *shape);
    return FV_OK;
}

fv_status fv__one_op_room(fv_context *ctx, fv_one_op *one, bool backward) {
    const fv_site *s = &one->site;
    if (!one->x.data) FV_TRY(room(ctx, &one->x, FV_F64, &s->in[0]));
    FV_TRY(room(ctx, &one->y, FV_F64, &s->out[0]));
    for (int i = 0; i < s->params; i++) FV_TRY(room(ctx, &one->w[i], FV_F64, &s->param[i].shape));
    if (!backward) return FV_OK;
    FV_TRY(room(ctx, &one->dx, FV_F64, &s->in[0]));
    FV_TRY(room(ctx, &one->dy, FV_F64, &s->out[0]));
    for (int i = 0; i < s->params; i++) FV_TRY(room(ctx, &one->dw[i], FV_F64, &s->param[i].shape));
    for (int i = 0; i < s->saved; i++) {
        const fv_dtype dtype = s->saved_dtype[i] == FV_F32 ? FV_F64 : s->saved_dtype[i];
        FV_TRY(room(ctx, &one->saved[i], dtype, &s->saved_shape[i]));
    }
    return FV_OK;
}

static fv_pass pass(fv_one_op *one) {
    return (fv_pass){.op = one->op,
                     .options = one->options,
                     .inputs = 1,
                     .outputs = 1,
                     .params = one->site.params,
                     .x = &one->x,
                     .y = &one->y,
                     .w = one->w,
                     .saved = one->saved,
                     .dy = &one->dy,
                     .dx = &one->dx,
                     .dw = one->dw,
                     .training = one->dx.data != NULL,
                     .divisor = 1,
                     .share = 1};
}

void fv__one_op_forward(fv_one_op *one) {
    const fv_pass p = pass(one);
    one->op->forward[fv__real(FV_F64)](&p);
}

void fv__one_op_backward(fv_one_op *one) {
    const fv_pass p = pass(one);
    one->op->backward[fv__real(FV_F64)](&p);
}

void fv__one_op_free(fv_one_op *one) {
    fv__free(one->x.data);
    fv__free(one->y.data);
    fv__free(one->dx.data);
    fv__free(one->dy.data);
    for (int i = 0; i < FV_OP_PARAMS; i++) {
        fv__free(one->w[i].data);
        fv__free(one->dw[i].data);
    }
    for (int i = 0; i < FV_OP_SAVED; i++) fv__free(one->saved[i].data);
    fv__arena_free(&one->arena);
}
