/* SPDX-License-Identifier: MIT */
/*
 * place.c - lifetimes, and one block in which everything has its place.
 *
 * Buffers are placed largest first, each at the lowest offset where no buffer alive at the same
 * time lies (the greedy-by-size strategy of Pisarchyk & Lee 2020, arXiv 2001.03288).
 */
#include "plan/internal.h"
#include <stdlib.h>

static void use(fv_span *span, int step) {
    if (step < span->first) span->first = step;
    if (step > span->last) span->last = step;
}

static void use_value(fv_plan *plan, int value, int step) {
    use(&plan->spans[fv__region_root(plan->regions, value, NULL)], step);
}

static void use_gradient(fv_plan *plan, int value, int step) {
    use(&plan->gradient_spans[fv__region_root(plan->gradient_regions, value, NULL)], step);
}

static void use_backward(fv_plan *plan, const fv_node *node, int step) {
    if (node->op->traits & FV_KEEP_X)
        for (int i = 0; i < node->inputs; i++) use_value(plan, node->in[i], step);
    if (node->op->traits & FV_KEEP_Y) use_value(plan, node->out, step);
    use_gradient(plan, node->out, step);
    for (int i = 0; i < node->inputs; i++)
        if (plan->needs_gradient[node->in[i]]) use_gradient(plan, node->in[i], step);
}

static void lifetimes(fv_plan *plan) {
    const int end = (int)plan->step_count;
    for (int s = 0; s < end; s++) {
        const fv_step *step = &plan->steps[s];
        if (step->kind == FV_STEP_CLEAR) {
            use_gradient(plan, step->value, s);
            continue;
        }
        if (step->kind == FV_STEP_CONVERT) {
            use_value(plan, step->value, s);
            use(&plan->copies[step->value], s);
            if (plan->pinned[step->value]) use(&plan->copies[step->value], end);
            continue;
        }
        const fv_node *node = &plan->net->nodes[step->node];
        fv_node_plan *p = &plan->nodes[step->node];
        if (step->which == FV_FORWARD) {
            for (int i = 0; i < node->inputs; i++) {
                use_value(plan, node->in[i], s);
                if (fv__plan_wants(plan, step->node) != plan->layouts[node->in[i]])
                    use(&plan->copies[node->in[i]], s);
            }
            use_value(plan, node->out, s);
        } else {
            use_backward(plan, node, s);
        }
        for (int i = 0; i < FV_OP_SAVED; i++) use(&p->saved[i], s);
    }
    for (size_t v = 0; v < plan->net->value_count; v++) {
        const bool from_outside = plan->net->values[v].node < 0 && plan->readers[v] > 0;
        if (from_outside || plan->pinned[v] || (plan->ask.keep_values && plan->readers[v] > 0)) {
            use_value(plan, (int)v, from_outside ? 0 : end);
            use_value(plan, (int)v, end);
        }
    }
    if (plan->ask.backward) {
        for (size_t h = 0; h < plan->net->head_count; h++)
            use_gradient(plan, plan->net->heads[h].value, (int)plan->forward_steps);
        if (plan->ask.keep_values || plan->ask.input_gradient)
            for (size_t v = 0; v < plan->net->value_count; v++)
                if (plan->needs_gradient[v] && plan->readers[v] > 0 &&
                    (plan->ask.keep_values || v == 0))
                    use_gradient(plan, (int)v, end);
    }
}

static fv_status sizes(fv_context *ctx, fv_plan *plan) {
    const size_t item = fv__dtype_bytes(plan->ask.dtype);
    for (size_t v = 0; v < plan->net->value_count; v++) {
        size_t bytes;
        const int64_t count = fv__shape_count(&plan->shapes[v]);
        if (count < 0 || !fv__mul_size((size_t)count, item, &bytes) || bytes > SIZE_MAX / 4)
            return fv__fail(ctx, FV_BAD_INPUT,
                            "%s does not fit in memory at a batch of %lld; use a smaller batch",
                            plan->net->values[v].name, (long long)plan->ask.batch);
        plan->spans[v].bytes = plan->gradient_spans[v].bytes = plan->copies[v].bytes = bytes;
    }
    return FV_OK;
}

/* Collects the spans that take memory; returns how many. */
static size_t collect(fv_plan *plan, fv_span **out) {
    size_t count = 0;
    for (size_t v = 0; v < plan->net->value_count; v++) {
        fv_span *all[3] = {&plan->spans[v], &plan->gradient_spans[v], &plan->copies[v]};
        for (int i = 0; i < 3; i++)
            if (all[i]->bytes && all[i]->first <= all[i]->last) {
                if (out) out[count] = all[i];
                count++;
            }
    }
    for (size_t n = 0; n < plan->net->node_count; n++)
        for (int i = 0; i < FV_OP_SAVED; i++) {
            fv_span *s = &plan->nodes[n].saved[i];
            if (s->bytes && s->first <= s->last) {
                if (out) out[count] = s;
                count++;
            }
        }
    return count;
}

/* Largest first; then as they lie in memory, so that the order is one and the same everywhere. */
static int larger_first(const void *a, const void *b) {
    const fv_span *x = *(fv_span *const *)a, *y = *(fv_span *const *)b;
    if (x->bytes != y->bytes) return x->bytes < y->bytes ? 1 : -1;
    if (x->first != y->first) return x->first < y->first ? -1 : 1;
    if (x->last != y->last) return x->last < y->last ? -1 : 1;
    return (x > y) - (x < y);
}

/* The lowest offset at which `span` meets none of the placed ones (sorted by offset). */
static size_t lowest_gap(const fv_span *span, fv_span *const *placed, size_t count) {
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        const fv_span *other = placed[i];
        if (other->first > span->last || other->last < span->first) continue;
        if (other->offset >= at && other->offset - at >= span->bytes) break;
        if (other->offset + other->bytes > at) at = other->offset + other->bytes;
    }
    return at;
}

fv_status fv__plan_place(fv_context *ctx, fv_plan *plan) {
    FV_TRY(sizes(ctx, plan));
    lifetimes(plan);
    const size_t count = collect(plan, NULL);
    fv_span **spans = fv__alloc(ctx, (count + 1) * 2 * sizeof *spans, "the memory plan");
    if (!spans) return FV_EXHAUSTED;
    fv_span **placed = spans + count + 1;
    collect(plan, spans);
    qsort(spans, count, sizeof *spans, larger_first);
    fv_status status = FV_OK;
    for (size_t i = 0; i < count; i++) {
        fv_span *s = spans[i];
        s->bytes = (s->bytes + FV_ALIGN - 1) / FV_ALIGN * FV_ALIGN;
        s->offset = lowest_gap(s, placed, i);
        size_t end;
        if (!fv__add_size(s->offset, s->bytes, &end)) {
            status = fv__fail(ctx, FV_BAD_INPUT,
                              "the network does not fit in memory at a batch "
                              "of %lld; use a smaller batch",
                              (long long)plan->ask.batch);
            break;
        }
        if (end > plan->block_bytes) plan->block_bytes = end;
        plan->values_unshared += s->bytes;
        size_t j = i;
        for (; j > 0 && placed[j - 1]->offset > s->offset; j--) placed[j] = placed[j - 1];
        placed[j] = s;
    }
    fv__free(spans);
    return status;
}
