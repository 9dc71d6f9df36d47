/* SPDX-License-Identifier: MIT */
/*
 * comparison.c - two models run on the same numbers, and what each layer gives compared.
 *
 * Both run with every value kept, so nothing is fused and a layer's value is its own. Differences
 * are summed in double. The relative one is |a - b| / max(|a|, |b|): the usual |a - b| / |b| where
 * the two are close, and finite where b is 0.
 */
#include "look/comparison.h"
#include "base/name_table.h"
#include "plan/plan.h"

#include <math.h>
#include <string.h>

/* What is handed out, and all that it points to. */
typedef struct record {
    fv_comparison told;
    fv_arena arena;
} record;

/* One of the two. */
typedef struct side {
    const fv_model *model;
    fv_graph *resized; /* for images of the other's size; NULL: as it is */
    const fv_graph *net;
    fv_plan *plan;
    fv_exec *exec;
    fv_names nodes; /* their numbers by name */
    void *values;   /* room for any one of its values */
} side;

typedef struct pair {
    fv_context *ctx;
    const fv_compare_options *options;
    record *out;
    side a, b;
    fv_compared **rows;
    int row_count;
} pair;

/* --------------------------------------------------------------------------------- running --- */

static fv_status fit_input(pair *p) {
    const fv_shape *a = &p->a.net->values[0].shape, *b = &p->b.net->values[0].shape;
    char ours[FV_SHAPE_TEXT], theirs[FV_SHAPE_TEXT];
    if (fv__shape_equal(a, b)) return FV_OK;
    if (a->rank == 4 && b->rank == 4 && a->dim[1] == b->dim[1]) {
        FV_TRY(fv__net_resized(p->ctx, p->b.net, a->dim[2], a->dim[3], &p->b.resized));
        p->b.net = p->b.resized;
        return FV_OK;
    }
    return fv__fail(
        p->ctx, FV_BAD_INPUT, "%s takes in %s and %s %s: they cannot be given the same numbers",
        p->a.net->name, fv__shape_text(ours, a), p->b.net->name, fv__shape_text(theirs, b));
}

static fv_status start(fv_context *ctx, side *s) {
    const fv_plan_options options = {.batch = 1, .keep_values = true};
    const fv_exec_options memory = {.host_weights = s->model->weights};
    size_t most = 0;
    FV_TRY(fv__plan_new(ctx, s->net, &options, &s->plan));
    FV_TRY(fv__exec_new(ctx, s->plan, &memory, &s->exec));
    for (size_t v = 0; v < s->net->value_count; v++) {
        const fv_value *value = &s->net->values[v];
        const size_t bytes =
            (size_t)fv__shape_count(&value->shape) * fv__dtype_bytes(value->type.dtype);
        if (bytes > most) most = bytes;
    }
    s->values = fv__alloc(ctx, most, "what a layer gives");
    if (!s->values) return FV_EXHAUSTED;
    for (size_t n = 0; n < s->net->node_count; n++)
        FV_TRY(fv__names_add(ctx, &s->nodes, s->net->nodes[n].name, (int)n));
    return FV_OK;
}

/* The next value behind `v` that somebody outside has to give; value_count: none. */
static size_t next_input(const fv_graph *net, size_t v) {
    while (++v < net->value_count)
        if (net->values[v].node < 0 && !net->values[v].data) break;
    return v;
}

static void write_random(const pair *p, size_t va, size_t vb, uint64_t thing) {
    const fv_value *value = &p->a.net->values[va];
    const fv_key key = fv__key(p->options->seed, FV_STREAM_CHECK, thing, 0);
    float *x = p->a.values;
    memset(x, 0, (size_t)fv__shape_count(&value->shape) * fv__dtype_bytes(value->type.dtype));
    if (value->type.dtype == FV_F32) /* an index of another type is 0, which is always in range */
        for (int64_t i = 0; i < fv__shape_count(&value->shape); i++)
            x[i] = (float)fv__random_normal(key, (uint64_t)i);
    fv__exec_write(p->a.exec, (int)va, x);
    fv__exec_write(p->b.exec, (int)vb, x);
}

static fv_status write_inputs(const pair *p) {
    size_t va = 0, vb = 0;
    for (uint64_t thing = 0; va < p->a.net->value_count; thing++) {
        if (thing > 0 || !p->options->input) {
            write_random(p, va, vb, thing);
        } else {
            fv__exec_write(p->a.exec, 0, p->options->input);
            fv__exec_write(p->b.exec, 0, p->options->input);
        }
        va = next_input(p->a.net, va);
        vb = next_input(p->b.net, vb);
        const bool ends = va == p->a.net->value_count, other = vb == p->b.net->value_count;
        if (ends && other) break;
        if (ends == other &&
            fv__shape_equal(&p->a.net->values[va].shape, &p->b.net->values[vb].shape) &&
            p->a.net->values[va].type.dtype == p->b.net->values[vb].type.dtype)
            continue;
        return fv__fail(p->ctx, FV_BAD_INPUT,
                        "%s and %s take in different things beside the image: input '%.64s'",
                        p->a.net->name, p->b.net->name,
                        ends ? p->b.net->values[vb].name : p->a.net->values[va].name);
    }
    return FV_OK;
}

/* ------------------------------------------------------------------------------- comparing --- */

static void measure(const pair *p, fv_dtype da, fv_dtype db, int64_t count, fv_compared *row) {
    double apart = 0, aa = 0, bb = 0;
    for (int64_t i = 0; i < count; i++) {
        const double a = fv__element(da, p->a.values, i), b = fv__element(db, p->b.values, i);
        if (!isfinite(a) || !isfinite(b)) {
            row->not_finite += !(a == b || (isnan(a) && isnan(b)));
            continue;
        }
        const double d = fabs(a - b);
        if (d > row->largest) row->largest = d;
        apart += d * d;
        aa += a * a;
        bb += b * b;
    }
    const double length = sqrt(aa > bb ? aa : bb);
    row->relative = length > 0 ? sqrt(apart) / length : 0;
    row->differs = row->not_finite || row->relative > p->options->tolerance;
}

/* Value va of a beside value vb of b; *row NULL: one of them is not computed in inference. */
static fv_status compare_values(pair *p, const char *name, int va, int vb, fv_compared **row) {
    const fv_value *a = &p->a.net->values[va], *b = &p->b.net->values[vb];
    *row = NULL;
    if (!fv__exec_value(p->a.exec, va).data || !fv__exec_value(p->b.exec, vb).data) return FV_OK;
    fv_compared *r = *row = fv__arena_alloc(&p->out->arena, sizeof *r);
    if (!r) return FV_EXHAUSTED;
    *r = (fv_compared){.name = fv__arena_text(&p->out->arena, name),
                       .op_a = a->node < 0 ? "input" : p->a.net->nodes[a->node].op->name,
                       .op_b = b->node < 0 ? "input" : p->b.net->nodes[b->node].op->name,
                       .differs = 1};
    if (!r->name) return FV_EXHAUSTED;
    const int batch = a->type.batched ? 1 : 0;
    r->rank = a->shape.rank - batch;
    memcpy(r->dims, a->shape.dim + batch, (size_t)r->rank * sizeof *r->dims);
    const int64_t count = fv__shape_count(&a->shape);
    r->fits = count == fv__shape_count(&b->shape);
    if (!r->fits) return FV_OK;
    fv__exec_read(p->a.exec, va, p->a.values);
    fv__exec_read(p->b.exec, vb, p->b.values);
    measure(p, a->type.dtype, b->type.dtype, count, r);
    return FV_OK;
}

static fv_status compare_layers(pair *p) {
    fv_comparison *told = &p->out->told;
    int used = 0;
    p->rows = fv__arena_alloc(&p->out->arena, p->a.net->node_count * sizeof *p->rows);
    if (!p->rows) return FV_EXHAUSTED;
    told->first = -1;
    for (size_t n = 0; n < p->a.net->node_count; n++) {
        const fv_node *node = &p->a.net->nodes[n];
        const int *other = fv__names_get(&p->b.nodes, node->name);
        fv_compared *row = NULL;
        used += other != NULL;
        told->only_a += !other;
        if (other)
            FV_TRY(
                compare_values(p, node->name, node->out[0], p->b.net->nodes[*other].out[0], &row));
        if (!row) continue;
        if (row->differs && told->first < 0) told->first = p->row_count;
        p->rows[p->row_count++] = row;
    }
    told->only_b = (int)p->b.net->node_count - used;
    told->layers = (const fv_compared *const *)p->rows;
    told->layer_count = p->row_count;
    return FV_OK;
}

/* --------------------------------------------------------------------------------- outputs --- */

/* Output k of inference, or NULL; and the one of a name. */
static const fv_head *output(const fv_graph *net, int k) {
    for (size_t h = 0; h < net->head_count; h++)
        if (!net->heads[h].training && k-- == 0) return &net->heads[h];
    return NULL;
}

static const fv_head *output_named(const fv_graph *net, const char *name) {
    const fv_head *head;
    for (int k = 0; (head = output(net, k)) != NULL; k++)
        if (strcmp(head->name, name) == 0) return head;
    return NULL;
}

/* The other's output of that name or, if there is none, the one of that number whose name is not
   here. */
static const fv_head *partner(const fv_graph *net, const fv_graph *other, int k) {
    const fv_head *named = output_named(other, output(net, k)->name);
    if (named) return named;
    const fv_head *same = output(other, k);
    return same && !output_named(net, same->name) ? same : NULL;
}

static fv_status compare_outputs(pair *p) {
    fv_comparison *told = &p->out->told;
    const fv_head *head, *other;
    while (output(p->a.net, told->outputs_a)) told->outputs_a++;
    while (output(p->b.net, told->outputs_b)) told->outputs_b++;
    fv_compared **rows =
        fv__arena_alloc(&p->out->arena, (size_t)told->outputs_a * sizeof *rows + 1);
    if (!rows) return FV_EXHAUSTED;
    for (int k = 0; (head = output(p->a.net, k)) != NULL; k++) {
        fv_compared *row = NULL;
        other = partner(p->a.net, p->b.net, k);
        if (other) FV_TRY(compare_values(p, head->name, head->value, other->value, &row));
        if (!row) continue;
        told->outputs_differ += row->differs;
        rows[told->output_count++] = row;
    }
    told->outputs_differ += told->outputs_a + told->outputs_b - 2 * told->output_count;
    told->outputs = (const fv_compared *const *)rows;
    return FV_OK;
}

/* --------------------------------------------------------------------------------- weights --- */

/* Whether they are the same number for number, and the largest difference so far. */
static bool same_numbers(const float *a, const float *b, int64_t count, double *largest) {
    bool same = true;
    for (int64_t i = 0; i < count; i++) {
        const double d = fabs((double)a[i] - (double)b[i]);
        if (a[i] != b[i] && !(isnan(a[i]) && isnan(b[i]))) same = false;
        if (d > *largest) *largest = d;
    }
    return same;
}

static fv_status compare_weights(pair *p) {
    const fv_graph *a = p->a.net, *b = p->b.net;
    fv_comparison *told = &p->out->told;
    int met = 0;
    for (size_t i = 0; i < a->param_count; i++) {
        const fv_param *pa = &a->params[i];
        const int k = fv__net_find_param(b, pa->name);
        bool same = false;
        if (k < 0) {
            told->tensors_a++;
        } else if (!fv__shape_equal(&pa->spec.shape, &b->params[k].spec.shape)) {
            told->reshaped++;
        } else {
            same = same_numbers(p->a.model->weights + pa->offset,
                                p->b.model->weights + b->params[k].offset, pa->count,
                                &told->largest_weight);
            told->same += same;
            told->different += !same;
        }
        met += k >= 0;
        if (same || k < 0 || told->tensor) continue;
        told->tensor = fv__arena_text(&p->out->arena, pa->name);
        if (!told->tensor) return FV_EXHAUSTED;
    }
    told->tensors_b = (int)b->param_count - met;
    return FV_OK;
}

/* -------------------------------------------------------------------------------------------- */

static fv_status compare(pair *p) {
    const fv_exec_run once = {0};
    FV_TRY(fit_input(p));
    FV_TRY(start(p->ctx, &p->a));
    FV_TRY(start(p->ctx, &p->b));
    FV_TRY(write_inputs(p));
    fv__exec_forward(p->a.exec, &once, NULL);
    fv__exec_forward(p->b.exec, &once, NULL);
    FV_TRY(compare_layers(p));
    FV_TRY(compare_outputs(p));
    FV_TRY(compare_weights(p));
    fv_comparison *told = &p->out->told;
    told->name_a = fv__arena_text(&p->out->arena, p->a.net->name);
    told->name_b = fv__arena_text(&p->out->arena, p->b.net->name);
    return told->name_a && told->name_b ? FV_OK : FV_EXHAUSTED;
}

static void release(side *s) {
    fv__exec_free(s->exec);
    fv__plan_free(s->plan);
    fv__names_free(&s->nodes);
    fv__net_free(s->resized);
    fv__free(s->values);
}

fv_status fv__compare(fv_context *ctx, const fv_model *a, const fv_model *b,
                      const fv_compare_options *options, fv_comparison **out) {
    pair p = {.ctx = ctx,
              .options = options,
              .a = {.model = a, .net = a->net.graph},
              .b = {.model = b, .net = b->net.graph}};
    *out = NULL;
    p.out = fv__alloc(ctx, sizeof *p.out, "a comparison");
    if (!p.out) return FV_EXHAUSTED;
    fv__arena_init(&p.out->arena, ctx);
    const fv_status status = compare(&p);
    release(&p.a);
    release(&p.b);
    if (status != FV_OK) {
        fv__comparison_free(&p.out->told);
        return status;
    }
    *out = &p.out->told;
    if (!(*out)->outputs_differ) return FV_OK;
    return fv__fail(ctx, FV_DIFFERS,
                    "%s and %s do not agree: %d of %d outputs differ by more than %g, or are there "
                    "in one alone",
                    (*out)->name_a, (*out)->name_b, (*out)->outputs_differ,
                    (*out)->outputs_a + (*out)->outputs_b - (*out)->output_count,
                    options->tolerance);
}

void fv__comparison_free(fv_comparison *told) {
    if (!told) return;
    record *r = (record *)told;
    fv__arena_free(&r->arena);
    fv__free(r);
}
