/* SPDX-License-Identifier: MIT */
/*
 * turned.c - values whose batch is not their first dimension in the file: [T, N, C] of recurrent
 * networks, say. Our graph keeps the batch first and the others in their order, [N, T, C]; an entry
 * says where it is in the file (batch_at), and options that name dimensions are translated here.
 */
#include "onnx/importer.h"

#ifdef FV_HAVE_ONNX
#include <string.h>

/* An operator about to be added, with its options. */
typedef struct turn {
    fv_onnx_node *n;
    fv_onnx_made *o;
    fv_entry *const *in;
    int count;
    int first;          /* the first input whose batch is not the first dimension, or 0 */
    int rank, from, to; /* of that one; where its batch is, and where it will be */
} turn;

static fv_status refuse(const turn *t) {
    return fv__onnx_refuse(
        t->n,
        "the batch of its input is dimension %d, and %s is computed here only where it comes "
        "first, or stays where it is",
        t->from, t->o->op->name);
}

/* A dimension of the file as one of ours, when the batch is dimension b there. */
static int64_t ours(int64_t axis, int b) {
    return axis < b ? axis + 1 : axis;
}

static fv_ints *list_of(const turn *t, const char *field) {
    const fv_field *f = fv__field_find(t->o->op->fields, field);
    return f && f->kind == FV_INTS ? (fv_ints *)(void *)(t->o->data.bytes + f->offset) : NULL;
}

/* [0 1 2] with the batch at 1, turned to [2 1 0]: ours are the batch, then 2 0, which are 2 1. */
static fv_status turn_transpose(turn *t) {
    fv_ints *perm = list_of(t, "perm"), now = {1, {0}};
    if (perm->count != t->rank) return refuse(t);
    for (int i = 0; i < t->rank; i++) {
        if (perm->v[i] < 0 || perm->v[i] >= t->rank) return refuse(t);
        if (perm->v[i] == t->from)
            t->to = i;
        else if (now.count < t->rank)
            now.v[now.count++] = ours(perm->v[i], t->from);
    }
    *perm = now;
    return FV_OK;
}

/* Dimensions that are named: not the batch. They go (those before the batch move it), or stay. */
static fv_status turn_axes(turn *t, bool go) {
    fv_ints *axes = list_of(t, "axes");
    if (axes->count == 0) return refuse(t);
    for (int i = 0; i < axes->count; i++) {
        const int64_t axis = axes->v[i] < 0 ? axes->v[i] + t->rank : axes->v[i];
        if (axis == t->from) return refuse(t);
        if (go && axis < t->from) t->to--;
        axes->v[i] = ours(axis, t->from);
    }
    return FV_OK;
}

/* New dimensions, named by their places in the output: the batch comes behind those before it. */
static fv_status turn_unsqueeze(turn *t) {
    fv_ints *axes = list_of(t, "axes");
    const int rank = t->rank + axes->count;
    int left = t->from;
    for (int d = 0; d < rank; d++) {
        bool is_new = false;
        for (int i = 0; i < axes->count; i++)
            is_new = is_new || (axes->v[i] < 0 ? axes->v[i] + rank : axes->v[i]) == d;
        if (!is_new && left-- == 0) t->to = d;
    }
    for (int i = 0; i < axes->count; i++)
        axes->v[i] = ours(axes->v[i] < 0 ? axes->v[i] + rank : axes->v[i], t->to);
    return FV_OK;
}

static fv_status turn_axis(turn *t) {
    const fv_field *f = fv__field_find(t->o->op->fields, "axis");
    if (!f || f->kind != FV_INT) return refuse(t);
    int64_t *axis = (int64_t *)(void *)(t->o->data.bytes + f->offset);
    if (*axis < 0) *axis += t->rank;
    if (*axis == t->from) return refuse(t);
    if (strcmp(t->o->op->name, "gather") == 0 && *axis < t->from)
        t->to += fv__onnx_shape(t->n->im, t->in[1], NULL)->rank - 1;
    *axis = ours(*axis, t->from);
    return FV_OK;
}

static fv_status turn_concat(turn *t) {
    for (int i = 0; i < t->count; i++)
        if (t->in[i]->batch_at != t->from) return refuse(t);
    return turn_axis(t);
}

/* Dimensions up to the batch must stay; those behind it may become others. */
static fv_status turn_reshape(turn *t) {
    const fv_shape *in = fv__onnx_shape(t->n->im, t->in[0], NULL);
    fv_ints *list = list_of(t, "shape"), now = {1, {0}};
    if (list->count <= t->from) return refuse(t);
    for (int i = 0; i < list->count; i++) {
        const bool there = i < in->rank;
        const int64_t v = list->v[i] == 0 && there ? in->dim[i] : list->v[i];
        if (i < t->from && v != in->dim[i]) return refuse(t);
        if (i == t->from && v != 1 && v != -1) return refuse(t);
        if (i != t->from) now.v[now.count++] = v;
    }
    *list = now;
    return FV_OK;
}

/* Element by element, or a matrix behind it: the others must have their batch there too, or none
   and no dimension that would come to lie on the batch or before it. */
static fv_status turn_together(turn *t) {
    const bool product = strcmp(t->o->op->name, "matmul") == 0;
    const int behind = t->rank - 1 - t->from;
    for (int i = 0; i < t->count; i++) {
        bool batched;
        if (i == t->first) continue;
        const fv_shape *s = fv__onnx_shape(t->n->im, t->in[i], &batched);
        const bool same = t->in[i]->batch_at == t->from && s->rank == t->rank;
        const bool small =
            !batched && !t->in[i]->batch_at && (s->rank <= behind || fv__shape_count(s) == 1);
        if (product ? batched || s->rank != 2 || behind < 1 : !same && !small) return refuse(t);
    }
    return FV_OK;
}

/* Its row has seen to it. */
static fv_status turn_none(turn *t) {
    t->to = 0;
    return FV_OK;
}

/* What knows its dimensions by their places, and takes constants beside a batch all the same. */
static fv_status turn_never(turn *t) {
    return refuse(t);
}

/* By what the operator does with dimensions. */
static fv_status translate(turn *t) {
    static const struct {
        const char *name;
        fv_status (*take)(turn *t);
    } by_name[] = {{"transpose", turn_transpose},
                   {"unsqueeze", turn_unsqueeze},
                   {"reshape", turn_reshape},
                   {"matmul", turn_together},
                   {"softmax", turn_axis},
                   {"logsoftmax", turn_axis},
                   {"gather", turn_axis},
                   {"split", turn_axis},
                   {"concat", turn_concat},
                   {"prelu", turn_never},
                   {"gemm", turn_never},
                   {"boxencode", turn_never},
                   {"boxdecode", turn_never},
                   {"rnn", turn_none},
                   {"gru", turn_none},
                   {"lstm", turn_none}};
    const fv_op *op = t->o->op;
    for (size_t i = 0; i < sizeof by_name / sizeof *by_name; i++)
        if (strcmp(op->name, by_name[i].name) == 0)
            return t->first == 0 ? by_name[i].take(t) : refuse(t);
    if (strcmp(op->name, "squeeze") == 0) return turn_axes(t, true);
    if (strcmp(op->name, "slice") == 0) return turn_axes(t, false);
    if (strncmp(op->name, "reduce", 6) == 0) {
        const fv_field *keep = fv__field_find(op->fields, "keep");
        return turn_axes(t,
                         keep && !*(const bool *)(const void *)(t->o->data.bytes + keep->offset));
    }
    if (op->traits & (FV_POINTWISE | FV_IDENTITY | FV_DROPS)) return FV_OK;
    return op->traits & (FV_MIXES | FV_SUM) ? turn_together(t) : refuse(t);
}

/* Whether the batch leaves the first place here. */
static bool moves_batch(const fv_onnx_made *o) {
    const bool transposes = strcmp(o->op->name, "transpose") == 0;
    if (!transposes && strcmp(o->op->name, "unsqueeze") != 0) return false;
    const fv_field *f = fv__field_find(o->op->fields, transposes ? "perm" : "axes");
    const fv_ints *list = (const fv_ints *)(const void *)(o->data.bytes + f->offset);
    bool first = false; /* a new dimension before it */
    for (int i = 0; i < list->count; i++) first = first || list->v[i] == 0;
    return transposes ? list->count > 0 && list->v[0] != 0 : first;
}

fv_status fv__onnx_turn(fv_onnx_node *n, fv_onnx_made *o, fv_entry *const *in, int count,
                        int *batch_at) {
    turn t = {.n = n, .o = o, .in = in, .count = count};
    bool batched = false;
    *batch_at = 0;
    if (count == 0) return FV_OK;
    while (t.first < count && in[t.first]->batch_at == 0) t.first++;
    const bool turned = t.first < count;
    if (!turned) t.first = 0;
    t.rank = fv__onnx_shape(n->im, in[t.first], &batched)->rank;
    if (!turned && !(batched && count == 1 && moves_batch(o))) return FV_OK;
    t.from = t.to = in[t.first]->batch_at;
    FV_TRY(translate(&t));
    *batch_at = t.to;
    return FV_OK;
}

void fv__onnx_turned(const fv_importer *im, fv_entry *e, int batch_at) {
    const fv_shape *s = &im->graph->values[e->value].shape;
    e->batch_at = batch_at;
    e->turned = *s;
    for (int d = 0; d < batch_at && d + 1 < s->rank; d++) e->turned.dim[d] = s->dim[d + 1];
    if (batch_at < s->rank) e->turned.dim[batch_at] = s->dim[0];
}

#endif
