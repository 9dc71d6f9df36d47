/* SPDX-License-Identifier: MIT */
/*
 * impl_shapes.c - layers of networks: their lines, and implementations tried on them.
 */
#include "impl_shapes.h"
#include "base/file.h"
#include "kern/kern.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 2
#define BATCH   2 /* and 1, which is the first half of it */

/* ------------------------------------------------------------------------------------ lines --- */

/* A word behind `|`: "add", "first", or an activation with its options. */
static fv_status read_behind(fv_context *ctx, char *text, impl_shape *s) {
    text += strspn(text, " ");
    size_t n = strlen(text);
    while (n > 0 && text[n - 1] == ' ') text[--n] = '\0';
    if (strcmp(text, "add") == 0) {
        s->epilogue.add = true;
        return FV_OK;
    }
    if (strcmp(text, "first") == 0) {
        s->first = true;
        return FV_OK;
    }
    const char *options = text + strcspn(text, " ");
    char name[64] = "";
    if ((size_t)(options - text) < sizeof name) memcpy(name, text, (size_t)(options - text));
    const fv_op *act = fv__op_find(name);
    if (!act || !(act->traits & FV_POINTWISE) || act->options_size > OPTION_BYTES)
        return fv__fail(ctx, FV_BAD_INPUT, "'%s' is not add, first, or an activation", text);
    s->epilogue.act = act;
    s->epilogue.act_options = s->act_options.bytes;
    return op_options(ctx, act, options, s->act_options.bytes);
}

fv_status impl_shape_read(fv_context *ctx, const char *line, impl_shape *s) {
    char *rest, *behind;
    memset(s, 0, sizeof *s);
    s->times = (int)strtol(line, &rest, 10);
    rest += strspn(rest, " ");
    if (s->times < 1 || strlen(rest) >= sizeof s->line)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "a line is how often, operator, options ; shapes, not '%s'", line);
    memcpy(s->line, rest, strlen(rest) + 1);
    memcpy(s->text, rest, strlen(rest) + 1);
    for (behind = strrchr(s->text, '|'); behind; behind = strrchr(s->text, '|')) {
        *behind = '\0'; /* the last first: nothing depends on the order */
        FV_TRY(read_behind(ctx, behind + 1, s));
    }
    char *options = s->text + strcspn(s->text, " ");
    if (*options == ' ') *options++ = '\0';
    s->sample = options;
    s->op = fv__op_find(s->text);
    if (!s->op) return fv__fail(ctx, FV_BAD_INPUT, "no operator '%s'", s->text);
    op_problem p;
    fv_status status = impl_shape_problem(s, 0, &p);
    if (status != FV_OK) status = fv__fail(ctx, status, "%s: %s", s->line, p.ctx.message);
    return status;
}

static fv_status read_lines(fv_context *ctx, char *text, impl_shape_fn *fn, void *arg) {
    impl_shape *s = malloc(sizeof *s);
    fv_status status = s ? FV_OK : fv__fail(ctx, FV_EXHAUSTED, "no memory");
    for (char *next; status == FV_OK && *text != '\0'; text = next) {
        const size_t n = strcspn(text, "\r\n");
        next = text + n + (text[n] != '\0');
        text[n] = '\0';
        if (n == 0 || text[0] == '#') continue;
        status = impl_shape_read(ctx, text, s);
        if (status == FV_OK) fn(arg, s);
    }
    free(s);
    return status;
}

fv_status impl_shapes_read(fv_context *ctx, const char *path, impl_shape_fn *fn, void *arg) {
    fv_bytes file;
    FV_TRY(fv__file_read(ctx, path, 0, &file));
    char *text = malloc(file.size + 1);
    fv_status status = text ? FV_OK : fv__fail(ctx, FV_EXHAUSTED, "no memory");
    if (text) {
        if (file.size) memcpy(text, file.data, file.size);
        text[file.size] = '\0';
        status = read_lines(ctx, text, fn, arg);
    }
    free(text);
    fv__file_release(&file);
    return status == FV_OK ? FV_OK : fv__fail_in(ctx, "%s: ", path);
}

/* ---------------------------------------------------------------------------------- problems ---
 */

fv_status impl_shape_problem(const impl_shape *s, int64_t batch, op_problem *p) {
    FV_TRY(op_read_sample(p, s->op, s->sample));
    for (int i = 0; i < p->site.inputs && batch > 0; i++)
        if (p->in_type[i].batched) p->in[i].dim[0] = batch;
    return fv__op_shape(&p->ctx, s->op, &p->site);
}

double impl_shape_work(const op_problem *p) {
    const double batch = (double)p->in[0].dim[0];
    fv_cost cost = {0};
    if (p->op->cost) p->op->cost(&p->site, &cost);
    return batch * (double)(cost.macs > 0 ? cost.macs : 4 * fv__shape_sample(&p->out[0]));
}

/* ------------------------------------------------------------------------------------ trials ---
 */

/* One problem, solved. */
typedef struct trials {
    const impl_walk *walk;
    const impl_shape *shape;
    impl_tester tester;
    const op_problem *oracle;
    bool bare_too; /* those that need no kernels: on the first level alone */
} trials;

/* False: it refuses the problem. */
static bool try_one(const trials *all, int i, fv_which which) {
    const impl_walk *w = all->walk;
    impl_trial t = {.tester = &all->tester,
                    .impl = w->device->impls[i],
                    .which = which,
                    .oracle = all->oracle,
                    .gap = all->oracle->in[0].dim[0] == 1 ? 0 : 5};
    impl_finding *found = &w->found[i];
    const fv_epilogue *e = &all->shape->epilogue;
    if ((t.impl->op && t.impl->op != all->oracle->op) || t.impl->which != which) return false;
    if (!strstr(t.impl->name, w->impl)) return false;
    if (!w->reference && strcmp(t.impl->name, "reference") == 0) return false;
    if (which == FV_FORWARD && (e->add || e->act) && w->device->fuses(all->oracle->op, e))
        t.epilogue = e;
    if (!impl_takes(&t)) return false;
    if (!all->bare_too && impl_is_bare(&t)) return true; /* tried on the first level */
    const int failed = w->tally->failed;
    t.error = &found->error[all->tester.precision];
    *t.error = fmax(*t.error, 0);
    for (int mode = IMPL_USUAL; mode <= IMPL_OVERWRITTEN; mode++) {
        t.mode = (impl_mode)mode;
        if (impl_mode_applies(&t)) (void)impl_try(&t);
    }
    found->failed += w->tally->failed - failed;
    return true;
}

/* By each contract it keeps; what keeps the strict one does the same for the others. */
static void try_impl(trials *all, int i, fv_which which) {
    all->tester.precision = FV_PRECISION_STRICT;
    if (try_one(all, i, which)) return;
    for (int p = 0; p < FV_PRECISIONS; p++) {
        all->tester.precision = (fv_precision)p;
        if (p != FV_PRECISION_STRICT) (void)try_one(all, i, which);
    }
}

static void try_all(const impl_walk *w, const impl_shape *shape, const op_problem *oracle) {
    trials all = {w, shape, {.tally = w->tally, .device = w->device, .real = FV_F32}, oracle, true};
    fv_kernels table;
    const bool begun = impl_tester_begin(&all.tester, THREADS);
    const bool back = oracle->pass.training && oracle->op->backward[1];
    for (int isa = 0; begun && isa < FV_ISAS; isa++) {
        if (!fv__isa_supported(isa) || (w->isa >= 0 && isa != w->isa)) continue;
        all.tester.kernels = w->device->kernels(isa, &table);
        all.tester.level = fv__isa_name(isa);
        for (int i = 0; w->device->impls[i] != NULL; i++) {
            try_impl(&all, i, FV_FORWARD);
            if (back) try_impl(&all, i, FV_BACKWARD);
        }
        all.bare_too = false;
    }
    impl_tester_end(&all.tester);
}

static bool ready(const impl_walk *w, const impl_shape *shape, fv_status status, op_problem *p) {
    return op_check(w->tally, status == FV_OK, "%s: %s", shape->line, p->ctx.message);
}

/* What it gives for the first samples is what it gives for them alone: nothing is solved again. */
static void try_half(const impl_walk *w, const impl_shape *shape, const op_problem *whole) {
    op_problem half;
    fv_status status = impl_shape_problem(shape, 1, &half);
    half.forward_only = true;
    if (status == FV_OK) status = op_build(&half, FV_F64, 0);
    if (ready(w, shape, status, &half)) {
        half.pass.training = false;
        for (int o = 0; o < half.site.outputs; o++)
            memcpy(half.y[o].data, whole->y[o].data, op_bytes(&half.y[o]));
        try_all(w, shape, &half);
    }
    op_release(&half);
}

static void try_batch(const impl_walk *w, const impl_shape *shape, int64_t batch) {
    op_problem whole;
    fv_status status = impl_shape_problem(shape, batch, &whole);
    whole.forward_only = true;
    if (status == FV_OK) status = op_build(&whole, FV_F64, 0);
    if (ready(w, shape, status, &whole)) {
        impl_solve(&whole, false);
        try_all(w, shape, &whole);
        bool alone = batch == BATCH; /* a loss has one number for all its samples */
        for (int o = 0; o < whole.site.outputs; o++) alone = alone && whole.out_type[o].batched;
        for (int i = 0; i < whole.site.inputs; i++) alone = alone && whole.in_type[i].batched;
        if (alone) try_half(w, shape, &whole);
    }
    op_release(&whole);
}

static void try_training(const impl_walk *w, const impl_shape *shape) {
    op_problem p;
    fv_status status = impl_shape_problem(shape, 0, &p);
    const bool trains =
        status == FV_OK && (!p.op->trains || p.op->trains(&p.ctx, &p.site) == FV_OK);
    if (trains) status = op_build(&p, FV_F64, 0);
    if (ready(w, shape, status, &p) && trains) {
        impl_solve(&p, true);
        try_all(w, shape, &p);
    }
    op_release(&p);
}

void impl_shape_try(const impl_walk *w, const impl_shape *shape) {
    for (int i = 0; w->device->impls[i] != NULL; i++)
        w->found[i] = (impl_finding){.impl = w->device->impls[i], .error = {-1, -1, -1}};
    op_problem p;
    const fv_status status = impl_shape_problem(shape, 0, &p);
    if (!ready(w, shape, status, &p)) return;
    try_batch(w, shape, BATCH);
    if (p.in[0].dim[0] > BATCH) try_batch(w, shape, 0);
    if (w->training) try_training(w, shape);
}
