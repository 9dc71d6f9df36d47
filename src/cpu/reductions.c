/* SPDX-License-Identifier: MIT */
/*
 * reductions.c - one number of each group of elements. Where groups lie side by side, so that the
 * outputs are dense, many of them are computed at a time, element by element of all their groups;
 * otherwise group by group, row by row of each.
 */
#include "cpu/rows.h"
#include "op/reduce.h"

#define PIECE 256 /* outputs at a time, or numbers of a row */
#define SHORT 64  /* numbers of a row that are added one by one */
#define DEEP  32  /* numbers that one lane adds before its sum goes into another */

typedef enum term { PLAIN, SQUARE, ABSOLUTE } term;
typedef enum last { AS_IS, MEAN, ROOT } last;

static const struct {
    const fv_op *op;
    fv_binary kind; /* ADD, MAX, MIN */
    term term;
    last last;
} reductions[] = {{&fv__op_reducesum, FV_BINARY_ADD, PLAIN, AS_IS},
                  {&fv__op_reducemean, FV_BINARY_ADD, PLAIN, MEAN},
                  {&fv__op_reducesumsquare, FV_BINARY_ADD, SQUARE, AS_IS},
                  {&fv__op_reducel2, FV_BINARY_ADD, SQUARE, ROOT},
                  {&fv__op_reducel1, FV_BINARY_ADD, ABSOLUTE, AS_IS},
                  {&fv__op_reducemax, FV_BINARY_MAX, PLAIN, AS_IS},
                  {&fv__op_reducemin, FV_BINARY_MIN, PLAIN, AS_IS}};

/* In the walks tensor 0 is x and tensor 1 is y. */
typedef struct work {
    const fv_pass *p;
    fv_walk outputs, group; /* both have begun */
    int64_t pieces;
    fv_binary kind;
    term term;
    last last;
    double count; /* of a group */
} work;

static work start(const fv_pass *p) {
    const fv_ints axes = ((const fv_reduce_options *)p->options)->axes;
    const fv_walk all = fv__walk_reduce(&p->x[0], &p->y[0], &axes);
    work w = {.p = p, .count = 1};
    for (size_t i = 0; i < sizeof reductions / sizeof *reductions; i++) {
        if (reductions[i].op != p->op) continue;
        w.kind = reductions[i].kind;
        w.term = reductions[i].term;
        w.last = reductions[i].last;
    }
    fv__walk_split(&all, 1, &w.outputs, &w.group);
    (void)fv__walk_begin(&w.outputs);
    (void)fv__walk_begin(&w.group);
    for (int d = 0; d < w.group.rank; d++) w.count *= (double)w.group.dim[d];
    return w;
}

static float ended(const work *w, double v) {
    return (float)(w->last == MEAN ? v / w->count : w->last == ROOT ? sqrt(v) : v);
}

/* ----------------------------------------------------------------------- group by group --- */

/* Of a dense row. */
static double dense(const work *w, int64_t n, const float *x) {
    const struct fv_kernels *k = w->p->kernels;
    float part[PIECE];
    double sum = 0;
    if (w->kind != FV_BINARY_ADD) return (double)fv__cpu_winner(k, w->kind, n, x);
    if (w->term == PLAIN && n <= SHORT) { /* which may cancel, and gains little from lanes */
        double two = 0;
        for (int64_t i = 0; i + 1 < n; i += 2) {
            sum += (double)x[i];
            two += (double)x[i + 1];
        }
        return sum + two + (n % 2 ? (double)x[n - 1] : 0);
    }
    if (w->term == SQUARE) return (double)k->square_sum(n, x, 0);
    if (w->term == PLAIN) return (double)k->sum(n, x);
    for (int64_t i = 0; i < n; i += PIECE) {
        const int64_t some = fv__cpu_min(PIECE, n - i);
        k->unary(FV_UNARY_ABS, some, x + i, part, 0);
        sum += (double)k->sum(some, part);
    }
    return sum;
}

static double joined(const work *w, double a, double b) {
    if (w->kind == FV_BINARY_ADD) return a + b;
    if (isnan(b)) return b;
    return w->kind == FV_BINARY_MAX ? (b > a ? b : a) : (b < a ? b : a);
}

static double of_group(const work *w, const float *x) {
    double all = 0;
    bool first = true;
    fv_walk r = w->group;
    for (bool row = true; row; row = fv__walk_next(&r)) {
        const float *from = x + r.at[0];
        const int64_t step = r.by[0] == 1 || r.row == 1 ? r.row : 1;
        for (int64_t i = 0; i < r.row; i += step) {
            const double v = dense(w, step, from + i * r.by[0]);
            all = first ? v : joined(w, all, v);
            first = false;
        }
    }
    return all;
}

static void groups(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const int64_t row = w->outputs.row;
    (void)worker;
    for (int64_t u = first; u < end; u++) {
        const fv_walk r = fv__cpu_row(&w->outputs, u / row);
        const float *x = (const float *)w->p->x[0].data + r.at[0] + u % row * r.by[0];
        ((float *)w->p->y[0].data)[r.at[1] + u % row * r.by[1]] = ended(w, of_group(w, x));
    }
}

/* ------------------------------------------------------------------------- side by side --- */

/* The next element of `len` groups joins what there is of them. */
static void join(const work *w, int64_t len, const float *x, bool first, float *out) {
    const struct fv_kernels *k = w->p->kernels;
    float part[PIECE];
    if (w->term == ABSOLUTE) k->unary(FV_UNARY_ABS, len, x, part, 0);
    if (w->term == SQUARE) k->binary(FV_BINARY_MUL, len, x, true, x, true, part);
    const float *v = w->term == PLAIN ? x : part;
    /* The larger of a number and itself is a copy. */
    k->binary(first ? FV_BINARY_MAX : w->kind, len, first ? v : out, true, v, true, out);
}

/* What a lane added on its own joins the result. */
static void flush(const work *w, int64_t len, bool first, const float *part, float *y) {
    w->p->kernels->binary(first ? FV_BINARY_MAX : w->kind, len, first ? part : y, true, part, true,
                          y);
}

static void side_by_side(const work *w, int64_t len, const float *x, float *y) {
    float part[PIECE];
    int64_t seen = 0;
    fv_walk r = w->group;
    for (bool row = true; row; row = fv__walk_next(&r))
        for (int64_t i = 0; i < r.row; i++) {
            join(w, len, x + r.at[0] + i * r.by[0], seen % DEEP == 0, part);
            if (++seen % DEEP == 0) flush(w, len, seen == DEEP, part, y);
        }
    if (seen % DEEP != 0) flush(w, len, seen < DEEP, part, y);
    for (int64_t i = 0; w->last != AS_IS && i < len; i++) y[i] = ended(w, (double)y[i]);
}

static void pieces(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    (void)worker;
    for (int64_t u = first; u < end; u++) {
        const fv_walk r = fv__cpu_row(&w->outputs, u / w->pieces);
        const int64_t i = u % w->pieces * PIECE;
        side_by_side(w, fv__cpu_min(PIECE, r.row - i), (const float *)w->p->x[0].data + r.at[0] + i,
                     (float *)w->p->y[0].data + r.at[1] + i);
    }
}

static void forward(const fv_pass *p) {
    work w = start(p);
    const double count = 4 * (double)fv__shape_count(&p->x[0].shape);
    const int64_t rows = fv__cpu_rows(&w.outputs);
    if (w.outputs.row > 1 && w.outputs.by[0] == 1 && w.outputs.by[1] == 1) {
        w.pieces = fv__cpu_up(w.outputs.row, PIECE);
        fv__cpu_split(p->pool, rows * w.pieces, count, FV_GRAIN, pieces, &w);
    } else {
        fv__cpu_split(p->pool, rows * w.outputs.row, count, FV_GRAIN, groups, &w);
    }
}

static const char *refuses(const fv_site *site, const fv_request *request) {
    const char *why = fv__cpu_refuses(site, request);
    if (why) return why;
    return site->in_type[0].dtype == FV_F32 ? NULL : "reduces real numbers only";
}

#define FV_REDUCTION(name_)                                                                        \
    const fv_impl fv__cpu_##name_##_vector_forward = {.name = "vector",                            \
                                                      .op = &fv__op_##name_,                       \
                                                      .which = FV_FORWARD,                         \
                                                      .refuses = refuses,                          \
                                                      .run = forward}
FV_REDUCTION(reducesum);
FV_REDUCTION(reducemean);
FV_REDUCTION(reducesumsquare);
FV_REDUCTION(reducel2);
FV_REDUCTION(reducel1);
FV_REDUCTION(reducemax);
FV_REDUCTION(reducemin);
