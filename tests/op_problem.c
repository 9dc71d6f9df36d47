/* SPDX-License-Identifier: MIT */
/*
 * op_problem.c - sample problems of operators: reading them, their memory, their numbers.
 */
#include "op_problem.h"
#include "device/device.h"
#include "op_memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GAP_BYTE 0x5a
#define WORD     200 /* bytes of a value in a sample */

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

const fv_op *op_number_of(int i) {
    static const fv_op *const of_plans[] = {&fv__op_convert, &fv__op_fold, &fv__op_before, NULL};
    for (int k = 0; fv__ops[k] != NULL; k++)
        if (i-- == 0) return fv__ops[k];
    return i <= 3 ? of_plans[i] : NULL;
}

/* The next word of a text; false at its end. */
static bool next_word(const char **text, char word[WORD]) {
    *text += strspn(*text, " ");
    size_t n = strcspn(*text, " ");
    if (n == 0) return false;
    if (n > WORD - 1) n = WORD - 1;
    memcpy(word, *text, n);
    word[n] = '\0';
    *text += n;
    return true;
}

fv_status op_options(fv_context *ctx, const fv_op *op, const char *text, void *options) {
    char word[WORD];
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

/* What may stand before a shape. */
static bool take_word(const char **text, const char *word) {
    *text += strspn(*text, " ,");
    const size_t n = strlen(word);
    if (strncmp(*text, word, n) != 0 || (*text)[n] != ' ') return false;
    *text += n;
    return true;
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

static fv_status read_input(op_problem *p, const char **text) {
    const int i = p->site.inputs++;
    p->in_type[i] = (fv_type){FV_F32, !take_word(text, "constant")};
    p->positive[i] = take_word(text, "positive");
    if (take_word(text, "bool")) p->in_type[i].dtype = FV_BOOL8, p->below[i] = 2;
    if (take_word(text, "below")) {
        p->in_type[i].dtype = FV_I32;
        p->below[i] = strtol(*text, (char **)(uintptr_t)text, 10);
    }
    return read_shape(&p->ctx, text, &p->in[i]);
}

/* The site's arrays are the problem's own. */
static void tie(op_problem *p) {
    fv_site *s = &p->site;
    s->options = p->op->options_size > 0 ? p->options.bytes : NULL;
    s->in = p->in;
    s->in_type = p->in_type;
    s->out = p->out;
    s->out_type = p->out_type;
}

static void add_target(op_problem *p) {
    const int i = p->site.inputs++;
    p->in_type[i].batched = true;
    (void)p->op->target(p->site.options, &p->in[0], &p->in[i], &p->in_type[i].dtype);
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
    if (op->options_size > OPTION_BYTES || fv__op_outputs(op) > OP_OUTPUTS)
        return fv__fail(&p->ctx, FV_FAILED, "options too large, or too many outputs, for the test");
    FV_TRY(op_options(&p->ctx, op, options, p->options.bytes));
    tie(p);
    shapes++;
    while (*shapes != '\0' && p->site.inputs < OP_INPUTS - 1) FV_TRY(read_input(p, &shapes));
    if (op->traits & FV_LOSS) add_target(p);
    return FV_OK;
}

void op_copy(op_problem *to, const op_problem *from) {
    memset(to, 0, sizeof *to);
    to->op = from->op;
    to->sample = from->sample;
    to->options = from->options;
    to->seed = from->seed;
    to->forward_only = from->forward_only;
    to->aligned = from->aligned;
    to->site.inputs = from->site.inputs;
    memcpy(to->in, from->in, sizeof to->in);
    memcpy(to->in_type, from->in_type, sizeof to->in_type);
    memcpy(to->positive, from->positive, sizeof to->positive);
    memcpy(to->below, from->below, sizeof to->below);
    tie(to);
}

double op_number(int id, int64_t i) {
    uint32_t h = (uint32_t)i * 2654435761u + (uint32_t)id * 40503u + 12345u;
    h = (h ^ h >> 15) * 2246822519u;
    h = (h ^ h >> 13) * 3266489917u;
    h ^= h >> 16;
    return (double)(h >> 8) / 8388608.0 - 1;
}

void op_numbers(const op_problem *p, const fv_tensor *t, int id) {
    double v[OP_MANY];
    for (int64_t i = 0, n, count = op_count(t); i < count; i += n) {
        n = count - i < OP_MANY ? count - i : OP_MANY;
        for (int64_t k = 0; k < n; k++) v[k] = op_number(id + OP_IDS * p->seed, i + k);
        op_write(t, i, n, v);
    }
}

size_t op_bytes(const fv_tensor *t) {
    int64_t count = t->shape.rank > 0 ? t->shape.dim[0] * t->step : 1;
    return (size_t)count * fv__dtype_bytes(t->dtype);
}

fv_status op_allot(op_problem *p, fv_tensor *t, fv_dtype dtype, const fv_shape *shape,
                   const fv_type *type, fv_layout layout, int64_t gap) {
    *t = fv__tensor(NULL, dtype, *shape);
    t->layout = layout;
    t->step = fv__layout_sample(layout, shape);
    if (shape->rank > 1 && !(type && !type->batched)) t->step += gap;
    t->data = op_lend(op_bytes(t), p->aligned ? 0 : fv__dtype_bytes(dtype));
    if (t->data == NULL) return fv__fail(&p->ctx, FV_EXHAUSTED, "no memory");
    memset(t->data, GAP_BYTE, op_bytes(t));
    return FV_OK;
}

static fv_dtype as_values(const op_problem *p, fv_dtype dtype) {
    return dtype == FV_F32 ? p->dtype : dtype;
}

static fv_status allot_input(op_problem *p, int i) {
    const fv_type *type = &p->in_type[i];
    const fv_dtype dtype = as_values(p, type->dtype);
    const bool target = (p->op->traits & FV_LOSS) && i == p->site.inputs - 1;
    FV_TRY(op_allot(p, &p->x[i], dtype, &p->in[i], type, p->in_layout[i], p->gap));
    if (!target && !p->forward_only && dtype == p->dtype)
        return op_allot(p, &p->dx[i], dtype, &p->in[i], type, p->in_layout[i], p->gap);
    p->dx[i] = p->x[i];
    p->dx[i].data = NULL;
    return FV_OK;
}

static fv_status allot_all(op_problem *p) {
    const fv_site *s = &p->site;
    for (int i = 0; i < s->inputs; i++) FV_TRY(allot_input(p, i));
    for (int i = 0; i < s->params; i++) {
        FV_TRY(op_allot(p, &p->w[i], p->dtype, &s->param[i].shape, NULL, FV_PLAIN, 0));
        p->dw[i] = p->w[i];
        p->dw[i].data = NULL;
        if (p->forward_only) continue;
        FV_TRY(op_allot(p, &p->dw[i], p->dtype, &s->param[i].shape, NULL, FV_PLAIN, 0));
    }
    for (int i = 0; i < s->saved; i++)
        FV_TRY(op_allot(p, &p->saved[i], as_values(p, s->saved_dtype[i]), &s->saved_shape[i], NULL,
                        FV_PLAIN, 0));
    for (int o = 0; o < s->outputs; o++) {
        const fv_dtype dtype = as_values(p, p->out_type[o].dtype);
        const int64_t gap = p->out_type[o].batched ? p->gap : 0;
        FV_TRY(op_allot(p, &p->y[o], dtype, &s->out[o], NULL, p->out_layout[o], gap));
        p->dy[o] = p->y[o];
        p->dy[o].data = NULL;
        if (p->forward_only) continue;
        FV_TRY(op_allot(p, &p->dy[o], dtype, &s->out[o], NULL, p->out_layout[o], gap));
    }
    return FV_OK;
}

void op_bind(op_problem *p) {
    p->pass = (fv_pass){.op = p->op,
                        .options = p->site.options,
                        .inputs = p->site.inputs,
                        .outputs = p->site.outputs,
                        .params = p->site.params,
                        .x = p->x,
                        .y = p->y,
                        .w = p->w,
                        .saved = p->saved,
                        .dy = p->dy,
                        .dx = p->dx,
                        .dw = p->dw,
                        .training = true,
                        .random = fv__key(7, FV_STREAM_DROPOUT, 3, 11),
                        .share = 1,
                        .overwrite = p->overwrite};
}

/* Memory for all tensors, and the pass over them. */
static fv_status furnish(op_problem *p, fv_dtype dtype, int64_t gap) {
    p->dtype = dtype;
    p->gap = gap;
    FV_TRY(fv__op_shape(&p->ctx, p->op, &p->site));
    if (p->site.outputs > OP_YS)
        return fv__fail(&p->ctx, FV_FAILED, "too many outputs for the test");
    FV_TRY(allot_all(p));
    op_bind(p);
    return FV_OK;
}

fv_status op_build(op_problem *p, fv_dtype dtype, int64_t gap) {
    FV_TRY(furnish(p, dtype, gap));
    op_fill(p);
    return FV_OK;
}

static void copy_bytes(const fv_tensor *to, const fv_tensor *from, int count) {
    for (int i = 0; i < count; i++)
        if (to[i].data) memcpy(to[i].data, from[i].data, op_bytes(&to[i]));
}

fv_status op_clone(op_problem *to, const op_problem *from) {
    const fv_site *s = &from->site;
    op_copy(to, from);
    memcpy(to->in_layout, from->in_layout, sizeof to->in_layout);
    memcpy(to->out_layout, from->out_layout, sizeof to->out_layout);
    memcpy(to->overwrite, from->overwrite, sizeof to->overwrite);
    FV_TRY(furnish(to, from->dtype, from->gap));
    copy_bytes(to->x, from->x, s->inputs);
    copy_bytes(to->dx, from->dx, s->inputs);
    copy_bytes(to->y, from->y, s->outputs);
    copy_bytes(to->dy, from->dy, s->outputs);
    copy_bytes(to->w, from->w, s->params);
    copy_bytes(to->dw, from->dw, s->params);
    copy_bytes(to->saved, from->saved, s->saved);
    to->pass.training = from->pass.training;
    to->pass.first = from->pass.first;
    to->pass.share = from->pass.share;
    to->pass.divisor = from->pass.divisor;
    return FV_OK;
}

fv_status op_make(op_problem *p, const fv_op *op, const char *sample, fv_dtype dtype, int64_t gap) {
    FV_TRY(op_read_sample(p, op, sample));
    return op_build(p, dtype, gap);
}

/* Its tensors in turn; NULL: no more. */
static const fv_tensor *tensor_number(const op_problem *p, int i) {
    const struct {
        const fv_tensor *tensors;
        int count;
    } all[] = {{p->x, OP_INPUTS},    {p->dx, OP_INPUTS},    {p->y, OP_YS},          {p->dy, OP_YS},
               {p->w, FV_OP_PARAMS}, {p->dw, FV_OP_PARAMS}, {p->saved, FV_OP_SAVED}};
    for (size_t k = 0; k < sizeof all / sizeof *all; i -= all[k++].count)
        if (i < all[k].count) return &all[k].tensors[i];
    return NULL;
}

void op_release(op_problem *p) {
    const fv_tensor *t;
    for (int i = 0; (t = tensor_number(p, i)) != NULL; i++) op_give_back(t->data);
    memset(p, 0, sizeof *p);
}

bool op_guards_intact(const op_problem *p) {
    const fv_tensor *t;
    for (int i = 0; (t = tensor_number(p, i)) != NULL; i++)
        if (t->data && !op_guarded(t->data, op_bytes(t))) return false;
    return true;
}

static void fill_input(op_problem *p, int k) {
    const fv_tensor *x = &p->x[k];
    const int64_t below = p->below[k] ? p->below[k] : fv__channels(&p->in[0]);
    op_numbers(p, x, OP_ID_X + k);
    const bool as_drawn = op_is_real(x) && !p->positive[k];
    for (int64_t i = 0, count = as_drawn ? 0 : op_count(x); i < count; i++) {
        const double v = op_number(OP_ID_X + k + OP_IDS * p->seed, i);
        if (!op_is_real(x)) op_set(x, i, floor((v + 1) / 2 * (double)below));
        if (p->positive[k]) op_set(x, i, 1 + v / 2);
    }
    if (p->dx[k].data != NULL) op_zero(&p->dx[k]);
}

void op_fill(op_problem *p) {
    for (int k = 0; k < p->site.inputs; k++) fill_input(p, k);
    for (int k = 0; k < p->site.params; k++) {
        const bool variance = strcmp(p->site.param[k].name, "variance") == 0;
        const bool recurrent = strcmp(p->site.param[k].name, "recurrent") == 0;
        const int64_t wide = recurrent ? p->site.param[k].shape.dim[2] : 0;
        op_numbers(p, &p->w[k], OP_ID_W + k);
        /* larger ones would drive a long sequence into chaos, where rounding decides */
        for (int64_t i = 0; wide > 8 && i < op_count(&p->w[k]); i++)
            op_set(&p->w[k], i, 4 * op_get(&p->w[k], i) / (double)wide);
        for (int64_t i = 0; variance && i < op_count(&p->w[k]); i++)
            op_set(&p->w[k], i, 1 + op_get(&p->w[k], i) / 2);
        if (p->dw[k].data != NULL) op_zero(&p->dw[k]);
    }
    for (int o = 0; o < p->site.outputs; o++)
        if (p->dy[o].data != NULL) op_numbers(p, &p->dy[o], OP_ID_DY + o);
    op_weigh(p);
}

void op_weigh(op_problem *p) {
    p->pass.divisor = (double)p->in[0].dim[0];
    if (p->op->weigh) p->pass.divisor = p->op->weigh(p->site.options, &p->x[p->site.inputs - 1]);
}

void op_forward(op_problem *p) {
    p->op->forward[fv__real(p->dtype)](&p->pass);
}
void op_backward(op_problem *p) {
    if (p->op->backward[fv__real(p->dtype)]) p->op->backward[fv__real(p->dtype)](&p->pass);
}

void op_follow(op_problem *p) {
    for (int k = 0; k < p->site.params; k++) {
        const double m = p->site.param[k].momentum;
        for (int64_t i = 0; !p->site.param[k].learned && i < op_count(&p->w[k]); i++)
            op_set(&p->w[k], i, (1 - m) * op_get(&p->w[k], i) + m * op_get(&p->dw[k], i));
    }
}

int64_t op_count(const fv_tensor *t) {
    return fv__shape_count(&t->shape);
}
bool op_is_real(const fv_tensor *t) {
    return t->dtype == FV_F32 || t->dtype == FV_F64;
}

/* Elements of a sample of a shape that was allotted: nothing can overflow any more. */
static int64_t sample_of(const fv_shape *s) {
    int64_t count = 1;
    for (int d = 1; d < s->rank; d++) count *= s->dim[d];
    return count;
}

/* Where element i lies. */
static size_t index_of(const fv_tensor *t, int64_t i) {
    const int64_t sample = sample_of(&t->shape), channels = fv__channels(&t->shape);
    if (t->layout == FV_PLAIN && t->step == sample) return (size_t)i;
    if (t->layout == FV_PLAIN) return (size_t)(i + i / sample * (t->step - sample));
    const int64_t pixels = sample / channels, at = i % sample;
    return (size_t)(i / sample * t->step +
                    fv__layout_channel(t->layout, channels, pixels, at / pixels) +
                    at % pixels * fv__layout_pixel(t->layout, channels));
}

double op_get(const fv_tensor *t, int64_t i) {
    size_t at = index_of(t, i);
    switch (t->dtype) {
    case FV_F32:
        return (double)((const float *)t->data)[at];
    case FV_F64:
        return ((const double *)t->data)[at];
    case FV_I32:
        return ((const int32_t *)t->data)[at];
    case FV_I64:
        return (double)((const int64_t *)t->data)[at];
    default:
        break;
    }
    return ((const uint8_t *)t->data)[at];
}

void op_set(const fv_tensor *t, int64_t i, double v) {
    size_t at = index_of(t, i);
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
    case FV_I64:
        ((int64_t *)t->data)[at] = (int64_t)v;
        return;
    default:
        break;
    }
    ((uint8_t *)t->data)[at] = (uint8_t)v;
}

/* How many elements from the first on lie one behind the other, at most `count`. */
static int64_t run_of(const fv_tensor *t, int64_t first, int64_t count) {
    const int64_t sample = sample_of(&t->shape);
    if (t->layout != FV_PLAIN || !op_is_real(t)) return 1;
    if (t->step == sample) return count;
    return sample - first % sample < count ? sample - first % sample : count;
}

void op_read(const fv_tensor *t, int64_t first, int64_t count, double *out) {
    for (int64_t n; count > 0; first += n, out += n, count -= n) {
        const size_t at = index_of(t, first);
        n = run_of(t, first, count);
        if (n == 1)
            *out = op_get(t, first);
        else if (t->dtype == FV_F32)
            for (int64_t i = 0; i < n; i++) out[i] = (double)((const float *)t->data + at)[i];
        else
            memcpy(out, (const double *)t->data + at, sizeof *out * (size_t)n);
    }
}

void op_write(const fv_tensor *t, int64_t first, int64_t count, const double *from) {
    for (int64_t n; count > 0; first += n, from += n, count -= n) {
        const size_t at = index_of(t, first);
        n = run_of(t, first, count);
        if (n == 1)
            op_set(t, first, *from);
        else if (t->dtype == FV_F32)
            for (int64_t i = 0; i < n; i++) ((float *)t->data + at)[i] = (float)from[i];
        else
            memcpy((double *)t->data + at, from, sizeof *from * (size_t)n);
    }
}

void op_transfer(const fv_tensor *to, const fv_tensor *from) {
    double v[OP_MANY];
    for (int64_t i = 0, n, count = op_count(to); i < count; i += n) {
        n = count - i < OP_MANY ? count - i : OP_MANY;
        op_read(from, i, n, v);
        op_write(to, i, n, v);
    }
}

static void set_all(const fv_tensor *t, double value) {
    double v[OP_MANY];
    for (int i = 0; i < OP_MANY; i++) v[i] = value;
    for (int64_t i = 0, count = op_count(t); i < count; i += OP_MANY)
        op_write(t, i, count - i < OP_MANY ? count - i : OP_MANY, v);
}

void op_zero(const fv_tensor *t) {
    set_all(t, 0);
}

void op_poison(const fv_tensor *t) {
    if (op_is_real(t)) set_all(t, (double)NAN);
}

static bool intact(const fv_tensor *t) {
    if (t->data == NULL) return true;
    const unsigned char *bytes = t->data;
    const size_t element = fv__dtype_bytes(t->dtype);
    const size_t sample = (size_t)fv__layout_sample(t->layout, &t->shape) * element;
    const size_t step = (size_t)t->step * element;
    for (size_t start = 0; start < op_bytes(t); start += step)
        for (size_t i = sample; i < step; i++)
            if (bytes[start + i] != GAP_BYTE) return false;
    return true;
}

bool op_gaps_intact(const op_problem *p) {
    bool all = true;
    for (int o = 0; o < p->site.outputs; o++) all = all && intact(&p->y[o]);
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

bool op_is_learned(const op_problem *p, int slot) {
    if (slot < p->site.inputs) return p->dx[slot].data != NULL;
    return p->site.param[slot - p->site.inputs].learned;
}

double op_distance(const fv_tensor *a, const fv_tensor *b) {
    double difference = 0, norm_a = 0, norm_b = 0;
    if (op_count(a) != op_count(b)) return INFINITY;
    for (int64_t i = 0, count = op_count(a); i < count; i++) {
        double u = op_get(a, i), v = op_get(b, i);
        if (isnan(u) && isnan(v)) continue;
        difference += (u - v) * (u - v);
        norm_a += u * u;
        norm_b += v * v;
    }
    double norm = sqrt(norm_a > norm_b ? norm_a : norm_b);
    return sqrt(difference) / (norm > 1e-3 ? norm : 1e-3);
}
