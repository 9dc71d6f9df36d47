/* SPDX-License-Identifier: MIT */
/*
 * added_op.c - operators that a program brings: the functions that stand in the library's
 * descriptor hand on to the program's what it needs to know.
 */
#include "op/added_op.h"
#include <ctype.h>
#include <string.h>

#define INPUTS_MAX  16 /* of an added operator */
#define OPTIONS_MAX 16

typedef struct fv_added_op {
    fv_op op;       /* what the library sees; at the beginning, so that one leads to the other */
    fv_operator is; /* what the program declared */
    fv_field fields[OPTIONS_MAX + 1];
} fv_added_op;

/* --- what the library calls --- */

static fv_dims dims_of(const fv_shape *s) {
    fv_dims d = {.rank = s->rank};
    memcpy(d.dim, s->dim, sizeof *d.dim * (size_t)s->rank);
    return d;
}

static fv_status shape_of(fv_context *ctx, const fv_dims *d, fv_shape *out) {
    if (d->rank < 1 || d->rank > FV_RANK_MAX)
        return fv__fail(ctx, FV_BAD_INPUT, "the shape rule gives %d dimensions; there are 1 to %d",
                        d->rank, FV_RANK_MAX);
    out->rank = d->rank;
    for (int i = 0; i < d->rank; i++) {
        if (d->dim[i] < 1)
            return fv__fail(ctx, FV_BAD_INPUT, "the shape rule gives a dimension of %lld",
                            (long long)d->dim[i]);
        out->dim[i] = d->dim[i];
    }
    return FV_OK;
}

static fv_status take_params(fv_context *ctx, const fv_operator_site *given, fv_site *site) {
    if (given->params < 0 || given->params > FV_OPERATOR_PARAMS)
        return fv__fail(ctx, FV_BAD_INPUT, "the shape rule gives %d parameters; there are 0 to %d",
                        given->params, FV_OPERATOR_PARAMS);
    site->params = given->params;
    for (int i = 0; i < given->params; i++) {
        const fv_operator_param *p = &given->param[i];
        static const fv_init starts[] = {FV_INIT_WEIGHT, FV_INIT_ZERO, FV_INIT_ONE};
        if (!p->name || !*p->name || (int)p->start < 0 || p->start > FV_PARAM_ONE)
            return fv__fail(ctx, FV_BAD_INPUT, "parameter %d of the shape rule has no name", i);
        fv_param_spec *spec = &site->param[i];
        *spec = (fv_param_spec){.name = p->name,
                                .init = starts[p->start],
                                .fan_in = p->fan_in > 0 ? p->fan_in : 1,
                                .fan_out = p->fan_out > 0 ? p->fan_out : 1,
                                .learned = true,
                                .bias = p->bias};
        FV_TRY(shape_of(ctx, &p->dims, &spec->shape));
    }
    return FV_OK;
}

/* Asks the program's rule. */
static fv_status ask_rule(fv_context *ctx, const fv_added_op *a, const fv_site *site,
                          fv_operator_site *out) {
    fv_dims in[INPUTS_MAX];
    for (int i = 0; i < site->inputs; i++) in[i] = dims_of(&site->in[i]);
    *out = (fv_operator_site){.options = site->options,
                              .user = a->is.user,
                              .inputs = site->inputs,
                              .in = in,
                              .out = in[0]};
    const fv_status status = a->is.shape ? a->is.shape(ctx, out) : FV_OK;
    out->in = NULL;
    return status;
}

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_added_op *a = (const fv_added_op *)site->op;
    fv_operator_site given;
    FV_TRY(ask_rule(ctx, a, site, &given));
    FV_TRY(shape_of(ctx, &given.out, &site->out[0]));
    if (site->out[0].dim[0] != site->in[0].dim[0])
        return fv__fail(ctx, FV_BAD_INPUT,
                        "%s changes the number of samples from %lld to %lld; the first dimension "
                        "is the batch and stays",
                        a->op.name, (long long)site->in[0].dim[0], (long long)site->out[0].dim[0]);
    return take_params(ctx, &given, site);
}

static void cost(const fv_site *site, fv_cost *out) {
    fv_operator_site given;
    if (ask_rule(NULL, (const fv_added_op *)site->op, site, &given) == FV_OK)
        out->macs = given.macs / (site->in[0].dim[0] > 0 ? site->in[0].dim[0] : 1);
}

static fv_operator_tensor tensor_of(const fv_tensor *t) {
    return (fv_operator_tensor){t->data, dims_of(&t->shape), t->step};
}

/* The library's pass as the program's; the arrays are the caller's. */
typedef struct view {
    fv_operator_tensor x[INPUTS_MAX], dx[INPUTS_MAX], w[FV_OPERATOR_PARAMS], dw[FV_OPERATOR_PARAMS],
        y, dy;
    fv_operator_pass pass;
} view;

static void look(const fv_pass *p, bool backward, view *v) {
    const fv_added_op *a = (const fv_added_op *)p->op;
    for (int i = 0; i < p->inputs; i++) v->x[i] = tensor_of(&p->x[i]);
    for (int i = 0; i < p->params; i++) v->w[i] = tensor_of(&p->w[i]);
    for (int i = 0; i < p->inputs && backward; i++) v->dx[i] = tensor_of(&p->dx[i]);
    for (int i = 0; i < p->params && backward; i++) v->dw[i] = tensor_of(&p->dw[i]);
    v->y = tensor_of(&p->y[0]);
    v->dy = backward ? tensor_of(&p->dy[0]) : (fv_operator_tensor){0};
    v->pass = (fv_operator_pass){.options = p->options,
                                 .user = a->is.user,
                                 .real64 = (backward ? p->dy : p->y)[0].dtype == FV_F64,
                                 .inputs = p->inputs,
                                 .params = p->params,
                                 .x = v->x,
                                 .y = &v->y,
                                 .w = v->w,
                                 .dy = &v->dy,
                                 .dx = v->dx,
                                 .dw = v->dw,
                                 .training = p->training};
}

static void forward(const fv_pass *p) {
    view v;
    look(p, false, &v);
    ((const fv_added_op *)p->op)->is.forward(&v.pass);
}

static void backward(const fv_pass *p) {
    view v;
    look(p, true, &v);
    ((const fv_added_op *)p->op)->is.backward(&v.pass);
}

/* --- what the program declared ------------------------------------------------------------------
 */

static const size_t kind_bytes[] = {
    [FV_OPTION_INT] = sizeof(int64_t),
    [FV_OPTION_REAL] = sizeof(double),
    [FV_OPTION_BOOL] = sizeof(bool),
    [FV_OPTION_CHOICE] = sizeof(int),
};
static const fv_kind kinds[] = {
    [FV_OPTION_INT] = FV_INT,
    [FV_OPTION_REAL] = FV_REAL,
    [FV_OPTION_BOOL] = FV_BOOL,
    [FV_OPTION_CHOICE] = FV_CHOICE,
};

static fv_status take_option(fv_context *ctx, const fv_operator *is, const fv_option_field *o,
                             fv_field *out) {
    if ((int)o->kind < 0 || o->kind > FV_OPTION_CHOICE)
        return fv__fail(ctx, FV_USAGE, "operator %s: option %s is of a kind there is none of",
                        is->name, o->name);
    if (o->offset > is->options_size || is->options_size - o->offset < kind_bytes[o->kind])
        return fv__fail(ctx, FV_USAGE,
                        "operator %s: option %s lies beyond its struct of %zu bytes (options_size)",
                        is->name, o->name, is->options_size);
    if (o->kind == FV_OPTION_CHOICE && (!o->choices || !o->choices[0]))
        return fv__fail(ctx, FV_USAGE, "operator %s: option %s has nothing to choose from",
                        is->name, o->name);
    *out =
        (fv_field){.name = o->name,
                   .help = o->help ? o->help : "",
                   .kind = kinds[o->kind],
                   .offset = o->offset,
                   .initial = o->initial,
                   .min = o->min,
                   .max = o->max,
                   .flags = (o->positional ? FV_POSITIONAL : 0) | (o->required ? FV_REQUIRED : 0),
                   .choices = o->choices};
    return FV_OK;
}

/* The options, each default tried. */
static fv_status take_options(fv_context *ctx, fv_added_op *a) {
    const fv_operator *is = &a->is;
    void *trial = fv__alloc(ctx, is->options_size, "an operator's options");
    fv_status status = trial ? FV_OK : FV_EXHAUSTED;
    int count = 0;
    for (const fv_option_field *o = is->options; o && o->name && status == FV_OK; o++) {
        if (count == OPTIONS_MAX)
            status =
                fv__fail(ctx, FV_USAGE, "operator %s: more than %d options", is->name, OPTIONS_MAX);
        if (status == FV_OK) status = take_option(ctx, is, o, &a->fields[count]);
        if (status == FV_OK && o->initial)
            status = fv__field_set_text(ctx, &a->fields[count], trial, o->initial);
        count++;
    }
    fv__free(trial);
    return status;
}

static bool good_name(const char *name) {
    if (!name || !islower((unsigned char)name[0]) || strlen(name) >= FV_WORD_MAX) return false;
    for (; *name; name++)
        if (!islower((unsigned char)*name) && !isdigit((unsigned char)*name) && *name != '_')
            return false;
    return true;
}

static fv_status check(fv_context *ctx, const fv_operator *is) {
    if (!good_name(is->name))
        return fv__fail(
            ctx, FV_USAGE,
            "an operator's name is small letters, digits and _, a letter first, and not "
            "'%.64s'",
            is->name ? is->name : "");
    if (fv__op_find_in(ctx, is->name))
        return fv__fail(ctx, FV_USAGE, "there is an operator %s already", is->name);
    if (!is->forward) return fv__fail(ctx, FV_USAGE, "operator %s has no forward", is->name);
    if (is->inputs_min < 0 || is->inputs_max < is->inputs_min || is->inputs_max > INPUTS_MAX)
        return fv__fail(ctx, FV_USAGE, "operator %s: inputs from %d to %d; there may be 1 to %d",
                        is->name, is->inputs_min, is->inputs_max, INPUTS_MAX);
    return FV_OK;
}

static void describe(fv_added_op *a) {
    const fv_operator *is = &a->is;
    unsigned traits = FV_ADDED;
    if (is->reads & FV_READS_X) traits |= FV_KEEP_X;
    if (is->reads & FV_READS_Y) traits |= FV_KEEP_Y;
    if (is->reads & FV_EACH_ALONE) traits |= FV_POINTWISE;
    if (is->inputs_max > is->inputs_min) traits |= FV_VARIADIC;
    a->op = (fv_op){.name = is->name,
                    .help = is->help ? is->help : "an operator of this program",
                    .about = is->about,
                    .inputs_min = is->inputs_min ? is->inputs_min : 1,
                    .inputs_max = is->inputs_max ? is->inputs_max : 1,
                    .traits = traits,
                    .options_size = is->options_size,
                    .fields = is->options ? a->fields : NULL,
                    .shape = shape,
                    .cost = cost,
                    .forward = {forward, forward}};
    if (is->backward) a->op.backward[0] = a->op.backward[1] = backward;
}

/* --- the context's list --- */

static size_t ops_of(const fv_context *ctx) {
    size_t count = 0;
    while (ctx->ops && ctx->ops[count]) count++;
    return count;
}

/* Takes `a` over, whether there is memory for a longer list or not. */
static fv_status enlist(fv_context *ctx, fv_added_op *a) {
    const size_t count = ops_of(ctx);
    const fv_op **longer = fv__alloc(ctx, (count + 2) * sizeof *longer, "an operator");
    if (!longer) {
        fv__free(a);
        return FV_EXHAUSTED;
    }
    if (count > 0) memcpy(longer, ctx->ops, count * sizeof *longer);
    longer[count] = &a->op;
    longer[count + 1] = NULL;
    fv__free((void *)(uintptr_t)ctx->ops);
    ctx->ops = longer;
    return FV_OK;
}

fv_status fv__added_op_new(fv_context *ctx, const fv_operator *op) {
    FV_TRY(check(ctx, op));
    fv_added_op *a = fv__alloc(ctx, sizeof *a, "an operator");
    if (!a) return FV_EXHAUSTED;
    a->is = *op;
    const fv_status status = take_options(ctx, a);
    if (status != FV_OK) {
        fv__free(a);
        return status;
    }
    describe(a);
    return enlist(ctx, a);
}

void fv__added_ops_free(fv_context *ctx) {
    for (size_t i = 0; ctx->ops && ctx->ops[i]; i++) fv__free((void *)(uintptr_t)ctx->ops[i]);
    fv__free((void *)(uintptr_t)ctx->ops);
    ctx->ops = NULL;
}

const fv_op *fv__added_op_at(const fv_context *ctx, int i) {
    if (!ctx || i < 0) return NULL;
    return (size_t)i < ops_of(ctx) ? ctx->ops[i] : NULL;
}

const fv_op *fv__op_adopt(fv_arena *arena, const fv_op *op) {
    if (!(op->traits & FV_ADDED)) return op;
    fv_added_op *own = fv__arena_alloc(arena, sizeof *own);
    if (!own) return NULL;
    *own = *(const fv_added_op *)op;
    if (own->op.fields) own->op.fields = own->fields;
    return &own->op;
}
