/* SPDX-License-Identifier: MIT */
/*
 * steps.c - one convolution or pooling window by window.
 *
 * Numbers are the operator's own (look/one_op.h), windows and terms those of look/windows.h; tests
 * hold the sums of the terms against the numbers.
 */
#include "look/steps.h"
#include "base/setting.h"
#include "lang/lang.h"
#include "look/matrix.h"
#include "look/windows.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NUMBERS_MAX 4096
#define TERMS_MAX   ((int64_t)1 << 20) /* also entries of the matrix */
#define MATRICES    9

const fv_op *const fv__step_operators[] = {&fv__op_conv,    &fv__op_convtranspose, &fv__op_maxpool,
                                           &fv__op_minpool, &fv__op_avgpool,       NULL};

/* What is handed out, and all that it points to. */
typedef struct record {
    fv_steps told;
    fv_arena arena;
    fv_matrix *matrices[MATRICES];
    int matrix_count;
} record;

typedef struct walker {
    fv_context *ctx;
    const fv_step_options *given;
    record *record;
    fv_one_op one;
    bool weighs; /* a convolution */
    fv_shape w;  /* its weights, as the operator has them */
    fv_windows windows;
} walker;

/* ------------------------------------------------------------------------- what is given --- */

static fv_status find(fv_context *ctx, const char *name, const fv_op **out) {
    const char *names[16];
    size_t count = 0;
    fv_text list = {.ctx = ctx};
    for (*out = NULL; fv__step_operators[count]; count++) {
        names[count] = fv__step_operators[count]->name;
        if (strcmp(names[count], name) == 0) *out = fv__step_operators[count];
        fv__text_addf(&list, "%s%s", count ? ", " : "", names[count]);
    }
    const char *near = fv__nearest(name, names, count);
    fv_status status = FV_OK;
    if (!*out && near)
        status = fv__fail(ctx, FV_USAGE, "'%.64s' cannot be walked through; did you mean '%s'?",
                          name, near);
    else if (!*out)
        status = fv__fail(ctx, FV_USAGE, "%.64s cannot be walked through; these can: %s", name,
                          list.data ? list.data : "none");
    fv__text_free(&list);
    return status;
}

static int64_t dim_from_end(const fv_matrix *m, int back) {
    return m->rank >= back ? m->dims[m->rank - back] : 1;
}

/* The weights' shape beside so many channels of x in a group: [filters, channels, height, width],
   of convtranspose [channels, filters, height, width]. */
static fv_shape weight_shape(const fv_matrix *w, int64_t channels, bool transposed) {
    const int64_t h = dim_from_end(w, 2), wide = dim_from_end(w, 1), third = dim_from_end(w, 3);
    if (w->rank == 4) return fv__shape4(w->dims[0], third, h, wide);
    const bool several = channels == 1; /* over one channel: so many filters */
    if (transposed) return several ? fv__shape4(1, third, h, wide) : fv__shape4(third, 1, h, wide);
    return several ? fv__shape4(third, 1, h, wide) : fv__shape4(1, third, h, wide);
}

static fv_status set_number(walker *s, const char *name, int64_t a, int64_t b) {
    char text[64];
    (void)snprintf(text, sizeof text, b ? "%" PRId64 "x%" PRId64 : "%" PRId64, a, b);
    return fv__one_op_set(s->ctx, &s->one, name, text);
}

static fv_status set_one(walker *s, const fv_setting *setting) {
    const fv_op *op = s->one.op;
    const fv_field *f = fv__field_find(op->fields, setting->name);
    const char *near = fv__field_nearest(op->fields, setting->name);
    const bool by_matrix =
        s->weighs && f && (strcmp(f->name, "filters") == 0 || strcmp(f->name, "kernel") == 0);
    if (by_matrix)
        return fv__fail(s->ctx, FV_USAGE, "%s follows from the kernel's numbers", f->name);
    if (s->weighs && f && strcmp(f->name, "bias") == 0)
        return fv__fail(s->ctx, FV_USAGE, "bias is given as numbers, one for each filter: [1,2]");
    if (f) return fv__field_set_text(s->ctx, f, s->one.options, setting->value);
    if (near)
        return fv__fail(s->ctx, FV_USAGE, "%s has no option '%s'; did you mean '%s'?", op->name,
                        setting->name, near);
    return fv__fail(s->ctx, FV_USAGE, "%s has no option '%s'; `fovea help %s` lists them", op->name,
                    setting->name, op->name);
}

static fv_status set_all(walker *s) {
    fv_setting *settings;
    size_t count;
    FV_TRY(fv__settings_split(s->ctx, &s->record->arena, s->given->settings, &settings, &count));
    for (size_t i = 0; i < count; i++) FV_TRY(set_one(s, &settings[i]));
    if (s->weighs) return FV_OK;
    const fv_field *kernel = fv__field_find(s->one.op->fields, "kernel");
    const fv_size *size = (const void *)((const char *)s->one.options + kernel->offset);
    if (size->h) return FV_OK;
    return fv__fail(s->ctx, FV_USAGE, "%s needs a window: kernel=2, or kernel=2x3",
                    s->one.op->name);
}

/* Options that follow from the weights: filters, kernel, bias. */
static fv_status take_weights(walker *s, int64_t channels) {
    const fv_matrix *w = s->given->w;
    const fv_op *op = s->one.op;
    const bool transposed = op == &fv__op_convtranspose;
    if (w->rank > 4)
        return fv__fail(s->ctx, FV_BAD_INPUT,
                        "a kernel has at most four dimensions: filters, channels, rows, columns");
    const fv_field *f = fv__field_find(op->fields, "groups");
    const int64_t groups =
        *(const int64_t *)(const void *)((const char *)s->one.options + f->offset);
    s->w = weight_shape(w, groups > 0 ? channels / groups : channels, transposed);
    const int64_t filters = transposed ? s->w.dim[1] * groups : s->w.dim[0];
    FV_TRY(set_number(s, "filters", filters, 0));
    FV_TRY(set_number(s, "kernel", s->w.dim[2], s->w.dim[3]));
    FV_TRY(fv__one_op_set(s->ctx, &s->one, "bias", s->given->bias ? "yes" : "no"));
    if (!s->given->bias || s->given->bias->count == filters) return FV_OK;
    return fv__fail(s->ctx, FV_BAD_INPUT,
                    "there is one bias for each of %" PRId64 " filters, not %" PRId64, filters,
                    s->given->bias->count);
}

static fv_status check_given(walker *s) {
    const fv_step_options *g = s->given;
    if (g->x->rank > 3)
        return fv__fail(s->ctx, FV_BAD_INPUT,
                        "what goes in is rows and columns, [[1,2],[3,4]], or channels of them, "
                        "[[[1,2]],[[3,4]]]; not %d dimensions",
                        g->x->rank);
    if (s->weighs && !g->w)
        return fv__fail(s->ctx, FV_USAGE, "%s needs a kernel: [[1,0],[0,1]]", s->one.op->name);
    if (!s->weighs && (g->w || g->bias))
        return fv__fail(s->ctx, FV_USAGE,
                        "%s has no weights; its window is a size: kernel=2, or kernel=2x3",
                        s->one.op->name);
    if (!s->weighs && g->matrix)
        return fv__fail(s->ctx, FV_USAGE, "%s is no product with a matrix; a convolution is",
                        s->one.op->name);
    return FV_OK;
}

/* The operator with its shapes, and that the kernel's numbers are as many as it takes. */
static fv_status shape(walker *s) {
    const fv_matrix *x = s->given->x;
    const int64_t channels = dim_from_end(x, 3);
    char want[FV_SHAPE_TEXT], have[FV_SHAPE_TEXT];
    FV_TRY(check_given(s));
    FV_TRY(set_all(s));
    if (s->weighs) FV_TRY(take_weights(s, channels));
    FV_TRY(fv__one_op_shape(s->ctx, &s->one,
                            fv__shape4(1, channels, dim_from_end(x, 2), dim_from_end(x, 1))));
    if (!s->weighs || fv__shape_equal(&s->one.site.param[0].shape, &s->w)) return FV_OK;
    return fv__fail(s->ctx, FV_BAD_INPUT,
                    "over %" PRId64 " channels the kernel is %s, not %s: channels of rows, "
                    "[[[1,2]],[[3,4]]], and several filters are a list of those",
                    channels, fv__dims_text(want, &s->one.site.param[0].shape),
                    fv__dims_text(have, &s->w));
}

static fv_status check_size(walker *s) {
    const int64_t x = fv__shape_count(&s->one.site.in[0]), y = fv__shape_count(&s->one.site.out[0]);
    int64_t terms;
    if (x > NUMBERS_MAX || y > NUMBERS_MAX)
        return fv__fail(s->ctx, FV_BAD_INPUT,
                        "a walk is for a few numbers, at most %d on either side; here are %" PRId64
                        " and %" PRId64,
                        NUMBERS_MAX, x, y);
    (void)fv__windows_of(&s->one, &s->windows);
    if (!fv__mul_i64(fv__windows_count(&s->windows), fv__windows_terms(&s->windows), &terms) ||
        terms > TERMS_MAX || (s->given->matrix && x * y > TERMS_MAX))
        return fv__fail(s->ctx, FV_BAD_INPUT,
                        "that is more than %" PRId64 " products; fewer numbers can be followed",
                        TERMS_MAX);
    return FV_OK;
}

/* ------------------------------------------------------------------------------ numbers --- */

static fv_status fill(walker *s) {
    const fv_step_options *g = s->given;
    double *dy = s->one.dy.data;
    const int64_t count = fv__shape_count(&s->one.site.out[0]);
    memcpy(s->one.x.data, g->x->data, (size_t)g->x->count * sizeof(double));
    if (g->w) memcpy(s->one.w[0].data, g->w->data, (size_t)g->w->count * sizeof(double));
    if (g->bias) memcpy(s->one.w[1].data, g->bias->data, (size_t)g->bias->count * sizeof(double));
    for (int64_t i = 0; i < count; i++) dy[i] = g->dy ? 0 : 1;
    if (g->dy && g->dy->count != count) {
        char out[FV_SHAPE_TEXT], have[FV_SHAPE_TEXT];
        return fv__fail(s->ctx, FV_BAD_INPUT, "dy is %s, but y is %s", fv__matrix_dims(have, g->dy),
                        fv__dims_text(out, &s->one.site.out[0]) + 2);
    }
    if (g->dy) memcpy(dy, g->dy->data, (size_t)count * sizeof(double));
    return FV_OK;
}

/* A copy of a tensor, without the batch where it has one. */
static fv_status keep(walker *s, const fv_tensor *t, bool batch, const fv_matrix **out) {
    record *r = s->record;
    const int skip = batch ? 1 : 0;
    fv_matrix *m;
    FV_TRY(fv__matrix_new(s->ctx, t->shape.rank - skip, t->shape.dim + skip, &m));
    memcpy(m->data, t->data, (size_t)m->count * sizeof *m->data);
    r->matrices[r->matrix_count++] = m;
    *out = m;
    return FV_OK;
}

static fv_status keep_all(walker *s) {
    fv_steps *told = &s->record->told;
    fv_one_op *one = &s->one;
    FV_TRY(keep(s, &one->x, true, &told->x));
    FV_TRY(keep(s, &one->y, true, &told->y));
    FV_TRY(keep(s, &one->dy, true, &told->dy));
    FV_TRY(keep(s, &one->dx, true, &told->dx));
    if (one->site.params > 0) {
        FV_TRY(keep(s, &one->w[0], false, &told->w));
        FV_TRY(keep(s, &one->dw[0], false, &told->dw));
    }
    if (one->site.params > 1) {
        FV_TRY(keep(s, &one->w[1], false, &told->bias));
        FV_TRY(keep(s, &one->dw[1], false, &told->dbias));
    }
    return FV_OK;
}

static fv_status name_it(walker *s) {
    fv_text options = {.ctx = s->ctx};
    fv_steps *told = &s->record->told;
    fv__options_print(&options, s->one.op, s->one.options);
    const fv_status status = fv__text_done(s->ctx, &options);
    told->op = s->one.op->name;
    told->transposed = s->windows.transposed;
    if (status == FV_OK)
        told->options = fv__arena_text(&s->record->arena, options.data ? options.data : "");
    fv__text_free(&options);
    return status != FV_OK ? status : told->options ? FV_OK : FV_EXHAUSTED;
}

/* ------------------------------------------------------------------------------ windows --- */

/* The first of the largest, or of the smallest, that lies in the map. */
static int winner(const walker *s, const fv_step_window *at) {
    const double *x = s->one.x.data;
    const double sign = s->one.op == &fv__op_minpool ? -1 : 1;
    int best = -1;
    for (int t = 0; t < at->term_count; t++) {
        if (!at->terms[t].inside) continue;
        const double v = x[fv__windows_index(&s->windows, &at->terms[t])];
        if (best < 0 || sign * v > sign * x[fv__windows_index(&s->windows, &at->terms[best])])
            best = t;
    }
    return best;
}

static fv_status list_windows(walker *s) {
    fv_steps *told = &s->record->told;
    fv_arena *arena = &s->record->arena;
    const int64_t count = fv__windows_count(&s->windows), each = fv__windows_terms(&s->windows);
    const bool chooses = s->windows.pool && !s->windows.average;
    const fv_step_window **list = fv__arena_alloc(arena, (size_t)count * sizeof(*list));
    if (!list) return FV_EXHAUSTED;
    for (int64_t i = 0; i < count; i++) {
        fv_step_window *at = fv__arena_alloc(arena, sizeof *at);
        fv_step_term *terms = fv__arena_alloc(arena, (size_t)each * sizeof *terms);
        if (!at || !terms) return FV_EXHAUSTED;
        fv__windows_at(&s->windows, i, at, terms);
        if (chooses) at->winner = winner(s, at);
        list[i] = at;
    }
    told->windows = list;
    told->window_count = (int)count;
    return FV_OK;
}

/* C: a row for each place, a column for each number of the map. */
static fv_status write_matrix(walker *s) {
    const fv_windows *w = &s->windows;
    record *r = s->record;
    const int64_t dims[] = {fv__windows_count(w), w->map[0] * w->map[1] * w->map[2]};
    const double *weights = s->one.w[0].data;
    fv_matrix *c;
    if (!s->given->matrix) return FV_OK;
    FV_TRY(fv__matrix_new(s->ctx, 2, dims, &c));
    r->matrices[r->matrix_count++] = c;
    r->told.matrix = c;
    for (int64_t row = 0; row < dims[0]; row++) {
        const fv_step_window *at = r->told.windows[row];
        for (int t = 0; t < at->term_count; t++)
            if (at->terms[t].inside)
                c->data[row * dims[1] + fv__windows_index(w, &at->terms[t])] +=
                    weights[at->terms[t].weight];
    }
    return FV_OK;
}

/* ------------------------------------------------------------------------------ the walk --- */

static fv_status make(walker *s) {
    FV_TRY(shape(s));
    FV_TRY(check_size(s));
    FV_TRY(fv__one_op_room(s->ctx, &s->one, true));
    FV_TRY(fill(s));
    fv__one_op_forward(&s->one);
    fv__one_op_backward(&s->one);
    FV_TRY(name_it(s));
    FV_TRY(keep_all(s));
    FV_TRY(list_windows(s));
    return write_matrix(s);
}

fv_status fv__steps(fv_context *ctx, const fv_step_options *options, fv_steps **out) {
    const fv_op *op;
    *out = NULL;
    FV_TRY(find(ctx, options->op, &op));
    record *r = fv__alloc(ctx, sizeof *r, "a walk");
    if (!r) return FV_EXHAUSTED;
    fv__arena_init(&r->arena, ctx);
    walker s = {.ctx = ctx,
                .given = options,
                .record = r,
                .weighs = op == &fv__op_conv || op == &fv__op_convtranspose};
    fv_status status = fv__one_op_begin(ctx, op, &s.one);
    if (status == FV_OK) status = make(&s);
    fv__one_op_free(&s.one);
    if (status == FV_OK)
        *out = &r->told;
    else
        fv__steps_free(&r->told);
    return status;
}

void fv__steps_free(fv_steps *steps) {
    if (!steps) return;
    record *r = (record *)steps;
    for (int i = 0; i < r->matrix_count; i++) fv__matrix_free(r->matrices[i]);
    fv__arena_free(&r->arena);
    fv__free(r);
}
