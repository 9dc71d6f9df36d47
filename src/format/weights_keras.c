/* SPDX-License-Identifier: MIT */
/*
 * weights_keras.c - which tensor of a file of Keras' is which parameter of a network.
 *
 * By name: "conv2d/kernel:0", "conv2d/conv2d/kernel:0", "conv2d.kernel" and "model/conv2d/kernel"
 * are all the kernel of the layer conv2d. By order: both lists as they stand, shapes as Keras has
 * them. What a batch normalisation made without scale or center lacks is 1 or 0, as fresh ones are.
 */
#include "foreign/keras.h"
#include "format/weights.h"
#include <stdio.h>
#include <string.h>

#define SUFFIXES_MOST 8 /* parts in front of a layer's name that are taken off */
#define SEVERAL       (-2)

/* Names of the file's tensors, as wholes and without what stands in front. */
typedef struct index {
    fv_names whole, ends;
} index;

/* "conv2d.kernel" of "conv2d/kernel:0". */
static char *plain(fv_arena *arena, const char *name) {
    char *out = fv__arena_text(arena, name);
    char *colon = out ? strrchr(out, ':') : NULL;
    if (colon && colon[1 + strspn(colon + 1, "0123456789")] == 0) *colon = 0;
    for (char *p = out; p && *p; p++)
        if (*p == '/') *p = '.';
    return out;
}

static fv_status add_name(fv_context *ctx, fv_names *names, const char *name, int entry) {
    int *there = fv__names_get(names, name);
    if (!there) return fv__names_add(ctx, names, name, entry);
    *there = SEVERAL;
    return FV_OK;
}

static fv_status fill(fv_weight_match *m, index *x) {
    for (size_t i = 0; i < m->file->count; i++) {
        const char *name = plain(m->arena, m->file->entries[i].name);
        if (!name) return FV_EXHAUSTED;
        FV_TRY(add_name(m->ctx, &x->whole, name, (int)i));
        for (int n = 0; n < SUFFIXES_MOST && (name = strchr(name, '.')) != NULL; n++)
            FV_TRY(add_name(m->ctx, &x->ends, ++name, (int)i));
    }
    return FV_OK;
}

/* The tensor of a layer and what it is in it; -1: none; SEVERAL. */
static fv_status find(fv_weight_match *m, const index *x, const char *layer, const char *what,
                      int *out) {
    const char *once = fv__arena_format(m->arena, "%s.%s", layer, what);
    const char *twice = fv__arena_format(m->arena, "%s.%s.%s", layer, layer, what);
    if (!once || !twice) return FV_EXHAUSTED;
    const int *found = fv__names_get(&x->whole, once);
    if (!found) found = fv__names_get(&x->whole, twice);
    if (!found) found = fv__names_get(&x->ends, once);
    *out = found ? *found : -1;
    return FV_OK;
}

/* The two kernels of a separable convolution belong to one layer there. */
static fv_status find_param(fv_weight_match *m, const index *x, int param, int *out) {
    const fv_param *p = &m->net->params[param];
    const char *what = fv__keras_param(m->net, param);
    const size_t length = strlen(p->name) - strlen(p->spec.name) - 1;
    char *layer = fv__arena_textn(m->arena, p->name, length);
    for (char *c = layer; c && *c; c++)
        if (*c == '/') *c = '.';
    if (!layer) return FV_EXHAUSTED;
    FV_TRY(find(m, x, layer, what, out));
    if (*out == -1 && strcmp(what, "kernel") == 0)
        FV_TRY(find(m, x, layer, "pointwise_kernel", out));
    if (*out != -1 || !fv__ends_with(layer, ".depthwise")) return FV_OK;
    layer[length - strlen(".depthwise")] = 0;
    return find(m, x, layer, what, out);
}

/* The same but for dimensions of 1. */
static bool alike(const fv_shape *a, const fv_shape *b) {
    int i = 0, k = 0;
    for (;; i++, k++) {
        while (i < a->rank && a->dim[i] == 1) i++;
        while (k < b->rank && b->dim[k] == 1) k++;
        if (i == a->rank || k == b->rank) return i == a->rank && k == b->rank;
        if (a->dim[i] != b->dim[k]) return false;
    }
}

static fv_status check(const fv_weight_match *m, int param, const fv_tensor_entry *e) {
    const fv_shape want = fv__keras_shape(m->net, param);
    char there[FV_SHAPE_TEXT], here[FV_SHAPE_TEXT];
    if (e->type->to_floats && alike(&want, &e->shape)) return FV_OK;
    return fv__fail(m->ctx, FV_BAD_INPUT,
                    "'%s' is %s of type %s in the file; Keras' %s of '%s' is %s", e->name,
                    fv__dims_text(there, &e->shape), e->type->name, fv__keras_param(m->net, param),
                    m->net->params[param].name, fv__dims_text(here, &want));
}

/* A scale or a shift that was left out. */
static bool may_miss(const fv_weight_match *m, int param) {
    const char *what = fv__keras_param(m->net, param);
    return m->net->params[param].training || strcmp(what, "gamma") == 0 ||
           strcmp(what, "beta") == 0;
}

static fv_status check_left(const fv_weight_match *m) {
    for (size_t i = 0; i < m->file->count; i++)
        if (!m->used[i] && m->file->entries[i].type->to_floats)
            return fv__fail(m->ctx, FV_BAD_INPUT, "'%s' in the file has no place in the network",
                            m->file->entries[i].name);
    return FV_OK;
}

static fv_status by_name(fv_weight_match *m, const index *x) {
    for (size_t i = 0; i < m->net->param_count; i++) {
        int entry;
        FV_TRY(find_param(m, x, (int)i, &entry));
        if (entry == SEVERAL)
            return fv__fail(m->ctx, FV_BAD_INPUT, "several tensors in the file may be '%s'",
                            m->net->params[i].name);
        if (entry < 0 && may_miss(m, (int)i)) continue;
        if (entry < 0)
            return fv__fail(m->ctx, FV_BAD_INPUT, "'%s' has no tensor in the file",
                            m->net->params[i].name);
        FV_TRY(check(m, (int)i, &m->file->entries[entry]));
        FV_TRY(fv__weights_give(m, (int)i, &m->file->entries[entry]));
    }
    return check_left(m);
}

/* What stands last in a tensor's name, where it is a word of Keras' at all. */
static bool is_other(const char *name, const char *what) {
    static const char *const words[] = {
        "bias", "gamma", "beta", "moving_mean", "moving_variance", "alpha", "depthwise_kernel"};
    const char *dot = strrchr(name, '.'), *last = dot ? dot + 1 : name;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i], last) == 0) return strcmp(last, what) != 0;
    return false;
}

static fv_status by_order(fv_weight_match *m) {
    size_t p = 0;
    memset(m->from, 0, m->net->param_count * sizeof *m->from);
    memset(m->used, 0, m->file->count * sizeof *m->used);
    m->how = FV_MATCH_ORDER;
    for (size_t i = 0; i < m->file->count; i++) {
        const fv_tensor_entry *e = &m->file->entries[i];
        if (!e->type->to_floats) continue;
        while (p < m->net->param_count && m->net->params[p].training) p++;
        if (p == m->net->param_count)
            return fv__fail(m->ctx, FV_BAD_INPUT,
                            "the file has more tensors than the network, "
                            "the next is '%s'",
                            e->name);
        const char *name = plain(m->arena, e->name);
        if (!name) return FV_EXHAUSTED;
        if (is_other(name, fv__keras_param(m->net, (int)p)))
            return fv__fail(m->ctx, FV_BAD_INPUT,
                            "number %zu in the file is '%s', and in the "
                            "network '%s'",
                            i + 1, e->name, m->net->params[p].name);
        FV_TRY(check(m, (int)p, e));
        FV_TRY(fv__weights_give(m, (int)p++, e));
    }
    while (p < m->net->param_count && m->net->params[p].training) p++;
    if (p == m->net->param_count) return FV_OK;
    return fv__fail(m->ctx, FV_BAD_INPUT,
                    "the network has more tensors than the file, the next is '%s'",
                    m->net->params[p].name);
}

fv_status fv__weights_keras(fv_weight_match *m) {
    index x = {{0}, {0}};
    char first[400];
    m->keras = true;
    m->how = FV_MATCH_NAME;
    fv_status status = fill(m, &x);
    if (status == FV_OK) status = by_name(m, &x);
    fv__names_free(&x.whole);
    fv__names_free(&x.ends);
    if (status != FV_BAD_INPUT) return status;
    (void)snprintf(first, sizeof first, "%.399s", m->ctx->message);
    status = by_order(m);
    if (status != FV_BAD_INPUT) return status;
    char second[400];
    (void)snprintf(second, sizeof second, "%.399s", m->ctx->message);
    return fv__fail(m->ctx, FV_BAD_INPUT,
                    "these weights of Keras do not fit %s: %s; nor does the order fit: %s",
                    m->net->name, first, second);
}

fv_status fv__weights_turned(const fv_weight_match *m, int param, float *out) {
    const int64_t count = m->net->params[param].count;
    float *theirs = fv__alloc(m->ctx, (size_t)count * sizeof *theirs, "weights of Keras");
    if (!theirs) return FV_EXHAUSTED;
    const fv_status status = fv__tensor_file_floats(m->ctx, m->from[param], theirs);
    if (status == FV_OK) fv__keras_turn(m->net, param, theirs, out);
    fv__free(theirs);
    return status;
}
