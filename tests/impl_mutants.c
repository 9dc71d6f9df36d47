/* SPDX-License-Identifier: MIT */
/*
 * impl_mutants.c - that the checks of implementations can fail. A right one, a 1x1 convolution over
 * channels in blocks with packed weights, must pass; then it does one thing wrong at a time, and
 * each must be found.
 */
#include "cpu/cpu.h"
#include "impl_cases.h"
#include "op/conv.h"

/* These write and read where nobody may. The tests are to find it themselves, before the address
   sanitizer ends the program for it. */
#define UNWATCHED __attribute__((no_sanitize("address")))

typedef enum mistake {
    NONE,
    IN_SCRATCH,      /* writes behind its working memory */
    IN_PREPARED,     /* writes into what was prepared */
    BEHIND_PREPARED, /* prepares more than it said */
    IN_STATE,        /* writes into what was settled */
    BETWEEN_SAMPLES,
    READS_WEIGHTS, /* says that it reads packed ones */
    OTHER_LAYOUT,  /* reads blocks as if they were plain */
    BY_THREADS,    /* other bits with other numbers of threads */
    BY_RUN,        /* other bits the second time */
    BY_MEMORY,     /* reads working memory that nobody wrote */
    NO_EPILOGUE,
    HIDDEN_REFUSAL, /* no memory, but it says something else */
    MISTAKES
} mistake;

static const char *const names[MISTAKES] = {"nothing wrong",          "writing behind its scratch",
                                            "writing into prepared",  "preparing too much",
                                            "writing into its state", "writing between samples",
                                            "reading unpacked",       "the wrong layout",
                                            "bits by threads",        "bits by run",
                                            "bits by rubbish",        "no epilogue",
                                            "refused memory unsaid"};

static mistake wrong; /* what it does wrong now */
static int runs;

typedef struct sizes {
    int64_t channels, filters, pixels;
    int64_t runs; /* IN_STATE writes here */
} sizes;

static const char *settle(const fv_site *site, const fv_request *request, fv_arena *arena,
                          fv_settled *settled) {
    const fv_conv_options *o = site->options;
    const fv_shape *in = &site->in[0], *out = &site->out[0];
    FV_STATE(sizes, s, arena);
    if (!s) return wrong == HIDDEN_REFUSAL ? "it does not like it" : fv__impl_no_memory;
    if (request->real != FV_F32 || o->kernel.h * o->kernel.w != 1 || o->groups != 1 ||
        in->dim[2] != out->dim[2] || in->dim[3] != out->dim[3])
        return "1x1 in float32, one pixel to one";
    *s = (sizes){in->dim[1], out->dim[1], in->dim[2] * in->dim[3], 0};
    settled->state = s;
    settled->scratch = sizeof(float);
    settled->prepared = sizeof(float) * (size_t)(s->channels * s->filters);
    settled->packed = true;
    return NULL;
}

/* Transposed: [channel][filter]. */
UNWATCHED static void prepare(const fv_pass *p) {
    const sizes *s = p->state;
    const float *w = p->w[0].data;
    float *to = p->prepared;
    for (int64_t c = 0; c < s->channels; c++)
        for (int64_t k = 0; k < s->filters; k++) to[c * s->filters + k] = w[k * s->channels + c];
    if (wrong == BEHIND_PREPARED) to[s->channels * s->filters] = 1;
}

UNWATCHED static float sum_at(const fv_pass *p, const float *x, int64_t k, int64_t pixel) {
    const sizes *s = p->state;
    const float *w = wrong == READS_WEIGHTS ? p->w[0].data : p->prepared;
    float sum = p->params > 1 ? ((const float *)p->w[1].data)[k] : 0;
    for (int64_t c = 0; c < s->channels; c++) {
        const fv_layout layout = wrong == OTHER_LAYOUT ? FV_PLAIN : FV_BLOCK16;
        const int64_t at = fv__layout_channel(layout, s->channels, s->pixels, c) +
                           pixel * fv__layout_pixel(layout, s->channels);
        sum += x[at] * w[wrong == READS_WEIGHTS ? k * s->channels + c : c * s->filters + k];
    }
    return sum;
}

/* The activation by the operator's own loops: of one number. */
static float activated(const fv_pass *p, float v) {
    if (!p->epilogue || !p->epilogue->act) return v;
    fv_tensor t = fv__tensor(&v, FV_F32, fv__shape1(1));
    const fv_pass act = {.options = p->epilogue->act_options, .inputs = 1, .x = &t, .y = &t};
    p->epilogue->act->forward[0](&act);
    return v;
}

UNWATCHED static void sample(const fv_pass *p, int64_t n) {
    const sizes *s = p->state;
    const float *x = fv__cpu_at(&p->x[0], n);
    const float *added = p->added ? fv__cpu_at(p->added, n) : NULL;
    float *y = fv__cpu_at(&p->y[0], n);
    for (int64_t k = 0; k < s->filters; k++)
        for (int64_t i = 0; i < s->pixels; i++) {
            const int64_t at = fv__layout_channel(FV_BLOCK16, s->filters, s->pixels, k) +
                               i * fv__layout_pixel(FV_BLOCK16, s->filters);
            const float v = sum_at(p, x, k, i) + (added ? added[at] : 0);
            y[at] = wrong == NO_EPILOGUE ? v : activated(p, v);
        }
    if (wrong == BETWEEN_SAMPLES && p->y[0].step > s->filters * s->pixels) y[p->y[0].step - 1] = 0;
}

UNWATCHED static void run(const fv_pass *p) {
    float *y = p->y[0].data;
    for (int64_t n = 0; n < p->y[0].shape.dim[0]; n++) sample(p, n);
    runs++;
    if (wrong == IN_SCRATCH) ((float *)p->scratch)[1] = 1;
    if (wrong == IN_PREPARED) ((float *)p->prepared)[3] = 1;
    if (wrong == IN_STATE) ((sizes *)(uintptr_t)p->state)->runs++;
    if (wrong == BY_THREADS) y[0] += 1e-6f * (float)fv__pool_size(p->pool);
    if (wrong == BY_RUN) y[0] += 1e-6f * (float)(runs % 3);
    if (wrong == BY_MEMORY && *(unsigned char *)p->scratch) y[0] += 1e-6f;
}

static const fv_impl blocked = {.name = "blocked",
                                .op = &fv__op_conv,
                                .which = FV_FORWARD,
                                .takes = FV_BLOCK16,
                                .gives = FV_BLOCK16,
                                .settle = settle,
                                .prepare = prepare,
                                .run = run};

/* A relu that says of its backward that it overwrites, but adds. */
static void add_gradient(const fv_pass *p) {
    fv__op_relu.backward[0](p);
}
static const fv_impl adding = {.name = "adding",
                               .op = &fv__op_relu,
                               .which = FV_BACKWARD,
                               .run = add_gradient,
                               .overwrites = true};

/* How many checks fail; the implementation must take the problem. */
static int failures(op_tally *t, const fv_impl *impl, const char *problem) {
    const fv_impl *only[] = {impl, NULL};
    fv_device device = fv__cpu_device;
    op_tally inner = {.quiet = true};
    device.impls = only;
    op_check(t, impl_cases_of(&inner, &device, impl->op, problem) == 1, "%s does not take '%s'",
             impl->name, problem);
    return inner.failed;
}

void impl_mutants(op_tally *t) {
    for (int m = NONE; m < MISTAKES; m++) {
        wrong = (mistake)m;
        const int failed = failures(t, &blocked, "32 1x1 ; 2x16x3x5");
        op_check(t, (failed > 0) == (m != NONE), "an implementation with %s: %d checks fail",
                 names[m], failed);
    }
    wrong = NONE;
    op_check(t, failures(t, &adding, "; 2x3x4x5") > 0, "adding to what is to be overwritten");
}
