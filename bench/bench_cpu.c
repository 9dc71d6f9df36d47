/* SPDX-License-Identifier: MIT */
/*
 * bench_cpu - checks and times every implementation of every operator on layers of networks.
 *
 *     bench_cpu FILE.txt... [WORDS] [check | time] [SETTING=VALUE...] [training] [reference]
 *     bench_cpu samples ...     on the operators' own sample problems
 *     bench_cpu random=SEED     checks drawn problems: sizes, strides, pads, groups, odd tails
 *
 * Files are those of bench/shapes; tests/impl_shapes.h says how their lines are written. WORDS
 * keeps the lines that contain them, most=N those of at most N million multiply-adds.
 *
 * Checked is what tests/impl_trial.h lists, for every set of instructions (isa=NAME: for that one),
 * with 1 sample and 2, 1 thread and 2: the error against the operator's loops in double, held to
 * tests/contract.h. Timed is one set of instructions (the best, or isa=), with threads=1,
 * seconds=0.3 for each, the batch of the line or batch=N: the median and the least of many runs,
 * GFLOP/s by the least, and its share of the multiply-add peak of the same threads, measured just
 * before. Neither word: both. impl=NAME keeps implementations whose name contains it; `training`
 * does forward and backward as in training; `reference` takes the loops in float too (slow).
 */
#include "base/cpu_features.h"
#include "base/denormal.h"
#include "cpu/cpu.h"
#include "impl_cases.h"
#include "impl_shapes.h"
#include "look/benchmark.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#define RUNS_MOST  20000
#define RUNS_LEAST 5
#define PATIENCE   20 /* seconds for the runs of one implementation, once there are enough */
#define IMPLS_MOST 512
#define LINES_MOST 4096

/* What the command line says. */
typedef struct wishes {
    const char *words, *impl, *random;
    int threads, isa; /* isa -1: none named */
    double seconds, most;
    int64_t batch;
    bool check, time, reference, training, samples;
} wishes;

typedef struct bench {
    wishes wish;
    const fv_device *device;
    fv_kernels table;
    impl_tester tester; /* of what is timed */
    fv_context *ctx;
    op_tally tally;
    impl_finding found[IMPLS_MOST];
    char *seen[LINES_MOST]; /* lines of files before */
    int seen_count, rows, left_out, problems;
    double top;          /* the peak, GFLOP/s */
    double fastest, sum; /* seconds: of this line, of all lines as often as they occur */
    struct {
        double error;
        const char *impl;
        char line[OP_SAMPLE];
    } worst[FV_PRECISIONS]; /* of all that was checked */
    double times[RUNS_MOST];
} bench;

static _Noreturn void die(const char *what, const char *why) {
    fprintf(stderr, "bench_cpu: %s: %s\n", what, why);
    exit(2);
}

/* GFLOP/s of all threads at once. */
static double peak(const bench *b) {
    double rate;
    if (fv__measure_peak(b->ctx, &rate) != FV_OK) die("the peak", b->ctx->message);
    return rate / 1e9;
}

/* One thread is timed by its own clock: others on the machine count less. */
static double clock_now(const bench *b) {
#ifdef CLOCK_THREAD_CPUTIME_ID
    struct timespec t;
    if (fv__pool_size(b->ctx->pool) == 1 && clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) == 0)
        return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
#endif
    return fv__seconds();
}

static int ascending(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* What a plan launches for the step. */
static void run_once(const fv_device *device, const fv_impl *impl, const fv_pass *pass) {
    for (int i = 0; impl->which == FV_BACKWARD && !impl->overwrites && i < pass->inputs; i++)
        if (pass->dx[i].data) device->clear(pass->dx[i].data, op_bytes(&pass->dx[i]));
    device->launch(impl->run, pass);
}

typedef struct timed {
    bench *b;
    int runs;
} timed;

static void time_runs(void *arg, const impl_trial *t, const fv_pass *pass) {
    timed *to = arg;
    bench *b = to->b;
    const fv_denormal_state denormals = fv__denormals_off();
    int n = 0;
    run_once(b->device, t->impl, pass);
    const double start = fv__seconds();
    for (double gone = 0; n < RUNS_MOST && (n < RUNS_LEAST || gone < b->wish.seconds);) {
        const double from = clock_now(b);
        run_once(b->device, t->impl, pass);
        b->times[n++] = clock_now(b) - from;
        gone = fv__seconds() - start;
        if (n >= RUNS_LEAST && gone > PATIENCE) break;
    }
    fv__denormals_restore(denormals);
    qsort(b->times, (size_t)n, sizeof *b->times, ascending);
    to->runs = n;
}

static const char *pass_name(const bench *b, fv_which which) {
    if (!b->wish.training) return "";
    return which == FV_FORWARD ? "forward" : "backward";
}

/* What was found of one implementation: times if it was timed, the error if it was checked. */
static void report(bench *b, const impl_shape *s, const op_problem *p, int i, int runs) {
    const impl_finding *f = &b->found[i];
    const fv_impl *impl = b->device->impls[i];
    const double *t = b->times;
    fv_cost cost = {0};
    if (p->op->cost) p->op->cost(&p->site, &cost);
    const double work = 2.0 * (double)cost.macs * (double)p->in[0].dim[0] *
                        (impl->which == FV_FORWARD || s->first ? 1 : 2);
    printf("%3dx %-58s %-8s %-10s", s->times, s->line, pass_name(b, impl->which), impl->name);
    if (runs > 0) {
        printf(" %9.4f %9.4f", t[runs / 2] * 1e3, t[0] * 1e3);
        if (work > 0)
            printf(" %7.1f %4.0f%%", work / t[0] / 1e9, 100 * work / t[0] / 1e9 / b->top);
        else
            printf(" %7s %5s", "", "");
    }
    for (int k = 0; b->wish.check && impl->which == FV_FORWARD && k < FV_PRECISIONS; k++)
        if (f->error[k] >= 0) printf("  %.1e %s", f->error[k], fv__precision_name(k));
    if (b->wish.check && f->failed) printf("  %d checks FAILED", f->failed);
    printf("\n");
    fflush(stdout);
    b->rows++;
}

static bool was_checked(const impl_finding *f) {
    for (int k = 0; k < FV_PRECISIONS; k++)
        if (f->error[k] >= 0) return true;
    return false;
}

static bool wanted(const bench *b, const fv_impl *impl, const fv_op *op) {
    if ((impl->op && impl->op != op) || !strstr(impl->name, b->wish.impl)) return false;
    if (impl->which == FV_BACKWARD && (!b->wish.training || !op->backward[1])) return false;
    return b->wish.reference || strcmp(impl->name, "reference") != 0;
}

/* The problem in float, as a plan's memory has it; what backward reads of forward is there. */
static bool build(const bench *b, const impl_shape *s, op_problem *p) {
    fv_status status = impl_shape_problem(s, b->wish.batch, p);
    const bool reads = (p->op->traits & FV_KEEP_Y) || p->site.saved > 0;
    p->aligned = true;
    p->forward_only = !b->wish.training;
    if (status == FV_OK && b->wish.training && p->op->trains)
        status = p->op->trains(&p->ctx, &p->site);
    if (status == FV_OK) status = op_build(p, FV_F32, 0);
    if (status != FV_OK) {
        printf("%s: %s\n", s->line, p->ctx.message);
        return false;
    }
    p->pass.training = b->wish.training;
    if (b->wish.training && reads) op_forward(p);
    return true;
}

/* How many runs; 0: the implementation refuses. */
static int time_impl(bench *b, const impl_shape *s, const op_problem *p, const fv_impl *impl) {
    timed to = {b, 0};
    const bool forward = impl->which == FV_FORWARD;
    const bool behind = s->epilogue.add || s->epilogue.act;
    const impl_trial t = {.tester = &b->tester,
                          .impl = impl,
                          .which = impl->which,
                          .mode = forward    ? IMPL_USUAL
                                  : s->first ? IMPL_NO_DX
                                             : IMPL_OVERWRITTEN,
                          .oracle = p,
                          .epilogue = forward && behind && b->device->fuses(p->op, &s->epilogue)
                                          ? &s->epilogue
                                          : NULL};
    (void)impl_measure(&t, time_runs, &to);
    if (to.runs > 0 && forward && (b->fastest <= 0 || b->times[0] < b->fastest))
        b->fastest = b->times[0];
    return to.runs;
}

/* Rows of a layer: forward first. */
static void tell(bench *b, const impl_shape *s) {
    op_problem p;
    b->fastest = 0;
    if (build(b, s, &p)) {
        b->top = b->wish.time ? peak(b) : 0;
        for (int which = FV_FORWARD; which <= FV_BACKWARD; which++)
            for (int i = 0; b->device->impls[i]; i++) {
                const fv_impl *impl = b->device->impls[i];
                if (impl->which != (fv_which)which || !wanted(b, impl, p.op)) continue;
                const int runs = b->wish.time ? time_impl(b, s, &p, impl) : 0;
                if (runs > 0 || (b->wish.check && was_checked(&b->found[i])))
                    report(b, s, &p, i, runs);
            }
    }
    b->sum += s->times * b->fastest;
    op_release(&p);
}

static void check(bench *b, const impl_shape *s) {
    const impl_walk walk = {.tally = &b->tally,
                            .device = b->device,
                            .impl = b->wish.impl,
                            .isa = b->wish.isa,
                            .training = b->wish.training,
                            .reference = b->wish.reference,
                            .found = b->found};
    impl_shape_try(&walk, s);
    for (int i = 0; b->device->impls[i]; i++)
        for (int k = 0; k < FV_PRECISIONS; k++)
            if (b->found[i].error[k] > b->worst[k].error) {
                b->worst[k].error = b->found[i].error[k];
                b->worst[k].impl = b->found[i].impl->name;
                memcpy(b->worst[k].line, s->line, sizeof s->line);
            }
}

/* Whether a file before had the line: it is checked once. */
static bool seen_before(bench *b, const char *line) {
    for (int i = 0; i < b->seen_count; i++)
        if (strcmp(b->seen[i], line) == 0) return true;
    char *kept = b->seen_count < LINES_MOST ? malloc(strlen(line) + 1) : NULL;
    if (kept) b->seen[b->seen_count++] = memcpy(kept, line, strlen(line) + 1);
    return false;
}

static void do_shape(void *arg, const impl_shape *s) {
    bench *b = arg;
    op_problem p;
    if (!strstr(s->line, b->wish.words) || (!b->wish.time && seen_before(b, s->line))) return;
    if (impl_shape_problem(s, 0, &p) == FV_OK && impl_shape_work(&p) > b->wish.most * 1e6) {
        b->left_out++;
        return;
    }
    b->problems++;
    if (b->wish.check) check(b, s);
    tell(b, s);
}

static void do_samples(bench *b) {
    static impl_shape s;
    char line[OP_SAMPLE];
    for (int n = 0; fv__ops[n]; n++)
        for (const char *const *sample = fv__ops[n]->samples; *sample; sample++) {
            (void)snprintf(line, sizeof line, "1 %s %s", fv__ops[n]->name, *sample);
            if (impl_shape_read(b->ctx, line, &s) != FV_OK) die(line, b->ctx->message);
            do_shape(b, &s);
        }
}

static void do_random(bench *b) {
    for (int isa = 0; isa < FV_ISAS; isa++)
        if (fv__isa_supported(isa) && (b->wish.isa < 0 || isa == b->wish.isa))
            impl_drawn(&b->tally, IMPL_ISA + isa, strtoull(b->wish.random, NULL, 10));
}

static void do_file(bench *b, const char *path) {
    b->sum = 0;
    if (b->wish.time) printf("\n%s\n", path);
    if (impl_shapes_read(b->ctx, path, do_shape, b) != FV_OK) die("shapes", b->ctx->message);
    if (b->wish.time && b->sum > 0)
        printf("all layers, each by its fastest, as often as they occur: %.3f ms\n", b->sum * 1e3);
}

static int read_isa(const char *name) {
    for (int i = 0; i < FV_ISAS; i++)
        if (strcmp(fv__isa_name(i), name) == 0 && fv__isa_supported(i)) return i;
    die(name, "not a set of instructions that this processor has");
}

/* What stands behind `key` in a word; NULL: another word. */
static const char *value_of(const char *word, const char *key) {
    const size_t n = strlen(key);
    return strncmp(word, key, n) == 0 ? word + n : NULL;
}

static bool is_file(const char *word) {
    const size_t n = strlen(word);
    return n > 4 && strcmp(word + n - 4, ".txt") == 0;
}

static bool *flag_of(wishes *w, const char *word) {
    const struct {
        const char *word;
        bool *flag;
    } flags[] = {{"check", &w->check},
                 {"time", &w->time},
                 {"reference", &w->reference},
                 {"training", &w->training},
                 {"samples", &w->samples}};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (strcmp(word, flags[i].word) == 0) return flags[i].flag;
    return NULL;
}

static void read_word(wishes *w, const char *word) {
    const char *value;
    if ((value = value_of(word, "threads=")))
        w->threads = atoi(value);
    else if ((value = value_of(word, "seconds=")))
        w->seconds = atof(value);
    else if ((value = value_of(word, "most=")))
        w->most = atof(value);
    else if ((value = value_of(word, "batch=")))
        w->batch = atoi(value);
    else if ((value = value_of(word, "impl=")))
        w->impl = value;
    else if ((value = value_of(word, "random=")))
        w->random = value;
    else if ((value = value_of(word, "isa=")))
        w->isa = read_isa(value);
    else if (flag_of(w, word))
        *flag_of(w, word) = true;
    else if (!is_file(word))
        w->words = word;
}

static void open_bench(bench *b) {
#ifdef __GLIBC__ /* blocks of all sizes are taken again and again: they need not come from afar */
    (void)mallopt(M_MMAP_THRESHOLD, 1 << 30);
    (void)mallopt(M_TRIM_THRESHOLD, INT_MAX);
#endif
    const int isa = b->wish.isa >= 0 ? b->wish.isa : fv__isa_best();
    b->device = &fv__cpu_device;
    if (!b->wish.check && !b->wish.time) b->wish.check = b->wish.time = true;
    if (fv_context_new(b->wish.threads, &b->ctx) != FV_OK) die("threads", b->ctx->message);
    b->ctx->isa = isa;
    b->tester = (impl_tester){.tally = &b->tally,
                              .device = b->device,
                              .kernels = b->device->kernels(isa, &b->table),
                              .real = FV_F32,
                              .level = fv__isa_name(isa),
                              .threads = 1,
                              .pools = {b->ctx->pool}};
    if (!b->wish.time) return;
    const int threads = fv__pool_size(b->ctx->pool);
    printf("%s, %s, %d thread%s, peak %.1f GFLOP/s\n", fv__cpu_name((char[64]){0}),
           fv__isa_name(isa), threads, threads > 1 ? "s" : "", peak(b));
    printf("%-63s %-8s %-10s %9s %9s %7s %5s%s\n", "", "", "", "median ms", "least ms", "GFLOP/s",
           "peak", b->wish.check ? "  error" : "");
}

static int close_bench(bench *b) {
    for (int i = 0; i < b->seen_count; i++) free(b->seen[i]);
    fv_context_free(b->ctx);
    if (b->wish.check || b->wish.random)
        printf("%d shapes, %d left out as larger: %d checks passed, %d failed\n", b->problems,
               b->left_out, b->tally.passed, b->tally.failed);
    for (int k = 0; k < FV_PRECISIONS; k++)
        if (b->worst[k].impl)
            printf("largest error, %s: %.1e by %s, %s\n", fv__precision_name(k), b->worst[k].error,
                   b->worst[k].impl, b->worst[k].line);
    if (b->tally.failed) return 1;
    if (b->rows || b->tally.passed) return 0;
    die(b->wish.words, "nothing by that name (loops in float are when asked for: reference)");
}

int main(int argc, char **argv) {
    static bench b = {
        .wish = {.words = "", .impl = "", .threads = 1, .isa = -1, .seconds = 0.3, .most = 1e9}};
    bool files = false;
    for (int i = 1; i < argc; i++) read_word(&b.wish, argv[i]), files |= is_file(argv[i]);
    if (!files && !b.wish.samples && !b.wish.random)
        die("what", "name files of bench/shapes, such as bench/shapes/vgg16.txt, or samples, or "
                    "random=SEED");
    open_bench(&b);
    for (int i = 1; i < argc; i++)
        if (is_file(argv[i])) do_file(&b, argv[i]);
    if (b.wish.samples) do_samples(&b);
    if (b.wish.random) do_random(&b);
    return close_bench(&b);
}
