/* SPDX-License-Identifier: MIT */
/*
 * bench_cpu - times every implementation of every operator, forward and backward, on shapes that
 * networks have: in training, or in inference what is for inference alone.
 *
 *     bench_cpu [words] [threads=N] [seconds=S] [isa=NAME] [impl=NAME] [pass=forward|backward]
 *               [reference]
 *
 * Prints the median and the least time of many runs, GFLOP/s by the least, and its share of the
 * multiply-add peak of the same threads, measured just before. `words` keeps the lines that
 * contain it; `reference` times the reference loops too (slow). Operators, their samples, the
 * implementations and the sets of instructions are the library's lists; shapes stand in
 * bench_shapes.h. An implementation is treated as a plan treats it: settled and its weights
 * prepared beforehand, maps in the layouts it asks for, dx cleared first where it only adds.
 */
#include "base/cpu_features.h"
#include "base/denormal.h"
#include "bench_shapes.h"
#include "cpu/cpu.h"
#include "look/benchmark.h"
#include "op_problem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RUNS_MOST  20000
#define RUNS_LEAST 5
#define PATIENCE   20 /* seconds for the runs of one implementation, once there are enough */

/* What the command line says. */
typedef struct wishes {
    const char *words, *impl, *pass;
    int threads, isa;
    double seconds;
    bool reference;
} wishes;

typedef struct bench {
    wishes wish;
    const fv_device *device;
    fv_kernels table;
    const fv_kernels *kernels;
    fv_context *ctx;
    int lines; /* printed */
    double times[RUNS_MOST];
} bench;

/* One problem with its memory, and the implementation that is asked. */
typedef struct trial {
    bench *b;
    const char *label;
    op_problem p;
    bool wants_dx[OP_INPUTS];
    union {
        char bytes[OPTION_BYTES];
        double align;
    } act_options;
    fv_epilogue epilogue;
    double work; /* operations forward; 0: not counted */
    bool training;
    const fv_impl *impl;
    fv_settled settled;
    bool overwrite[OP_INPUTS];
    fv_pass pass;
} trial;

static const char *const pass_names[] = {[FV_FORWARD] = "forward", [FV_BACKWARD] = "backward"};

static _Noreturn void die(const char *what, const char *why) {
    fprintf(stderr, "bench_cpu: %s: %s\n", what, why);
    exit(1);
}

/* ------------------------------------------------------------------------------- the clock --- */

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
static void run_once(const trial *t) {
    const fv_device *device = t->b->device;
    for (int i = 0; t->impl->which == FV_BACKWARD && i < t->pass.inputs; i++)
        if (t->p.dx[i].data && !t->overwrite[i])
            device->clear(t->p.dx[i].data, op_bytes(&t->p.dx[i]));
    device->launch(t->impl->run, &t->pass);
}

/* The times of many runs, ascending; how many. */
static int time_runs(const trial *t) {
    bench *b = t->b;
    const fv_denormal_state denormals = fv__denormals_off();
    int n = 0;
    run_once(t);
    const double start = fv__seconds();
    for (double gone = 0; n < RUNS_MOST && (n < RUNS_LEAST || gone < b->wish.seconds);) {
        const double from = clock_now(b);
        run_once(t);
        b->times[n++] = clock_now(b) - from;
        gone = fv__seconds() - start;
        if (n >= RUNS_LEAST && gone > PATIENCE) break;
    }
    fv__denormals_restore(denormals);
    qsort(b->times, (size_t)n, sizeof *b->times, ascending);
    return n;
}

static void report(const trial *t, double top) {
    const double *times = t->b->times;
    const bool forward = t->impl->which == FV_FORWARD;
    const double work = forward || !t->p.dx[0].data ? t->work : 2 * t->work;
    const int n = time_runs(t);
    const char *pass = t->training ? pass_names[t->impl->which] : "inference";
    printf("%-26s %-9s %-10s %10.4f %10.4f", t->label, pass, t->impl->name, times[n / 2] * 1e3,
           times[0] * 1e3);
    if (work > 0)
        printf(" %8.1f %5.0f%%", work / times[0] / 1e9, 100 * work / times[0] / 1e9 / top);
    printf("\n");
    fflush(stdout);
    t->b->lines++;
}

/* ----------------------------------------------------------------------------- the problem --- */

/* Aligned as a plan's memory is. Real numbers in [-1, 1], or in [0.5, 1.5]; labels below `classes`.
   Whatever the layout, there are as many. */
static void make(trial *t, fv_tensor *to, const fv_shape *shape, fv_type type, bool positive) {
    const int64_t count = fv__shape_count(shape);
    const int64_t classes = fv__channels(&t->p.in[0]);
    *to = fv__tensor(NULL, type.dtype, *shape);
    if (!type.batched) to->step = 0;
    to->data = t->b->device->alloc(t->b->ctx, op_bytes(to), "a tensor");
    if (!to->data) die(t->label, t->b->ctx->message);
    for (int64_t i = 0; i < count; i++) {
        const double v = (double)(((uint64_t)i * 2654435761u >> 7) % 2001) / 1000.0 - 1.0;
        if (type.dtype == FV_F32)
            ((float *)to->data)[i] = (float)(positive ? 1 + v / 2 : v);
        else
            op_set(to, i, (double)(i % classes));
    }
}

static void make_inputs(trial *t, bool first) {
    op_problem *p = &t->p;
    for (int i = 0; i < p->site.inputs; i++) {
        const bool target = (p->op->traits & FV_LOSS) && i == p->site.inputs - 1;
        t->wants_dx[i] = p->in_type[i].dtype == FV_F32 && !target && !first && p->op->backward[0];
        make(t, &p->x[i], &p->in[i], p->in_type[i], p->positive[i]);
        p->dx[i] = p->x[i];
        p->dx[i].data = NULL;
        if (t->wants_dx[i]) make(t, &p->dx[i], &p->in[i], p->in_type[i], false);
    }
}

static void make_others(trial *t) {
    op_problem *p = &t->p;
    const fv_site *s = &p->site;
    const fv_type real = {FV_F32, true};
    for (int o = 0; o < s->outputs; o++) {
        make(t, &p->y[o], &p->out[o], p->out_type[o], false);
        make(t, &p->dy[o], &p->out[o], p->out_type[o], false);
    }
    for (int k = 0; k < s->params; k++) {
        make(t, &p->w[k], &s->param[k].shape, real, !s->param[k].learned); /* a variance is > 0 */
        make(t, &p->dw[k], &s->param[k].shape, real, false);
    }
    for (int k = 0; k < s->saved; k++)
        make(t, &p->saved[k], &s->saved_shape[k], (fv_type){s->saved_dtype[k], true}, false);
}

/* The activation behind, if the device applies it within the step. */
static void join_act(trial *t, const char *name) {
    fv_epilogue e = {.act = name ? fv__op_find(name) : NULL, .act_options = t->act_options.bytes};
    if (!e.act) return;
    if (e.act->fields) fv__field_defaults(e.act->fields, t->act_options.bytes);
    if (t->b->device->fuses(t->p.op, &e)) t->epilogue = e;
}

static void build(trial *t, const fv_op *op, const bench_shape *shape) {
    op_problem *p = &t->p;
    if (op_read_sample(p, op, shape->sample) != FV_OK ||
        fv__op_shape(&p->ctx, op, &p->site) != FV_OK)
        die(t->label, p->ctx.message);
    fv_cost cost = {0};
    if (op->cost) op->cost(&p->site, &cost);
    t->work = 2.0 * (double)cost.macs * (double)p->in[0].dim[0];
    make_inputs(t, shape->first);
    make_others(t);
    op_bind(p);
    op_weigh(p);
    join_act(t, shape->act);
}

static void release(trial *t) {
    op_problem *p = &t->p;
    void (*const give)(void *) = t->b->device->release;
    for (int i = 0; i < OP_INPUTS; i++) give(p->x[i].data), give(p->dx[i].data);
    for (int i = 0; i < OP_YS; i++) give(p->y[i].data), give(p->dy[i].data);
    for (int i = 0; i < FV_OP_PARAMS; i++) give(p->w[i].data), give(p->dw[i].data);
    for (int i = 0; i < FV_OP_SAVED; i++) give(p->saved[i].data);
}

/* ---------------------------------------------------------------------- the implementations --- */

static void lay(fv_tensor *t, fv_layout layout) {
    t->layout = layout;
    if (t->step) t->step = fv__layout_sample(layout, &t->shape);
}

/* Memory is the same for all layouts: what the numbers are does not matter, as long as they are
   some. */
static void lay_out(trial *t) {
    op_problem *p = &t->p;
    for (int i = 0; i < p->site.inputs; i++) {
        lay(&p->x[i], fv__impl_in(t->impl, &t->settled, i));
        lay(&p->dx[i], p->x[i].layout);
        t->overwrite[i] = t->impl->overwrites && t->impl->which == FV_BACKWARD;
    }
    for (int o = 0; o < p->site.outputs; o++) {
        lay(&p->y[o], fv__impl_out(t->impl, &t->settled, o));
        lay(&p->dy[o], p->y[o].layout);
    }
}

static void *lend(trial *t, size_t bytes) {
    void *memory = t->b->device->alloc(t->b->ctx, bytes, "an implementation's memory");
    if (!memory) die(t->label, t->b->ctx->message);
    return memory;
}

static void bind(trial *t) {
    const size_t workers = t->settled.worker * (size_t)fv__pool_size(t->b->ctx->pool);
    const bool forward = t->impl->which == FV_FORWARD;
    t->pass = t->p.pass;
    t->pass.training = t->training;
    t->pass.pool = t->b->ctx->pool;
    t->pass.kernels = t->b->kernels;
    t->pass.state = t->settled.state;
    t->pass.prepared = lend(t, t->settled.prepared);
    t->pass.scratch = lend(t, t->settled.scratch + workers);
    t->pass.epilogue = forward && t->epilogue.act ? &t->epilogue : NULL;
    t->pass.overwrite = forward ? NULL : t->overwrite;
}

/* Settles the first of a list that takes the problem, prepares the weights and calls `then`;
   false: none does. */
static bool with(trial *t, const fv_impl *const *list, fv_which which, double top) {
    bench *b = t->b;
    fv_device device = *b->device;
    fv_arena arena;
    device.impls = list;
    t->p.site.epilogue = which == FV_FORWARD ? t->epilogue : (fv_epilogue){0};
    const fv_request request = {.which = which,
                                .real = FV_F32,
                                .training = t->training,
                                .kernels = b->kernels,
                                .wants_dx = t->wants_dx,
                                .prefer = FV_PLAIN};
    fv__arena_init(&arena, b->ctx);
    const fv_status status = fv__impl_choose(b->ctx, &device, t->p.op, &t->p.site, &request, &arena,
                                             &t->impl, &t->settled, NULL);
    if (status == FV_EXHAUSTED) die(t->label, fv__impl_no_memory);
    if (status == FV_OK) {
        lay_out(t);
        bind(t);
        if (t->impl->prepare) b->device->launch(t->impl->prepare, &t->pass);
        if (top > 0)
            report(t, top);
        else
            run_once(t);
        b->device->release(t->pass.prepared);
        b->device->release(t->pass.scratch);
    }
    fv__arena_free(&arena);
    return status == FV_OK;
}

static bool wanted(const bench *b, const fv_impl *impl, const fv_op *op) {
    if (impl->op && impl->op != op) return false;
    if (impl->which == FV_BACKWARD && !op->backward[0]) return false;
    if (!b->wish.reference && strcmp(impl->name, "reference") == 0) return false;
    return strstr(impl->name, b->wish.impl) && strstr(pass_names[impl->which], b->wish.pass);
}

/* All implementations on one problem; backward reads what a forward pass left. */
static void time_shape(bench *b, const fv_op *op, const bench_shape *shape) {
    static trial t;
    if (!strstr(shape->label, b->wish.words)) return;
    t = (trial){.b = b, .label = shape->label, .training = true};
    build(&t, op, shape);
    const bool trains = !op->trains || op->trains(&t.p.ctx, &t.p.site) == FV_OK;
    if (trains && with(&t, b->device->impls, FV_FORWARD, 0)) {
        const double top = peak(b);
        for (int which = FV_FORWARD; which <= FV_BACKWARD; which++)
            for (const fv_impl *const *i = b->device->impls; *i; i++) {
                const fv_impl *const one[] = {*i, NULL};
                t.training = true;
                if ((*i)->which != (fv_which)which || !wanted(b, *i, op)) continue;
                while (!with(&t, one, (*i)->which, top) && t.training) t.training = false;
            }
    }
    release(&t);
}

/* ------------------------------------------------------------------------------------ all --- */

static void time_samples(bench *b, const fv_op *op) {
    for (const char *const *sample = op->samples; *sample; sample++) {
        char label[OPTION_BYTES];
        (void)snprintf(label, sizeof label, "%s %s", op->name, *sample);
        const bench_shape shape = {label, op->name, *sample, false, NULL};
        time_shape(b, op, &shape);
    }
}

static void time_all(bench *b) {
    const size_t count = sizeof bench_shapes / sizeof *bench_shapes;
    for (size_t i = 0; i < count; i++) {
        const fv_op *op = fv__op_find(bench_shapes[i].op);
        if (!op) die(bench_shapes[i].label, "no such operator");
        time_shape(b, op, &bench_shapes[i]);
    }
    for (int n = 0; op_number_of(n); n++) {
        const fv_op *op = op_number_of(n);
        bool has = false;
        for (size_t i = 0; i < count; i++) has = has || strcmp(bench_shapes[i].op, op->name) == 0;
        if (!has) time_samples(b, op);
    }
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

static void read_word(wishes *w, const char *word) {
    const char *value;
    if ((value = value_of(word, "threads=")))
        w->threads = atoi(value);
    else if ((value = value_of(word, "seconds=")))
        w->seconds = atof(value);
    else if ((value = value_of(word, "impl=")))
        w->impl = value;
    else if ((value = value_of(word, "pass=")))
        w->pass = value;
    else if ((value = value_of(word, "isa=")))
        w->isa = read_isa(value);
    else if (strcmp(word, "reference") == 0)
        w->reference = true;
    else
        w->words = word;
}

int main(int argc, char **argv) {
    static bench b = {.wish = {.words = "", .impl = "", .pass = "", .threads = 1, .seconds = 0.3}};
    char cpu[64];
    b.device = &fv__cpu_device;
    b.wish.isa = fv__isa_best();
    for (int i = 1; i < argc; i++) read_word(&b.wish, argv[i]);
    b.kernels = b.device->kernels(b.wish.isa, &b.table);
    if (fv_context_new(b.wish.threads, &b.ctx) != FV_OK) die("threads", b.ctx->message);
    b.ctx->isa = b.wish.isa;
    const int threads = fv__pool_size(b.ctx->pool);
    printf("%s, %s, %d thread%s, peak %.1f GFLOP/s\n", fv__cpu_name(cpu), b.kernels->name, threads,
           threads > 1 ? "s" : "", peak(&b));
    printf("%-26s %-9s %-10s %10s %10s %8s %6s\n", "", "", "", "median ms", "least ms", "GFLOP/s",
           "peak");
    time_all(&b);
    if (!b.lines)
        die(b.wish.words, "nothing to time by that name (reference loops are when asked for)");
    fv_context_free(b.ctx);
    return 0;
}
