/* SPDX-License-Identifier: MIT */
/*
 * importer.c - entries, and operators added to the graph or computed at once. See importer.h.
 */
#include "onnx/importer.h"

#ifdef FV_HAVE_ONNX
#include <stdio.h>
#include <string.h>

#define NAME_MOST 63

const fv_shape *fv__onnx_shape(const fv_importer *im, const fv_entry *e, bool *batched) {
    static const fv_shape nothing = {0};
    if (batched)
        *batched =
            e && e->value >= 0 && e->batch_at == 0 && im->graph->values[e->value].type.batched;
    if (!e) return &nothing;
    if (e->batch_at) return &e->turned;
    return e->value >= 0 ? &im->graph->values[e->value].shape : &e->constant.shape;
}

fv_status fv__onnx_known(const fv_onnx_node *n, int i, const char *what, const fv_constant **out) {
    if (fv__onnx_has(n, i) && n->in[i]->known) {
        *out = &n->in[i]->constant;
        return FV_OK;
    }
    return fv__onnx_refuse(n, "%s must be in the file; it is %s", what,
                           fv__onnx_has(n, i) ? "computed while the network runs" : "left out");
}

/* ----------------------------------------------------------------------------------- names --- */

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* What a name becomes in our language: '_' for what it cannot write. False: it is no name at all.
 */
static bool sanitise(const char *wanted, char out[NAME_MOST + 1]) {
    size_t n = 0;
    for (; wanted[n] && n < NAME_MOST - 8; n++) {
        const char c = wanted[n];
        out[n] = is_letter(c) || (c >= '0' && c <= '9') ? c : '_';
    }
    out[n] = '\0';
    return n > 0 && is_letter(out[0]);
}

/* A name for our graph, not yet taken: "conv_1", "conv_1_2"; of an operator "conv1", "conv2". The
   table keeps with the first of a kind how far its numbers have come. */
static fv_status free_name(fv_importer *im, const char *wanted, const char *op, const char **out) {
    char base[NAME_MOST + 1], name[NAME_MOST + 16];
    const bool own = sanitise(wanted, base);
    if (!own) (void)snprintf(base, sizeof base, "%.40s", op);
    (void)snprintf(name, sizeof name, own ? "%s" : "%s1", base);
    int *last = fv__names_get(&im->taken, name);
    int k = last ? *last : 1;
    while (fv__names_get(&im->taken, name))
        (void)snprintf(name, sizeof name, own ? "%s_%d" : "%s%d", base, ++k);
    if (last) *last = k;
    *out = fv__arena_text(&im->arena, name);
    if (!*out) return FV_EXHAUSTED;
    return fv__names_add(im->ctx, &im->taken, *out, 1);
}

static fv_status new_entry(fv_importer *im, const char *name, fv_entry **out) {
    FV_TRY(fv__grow(im->ctx, (void **)&im->entries, &im->entry_capacity, im->entry_count + 1,
                    sizeof(fv_entry *), "the names of an ONNX file"));
    fv_entry *e = fv__arena_alloc(&im->arena, sizeof *e);
    if (!e) return FV_EXHAUSTED;
    e->name = name;
    e->value = -1;
    im->entries[im->entry_count++] = e;
    *out = e;
    return FV_OK;
}

fv_entry *fv__importer_find(const fv_importer *im, const char *name) {
    const int *at = fv__names_get(&im->names, name);
    return at ? im->entries[*at] : NULL;
}

fv_status fv__importer_name(fv_importer *im, const char *name, fv_entry **out) {
    if (fv__names_get(&im->names, name))
        return fv__fail(im->ctx, FV_BAD_INPUT, "two tensors of the file are called %.80s", name);
    FV_TRY(new_entry(im, name, out));
    return fv__names_add(im->ctx, &im->names, name, (int)im->entry_count - 1);
}

fv_status fv__onnx_between(fv_onnx_node *n, fv_entry **out) {
    return new_entry(n->im, n->name, out);
}

fv_status fv__onnx_output(fv_onnx_node *n, int i, fv_entry **out) {
    const char *name = i < (int)n->proto->n_output ? n->proto->output[i] : "";
    *out = NULL;
    return name[0] ? fv__importer_name(n->im, name, out) : FV_OK;
}

/* ------------------------------------------------------------------------------- constants --- */

fv_status fv__onnx_new(const fv_onnx_node *n, fv_dtype dtype, const fv_shape *shape,
                       fv_constant *out) {
    return fv__constant_new(n->im->ctx, &n->im->arena, dtype, shape, out);
}

/* Whole numbers are 32 bits wide in our graphs. */
static fv_status narrow(fv_onnx_node *n, const fv_constant *from, fv_constant *out) {
    const int64_t count = fv__shape_count(&from->shape);
    *out = *from;
    if (from->dtype != FV_I64) return FV_OK;
    FV_TRY(fv__onnx_new(n, FV_I32, &from->shape, out));
    for (int64_t i = 0; i < count; i++) {
        int64_t v = fv__constant_int(from, i);
        /* "to the end", as exporters write it */
        if (v > INT32_MAX) v = INT32_MAX;
        if (v < INT32_MIN) v = INT32_MIN;
        ((int32_t *)(uintptr_t)out->data)[i] = (int32_t)v;
    }
    return FV_OK;
}

fv_status fv__onnx_value(fv_onnx_node *n, fv_entry *e, int *value) {
    fv_importer *im = n->im;
    if (e->value < 0) {
        fv_constant c;
        const char *name;
        FV_TRY(narrow(n, &e->constant, &c));
        FV_TRY(free_name(im, e->name, "constant", &name));
        if (fv__net_add_constant(im->ctx, im->graph, name, c.dtype, &c.shape, c.data, &e->value) !=
            FV_OK)
            return fv__fail_in(im->ctx, "node %.80s (%.40s): ", n->name, n->proto->op_type);
    }
    *value = e->value;
    return FV_OK;
}

/* ---------------------------------------------------------- an operator on constants alone --- */

typedef struct folding {
    fv_site site;
    fv_shape in[FV_ONNX_INPUTS], out[FV_OP_OUTPUTS];
    fv_type in_type[FV_ONNX_INPUTS], out_type[FV_OP_OUTPUTS];
    fv_tensor x[FV_ONNX_INPUTS], y[FV_OP_OUTPUTS];
} folding;

/* What computing it takes, in numbers read and written and products. */
static double work_of(const fv_op *op, const fv_site *site) {
    fv_cost cost = {0};
    double window = 1, work = 0;
    if (op->cost) op->cost(site, &cost);
    if (cost.kernel_h > 1) window *= (double)cost.kernel_h;
    if (cost.kernel_w > 1) window *= (double)cost.kernel_w;
    for (int i = 0; i < site->inputs; i++) work += (double)fv__shape_count(&site->in[i]);
    for (int i = 0; i < site->outputs; i++) work += window * (double)fv__shape_count(&site->out[i]);
    return work + (double)cost.macs;
}

static fv_status check_work(fv_onnx_node *n, const fv_op *op, const fv_site *site) {
    const double work = work_of(op, site);
    if (work > n->im->work)
        return fv__onnx_refuse(n, "what it computes from constants is too much to do while reading "
                                  "the file");
    n->im->work -= work;
    return FV_OK;
}

static fv_status fold(fv_onnx_node *n, folding *f, const fv_onnx_made *o, fv_entry *const *in,
                      int count, fv_entry *const *out, int outputs) {
    fv_importer *im = n->im;
    f->site = (fv_site){.options = o->op->options_size ? o->data.bytes : NULL,
                        .inputs = count,
                        .in = f->in,
                        .in_type = f->in_type,
                        .out = f->out,
                        .out_type = f->out_type};
    for (int i = 0; i < count; i++) {
        fv_constant c;
        FV_TRY(narrow(n, &in[i]->constant, &c));
        f->in[i] = c.shape;
        f->in_type[i] = (fv_type){c.dtype, false};
        f->x[i] = fv__tensor((void *)(uintptr_t)c.data, c.dtype, c.shape);
    }
    if (fv__op_shape(im->ctx, o->op, &f->site) != FV_OK)
        return fv__fail_in(im->ctx, "node %.80s (%.40s): ", n->name, n->proto->op_type);
    FV_TRY(check_work(n, o->op, &f->site));
    for (int i = 0; i < f->site.outputs; i++) {
        fv_constant c;
        FV_TRY(fv__onnx_new(n, f->out_type[i].dtype, &f->out[i], &c));
        f->y[i] = fv__tensor((void *)(uintptr_t)c.data, c.dtype, c.shape);
        if (i >= outputs || !out[i]) continue;
        out[i]->known = true;
        out[i]->constant = c;
    }
    const fv_pass pass = {.op = o->op,
                          .options = f->site.options,
                          .inputs = count,
                          .outputs = f->site.outputs,
                          .x = f->x,
                          .y = f->y};
    o->op->forward[0](&pass);
    return FV_OK;
}

fv_status fv__onnx_compute(fv_onnx_node *n, const fv_onnx_made *o, fv_entry *const *in, int count,
                           fv_entry *const *out, int outputs) {
    folding *f = fv__alloc(n->im->ctx, sizeof *f, "a node of constants");
    if (!f) return FV_EXHAUSTED;
    const fv_status status = fold(n, f, o, in, count, out, outputs);
    fv__free(f);
    return status;
}

/* Operators whose work grows faster than what they read: on constants they are left to the network,
   as rare as that is. */
static bool is_search(const fv_op *op) {
    return op == &fv__op_lrn || op == &fv__op_nonmaxsuppression || op == &fv__op_roialign ||
           op == &fv__op_roipool;
}

static bool all_known(fv_entry *const *in, int count) {
    for (int i = 0; i < count; i++)
        if (!in[i]->known || in[i]->given) return false;
    return count > 0;
}

/* --------------------------------------------------------------------- an operator, added --- */

static fv_status keep_param(fv_onnx_node *n, int param, const fv_constant *c) {
    fv_importer *im = n->im;
    const fv_param *p = &im->graph->params[param];
    char ours[FV_SHAPE_TEXT], theirs[FV_SHAPE_TEXT];
    if (c->dtype != FV_F32 || fv__shape_count(&c->shape) != p->count)
        return fv__onnx_refuse(n, "its parameter %.80s has to be %s, and is %s in the file",
                               p->name, fv__dims_text(ours, &p->spec.shape),
                               fv__dims_text(theirs, &c->shape));
    FV_TRY(fv__grow(im->ctx, (void **)&im->sources, &im->source_capacity, im->source_count + 1,
                    sizeof *im->sources, "the weights of an ONNX file"));
    im->sources[im->source_count++] = (fv_param_source){param, *c};
    return FV_OK;
}

static fv_status add(fv_onnx_node *n, const fv_onnx_made *o, fv_entry *const *in, int count,
                     const fv_constant *const *params, int param_count, fv_entry *const *out,
                     int outputs) {
    fv_importer *im = n->im;
    int values[FV_ONNX_INPUTS], first, batch_at;
    fv_onnx_made made = *o;
    const char *name;
    FV_TRY(fv__onnx_turn(n, &made, in, count, &batch_at));
    for (int i = 0; i < count; i++) FV_TRY(fv__onnx_value(n, in[i], &values[i]));
    FV_TRY(free_name(im, n->name, o->op->name, &name));
    const fv_node_spec spec = {.op = o->op,
                               .options = o->op->options_size ? made.data.bytes : NULL,
                               .name = name,
                               .in = values,
                               .inputs = count};
    if (fv__net_add(im->ctx, im->graph, &spec, &first) != FV_OK)
        return fv__fail_in(im->ctx, "node %.80s (%.40s): ", n->name, n->proto->op_type);
    const fv_node *node = &im->graph->nodes[im->graph->node_count - 1];
    for (int i = 0; i < outputs; i++) {
        if (out[i] && i >= node->outputs)
            return fv__onnx_refuse(n, "its output %d is not computed here", i + 1);
        if (out[i]) out[i]->value = node->out[i];
        if (out[i] && batch_at) fv__onnx_turned(im, out[i], batch_at);
    }
    if (node->params != param_count)
        return fv__onnx_refuse(n, "it has %d parameters in the file and %d here", param_count,
                               node->params);
    for (int i = 0; i < param_count; i++) FV_TRY(keep_param(n, node->param[i], params[i]));
    return FV_OK;
}

fv_status fv__onnx_add_to(fv_onnx_node *n, const fv_onnx_made *o, fv_entry *const *in, int count,
                          const fv_constant *const *params, int param_count, fv_entry *const *out,
                          int outputs) {
    if (count > FV_ONNX_INPUTS)
        return fv__onnx_refuse(n, "%d inputs; at most %d are read", count, FV_ONNX_INPUTS);
    if (count < o->op->inputs_min || count > o->op->inputs_max)
        return fv__onnx_refuse(n, "%d inputs; %s takes %s%d", count, o->op->name,
                               count < o->op->inputs_min ? "at least " : "at most ",
                               count < o->op->inputs_min ? o->op->inputs_min : o->op->inputs_max);
    for (int i = 0; i < count; i++) {
        if (!in[i]) return fv__onnx_refuse(n, "its input %d is missing", i + 1);
        if (in[i]->value < 0 && fv__shape_count(&in[i]->constant.shape) == 0)
            return fv__onnx_refuse(n, "its input %d has no elements", i + 1);
    }
    if (param_count == 0 && all_known(in, count) && !is_search(o->op))
        return fv__onnx_compute(n, o, in, count, out, outputs);
    return add(n, o, in, count, params, param_count, out, outputs);
}

fv_status fv__onnx_add(fv_onnx_node *n, const fv_onnx_made *o, const int *in, int count,
                       const fv_constant *const *params, int param_count) {
    fv_entry *from[FV_ONNX_INPUTS], *to[FV_OP_OUTPUTS];
    int outputs = 0;
    if (count > FV_ONNX_INPUTS || n->proto->n_output > FV_OP_OUTPUTS)
        return fv__onnx_refuse(n, "%d inputs and %zu outputs are too many", count,
                               n->proto->n_output);
    FV_TRY(fv__onnx_all_read(n));
    for (int i = 0; i < count; i++) from[i] = fv__onnx_has(n, in[i]) ? n->in[in[i]] : NULL;
    for (; outputs < (int)n->proto->n_output; outputs++)
        FV_TRY(fv__onnx_output(n, outputs, &to[outputs]));
    return fv__onnx_add_to(n, o, from, count, params, param_count, to, outputs);
}

#endif
