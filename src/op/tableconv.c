/* SPDX-License-Identifier: MIT */
/*
 * tableconv: a convolution whose filters read some of the maps only, as a table says:
 *     y[k,p] = b[k] + sum over c that k reads, q of w[k,c,q] x[c, stride p + dilation q - pad].
 * Only the pairs (k,c) that there are have weights: w lists their kernels, filter after filter.
 *
 * lenet is the table of C3 in LeNet-5: LeCun, Bottou, Bengio & Haffner 1998, table I. Filters that
 * read fewer maps have fewer weights, and cannot all learn the same. A bias for every unit, instead
 * of every filter, and tables by hand are those of the network of 1989: LeCun, Boser, Denker,
 * Henderson, Howard, Hubbard & Jackel 1989.
 */
#ifndef FV_LOOPS
#include "op/nest.h"
#include "op/tableconv.h"

#include <inttypes.h>
#include <stdio.h>

enum { AGGREGATED, FULL, DIRECT, LENET };
enum { NO, YES, UNIT };
static const char *const tables[] = {"aggregated", "full", "direct", "lenet", NULL};
static const char *const biases[] = {"no", "yes", "unit", NULL};

#define LENET_MAPS    6
#define LENET_FILTERS 16
/* Bit c: the filter reads map c. */
static const int64_t lenet[LENET_FILTERS] = {007, 016, 034, 070, 061, 043, 017, 036,
                                             074, 071, 063, 047, 033, 066, 055, 077};

typedef struct options {
    fv_conv_options conv; /* its groups, bias, flip and init are not used */
    int table, bias;
    fv_long_ints masks;
} options;

static const fv_field fields[] = {
    FV_NEST_FIELDS("how many; the channels of the output, but with `full` so many for each map"),
    {"table", "which maps a filter reads: all, every pair, one alone, or as C3 of LeNet-5",
     FV_CHOICE, offsetof(options, table), "aggregated", 0, 0, 0, tables, NULL},
    {"masks", "by hand instead: for each filter, in turn, the sum of 2^c over the maps c it reads",
     FV_INTS, offsetof(options, masks), "0", 0, 9e15, FV_LONG, NULL, NULL},
    {"bias", "whether a number is added: no, one per filter, or one per unit", FV_CHOICE,
     offsetof(options, bias), "yes", 0, 0, 0, biases, NULL},
    {0}};

/* 0 alone, the default, says nothing. */
static bool by_hand(const options *o) {
    return o->masks.count > 1 || o->masks.v[0] != 0;
}

/* The list of masks that filters take in turn, and how many it has; 0: the table is no list. */
static int masks_of(const options *o, const int64_t **masks) {
    *masks = by_hand(o) ? o->masks.v : lenet;
    return by_hand(o) ? o->masks.count : o->table == LENET ? LENET_FILTERS : 0;
}

int64_t fv__tableconv_next(const void *given, int64_t channels, int64_t k, int64_t c) {
    const options *o = given;
    const int64_t filters = o->conv.channels;
    const int64_t *masks;
    const int count = masks_of(o, &masks);
    if (count > 0) {
        const int64_t mask = masks[k % count];
        while (c < channels && (c > 62 || !(mask >> c & 1))) c++;
        return c;
    }
    if (o->table == AGGREGATED) return c;
    int64_t only = k / filters; /* full */
    if (o->table == DIRECT)     /* maps are read again where there are few, skipped where many */
        only = filters >= channels ? k % channels : k * channels / filters;
    return c <= only ? only : channels;
}

static int64_t bits(int64_t mask) {
    int64_t n = 0;
    for (; mask > 0; mask >>= 1) n += mask & 1;
    return n;
}

/* How many pairs of a filter and a map, and channels of the output; false: too many. */
static bool count_connections(const options *o, int64_t channels, int64_t *count, int64_t *out) {
    const int64_t filters = o->conv.channels, *masks;
    const int list = masks_of(o, &masks);
    *count = list > 0 ? 0 : filters;
    *out = filters;
    for (int64_t i = 0, some; i < list; i++) {
        const int64_t times = filters / list + (i < filters % list);
        if (!fv__mul_i64(times, bits(masks[i]), &some) ||
            __builtin_add_overflow(*count, some, count))
            return false;
    }
    if (list > 0 || o->table == DIRECT) return true;
    if (!fv__mul_i64(filters, channels, count)) return false;
    if (o->table == FULL) *out = *count;
    return true;
}

static fv_status check_masks(fv_context *ctx, const options *o, int64_t channels) {
    if (o->table != AGGREGATED)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "table %s and masks are both given; one of them says which maps a filter "
                        "reads",
                        tables[o->table]);
    if (o->masks.count < 1 || o->masks.count > FV_LONG_MAX || o->masks.count > o->conv.channels)
        return fv__fail(ctx, FV_BAD_INPUT, "masks are given for %d filters, but there are %" PRId64,
                        o->masks.count, o->conv.channels);
    for (int i = 0; i < o->masks.count; i++) {
        const int64_t mask = o->masks.v[i];
        if (mask < 1)
            return fv__fail(ctx, FV_BAD_INPUT,
                            "mask %" PRId64 " is a filter that reads no map; the mask of map c "
                            "alone is 2^c",
                            mask);
        if (channels < 63 && mask >> channels != 0)
            return fv__fail(ctx, FV_BAD_INPUT,
                            "mask %" PRId64 " reads a map that is not there: of %" PRId64
                            " maps all together are %" PRId64,
                            mask, channels, ((int64_t)1 << channels) - 1);
    }
    return FV_OK;
}

static fv_status check_table(fv_context *ctx, const options *o, int64_t channels) {
    if (by_hand(o)) return check_masks(ctx, o, channels);
    if (o->table == LENET && (channels != LENET_MAPS || o->conv.channels != LENET_FILTERS))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "table lenet joins %d filters to %d maps, not %" PRId64 " to %" PRId64,
                        LENET_FILTERS, LENET_MAPS, o->conv.channels, channels);
    return FV_OK;
}

static fv_status shape(fv_context *ctx, fv_site *site) {
    const options *o = site->options;
    const fv_shape *in = &site->in[0];
    const int64_t channels = in->dim[1];
    int64_t connections, filters;
    fv_window win[2];
    FV_TRY(fv__nest_begin(ctx, site, &o->conv, win));
    FV_TRY(check_table(ctx, o, channels));
    if (!count_connections(o, channels, &connections, &filters))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "there are too many filters to count the pairs of one "
                        "and a map");
    site->out[0] = fv__nest_shape(in, in->dim[0], filters, win[0].out, win[1].out);
    const fv_shape weight = fv__nest_shape(in, connections, 1, win[0].kernel, win[1].kernel);
    /* fans: what a filter reads and what reads a map, on average */
    FV_TRY(fv__nest_weight(ctx, site, &o->conv, weight, (connections - 1) / filters + 1,
                           (connections - 1) / channels + 1));
    if (o->bias == YES) fv__nest_bias(site, fv__shape1(filters));
    if (o->bias == UNIT) fv__nest_bias(site, fv__nest_units(&site->out[0]));
    return fv__nest_end(ctx, site, &site->out[0]);
}

static void cost(const fv_site *site, fv_cost *cost) {
    const options *o = site->options;
    fv_window win[2];
    fv__conv_windows(&site->in[0], &o->conv, win);
    fv__cost_windows(cost, win);
    cost->macs = fv__nest_macs(site, &site->out[0]);
    (void)snprintf(cost->product, sizeof cost->product, "(%" PRId64 "*%" PRId64 ")*%" PRId64,
                   win[0].kernel, win[1].kernel, site->param[0].shape.dim[0]);
}

#define FV_LOOPS "op/tableconv.c"
#include "op/loops.h"

static const char *const samples[] = {"3 2x2 ; 2x2x3x4",
                                      "2 2x3 table full bias no ; 2x3x3x4",
                                      "5 3 pad 1 table direct stride 2 ; 1x3x4x3",
                                      "2 3 pad same table direct ; 1x5x2x3",
                                      "16 1x2 table lenet bias unit ; 1x6x1x3",
                                      "4 2 masks 5,2,3 dilation 2 bias unit ; 2x3x3x4",
                                      "3 2 masks 3,6 pad 1 ; 2x3x5",
                                      NULL};

const fv_op fv__op_tableconv = {
    .name = "tableconv",
    .help = "filters that read some of the maps only, as a table says",
    .about =
        "y[k,p] = b[k] + sum over the maps c that filter k reads and places q of the filter of\n"
        "w[k,c,q] * x[c, stride*p + dilation*q - pad]. Sizes are those of conv. A table says who\n"
        "reads what: `aggregated`, every filter all maps, as conv; `full`, every pair of a map "
        "and\n"
        "a filter gives a map, so that 16 filters on 6 maps give 96; `direct`, filter k map k "
        "alone\n"
        "(maps are read in turn where there are few, evenly skipped where there are many); "
        "`lenet`,\n"
        "16 filters on 6 maps with the 60 connections of C3 in LeNet-5. Or by hand: `masks 7,14` "
        "is\n"
        "a filter of maps 0, 1, 2 and one of maps 1, 2, 3, in turn. The weights are those of the\n"
        "connections, [connections, 1, height, width], filter after filter; `bias unit` has one\n"
        "for every unit. LeCun, Bottou, Bengio & Haffner 1998, table I; LeCun et al. 1989,\n"
        "\"Backpropagation applied to handwritten zip code recognition\".",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_KEEP_X,
    .options_size = sizeof(options),
    .fields = fields,
    .shape = shape,
    .cost = cost,
    .forward = {forward_f32, forward_f64},
    .backward = {backward_f32, backward_f64},
    .samples = samples,
};

#else

#include "op/nest.inc.h"

/* One sample: all connections, one kernel each. */
static void LOOP(connections)(const fv_pass *p, const fv_nest *s, const real *x, real *y,
                              const real *dy, real *dx, real *dw) {
    const int64_t channels = p->x[0].shape.dim[1], pixels = s->height * s->width;
    const int64_t filters = (y ? p->y : p->dy)[0].shape.dim[1];
    const int64_t area = s->win[0].kernel * s->win[1].kernel;
    const real *w = p->w[0].data;
    for (int64_t k = 0; k < filters; k++)
        for (int64_t c = fv__tableconv_next(p->options, channels, k, 0); c < channels;
             c = fv__tableconv_next(p->options, channels, k, c + 1)) {
            const int64_t from = c * pixels, to = k * s->plane;
            LOOP(kernel)
            (s, x + from, w, y ? y + to : NULL, dy ? dy + to : NULL, dx ? dx + from : NULL, dw);
            w += area;
            if (dw) dw += area;
        }
}

static void LOOP(forward)(const fv_pass *p) {
    const options *o = p->options;
    const fv_nest s = fv__nest(&p->x[0].shape, &o->conv);
    LOOP(start)(&p->y[0], p->params > 1 ? &p->w[1] : NULL);
    for (int64_t n = 0; n < p->y[0].shape.dim[0]; n++) {
        const real *x = fv__sample(&p->x[0], n);
        real *y = fv__sample(&p->y[0], n);
        LOOP(connections)(p, &s, x, y, NULL, NULL, NULL);
    }
}

static void LOOP(backward)(const fv_pass *p) {
    const options *o = p->options;
    const fv_nest s = fv__nest(&p->x[0].shape, &o->conv);
    for (int64_t n = 0; n < p->dy[0].shape.dim[0]; n++) {
        const real *x = fv__sample(&p->x[0], n), *dy = fv__sample(&p->dy[0], n);
        real *dx = fv__sample(&p->dx[0], n);
        LOOP(connections)(p, &s, x, NULL, dy, dx, p->dw[0].data);
    }
    if (o->bias != NO) LOOP(bias)(&p->dy[0], &p->dw[1]);
}

#endif
