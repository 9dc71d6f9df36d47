/* SPDX-License-Identifier: MIT */
/*
 * embedding: every index becomes a row of a table that is learned. Bengio, Ducharme, Vincent &
 * Jauvin 2003.
 */
#include "op/gather.h"

#include <inttypes.h>

typedef struct fv_embedding_options {
    int64_t rows, width;
} fv_embedding_options;

static const fv_field fields[] = {
    {"rows", "how many there are to choose from; indices are below it", FV_INT,
     offsetof(fv_embedding_options, rows), NULL, 1, 1e9, FV_POSITIONAL | FV_REQUIRED, NULL, NULL},
    {"width", "numbers of a row", FV_INT, offsetof(fv_embedding_options, width), NULL, 1, 1e9,
     FV_POSITIONAL | FV_REQUIRED, NULL, NULL},
    {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const fv_embedding_options *o = site->options;
    const fv_shape *in = &site->in[0];
    FV_TRY(fv__shape_same(ctx, site));
    if (o->rows < 1 || o->width < 1)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "embedding needs at least one row of one number, not %" PRId64
                        " rows of %" PRId64,
                        o->rows, o->width);
    if (in->rank == FV_RANK_MAX)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "embedding adds a dimension, but its indices have %d, which are the most",
                        FV_RANK_MAX);
    site->out[0].dim[site->out[0].rank++] = o->width;
    /* an output is one row's number and no sum, as if of one input */
    fv__site_param(site, &(fv_param_spec){.name = "weight",
                                          .shape = fv__shape2(o->rows, o->width),
                                          .init = FV_INIT_WEIGHT,
                                          .fan_in = 1,
                                          .fan_out = o->width,
                                          .learned = true});
    return fv__shape_fits(ctx, site);
}

static void forward(const fv_pass *p) {
    fv__gather(&p->w[0], &p->x[0], 0, &p->y[0]);
}

static void backward(const fv_pass *p) {
    fv__gather_back(&p->dw[0], &p->x[0], 0, &p->dy[0]);
}

static const char *const samples[] = {"5 3 ; below 5 4", "7 2 ; below 7 2x3", "4 3 ; below 4 1x2x2",
                                      "3 1 ; below 3 5x1", NULL};

const fv_op fv__op_embedding = {
    .name = "embedding",
    .help = "every index becomes a row of a table that is learned",
    .about =
        "y[i] = row x[i] of the weight, [rows, width]. A negative index counts from the end; one\n"
        "that names no row gives NaN. Gradient: dy added to the rows that were read.\n"
        "Bengio, Ducharme, Vincent & Jauvin 2003, \"A neural probabilistic language model\".",
    .inputs_min = 1,
    .inputs_max = 1,
    .traits = FV_KEEP_X,
    .takes_first = FV_TAKES_INDICES,
    .options_size = sizeof(fv_embedding_options),
    .fields = fields,
    .shape = shape,
    .forward = {forward, forward},
    .backward = {backward, backward},
    .samples = samples,
};
