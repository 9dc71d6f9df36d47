/* SPDX-License-Identifier: MIT */
/*
 * recurrent.c - the shape rule and the cost of rnn, lstm and gru.
 */
#include "op/recurrent.h"

#include <inttypes.h>
#include <stdio.h>

const char *const fv__recurrent_directions[] = {"forward", "reverse", "both", NULL};
const char *const fv__recurrent_layouts[] = {"batch", "time", NULL};

static fv_shape shape3(int64_t a, int64_t b, int64_t c) {
    return (fv_shape){3, {a, b, c}};
}

void fv__recurrent_of(fv_recurrent_kind kind, const void *options, int inputs, const fv_shape *x,
                      bool whole, fv_recurrent *out) {
    const fv_recurrent_options *o = options;
    const bool time = o->layout == FV_SEQUENCE_TIME;
    *out = (fv_recurrent){.kind = kind,
                          .options = o,
                          .time = time,
                          .batch = x->dim[time ? 1 : 0],
                          .steps = x->dim[time ? 0 : 1],
                          .inputs = 1,
                          .hidden = o->hidden,
                          .directions = o->direction == FV_DIRECTION_BOTH ? 2 : 1};
    for (int d = 2; d < x->rank; d++) out->inputs *= x->dim[d];
    int next = 1;
    out->lengths = next < inputs && whole ? next++ : -1;
    out->state = next < inputs ? next++ : -1;
    out->cell = next < inputs ? next++ : -1;
}

int64_t fv__recurrent_length(const fv_pass *p, const fv_recurrent *r, int64_t n) {
    if (r->lengths < 0) return r->steps;
    const int64_t length = *(const int32_t *)fv__sample(&p->x[r->lengths], n);
    return length < 0 ? 0 : length > r->steps ? r->steps : length;
}

static fv_status check_options(fv_context *ctx, const fv_site *site) {
    const fv_recurrent_options *o = site->options;
    const char *who = site->op->name;
    if (o->hidden < 1 || o->hidden > FV_HIDDEN_MAX)
        return fv__fail(ctx, FV_BAD_INPUT, "hidden must be from 1 to %d, not %" PRId64,
                        FV_HIDDEN_MAX, o->hidden);
    if (!(o->clip >= 0) || isinf(o->clip))
        return fv__fail(ctx, FV_BAD_INPUT, "clip must be at least 0, not %g", o->clip);
    if (site->in[0].rank < 3)
        return fv__fail(
            ctx, FV_BAD_INPUT,
            "%s reads sequences, batch x steps x numbers, but a value of %d dimension%s "
            "flows in",
            who, site->in[0].rank, site->in[0].rank == 1 ? "" : "s");
    if (o->layout == FV_SEQUENCE_TIME && site->in_type[0].batched)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "the first dimension is the batch, so that it cannot be time; leave "
                        "`layout time` out and let %s read batch x steps x numbers",
                        who);
    return FV_OK;
}

/* One further input has the shape it must have. */
static fv_status check_input(fv_context *ctx, const fv_site *site, int i, const fv_shape *wanted,
                             const char *what) {
    char found[FV_SHAPE_TEXT], needed[FV_SHAPE_TEXT];
    if (site->in_type[i].dtype == FV_I32 && wanted->rank > 1)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "%s takes whole numbers, the lengths, as input 2 alone, not as input %d",
                        site->op->name, i + 1);
    if (fv__shape_equal(&site->in[i], wanted)) return FV_OK;
    return fv__fail(ctx, FV_BAD_INPUT, "%s must be %s, batch included, not %s", what,
                    fv__dims_text(needed, wanted), fv__dims_text(found, &site->in[i]));
}

static fv_status check_inputs(fv_context *ctx, const fv_site *site, const fv_recurrent *r) {
    const fv_shape lengths = fv__shape1(r->batch);
    const fv_shape state = r->time ? shape3(r->directions, r->batch, r->hidden)
                                   : shape3(r->batch, r->directions, r->hidden);
    const int known = 1 + (r->lengths >= 0) + 1 + (r->kind.cell ? 1 : 0);
    if (site->inputs > known)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "%s reads a sequence, then its lengths (whole numbers) if given, then the "
                        "state at its start%s; these are %d inputs",
                        site->op->name, r->kind.cell ? ", h and c" : "", site->inputs);
    if (r->lengths >= 0) FV_TRY(check_input(ctx, site, r->lengths, &lengths, "the lengths"));
    if (r->state >= 0) FV_TRY(check_input(ctx, site, r->state, &state, "the state at the start"));
    if (r->cell >= 0) FV_TRY(check_input(ctx, site, r->cell, &state, "the cell at the start"));
    return FV_OK;
}

/* lecun and xavier then start with the variance of PyTorch's numbers, which are uniform within
   1/sqrt(hidden). */
static void add_param(fv_site *site, const char *name, fv_shape shape, fv_init init) {
    const int64_t fan = 3 * ((const fv_recurrent_options *)site->options)->hidden;
    fv__site_param(site, &(fv_param_spec){.name = name,
                                          .shape = shape,
                                          .init = init,
                                          .fan_in = fan,
                                          .fan_out = fan,
                                          .learned = true,
                                          .bias = init == FV_INIT_ZERO});
}

fv_status fv__recurrent_shape(fv_context *ctx, fv_site *site, fv_recurrent_kind kind) {
    const fv_recurrent_options *o = site->options;
    fv_recurrent r;
    FV_TRY(fv__shape_inputs(ctx, site));
    FV_TRY(check_options(ctx, site));
    fv__recurrent_of(kind, o, site->inputs, &site->in[0],
                     site->inputs > 1 && site->in_type[1].dtype == FV_I32, &r);
    FV_TRY(check_inputs(ctx, site, &r));
    const int64_t d = r.directions, rows = kind.gates * r.hidden;
    site->outputs = kind.cell ? 3 : 2;
    site->out[0] = shape3(site->in[0].dim[0], site->in[0].dim[1], d * r.hidden);
    for (int i = 1; i < site->outputs; i++)
        site->out[i] = r.time ? shape3(d, r.batch, r.hidden) : shape3(r.batch, d, r.hidden);
    add_param(site, "weight", shape3(d, rows, r.inputs), FV_INIT_WEIGHT);
    add_param(site, "recurrent", shape3(d, rows, r.hidden), FV_INIT_WEIGHT);
    if (o->bias) add_param(site, "bias", fv__shape2(d, 2 * rows), FV_INIT_ZERO);
    if (kind.cell && o->peepholes)
        add_param(site, "peephole", fv__shape2(d, 3 * r.hidden), FV_INIT_ZERO);
    const int64_t width = d * r.hidden;
    const fv_shape kept[] = {
        shape3(r.batch, r.steps, kind.slots * width), fv__shape2(r.batch, 2 * r.hidden),
        shape3(r.batch, r.steps, kind.slots * width), shape3(r.batch, r.steps, width)};
    for (int i = FV_KEPT_DELTAS; i < fv__recurrent_saved(kind); i++)
        fv__site_saved(site, FV_F32, kept[i]);
    return fv__shape_fits(ctx, site);
}

void fv__recurrent_cost(const fv_site *site, fv_recurrent_kind kind, fv_cost *cost) {
    fv_recurrent r;
    fv__recurrent_of(kind, site->options, site->inputs, &site->in[0], false, &r);
    fv__cost_nothing(cost);
    cost->global = true;
    /* the weights have been counted, the steps times them have not */
    const int64_t products = r.directions * kind.gates * r.hidden * (r.inputs + r.hidden);
    if (!fv__mul_i64(products, r.steps, &cost->macs)) cost->macs = INT64_MAX;
    cost->connections = cost->macs;
    for (int i = 0; i < site->params; i++)
        if (site->param[i].bias)
            fv__cost_connect(cost, r.steps, fv__shape_count(&site->param[i].shape));
    (void)snprintf(cost->product, sizeof cost->product,
                   "%s%d*%" PRId64 "*(%" PRId64 "+%" PRId64 ")", r.directions == 2 ? "2*" : "",
                   kind.gates, r.hidden, r.inputs, r.hidden);
}
