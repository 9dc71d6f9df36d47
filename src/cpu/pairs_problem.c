/* SPDX-License-Identifier: MIT */
/*
 * pairs_problem.c - which taps stand in for channels, and how the work is cut. See pairs.h.
 */
#include "cpu/pairs.h"

#include <math.h>

#define FRAME_WORDS  163840 /* frames in work: 640 KB, in the L2 cache */
#define SHARED_WORDS 600000 /* frames made beforehand: 2.4 MB at most, about an L2 cache */
#define BANDS        8      /* of the others: as many keep several threads busy */
#define COLUMNS      1024   /* columns of a band, at most */
#define UNITS        24     /* as many pieces of work keep several threads busy */

/* ------------------------------------------------------------------------------- folding --- */

static int32_t kept_frame(fv_direct *d, const fv_direct *from, int32_t frame) {
    for (int f = 0; f < d->frames; f++)
        if (d->frame_row[f] == from->frame_row[frame] && d->frame_col[f] == from->frame_col[frame])
            return f;
    d->frame_row[d->frames] = from->frame_row[frame];
    d->frame_col[d->frames] = from->frame_col[frame];
    return d->frames++;
}

/* Of the kernel `from` those taps that are left when others stand in for channels. */
static void fold(fv_pairs *p, const fv_direct *from, const fv_conv_options *o, fv_folding folding) {
    fv_direct *d = &p->d;
    const int64_t kw = o->kernel.w;
    p->folded = 0;
    d->taps = d->frames = 0;
    for (int t = 0; t < from->taps; t++) {
        const int64_t r = from->tap[t].weight / kw, s = from->tap[t].weight % kw;
        const bool stays =
            folding == FV_FOLD_NONE || (s == 0 && (folding == FV_FOLD_ROW || r == 0));
        if (stays) {
            d->tap[d->taps] = from->tap[t];
            d->tap[d->taps++].frame = kept_frame(d, from, from->tap[t].frame);
        }
        if (t == 0 || (folding != FV_FOLD_NONE && (folding == FV_FOLD_ALL || r == 0)))
            p->fold[p->folded++] =
                (fv_folded_tap){r * o->dilation.h, s * o->dilation.w, from->tap[t].weight};
    }
    fv__direct_found(d);
    const int64_t pairs = fv__cpu_up(d->channels * p->folded, 2);
    p->groups = fv__cpu_up(pairs, p->form.depth);
    p->pairs = p->groups * p->form.depth;
    p->steps = p->groups * d->taps;
}

/* Products of a sample and group, of a filter by 16 columns in a step; those whose result nobody
   wants are among them. */
static double products(const fv_pairs *p) {
    const int64_t filters = fv__cpu_up(p->d.rows, p->form.tile) * p->form.tile;
    return (double)fv__cpu_up(p->d.oh * p->d.pitch, 16) * (double)p->steps * (double)filters;
}

/* Cycles of a sample and group. */
static double cost(const fv_pairs *p) {
    const fv_direct *d = &p->d;
    const fv_pairs_form *of = &p->form;
    const bool whole = d->bare && p->folded == 1, strays = p->folded > 1 || d->sw > 1;
    const int64_t rows = d->oh + d->more_rows;
    const int64_t lines =
        whole ? fv__cpu_up(rows * d->pitch, 16) : d->frames * rows * fv__cpu_up(d->pitch, 16);
    return products(p) * (p->split ? 3 : 1) * (double)of->product +
           products(p) / (double)p->steps * (double)of->out +
           (double)(p->pairs * lines) * (double)(strays ? of->gather : of->pack);
}

/* Whether Winograd's transforms save what they can. */
static bool transformed(const fv_pairs *p, const fv_conv_options *o) {
    const fv_direct *d = &p->d;
    return d->area == 9 && o->kernel.h == 3 && d->sh == 1 && d->sw == 1 && o->dilation.h == 1 &&
           o->dilation.w == 1 && d->groups == 1 && d->rows >= 64 && d->channels >= 64 &&
           d->oh >= 12 && d->ow >= 12;
}

/* Than the ways in float32. */
static bool slower(const fv_pairs *p, const fv_conv_options *o) {
    const fv_direct *d = &p->d;
    const double macs = (double)(d->rows * d->channels * d->area) * (double)(d->oh * d->ow);
    return cost(p) * (double)(transformed(p, o) ? p->form.winograd : p->form.direct) > macs;
}

static void cheapest(fv_pairs *p, const fv_conv_options *o) {
    const fv_direct whole = p->d;
    fv_folding best = FV_FOLD_NONE;
    double least = INFINITY;
    for (fv_folding f = FV_FOLD_NONE; f < (o->kernel.h * o->kernel.w > 1 ? FV_FOLDINGS : 1); f++) {
        fold(p, &whole, o, f);
        if (cost(p) >= least) continue;
        least = cost(p);
        best = f;
    }
    fold(p, &whole, o, best);
}

const char *fv__pairs_problem(fv_pairs *p, const fv_site *site, const fv_request *request) {
    const fv_conv_options *o = site->options;
    p->form = request->kernels->form;
    p->split = request->precision == FV_PRECISION_FP32;
    if (!fv__direct_forward(&p->d, o, &site->in[0]))
        return "kernel or stride are too large for offsets";
    if (p->d.oh * p->d.ow < 16) return "the maps are too small";
    cheapest(p, o);
    if (slower(p, o))
        return transformed(p, o)
                   ? "3x3 of stride 1 gains more by Winograd's transforms"
                   : "with so few channels, filters or pixels multiply-adds are faster "
                     "than making pairs";
    return NULL;
}

/* --------------------------------------------------------------------------------- the cut --- */

/* Rounded up to whole cache lines, an odd number of them, so that neighbours do not meet in one
   place of a cache. */
static int64_t odd_lines(int64_t words) {
    return fv__cpu_up(words, 16) / 2 * 32 + 16;
}

static int64_t words_of(const fv_pairs *p, int64_t band, int64_t side_by_side) {
    const fv_direct *d = &p->d;
    const int64_t pixels = side_by_side * d->frames * (band + d->more_rows) * d->pitch;
    return p->groups * odd_lines(pixels * p->form.depth);
}

/* Samples of a unit, where a band is all of a map. Where a kernel is one pixel large their maps are
   one, so that its columns fill whole tiles. */
static void cut_samples(fv_pairs *p, int64_t most) {
    const fv_direct *d = &p->d;
    const int64_t each = words_of(p, p->band, 1), map = d->oh * d->pitch;
    p->samples = p->bands > 1 ? 1 : fv__cpu_max(1, fv__cpu_min(d->n, most / each));
    p->joined = p->bands == 1 && d->taps == 1 && d->frames == 1;
    if (p->joined) p->samples = fv__cpu_min(p->samples, fv__cpu_max(1, COLUMNS / map));
    p->groupings = fv__cpu_up(d->n, p->samples);
    p->samples = fv__cpu_up(d->n, p->groupings);
    p->words = p->joined ? words_of(p, p->band, p->samples) : p->samples * each;
    p->plane = (p->joined ? p->words : each) / p->groups;
    p->step = p->joined ? map * p->form.depth : each;
}

static void cut_rows(fv_pairs *p) {
    const fv_direct *d = &p->d;
    const int64_t most = FRAME_WORDS / (p->split ? 2 : 1);
    p->band = fv__cpu_max(1, fv__cpu_min(d->oh, COLUMNS / d->pitch));
    while (p->band > 1 && words_of(p, p->band, 1) > most) p->band--;
    if (p->form.depth > 1 &&
        d->n * d->groups * words_of(p, d->oh, 1) * (p->split ? 2 : 1) > SHARED_WORDS) {
        const int64_t least = d->more_rows > 0 ? 4 : fv__cpu_max(1, 96 / d->pitch);
        const int64_t bands = fv__cpu_up(BANDS, d->n * d->groups);
        p->band = fv__cpu_min(p->band, fv__cpu_max(least, fv__cpu_up(d->oh, bands)));
    }
    p->bands = fv__cpu_up(d->oh, p->band);
    p->band = fv__cpu_up(d->oh, p->bands);
    p->frame = (p->band + d->more_rows) * d->pitch * p->form.depth;
    cut_samples(p, most);
}

static void cut_filters(fv_pairs *p) {
    const fv_direct *d = &p->d;
    const int64_t units = p->groupings * d->groups * p->bands;
    const int64_t all = units * p->words * (p->split ? 2 : 1);
    p->blocks = fv__cpu_up(d->rows, p->form.rows);
    p->parts = fv__cpu_max(1, fv__cpu_min(fv__cpu_up(UNITS, units), p->blocks));
    if (all > SHARED_WORDS) p->parts = 1;
    p->shared = p->parts > 1;
    p->units = units * p->parts;
    p->weights = p->steps * p->form.depth * p->form.rows;
    p->macs = (double)(d->n * d->groups) * products(p) * 16 * p->form.depth * (p->split ? 3 : 1);
}

/* The rows of a unit's result, which lie in its columns `pitch` apart, cut where vectors end. */
static int64_t cut_runs(const fv_pairs *p, fv_pairs_run *run, int32_t *begin) {
    const fv_direct *d = &p->d;
    const int64_t maps = p->joined ? p->samples : 1, columns = maps * p->band * d->pitch;
    int64_t count = 0;
    for (int64_t j = 0; j < columns; j++) {
        const int64_t line = j / d->pitch, col = j % d->pitch;
        if (j % 16 == 0 && begin) begin[j / 16] = (int32_t)count;
        if (col >= d->ow) continue;
        if (count > 0 && j % 16 != 0 && col != 0) {
            if (run) run[count - 1].count++;
            continue;
        }
        if (run)
            run[count] =
                (fv_pairs_run){(int32_t)(j % 16), 1, (int32_t)(line % p->band * d->ow + col),
                               (int32_t)(line / p->band)};
        count++;
    }
    if (begin) begin[fv__cpu_up(columns, 16)] = (int32_t)count;
    return count;
}

static bool settle_runs(fv_pairs *p, fv_arena *arena) {
    const int64_t maps = p->joined ? p->samples : 1;
    const int64_t vectors = fv__cpu_up(maps * p->band * p->d.pitch, 16);
    const int64_t count = cut_runs(p, NULL, NULL);
    int32_t *begin = fv__arena_alloc(arena, sizeof *begin * (size_t)(vectors + 1));
    fv_pairs_run *run = fv__arena_alloc(arena, sizeof *run * (size_t)count);
    if (!begin || !run) return false;
    cut_runs(p, run, begin);
    p->begin = begin;
    p->run = run;
    return true;
}

bool fv__pairs_cut(fv_pairs *p, fv_arena *arena) {
    const fv_direct *d = &p->d;
    cut_rows(p);
    cut_filters(p);
    int32_t *at = fv__arena_alloc(arena, sizeof *at * (size_t)(2 * p->pairs));
    int32_t *off = fv__arena_alloc(arena, sizeof *off * (size_t)p->steps);
    if (!at || !off || !settle_runs(p, arena)) return false;
    for (int64_t v = 0; v < 2 * p->pairs; v++) {
        const int64_t c = v / p->folded;
        at[v] = c < d->channels ? (int32_t)(c * d->area + p->fold[v % p->folded].weight) : -1;
    }
    for (int64_t s = 0; s < p->steps; s++) {
        const fv_tap *tap = &d->tap[s % d->taps];
        off[s] = (int32_t)(s / d->taps * p->plane + tap->frame * p->frame +
                           (tap->dr * d->pitch + tap->dc) * p->form.depth);
    }
    p->at = at;
    p->off = off;
    return true;
}
