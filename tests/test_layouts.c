/* SPDX-License-Identifier: MIT */
/*
 * Layouts end to end: networks whose maps lie in blocks of 16 channels where an implementation for
 * that is there, and plainly elsewhere, compute what they compute plainly and by the reference
 * loops in double; values are converted where two layouts meet and nowhere else.
 */
#include "cpu/cpu.h"
#include "lang/lang.h"
#include "plan/plan_internal.h"
#include "fovea.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define LIMIT 1e-4

static const char *const texts[] = {
    /* ResNet's bottlenecks: bn, sums and activations behind 1x1s; a 3-channel input and 3x3s that
       stay plain; 24 channels, which are no whole blocks */
    "net bottleneck\nblock bottle(k) = add { conv k 1x1 bias no - bn - relu - conv k 3x3 pad 1 "
    "bias no - bn - relu\n - conv 4*k 1x1 bias no - bn | if channels == 4*k then identity else\n"
    " (conv 4*k 1x1 bias no - bn) } - relu\ninput 3x10x9\n conv 32 3x3 pad 1 bias no - bn - relu\n"
    " - maxpool 3x3 stride 2 pad 1 - bottle(16) - bottle(16) - bottle(24) - globalavgpool - fc 5\n"
    " - softmax\n",
    /* DenseNet: a chain of joins, in place; bn over the joined buffer; a transition */
    "net dense\nblock layer(k) = concat { identity | bn - relu - conv 32 1x1 bias no - bn - relu\n"
    " - conv k 1x1 bias no }\ninput 3x8x8\n conv 16 3x3 pad 1 - conv 16 1x1 - layer(16)*3 - bn\n"
    " - relu - conv 32 1x1 - avgpool 2 - layer(16)*2 - layer(8) - globalavgpool - fc 4 - softmax\n",
    /* the same with 3x3s: all joins are plain, what reads them is not */
    "net dense3\nblock layer(k) = concat { identity | bn - relu - conv 32 1x1 bias no - bn - relu\n"
    " - conv k 3x3 pad 1 bias no }\ninput 3x8x8\n conv 16 3x3 pad 1 - layer(16)*3 - bn - relu\n"
    " - globalavgpool - fc 4 - softmax\n",
    /* Inception: joins of blocked and of mixed branches, pools that overlap, an activation behind
     */
    "net incept\ninput 3x12x11\n conv 16 3x3 - relu - maxpool 2 ceil - concat { conv 16 1x1 - "
    "relu\n"
    " | conv 16 1x1 - relu - conv 32 3x3 pad 1 - relu | maxpool 3x3 stride 1 pad 1 - conv 16 1x1 "
    "-\n"
    " relu } - relu - concat { conv 32 1x1 - relu | maxpool 3x3 stride 1 pad 1 - conv 16 1x1 |\n"
    " identity } - relu - maxpool 3x3 stride 2 pad 1 dilation 2 - fc 6 - softmax\n",
    /* one value read in both layouts, several times; a sum of three; a head beside */
    "net twice\ninput 16x6x6\n conv 16 1x1 as a - add { conv 16 3x3 pad 1 | conv 16 1x1 - tanh |\n"
    " identity } - relu as b - concat { conv 16 1x1 | conv 5 3x3 pad 1 | from a } - fc 3 - "
    "softmax\n"
    "head side weight 0.5 training from b - conv 32 1x1 - relu - globalavgpool - fc 3 - softmax\n",
    /* outputs that lie in blocks; odd sizes of tiles */
    "net open\ninput 16x5x5\n conv 48 1x1 - bn - maxpool 2 stride 1 - dropout 0.5 - fc 4 - "
    "softmax\n"
    "head maps from bn1 - relu - fc 2 - softmax\n",
};

/* ------------------------------------------------------------------------------- problems --- */

typedef struct problem {
    fv_context *ctx;
    fv_graph *net, *trained;
    int64_t batch;
    float *weights, *gradients;
    double *weights64, *gradients64;
} problem;

static void must(fv_context *ctx, fv_status status) {
    if (status != FV_OK) print_error("%s\n", ctx->message);
    assert_int_equal(status, FV_OK);
}

/* Statistics that differ from 0 and 1, biases and scales as well. */
static void draw_weights(problem *p) {
    const fv_graph *net = p->trained;
    fv__net_initialise(net, FV_HE, 7, p->weights);
    for (size_t i = 0; i < net->param_count; i++) {
        const fv_param *param = &net->params[i];
        const fv_key key = fv__key(9, FV_STREAM_CHECK, i, 0);
        for (int64_t k = 0; param->spec.init != FV_INIT_WEIGHT && k < param->count; k++)
            p->weights[param->offset + k] += (float)(0.4 * fv__random_unit(key, (uint64_t)k));
    }
    for (int64_t i = 0; i < net->param_elements; i++) p->weights64[i] = (double)p->weights[i];
}

static problem open_problem_in(fv_context *ctx, const char *text, int64_t batch) {
    problem p = {.ctx = ctx, .batch = batch};
    must(p.ctx, fv__net_parse(p.ctx, "test", text, strlen(text), NULL, 0, &p.net, NULL));
    must(p.ctx, fv__net_with_loss(p.ctx, p.net, &fv__op_crossentropy, &p.trained));
    const size_t n = (size_t)p.net->param_elements + 1;
    p.weights = fv__alloc(p.ctx, n * sizeof(float), "a test");
    p.gradients = fv__alloc(p.ctx, n * sizeof(float), "a test");
    p.weights64 = fv__alloc(p.ctx, n * sizeof(double), "a test");
    p.gradients64 = fv__alloc(p.ctx, n * sizeof(double), "a test");
    draw_weights(&p);
    return p;
}

static problem open_problem(int threads, const char *text, int64_t batch) {
    fv_context *ctx;
    assert_int_equal(fv_context_new(threads, &ctx), FV_OK);
    return open_problem_in(ctx, text, batch);
}

static void close_problem(problem *p) {
    fv__free(p->weights);
    fv__free(p->gradients);
    fv__free(p->weights64);
    fv__free(p->gradients64);
    fv__net_free(p->net);
    fv__net_free(p->trained);
    fv_context_free(p->ctx);
}

/* Numbers that two ways of computing must agree in, with a name for each run of them. */
#define RUNS 512
typedef struct numbers {
    double *v;
    int64_t count;
    int runs;
    int64_t end[RUNS];
    char name[RUNS][96];
} numbers;

static void append(numbers *all, const char *what, const char *name, const void *from,
                   int64_t count, fv_dtype dtype) {
    assert_true(all->runs < RUNS);
    all->v = realloc(all->v, (size_t)(all->count + count + 1) * sizeof(double));
    for (int64_t i = 0; i < count; i++)
        all->v[all->count + i] =
            dtype == FV_F64 ? ((const double *)from)[i] : (double)((const float *)from)[i];
    all->count += count;
    snprintf(all->name[all->runs], sizeof all->name[0], "%s %s", what, name);
    all->end[all->runs++] = all->count;
}

/* A tensor of any layout and step. */
static void append_tensor(numbers *all, const char *what, const char *name, const fv_tensor *t) {
    fv_tensor dense = fv__tensor(NULL, t->dtype, t->shape);
    const int64_t count = fv__shape_count(&t->shape);
    dense.data = calloc((size_t)count + 1, fv__dtype_bytes(t->dtype));
    fv__tensor_convert(t, &dense, 0, t->shape.rank > 0 ? t->shape.dim[0] : 1, false);
    append(all, what, name, dense.data, count, t->dtype);
    free(dense.data);
}

static void compare(const problem *p, const char *how, const numbers *a, const numbers *b) {
    double worst = 0;
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->runs, b->runs);
    for (int r = 0; r < a->runs; r++) {
        double gap = 0, norm = 0;
        for (int64_t i = r ? a->end[r - 1] : 0; i < a->end[r]; i++) {
            gap += (a->v[i] - b->v[i]) * (a->v[i] - b->v[i]);
            norm += b->v[i] * b->v[i];
        }
        if (sqrt(gap) > LIMIT * sqrt(norm) + 1e-6)
            print_error("%s, %s: %s is off by %.1e of %.1e\n", p->net->name, how, a->name[r],
                        sqrt(gap), sqrt(norm));
        assert_true(sqrt(gap) <= LIMIT * sqrt(norm) + 1e-6);
        if (norm > 1e-6) worst = fmax(worst, sqrt(gap / norm));
    }
    print_message("%-10s %-26s %3d runs of numbers, at most %.1e off\n", p->net->name, how, a->runs,
                  worst);
}

/* ----------------------------------------------------------------------------------- runs --- */

static void write_inputs(const problem *p, fv_exec *exec, const fv_graph *net, fv_dtype dtype) {
    const int64_t count = p->batch * fv__shape_sample(&net->values[0].shape);
    const fv_key key = fv__key(3, FV_STREAM_CHECK, 0, 0);
    float *x = malloc((size_t)count * sizeof *x);
    double *x64 = malloc((size_t)count * sizeof *x64);
    int32_t *labels = malloc((size_t)p->batch * sizeof *labels);
    for (int64_t i = 0; i < count; i++) {
        x[i] = (float)fv__random_normal(key, (uint64_t)i);
        x64[i] = (double)x[i];
    }
    for (int64_t n = 0; n < p->batch; n++) labels[n] = (int32_t)(n % 2);
    fv__exec_write(exec, 0, dtype == FV_F64 ? (void *)x64 : x);
    for (size_t h = 0; net == p->trained && h < net->head_count; h++)
        fv__exec_write(exec, net->heads[h].target, labels);
    free(x);
    free(x64);
    free(labels);
}

/* Of every step: all tensors lie as its implementation wants them, gradients as their values. */
static void check_step(void *arg, const fv_step_view *view) {
    const fv_plan *plan = arg;
    const fv_step *step = &plan->steps[view->step];
    if (view->node < 0) return;
    const fv_plan_node *p = &plan->nodes[view->node];
    const bool forward = view->which == FV_FORWARD;
    const fv_impl *impl = forward ? p->forward : p->backward;
    const fv_settled *settled = &p->settled[view->which];
    for (int i = 0; i < view->pass->inputs; i++) {
        const fv_tensor *x = &view->pass->x[i], *dx = &view->pass->dx[i];
        if (x->shape.rank < 3) continue;
        if (x->data) assert_int_equal(x->layout, fv__impl_in(impl, settled, i));
        if (dx->data) assert_int_equal(dx->layout, fv__impl_in(impl, settled, i));
        if (!forward && step->dx[i].kind == FV_REF_GRADIENT)
            assert_int_equal(dx->layout, plan->values[p->in[i]].layout);
    }
    for (int o = 0; o < view->pass->outputs; o++) {
        const fv_tensor *y = &view->pass->y[o], *dy = &view->pass->dy[o];
        if (y->shape.rank < 3) continue;
        if (y->data) assert_int_equal(y->layout, fv__impl_out(impl, settled, o));
        if (dy->data) assert_int_equal(dy->layout, fv__impl_out(impl, settled, o));
    }
    if (view->pass->added) assert_int_equal(view->pass->added->layout, view->pass->y[0].layout);
}

static fv_plan_options options_of(const problem *p, bool training) {
    return (fv_plan_options){
        .batch = p->batch, .training = training, .backward = training, .input_gradient = training};
}

/* What can be seen from outside after a run. */
static void look(const problem *p, fv_exec *exec, const fv_plan_options *o, numbers *out) {
    const fv_graph *net = o->training ? p->trained : p->net;
    const bool wide = o->dtype == FV_F64;
    for (size_t h = 0; h < net->head_count; h++) {
        const fv_tensor y = fv__exec_value(exec, net->heads[h].value);
        if (net->heads[h].training && !o->training) continue;
        assert_int_equal(y.layout, FV_PLAIN);
        append_tensor(out, "head", net->heads[h].name, &y);
    }
    if (!o->backward) return;
    for (size_t i = 0; i < net->param_count; i++) {
        const fv_param *q = &net->params[i];
        append(out, "gradient of", q->name,
               wide ? (void *)(p->gradients64 + q->offset) : p->gradients + q->offset, q->count,
               o->dtype);
    }
    const fv_tensor dx = fv__exec_value_gradient(exec, 0);
    append_tensor(out, "gradient of", "the input", &dx);
}

/* Every value by itself, and its gradient. */
static void look_inside(const problem *p, fv_exec *exec, const fv_plan_options *o, numbers *out) {
    const fv_graph *net = o->training ? p->trained : p->net;
    const fv_plan *plan = fv__exec_plan(exec);
    for (size_t v = 0; v < net->value_count; v++) {
        const fv_tensor y = fv__exec_value(exec, (int)v);
        if (y.dtype != o->dtype || plan->values[v].readers == 0) continue;
        const int64_t count = fv__shape_count(&y.shape);
        void *read = calloc((size_t)count + 1, fv__dtype_bytes(y.dtype));
        assert_int_equal(y.layout, FV_PLAIN);
        fv__exec_read(exec, (int)v, read);
        append(out, "value", net->values[v].name, read, count, y.dtype);
        free(read);
        const fv_tensor dy = fv__exec_value_gradient(exec, (int)v);
        if (!dy.data) continue;
        if (dy.shape.rank > 2) assert_int_equal(dy.layout, plan->values[v].layout);
        append_tensor(out, "gradient of", net->values[v].name, &dy);
    }
}

static numbers run(problem *p, const fv_plan_options *o) {
    const fv_graph *net = o->training ? p->trained : p->net;
    const bool wide = o->dtype == FV_F64;
    const fv_exec_run once = {.seed = 5, .time = 2};
    const fv_exec_options memory = {.weights = wide ? (void *)p->weights64 : p->weights,
                                    .gradients = wide ? (void *)p->gradients64 : p->gradients};
    numbers out = {0};
    fv_plan *plan;
    fv_exec *exec;
    must(p->ctx, fv__plan_new(p->ctx, net, o, &plan));
    must(p->ctx, fv__exec_new(p->ctx, plan, &memory, &exec));
    const fv_walk hooks = {.before = check_step, .arg = plan};
    write_inputs(p, exec, net, o->dtype);
    fv__exec_forward(exec, &once, &hooks);
    if (o->backward) fv__exec_backward(exec, &hooks);
    look(p, exec, o, &out);
    if (o->keep_values) look_inside(p, exec, o, &out);
    fv__exec_free(exec);
    fv__plan_free(plan);
    return out;
}

/* ---------------------------------------------------------------------------------- agree --- */

/* Blocked, plain and by reference loops; with and without values kept. */
static void agree(problem *p, bool training, bool keep, const fv_device *device) {
    fv_plan_options o = options_of(p, training);
    o.keep_values = keep;
    o.device = device;
    numbers plain = run(p, &o);
    o.prefer = FV_BLOCK16;
    numbers blocked = run(p, &o);
    o.dtype = FV_F64;
    o.reference = true;
    numbers exact = run(p, &o);
    compare(p, training ? "training, plain" : "inference, plain", &plain, &exact);
    compare(p, training ? "training, blocked" : "inference, blocked", &blocked, &exact);
    free(plain.v);
    free(blocked.v);
    free(exact.v);
}

static void test_blocked_agrees(void **unused) {
    (void)unused;
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++)
        for (int way = 0; way < 4; way++) {
            problem p = open_problem(2, texts[t], 3);
            agree(&p, way & 1, way & 2, NULL);
            close_problem(&p);
        }
}

/* All of it in blocks, large enough for several jobs of every step. */
static const char large[] =
    "net large\ninput 16x24x24\n conv 64 1x1 - bn - relu - concat { conv 32 1x1 - relu |\n"
    " maxpool 3x3 stride 1 pad 1 } - add { conv 96 1x1 | identity | conv 96 1x1 - bn } - relu\n"
    " - maxpool 2 - add { relu | conv 96 1x1 } - concat { identity | maxpool 3 stride 1 pad 1 }\n"
    " - globalavgpool - fc 3 - softmax\n";

static void test_same_bits_for_any_threads(void **unused) {
    (void)unused;
    for (int training = 0; training < 2; training++) {
        numbers first = {0};
        for (int threads = 1; threads <= 3; threads++) {
            problem p = open_problem(threads, large, 4);
            fv_plan_options o = options_of(&p, training);
            o.prefer = FV_BLOCK16;
            numbers mine = run(&p, &o);
            if (threads == 1) first = mine;
            assert_int_equal(first.count, mine.count);
            assert_memory_equal(first.v, mine.v, (size_t)mine.count * sizeof *mine.v);
            if (threads > 1) free(mine.v);
            close_problem(&p);
        }
        free(first.v);
    }
}

/* ------------------------------------------------------------- another layout in the list --- */

/* Any operator over maps whose channels are innermost: unpacked, by the reference loops, packed. */
#define MOST 8
static fv_tensor unpacked(const fv_tensor *t, bool copy) {
    fv_tensor plain = fv__tensor(NULL, t->dtype, t->shape);
    if (!t->data) return plain;
    if (t->shape.rank > 2) assert_int_equal(t->layout, FV_CHANNELS_LAST);
    plain.data = calloc((size_t)fv__shape_count(&t->shape), sizeof(float));
    if (copy) fv__tensor_convert(t, &plain, 0, t->shape.dim[0], false);
    return plain;
}

static void run_last(const fv_pass *p, fv_which which) {
    const bool forward = which == FV_FORWARD;
    fv_tensor x[MOST], dx[MOST], y = unpacked(&p->y[0], !forward);
    fv_tensor dy = forward ? y : unpacked(&p->dy[0], true);
    fv_pass plain = *p;
    assert_true(p->inputs <= MOST && p->outputs == 1);
    for (int i = 0; i < p->inputs; i++) {
        x[i] = unpacked(&p->x[i], true);
        if (!forward) dx[i] = unpacked(&p->dx[i], false);
    }
    plain.x = x;
    plain.dx = dx;
    plain.y = &y;
    plain.dy = &dy;
    (forward ? p->op->forward : p->op->backward)[0](&plain);
    if (forward) fv__tensor_convert(&y, &p->y[0], 0, y.shape.dim[0], false);
    for (int i = 0; i < p->inputs; i++) {
        if (!forward)
            fv__tensor_convert(&dx[i], &p->dx[i], 0, dx[i].shape.dim[0],
                               !(p->overwrite && p->overwrite[i]));
        free(x[i].data);
        if (!forward) free(dx[i].data);
    }
    if (!forward) free(dy.data);
    free(y.data);
}

static void last_forward(const fv_pass *p) {
    run_last(p, FV_FORWARD);
}
static void last_backward(const fv_pass *p) {
    run_last(p, FV_BACKWARD);
}

#define LAST(op_, which_, run_)                                                                    \
    {                                                                                              \
        .name = "last", .op = &fv__op_##op_, .which = which_, .takes = FV_CHANNELS_LAST,           \
        .gives = FV_CHANNELS_LAST, .refuses = fv__cpu_refuses, .run = run_, .overwrites = true     \
    }

/* Sigmoid both ways, average pools and elu one way only: the other is plain; of max pools too,
   whose forward is blocked. */
static const fv_impl lasts[] = {
    LAST(sigmoid, FV_FORWARD, last_forward), LAST(sigmoid, FV_BACKWARD, last_backward),
    LAST(avgpool, FV_FORWARD, last_forward), LAST(elu, FV_FORWARD, last_forward),
    LAST(leakyrelu, FV_BACKWARD, last_backward)};
#define LASTS (sizeof lasts / sizeof *lasts)

static fv_device device_with_lasts(const fv_impl **list) {
    fv_device device = fv__cpu_device;
    size_t count = 0;
    for (size_t i = 0; i < LASTS; i++) list[count++] = &lasts[i];
    for (size_t i = 0; fv__cpu_impls[i]; i++)
        if (fv__cpu_impls[i] != &fv__cpu_maxpool_blocked_backward) list[count++] = fv__cpu_impls[i];
    list[count] = NULL;
    device.name = "cpu with channels last";
    device.impls = list;
    return device;
}

static const char *const three_layouts[] = {
    /* one value read in all three */
    "net three\ninput 16x6x6\n conv 16 1x1 as a - concat { avgpool 3 stride 1 pad 1 | conv 16 3x3\n"
    " pad 1 | sigmoid | conv 16 1x1 | conv 16 3x3 pad 1 } - globalavgpool - fc 3 - softmax\n",
    /* activations in place, and in epilogues of steps in another layout than their backward's */
    "net acts\ninput 3x8x8\n conv 16 3x3 pad 1 - leakyrelu 0.1 - conv 16 1x1 - elu - maxpool 2\n"
    " - elu - sigmoid - avgpool 2 - sigmoid - elu - conv 32 1x1 bias no - bn - sigmoid - flatten - "
    "fc 7\n"
    " - sigmoid - fc 3 - softmax\n",
    /* joins and sums of slices that lie in none of their readers' layouts */
    "net slices\ninput 16x6x6\n concat { sigmoid | avgpool 3 stride 1 pad 1 } - add { identity |\n"
    " sigmoid | conv 32 1x1 } - sigmoid - concat { sigmoid | conv 16 1x1 } - leakyrelu 0.2 - fc 3\n"
    " - softmax\n",
};

static void test_three_layouts_agree(void **unused) {
    (void)unused;
    const fv_impl *list[256];
    const fv_device device = device_with_lasts(list);
    for (size_t t = 0; t < sizeof three_layouts / sizeof *three_layouts; t++)
        for (int way = 0; way < 4; way++) {
            problem p = open_problem(2, three_layouts[t], 3);
            agree(&p, way & 1, way & 2, &device);
            close_problem(&p);
        }
}

/* ------------------------------------------------------------------------------- counting --- */

typedef struct counts {
    int forward, backward; /* conversions */
    int joins;             /* steps of concats, both ways */
} counts;

/* Also: no value is converted into the same layout twice. */
static counts count_steps(const fv_plan *plan) {
    counts c = {0, 0, 0};
    for (size_t s = 0; s < plan->step_count; s++) {
        const fv_step *a = &plan->steps[s];
        if (a->kind == FV_STEP_RUN && plan->net->nodes[a->node].op == &fv__op_concat) c.joins++;
        if (a->kind != FV_STEP_CONVERT) continue;
        assert_int_not_equal(a->from.layout, a->to.layout);
        c.forward += a->which == FV_FORWARD;
        c.backward += a->which == FV_BACKWARD;
        for (size_t t = 0; t < s; t++) {
            const fv_step *b = &plan->steps[t];
            assert_false(b->kind == FV_STEP_CONVERT && b->to.kind == FV_REF_COPY &&
                         a->to.kind == FV_REF_COPY && a->to.index == b->to.index &&
                         a->to.layout == b->to.layout);
        }
    }
    return c;
}

/* Where layouts meet, counted by hand: inference, then training forward and backward. */
static const struct counted {
    const char *text;
    bool lasts; /* with the list that knows channels last */
    counts inference, training;
} counted[] = {
    /* plain | blocked conv2 relu2 maxpool1 | plain; back: dx of conv3, dx of conv2 */
    {"net line\ninput 3x8x8\n conv 16 3x3 pad 1 - conv 32 1x1 - relu - maxpool 2 - conv 5 3x3\n"
     " - fc 4 - softmax\n",
     false,
     {2, 0, 0},
     {2, 2, 0}},
    /* forward: the input, conv1 for two 3x3s at once, both into the sum, the sum out of it; back:
       the sum's dy, into two branches, dx of two 3x3s */
    {"net readers\ninput 16x6x6\n conv 16 1x1 as a - add { conv 16 3x3 pad 1 | conv 16 3x3 pad 1 "
     "-\n"
     " relu | conv 16 1x1 } - globalavgpool - fc 3 - softmax\n",
     false,
     {5, 0, 0},
     {5, 5, 0}},
    /* conv1 for three branches at once, the join as it is, the pool's input; back: the pool's dx,
       each branch into conv1's gradient, which is plain */
    {"net joined\ninput 3x8x8\n conv 16 3x3 pad 1 - concat { conv 16 1x1 - relu | conv 32 1x1 - "
     "relu\n"
     " - conv 32 1x1 | maxpool 3x3 stride 1 pad 1 } - conv 16 1x1 - globalavgpool - fc 3 - "
     "softmax\n",
     false,
     {2, 0, 0},
     {2, 4, 0}},
    /* joins of joins, all in place: the input and the pool's */
    {"net chain\nblock layer(k) = concat { identity | bn - relu - conv 32 1x1 bias no - bn - relu\n"
     " - conv k 1x1 bias no }\ninput 16x6x6\n conv 16 1x1 - layer(16)*3 - bn - relu - "
     "globalavgpool\n"
     " - fc 3 - softmax\n",
     false,
     {2, 0, 0},
     {2, 1, 0}},
    /* nothing has whole blocks */
    {"net none\ninput 3x8x8\n conv 12 1x1 - relu - conv 24 1x1 - maxpool 2 - fc 3 - softmax\n",
     false,
     {0, 0, 0},
     {0, 0, 0}},
    /* the input; conv1 plain for two and channels last for two; four of the join's five; the pool's
       input. Back: the pool's dx, four out of the join, avgpool's dy (its backward is plain), then
       into conv1's gradient from avgpool, conv2, sigmoid and conv4 */
    {"net three\ninput 16x6x6\n conv 16 1x1 as a - concat { avgpool 3 stride 1 pad 1 | conv 16 "
     "3x3\n"
     " pad 1 | sigmoid | conv 16 1x1 | conv 16 3x3 pad 1 } - globalavgpool - fc 3 - softmax\n",
     true,
     {8, 0, 1},
     {8, 10, 2}},
};

static void expect_counts(const problem *p, const struct counted *c, bool training) {
    const fv_impl *list[256];
    const fv_device device = device_with_lasts(list);
    const counts want = training ? c->training : c->inference;
    fv_plan_options o = options_of(p, training);
    fv_plan *plan;
    o.input_gradient = false;
    o.prefer = FV_BLOCK16;
    if (c->lasts) o.device = &device;
    must(p->ctx, fv__plan_new(p->ctx, training ? p->trained : p->net, &o, &plan));
    const counts are = count_steps(plan);
    if (memcmp(&are, &want, sizeof are) != 0)
        print_error("%s, %s: conversions %d forward, %d backward, joins %d\n", p->net->name,
                    training ? "training" : "inference", are.forward, are.backward, are.joins);
    assert_memory_equal(&are, &want, sizeof are);
    fv__plan_free(plan);
}

static void test_conversions_where_layouts_meet(void **unused) {
    (void)unused;
    for (size_t t = 0; t < sizeof counted / sizeof *counted; t++) {
        problem p = open_problem(1, counted[t].text, 3);
        for (int training = 0; training < 2; training++) expect_counts(&p, &counted[t], training);
        close_problem(&p);
    }
}

/* Who prefers nothing gets no blocks. */
static void test_plain_unless_preferred(void **unused) {
    (void)unused;
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
        problem p = open_problem(1, texts[t], 2);
        const fv_plan_options o = options_of(&p, true);
        fv_plan *plan;
        must(p.ctx, fv__plan_new(p.ctx, p.trained, &o, &plan));
        for (size_t v = 0; v < plan->net->value_count; v++)
            assert_int_equal(plan->values[v].layout, FV_PLAIN);
        const counts are = count_steps(plan);
        assert_int_equal(are.forward + are.backward, 0);
        fv__plan_free(plan);
        close_problem(&p);
    }
}

/* --------------------------------------------------------------------------- refused memory --- */

/* An allocator that refuses request number *user, from 0; negative: none. */
static void *sparing_alloc(void *user, size_t bytes, size_t alignment) {
    long *left = user;
    if ((*left)-- == 0) return NULL;
    return aligned_alloc(alignment, (bytes + alignment) / alignment * alignment);
}
static void sparing_free(void *user, void *memory) {
    (void)user;
    free(memory);
}

static void test_every_request_may_be_refused(void **unused) {
    (void)unused;
    long left = -1;
    fv_context_options options = FV_INIT(fv_context_options);
    fv_context *ctx;
    options.threads = 1;
    options.allocator = (fv_allocator){sparing_alloc, sparing_free, &left};
    assert_int_equal(fv_context_new_with(&options, &ctx), FV_OK);
    problem p = open_problem_in(ctx, texts[3], 2);
    fv_plan_options o = options_of(&p, true);
    const fv_exec_options memory = {.weights = p.weights, .gradients = p.gradients};
    o.prefer = FV_BLOCK16;
    long refused = 0;
    for (bool done = false; !done; refused++) {
        fv_plan *plan = NULL;
        fv_exec *exec = NULL;
        left = refused;
        fv_status status = fv__plan_new(ctx, p.trained, &o, &plan);
        if (status == FV_OK) status = fv__exec_new(ctx, plan, &memory, &exec);
        done = left >= 0;
        assert_int_equal(status, done ? FV_OK : FV_EXHAUSTED);
        if (!done) assert_non_null(strstr(ctx->message, "memory"));
        fv__exec_free(exec);
        fv__plan_free(plan);
    }
    assert_true(refused > 10);
    left = -1;
    close_problem(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocked_agrees),
        cmocka_unit_test(test_same_bits_for_any_threads),
        cmocka_unit_test(test_three_layouts_agree),
        cmocka_unit_test(test_conversions_where_layouts_meet),
        cmocka_unit_test(test_plain_unless_preferred),
        cmocka_unit_test(test_every_request_may_be_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
