/* SPDX-License-Identifier: MIT */
/*
 * gradient_check.c - the gradient check: backward against differences of forward, in double.
 *
 *   f'(x) = (f(x-2h) - 8 f(x-h) + 8 f(x+h) - f(x+2h)) / 12h + O(h^4)
 *
 * First each node alone, over the values it meets in the network, against a random dy: that names
 * the operator. Then the whole network's loss against every learned parameter: that checks how the
 * gradients are put together. A difference across a kink (relu at 0) or a tie (two equal maxima)
 * is no derivative: operators tell which branch each element took (fv_op.branches), and a step that
 * changes the branches is made smaller, at last skipped.
 */
#include "train/gradient_check.h"
#include "cpu/cpu.h"
#include "plan/plan.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const double steps[] = {1e-3, 1e-4, 1e-5, 2e-6};
#define STEPS (sizeof steps / sizeof steps[0])

typedef struct check {
    fv_context *ctx;
    const fv_check_options *options;
    const fv_graph *net; /* with losses */
    fv_plan *plan;
    fv_exec *exec;
    double *weights, *gradients;
    double *analytic;   /* what backward gave: a walk forward clears `gradients` */
    double *scratch;    /* for a node alone: y, dy and what backward writes */
    fv_tensor *tensors; /* and the tensors over it */
    void (*watch)(void *arg, const fv_check_row *row);
    void *arg;
    fv_check_report *report;
} check;

/* Something whose derivative is wanted: a number, and the hash of the branches taken. */
typedef double measure_fn(void *of, uint64_t *branches);

/* d measure / d *at by differences. false: a kink lies within every step. */
static bool difference(measure_fn *measure, void *of, double *at, uint64_t here, double *out) {
    static const double places[4] = {-2, -1, 1, 2}, weights[4] = {1, -8, 8, -1};
    const double x = *at;
    const double size = fabs(x) > 1 ? fabs(x) : 1;
    for (size_t s = 0; s < STEPS; s++) {
        const double h = steps[s] * size;
        double sum = 0;
        bool smooth = true;
        for (int i = 0; i < 4 && smooth; i++) {
            uint64_t branches = 0;
            *at = x + places[i] * h;
            sum += weights[i] * measure(of, &branches);
            smooth = branches == here;
        }
        *at = x;
        if (smooth) {
            *out = sum / (12 * h);
            return true;
        }
    }
    return false;
}

static fv_status add_row(check *c, fv_check_row row) {
    fv_check_report *r = c->report;
    FV_TRY(fv__grow(c->ctx, (void **)&r->rows, &r->capacity, r->count + 1, sizeof *r->rows,
                    "the check's report"));
    row.wrong = !(row.error <= c->options->tolerance);
    r->rows[r->count++] = row;
    if (row.wrong) r->wrong++;
    if (!(row.error <= r->worst)) r->worst = row.error;
    if (c->watch) c->watch(c->arg, &row);
    return FV_OK;
}

/* The i-th coordinate to try: any one, or for every second i the next from there on whose gradient
   is said not to be zero, since many are (pools, dropout) and a zero has no sign to get wrong. */
static int64_t coordinate(fv_key key, int64_t i, int64_t count, const double *analytic) {
    const int64_t start = (int64_t)fv__random_below(key, (uint64_t)i, (uint64_t)count);
    if (i % 2 == 0) return start;
    for (int64_t j = 0; j < count; j++)
        if (analytic[(start + j) % count] != 0) return (start + j) % count;
    return start;
}

/* Compares `count` derivatives at random coordinates of `values` with `analytic`. The error is the
   norm of the difference over the norm; below `floor` (rounding of the measure itself) it is 0. */
static fv_status compare(check *c, measure_fn *measure, void *of, double *values,
                         const double *analytic, int64_t count, uint64_t thing, fv_check_row row) {
    const fv_key key = fv__key(c->options->seed, FV_STREAM_CHECK, thing, row.local ? 2 : 1);
    const int64_t points = count < c->options->points ? count : c->options->points;
    uint64_t here = 0;
    const double value = measure(of, &here);
    double difference_square = 0, square = 0;
    for (int64_t i = 0; i < points; i++) {
        const int64_t at = count <= c->options->points ? i : coordinate(key, i, count, analytic);
        double numeric;
        if (!difference(measure, of, &values[at], here, &numeric)) {
            row.skipped++;
            continue;
        }
        row.tried++;
        difference_square += (numeric - analytic[at]) * (numeric - analytic[at]);
        square += numeric * numeric;
    }
    const double rounding = 4e-16 * (fabs(value) + 1) / steps[STEPS - 1] * sqrt((double)points + 1);
    const double gap = sqrt(difference_square), norm = sqrt(square);
    row.error = norm > 0 ? gap / norm : gap;
    if (gap < 1e-9 && norm < rounding) row.error = 0; /* a gradient of nothing but rounding */
    return add_row(c, row);
}

/* --- a node alone ----------------------------------------------------------------------------- */

/* A node's pass over scratch of its own: y, a random dy, and gradients that start at zero. */
typedef struct alone {
    fv_pass pass;
    fv_tensor *y, *dy, *dx, *dw;
} alone;

static double measure_alone(void *of, uint64_t *branches) {
    alone *a = of;
    a->pass.op->forward[1](&a->pass);
    if (a->pass.op->branches) *branches = a->pass.op->branches(&a->pass);
    double sum = 0;
    for (int o = 0; o < a->pass.outputs; o++) {
        const double *y = a->y[o].data, *dy = a->dy[o].data;
        for (int64_t i = 0; dy && i < fv__shape_count(&a->y[o].shape); i++) sum += y[i] * dy[i];
    }
    return sum;
}

/* The next doubles of the scratch, for a tensor like `t`, zeroed; of another type it stays as it
   is, or has no gradient. */
static fv_tensor take(double **space, const fv_tensor *t, bool gradient) {
    if (t->dtype != FV_F64) return gradient ? fv__tensor(NULL, t->dtype, t->shape) : *t;
    const fv_tensor own = fv__tensor(*space, FV_F64, t->shape);
    const int64_t count = fv__shape_count(&t->shape);
    memset(*space, 0, (size_t)count * sizeof(double));
    *space += count;
    return own;
}

/* Lays y, dy, dx, dw into scratch and runs backward once. */
static void prepare_alone(const check *c, const fv_step_view *view, alone *a) {
    const fv_pass *pass = view->pass;
    double *space = c->scratch;
    const fv_key key = fv__key(c->options->seed, FV_STREAM_CHECK, (uint64_t)view->node, 3);
    uint64_t drawn = 0;
    a->pass = *pass;
    a->y = c->tensors;
    a->dy = a->y + pass->outputs;
    a->dx = a->dy + pass->outputs;
    a->dw = a->dx + pass->inputs;
    for (int o = 0; o < pass->outputs; o++) {
        a->y[o] = take(&space, &pass->y[o], false);
        a->dy[o] = take(&space, &pass->y[o], true);
        double *dy = a->dy[o].data;
        for (int64_t i = 0; dy && i < fv__shape_count(&a->dy[o].shape); i++)
            dy[i] = fv__random_normal(key, drawn++);
    }
    for (int i = 0; i < pass->inputs; i++) a->dx[i] = take(&space, &pass->x[i], true);
    for (int i = 0; i < pass->params; i++) {
        a->dw[i] = take(&space, &pass->w[i], true);
        if (!c->net->params[c->net->nodes[view->node].param[i]].spec.learned) a->dw[i].data = NULL;
    }
    a->pass.y = a->y;
    a->pass.dy = a->dy;
    a->pass.dx = a->dx;
    a->pass.dw = a->dw;
    a->pass.op->forward[1](&a->pass);
    a->pass.op->backward[1](&a->pass);
}

static int64_t count_at(const fv_graph *net, int value, int64_t batch) {
    const fv_value *v = &net->values[value];
    return fv__shape_count(&v->shape) * (v->type.batched ? batch : 1);
}

/* Doubles and tensors that a node alone needs. */
static void room_of(const fv_graph *net, const fv_node *node, int64_t batch, int64_t *doubles,
                    int64_t *tensors) {
    *doubles = 2;
    for (int o = 0; o < node->outputs; o++) *doubles += 2 * count_at(net, node->out[o], batch);
    for (int i = 0; i < node->inputs; i++) *doubles += count_at(net, node->in[i], batch);
    for (int i = 0; i < node->params; i++) *doubles += net->params[node->param[i]].count;
    *tensors = 2 * node->outputs + node->inputs + node->params;
}

static fv_status check_node(check *c, const fv_step_view *view) {
    const fv_node *node = &c->net->nodes[view->node];
    const size_t before = (size_t)c->report->wrong;
    alone a = {0};
    prepare_alone(c, view, &a);
    fv_check_row row = {.op = node->op->name, .local = true};
    const int flowing = node->inputs - (node->op->traits & FV_LOSS ? 1 : 0); /* no target */
    for (int i = 0; i < flowing; i++) {
        if (a.pass.x[i].dtype != FV_F64 || c->net->values[node->in[i]].data) continue;
        row.name = fv__arena_format(&c->report->arena, "%s, input %d", node->name, i + 1);
        if (!row.name) return FV_EXHAUSTED;
        FV_TRY(compare(c, measure_alone, &a, a.pass.x[i].data, a.dx[i].data,
                       fv__shape_count(&a.pass.x[i].shape), (uint64_t)(view->node * 16 + i), row));
    }
    for (int i = 0; i < node->params; i++) {
        if (!a.dw[i].data) continue;
        row.name = fv__arena_format(&c->report->arena, "%s, %s", node->name,
                                    c->net->params[node->param[i]].spec.name);
        if (!row.name) return FV_EXHAUSTED;
        FV_TRY(compare(c, measure_alone, &a, a.pass.w[i].data, a.dw[i].data,
                       fv__shape_count(&a.pass.w[i].shape), (uint64_t)node->param[i], row));
    }
    if (c->report->wrong > (int64_t)before && !c->report->culprit) {
        c->report->culprit = fv__arena_text(&c->report->arena, node->name);
        c->report->culprit_op = node->op->name;
    }
    return FV_OK;
}

static fv_status make_room(check *c) {
    int64_t most = 1, most_tensors = 1;
    for (size_t n = 0; n < c->net->node_count; n++) {
        int64_t doubles, tensors;
        room_of(c->net, &c->net->nodes[n], c->options->batch, &doubles, &tensors);
        if (doubles > most) most = doubles;
        if (tensors > most_tensors) most_tensors = tensors;
    }
    c->scratch = fv__alloc(c->ctx, (size_t)most * sizeof *c->scratch, "the check");
    c->tensors = fv__alloc(c->ctx, (size_t)most_tensors * sizeof *c->tensors, "the check");
    return c->scratch && c->tensors ? FV_OK : FV_EXHAUSTED;
}

static fv_status check_nodes(check *c) {
    FV_TRY(make_room(c));
    for (int s = 0; s < fv__plan_steps(c->plan); s++) {
        const fv_step_view view = fv__exec_step(c->exec, s);
        if (view.which != FV_FORWARD || view.node < 0) continue;
        if (!c->net->nodes[view.node].op->backward[1]) continue;
        FV_TRY(check_node(c, &view));
        fv__exec_again(c->exec, s); /* what it keeps for backward, as it was */
    }
    return FV_OK;
}

/* --- the whole network ------------------------------------------------------------------------ */

static bool add_branches(void *arg, const fv_step_view *view) {
    uint64_t *hash = arg;
    if (view->node >= 0 && view->pass->op->branches)
        *hash = *hash * 0x9e3779b97f4a7c15u + view->pass->op->branches(view->pass);
    return true;
}

static double measure_loss(void *of, uint64_t *branches) {
    const check *c = of;
    const fv_exec_run run = {.seed = c->options->seed};
    const fv_walk hooks = {.after = add_branches, .arg = branches};
    double sum = 0;
    *branches = 0;
    fv__prepare(c->ctx, fv__exec_prepared(c->exec)); /* a weight is another one */
    fv__exec_forward(c->exec, &run, &hooks);
    for (size_t h = 0; h < c->net->head_count; h++) {
        double loss;
        fv__exec_read(c->exec, c->net->heads[h].value, &loss);
        sum += c->net->heads[h].weight * loss;
    }
    return sum;
}

static fv_status check_whole(check *c) {
    for (size_t p = 0; p < c->net->param_count; p++) {
        const fv_param *param = &c->net->params[p];
        if (!param->spec.learned) continue;
        const fv_check_row row = {.name = fv__arena_text(&c->report->arena, param->name),
                                  .op = c->net->nodes[param->node].op->name};
        if (!row.name) return FV_EXHAUSTED;
        FV_TRY(compare(c, measure_loss, c, c->weights + param->offset, c->analytic + param->offset,
                       param->count, p, row));
    }
    return FV_OK;
}

static fv_status fill_weights(check *c) {
    const fv_graph *net = c->net;
    float *fresh =
        fv__alloc(c->ctx, (size_t)net->param_elements * sizeof *fresh + 1, "the weights");
    if (!fresh) return FV_EXHAUSTED;
    fv__net_initialise(net, FV_HE, c->options->seed, fresh);
    const fv_key noise = fv__key(c->options->seed, FV_STREAM_CHECK, 0, 4);
    for (size_t p = 0; p < net->param_count; p++) {
        const fv_param *param = &net->params[p];
        for (int64_t i = param->offset; i < param->offset + param->count; i++) {
            c->weights[i] = (double)fresh[i];
            if (param->spec.learned && param->spec.init != FV_INIT_WEIGHT)
                c->weights[i] += 0.1 * fv__random_normal(noise, (uint64_t)i);
        }
    }
    fv__free(fresh);
    return FV_OK;
}

/* A target of random numbers, or of classes that the head has. */
static void fill_target(const check *c, const fv_head *head) {
    const fv_shape *scores = &c->net->values[head->prediction].shape;
    const fv_tensor t = fv__exec_value(c->exec, head->target);
    const uint64_t classes = (uint64_t)(head->wants == FV_TARGET_CLASS ? fv__shape_sample(scores)
                                                                       : fv__channels(scores));
    const fv_key key = fv__key(c->options->seed, FV_STREAM_CHECK, 0, 6);
    for (int64_t i = 0; i < fv__shape_count(&t.shape); i++)
        if (t.dtype == FV_I32)
            ((int32_t *)t.data)[i] = (int32_t)fv__random_below(key, (uint64_t)i, classes);
        else
            ((double *)t.data)[i] = fv__random_normal(key, (uint64_t)i);
}

/* Random weights, samples and targets; a little noise on biases and scales, so that nothing sits
   at a special value. */
static fv_status fill(check *c) {
    const fv_tensor x = fv__exec_value(c->exec, 0);
    const fv_key key = fv__key(c->options->seed, FV_STREAM_CHECK, 0, 5);
    for (int64_t i = 0; i < fv__shape_count(&x.shape); i++)
        ((double *)x.data)[i] = fv__random_normal(key, (uint64_t)i);
    for (size_t h = 0; h < c->net->head_count; h++) fill_target(c, &c->net->heads[h]);
    return FV_OK;
}

static fv_status run(check *c) {
    const fv_plan_options options = {.batch = c->options->batch,
                                     .training = true,
                                     .backward = true,
                                     .dtype = FV_F64,
                                     .reference = true,
                                     .keep_values = true,
                                     .device = &fv__cpu_device};
    const size_t bytes = (size_t)c->net->param_elements * sizeof(double) + 1;
    c->weights = fv__alloc(c->ctx, bytes, "the weights");
    c->gradients = fv__alloc(c->ctx, bytes, "the gradients");
    c->analytic = fv__alloc(c->ctx, bytes, "the gradients");
    if (!c->weights || !c->gradients || !c->analytic) return FV_EXHAUSTED;
    FV_TRY(fill_weights(c));
    FV_TRY(fv__plan_new(c->ctx, c->net, &options, &c->plan));
    const fv_exec_options memory = {.weights = c->weights, .gradients = c->gradients};
    FV_TRY(fv__exec_new(c->ctx, c->plan, &memory, &c->exec));
    FV_TRY(fill(c));
    const fv_exec_run once = {.seed = c->options->seed};
    fv__exec_forward(c->exec, &once, NULL);
    fv__exec_backward(c->exec, NULL);
    memcpy(c->analytic, c->gradients, bytes);
    FV_TRY(check_nodes(c));
    return check_whole(c);
}

static fv_status verdict(fv_context *ctx, const fv_check_options *options,
                         const fv_check_report *r) {
    if (r->wrong == 0) return FV_OK;
    if (r->culprit)
        return fv__fail(ctx, FV_DIFFERS,
                        "the backward pass of '%s' (operator %s) does not agree with differences "
                        "of its forward pass: relative error up to %.1e, allowed %.0e",
                        r->culprit, r->culprit_op, r->worst, options->tolerance);
    return fv__fail(ctx, FV_DIFFERS,
                    "each layer's own gradient is right, but %lld gradient%s of the whole network "
                    "do%s not agree with differences of the loss: relative error up to %.1e, "
                    "allowed %.0e",
                    (long long)r->wrong, r->wrong == 1 ? "" : "s", r->wrong == 1 ? "es" : "",
                    r->worst, options->tolerance);
}

fv_status fv__gradients_check(fv_context *ctx, const fv_graph *net, const fv_op *loss,
                              const fv_check_options *options,
                              void (*watch)(void *arg, const fv_check_row *row), void *arg,
                              fv_check_report *report) {
    memset(report, 0, sizeof *report);
    fv__arena_init(&report->arena, ctx);
    fv_graph *with_loss = NULL;
    FV_TRY(fv__net_with_loss(ctx, net, loss ? loss : &fv__op_crossentropy, &with_loss));
    check c = {.ctx = ctx,
               .options = options,
               .net = with_loss,
               .watch = watch,
               .arg = arg,
               .report = report};
    fv_status status = run(&c);
    fv__exec_free(c.exec);
    fv__plan_free(c.plan);
    fv__free(c.weights);
    fv__free(c.gradients);
    fv__free(c.analytic);
    fv__free(c.scratch);
    fv__free(c.tensors);
    fv__net_free(with_loss);
    return status == FV_OK ? verdict(ctx, options, report) : status;
}

void fv__gradients_free(fv_check_report *report) {
    fv__free(report->rows);
    fv__arena_free(&report->arena);
    memset(report, 0, sizeof *report);
}
