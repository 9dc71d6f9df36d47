/* SPDX-License-Identifier: MIT */
/*
 * Variants of equal bits: every variant of every implementation gives, on the problems of the
 * sweeps and on some of its own, on every set of instructions and with one thread and three, the
 * bits of variant 0.
 *
 *   test_variants      everything
 *   test_variants N    one problem in N on each set, on the next set others
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cpu/cpu.h"
#include "impl_sweeps.h"
#include "op_memory.h"

#define IMPLS_MOST    512
#define VARIANTS_MOST 32

typedef struct walk {
    op_tally *tally;
    const fv_impl *const *impls;
    const fv_kernels *kernels;
    const char *level;
    fv_pool *pools[2]; /* of 1 and 3 threads */
    int share, of;     /* of the problems: impl_sweep_takes */
    int taken[IMPLS_MOST][VARIANTS_MOST];
} walk;

/* One problem by one implementation. */
typedef struct trial {
    walk *w;
    const fv_impl *impl;
    op_problem p;
    fv_epilogue epilogue;
    fv_tensor added;
    fv_request request;
    fv_arena arena;
    fv_settled settled;
} trial;

/* A block with room, all its bytes `rubbish`, at a cache line; freed by the caller. */
static void *block(size_t bytes, int rubbish) {
    void *memory = fv__alloc(NULL, bytes + 1, NULL);
    if (memory) memset(memory, rubbish, bytes);
    return memory;
}

/* Runs it as settled; y receives the result. */
static bool run(trial *t, fv_pool *pool, int rubbish) {
    const fv_settled *s = &t->settled;
    void *prepared = block(s->prepared, rubbish);
    void *scratch = block(s->scratch + s->worker * (size_t)fv__pool_size(pool), rubbish);
    const bool ready = prepared && scratch;
    fv_pass pass = t->p.pass;
    pass.training = false;
    pass.pool = pool;
    pass.kernels = t->w->kernels;
    pass.state = s->state;
    pass.prepared = prepared;
    pass.scratch = scratch;
    pass.workers = (char *)scratch + s->scratch;
    pass.worker_step = s->worker;
    pass.epilogue = t->epilogue.add || t->epilogue.act ? &t->epilogue : NULL;
    pass.added = t->epilogue.add ? &t->added : NULL;
    memset(t->p.y[0].data, 0x5c, op_bytes(&t->p.y[0]));
    if (ready && t->impl->prepare) t->impl->prepare(&pass);
    if (ready) t->impl->run(&pass);
    fv__free(prepared);
    fv__free(scratch);
    return ready;
}

/* All variants of the implementation, against what variant 0 gave. */
static void compare_variants(trial *t, int number) {
    const fv_tensor *y = &t->p.y[0];
    const fv_settled usual = t->settled;
    void *first = block(op_bytes(y), 0);
    if (!op_check(t->w->tally, first && run(t, t->w->pools[0], 0), "no memory")) return;
    memcpy(first, y->data, op_bytes(y));
    for (int v = 1; t->impl->variant(v); v++) {
        t->settled = usual;
        t->request.variant = v;
        if (fv__impl_vary(t->impl, &t->p.site, &t->request, &t->arena, &t->settled) != FV_OK ||
            t->settled.variant != v)
            continue;
        t->w->taken[number][v]++;
        for (int i = 0; i < 2; i++)
            op_check(t->w->tally,
                     run(t, t->w->pools[i], i ? 0xff : 0) &&
                         memcmp(first, y->data, op_bytes(y)) == 0,
                     "%s '%s' by %s (%s), %s: other bits", t->p.op->name, t->p.sample,
                     t->impl->name, t->w->level, t->impl->variant(v));
    }
    fv__free(first);
}

/* Settled as a plan does it, variant 0. */
static bool settle(trial *t) {
    static const bool wants[OP_INPUTS] = {0};
    const fv_impl *only[] = {t->impl, NULL}, *chosen;
    fv_device device = fv__cpu_device;
    device.impls = only;
    t->request = (fv_request){
        .which = FV_FORWARD, .real = FV_F32, .kernels = t->w->kernels, .wants_dx = wants};
    t->p.site.epilogue = t->epilogue;
    return fv__impl_choose(&t->p.ctx, &device, t->p.op, &t->p.site, &t->request, &t->arena, &chosen,
                           &t->settled, NULL) == FV_OK;
}

/* Plain, or with a sum and an activation behind it. */
static bool with_epilogue(trial *t, int seed) {
    if (seed % 2 == 0) return true;
    t->epilogue = (fv_epilogue){.add = true, .act = seed % 4 == 1 ? &fv__op_relu : &fv__op_sigmoid};
    if (!fv__cpu_device.fuses(t->p.op, &t->epilogue)) t->epilogue = (fv_epilogue){0};
    if (!t->epilogue.add) return true;
    if (op_allot(&t->p, &t->added, FV_F32, &t->p.out[0], &t->p.out_type[0], FV_PLAIN, 0) != FV_OK)
        return false;
    op_numbers(&t->p, &t->added, OP_ID_ADDED);
    return true;
}

static bool try_problem(void *arg, const fv_op *op, const char *sample, int seed) {
    walk *w = arg;
    trial t = {.w = w};
    bool there = op_make(&t.p, op, sample, FV_F32, seed % 3 ? seed % 7 : 0) == FV_OK;
    for (int i = 0; there && w->impls[i]; i++) {
        t.impl = w->impls[i];
        if (!t.impl->variant || t.impl->op != op || t.impl->which != FV_FORWARD) continue;
        t.epilogue = (fv_epilogue){0};
        fv__arena_init(&t.arena, &t.p.ctx);
        op_check(w->tally, with_epilogue(&t, seed + i), "no memory");
        if (settle(&t)) compare_variants(&t, i);
        fv__arena_free(&t.arena);
        op_give_back(t.added.data);
        t.added = (fv_tensor){0};
    }
    op_release(&t.p);
    return there;
}

static bool swept(void *arg, const fv_op *op, const char *sample, int seed) {
    const walk *w = arg;
    return !impl_sweep_takes(w->tally, seed, w->share, w->of) || try_problem(arg, op, sample, seed);
}

static void large(walk *w, const fv_op *op, const char *sample, int number) {
    if (w->of == 0 || number % w->of == w->share)
        op_check(w->tally, try_problem(w, op, sample, number), "'%s' is refused", sample);
}

/* So large that every way of cutting them is another one. */
static void walk_large(walk *w) {
    static const char *const convs[] = {"64 3x3 pad 1 ; 1x72x28x28",
                                        "20 3x3 pad 1 ; 1x150x27x30",
                                        "40 3x3 ; 3x261x9x14",
                                        "40 3x3 pad 1 ; 1x24x58x44",
                                        "16 3x3 pad 1 ; 9x96x14x12",
                                        "48 5x5 pad 2 stride 2 ; 2x65x40x36",
                                        "128 1x1 ; 1x300x20x20",
                                        "72 3x3 stride 2 pad 1 bias no ; 2x130x17x17",
                                        "72 3x3 stride 2 pad 1 ; 2x70x61x58",
                                        "80 3x3 dilation 2 pad 2 ; 1x16x61x61",
                                        "136 1x1 ; 5x520x5x5",
                                        "16 5x5 ; 1x96x44x44",
                                        "48 3x3 pad 1 ; 1x64x64x80"};
    static const char *const fcs[] = {"1000 ; 1x4100", "700 ; 33x1000"};
    for (int i = 0; i < (int)(sizeof convs / sizeof *convs); i++)
        large(w, &fv__op_conv, convs[i], i);
    for (int i = 0; i < (int)(sizeof fcs / sizeof *fcs); i++) large(w, &fv__op_fc, fcs[i], i);
}

static int share; /* one in so many problems; 0: all */

static void walk_all(op_tally *t, int isa) {
    fv_context ctx = {0};
    fv_kernels table;
    static walk w;
    w = (walk){.tally = t, .impls = fv__cpu_impls, .level = fv__isa_name(isa)};
    w.kernels = fv__kernels(isa, &table);
    w.of = share;
    w.share = share ? isa % share : 0;
    for (int i = 0; i < 2; i++) assert_int_equal(fv__pool_new(&ctx, 1 + 2 * i, &w.pools[i]), FV_OK);
    walk_large(&w);
    impl_sweeps(t, swept, &w, 0);
    for (int i = 0; !share && w.impls[i]; i++) /* a share may have none for a variant */
        for (int v = 1; w.impls[i]->variant && w.impls[i]->variant(v); v++)
            op_check(t, w.taken[i][v] > 0, "%s by %s (%s), %s: no problem takes it",
                     w.impls[i]->op->name, w.impls[i]->name, w.level, w.impls[i]->variant(v));
    for (int i = 0; i < 2; i++) fv__pool_free(w.pools[i]);
}

static void test_level(void **state) {
    op_tally t = {0};
    const int isa = *(const int *)*state;
    if (!fv__isa_supported(isa)) skip();
    walk_all(&t, isa);
    print_message("%d of %d drawn problems, %d checks\n", t.tried, t.drawn, t.passed);
    assert_int_equal(t.failed, 0);
    assert_true(t.passed > (share ? 100 : 500));
}

int main(int argc, char **argv) {
    static int levels[FV_ISAS];
    struct CMUnitTest tests[FV_ISAS] = {{0}};
    share = argc > 1 ? atoi(argv[1]) : 0;
    for (int i = 0; i < FV_ISAS; i++) {
        levels[i] = i;
        tests[i] = (struct CMUnitTest){
            .name = fv__isa_name(i), .test_func = test_level, .initial_state = &levels[i]};
    }
    return _cmocka_run_group_tests("variants", tests, FV_ISAS, NULL, NULL);
}
