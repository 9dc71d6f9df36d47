/* SPDX-License-Identifier: MIT */
/*
 * impl_trial.c - one implementation on one problem.
 */
#include "impl_trial.h"

#include "contract.h"
#include "op/conv.h"
#include "op/fc.h"
#include "op_memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUNS (IMPL_THREADS + 1)

/* ------------------------------------------------------------------- memory of a plan's arena ---
 */

#define KEPT_MOST 32

/* Blocks that settling took, and copies of them to see whether a run writes into them. */
typedef struct keeper {
    int left; /* requests until one is refused; negative: none is */
    int count;
    struct {
        void *memory, *copy;
        size_t bytes;
    } block[KEPT_MOST];
} keeper;

static void *keep(void *user, size_t bytes, size_t align) {
    keeper *k = user;
    (void)align; /* whoever asks has asked for more and aligns it */
    if (k->left == 0 || k->count == KEPT_MOST) return NULL;
    if (k->left > 0) k->left--;
    void *memory = malloc(bytes);
    if (memory == NULL) return NULL;
    k->block[k->count].memory = memory;
    k->block[k->count].copy = NULL;
    k->block[k->count++].bytes = bytes;
    return memory;
}

static void let_go(void *user, void *memory) {
    keeper *k = user;
    for (int i = 0; i < k->count; i++)
        if (k->block[i].memory == memory) {
            free(k->block[i].copy);
            k->block[i] = k->block[--k->count];
            break;
        }
    free(memory);
}

static bool remember(keeper *k) {
    for (int i = 0; i < k->count; i++) {
        k->block[i].copy = malloc(k->block[i].bytes);
        if (k->block[i].copy == NULL) return false;
        memcpy(k->block[i].copy, k->block[i].memory, k->block[i].bytes);
    }
    return true;
}

static bool unchanged(const keeper *k) {
    for (int i = 0; i < k->count; i++)
        if (memcmp(k->block[i].copy, k->block[i].memory, k->block[i].bytes) != 0) return false;
    return true;
}

/* -------------------------------------------------------------------------- what is under way ---
 */

/* Lent memory, aligned as a plan's. */
typedef struct lent {
    unsigned char *memory;
    size_t bytes;
} lent;

typedef struct trial {
    const impl_trial *t;
    char name[256];  /* "conv '4 3x3 ; …', forward by direct (avx2)" */
    op_problem plan; /* whose site is settled; its weights are those that are prepared */
    bool wants[OP_INPUTS];
    fv_context ctx;
    keeper kept;
    fv_arena arena;
    fv_settled settled;
    lent prepared[IMPL_THREADS];
    void *prepared_copy[IMPL_THREADS];
    op_problem *before, *run;   /* what each run begins with; and what each makes of it */
    fv_tensor bias, exact_bias; /* of IMPL_FOLDED; in double */
    fv_tensor added;            /* of the epilogue */
    fv_tensor after;            /* y as it must be, where it is not the oracle's */
    fv_tensor pre;              /* and before the activation */
    double scale;               /* the largest number that an activation was applied to, */
    double power;               /* and the squares of all of them added */
} trial;

static bool say(const trial *c, bool holds, const char *what) {
    return op_check(c->t->tester->tally, holds, "%s: %s", c->name, what);
}

static bool lend(lent *l, size_t bytes, int rubbish) {
    l->bytes = bytes;
    l->memory = op_lend(bytes, 0);
    if (l->memory == NULL) return false;
    memset(l->memory, rubbish, bytes);
    return true;
}

static bool guarded(const lent *l) {
    return op_guarded(l->memory, l->bytes);
}

/* How often it is run: by each number of threads, and once more if somebody has time. */
static int runs(const trial *c) {
    const int threads = c->t->tester->threads;
    return threads == IMPL_THREADS ? RUNS : threads;
}

static void name_it(trial *c) {
    static const char *const modes[] = {"",        ", dx overwritten",   ", one dx not wanted",
                                        ", no dw", ", y and x the same", ", folded"};
    const impl_trial *t = c->t;
    (void)snprintf(c->name, sizeof c->name, "%s '%s', %s%s by %s (%s%s%s%s%s%s)",
                   t->oracle->op->name, t->oracle->sample,
                   t->which == FV_FORWARD ? "forward" : "backward",
                   t->oracle->pass.training ? "" : " in inference", t->impl->name, t->tester->level,
                   modes[t->mode], t->gap ? ", samples apart" : "",
                   t->epilogue && t->epilogue->add ? ", then add" : "",
                   t->epilogue && t->epilogue->act ? ", then " : "",
                   t->epilogue && t->epilogue->act ? t->epilogue->act->name : "");
}

bool impl_tester_begin(impl_tester *tester, int threads) {
    fv_context ctx = {0};
    tester->threads = threads;
    for (int i = 0; i < threads; i++)
        if (!op_check(tester->tally, fv__pool_new(&ctx, i + 1, &tester->pools[i]) == FV_OK, "%s",
                      ctx.message))
            return false;
    return true;
}

void impl_tester_end(impl_tester *tester) {
    for (int i = 0; i < tester->threads; i++) fv__pool_free(tester->pools[i]);
}

void impl_solve(op_problem *o, bool training) {
    o->pass.first = 3;
    o->pass.share = 0.25;
    o->pass.divisor *= 4;
    o->pass.training = training;
    op_forward(o);
    if (training && o->op->backward[1]) op_backward(o);
}

/* ------------------------------------------------------------------------------------ settling ---
 */

static fv_status settle(trial *c) {
    const impl_trial *t = c->t;
    const fv_impl *only[] = {t->impl, NULL}, *chosen;
    fv_device device = *t->tester->device;
    device.impls = only;
    op_copy(&c->plan, t->oracle);
    FV_TRY(fv__op_shape(&c->plan.ctx, c->plan.op, &c->plan.site));
    if (t->epilogue) c->plan.site.epilogue = *t->epilogue;
    for (int i = 0; i < c->plan.site.inputs; i++)
        c->wants[i] = t->oracle->dx[i].data != NULL &&
                      !(t->mode == IMPL_NO_DX && i == c->plan.seed % c->plan.site.inputs);
    const fv_request request = {.which = t->which,
                                .real = t->tester->real,
                                .training = t->oracle->pass.training,
                                .precision = t->tester->precision,
                                .kernels = t->tester->kernels,
                                .wants_dx = c->wants,
                                .prefer = FV_PLAIN};
    c->ctx.allocator = (fv_allocator){.alloc = keep, .free = let_go, .user = &c->kept};
    fv__arena_init(&c->arena, &c->ctx);
    return fv__impl_choose(&c->plan.ctx, &device, c->plan.op, &c->plan.site, &request, &c->arena,
                           &chosen, &c->settled, NULL);
}

static trial *begin(const impl_trial *t) {
    trial *c = calloc(1, sizeof *c);
    if (!op_check(t->tester->tally, c != NULL, "no memory")) return NULL;
    c->t = t;
    c->kept.left = -1;
    name_it(c);
    return c;
}

static void end(trial *c) {
    for (int i = 0; i < IMPL_THREADS; i++) {
        op_give_back(c->prepared[i].memory);
        free(c->prepared_copy[i]);
    }
    for (int i = 0; c->run && i < RUNS; i++) op_release(&c->run[i]);
    if (c->before) op_release(c->before);
    free(c->run);
    free(c->before);
    fv__arena_free(&c->arena);
    op_release(&c->plan);
    op_give_back(c->bias.data);
    op_give_back(c->exact_bias.data);
    op_give_back(c->added.data);
    op_give_back(c->after.data);
    op_give_back(c->pre.data);
    free(c);
}

bool impl_takes(const impl_trial *t) {
    trial *c = begin(t);
    if (c == NULL) return false;
    const bool takes = settle(c) == FV_OK;
    end(c);
    return takes;
}

bool impl_is_bare(const impl_trial *t) {
    impl_tester bare = *t->tester;
    impl_trial again = *t;
    bare.kernels = NULL;
    again.tester = &bare;
    return impl_takes(&again);
}

void impl_check_refusals(const impl_trial *t) {
    fv_status status = FV_EXHAUSTED;
    for (int left = 0; status == FV_EXHAUSTED && left < KEPT_MOST; left++) {
        trial *c = begin(t);
        if (c == NULL) return;
        c->kept.left = left;
        status = settle(c);
        say(c, status == FV_OK || (status == FV_EXHAUSTED && c->kept.left == 0),
            "memory was refused, but settling does not say so");
        end(c);
    }
}

bool impl_mode_applies(const impl_trial *t) {
    const op_problem *o = t->oracle;
    const bool layer = o->op == &fv__op_conv || o->op == &fv__op_fc;
    const bool alike = t->impl->takes == t->impl->gives && t->convert_from == t->convert_to;
    switch (t->mode) {
    case IMPL_OVERWRITTEN:
    case IMPL_NO_DX:
        return t->which == FV_BACKWARD;
    case IMPL_NO_DW:
        return t->which == FV_BACKWARD && o->site.params > 0;
    case IMPL_IN_PLACE:
        return (o->op->traits & FV_POINTWISE) && alike &&
               (t->which == FV_FORWARD || t->impl->overwrites);
    case IMPL_FOLDED:
        return t->which == FV_FORWARD && layer && o->site.params == 1 && !o->pass.training;
    default:
        return true;
    }
}

/* ------------------------------------------------------------------------- what must come out ---
 */

/* The largest number, and all squares added. */
static double largest(const fv_tensor *t, double *power) {
    double most = 0, v[OP_MANY];
    *power = 0;
    for (int64_t i = 0, count = op_count(t); i < count; i += OP_MANY) {
        const int64_t n = count - i < OP_MANY ? count - i : OP_MANY;
        op_read(t, i, n, v);
        for (int64_t k = 0; k < n; k++) {
            if (fabs(v[k]) > most) most = fabs(v[k]);
            if (!isnan(v[k])) *power += v[k] * v[k];
        }
    }
    return most;
}

static void add_to(const fv_tensor *to, const fv_tensor *from) {
    double v[OP_MANY], w[OP_MANY];
    for (int64_t i = 0, count = op_count(to); i < count; i += OP_MANY) {
        const int64_t n = count - i < OP_MANY ? count - i : OP_MANY;
        op_read(to, i, n, v);
        op_read(from, i, n, w);
        for (int64_t k = 0; k < n; k++) v[k] += w[k];
        op_write(to, i, n, v);
    }
}

/* y in double with a bias of its own, the sum and the activation behind it. */
static bool work_out_y(trial *c) {
    const impl_trial *t = c->t;
    const op_problem *o = t->oracle;
    const fv_type *type = &o->out_type[0];
    op_problem *p = &c->plan;
    if (t->which != FV_FORWARD || (!t->epilogue && t->mode != IMPL_FOLDED)) return true;
    if (op_allot(p, &c->after, FV_F64, &o->out[0], type, FV_PLAIN, 0) != FV_OK) return false;
    fv_tensor w[2] = {o->w[0], c->exact_bias}, none[FV_OP_PARAMS] = {{0}};
    fv_pass pass = o->pass;
    pass.y = &c->after;
    pass.dw = none; /* the oracle has observed already */
    if (t->mode == IMPL_FOLDED) {
        pass.w = w, pass.params = 2;
        o->op->forward[1](&pass);
    } else {
        memcpy(c->after.data, o->y[0].data, op_bytes(&c->after));
    }
    if (t->epilogue && t->epilogue->add) add_to(&c->after, &c->added);
    c->scale = largest(&c->after, &c->power);
    if (!t->epilogue || !t->epilogue->act) return true;
    if (op_allot(p, &c->pre, FV_F64, &o->out[0], type, FV_PLAIN, 0) != FV_OK) return false;
    op_transfer(&c->pre, &c->after);
    const fv_pass act = {.op = t->epilogue->act,
                         .options = t->epilogue->act_options,
                         .inputs = 1,
                         .outputs = 1,
                         .x = &c->after,
                         .y = &c->after};
    act.op->forward[1](&act);
    return true;
}

/* The contract that it keeps: the strictest under which it takes the problem. */
static fv_precision claimed(const impl_trial *t) {
    impl_tester strict = *t->tester;
    impl_trial again = *t;
    strict.precision = FV_PRECISION_STRICT;
    again.tester = &strict;
    return impl_takes(&again) ? FV_PRECISION_STRICT : t->tester->precision;
}

/* What one number of an output is a sum of, as far as that is known. */
static double terms(const fv_site *s) {
    fv_cost cost = {0};
    if (s->op->cost) s->op->cost(s, &cost);
    return (double)cost.macs / (double)fv__shape_sample(&s->out[0]);
}

/* Whether number i of an output is what the activation gives right beside the exact sum: some jump,
   and on which side a sum is, rounding decides. */
static bool across_a_jump(const trial *c, int64_t i, double x, double limit) {
    if (c->pre.data == NULL) return false;
    for (int side = -1; side <= 1; side += 2) {
        double v = op_get(&c->pre, i) + side * limit;
        fv_tensor one = fv__tensor(&v, FV_F64, fv__shape1(1));
        const fv_pass act = {.op = c->t->epilogue->act,
                             .options = c->t->epilogue->act_options,
                             .inputs = 1,
                             .outputs = 1,
                             .x = &one,
                             .y = &one};
        act.op->forward[1](&act);
        if (fabs(x - v) <= 2 * limit) return true;
    }
    return false;
}

/* Number by number, and all of them together. */
static void compare(trial *c, const char *what, const fv_tensor *got, const fv_tensor *want,
                    int held, bool output) {
    const impl_trial *t = c->t;
    const bool real = op_is_real(got), exact = got->dtype == FV_F64;
    const double bound = contract_bound(claimed(t), terms(&c->plan.site));
    const double tolerance = !real ? 0 : exact ? 1e-10 : contract_number(bound);
    double power, off = 0, some[OP_MANY], right[OP_MANY];
    const double norm = fmax(largest(want, &power), c->scale);
    for (int64_t i = 0, count = op_count(want); i < count; i++) {
        if (i % OP_MANY == 0) {
            const int64_t n = count - i < OP_MANY ? count - i : OP_MANY;
            op_read(got, i, n, some);
            op_read(want, i, n, right);
        }
        const double x = some[i % OP_MANY];
        double y = right[i % OP_MANY];
        if (held >= 0) y += op_number(held + OP_IDS * c->plan.seed, i);
        if (isnan(x) && isnan(y)) continue; /* an index that names no place */
        const double limit = tolerance * (CONTRACT_LARGEST * norm + fabs(y) + 1e-3);
        if (fabs(x - y) > limit && held < 0 && across_a_jump(c, i, x, limit)) continue;
        off += (x - y) * (x - y);
        if (fabs(x - y) <= limit) continue;
        op_check(t->tester->tally, false,
                 "%s: %s: element %lld is %.9g, expected %.9g (largest %.3g)", c->name, what,
                 (long long)i, x, y, norm);
        return;
    }
    if (!real || exact || !output) { /* a mean or a gradient may be near 0 as a whole */
        say(c, true, what);
        return;
    }
    const double error = sqrt(off / fmax(fmax(power, c->power), 1e-6));
    op_check(t->tester->tally, error <= bound, "%s: %s is off by %.1e, which is above %.1e",
             c->name, what, error, bound);
    if (t->error) *t->error = fmax(*t->error, error);
}

/* ----------------------------------------------------------------------------------- one run ---
 */

/* The tensors of a pass as a plan binds them. */
typedef struct bound {
    fv_tensor x[OP_INPUTS], dx[OP_INPUTS], y[OP_YS], dy[OP_YS];
    fv_tensor w[FV_OP_PARAMS + 1], dw[FV_OP_PARAMS + 1], saved[FV_OP_SAVED];
} bound;

static bool wanted_dw(const trial *c, int k) {
    const bool learned = c->plan.site.param[k].learned;
    if (c->t->which == FV_FORWARD) return !learned && c->t->oracle->pass.training;
    return learned && c->t->mode != IMPL_NO_DW;
}

static void bind(const trial *c, op_problem *m, bound *b) {
    const impl_trial *t = c->t;
    const bool forward = t->which == FV_FORWARD;
    memcpy(b->x, m->x, sizeof b->x);
    memcpy(b->dx, m->dx, sizeof b->dx);
    memcpy(b->y, m->y, sizeof b->y);
    memcpy(b->dy, m->dy, sizeof b->dy);
    memcpy(b->w, m->w, sizeof m->w);
    memcpy(b->dw, m->dw, sizeof m->dw);
    memcpy(b->saved, m->saved, sizeof b->saved);
    for (int i = 0; i < m->site.inputs; i++)
        if (forward || !c->wants[i]) b->dx[i].data = NULL;
    for (int o = 0; forward && o < m->site.outputs; o++) b->dy[o].data = NULL;
    for (int k = 0; k < m->site.params; k++)
        if (!wanted_dw(c, k)) b->dw[k].data = NULL;
    for (int s = 0; s < m->site.saved; s++)
        if (forward && !t->oracle->pass.training) b->saved[s].data = NULL;
    if (t->mode == IMPL_IN_PLACE && forward) b->y[0] = b->x[0];
    if (t->mode == IMPL_IN_PLACE && !forward) b->dx[0] = b->dy[0];
    if (t->mode == IMPL_FOLDED) b->w[1] = c->bias;
}

/* What a pass finds in memory: gradients that hold something, what backward reads from forward, and
   NaN in what it says it does not read. */
static void furnish(const trial *c, op_problem *m) {
    const impl_trial *t = c->t;
    const unsigned traits = m->op->traits;
    const bool over = t->mode == IMPL_OVERWRITTEN || t->mode == IMPL_IN_PLACE;
    for (int slot = 0; op_gradient(m, slot, NULL) != NULL; slot++) {
        const fv_tensor *g = op_gradient(m, slot, NULL);
        if (g->data == NULL) continue;
        op_numbers(m, g, OP_ID_HELD + slot);
        if (over && slot < m->site.inputs && t->impl->overwrites) op_poison(g);
        if (over && slot < m->site.inputs && !t->impl->overwrites) op_zero(g);
    }
    if (c->settled.packed) op_poison(&m->w[0]);
    if (t->which == FV_FORWARD) return;
    for (int s = 0; s < m->site.saved; s++) op_transfer(&m->saved[s], &t->oracle->saved[s]);
    for (int o = 0; o < m->site.outputs; o++) op_transfer(&m->y[o], &t->oracle->y[o]);
    for (int o = 0; !(traits & FV_KEEP_Y) && o < m->site.outputs; o++) op_poison(&m->y[o]);
    for (int i = 0; !(traits & FV_KEEP_X) && i < m->site.inputs; i++) op_poison(&m->x[i]);
}

static fv_status build_before(trial *c) {
    const impl_trial *t = c->t;
    op_problem *m = c->before;
    const bool convert = t->oracle->op == &fv__op_convert;
    op_copy(m, t->oracle);
    for (int i = 0; i < OP_INPUTS; i++) {
        m->in_layout[i] = convert                   ? t->convert_from
                          : i < c->plan.site.inputs ? fv__impl_in(t->impl, &c->settled, i)
                                                    : FV_PLAIN;
    }
    for (int o = 0; o < c->plan.site.outputs; o++)
        m->out_layout[o] = convert ? t->convert_to : fv__impl_out(t->impl, &c->settled, o);
    FV_TRY(op_build(m, t->tester->real, t->gap));
    m->pass.training = t->oracle->pass.training;
    m->pass.first = t->oracle->pass.first;
    m->pass.share = t->oracle->pass.share;
    m->pass.divisor = t->oracle->pass.divisor;
    for (int i = 0; i < m->site.inputs; i++)
        m->overwrite[i] = (t->mode == IMPL_OVERWRITTEN || t->mode == IMPL_IN_PLACE) &&
                          t->which == FV_BACKWARD && t->impl->overwrites;
    furnish(c, m);
    return FV_OK;
}

/* The pass as a plan would bind it; scratch is for the caller to give back. */
static bool bind_pass(trial *c, op_problem *m, bound *b, int threads, int prepared, lent *scratch,
                      int rubbish, fv_pass *pass) {
    const impl_trial *t = c->t;
    bind(c, m, b);
    *pass = m->pass;
    pass->x = b->x, pass->dx = b->dx, pass->y = b->y, pass->dy = b->dy;
    pass->w = b->w, pass->dw = b->dw, pass->saved = b->saved;
    pass->params = t->mode == IMPL_FOLDED ? 2 : m->site.params;
    pass->overwrite = t->which == FV_BACKWARD ? m->overwrite : NULL;
    pass->pool = t->tester->pools[threads];
    pass->kernels = t->tester->kernels;
    pass->state = c->settled.state;
    pass->prepared = c->prepared[prepared].memory;
    pass->epilogue = t->epilogue;
    pass->added = t->epilogue && t->epilogue->add ? &c->added : NULL;
    const size_t bytes = c->settled.scratch + c->settled.worker * (size_t)fv__pool_size(pass->pool);
    if (!say(c, lend(scratch, bytes, rubbish), "no memory")) return false;
    pass->scratch = scratch->memory;
    pass->workers = (char *)scratch->memory + c->settled.scratch;
    pass->worker_step = c->settled.worker;
    return true;
}

/* Runs it on so many threads with one of the prepared blocks. */
static void run(trial *c, int r, int threads, int prepared) {
    const lent *block = &c->prepared[prepared];
    op_problem *m = &c->run[r];
    fv_pass pass;
    bound b;
    lent scratch;
    if (!say(c, op_clone(m, c->before) == FV_OK, "building the problem")) return;
    if (!bind_pass(c, m, &b, threads, prepared, &scratch, r % 2 ? 0xff : 0, &pass)) return;
    c->t->tester->device->launch(c->t->impl->run, &pass);
    say(c, guarded(&scratch), "wrote beyond its working memory");
    say(c, op_gaps_intact(m), "wrote between samples");
    say(c, op_guards_intact(m), "wrote before or behind a tensor");
    say(c, guarded(block) && memcmp(c->prepared_copy[prepared], block->memory, block->bytes) == 0,
        "a run wrote into what was prepared");
    say(c, unchanged(&c->kept), "a run wrote into what was settled");
    op_give_back(scratch.memory);
}

/* Weights in the form that runs read, made by so many threads. */
static bool prepare(trial *c, int threads) {
    lent *to = &c->prepared[threads];
    fv_tensor w[FV_OP_PARAMS + 1];
    memcpy(w, c->plan.w, sizeof c->plan.w);
    if (c->t->mode == IMPL_FOLDED) w[1] = c->bias;
    if (!lend(to, c->settled.prepared, threads % 2 ? 0xff : 0)) return false;
    const fv_pass pass = {.op = c->plan.op,
                          .options = c->plan.site.options,
                          .params = c->t->mode == IMPL_FOLDED ? 2 : c->plan.site.params,
                          .w = w,
                          .pool = c->t->tester->pools[threads],
                          .kernels = c->t->tester->kernels,
                          .state = c->settled.state,
                          .prepared = to->memory};
    if (c->t->impl->prepare) c->t->tester->device->launch(c->t->impl->prepare, &pass);
    say(c, guarded(to), "prepared more than it asked memory for");
    c->prepared_copy[threads] = malloc(to->bytes + 1);
    if (c->prepared_copy[threads]) memcpy(c->prepared_copy[threads], to->memory, to->bytes);
    return c->prepared_copy[threads] != NULL;
}

/* ----------------------------------------------------------------------------------- results ---
 */

typedef struct result {
    char what[64];
    const fv_tensor *got[RUNS], *want;
    int held;    /* tensor of the numbers it is added to; -1: none */
    bool output; /* y */
} result;

/* Result number i of the trial; false: no more. */
static bool result_number(trial *c, int i, result *r) {
    const impl_trial *t = c->t;
    const fv_site *s = &c->plan.site;
    const bool forward = t->which == FV_FORWARD, training = t->oracle->pass.training;
    const int outputs = forward ? s->outputs : 0, saved = forward && training ? s->saved : 0;
    const bool over = t->mode == IMPL_OVERWRITTEN || t->mode == IMPL_IN_PLACE;
    const int slot = i - outputs - saved;
    op_problem *oracle = (op_problem *)(uintptr_t)t->oracle;
    r->held = -1;
    r->want = NULL;
    r->output = i < outputs;
    for (int k = 0; k < runs(c); k++) {
        op_problem *m = &c->run[k];
        if (i < outputs)
            r->got[k] = t->mode == IMPL_IN_PLACE ? &m->x[0] : &m->y[i];
        else if (i < outputs + saved)
            r->got[k] = &m->saved[i - outputs];
        else
            r->got[k] = op_gradient(m, slot, r->what);
        if (r->got[k] == NULL) return false;
        if (slot == 0 && !forward && t->mode == IMPL_IN_PLACE) r->got[k] = &m->dy[0];
    }
    if (i < outputs) {
        r->want = i == 0 && c->after.data ? &c->after : &t->oracle->y[i];
        (void)snprintf(r->what, sizeof r->what, "y%d", i + 1);
    } else if (i < outputs + saved) {
        r->want = &t->oracle->saved[i - outputs];
        (void)snprintf(r->what, sizeof r->what, "saved %d", i - outputs + 1);
    } else if (slot >= s->inputs ? wanted_dw(c, slot - s->inputs) : !forward && c->wants[slot]) {
        r->want = op_gradient(oracle, slot, NULL);
        if (!over || slot >= s->inputs) r->held = OP_ID_HELD + slot;
    }
    return true;
}

static void check_results(trial *c) {
    result r;
    for (int i = 0; result_number(c, i, &r); i++) {
        if (r.want == NULL) continue;
        compare(c, r.what, r.got[0], r.want, r.held, r.output);
        for (int k = 1; k < runs(c); k++)
            op_check(c->t->tester->tally,
                     memcmp(r.got[k]->data, r.got[0]->data, op_bytes(r.got[0])) == 0, "%s: %s: %s",
                     c->name, r.what,
                     k < IMPL_THREADS
                         ? "depends on the number of threads, or on what lies in memory"
                         : "a second run gives other bits");
    }
}

/* The tensors that are no part of the problem: a folded bias, what an epilogue adds. */
static bool furnish_more(trial *c) {
    const impl_trial *t = c->t;
    op_problem *p = &c->plan;
    const fv_shape filters = fv__shape1(p->w[0].data ? p->w[0].shape.dim[0] : 1);
    if (op_allot(p, &c->bias, p->dtype, &filters, NULL, FV_PLAIN, 0) != FV_OK) return false;
    if (op_allot(p, &c->exact_bias, FV_F64, &filters, NULL, FV_PLAIN, 0) != FV_OK) return false;
    op_numbers(p, &c->bias, OP_ID_W + 1);
    op_numbers(p, &c->exact_bias, OP_ID_W + 1);
    if (!t->epilogue || !t->epilogue->add) return true;
    if (op_allot(p, &c->added, p->dtype, &p->out[0], &p->out_type[0],
                 fv__impl_out(t->impl, &c->settled, 0), t->gap ? t->gap + 3 : 0) != FV_OK)
        return false;
    op_numbers(p, &c->added, OP_ID_ADDED);
    return true;
}

/* Everything that runs begin with. */
static bool get_ready(trial *c, bool compared) {
    c->before = calloc(1, sizeof *c->before);
    c->run = calloc(RUNS, sizeof *c->run);
    c->plan.forward_only = c->t->oracle->forward_only;
    if (!c->before || !c->run || op_build(&c->plan, c->t->tester->real, 0) != FV_OK) return false;
    if (!furnish_more(c) || build_before(c) != FV_OK) return false;
    if (compared && !(work_out_y(c) && remember(&c->kept))) return false;
    for (int i = 0; i < c->t->tester->threads; i++)
        if (!prepare(c, i)) return false;
    return true;
}

bool impl_try(const impl_trial *t) {
    const int threads = t->tester->threads;
    trial *c = begin(t);
    if (c == NULL) return true;
    const fv_status status = settle(c);
    if (status == FV_OK && say(c, get_ready(c, true), "getting ready")) {
        for (int i = 0; i < threads; i++) run(c, i, i, i);
        if (runs(c) > threads) run(c, threads, threads - 1, 0);
        check_results(c);
    }
    end(c);
    return status == FV_OK;
}

bool impl_measure(const impl_trial *t, impl_measure_fn *fn, void *arg) {
    trial *c = begin(t);
    if (c == NULL) return true;
    const fv_status status = settle(c);
    fv_pass pass;
    bound b;
    lent scratch;
    if (status == FV_OK && say(c, get_ready(c, false), "getting ready") &&
        bind_pass(c, c->before, &b, 0, 0, &scratch, 0, &pass)) {
        fn(arg, t, &pass);
        op_give_back(scratch.memory);
    }
    end(c);
    return status == FV_OK;
}
