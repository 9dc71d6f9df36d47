/* SPDX-License-Identifier: MIT */
/*
 * offsets.c - lifetimes, and one block in which everything has its offset.
 *
 * Buffers are laid largest first, each at the lowest offset where no buffer alive at the same time
 * lies (the greedy-by-size strategy of Pisarchyk & Lee 2020, arXiv 2001.03288).
 */
#include "plan/plan_internal.h"
#include <stdlib.h>

static void use(fv_span *span, int step) {
    if (step < span->first) span->first = step;
    if (step > span->last) span->last = step;
}

/* What fills while the steps before run again, for more samples, is there from the first step on.
 */
static void use_filling(fv_plan *plan, fv_span *span, int value, int step) {
    use(span, step);
    if (step < (int)plan->forward_steps && plan->values[value].held > plan->steps[step].group)
        use(span, 0);
}

static void use_value(fv_plan *plan, int value, int step) {
    const int root = fv__plan_root(plan, value, NULL);
    use_filling(plan, &plan->values[root].span, root, step);
}

static void use_gradient(fv_plan *plan, int value, int step) {
    use(&plan->values[fv__plan_gradient_root(plan, value, NULL)].gradient_span, step);
}

static void use_ref(fv_plan *plan, const fv_ref *ref, int step) {
    if (ref->kind == FV_REF_VALUE) use_value(plan, ref->index, step);
    if (ref->kind == FV_REF_COPY)
        use_filling(plan, &plan->values[ref->index].copies[ref->layout], ref->index, step);
    if (ref->kind == FV_REF_GRADIENT) use_gradient(plan, ref->index, step);
    if (ref->kind == FV_REF_TEMP) use(&plan->temps[ref->index].span, step);
}

static void use_step(fv_plan *plan, int s) {
    const fv_step *step = &plan->steps[s];
    if (step->kind != FV_STEP_RUN) {
        use_ref(plan, &step->from, s);
        use_ref(plan, &step->to, s);
        return;
    }
    const fv_node *node = &plan->net->nodes[step->node];
    for (int i = 0; i < node->inputs; i++) {
        use_ref(plan, &step->x[i], s);
        if (step->dx) use_ref(plan, &step->dx[i], s);
    }
    for (int o = 0; o < node->outputs; o++) {
        use_ref(plan, &step->y[o], s);
        if (step->dy) use_ref(plan, &step->dy[o], s);
    }
    use_ref(plan, &step->added, s);
    for (int i = 0; i < FV_OP_SAVED; i++) use(&plan->nodes[step->node].saved[i], s);
    use(&plan->nodes[step->node].packed[step->which], s);
}

/* Values that someone outside reads or writes stay to the end. */
static void use_outside(fv_plan *plan, int end) {
    for (size_t v = 0; v < plan->net->value_count; v++) {
        fv_plan_value *value = &plan->values[v];
        if (value->constant_data) continue; /* constants lie elsewhere */
        const bool from_outside = value->owner < 0 && value->readers > 0;
        const bool seen = fv__plan_seen(plan, (int)v);
        if (from_outside) use_value(plan, (int)v, 0);
        if (value->copies[FV_PLAIN].bytes && seen)
            use(&value->copies[FV_PLAIN], end);
        else if (from_outside || (seen && value->owner >= 0))
            use_value(plan, (int)v, end);
    }
}

static void lifetimes(fv_plan *plan) {
    const int end = (int)plan->step_count;
    for (int s = 0; s < end; s++) use_step(plan, s);
    use_outside(plan, end);
    if (!plan->options.backward) return;
    for (size_t h = 0; h < plan->net->head_count; h++)
        use_gradient(plan, plan->net->heads[h].value, (int)plan->forward_steps);
    for (size_t v = 0; v < plan->net->value_count; v++) {
        const fv_plan_value *value = &plan->values[v];
        const bool wanted = plan->options.keep_values || (plan->options.input_gradient && v == 0);
        if (wanted && value->needs_gradient && value->readers > 0) use_gradient(plan, (int)v, end);
    }
}

static bool bytes_of(const fv_plan_value *v, fv_layout layout, size_t *bytes) {
    const int64_t samples = v->shape.rank > 0 ? v->shape.dim[0] : 1;
    const int64_t sample = fv__layout_sample(layout, &v->shape);
    int64_t count;
    return sample >= 0 && fv__mul_i64(samples, sample, &count) &&
           fv__mul_size((size_t)count, fv__dtype_bytes(v->dtype), bytes) && *bytes <= SIZE_MAX / 4;
}

static fv_status sizes(fv_context *ctx, fv_plan *plan) {
    for (size_t v = 0; v < plan->net->value_count; v++) {
        fv_plan_value *value = &plan->values[v];
        bool fits = bytes_of(value, value->layout, &value->span.bytes);
        value->gradient_span.bytes = value->span.bytes;
        for (int l = 0; l < FV_LAYOUTS; l++)
            fits = fits && bytes_of(value, (fv_layout)l, &value->copies[l].bytes);
        if (!fits)
            return fv__fail(ctx, FV_BAD_INPUT,
                            "%s does not fit in memory at a batch of %lld; use a smaller batch",
                            plan->net->values[v].name, (long long)plan->options.batch);
    }
    for (size_t t = 0; t < plan->temp_count; t++)
        (void)bytes_of(&plan->values[plan->temps[t].value], plan->temps[t].layout,
                       &plan->temps[t].span.bytes);
    return FV_OK;
}

static void collect_one(fv_span *s, fv_span **out, size_t *count) {
    if (!s->bytes || s->first > s->last) return;
    if (out) out[*count] = s;
    ++*count;
}

/* Collects the spans that take memory; returns how many. */
static size_t collect(fv_plan *plan, fv_span **out) {
    size_t count = 0;
    for (size_t v = 0; v < plan->net->value_count; v++) {
        collect_one(&plan->values[v].span, out, &count);
        collect_one(&plan->values[v].gradient_span, out, &count);
        for (int l = 0; l < FV_LAYOUTS; l++) collect_one(&plan->values[v].copies[l], out, &count);
    }
    for (size_t t = 0; t < plan->temp_count; t++) collect_one(&plan->temps[t].span, out, &count);
    for (size_t n = 0; n < plan->net->node_count; n++) {
        for (int i = 0; i < FV_OP_SAVED; i++) collect_one(&plan->nodes[n].saved[i], out, &count);
        for (int i = 0; i < 2; i++) collect_one(&plan->nodes[n].packed[i], out, &count);
    }
    return count;
}

/* A span and its number in the order of collection, which is the same everywhere. */
typedef struct entry {
    fv_span *span;
    size_t number;
} entry;

static int larger_first(const void *a, const void *b) {
    const entry *p = a, *q = b;
    const fv_span *x = p->span, *y = q->span;
    if (x->bytes != y->bytes) return x->bytes < y->bytes ? 1 : -1;
    if (x->first != y->first) return x->first < y->first ? -1 : 1;
    if (x->last != y->last) return x->last < y->last ? -1 : 1;
    return (p->number > q->number) - (p->number < q->number);
}

/* The lowest offset at which `span` meets none of those laid already (sorted by offset). */
static size_t lowest_gap(const fv_span *span, fv_span *const *laid, size_t count) {
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        const fv_span *other = laid[i];
        if (other->first > span->last || other->last < span->first) continue;
        if (other->offset >= at && other->offset - at >= span->bytes) break;
        if (other->offset + other->bytes > at) at = other->offset + other->bytes;
    }
    return at;
}

static fv_status lay(fv_context *ctx, fv_plan *plan, const entry *entries, fv_span **laid,
                     size_t count) {
    for (size_t i = 0; i < count; i++) {
        fv_span *s = entries[i].span;
        size_t end;
        s->bytes = (s->bytes + FV_ALIGN - 1) / FV_ALIGN * FV_ALIGN;
        s->offset = lowest_gap(s, laid, i);
        if (!fv__add_size(s->offset, s->bytes, &end))
            return fv__fail(ctx, FV_BAD_INPUT,
                            "the network does not fit in memory at a batch of %lld; use a smaller "
                            "batch",
                            (long long)plan->options.batch);
        if (end > plan->block_bytes) plan->block_bytes = end;
        plan->values_unshared += s->bytes;
        size_t j = i;
        for (; j > 0 && laid[j - 1]->offset > s->offset; j--) laid[j] = laid[j - 1];
        laid[j] = s;
    }
    return FV_OK;
}

fv_status fv__plan_offsets(fv_context *ctx, fv_plan *plan) {
    lifetimes(plan);
    FV_TRY(sizes(ctx, plan));
    const size_t count = collect(plan, NULL);
    entry *entries = fv__alloc(ctx, (count + 1) * sizeof *entries, "the memory plan");
    fv_span **spans = fv__alloc(ctx, (count + 1) * sizeof *spans, "the memory plan");
    fv_status status = entries && spans ? FV_OK : FV_EXHAUSTED;
    if (status == FV_OK) {
        collect(plan, spans);
        for (size_t i = 0; i < count; i++) entries[i] = (entry){spans[i], i};
        qsort(entries, count, sizeof *entries, larger_first);
        status = lay(ctx, plan, entries, spans, count);
    }
    fv__free(entries);
    fv__free(spans);
    return status;
}
