/* SPDX-License-Identifier: MIT */
/*
 * digits.c - draws handwritten digits.
 *
 * A drawing takes one of the ways of writing its digit (digit_shapes.c) somewhere between that
 * way's two extremes, moves every point a little, draws a smooth line through them, bends the plane
 * it lies in, slants, stretches and turns it, and puts ink along it with a pen whose width changes
 * on the way. As in MNIST the digit then fits a box of 20x20 pixels, whose centre of mass is laid
 * on the centre of 28x28 (http://yann.lecun.com/exdb/mnist/ describes that); nothing else of MNIST
 * is in here.
 *
 * A drawing depends on the key and its index alone. Only + - * / and the square root are used,
 * which IEEE 754 rounds alike everywhere (the build forbids contraction), so every machine draws
 * the same bytes.
 */
#include "base/thread.h"
#include "data/digit_shapes.h"
#include "data/sets.h"
#include <math.h>
#include <string.h>

#define SIDE    28
#define BOX     20.0
#define MARGIN  12 /* room around, for moving the centre of mass */
#define SHEET   (SIDE + 2 * MARGIN)
#define BLOCKS  256 /* of four random numbers, for each drawing */
#define PER_GAP 6   /* pieces of line between two points */
#define DOTS    (FV_PEN_POINTS * PER_GAP)

/* Random numbers of one drawing, one after the other. */
typedef struct dice {
    fv_key key;
    uint64_t block;
    uint32_t four[4];
    int used;
} dice;

static double unit(dice *d) {
    if (d->used == 4) {
        fv__philox(d->key, d->block++, d->four);
        d->used = 0;
    }
    return d->four[d->used++] * (1.0 / 4294967296.0);
}

static double between(dice *d, double low, double high) {
    return low + (high - low) * unit(d);
}

/* Mean 0, deviation `s`, never beyond 3 s: the sum of three uniform numbers has variance 3/12. */
static double about(dice *d, double s) {
    double a = unit(d), b = unit(d), c = unit(d);
    return (a + b + c - 1.5) * 2 * s;
}

static bool chance(dice *d, double p) {
    return unit(d) < p;
}

/* exp(2a) near enough for small a: a factor and its inverse are equally likely. */
static double factor(double a) {
    return (1 + a) / (1 - a);
}

typedef struct point {
    double x, y;
} point;

/* The line to ink: dots, each with the pen's radius; `up` ends a stroke. */
typedef struct line {
    int count;
    point at[DOTS];
    double radius[DOTS];
    bool up[DOTS];
} line;

/* How one drawing differs from the next. */
typedef struct hand {
    point warp[4][4]; /* where the corners of a 4x4 net move to */
    double slant, wide, turn;
    double belly, taper; /* lower half against upper half: height, width */
    double jitter;
    double round; /* chance that a corner is rounded */
    double pen;   /* radius, the digit being about 1 high */
    double press; /* how much it changes on the way */
    double soft;  /* width of a stroke's edge, in pixels */
    double blur;
} hand;

static void choose_hand(dice *d, hand *h) {
    double bend = between(d, 3, 13);
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++) {
            h->warp[i][j].x = about(d, bend);
            h->warp[i][j].y = about(d, bend);
        }
    h->slant = 0.25 + about(d, 0.23);
    h->wide = factor(about(d, 0.12));
    h->turn = about(d, 0.05);
    h->belly = about(d, 0.2);
    h->taper = about(d, 0.16);
    h->jitter = between(d, 0.8, 3.6);
    h->round = between(d, 0, 0.6);
    double u = unit(d);
    h->pen = (0.036 + 0.047 * u + 0.036 * u * u * u) * (h->wide < 1 ? (1 + h->wide) / 2 : 1);
    h->press = between(d, 0.05, 0.3);
    h->soft = between(d, 0.85, 1.2);
    h->blur = between(d, 0, 0.3);
}

static const fv_digit_shape *choose_shape(dice *d, int digit) {
    int total = 0;
    for (int i = 0; i < fv__digit_shape_count; i++)
        if (fv__digit_shapes[i].digit == digit) total += fv__digit_shapes[i].weight;
    double left = unit(d) * total;
    const fv_digit_shape *last = NULL;
    for (int i = 0; i < fv__digit_shape_count; i++) {
        if (fv__digit_shapes[i].digit != digit) continue;
        last = &fv__digit_shapes[i];
        left -= last->weight;
        if (left < 0) break;
    }
    return last;
}

/* The points of one drawing, moved; corners may become smooth. */
static void choose_points(dice *d, const hand *h, const fv_digit_shape *s, point *at, int *what) {
    point mix = {between(d, -0.25, 1.25), between(d, -0.25, 1.25)};
    point stroke = {about(d, 0.5), about(d, 0.5)};
    for (int i = 0; i < s->points; i++) {
        const fv_pen_point *p = &s->point[i];
        double mx = mix.x + about(d, 0.12), my = mix.y + about(d, 0.12);
        at[i].x = p->x0 + (p->x1 - p->x0) * mx + stroke.x + about(d, h->jitter);
        at[i].y = p->y0 + (p->y1 - p->y0) * my + stroke.y + about(d, h->jitter);
        what[i] = p->what;
        if (what[i] == FV_PEN_CORNER && chance(d, h->round)) what[i] = FV_PEN_SMOOTH;
        if (what[i] == FV_PEN_UP) stroke = (point){about(d, 2.5), about(d, 2.5)};
    }
    what[s->points - 1] = FV_PEN_UP;
}

static double distance(point a, point b) {
    double x = b.x - a.x, y = b.y - a.y;
    return sqrt(x * x + y * y);
}

/* A stroke begins or ends a little early or late: its end moves along the line. */
static void move_end(dice *d, point *end, point next) {
    double far = distance(*end, next) + 1e-9, by = about(d, 4);
    if (by < -0.45 * far) by = -0.45 * far;
    end->x += (end->x - next.x) / far * by;
    end->y += (end->y - next.y) / far * by;
}

/* The slope at b of the line through a, b, c, whose parameter grows by the square root of the
   distance (the "centripetal" Catmull-Rom spline, which makes no loops: Yuksel, Schaefer and Keyser
   2011). Scaled to the gap b-c (`forward`) or a-b. */
static point slope(point a, point b, point c, double ta, double tc, double gap) {
    double x = (b.x - a.x) / ta - (c.x - a.x) / (ta + tc) + (c.x - b.x) / tc;
    double y = (b.y - a.y) / ta - (c.y - a.y) / (ta + tc) + (c.y - b.y) / tc;
    return (point){x * gap, y * gap};
}

static double knot(point a, point b) {
    return sqrt(distance(a, b) + 1e-6);
}

/* From b to c, with a before and e after (equal to b or c where the line starts or ends). */
static void draw_gap(line *l, point a, point b, point c, point e, bool starts, bool ends) {
    double t = knot(b, c);
    point from = starts ? (point){c.x - b.x, c.y - b.y} : slope(a, b, c, knot(a, b), t, t);
    point to = ends ? (point){c.x - b.x, c.y - b.y} : slope(b, c, e, t, knot(c, e), t);
    for (int i = starts ? 0 : 1; i <= PER_GAP; i++) {
        if (l->count == DOTS) return;
        double u = (double)i / PER_GAP, v = 1 - u;
        /* Hermite: two ends, two slopes. */
        double hb = (1 + 2 * u) * v * v, hf = u * v * v, hc = u * u * (3 - 2 * u), ht = -u * u * v;
        l->at[l->count].x = hb * b.x + hf * from.x + hc * c.x + ht * to.x;
        l->at[l->count].y = hb * b.y + hf * from.y + hc * c.y + ht * to.y;
        l->up[l->count++] = false;
    }
}

static void draw_line(const point *at, const int *what, int n, line *l) {
    l->count = 0;
    for (int i = 0; i + 1 < n; i++) {
        if (what[i] == FV_PEN_UP) continue;
        bool starts = i == 0 || what[i - 1] == FV_PEN_UP || what[i] == FV_PEN_CORNER;
        bool ends = what[i + 1] != FV_PEN_SMOOTH;
        draw_gap(l, at[starts ? i : i - 1], at[i], at[i + 1], at[ends ? i + 1 : i + 2], starts,
                 ends);
        if (what[i + 1] == FV_PEN_UP && l->count) l->up[l->count - 1] = true;
    }
}

/* Bernstein polynomials of degree 3. */
static void bernstein(double u, double b[4]) {
    double v = 1 - u;
    b[0] = v * v * v;
    b[1] = 3 * u * v * v;
    b[2] = 3 * u * u * v;
    b[3] = u * u * u;
}

/* Bends the plane, then slants, stretches and turns it. */
static void bend(const hand *h, line *l) {
    double c = (1 - h->turn * h->turn) / (1 + h->turn * h->turn); /* cos and sin of the angle */
    double s = 2 * h->turn / (1 + h->turn * h->turn);             /* whose half has tangent turn */
    for (int i = 0; i < l->count; i++) {
        double x = l->at[i].x / 100, y = l->at[i].y / 100;
        y += h->belly * y * (1 - y);
        double bx[4], by[4], mx = 0, my = 0;
        bernstein(x < 0 ? 0 : x > 1 ? 1 : x, bx);
        bernstein(y < 0 ? 0 : y > 1 ? 1 : y, by);
        for (int j = 0; j < 4; j++)
            for (int k = 0; k < 4; k++) {
                mx += bx[j] * by[k] * h->warp[j][k].x;
                my += bx[j] * by[k] * h->warp[j][k].y;
            }
        x = (x - 0.35) * (1 + h->taper * (y - 0.5) * 2) * h->wide + mx / 100;
        y = y - 0.5 + my / 100;
        x -= h->slant * y;
        l->at[i].x = c * x - s * y;
        l->at[i].y = s * x + c * y;
    }
}

/* The pen's radius along the line: slow swings, thinner where a stroke ends in flight. */
static void press(dice *d, const hand *h, line *l) {
    double from = about(d, 1), to = about(d, 1);
    for (int i = 0, k = 0; i < l->count; i++, k++) {
        if (k == 2 * PER_GAP) {
            k = 0;
            from = to;
            to = about(d, 1);
        }
        double u = (double)k / (2 * PER_GAP), w = u * u * (3 - 2 * u);
        l->radius[i] = h->pen * (1 + h->press * (from + (to - from) * w));
    }
    double flight = chance(d, 0.4) ? between(d, 0.4, 0.8) : 1;
    for (int i = 0; i < l->count; i++)
        for (int k = 0; k < 3 && l->up[i] && i >= k; k++)
            l->radius[i - k] *= flight + (1 - flight) * k / 3.0;
}

/* Scales the line so that its ink fits the box, and puts the box in the middle of the sheet. */
static void fit(line *l) {
    double x0 = 1e9, x1 = -1e9, y0 = 1e9, y1 = -1e9;
    for (int i = 0; i < l->count; i++) {
        double r = l->radius[i];
        x0 = fmin(x0, l->at[i].x - r);
        x1 = fmax(x1, l->at[i].x + r);
        y0 = fmin(y0, l->at[i].y - r);
        y1 = fmax(y1, l->at[i].y + r);
    }
    double scale = BOX / fmax(x1 - x0, y1 - y0);
    for (int i = 0; i < l->count; i++) {
        l->at[i].x = (l->at[i].x - (x0 + x1) / 2) * scale + SHEET / 2.0;
        l->at[i].y = (l->at[i].y - (y0 + y1) / 2) * scale + SHEET / 2.0;
        l->radius[i] *= scale;
    }
}

typedef struct sheet {
    double ink[SHEET][SHEET];
} sheet;

/* Inks the piece of line a-b: how much of a pixel is covered follows from the distance of its
   centre to the line. Pieces overlap by maximum, so that joints do not show. */
static void ink_piece(sheet *s, point a, point b, double ra, double rb, double soft) {
    double reach = fmax(ra, rb) + soft;
    int x0 = (int)(fmin(a.x, b.x) - reach), x1 = (int)(fmax(a.x, b.x) + reach) + 1;
    int y0 = (int)(fmin(a.y, b.y) - reach), y1 = (int)(fmax(a.y, b.y) + reach) + 1;
    if (x0 < 0) x0 = 0;
    if (y0 < 0) y0 = 0;
    if (x1 > SHEET) x1 = SHEET;
    if (y1 > SHEET) y1 = SHEET;
    double dx = b.x - a.x, dy = b.y - a.y, inverse = 1 / (dx * dx + dy * dy + 1e-12);
    for (int y = y0; y < y1; y++)
        for (int x = x0; x < x1; x++) {
            double px = x + 0.5 - a.x, py = y + 0.5 - a.y;
            double t = (px * dx + py * dy) * inverse;
            t = t < 0 ? 0 : t > 1 ? 1 : t;
            double ex = px - t * dx, ey = py - t * dy;
            double r = ra + (rb - ra) * t;
            double v = (r - sqrt(ex * ex + ey * ey)) / soft + 0.5;
            if (v > s->ink[y][x]) s->ink[y][x] = v > 1 ? 1 : v;
        }
}

static void ink_line(sheet *s, const line *l, double soft) {
    memset(s, 0, sizeof *s);
    for (int i = 0; i + 1 < l->count; i++)
        if (!l->up[i]) ink_piece(s, l->at[i], l->at[i + 1], l->radius[i], l->radius[i + 1], soft);
}

/* Lays the centre of mass on the centre of the image, by whole pixels, softens and rounds. */
static void print(const sheet *s, double blur, uint8_t out[SIDE * SIDE]) {
    double sum = 1e-9, sx = 0, sy = 0;
    for (int y = 0; y < SHEET; y++)
        for (int x = 0; x < SHEET; x++) {
            sum += s->ink[y][x];
            sx += s->ink[y][x] * (x + 0.5);
            sy += s->ink[y][x] * (y + 0.5);
        }
    int left = (int)(sx / sum - SIDE / 2.0 + 0.5), top = (int)(sy / sum - SIDE / 2.0 + 0.5);
    if (left < 1) left = 1;
    if (top < 1) top = 1;
    if (left > SHEET - SIDE - 1) left = SHEET - SIDE - 1;
    if (top > SHEET - SIDE - 1) top = SHEET - SIDE - 1;
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            const double *a = &s->ink[top + y - 1][left + x], *b = a + SHEET, *c = b + SHEET;
            double near =
                (a[0] + b[-1] + b[1] + c[0]) / 8 + (a[-1] + a[1] + c[-1] + c[1]) / 16 + b[0] / 4;
            double v = b[0] + (near - b[0]) * blur;
            v = v * 1.1;
            out[y * SIDE + x] = (uint8_t)((v > 1 ? 1 : v) * 255 + 0.5);
        }
}

/* Every ten drawings hold each digit once, in an order of their own. */
static int choose_digit(fv_key key, uint64_t index) {
    key.stream ^= (uint64_t)1 << 55;
    uint8_t order[10] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    dice d = {key, index / 10 * BLOCKS, {0}, 4};
    for (int i = 9; i > 0; i--) {
        int j = (int)(unit(&d) * (i + 1));
        uint8_t t = order[i];
        order[i] = order[j];
        order[j] = t;
    }
    return order[index % 10];
}

void fv__digit_draw(fv_key key, uint64_t index, uint8_t out[SIDE * SIDE], int *label) {
    dice d = {key, index * BLOCKS, {0}, 4};
    *label = choose_digit(key, index);
    hand h;
    choose_hand(&d, &h);
    const fv_digit_shape *shape = choose_shape(&d, *label);
    if (*label == 1) h.pen *= between(&d, 1, 1.8); /* the pen is the same, the digit is slimmer */
    point at[FV_PEN_POINTS];
    int what[FV_PEN_POINTS];
    choose_points(&d, &h, shape, at, what);
    for (int i = 0; i < shape->points; i++) {
        if (what[i] == FV_PEN_UP) move_end(&d, &at[i], at[i - 1]);
        if (i == 0 || what[i - 1] == FV_PEN_UP) move_end(&d, &at[i], at[i + 1]);
    }
    line l;
    draw_line(at, what, shape->points, &l);
    bend(&h, &l);
    press(&d, &h, &l);
    fit(&l);
    sheet s;
    ink_line(&s, &l, h.soft);
    print(&s, h.blur, out);
}

/* A part of a data set, on the pool: ten drawings a job. */
typedef struct work {
    fv_key key;
    int64_t count;
    uint8_t *pixels;
    int32_t *labels;
} work;

static void draw_ten(void *arg, int64_t job, int worker) {
    (void)worker;
    work *w = arg;
    for (int64_t i = job * 10; i < job * 10 + 10 && i < w->count; i++) {
        int label;
        fv__digit_draw(w->key, (uint64_t)i, w->pixels + i * SIDE * SIDE, &label);
        w->labels[i] = label;
    }
}

fv_status fv__digits_part(fv_context *ctx, int64_t count, uint64_t seed, uint64_t part,
                          fv_dataset *set) {
    void *pixels, *labels;
    FV_TRY(fv__set_alloc(ctx, set, (size_t)count * SIDE * SIDE, "drawn digits", &pixels));
    FV_TRY(fv__set_alloc(ctx, set, (size_t)count * sizeof(int32_t), "labels", &labels));
    work w = {fv__key(seed, FV_STREAM_DATA, part, 0), count, pixels, labels};
    fv__pool_run(ctx->pool, (count + 9) / 10, draw_ten, &w);
    set->pixels = pixels;
    set->labels = labels;
    set->count = count;
    set->channels = 1;
    set->height = set->width = SIDE;
    set->classes = 10;
    fv__set_in_memory(set);
    return FV_OK;
}
