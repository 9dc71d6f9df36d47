/* SPDX-License-Identifier: MIT */
/*
 * impl_cases.c - every implementation, walked through.
 */
#include "impl_cases.h"

#include "base/cpu_features.h"
#include "cpu/cpu.h"
#include "impl_sweeps.h"
#include "impl_trial.h"
#include "kern/pairs_plain.h"
#include "op_draw.h"

#include <stdio.h>
#include <string.h>

#define IMPLS_MOST 512
#define DRAWN      16 /* problems drawn for each operator, from its table of options */

/* Products of bf16 pairs: by what, and for which contract. */
static const struct {
    const char *name;
    void (*fill)(fv_kernels *kernels); /* NULL: by the machine's own */
    fv_precision precision;
} pair_levels[] = {{"tiles in plain C", fv__fill_plain_tiles, FV_PRECISION_FP32},
                   {"tiles in plain C, bf16", fv__fill_plain_tiles, FV_PRECISION_BF16},
                   {"dots in plain C, bf16", fv__fill_plain_dots, FV_PRECISION_BF16},
                   {"this machine, bf16", NULL, FV_PRECISION_BF16}};
enum { PAIR_LEVELS = sizeof pair_levels / sizeof *pair_levels, IMPL_PAIRS = IMPL_ISA + FV_ISAS };

int impl_levels(void) {
    return IMPL_PAIRS + PAIR_LEVELS;
}

const char *impl_level_name(int level) {
    if (level >= IMPL_PAIRS) return pair_levels[level - IMPL_PAIRS].name;
    if (level == IMPL_DOUBLE) return "double";
    return level == IMPL_BARE ? "no kernels" : fv__isa_name(level - IMPL_ISA);
}

bool impl_level_here(int level) {
    fv_kernels table;
    if (level < IMPL_ISA) return true;
    if (level < IMPL_PAIRS) return fv__isa_supported(level - IMPL_ISA);
    return pair_levels[level - IMPL_PAIRS].fill || fv__kernels(fv__isa_best(), &table)->pairs;
}

/* One walk: who is tried, and how often each implementation took a problem. */
typedef struct walk {
    impl_tester tester;
    const fv_op *only; /* NULL: every operator */
    int taken[IMPLS_MOST];
    bool thorough; /* every way of running it, not those that the problem's number chooses */
} walk;

/* Epilogue number i: with or without a sum, and nothing or any pointwise operator behind. */
static bool epilogue_number(int i, fv_epilogue *e, char options[OPTION_BYTES]) {
    int behind = i / 2;
    *e = (fv_epilogue){.add = i % 2 == 1};
    if (behind == 0) return true;
    for (int k = 0; fv__ops[k] != NULL; k++) {
        if (!(fv__ops[k]->traits & FV_POINTWISE) || fv__ops[k]->inputs_max != 1) continue;
        if (--behind > 0) continue;
        e->act = fv__ops[k];
        e->act_options = options;
        /* of its first sample: what clip does by default can hardly be seen */
        op_problem first;
        if (op_read_sample(&first, e->act, e->act->samples[0]) != FV_OK) return false;
        memcpy(options, first.options.bytes, OPTION_BYTES);
        return true;
    }
    return false;
}

/* The implementation with what the device says it applies behind the operator. */
static void try_epilogues(walk *w, impl_trial *t) {
    union {
        char bytes[OPTION_BYTES];
        double align;
    } options;
    fv_epilogue e;
    int fused = 0;
    for (int i = 1; epilogue_number(i, &e, options.bytes); i++)
        if (w->tester.device->fuses(t->oracle->op, &e)) fused++;
    const int chosen = fused ? t->oracle->seed % fused : 0;
    t->epilogue = &e;
    for (int i = 1, n = 0; epilogue_number(i, &e, options.bytes); i++) {
        if (!w->tester.device->fuses(t->oracle->op, &e)) continue;
        if (n++ == chosen || w->thorough) (void)impl_try(t);
    }
    t->epilogue = NULL;
}

/* Every mode, or the usual ones and one more. */
static void try_modes(walk *w, impl_trial *t) {
    const int more = IMPL_NO_DX + t->oracle->seed % (IMPL_MODES - IMPL_NO_DX);
    for (int mode = 0; mode < IMPL_MODES; mode++) {
        t->mode = (impl_mode)mode;
        if (mode > IMPL_OVERWRITTEN && mode != more && !w->thorough) continue;
        if (impl_mode_applies(t)) (void)impl_try(t);
    }
    t->mode = IMPL_USUAL;
    if (t->which == FV_FORWARD) try_epilogues(w, t);
}

/* From every layout to every other. */
static void try_layouts(walk *w, impl_trial *t) {
    for (int from = 0; from < FV_LAYOUTS; from++)
        for (int to = 0; to < FV_LAYOUTS; to++) {
            t->convert_from = (fv_layout)from;
            t->convert_to = (fv_layout)to;
            try_modes(w, t);
        }
}

/* An implementation that needs no kernels computes alike on every level and is tried on the first
   alone. */
static bool tried_before(const impl_trial *t) {
    impl_tester bare = *t->tester;
    impl_trial again = *t;
    if (!t->tester->kernels) return false;
    bare.kernels = NULL;
    again.tester = &bare;
    return impl_takes(&again);
}

static void try_impl(walk *w, int i, const op_problem *oracle, fv_which which, int64_t gap) {
    const fv_impl *impl = w->tester.device->impls[i];
    impl_trial t = {
        .tester = &w->tester, .impl = impl, .which = which, .oracle = oracle, .gap = gap};
    if ((impl->op && impl->op != oracle->op) || impl->which != which) return;
    if (w->tester.only && w->tester.only != impl) return;
    if (which == FV_BACKWARD && (!oracle->pass.training || !oracle->op->backward[1])) return;
    if (!impl_takes(&t)) return;
    w->taken[i]++;
    if (tried_before(&t)) return;
    if (w->thorough) impl_check_refusals(&t);
    if (oracle->op == &fv__op_convert)
        try_layouts(w, &t);
    else
        try_modes(w, &t);
}

/* The problem solved in double, as a part of a larger batch. */
static void solve(op_problem *o, bool training) {
    o->pass.first = 3;
    o->pass.share = 0.25;
    o->pass.divisor *= 4;
    o->pass.training = training;
    op_forward(o);
    if (training && o->op->backward[1]) op_backward(o);
}

static bool try_problem(walk *w, const fv_op *op, const char *sample, int seed, int64_t gap) {
    for (int training = 1; training >= 0; training--) {
        op_problem oracle;
        fv_status status = op_read_sample(&oracle, op, sample);
        oracle.seed = seed;
        if (status == FV_OK) status = op_build(&oracle, FV_F64, 0);
        if (status != FV_OK) {
            op_release(&oracle);
            return false;
        }
        solve(&oracle, training == 1);
        const bool trains = !op->trains || op->trains(&oracle.ctx, &oracle.site) == FV_OK;
        for (int i = 0; (trains || !training) && w->tester.device->impls[i] != NULL; i++)
            for (fv_which which = FV_FORWARD; which <= FV_BACKWARD; which++)
                try_impl(w, i, &oracle, which, gap);
        op_release(&oracle);
    }
    return true;
}

/* --------------------------------------------------------------------------------- the walks ---
 */

static bool meant(const walk *w, const fv_op *op) {
    return w->only == NULL || w->only == op;
}

static void walk_samples(walk *w) {
    const fv_op *op;
    w->thorough = true;
    for (int i = 0; (op = op_number_of(i)) != NULL; i++)
        for (int k = 0; meant(w, op) && op->samples[k] != NULL; k++)
            for (int apart = 0; apart < 2; apart++)
                op_check(w->tester.tally, try_problem(w, op, op->samples[k], k, 5 * apart),
                         "%s '%s' is refused", op->name, op->samples[k]);
    w->thorough = false;
}

static void walk_drawn(walk *w) {
    const op_sizes most = {.batch = 5, .channels = 9, .side = 20, .blocks = true};
    for (int i = 0; fv__ops[i] != NULL; i++) {
        if (!meant(w, fv__ops[i])) continue;
        op_draw draw = {21, (uint64_t)i << 32};
        int ran = 0;
        for (int tries = 0; ran < DRAWN && tries < 20 * DRAWN; tries++) {
            char sample[OP_SAMPLE];
            op_draw_sample(&draw, fv__ops[i], &most, sample);
            ran += try_problem(w, fv__ops[i], sample, tries, tries % 3 ? tries % 7 : 0);
        }
        op_check(w->tester.tally, ran >= DRAWN / 2, "%s: only %d drawn problems were possible",
                 fv__ops[i]->name, ran);
    }
}

static bool swept(void *arg, const fv_op *op, const char *sample, int seed) {
    if (!meant(arg, op)) return true;
    return try_problem(arg, op, sample, seed, seed % 3 ? seed % 7 : 0);
}

/* A fast implementation that takes no sample is dead, or wants samples that it takes: they are what
   it is tried on in every way. */
static void check_taken(const walk *w) {
    for (int i = 0; w->tester.device->impls[i] != NULL; i++) {
        const fv_impl *impl = w->tester.device->impls[i];
        if (!meant(w, impl->op) || (w->tester.only && w->tester.only != impl)) continue;
        if (!w->tester.only && impl == &fv__cpu_conv_pairs_forward) continue; /* later */
        op_check(w->tester.tally, w->taken[i] > 0,
                 "%s: %s by %s refuses every sample; give the operator one that it takes",
                 impl->op ? impl->op->name : "any operator",
                 impl->which == FV_FORWARD ? "forward" : "backward", impl->name);
    }
}

static void run_walk(walk *w, int level) {
    walk_samples(w);
    if (level == IMPL_ISA + fv__isa_best() || level >= IMPL_PAIRS) check_taken(w);
    if (level != IMPL_DOUBLE && level < IMPL_PAIRS) walk_drawn(w);
    if (level >= IMPL_PAIRS || (level >= IMPL_ISA && !w->only)) impl_sweeps(w->tester.tally, swept, w);
}

static bool begin(walk *w, op_tally *t, const fv_device *device) {
    fv_context ctx = {0};
    int impls = 0;
    *w = (walk){.tester = {.tally = t, .device = device, .real = FV_F32, .level = "no kernels"}};
    while (device->impls[impls] != NULL) impls++;
    if (!op_check(t, impls < IMPLS_MOST, "more implementations than the test has room for"))
        return false;
    for (int i = 0; i < IMPL_THREADS; i++)
        if (!op_check(t, fv__pool_new(&ctx, i + 1, &w->tester.pools[i]) == FV_OK, "%s",
                      ctx.message))
            return false;
    return true;
}

static void end(walk *w) {
    for (int i = 0; i < IMPL_THREADS; i++) fv__pool_free(w->tester.pools[i]);
}

/* The promises: 1e-5 of a layer in fp32; bf16 has 8 bits, and sums are float32. */
static void begin_pairs(walk *w, int level, fv_kernels *table) {
    const bool fp32 = pair_levels[level].precision == FV_PRECISION_FP32;
    w->only = &fv__op_conv;
    w->tester.only = &fv__cpu_conv_pairs_forward;
    w->tester.precision = pair_levels[level].precision;
    w->tester.bound = fp32 ? 1e-5 : 1e-2;
    w->tester.tolerance = fp32 ? 3e-4 : 0.3;
    w->tester.kernels = fv__kernels(fv__isa_best(), table);
    if (pair_levels[level].fill) pair_levels[level].fill(table);
}

void impl_cases(op_tally *t, int level, const fv_op *only) {
    walk w;
    if (level >= IMPL_PAIRS && only && only != &fv__op_conv) return;
    if (!impl_level_here(level)) {
        t->skipped++;
        printf("SKIPPED: implementations, %s: this machine has not got it\n",
               impl_level_name(level));
        return;
    }
    if (!begin(&w, t, &fv__cpu_device)) return;
    w.only = only;
    w.tester.level = impl_level_name(level);
    if (level == IMPL_DOUBLE) w.tester.real = FV_F64;
    fv_kernels table;
    if (level >= IMPL_PAIRS)
        begin_pairs(&w, level - IMPL_PAIRS, &table);
    else if (level >= IMPL_ISA)
        w.tester.kernels = fv__kernels(level - IMPL_ISA, &table);
    run_walk(&w, level);
    end(&w);
}

int impl_cases_of(op_tally *t, const fv_device *device, const fv_op *op, const char *sample) {
    walk w;
    int took = 0;
    if (!begin(&w, t, device)) return 0;
    w.thorough = true;
    for (int apart = 0; apart < 2; apart++)
        op_check(t, try_problem(&w, op, sample, 1, 5 * apart), "%s '%s' is refused", op->name,
                 sample);
    for (int i = 0; device->impls[i] != NULL; i++) took += w.taken[i] > 0;
    end(&w);
    return took;
}
