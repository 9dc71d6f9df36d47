/* SPDX-License-Identifier: MIT */
/*
 * winograd_dw.c - the gradient of the weights by the transposes of F(4x4, 3x3)'s transforms: of
 * y = A^T ((G g G^T) . (B^T d B)) A follows, for every tile,
 *
 *   dg = G^T ((A dy A^T) . (B^T d B)) G
 *
 * (kern/winograd.inc.h has the formulas' sources). Both factors are transformed, band after band of
 * tiles; for each of the 36 numbers a product sums over the tiles; last the sums are transformed
 * back. Of stride 2 it is 25 products of 25 and 9 numbers, each of x's with the sum it is a part
 * of. Four sums of the definition's 16 are left, and no tile is summed on its own. Of few channels
 * and filters the tiles are cut into parts, always the same ones, each summed up by one thread, who
 * reads what he has transformed himself; the parts are added in their order. Sums of many would
 * take too much memory for that: there all threads share the tiles of a band.
 */
#include "cpu/winograd.h"

#define SOON        3                  /* planes ahead */
#define BAND_TILES  512                /* of one sum, whose lanes are then added up */
#define FEWEST      128                /* tiles that pay for transforming sums back */
#define NARROW      16                 /* channels and filters that pay for transforming maps */
#define BLOCK       12                 /* channels of a product: they stay in the nearest cache */
#define TURNED      32                 /* filters that pay for transposing inputs */
#define TURNED_AT   128                /* tiles at a time */
#define FLOATS_MOST (INT64_C(1) << 25) /* of scratch: 128 MB */
#define PARTS       16
#define PART_FLOATS                                                                                \
    262144            /* transformed numbers of a band of a part: they stay in the L2 cache        \
                       */
#define PART_TILES 48 /* fewer do not pay for meeting the sums */

/* Channels of a product: so many that whole register tiles share them evenly. */
static int64_t block_of(const fv_winograd_dw *g, const struct fv_kernels *k) {
    if (!g->turned) return BLOCK;
    const int64_t each = fv__cpu_up(g->s.c, fv__cpu_up(g->s.c, k->nr));
    return fv__cpu_up(each, k->lanes) * k->lanes;
}

const char *fv__winograd_dw_settle(fv_winograd_dw *g, const fv_winograd_form *f,
                                   const fv_conv_sizes *s, const struct fv_kernels *k) {
    const int64_t numbers = fv__winograd_numbers(f), of_y = fv__winograd_sums(f), tile = f->tile;
    const double pays = tile == 4 ? 0.75 : 0.9;
    g->form = f;
    g->s = *s;
    g->high = fv__cpu_up(s->patch.oh, tile);
    g->across = fv__cpu_up(s->patch.ow, tile);
    g->lines = s->n * g->high;
    const int64_t tiles = g->lines * g->across;
    fv__winograd_maps(&g->maps, f, s, k);
    if (s->c < NARROW || s->k < NARROW) return "the transforms cost more than they save";
    if (tiles < FEWEST) return "too few tiles";
    if ((double)(numbers * tiles) > pays * 9 * (double)(s->n * s->places))
        return "the maps are too small for tiles";
    if (f->stride == 2 && !g->maps.wide) return "rows of tiles do not fit a vector";
    const int64_t of_part = PART_FLOATS / (numbers * s->c + of_y * s->k);
    g->parts = of_part < PART_TILES ? 0 : fv__cpu_min(PARTS, g->lines);
    const int64_t lines = g->parts ? fv__cpu_up(g->lines, g->parts) : g->lines;
    g->rows = fv__cpu_min(lines, fv__cpu_max(1, (g->parts ? of_part : BAND_TILES) / g->across));
    g->bands = fv__cpu_up(lines, g->rows);
    g->ld = fv__cpu_pad(g->rows * g->across);
    /* 16 more, or the numbers of a tile would share a few lines of a cache */
    g->x_step = s->c * g->ld + 16;
    g->y_step = s->k * g->ld + 16;
    g->pitch = tile * g->across + 4;
    const int64_t most = fv__cpu_min(g->rows, g->high);
    g->frame = fv__cpu_pad((tile * most + 2) * g->pitch);
    g->turned = s->k >= TURNED;
    g->block = block_of(g, k);
    const int64_t transforms = g->frame + fv__cpu_pad(FV_WINOGRAD_WORK(most * g->across));
    g->before = fv__cpu_max(transforms, g->turned ? TURNED_AT * g->block : 0);
    const int64_t made = numbers * g->x_step + of_y * g->y_step, sums = numbers * s->k * s->c;
    g->worker = g->before + (g->parts ? made : 0);
    g->scratch = g->parts ? g->parts * sums : made + sums;
    return g->scratch > FLOATS_MOST ? "the sums take too much memory" : NULL;
}

typedef struct work {
    const fv_pass *p;
    const fv_winograd_dw *g;
    int64_t band, line, rows;
    float *x, *y, *sums; /* [number][channel or filter][tile]; [number][filter][channel] */
} work;

/* Asks for rows of a plane, those of them that it has. */
static void ask_rows(const float *plane, int64_t h, int64_t w, int64_t row, int64_t rows) {
    const int64_t top = fv__cpu_max(row, 0), end = fv__cpu_min(row + rows, h);
    fv__cpu_ask(plane + top * w, (end - top) * w);
}

/* A plane's tiles of a band, where maps are transformed as they lie. */
static void plane_as_it_lies(const work *w, bool gradient, int64_t c) {
    const fv_winograd_dw *g = w->g;
    const struct fv_kernels *k = w->p->kernels;
    const fv_tensor *from = gradient ? &w->p->dy[0] : &w->p->x[0];
    const int64_t each = gradient ? g->s.places : g->s.pixels;
    const float *plane = fv__cpu_at(from, 0) + c * each;
    fv_winograd_maps maps = g->maps;
    maps.apart = from->step;
    maps.soon = c + 1 < (gradient ? g->s.k : g->s.c) ? each : 0;
    if (gradient) {
        maps.h = g->s.patch.oh, maps.w = g->s.patch.ow;
        (g->form->stride == 2 ? k->winograd_maps_step_dy : k->winograd_maps_dy)(
            &maps, w->line, w->rows, plane, w->y + c * g->ld, g->y_step);
    } else {
        (g->form->stride == 2 ? k->winograd_maps_step_in : k->winograd_maps_in)(
            &maps, w->line, w->rows, plane, w->x + c * g->ld, g->x_step);
    }
}

/* A plane's tiles of a band, sample after sample. */
static void plane(const work *w, bool gradient, int64_t c, float *frame) {
    const fv_winograd_dw *g = w->g;
    const fv_patches *m = &g->s.patch;
    const struct fv_kernels *k = w->p->kernels;
    const int64_t tile = g->form->tile;
    float *scratch = frame + g->frame;
    if (g->maps.wide) {
        plane_as_it_lies(w, gradient, c);
        return;
    }
    const int64_t ahead = SOON < (gradient ? g->s.k : g->s.c) - c ? SOON : 0;
    for (int64_t at = 0; at < w->rows;) {
        const int64_t line = w->line + at, sample = line / g->high, row = line % g->high;
        const int64_t rows = fv__cpu_min(g->high - row, w->rows - at),
                      to = c * g->ld + at * g->across;
        if (gradient) {
            const float *y = fv__cpu_at(&w->p->dy[0], sample) + c * g->s.places;
            ask_rows(y + ahead * g->s.places, m->oh, m->ow, tile * row, tile * rows);
            k->frame(1, 0, 0, y, m->oh, m->ow, tile * row, 0, 1, 1, frame, tile * rows, g->pitch);
            k->winograd_dy(rows, g->across, frame, g->pitch, scratch, w->y + to, g->y_step);
        } else {
            const float *x = fv__cpu_at(&w->p->x[0], sample) + c * g->s.pixels;
            ask_rows(x + ahead * g->s.pixels, m->h, m->w, tile * row - m->top, tile * rows + 2);
            k->frame(1, 0, 0, x, m->h, m->w, tile * row - m->top, -m->left, 1, 1, frame,
                     tile * rows + 2, g->pitch);
            k->winograd_in(rows, g->across, frame, g->pitch, scratch, w->x + to, g->x_step);
        }
        at += rows;
    }
}

/* Units are channels, then filters. */
static void planes(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const int64_t c = w->g->s.c;
    for (int64_t u = first; u < end; u++)
        plane(w, u >= c, u >= c ? u - c : u, fv__cpu_worker(w->p, worker));
}

/* Which of dy's numbers one of x's meets: of a side, the sum that it is a part of. */
static int64_t meets(const fv_winograd_form *f, int64_t number) {
    int64_t down = 0, along = 0;
    while (f->first[down + 1] <= number / f->side) down++;
    while (f->first[along + 1] <= number % f->side) along++;
    return down * f->sums + along;
}

/* Some channels' sums with all filters, along the channels. */
static void turned_product(const work *w, int64_t some, const float *x, const float *y, float *sums,
                           float *turned) {
    const fv_winograd_dw *g = w->g;
    const struct fv_kernels *k = w->p->kernels;
    const int64_t tiles = w->rows * g->across;
    for (int64_t t = 0; t < tiles; t += TURNED_AT) {
        const int64_t n = fv__cpu_min(TURNED_AT, tiles - t);
        k->transpose(some, n, x + t, g->ld, turned, g->block);
        k->gemm(g->s.k, some, n, y + t, 1, g->ld, turned, g->block, NULL, sums, g->s.c, NULL,
                w->band > 0 || t > 0);
    }
}

/* Units are blocks of channels, number after number. */
static void products(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const fv_winograd_dw *g = w->g;
    const int64_t c = g->s.c, blocks = fv__cpu_up(c, g->block), tiles = w->rows * g->across;
    for (int64_t u = first; u < end; u++) {
        const int64_t number = u / blocks, c0 = u % blocks * g->block;
        const int64_t some = fv__cpu_min(g->block, c - c0);
        const float *y = w->y + meets(g->form, number) * g->y_step,
                    *x = w->x + number * g->x_step + c0 * g->ld;
        float *sums = w->sums + number * g->s.k * c + c0;
        if (g->turned)
            turned_product(w, some, x, y, sums, fv__cpu_worker(w->p, worker));
        else
            w->p->kernels->dot(g->s.k, some, tiles, y, g->ld, x, g->ld, sums, c, NULL, w->band > 0);
    }
}

/* out = G^T m, of numbers `step` apart into numbers `apart` apart. */
static void gather(const fv_winograd_form *f, const float *m, int64_t step, float *out,
                   int64_t apart) {
    if (f->stride == 2) { /* what meets g0 + g2 is of both */
        out[0] = m[0] + m[2 * step];
        out[apart] = m[step] + m[4 * step];
        out[2 * apart] = m[3 * step] + m[2 * step];
        return;
    }
    float first = m[0], middle = 0, last = m[5 * step];
    for (int q = 0; q < f->pairs; q++) {
        const float a = m[(2 * q + 1) * step], b = m[(2 * q + 2) * step];
        first += f->g[q][0] * (a + b);
        middle += f->g[q][1] * (a - b);
        last += f->g[q][2] * (a + b);
    }
    out[0] = first;
    out[apart] = middle;
    out[2 * apart] = last;
}

/* Units are filters. */
static void finish(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const fv_winograd_form *f = w->g->form;
    const int64_t c = w->g->s.c, step = w->g->s.k * c, side = f->side;
    (void)worker;
    for (int64_t u = first * c; u < end * c; u++) {
        float half[3 * FV_WINOGRAD_SIDE], dw[9], *to = (float *)w->p->dw[0].data + 9 * u;
        for (int64_t s = 0; s < side; s++)
            gather(f, w->sums + s * step + u, side * step, half + s, side);
        for (int64_t r = 0; r < 3; r++) gather(f, half + side * r, 1, dw + 3 * r, 1);
        for (int i = 0; i < 9; i++) to[i] += dw[i];
    }
}

/* Adds the parts' sums to the first's, in their order. */
static void add_parts(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const int64_t all = fv__winograd_numbers(w->g->form) * w->g->s.k * w->g->s.c;
    (void)worker;
    for (int64_t part = 1; part < w->g->parts; part++)
        w->p->kernels->add(end - first, w->sums + part * all + first, w->sums + first);
}

/* Units are parts. */
static void parts(void *arg, int64_t first, int64_t end, int worker) {
    work w = *(const work *)arg;
    const fv_winograd_dw *g = w.g;
    const int64_t blocks = fv__cpu_up(g->s.c, g->block), numbers = fv__winograd_numbers(g->form);
    float *all = w.sums;
    w.x = fv__cpu_worker(w.p, worker) + g->before;
    w.y = w.x + numbers * g->x_step;
    for (int64_t part = first; part < end; part++) {
        int64_t line, last;
        fv__cpu_cut(g->lines, g->parts, part, &line, &last);
        w.sums = all + part * numbers * g->s.k * g->s.c;
        for (w.band = 0, w.line = line; w.line < last; w.band++, w.line += w.rows) {
            w.rows = fv__cpu_min(g->rows, last - w.line);
            planes(&w, 0, g->s.c + g->s.k, worker);
            products(&w, 0, numbers * blocks, worker);
        }
    }
}

void fv__winograd_dw_run(const fv_pass *p, const fv_winograd_dw *g) {
    const int64_t c = g->s.c, k = g->s.k, numbers = fv__winograd_numbers(g->form);
    work w = {.p = p, .g = g, .x = p->scratch, .sums = p->scratch};
    if (g->parts) {
        const double tiles = (double)(numbers * g->lines * g->across);
        fv__cpu_split(p->pool, g->parts, tiles * (double)(c * k + 4 * (c + k)), 2 * FV_GRAIN, parts,
                      &w);
        fv__cpu_ranges(p->pool, numbers * c * k, (double)g->parts, add_parts, &w);
    }
    if (!g->parts) {
        w.y = w.x + numbers * g->x_step;
        w.sums = w.y + fv__winograd_sums(g->form) * g->y_step;
    }
    for (w.band = 0; !g->parts && w.band < g->bands; w.band++) {
        int64_t end;
        fv__cpu_cut(g->lines, g->bands, w.band, &w.line, &end);
        w.rows = end - w.line;
        const double tiles = (double)(numbers * w.rows * g->across);
        fv__cpu_split(p->pool, c + k, 4 * tiles * (double)(c + k), FV_GRAIN, planes, &w);
        fv__cpu_split(p->pool, numbers * fv__cpu_up(c, g->block), tiles * (double)(c * k),
                      2 * FV_GRAIN, products, &w);
    }
    fv__cpu_split(p->pool, k, 100 * (double)(c * k), FV_GRAIN, finish, &w);
}
