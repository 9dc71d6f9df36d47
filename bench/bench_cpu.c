/* SPDX-License-Identifier: MIT */
/*
 * bench_cpu - times every implementation of convolutions, fully connected layers, pools and
 * activations, forward and backward, on shapes that networks have.
 *
 *     bench_cpu [words] [threads=N] [seconds=S] [isa=baseline|avx2|avx512] [impl=NAME]
 *               [pass=forward|backward] [reference]
 *
 * Prints the median and the least time of many runs, GFLOP/s by the least, and its share of the
 * multiply-add peak of the same threads, measured in the same second. `words` keeps the lines that
 * contain it; `reference` times the reference loops too (slow).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "cpu/impl.h"
#include "kern/kern.h"

typedef struct bench_case {
    const char *label, *op, *options;
    fv_shape in;
    bool no_dx; /* a first layer */
    const char *then;
} bench_case;

#define MAP(n, c, h, w)                                                                            \
    {                                                                                              \
        4, {                                                                                       \
            n, c, h, w                                                                             \
        }                                                                                          \
    }
static const bench_case cases[] = {
    {"lenet conv1", "conv", "filters=6 kernel=5x5", MAP(64, 1, 32, 32), true, "tanh"},
    {"lenet tanh1", "tanh", "", MAP(64, 6, 28, 28), false, NULL},
    {"lenet pool1", "avgpool", "kernel=2x2", MAP(64, 6, 28, 28), false, NULL},
    {"lenet conv2", "conv", "filters=16 kernel=5x5", MAP(64, 6, 14, 14), false, "tanh"},
    {"lenet tanh2", "tanh", "", MAP(64, 16, 10, 10), false, NULL},
    {"lenet pool2", "avgpool", "kernel=2x2", MAP(64, 16, 10, 10), false, NULL},
    {"lenet maxpool1", "maxpool", "kernel=2x2", MAP(64, 6, 28, 28), false, NULL},
    {"lenet fc1", "fc", "outputs=120", {2, {64, 400}}, false, "tanh"},
    {"lenet fc2", "fc", "outputs=84", {2, {64, 120}}, false, "tanh"},
    {"lenet fc3", "fc", "outputs=10", {2, {64, 84}}, false, NULL},
    {"cifar conv 3>16 b128", "conv", "filters=16 kernel=3x3 pad=1", MAP(128, 3, 32, 32), true,
     NULL},
    {"cifar conv 16>16 b128", "conv", "filters=16 kernel=3x3 pad=1", MAP(128, 16, 32, 32), false,
     NULL},
    {"cifar conv 32>32 b128", "conv", "filters=32 kernel=3x3 pad=1", MAP(128, 32, 16, 16), false,
     NULL},
    {"cifar conv 64>64 b128", "conv", "filters=64 kernel=3x3 pad=1", MAP(128, 64, 8, 8), false,
     NULL},
    {"cifar bn 16 b128", "bn", "", MAP(128, 16, 32, 32), false, NULL},
    {"vgg 3>64 224", "conv", "filters=64 kernel=3x3 pad=1", MAP(1, 3, 224, 224), true, "relu"},
    {"vgg 64>64 224", "conv", "filters=64 kernel=3x3 pad=1", MAP(1, 64, 224, 224), false, "relu"},
    {"vgg 128>128 112", "conv", "filters=128 kernel=3x3 pad=1", MAP(1, 128, 112, 112), false,
     "relu"},
    {"vgg 256>256 56", "conv", "filters=256 kernel=3x3 pad=1", MAP(1, 256, 56, 56), false, "relu"},
    {"vgg 512>512 28", "conv", "filters=512 kernel=3x3 pad=1", MAP(1, 512, 28, 28), false, "relu"},
    {"vgg 512>512 14", "conv", "filters=512 kernel=3x3 pad=1", MAP(1, 512, 14, 14), false, "relu"},
    {"vgg maxpool 224", "maxpool", "kernel=2x2", MAP(1, 64, 224, 224), false, NULL},
    {"vgg fc6 b1", "fc", "outputs=4096", {2, {1, 25088}}, false, "relu"},
    {"vgg fc7 b16", "fc", "outputs=4096", {2, {16, 4096}}, false, "relu"},
    {"resnet conv1", "conv", "filters=64 kernel=7x7 stride=2 pad=3", MAP(1, 3, 224, 224), true,
     "relu"},
    {"resnet maxpool", "maxpool", "kernel=3x3 stride=2 pad=1", MAP(1, 64, 112, 112), false, NULL},
    {"resnet 64>256 56 1x1", "conv", "filters=256 kernel=1x1", MAP(1, 64, 56, 56), false, NULL},
    {"resnet 256>64 56 1x1", "conv", "filters=64 kernel=1x1", MAP(1, 256, 56, 56), false, NULL},
    {"resnet 256>512 56 1x1s2", "conv", "filters=512 kernel=1x1 stride=2", MAP(1, 256, 56, 56),
     false, NULL},
    {"resnet 128>128 28", "conv", "filters=128 kernel=3x3 pad=1", MAP(1, 128, 28, 28), false, NULL},
    {"resnet 256>256 28 s2", "conv", "filters=256 kernel=3x3 stride=2 pad=1", MAP(1, 256, 28, 28),
     false, NULL},
    {"resnet 1024>256 14 1x1", "conv", "filters=256 kernel=1x1", MAP(1, 1024, 14, 14), false, NULL},
    {"resnet 512>512 7", "conv", "filters=512 kernel=3x3 pad=1", MAP(1, 512, 7, 7), false, NULL},
    {"resnet 2048>512 7 1x1", "conv", "filters=512 kernel=1x1", MAP(1, 2048, 7, 7), false, NULL},
    {"resnet 512>512 7 b8", "conv", "filters=512 kernel=3x3 pad=1", MAP(8, 512, 7, 7), false, NULL},
    {"resnet bn 256 56", "bn", "", MAP(8, 256, 56, 56), false, NULL},
    {"alexnet conv1", "conv", "filters=96 kernel=11x11 stride=4", MAP(1, 3, 227, 227), true,
     "relu"},
    {"alexnet conv2", "conv", "filters=256 kernel=5x5 pad=2 groups=2", MAP(1, 96, 27, 27), false,
     "relu"},
    {"alexnet lrn", "lrn", "", MAP(1, 96, 27, 27), false, NULL},
    {"depthwise 96 112", "conv", "filters=96 kernel=3x3 pad=1 groups=96", MAP(1, 96, 112, 112),
     false, NULL},
};

static fv_context ctx;
static const fv_kernels *kernels;
static fv_pool *pool;
static double seconds = 0.3;
static const char *only_impl = "", *only_pass = "";

static void die(const char *what) {
    fprintf(stderr, "bench_cpu: %s: %s\n", what, ctx.message);
    exit(1);
}

static fv_tensor make(const fv_shape *shape, fv_dtype dtype) {
    fv_tensor t = fv__tensor(NULL, dtype, *shape);
    t.data = fv__alloc(&ctx, (size_t)fv__shape_count(shape) * fv__dtype_bytes(dtype), "a tensor");
    if (!t.data) die("memory");
    if (dtype == FV_F32)
        for (int64_t i = 0; i < fv__shape_count(shape); i++)
            ((float *)t.data)[i] = (float)((i * 2654435761u >> 7) % 2001) / 1000.0f - 1.0f;
    return t;
}

static void peak_job(void *arg, int64_t job, int worker) {
    (void)worker;
    ((double *)arg)[job * 8] = kernels->peak(40000);
}

/* GFLOP/s of all threads at once: the best of a few. */
static double peak(void) {
    const int threads = fv__pool_size(pool);
    double best = 0, flops[8 * 64] = {0};
    for (int i = 0; i < 12; i++) {
        double start = fv__seconds(), sum = 0;
        fv__pool_run(pool, threads, peak_job, flops);
        double rate = (start = fv__seconds() - start);
        for (int t = 0; t < threads; t++) sum += flops[t * 8];
        rate = sum / start / 1e9;
        if (rate > best) best = rate;
    }
    return best;
}

/* One thread is timed by its own clock, so that others on the machine count less. */
static double clock_now(void) {
#ifdef CLOCK_THREAD_CPUTIME_ID
    struct timespec t;
    if (fv__pool_size(pool) == 1 && clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) == 0)
        return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
#endif
    return fv__seconds();
}

static int ascending(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

#define RUNS_MOST 20000
static double times[RUNS_MOST];

static void report(const char *label, const char *what, const char *impl, const fv_pass *pass,
                   fv_pass_fn *run, double flops, double top) {
    int n = 0;
    run(pass);
    const double start = fv__seconds();
    while (n < RUNS_MOST && (n < 5 || fv__seconds() - start < seconds)) {
        const double t = clock_now();
        run(pass);
        times[n++] = clock_now() - t;
        if (n >= 5 && fv__seconds() - start > 20) break;
    }
    qsort(times, (size_t)n, sizeof *times, ascending);
    printf("%-26s %-9s %-10s %10.4f %10.4f", label, what, impl, times[n / 2] * 1e3, times[0] * 1e3);
    if (flops > 0)
        printf(" %8.1f %5.0f%%\n", flops / times[0] / 1e9, 100 * flops / times[0] / 1e9 / top);
    else
        printf("\n");
    fflush(stdout);
}

static void read_options(const fv_op *op, const char *options, void *out) {
    char copy[256], *save = NULL;
    if (op->fields) fv__field_defaults(op->fields, out);
    snprintf(copy, sizeof copy, "%s", options);
    for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        char *value = strchr(word, '=');
        *value++ = 0;
        if (fv__field_set_text(&ctx, fv__field_find(op->fields, word), out, value) != FV_OK)
            die("options");
    }
}

static void run_case(const bench_case *c, bool reference) {
    _Alignas(16) char options[512] = {0}, then_options[512] = {0};
    fv_site site = {.options = options, .inputs = 1, .in = {c->in}};
    const fv_op *op = fv__op_find(c->op), *then = c->then ? fv__op_find(c->then) : NULL;
    fv_tensor x, y, dy, dx = {0}, w[FV_OP_PARAMS], dw[FV_OP_PARAMS], saved[FV_OP_SAVED];
    fv_cost cost = {0};
    read_options(op, c->options, options);
    if (then) read_options(then, "", then_options);
    if (op->shape(&ctx, &site) != FV_OK) die(c->label);
    if (op->cost) op->cost(&site, &cost);
    const double flops = 2.0 * (double)cost.macs * (double)c->in.dim[0], top = peak();
    x = make(&c->in, FV_F32);
    y = make(&site.out, FV_F32);
    dy = make(&site.out, FV_F32);
    if (!c->no_dx) dx = make(&c->in, FV_F32);
    dx.shape = c->in;
    for (int i = 0; i < site.params; i++) {
        w[i] = make(&site.param[i].shape, FV_F32);
        dw[i] = make(&site.param[i].shape, FV_F32);
    }
    for (int i = 0; i < site.saved; i++) saved[i] = make(&site.saved_shape[i], site.saved_dtype[i]);
    fv_pass behind = {.op = then, .options = then_options, .inputs = 1};
    for (int which = FV_FORWARD; which <= FV_BACKWARD; which++) {
        fv_ask ask = {.which = (fv_which)which,
                      .training = true,
                      .kernels = kernels,
                      .workers = fv__pool_size(pool),
                      .wants_dx = {!c->no_dx}};
        const fv_impl *const *list = fv__cpu_impls(op, ask.which);
        for (; *list; list++) {
            if ((*list)->refuses && (*list)->refuses(&site, &ask)) continue;
            if (!strstr((*list)->name, only_impl)) continue;
            if (!strstr(which == FV_FORWARD ? "forward" : "backward", only_pass)) continue;
            if (!reference && strcmp((*list)->name, "reference") == 0) continue;
            const size_t bytes = (*list)->scratch ? (*list)->scratch(&site, &ask) : 0;
            fv_pass pass = {.op = op,
                            .options = options,
                            .inputs = 1,
                            .x = &x,
                            .y = y,
                            .w = w,
                            .saved = saved,
                            .dy = dy,
                            .dx = &dx,
                            .dw = dw,
                            .training = true,
                            .pool = pool,
                            .kernels = kernels,
                            .dx_set = {true}};
            pass.scratch = fv__alloc(&ctx, bytes, "scratch");
            if (!pass.scratch) die("scratch");
            if (which == FV_FORWARD && then && (*list)->fuses && (*list)->fuses(then))
                pass.then = &behind;
            double work = which == FV_FORWARD ? flops : c->no_dx ? flops : 2 * flops;
            report(c->label, which == FV_FORWARD ? "forward" : "backward", (*list)->name, &pass,
                   (*list)->run, work, top);
            fv__free(pass.scratch);
        }
    }
    fv__free(x.data);
    fv__free(y.data);
    fv__free(dy.data);
    fv__free(dx.data);
    for (int i = 0; i < site.params; i++) {
        fv__free(w[i].data);
        fv__free(dw[i].data);
    }
    for (int i = 0; i < site.saved; i++) fv__free(saved[i].data);
}

int main(int argc, char **argv) {
    const char *words = "";
    int threads = 1;
    bool reference = false;
    int isa = fv__isa_best();
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "threads=", 8) == 0)
            threads = atoi(argv[i] + 8);
        else if (strncmp(argv[i], "seconds=", 8) == 0)
            seconds = atof(argv[i] + 8);
        else if (strncmp(argv[i], "impl=", 5) == 0)
            only_impl = argv[i] + 5;
        else if (strncmp(argv[i], "pass=", 5) == 0)
            only_pass = argv[i] + 5;
        else if (strncmp(argv[i], "isa=", 4) == 0) {
            for (int l = 0; l < FV_ISAS; l++)
                if (strcmp(fv__isa_name(l), argv[i] + 4) == 0 && fv__isa_supported(l)) isa = l;
        } else if (strcmp(argv[i], "reference") == 0)
            reference = true;
        else
            words = argv[i];
    }
    if (threads < 1 || threads > 64) threads = 1;
    static fv_kernels table;
    kernels = fv__kernels(isa, &table);
    if (fv__pool_new(&ctx, threads, &pool) != FV_OK) die("threads");
    char cpu[64];
    printf("%s, %s, %d thread%s, peak %.1f GFLOP/s\n", fv__cpu_name(cpu), kernels->name, threads,
           threads > 1 ? "s" : "", peak());
    printf("%-26s %-9s %-10s %10s %10s %8s %6s\n", "", "", "", "median ms", "least ms", "GFLOP/s",
           "peak");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (strstr(cases[i].label, words)) run_case(&cases[i], reference);
    fv__pool_free(pool);
    return 0;
}
