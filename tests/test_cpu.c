/* SPDX-License-Identifier: MIT */
/*
 * Every implementation against the operator's own loops in double, on drawn problems (sizes,
 * strides, pads, dilations, groups, odd tails, samples with gaps between them), for every
 * instruction set this machine has, and with 1, 2 and 3 threads to the same bits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <math.h>
#include <cmocka.h>

#include "base/text.h"
#include "cpu/impl.h"
#include "kern/kern.h"

#define MOST_INPUTS 3
#define THREADS     3

typedef struct problem {
    const fv_op *op;
    _Alignas(16) char options[512];
    fv_site site;
    int64_t gap; /* elements between samples, beyond them */
    bool training;
    bool labels; /* input 1 holds classes */
    uint64_t seed;
    char text[512];
} problem;

/* All tensors of one pass, in one type. */
typedef struct memory {
    fv_tensor x[FV_OP_INPUTS], dx[FV_OP_INPUTS], y, dy, w[FV_OP_PARAMS], dw[FV_OP_PARAMS],
        saved[FV_OP_SAVED];
} memory;

static fv_context ctx;
static fv_pool *pools[THREADS];

static fv_tensor make(const fv_shape *shape, fv_dtype dtype, int64_t gap) {
    fv_tensor t = fv__tensor(NULL, dtype, *shape);
    t.step += gap;
    t.data = fv__alloc(&ctx, (size_t)(t.step * shape->dim[0]) * fv__dtype_bytes(dtype), "a test");
    assert_non_null(t.data);
    return t;
}

static int64_t length(const fv_tensor *t) {
    return t->step * t->shape.dim[0];
}

static double get(const fv_tensor *t, int64_t i) {
    if (t->dtype == FV_F64) return ((double *)t->data)[i];
    if (t->dtype == FV_I32) return ((int32_t *)t->data)[i];
    if (t->dtype == FV_U8) return ((uint8_t *)t->data)[i];
    return ((float *)t->data)[i];
}

static void set(const fv_tensor *t, int64_t i, double v) {
    if (t->dtype == FV_F64)
        ((double *)t->data)[i] = v;
    else if (t->dtype == FV_I32)
        ((int32_t *)t->data)[i] = (int32_t)v;
    else if (t->dtype == FV_U8)
        ((uint8_t *)t->data)[i] = (uint8_t)v;
    else
        ((float *)t->data)[i] = (float)v;
}

/* Random numbers that float holds exactly, the gaps included. */
static void draw(const fv_tensor *t, uint64_t seed, uint64_t stream, double shift) {
    fv_key key = {seed, stream};
    for (int64_t i = 0; i < length(t); i++)
        set(t, i, (double)(float)(fv__random_normal(key, (uint64_t)i) + shift));
}

static memory allocate(const problem *p, fv_dtype dtype) {
    memory m;
    memset(&m, 0, sizeof m);
    const fv_site *s = &p->site;
    for (int i = 0; i < s->inputs; i++) {
        m.x[i] =
            make(&s->in[i], p->labels && i == 1 ? FV_I32 : dtype, i == 1 && p->labels ? 0 : p->gap);
        if (p->labels && i == 1) {
            for (int64_t n = 0; n < s->in[1].dim[0]; n++)
                set(&m.x[i], n,
                    (double)fv__random_below((fv_key){p->seed, 77}, (uint64_t)n,
                                             (uint64_t)s->in[0].dim[1]));
            continue;
        }
        draw(&m.x[i], p->seed, (uint64_t)i, 0);
        m.dx[i] = make(&s->in[i], dtype, p->gap);
        draw(&m.dx[i], p->seed, 10 + (uint64_t)i, 0);
    }
    m.y = make(&s->out, dtype, s->out.rank > 1 ? p->gap : 0);
    m.dy = make(&s->out, dtype, s->out.rank > 1 ? p->gap : 0);
    draw(&m.dy, p->seed, 20, 0);
    for (int i = 0; i < s->params; i++) {
        m.w[i] = make(&s->param[i].shape, dtype, 0);
        m.dw[i] = make(&s->param[i].shape, dtype, 0);
        draw(&m.w[i], p->seed, 30 + (uint64_t)i, 0);
        draw(&m.dw[i], p->seed, 40 + (uint64_t)i, 0);
        if (!s->param[i].learned) /* a variance is positive */
            for (int64_t k = 0; k < length(&m.w[i]); k++)
                set(&m.w[i], k, (double)(float)(fabs(get(&m.w[i], k)) + 0.5));
    }
    for (int i = 0; i < s->saved; i++)
        m.saved[i] =
            make(&s->saved_shape[i], s->saved_dtype[i] == FV_F32 ? dtype : s->saved_dtype[i], 0);
    return m;
}

static void release(memory *m) {
    for (int i = 0; i < FV_OP_INPUTS; i++) {
        fv__free(m->x[i].data);
        fv__free(m->dx[i].data);
    }
    for (int i = 0; i < FV_OP_PARAMS; i++) {
        fv__free(m->w[i].data);
        fv__free(m->dw[i].data);
    }
    for (int i = 0; i < FV_OP_SAVED; i++) fv__free(m->saved[i].data);
    fv__free(m->y.data);
    fv__free(m->dy.data);
}

static fv_pass pass_of(const problem *p, memory *m) {
    fv_pass pass = {.op = p->op,
                    .options = p->options,
                    .inputs = p->site.inputs,
                    .x = m->x,
                    .y = m->y,
                    .w = m->w,
                    .saved = m->saved,
                    .dy = m->dy,
                    .dx = m->dx,
                    .dw = m->dw,
                    .training = p->training,
                    .random = {p->seed, 99}};
    return pass;
}

static double largest(const fv_tensor *t) {
    double norm = 0;
    for (int64_t i = 0; i < length(t); i++) norm = fmax(norm, fabs(get(t, i)));
    return norm;
}

/* Fails when they differ by more than float32 sums of such numbers can. `norm`: the largest of what
   an activation was applied to; at least the largest result counts. */
static void compare(const problem *p, const char *what, const char *impl, const fv_tensor *a,
                    const fv_tensor *want, double norm) {
    const double tolerance = 3e-5;
    if (!a->data || !want->data) return;
    const int64_t sample = fv__shape_sample(&a->shape);
    for (int64_t i = 0; i < length(a); i++) norm = fmax(norm, fabs(get(want, i)));
    for (int64_t i = 0; i < length(a); i++) {
        const double x = get(a, i), y = get(want, i);
        const bool gap = i % a->step >= sample;
        if (gap ? x == y : fabs(x - y) <= tolerance * (0.05 * norm + fabs(y) + 1e-3)) continue;
        fail_msg("%s: %s of %s: element %lld is %.9g, expected %.9g%s (largest %.3g)", p->text,
                 what, impl, (long long)i, x, y, gap ? " (between samples)" : "", norm);
    }
}

static void same_bits(const problem *p, const char *what, const char *impl, const fv_tensor *a,
                      const fv_tensor *b) {
    if (!a->data) return;
    if (memcmp(a->data, b->data, (size_t)length(a) * fv__dtype_bytes(a->dtype)) != 0)
        fail_msg("%s: %s of %s depends on the number of threads", p->text, what, impl);
}

typedef struct pair {
    const char *what;
    fv_tensor *got, *want;
} pair;

static int results(fv_which which, const problem *p, memory *a, memory *b, pair *out) {
    int n = 0;
    if (which == FV_FORWARD) {
        out[n++] = (pair){"y", &a->y, &b->y};
        for (int i = 0; i < p->site.params; i++) out[n++] = (pair){"w", &a->w[i], &b->w[i]};
        for (int i = 0; p->training && i < p->site.saved; i++)
            out[n++] = (pair){"saved", &a->saved[i], &b->saved[i]};
        return n;
    }
    for (int i = 0; i < p->site.inputs; i++) out[n++] = (pair){"dx", &a->dx[i], &b->dx[i]};
    for (int i = 0; i < p->site.params; i++) out[n++] = (pair){"dw", &a->dw[i], &b->dw[i]};
    return n;
}

/* What backward reads, from the double run. */
static void give_forward(const problem *p, memory *m, const memory *oracle) {
    for (int64_t i = 0; i < length(&m->y); i++) set(&m->y, i, get(&oracle->y, i));
    for (int s = 0; s < p->site.saved; s++)
        for (int64_t i = 0; i < length(&m->saved[s]); i++)
            set(&m->saved[s], i, get(&oracle->saved[s], i));
}

static void run_impl(const problem *p, fv_which which, const fv_impl *impl,
                     const fv_kernels *kernels, fv_pool *pool, memory *m, const fv_op *then,
                     const void *then_options, bool dx_set) {
    fv_ask ask = {.dtype = FV_F32,
                  .which = which,
                  .training = p->training,
                  .kernels = kernels,
                  .workers = fv__pool_size(pool)};
    fv_pass pass = pass_of(p, m), behind = {.op = then, .options = then_options, .inputs = 1};
    const size_t bytes = impl->scratch ? impl->scratch(&p->site, &ask) : 0;
    /* A guard behind the scratch; and rubbish in it. */
    char *scratch = fv__alloc(&ctx, bytes + 64, "a test");
    assert_non_null(scratch);
    memset(scratch, 0x7f, bytes + 64);
    pass.scratch = scratch;
    pass.pool = pool;
    pass.kernels = kernels;
    pass.then = then ? &behind : NULL;
    for (int i = 0; i < p->site.inputs; i++) {
        pass.dx_set[i] = dx_set && impl->honours_dx_set;
        if (!dx_set || !m->dx[i].data || which == FV_FORWARD) continue;
        /* The old content is void; an implementation that adds gets it cleared by the plan. */
        const int64_t sample = fv__shape_sample(&m->dx[i].shape);
        for (int64_t k = 0; k < length(&m->dx[i]); k++)
            if (k % m->dx[i].step < sample)
                set(&m->dx[i], k, impl->honours_dx_set ? (double)NAN : 0.0);
    }
    impl->run(&pass);
    for (int i = 0; i < 64; i++)
        if (scratch[bytes + (size_t)i] != 0x7f)
            fail_msg("%s: %s wrote beyond its scratch memory", p->text, impl->name);
    fv__free(scratch);
}

static void check_impl(const problem *p, fv_which which, const fv_impl *impl,
                       const fv_kernels *kernels, memory *oracle, const fv_op *then,
                       const void *then_options, bool dx_set, double scale) {
    memory got[THREADS];
    char name[128];
    pair list[16];
    snprintf(name, sizeof name, "%s %s (%s%s%s)%s", which == FV_FORWARD ? "forward" : "backward",
             impl->name, kernels->name, then ? ", then " : "", then ? then->name : "",
             dx_set ? ", dx set" : "");
    for (int t = 0; t < THREADS; t++) {
        got[t] = allocate(p, FV_F32);
        if (which == FV_BACKWARD) give_forward(p, &got[t], oracle);
        run_impl(p, which, impl, kernels, pools[t], &got[t], then, then_options, dx_set);
    }
    int n = results(which, p, &got[0], oracle, list);
    for (int i = 0; i < n; i++) compare(p, list[i].what, name, list[i].got, list[i].want, scale);
    for (int t = 1; t < THREADS; t++) {
        n = results(which, p, &got[0], &got[t], list);
        for (int i = 0; i < n; i++) same_bits(p, list[i].what, name, list[i].got, list[i].want);
    }
    for (int t = 0; t < THREADS; t++) release(&got[t]);
}

/* Alone, and with one of the activations fused behind. */
static void check_forward(const problem *p, const fv_impl *impl, const fv_kernels *kernels,
                          memory *oracle) {
    static const char *const acts[] = {"relu", "tanh", "leakyrelu", "sigmoid", "scaledtanh", "elu"};
    check_impl(p, FV_FORWARD, impl, kernels, oracle, NULL, NULL, false, 0);
    const fv_op *then = fv__op_find(acts[p->seed % 6]);
    if (!impl->fuses || !impl->fuses(then)) return;
    memory after = allocate(p, FV_F64);
    fv_pass first = pass_of(p, &after);
    p->op->forward[1](&first);
    const double scale = largest(&after.y);
    char options[512] = {0};
    if (then->fields) fv__field_defaults(then->fields, options);
    fv_pass second = {.op = then, .options = options, .inputs = 1, .x = &after.y, .y = after.y};
    then->forward[1](&second);
    check_impl(p, FV_FORWARD, impl, kernels, &after, then, options, false, scale);
    release(&after);
}

/* Adding to dx, and overwriting it. */
static void check_backward(const problem *p, const fv_impl *impl, const fv_kernels *kernels,
                           memory *oracle) {
    for (int set_first = 0; set_first < 2; set_first++) {
        memory after = allocate(p, FV_F64);
        fv_pass back = pass_of(p, &after);
        give_forward(p, &after, oracle);
        for (int i = 0; set_first && i < p->site.inputs; i++)
            for (int64_t k = 0; after.dx[i].data && k < length(&after.dx[i]); k++)
                if (k % after.dx[i].step < fv__shape_sample(&p->site.in[i]))
                    set(&after.dx[i], k, 0);
        p->op->backward[1](&back);
        check_impl(p, FV_BACKWARD, impl, kernels, &after, NULL, NULL, set_first == 1, 0);
        release(&after);
    }
}

static void check(problem *p) {
    memory oracle = allocate(p, FV_F64);
    fv_pass pass = pass_of(p, &oracle);
    p->op->forward[1](&pass);
    for (int isa = FV_ISA_BASE; isa <= (int)fv__cpu_isa(); isa++) {
        const fv_kernels *kernels = fv__kernels((fv_isa)isa);
        fv_ask ask = {.training = p->training, .kernels = kernels, .workers = THREADS};
        for (int which = FV_FORWARD; which <= (p->training ? FV_BACKWARD : FV_FORWARD); which++) {
            ask.which = (fv_which)which;
            const fv_impl *const *list = fv__cpu_impls(p->op, ask.which);
            for (; *list; list++) {
                if ((*list)->refuses && (*list)->refuses(&p->site, &ask)) continue;
                if (ask.which == FV_FORWARD)
                    check_forward(p, *list, kernels, &oracle);
                else
                    check_backward(p, *list, kernels, &oracle);
            }
        }
    }
    release(&oracle);
}

/* A problem from its words: options as key=value; false when the shape rule refuses. */
static bool pose(problem *p, const char *op, const char *options, int inputs, const fv_shape *in,
                 uint64_t seed) {
    memset(p, 0, sizeof *p);
    p->op = fv__op_find(op);
    assert_non_null(p->op);
    assert_true(p->op->options_size <= sizeof p->options);
    p->seed = seed;
    p->gap = seed % 3 == 0 ? 0 : (int64_t)(seed % 7);
    p->training = true;
    p->labels = strcmp(op, "crossentropy") == 0;
    if (p->op->fields) fv__field_defaults(p->op->fields, p->options);
    char copy[256], *save = NULL;
    snprintf(copy, sizeof copy, "%s", options);
    for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        char *value = strchr(word, '=');
        assert_non_null(value);
        *value++ = 0;
        const fv_field *f = fv__field_find(p->op->fields, word);
        assert_non_null(f);
        if (fv__field_set_text(&ctx, f, p->options, value) != FV_OK) fail_msg("%s", ctx.message);
    }
    char dims[FV_SHAPE_TEXT];
    p->site.options = p->options;
    p->site.inputs = inputs;
    for (int i = 0; i < inputs; i++) p->site.in[i] = in[i];
    snprintf(p->text, sizeof p->text, "%s %s ; %s gap %d", op, options, fv__dims_text(dims, &in[0]),
             (int)p->gap);
    return p->op->shape(&ctx, &p->site) == FV_OK;
}

static int64_t pick(uint64_t seed, uint64_t *at, int64_t low, int64_t high) {
    return low + (int64_t)fv__random_below((fv_key){seed, 5}, (*at)++, (uint64_t)(high - low + 1));
}

static void test_conv(void **state) {
    (void)state;
    int done = 0;
    for (uint64_t seed = 1; seed <= 160; seed++) {
        uint64_t at = 0;
        char o[256];
        int64_t g = pick(seed, &at, 0, 3) == 0 ? pick(seed, &at, 1, 3) : 1;
        int64_t c = g * pick(seed, &at, 1, seed % 5 == 0 ? 40 : 7);
        int64_t k = g * pick(seed, &at, 1, seed % 7 == 0 ? 50 : 20);
        int64_t kh = pick(seed, &at, 1, 5), kw = seed % 2 ? kh : pick(seed, &at, 1, 5);
        snprintf(o, sizeof o,
                 "filters=%d kernel=%dx%d stride=%dx%d pad=%d,%d,%d,%d dilation=%dx%d groups=%d "
                 "bias=%s",
                 (int)k, (int)kh, (int)kw, (int)pick(seed, &at, 1, 3), (int)pick(seed, &at, 1, 3),
                 (int)pick(seed, &at, 0, 2), (int)pick(seed, &at, 0, 2), (int)pick(seed, &at, 0, 3),
                 (int)pick(seed, &at, 0, 2), (int)pick(seed, &at, 1, 2), (int)pick(seed, &at, 1, 2),
                 (int)g, pick(seed, &at, 0, 1) ? "yes" : "no");
        fv_shape in =
            fv__shape4(pick(seed, &at, 1, 5), c, pick(seed, &at, 1, 20), pick(seed, &at, 1, 37));
        problem p;
        if (!pose(&p, "conv", o, 1, &in, seed)) continue;
        check(&p);
        done++;
    }
    assert_true(done > 100);
}

/* Shapes that networks have, where blocking has several blocks. */
static void test_conv_known(void **state) {
    (void)state;
    static const struct {
        const char *o;
        fv_shape in;
    } cases[] = {{"filters=6 kernel=5x5", {4, {20, 1, 32, 32}}},
                 {"filters=16 kernel=5x5", {4, {18, 6, 14, 14}}},
                 {"filters=16 kernel=3x3 pad=1", {4, {3, 16, 32, 32}}},
                 {"filters=72 kernel=3x3 pad=1", {4, {1, 65, 14, 14}}},
                 {"filters=33 kernel=1x1", {4, {2, 210, 9, 9}}},
                 {"filters=40 kernel=1x1 stride=2 bias=no", {4, {2, 200, 9, 9}}},
                 {"filters=12 kernel=7x7 stride=2 pad=3", {4, {2, 3, 41, 37}}},
                 {"filters=12 kernel=11x11 stride=4", {4, {2, 3, 47, 47}}},
                 {"filters=24 kernel=3x3 pad=1 groups=24", {4, {2, 24, 15, 15}}},
                 {"filters=20 kernel=3x3 pad=1", {4, {17, 20, 2, 2}}},
                 {"filters=230 kernel=1x1", {4, {3, 17, 7, 7}}},
                 {"filters=2 kernel=1x1 stride=1000x7", {4, {1, 2, 5, 40}}},
                 {"filters=2 kernel=3x3 dilation=100 pad=100", {4, {1, 2, 7, 9}}},
                 {"filters=3 kernel=2x2 stride=9 pad=1", {4, {2, 2, 30, 30}}},
                 {"filters=2 kernel=14x14", {4, {1, 1, 20, 40}}},
                 {"filters=4 kernel=3x3 pad=5", {4, {2, 3, 9, 9}}}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        problem p;
        assert_true(pose(&p, "conv", cases[i].o, 1, &cases[i].in, i));
        check(&p);
    }
}

static void test_fc(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        uint64_t at = 0;
        char o[64];
        snprintf(o, sizeof o, "outputs=%d bias=%s", (int)pick(seed, &at, 1, seed % 4 ? 40 : 300),
                 seed % 3 ? "yes" : "no");
        fv_shape in = fv__shape2(pick(seed, &at, 1, 70), pick(seed, &at, 1, seed % 5 ? 90 : 1200));
        if (seed % 6 == 0) in = fv__shape4(3, 5, 4, 7);
        problem p;
        assert_true(pose(&p, "fc", o, 1, &in, seed));
        check(&p);
    }
}

static void test_pools(void **state) {
    (void)state;
    static const char *const ops[] = {"maxpool", "avgpool"};
    int done = 0;
    for (uint64_t seed = 1; seed <= 160; seed++) {
        uint64_t at = 0;
        char o[256];
        const bool max = seed % 2 == 0;
        int n = snprintf(
            o, sizeof o, "kernel=%dx%d stride=%dx%d pad=%d,%d,%d,%d ceil=%s",
            (int)pick(seed, &at, 1, 4), (int)pick(seed, &at, 1, 4), (int)pick(seed, &at, 0, 3),
            (int)pick(seed, &at, 0, 3), (int)pick(seed, &at, 0, 1), (int)pick(seed, &at, 0, 1),
            (int)pick(seed, &at, 0, 1), (int)pick(seed, &at, 0, 1), seed % 3 ? "no" : "yes");
        if (max && seed % 8 == 0) snprintf(o + n, sizeof o - (size_t)n, " dilation=2");
        if (!max) snprintf(o + n, sizeof o - (size_t)n, " count_pad=%s", seed % 5 ? "no" : "yes");
        if (seed % 10 == 1) snprintf(o, sizeof o, "kernel=2x2");
        if (seed % 10 == 3) snprintf(o, sizeof o, "kernel=3x3");
        fv_shape in = fv__shape4(pick(seed, &at, 1, 4), pick(seed, &at, 1, 5),
                                 pick(seed, &at, 1, 20), pick(seed, &at, 1, 80));
        problem p;
        if (!pose(&p, ops[!max], o, 1, &in, seed)) continue;
        check(&p);
        p.training = false;
        check(&p);
        done++;
    }
    assert_true(done > 80);
}

static void test_pointwise(void **state) {
    (void)state;
    static const char *const ops[] = {
        "relu",    "leakyrelu", "elu", "sigmoid", "tanh",          "scaledtanh",    "dropout",
        "softmax", "identity",  "bn",  "lrn",     "globalavgpool", "globalmaxpool", "crossentropy"};
    for (size_t k = 0; k < sizeof ops / sizeof *ops; k++) {
        for (uint64_t seed = 1; seed <= 12; seed++) {
            uint64_t at = 0;
            fv_shape in[2] = {fv__shape4(pick(seed, &at, 1, 5), pick(seed, &at, 1, 9),
                                         pick(seed, &at, 1, 9), pick(seed, &at, 1, 40))};
            int inputs = 1;
            if (strcmp(ops[k], "crossentropy") == 0) {
                in[0] =
                    fv__shape2(pick(seed, &at, 1, 70), pick(seed, &at, 1, seed % 4 ? 20 : 1000));
                in[1] = fv__shape1(in[0].dim[0]);
                inputs = 2;
            }
            if (strcmp(ops[k], "softmax") == 0 && seed % 2)
                in[0] = fv__shape2(3, pick(seed, &at, 1, 90));
            problem p;
            if (!pose(&p, ops[k], "", inputs, in, seed)) fail_msg("%s", ctx.message);
            check(&p);
            p.training = false;
            check(&p);
        }
    }
}

static void test_joins(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        uint64_t at = 0;
        fv_shape in[3];
        for (int i = 0; i < 3; i++) {
            in[i] = fv__shape4(3, 4, 5, (int64_t)seed);
            if (i > 0) in[i].dim[1] = pick(seed, &at, 1, 9);
        }
        problem p;
        assert_true(pose(&p, "concat", "", 3, in, seed));
        check(&p);
        in[1] = in[2] = in[0];
        assert_true(pose(&p, "add", "", 2 + (int)(seed % 2), in, seed));
        check(&p);
    }
}

static int set_up(void **state) {
    (void)state;
    for (int t = 0; t < THREADS; t++)
        if (fv__pool_new(&ctx, t + 1, &pools[t]) != FV_OK) return 1;
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    for (int t = 0; t < THREADS; t++) fv__pool_free(pools[t]);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conv),      cmocka_unit_test(test_conv_known),
        cmocka_unit_test(test_fc),        cmocka_unit_test(test_pools),
        cmocka_unit_test(test_pointwise), cmocka_unit_test(test_joins),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
