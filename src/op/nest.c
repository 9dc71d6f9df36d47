/* SPDX-License-Identifier: MIT */
/*
 * nest.c - the parts of a convolution's shape rule that all convolutions share.
 */
#include "op/nest.h"

#include <inttypes.h>

fv_status fv__nest_inputs(fv_context *ctx, fv_site *site, const fv_conv_options *o) {
    if (site->in[0].rank == 3) {
        FV_TRY(fv__shape_inputs(ctx, site));
        FV_TRY(fv__shape_sequence(ctx, site, o->kernel, o->stride, o->dilation, &o->pad));
    } else {
        FV_TRY(fv__shape_maps(ctx, site, site->op->name));
    }
    if (o->channels < 1)
        return fv__fail(ctx, FV_BAD_INPUT, "%s needs at least 1 filter, not %" PRId64,
                        site->op->name, o->channels);
    return FV_OK;
}

fv_status fv__nest_begin(fv_context *ctx, fv_site *site, const fv_conv_options *o,
                         fv_window win[2]) {
    fv_shape maps;
    fv_conv_options flat;
    FV_TRY(fv__nest_inputs(ctx, site, o));
    fv__conv_as_maps(&site->in[0], o, &maps, &flat);
    return fv__windows(ctx, &maps, flat.kernel, flat.stride, flat.dilation, &flat.pad, false, win,
                       site->misfit);
}

fv_status fv__nest_groups(fv_context *ctx, const fv_site *site, const fv_conv_options *o) {
    const int64_t in = site->in[0].dim[1];
    if (o->groups < 1)
        return fv__fail(ctx, FV_BAD_INPUT, "groups must be at least 1, not %" PRId64, o->groups);
    if (in % o->groups != 0)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "groups %" PRId64 " does not divide the %" PRId64 " input channels",
                        o->groups, in);
    if (o->channels % o->groups != 0)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "groups %" PRId64 " does not divide the %" PRId64 " filters", o->groups,
                        o->channels);
    return FV_OK;
}

fv_shape fv__nest_shape(const fv_shape *like, int64_t a, int64_t b, int64_t h, int64_t w) {
    if (like->rank == 4) return fv__shape4(a, b, h, w);
    return (fv_shape){.rank = 3, .dim = {a, b, w}};
}

fv_shape fv__nest_units(const fv_shape *out) {
    fv_shape units = {.rank = out->rank - 1};
    for (int d = 0; d < units.rank; d++) units.dim[d] = out->dim[d + 1];
    return units;
}

fv_status fv__nest_weight(fv_context *ctx, fv_site *site, const fv_conv_options *o, fv_shape shape,
                          int64_t in, int64_t out) {
    const int64_t rows = site->in[0].rank == 3 ? 1 : o->kernel.h;
    const int64_t area = rows * o->kernel.w; /* at most 1e12 */
    fv_param_spec weight = {
        .name = "weight", .shape = shape, .init = FV_INIT_WEIGHT, .learned = true};
    if (!fv__mul_i64(area, in, &weight.fan_in) || !fv__mul_i64(area, out, &weight.fan_out))
        return fv__fail(ctx, FV_BAD_INPUT, "the filters are too large to count their weights");
    fv__site_param(site, &weight);
    return FV_OK;
}

void fv__nest_bias(fv_site *site, fv_shape shape) {
    fv__site_param(
        site,
        &(fv_param_spec){
            .name = "bias", .shape = shape, .init = FV_INIT_ZERO, .learned = true, .bias = true});
}

static bool count_macs(const fv_site *site, const fv_shape *places, int64_t *macs) {
    const fv_shape *w = &site->param[0].shape;
    *macs = places ? fv__shape_sample(places) / places->dim[1] : 1;
    for (int d = 0; d < w->rank; d++)
        if (!fv__mul_i64(*macs, w->dim[d], macs)) return false;
    return true;
}

fv_status fv__nest_end(fv_context *ctx, const fv_site *site, const fv_shape *places) {
    int64_t macs;
    FV_TRY(fv__shape_fits(ctx, site));
    if (!count_macs(site, places, &macs))
        return fv__fail(ctx, FV_BAD_INPUT, "this %s is too large to count its operations",
                        site->op->name);
    return FV_OK;
}

int64_t fv__nest_macs(const fv_site *site, const fv_shape *places) {
    int64_t macs;
    (void)count_macs(site, places, &macs);
    return macs;
}

fv_nest fv__nest(const fv_shape *in, const fv_conv_options *o) {
    fv_shape maps;
    fv_conv_options flat;
    fv_nest s = {.groups = 1, .in = in->dim[1], .out = o->channels, .flip = o->flip};
    fv__conv_as_maps(in, o, &maps, &flat);
    fv__conv_windows(in, o, s.win);
    s.height = maps.dim[2];
    s.width = maps.dim[3];
    s.plane = s.win[0].out * s.win[1].out;
    return s;
}
