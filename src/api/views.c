/* SPDX-License-Identifier: MIT */
/*
 * views.c - parameters and values as the public header shows them.
 */
#include "api/views.h"
#include "api/given.h"
#include <string.h>

/* No `what` of that name: the nearest one, or the first of them. */
static fv_status none_named(fv_context *ctx, const fv_graph *net, const char *what,
                            const char *name, const char *const *names, size_t count) {
    const char *near = fv__nearest(name, names, count);
    if (near)
        return fv__fail(ctx, FV_BAD_INPUT, "%s has no %s '%.64s'; did you mean '%s'?", net->name,
                        what, name, near);
    return fv__fail(ctx, FV_BAD_INPUT, "%s has no %s '%.64s'; the first of %zu is '%s'", net->name,
                    what, name, count, count ? names[0] : "none");
}

fv_status fv__param_named(fv_context *ctx, const fv_graph *net, const char *name, int *out) {
    *out = fv__net_find_param(net, name);
    if (*out >= 0) return FV_OK;
    const char **names = fv__alloc(ctx, (net->param_count + 1) * sizeof *names, "names");
    if (!names) return FV_EXHAUSTED;
    for (size_t i = 0; i < net->param_count; i++) names[i] = net->params[i].name;
    const fv_status status = none_named(ctx, net, "tensor", name, names, net->param_count);
    fv__free(names);
    return status;
}

fv_status fv__value_named(fv_context *ctx, const fv_graph *net, const char *name, int *out) {
    *out = fv__net_find_value(net, name);
    if (*out >= 0) return FV_OK;
    const char **names = fv__alloc(ctx, (net->value_count + 1) * sizeof *names, "names");
    if (!names) return FV_EXHAUSTED;
    for (size_t i = 0; i < net->value_count; i++) names[i] = net->values[i].name;
    const fv_status status = none_named(ctx, net, "value", name, names, net->value_count);
    fv__free(names);
    return status;
}

fv_status fv__layer_named(fv_context *ctx, const fv_graph *net, const char *name, int *out) {
    const int value = fv__net_find_value(net, name);
    *out = value >= 0 ? net->values[value].node : fv__net_find_node(net, name);
    if (*out >= 0) return FV_OK;
    const char **names = fv__alloc(ctx, (net->node_count + 1) * sizeof *names, "names");
    if (!names) return FV_EXHAUSTED;
    for (size_t i = 0; i < net->node_count; i++) names[i] = net->nodes[i].name;
    const fv_status status = none_named(ctx, net, "layer", name, names, net->node_count);
    fv__free(names);
    return status;
}

fv_status fv__view_clear(fv_context *ctx, fv_tensor_view *out) {
    const fv_tensor_view nothing = {0};
    return fv__give_struct(ctx, "a tensor", &nothing, sizeof nothing, out);
}

fv_status fv__view_of_tensor(fv_context *ctx, const char *name, const fv_tensor *t,
                             fv_tensor_view *out) {
    fv_tensor_view view = {.name = name,
                           .data = t->data,
                           .dtype = t->dtype,
                           .count = fv__shape_count(&t->shape),
                           .rank = t->shape.rank,
                           .learned = 1};
    memcpy(view.dims, t->shape.dim, sizeof *view.dims * (size_t)view.rank);
    return fv__give_struct(ctx, "a tensor", &view, sizeof view, out);
}

fv_status fv__view_of_param(fv_context *ctx, const fv_param *p, float *data, fv_tensor_view *out) {
    fv_tensor_view view = {.name = p->name,
                           .data = data,
                           .dtype = FV_F32,
                           .count = p->count,
                           .rank = p->spec.shape.rank,
                           .learned = p->spec.learned};
    memcpy(view.dims, p->spec.shape.dim, sizeof *view.dims * (size_t)view.rank);
    return fv__give_struct(ctx, "a tensor", &view, sizeof view, out);
}
