/* SPDX-License-Identifier: MIT */
/*
 * op_problem.c - sample problems of operators: reading them, their memory, their numbers.
 */
#include "op_problem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GAP_BYTE 0x5a

bool op_check(op_tally *t, bool holds, const char *format, ...) {
    if (holds) {
        t->passed++;
        return true;
    }
    t->failed++;
    if (t->quiet || t->failed > 50) return false; /* that many say enough */
    va_list args;
    va_start(args, format);
    printf("FAILED: ");
    vprintf(format, args);
    printf("\n");
    va_end(args);
    return false;
}

/* The next word of a text; false at its end. */
static bool next_word(const char **text, char word[64]) {
    *text += strspn(*text, " ");
    size_t n = strcspn(*text, " ");
    if (n == 0) return false;
    if (n > 63) n = 63;
    memcpy(word, *text, n);
    word[n] = '\0';
    *text += n;
    return true;
}

fv_status op_options(fv_context *ctx, const fv_op *op, const char *text, void *options) {
    char word[64];
    int position = 0;
    if (op->fields == NULL) return FV_OK;
    fv__field_defaults(op->fields, options);
    while (next_word(&text, word)) {
        const fv_field *f = fv__field_find(op->fields, word);
        if (f == NULL) {
            f = &op->fields[position++];
            if (f->name == NULL || !(f->flags & FV_POSITIONAL))
                return fv__fail(ctx, FV_BAD_INPUT, "no option for '%s'", word);
            FV_TRY(fv__field_set_text(ctx, f, options, word));
            continue;
        }
        const char *rest = text;
        bool value = next_word(&rest, word) && fv__field_find(op->fields, word) == NULL;
        if (!value && f->kind != FV_BOOL)
            return fv__fail(ctx, FV_BAD_INPUT, "no value for '%s'", f->name);
        if (value) text = rest;
        FV_TRY(fv__field_set_text(ctx, f, options, value ? word : "yes"));
    }
    return FV_OK;
}

static fv_status read_shape(fv_context *ctx, const char **text, fv_shape *s) {
    s->rank = 0;
    *text += strspn(*text, " ,");
    while (s->rank < FV_RANK_MAX) {
        char *end;
        s->dim[s->rank] = strtoll(*text, &end, 10);
        if (end == *text) return fv__fail(ctx, FV_BAD_INPUT, "a size is missing at '%s'", *text);
        s->rank++;
        *text = end;
        if (**text != 'x') break;
        ++*text;
    }
    *text += strspn(*text, " ");
    return FV_OK;
}

fv_status op_read_sample(op_problem *p, const fv_op *op, const char *sample) {
    memset(p, 0, sizeof *p);
    p->op = op;
    p->sample = sample;
    char options[256];
    const char *shapes = strchr(sample, ';');
    if (shapes == NULL || (size_t)(shapes - sample) >= sizeof options)
        return fv__fail(&p->ctx, FV_BAD_INPUT, "no ';' between options and shapes");
    memcpy(options, sample, (size_t)(shapes - sample));
    options[shapes - sample] = '\0';
    if (op->options_size > OPTION_BYTES) return fv__fail(&p->ctx, FV_FAILED, "options too large");
    FV_TRY(op_options(&p->ctx, op, options, p->options.bytes));
    p->site.options = op->options_size > 0 ? p->options.bytes : NULL;
    shapes++;
    while (*shapes != '\0' && p->site.inputs < FV_OP_INPUTS)
        FV_TRY(read_shape(&p->ctx, &shapes, &p->site.in[p->site.inputs++]));
    if (op->traits & FV_LOSS) p->site.in[p->site.inputs++] = fv__shape1(p->site.in[0].dim[0]);
    return FV_OK;
}

double op_number(int id, int64_t i) {
    uint32_t h = (uint32_t)i * 2654435761u + (uint32_t)id * 40503u + 12345u;
    h = (h ^ h >> 15) * 2246822519u;
    h = (h ^ h >> 13) * 3266489917u;
    h ^= h >> 16;
    return (double)(h >> 8) / 8388608.0 - 1;
}

static size_t tensor_bytes(const fv_tensor *t) {
    int64_t count = t->shape.dim[0] * t->step;
    return (size_t)count * fv__dtype_bytes(t->dtype);
}

static fv_status allot(op_problem *p, fv_tensor *t, fv_dtype dtype, const fv_shape *shape,
                       bool gap) {
    *t = fv__tensor(NULL, dtype, *shape);
    if (gap && shape->rank > 1) t->step += p->gap;
    t->data = malloc(tensor_bytes(t)); /* of exactly this size, so that sanitizers see all */
    if (t->data == NULL) return fv__fail(&p->ctx, FV_EXHAUSTED, "no memory");
    memset(t->data, GAP_BYTE, tensor_bytes(t));
    return FV_OK;
}

fv_status op_build(op_problem *p, fv_dtype dtype, int64_t gap) {
    fv_site *s = &p->site;
    p->dtype = dtype;
    p->gap = gap;
    FV_TRY(p->op->shape(&p->ctx, s));
    for (int i = 0; i < s->inputs; i++) {
        bool labels = (p->op->traits & FV_LOSS) && i == s->inputs - 1;
        FV_TRY(allot(p, &p->x[i], labels ? FV_I32 : dtype, &s->in[i], true));
        FV_TRY(allot(p, &p->dx[i], labels ? FV_I32 : dtype, &s->in[i], true));
        if (labels) {
            free(p->dx[i].data);
            p->dx[i].data = NULL;
        }
    }
    for (int i = 0; i < s->params; i++) {
        FV_TRY(allot(p, &p->w[i], dtype, &s->param[i].shape, false));
        FV_TRY(allot(p, &p->dw[i], dtype, &s->param[i].shape, false));
    }
    for (int i = 0; i < s->saved; i++)
        FV_TRY(allot(p, &p->saved[i], s->saved_dtype[i] == FV_F32 ? dtype : s->saved_dtype[i],
                     &s->saved_shape[i], false));
    FV_TRY(allot(p, &p->pass.y, dtype, &s->out, true));
    FV_TRY(allot(p, &p->pass.dy, dtype, &s->out, true));
    p->pass.op = p->op;
    p->pass.options = s->options;
    p->pass.inputs = s->inputs;
    p->pass.x = p->x;
    p->pass.dx = p->dx;
    p->pass.w = p->w;
    p->pass.dw = p->dw;
    p->pass.saved = p->saved;
    p->pass.training = true;
    p->pass.random = fv__key(7, FV_STREAM_DROPOUT, 3, 11);
    op_fill(p);
    return FV_OK;
}

fv_status op_make(op_problem *p, const fv_op *op, const char *sample, fv_dtype dtype, int64_t gap) {
    FV_TRY(op_read_sample(p, op, sample));
    return op_build(p, dtype, gap);
}

void op_release(op_problem *p) {
    for (int i = 0; i < FV_OP_INPUTS; i++) free(p->x[i].data), free(p->dx[i].data);
    for (int i = 0; i < FV_OP_PARAMS; i++) free(p->w[i].data), free(p->dw[i].data);
    for (int i = 0; i < FV_OP_SAVED; i++) free(p->saved[i].data);
    free(p->pass.y.data);
    free(p->pass.dy.data);
    memset(p, 0, sizeof *p);
}

void op_fill(op_problem *p) {
    for (int k = 0; k < p->site.inputs; k++) {
        const fv_tensor *x = &p->x[k];
        for (int64_t i = 0; i < op_count(x); i++) {
            double v = op_number(k, i);
            int64_t classes = fv__channels(&p->site.in[0]);
            op_set(x, i, x->dtype == FV_I32 ? floor((v + 1) / 2 * (double)classes) : v);
        }
        if (p->dx[k].data != NULL) op_zero(&p->dx[k]);
    }
    for (int k = 0; k < p->site.params; k++) {
        bool variance = strcmp(p->site.param[k].name, "variance") == 0;
        for (int64_t i = 0; i < op_count(&p->w[k]); i++) {
            double v = op_number(16 + k, i);
            op_set(&p->w[k], i, variance ? 1 + v / 2 : v);
        }
        op_zero(&p->dw[k]);
    }
    for (int64_t i = 0; i < op_count(&p->pass.dy); i++) op_set(&p->pass.dy, i, op_number(32, i));
}

void op_forward(op_problem *p) {
    p->op->forward[fv__real(p->dtype)](&p->pass);
}
void op_backward(op_problem *p) {
    p->op->backward[fv__real(p->dtype)](&p->pass);
}

int64_t op_count(const fv_tensor *t) {
    return fv__shape_count(&t->shape);
}
bool op_is_real(const fv_tensor *t) {
    return t->dtype == FV_F32 || t->dtype == FV_F64;
}

static size_t place(const fv_tensor *t, int64_t i) {
    int64_t sample = fv__shape_sample(&t->shape);
    return (size_t)(i / sample * t->step + i % sample);
}

double op_get(const fv_tensor *t, int64_t i) {
    size_t at = place(t, i);
    switch (t->dtype) {
    case FV_F32:
        return (double)((const float *)t->data)[at];
    case FV_F64:
        return ((const double *)t->data)[at];
    case FV_I32:
        return ((const int32_t *)t->data)[at];
    default:
        break;
    }
    return ((const uint8_t *)t->data)[at];
}

void op_set(const fv_tensor *t, int64_t i, double v) {
    size_t at = place(t, i);
    switch (t->dtype) {
    case FV_F32:
        ((float *)t->data)[at] = (float)v;
        return;
    case FV_F64:
        ((double *)t->data)[at] = v;
        return;
    case FV_I32:
        ((int32_t *)t->data)[at] = (int32_t)v;
        return;
    default:
        break;
    }
    ((uint8_t *)t->data)[at] = (uint8_t)v;
}

void op_zero(const fv_tensor *t) {
    for (int64_t i = 0; i < op_count(t); i++) op_set(t, i, 0);
}

static bool intact(const fv_tensor *t) {
    if (t->data == NULL) return true;
    const unsigned char *bytes = t->data;
    const size_t element = fv__dtype_bytes(t->dtype);
    const size_t sample = (size_t)fv__shape_sample(&t->shape) * element;
    const size_t step = (size_t)t->step * element;
    for (size_t i = 0; i < tensor_bytes(t); i++)
        if (i % step >= sample && bytes[i] != GAP_BYTE) return false;
    return true;
}

bool op_gaps_intact(const op_problem *p) {
    bool all = intact(&p->pass.y);
    for (int i = 0; i < p->site.inputs; i++) all = all && intact(&p->dx[i]);
    return all;
}

fv_tensor *op_gradient(op_problem *p, int slot, char name[64]) {
    bool input = slot < p->site.inputs;
    int k = input ? slot : slot - p->site.inputs;
    if (!input && k >= p->site.params) return NULL;
    if (name != NULL && input) (void)snprintf(name, 64, "dx%d", k + 1);
    if (name != NULL && !input) (void)snprintf(name, 64, "d%s", p->site.param[k].name);
    return input ? &p->dx[k] : &p->dw[k];
}

fv_tensor *op_gradient_of(op_problem *p, int slot) {
    return slot < p->site.inputs ? &p->x[slot] : &p->w[slot - p->site.inputs];
}

double op_distance(const fv_tensor *a, const fv_tensor *b) {
    double difference = 0, norm_a = 0, norm_b = 0;
    if (op_count(a) != op_count(b)) return INFINITY;
    for (int64_t i = 0; i < op_count(a); i++) {
        double u = op_get(a, i), v = op_get(b, i);
        difference += (u - v) * (u - v);
        norm_a += u * u;
        norm_b += v * v;
    }
    double norm = sqrt(norm_a > norm_b ? norm_a : norm_b);
    return sqrt(difference) / (norm > 1e-3 ? norm : 1e-3);
}
