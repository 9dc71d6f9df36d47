/* SPDX-License-Identifier: MIT */
/*
 * conv_winograd.c - 3x3 convolutions forward, by Winograd's minimal filtering: F(4x4, 3x3)
 * with a quarter of the multiplications, or F(2x2, 3x3) with four ninths; of stride 2 with 25 of 36
 * (kern/winograd.inc.h has the formulas and their source).
 *
 * Three passes over a band of tiles: every channel's tiles are transformed; a product for each
 * number of a transformed tile sums over the channels; every filter's sums are transformed back,
 * and bias, sum and activation follow. The filters are transformed when they are prepared, or,
 * large ones, where they are met (winograd_filters.c). A band is rows of tiles, counted on through
 * the samples: so many that the transformed numbers stay in the caches and the filters are worth
 * reading. winograd_run.c has the passes.
 *
 * Errors: those of F(2x2, 3x3), of either stride, are the definition's summed in float32, those of
 * F(4x4, 3x3) twice as large.
 */
#include "cpu/winograd.h"

#define BAND_FLOATS   524288  /* transformed numbers in work: 2 MB */
#define BAND_OF_FEW   131072  /* the same beside few numbers of filters, that cost little to meet */
#define FEW           65536   /* numbers of filters: 256 KB */
#define BAND_TILES    64      /* products are worth their filters from here on */
#define FILTER_FLOATS 4194304 /* numbers of filters: 16 MB */
#define LATE_VECTORS  3       /* of tiles: fewer do not hide that filters are transformed */
#define READING       16      /* multiplications that take the time of reading one weight */

static const char *unfit(const fv_site *site, const fv_request *request,
                         const fv_winograd_form *f) {
    const fv_conv_options *o = site->options;
    if (o->kernel.h != 3 || o->kernel.w != 3 || o->stride.h != f->stride ||
        o->stride.w != f->stride || o->dilation.h != 1 || o->dilation.w != 1)
        return f->stride == 1 ? "only for 3x3 kernels of stride and dilation 1"
                              : "only for 3x3 kernels of stride 2 and dilation 1";
    if (o->groups != 1) return "not for groups";
    if (f == &fv__winograd_four && request->precision == FV_PRECISION_STRICT)
        return "tiles of 4x4 pixels double the rounding errors, which strict does not allow";
    if (o->channels < f->few || site->in[0].dim[1] < f->few)
        return "the transforms cost more than they save with so few channels or filters";
    return NULL;
}

/* Multiplications for a channel and a filter, and the reading of their numbers; in training they
   are made in every step, too. */
static double work_of(const fv_conv_sizes *s, const fv_winograd_form *f, bool training) {
    const int64_t tiles =
        fv__cpu_up(s->patch.oh, f->tile) * fv__cpu_up(s->patch.ow, f->tile) * s->n;
    return (double)(fv__winograd_numbers(f) * tiles +
                    fv__winograd_filters(f) * READING * (training ? 2 : 1));
}

/* Whether a form is worth it: against the definition, and against the other one. */
static const char *dear(const fv_conv_sizes *s, const fv_winograd_form *f, bool training) {
    const fv_winograd_form *two = &fv__winograd_two;
    const double plain = 9 * (double)(s->n * s->places + READING), mine = work_of(s, f, training);
    const double most = f->stride == 2 ? 1.0 : 0.9;
    if (f->tile == 2) return mine > most * plain ? "the maps are too small for tiles of 2x2" : NULL;
    if (mine > 0.75 * plain) return "the maps are too small for tiles of 4x4";
    /* Numbers of filters beyond what caches hold come from memory, and are there to stay. */
    const bool wide = s->c >= two->few && s->k >= two->few;
    const bool large = fv__winograd_filters(f) * s->c * s->k > FILTER_FLOATS;
    return wide && work_of(s, two, training) < (large ? 1.0 : 0.8) * mine
               ? "tiles of 2x2 have fewer weights to read"
               : NULL;
}

FV_CUTS({"bands half as large", -1, 0, 0}, {"bands twice as large", 1, 0, 0},
        {"bands four times as large", 2, 0, 0}, {"a quarter as many pieces", 0, 0, -2},
        {"four times as many pieces", 0, 0, 2}, /* and the last one, step_variant leaves it out: */
        {"filters transformed the other time", 0, 1, 0})

/* Filters of stride 2 are as many as those of the definition nearly: none are late. */
static const char *step_variant(int i) {
    return cut_number(i).depth ? NULL : variant(i);
}

void fv__winograd_maps(fv_winograd_maps *maps, const fv_winograd_form *f, const fv_conv_sizes *s,
                       const struct fv_kernels *k) {
    const fv_patches *m = &s->patch;
    const int64_t across = fv__cpu_up(m->ow, f->tile), pixels = f->tile * f->stride;
    int64_t wide = 1;
    *maps = (fv_winograd_maps){m->h, m->w, fv__cpu_up(m->oh, f->tile), across, .top = m->top};
    while (wide < across) wide *= 2;
    /* vectors of results have two rows at most */
    const int64_t least = k->lanes / (f->stride == 2 ? 4 : 8);
    if (!k->winograd_maps_in || pixels != 4 || m->oh != fv__cpu_up(m->h, f->stride) ||
        m->ow != fv__cpu_up(m->w, f->stride) || m->left != 1 || wide > k->lanes || wide < least)
        return;
    maps->wide = wide;
    for (int64_t i = 0; i < k->lanes; i++) {
        const int64_t row = i / across, at = i % across, lane = row * wide + at;
        const bool there = row < k->lanes / wide;
        maps->own[i] = (int32_t)(there ? lane : -1);
        maps->left[i] = (int32_t)(there && at > 0 ? lane - 1 : -1);
        maps->right[i] = (int32_t)(there && at + 1 < across ? lane + 1 : -1);
        maps->spread[i] = (int32_t)(i % wide < across ? i / wide * across + i % wide : -1);
    }
}

static void cut(fv_winograd *g, const fv_cut *as) {
    const fv_winograd_form *f = g->form;
    const int64_t numbers = fv__winograd_numbers(f), sums = fv__winograd_sums(f);
    const int64_t side = f->tile * f->stride, each = numbers * g->s.c + sums * g->s.k;
    const bool few = fv__winograd_filters(f) * g->s.c * g->s.k <= FEW;
    const int64_t most = (few ? BAND_OF_FEW : BAND_FLOATS) / each;
    const int64_t tiles = fv__cpu_doubled(fv__cpu_max(BAND_TILES, most), as->band);
    g->grain = as->parts < 0 ? (double)(1 << -as->parts) : 1.0 / (1 << as->parts);
    g->rows = fv__cpu_min(g->lines, fv__cpu_max(1, tiles / g->across));
    g->ld = fv__cpu_pad(g->rows * g->across);
    /* 16 more, or the numbers of a tile would share a few lines of a cache */
    g->in_step = g->s.c * g->ld + 16;
    g->step = g->s.k * g->ld + 16;
    g->pitch = side * g->across + 4;
    const int64_t lines = fv__cpu_min(g->rows, g->high);
    g->frame = fv__cpu_pad((side * lines + 2) * g->pitch);
    g->work = fv__cpu_pad(FV_WINOGRAD_WORK(lines * g->across));
    g->worker = numbers * g->in_step + sums * g->step + g->frame + g->work;
}

/* Cuts the work as the site says, or the variant does. */
static const char *cut_as(fv_winograd *g, const fv_request *request) {
    const fv_cut none = cut_number(0), as = cut_number(request->variant);
    cut(g, &none);
    const int64_t usual = g->rows;
    g->whole = usual == g->lines && fv__cpu_alone(g->lines * g->across, request->kernels);
    if (!as.name) return NULL;
    cut(g, &as);
    if (g->rows == usual && !as.depth) return as.parts ? NULL : fv__cpu_no_other;
    return g->whole ? fv__cpu_other_bits : NULL;
}

/* Filters that are many and are met once, by tiles enough. */
static bool late(const fv_winograd *g, const struct fv_kernels *k) {
    return g->form->pairs > 0 && fv__winograd_filters(g->form) * g->s.c * g->s.k > FILTER_FLOATS &&
           g->rows == g->lines && g->rows * g->across >= LATE_VECTORS * k->lanes;
}

static const char *settle_form(const fv_site *site, const fv_request *request, fv_arena *arena,
                               fv_settled *settled, const fv_winograd_form *f) {
    const char *why = unfit(site, request, f);
    if (why) return why;
    FV_STATE(fv_winograd, g, arena);
    if (!g) return fv__impl_no_memory;
    *g = (fv_winograd){.s = fv__cpu_conv_sizes(site->options, &site->in[0], request->kernels),
                       .form = f};
    why = dear(&g->s, f, request->training);
    if (why) return why;
    g->high = fv__cpu_up(g->s.patch.oh, f->tile);
    g->across = fv__cpu_up(g->s.patch.ow, f->tile);
    g->lines = g->s.n * g->high;
    fv__winograd_maps(&g->maps, f, &g->s, request->kernels);
    why = cut_as(g, request);
    if (why) return why;
    g->strips = fv__cpu_up(g->s.k, request->kernels->mr);
    g->late = late(g, request->kernels) != (cut_number(request->variant).depth != 0);
    g->worker += (int64_t)fv__winograd_late_floats(g, request->kernels);
    settled->state = g;
    settled->prepared = sizeof(float) * fv__winograd_filter_floats(g, request->kernels);
    settled->packed = true;
    settled->worker = sizeof(float) * (size_t)g->worker;
    return NULL;
}

static const char *settle_four(const fv_site *site, const fv_request *request, fv_arena *arena,
                               fv_settled *settled) {
    return settle_form(site, request, arena, settled, &fv__winograd_four);
}

static const char *settle_two(const fv_site *site, const fv_request *request, fv_arena *arena,
                              fv_settled *settled) {
    return settle_form(site, request, arena, settled, &fv__winograd_two);
}

static const char *settle_step(const fv_site *site, const fv_request *request, fv_arena *arena,
                               fv_settled *settled) {
    return settle_form(site, request, arena, settled, &fv__winograd_step);
}

#define WINOGRAD(called, title, settles, others)                                                   \
    const fv_impl fv__cpu_##called##_forward = {.name = title,                                     \
                                                .op = &fv__op_conv,                                \
                                                .which = FV_FORWARD,                               \
                                                .refuses = fv__cpu_conv_maps_refuses,              \
                                                .settle = settles,                                 \
                                                .prepare = fv__winograd_prepare,                   \
                                                .run = fv__winograd_run,                           \
                                                .prologue = true,                                  \
                                                .variant = others}

WINOGRAD(conv_winograd, "winograd", settle_four, variant);
WINOGRAD(conv_winograd2, "winograd 2x2", settle_two, variant);
WINOGRAD(conv_winograd_step, "winograd stride 2", settle_step, step_variant);
