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
enum {
    PAIR_LEVELS = sizeof pair_levels / sizeof *pair_levels,
    IMPL_PAIRS = IMPL_ISA + FV_ISAS,
    IMPL_HALVES = IMPL_PAIRS + PAIR_LEVELS
};

int impl_levels(void) {
    return IMPL_HALVES + FV_ISAS;
}

const char *impl_level_name(int level) {
    static const char *const halves[] = {
#define FV_ISA(name, needs) #name ", bf16",
#include "kern/isa_list.h"
#undef FV_ISA
    };
    if (level >= IMPL_HALVES) return halves[level - IMPL_HALVES];
    if (level >= IMPL_PAIRS) return pair_levels[level - IMPL_PAIRS].name;
    if (level == IMPL_DOUBLE) return "double";
    return level == IMPL_BARE ? "no kernels" : fv__isa_name(level - IMPL_ISA);
}

bool impl_level_here(int level) {
    fv_kernels table;
    if (level < IMPL_ISA) return true;
    if (level < IMPL_PAIRS) return fv__isa_supported(level - IMPL_ISA);
    if (level >= IMPL_HALVES) return fv__isa_supported(level - IMPL_HALVES);
    return pair_levels[level - IMPL_PAIRS].fill || fv__kernels(fv__isa_best(), &table)->pairs;
}

/* One walk: who is tried, and how often each implementation took a problem. */
typedef struct walk {
    impl_tester tester;
    const fv_op *only; /* NULL: every operator */
    int taken[IMPLS_MOST];
    bool thorough; /* every way of running it, not those that the problem's number chooses */
    int share, of; /* the drawn problems: impl_sweep_takes */
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

static void try_impl(walk *w, int i, const op_problem *oracle, fv_which which, int64_t gap) {
    const fv_impl *impl = w->tester.device->impls[i];
    impl_trial t = {
        .tester = &w->tester, .impl = impl, .which = which, .oracle = oracle, .gap = gap};
    if ((impl->op && impl->op != oracle->op) || impl->which != which) return;
    if (w->tester.only && w->tester.only != impl) return;
    if (which == FV_BACKWARD && (!oracle->pass.training || !oracle->op->backward[1])) return;
    if (!impl_takes(&t)) return;
    w->taken[i]++;
    if (w->tester.kernels && impl_is_bare(&t)) return; /* tried on the first level */
    if (w->thorough) impl_check_refusals(&t);
    if (oracle->op == &fv__op_convert)
        try_layouts(w, &t);
    else
        try_modes(w, &t);
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
        impl_solve(&oracle, training == 1);
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

static void walk_drawn(walk *w, uint64_t seed) {
    const op_sizes most = {.batch = 5, .channels = 9, .side = 20, .blocks = true};
    for (int i = 0; fv__ops[i] != NULL; i++) {
        if (!meant(w, fv__ops[i])) continue;
        op_draw draw = {21 + seed, (uint64_t)i << 32};
        int ran = 0;
        for (int tries = 0; ran < DRAWN && tries < 20 * DRAWN; tries++) {
            char sample[OP_SAMPLE];
            op_draw_sample(&draw, fv__ops[i], &most, sample);
            ran += !impl_sweep_takes(w->tester.tally, tries, w->share, w->of) ||
                   try_problem(w, fv__ops[i], sample, tries, tries % 3 ? tries % 7 : 0);
        }
        op_check(w->tester.tally, ran >= DRAWN / 2, "%s: only %d drawn problems were possible",
                 fv__ops[i]->name, ran);
    }
}

static bool swept(void *arg, const fv_op *op, const char *sample, int seed) {
    const walk *w = arg;
    if (!meant(w, op) || !impl_sweep_takes(w->tester.tally, seed, w->share, w->of)) return true;
    return try_problem(arg, op, sample, seed, seed % 3 ? seed % 7 : 0);
}

/* A fast implementation that takes no sample is dead, or wants samples that it takes: they are what
   it is tried on in every way. */
static void check_taken(const walk *w) {
    for (int i = 0; w->tester.device->impls[i] != NULL; i++) {
        const fv_impl *impl = w->tester.device->impls[i];
        if (!meant(w, impl->op) || (w->tester.only && w->tester.only != impl)) continue;
        if (!w->tester.only &&
            (impl == &fv__cpu_conv_pairs_forward || impl == &fv__cpu_fc_halves_forward))
            continue; /* later */
        op_check(w->tester.tally, w->taken[i] > 0,
                 "%s: %s by %s refuses every sample; give the operator one that it takes",
                 impl->op ? impl->op->name : "any operator",
                 impl->which == FV_FORWARD ? "forward" : "backward", impl->name);
    }
}

/* The samples have too few weights to be worth rounding. */
static void walk_large_fc(walk *w) {
    w->thorough = true;
    for (int seed = 0; seed < 2; seed++)
        op_check(w->tester.tally, try_problem(w, &fv__op_fc, "130 ; 3x600", seed, 5 * seed),
                 "fc is refused");
    w->thorough = false;
}

static void run_walk(walk *w, int level) {
    walk_samples(w);
    if (level >= IMPL_HALVES) walk_large_fc(w);
    if (level == IMPL_ISA + fv__isa_best() || level >= IMPL_PAIRS) check_taken(w);
    if (level != IMPL_DOUBLE && level < IMPL_PAIRS) walk_drawn(w, 0);
    if (level >= IMPL_PAIRS || (level >= IMPL_ISA && !w->only))
        impl_sweeps(w->tester.tally, swept, w, 0);
}

static bool begin(walk *w, op_tally *t, const fv_device *device) {
    int impls = 0;
    *w = (walk){.tester = {.tally = t, .device = device, .real = FV_F32, .level = "no kernels"}};
    while (device->impls[impls] != NULL) impls++;
    if (!op_check(t, impls < IMPLS_MOST, "more implementations than the test has room for"))
        return false;
    return impl_tester_begin(&w->tester, IMPL_THREADS);
}

static void begin_pairs(walk *w, int level, fv_kernels *table) {
    w->only = &fv__op_conv;
    w->tester.only = &fv__cpu_conv_pairs_forward;
    w->tester.precision = pair_levels[level].precision;
    w->tester.kernels = fv__kernels(fv__isa_best(), table);
    if (pair_levels[level].fill) pair_levels[level].fill(table);
    table->form.direct = table->form.winograd = 0; /* whatever is faster: they are to take it */
}

static void begin_halves(walk *w, int isa, fv_kernels *table) {
    w->only = &fv__op_fc;
    w->tester.only = &fv__cpu_fc_halves_forward;
    w->tester.precision = FV_PRECISION_BF16;
    w->tester.kernels = fv__kernels(isa, table);
}

/* A walk on one level, whose kernels are put into the table. */
static bool begin_level(walk *w, op_tally *t, int level, fv_kernels *table) {
    if (!begin(w, t, &fv__cpu_device)) return false;
    w->tester.level = impl_level_name(level);
    if (level == IMPL_DOUBLE) w->tester.real = FV_F64;
    if (level >= IMPL_HALVES)
        begin_halves(w, level - IMPL_HALVES, table);
    else if (level >= IMPL_PAIRS)
        begin_pairs(w, level - IMPL_PAIRS, table);
    else if (level >= IMPL_ISA)
        w->tester.kernels = fv__kernels(level - IMPL_ISA, table);
    return true;
}

void impl_cases(op_tally *t, int level, const fv_op *only, int of) {
    walk w;
    fv_kernels table;
    if (level >= IMPL_PAIRS && only && only != (level < IMPL_HALVES ? &fv__op_conv : &fv__op_fc))
        return;
    if (!impl_level_here(level)) {
        t->skipped++;
        printf("SKIPPED: implementations, %s: this machine has not got it\n",
               impl_level_name(level));
        return;
    }
    if (begin_level(&w, t, level, &table)) {
        if (only) w.only = only;
        w.of = level < IMPL_PAIRS ? of : 4 * of; /* in plain C these take long, and are alike */
        w.share = w.of ? level % w.of : 0;
        run_walk(&w, level);
    }
    impl_tester_end(&w.tester);
}

void impl_drawn(op_tally *t, int level, uint64_t seed) {
    walk w;
    fv_kernels table;
    if (begin_level(&w, t, level, &table)) {
        if (level < IMPL_PAIRS) walk_drawn(&w, seed);
        impl_sweeps(t, swept, &w, seed);
    }
    impl_tester_end(&w.tester);
}

int impl_cases_of(op_tally *t, const fv_device *device, const fv_op *op, const char *sample) {
    walk w;
    int took = 0;
    const bool begun = begin(&w, t, device);
    w.thorough = true;
    for (int apart = 0; begun && apart < 2; apart++)
        op_check(t, try_problem(&w, op, sample, 1, 5 * apart), "%s '%s' is refused", op->name,
                 sample);
    for (int i = 0; device->impls[i] != NULL; i++) took += w.taken[i] > 0;
    impl_tester_end(&w.tester);
    return took;
}
