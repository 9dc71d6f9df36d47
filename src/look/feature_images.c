/* SPDX-License-Identifier: MIT */
/*
 * feature_images.c - filters and feature maps as images.
 */
#include "look/feature_images.h"
#include "plan/plan.h"
#include <stdio.h>
#include <string.h>

#define INPUTS_SHOWN 16

struct fv_look {
    const fv_model *model;
    fv_plan *plan;
    fv_exec *exec;
};

int fv__first_filters(const fv_graph *net) {
    for (size_t p = 0; p < net->param_count; p++) {
        const fv_shape *s = &net->params[p].spec.shape;
        if (net->params[p].spec.learned && s->rank == 4 && s->dim[2] * s->dim[3] > 1) return (int)p;
    }
    for (size_t p = 0; p < net->param_count; p++) { /* a perceptron: each row is an image */
        const fv_param *param = &net->params[p];
        const fv_shape *in = &net->values[0].shape;
        if (param->spec.learned && param->spec.shape.rank == 2 &&
            param->spec.shape.dim[1] == fv__shape_sample(in))
            return (int)p;
    }
    return -1;
}

bool fv__filters_worth(const fv_graph *net, int param) {
    const fv_shape *s = &net->params[param].spec.shape;
    return (s->rank == 4 && s->dim[2] * s->dim[3] > 1) || param == fv__first_filters(net);
}

/* Output channel k's planes for the first `inputs` channels, one after the other. */
static fv_status gather(fv_context *ctx, const float *w, int64_t k, int64_t c, int64_t inputs,
                        int64_t area, float **out) {
    *out = fv__alloc(ctx, (size_t)(k * inputs * area) * sizeof **out, "the filters");
    if (!*out) return FV_EXHAUSTED;
    for (int64_t o = 0; o < k; o++)
        memcpy(*out + o * inputs * area, w + o * c * area, (size_t)(inputs * area) * sizeof **out);
    return FV_OK;
}

fv_status fv__draw_filters(fv_context *ctx, const fv_model *model, int param, fv_canvas *out) {
    const fv_param *p = &model->net.graph->params[param];
    const fv_shape *s = &p->spec.shape, *in = &model->net.graph->values[0].shape;
    const bool rows = s->rank == 2;
    const int64_t k = s->dim[0], c = rows ? in->dim[1] : s->dim[1];
    const int64_t h = rows ? in->dim[2] : s->dim[2], w = rows ? in->dim[3] : s->dim[3];
    const bool colour = c == 3;
    const int64_t inputs = c < INPUTS_SHOWN ? c : INPUTS_SHOWN;
    char title[256];
    snprintf(title, sizeof title, "%s: %lld filters of %lldx%lld%s", p->name, (long long)k,
             (long long)h, (long long)w,
             colour             ? ", in colour"
             : c == 1           ? ""
             : c > INPUTS_SHOWN ? ", a row each, first 16 of its inputs"
                                : ", a row each, a column per input");
    float *planes;
    FV_TRY(gather(ctx, model->weights + p->offset, k, c, inputs, h * w, &planes));
    const fv_grid grid = {.title = title,
                          .maps = planes,
                          .count = colour ? k : k * inputs,
                          .channels = colour ? 3 : 1,
                          .h = h,
                          .w = w,
                          .diverging = !colour,
                          .columns = colour || c == 1 ? 0 : inputs};
    const fv_status status = fv__draw_grid(ctx, &grid, out);
    fv__free(planes);
    return status;
}

fv_status fv__look_new(fv_context *ctx, const fv_model *model, const float *x, fv_look **out) {
    *out = NULL;
    fv_look *look = fv__alloc(ctx, sizeof *look, "a look inside");
    if (!look) return FV_EXHAUSTED;
    look->model = model;
    const fv_plan_options options = {.batch = 1, .keep_values = true};
    const fv_exec_options memory = {.host_weights = model->weights};
    fv_status status = fv__plan_new(ctx, model->net.graph, &options, &look->plan);
    if (status == FV_OK) status = fv__exec_new(ctx, look->plan, &memory, &look->exec);
    if (status != FV_OK) {
        fv__look_free(look);
        return status;
    }
    const fv_exec_run once = {0};
    fv__exec_write(look->exec, 0, x);
    fv__exec_forward(look->exec, &once, NULL);
    *out = look;
    return FV_OK;
}

void fv__look_free(fv_look *look) {
    if (!look) return;
    fv__exec_free(look->exec);
    fv__plan_free(look->plan);
    fv__free(look);
}

int fv__maps_value(const fv_graph *net, int node) {
    int value = net->nodes[node].out[0];
    for (;;) {
        int reader = -1, readers = 0;
        for (size_t n = 0; n < net->node_count; n++)
            for (int i = 0; i < net->nodes[n].inputs; i++)
                if (net->nodes[n].in[i] == value) {
                    reader = (int)n;
                    readers++;
                }
        if (readers != 1 || !(net->nodes[reader].op->traits & FV_POINTWISE)) return value;
        value = net->nodes[reader].out[0];
    }
}

bool fv__maps_worth(const fv_graph *net, int node) {
    const fv_node *n = &net->nodes[node];
    if (n->training ||
        (n->op->traits & (FV_POINTWISE | FV_VIEW | FV_IDENTITY | FV_DROPS | FV_LOSS)))
        return false;
    return n->op != &fv__op_bn && n->op != &fv__op_lrn;
}

fv_status fv__draw_maps(fv_context *ctx, const char *name, const fv_tensor *value, int64_t most,
                        fv_canvas *out) {
    const fv_shape *s = &value->shape;
    const bool maps = s->rank == 4 && s->dim[2] * s->dim[3] > 1;
    const int64_t channels = fv__channels(s);
    const int64_t shown = maps && channels > most ? most : channels;
    char title[256], shape[FV_SHAPE_TEXT], cut[48] = "";
    if (shown < channels) snprintf(cut, sizeof cut, ", the first %lld", (long long)shown);
    snprintf(title, sizeof title, "%s %s%s", name, fv__shape_text(shape, s), cut);
    const fv_grid grid = {.title = title,
                          .maps = value->data,
                          .count = maps ? shown : 1,
                          .channels = 1,
                          .h = maps ? s->dim[2] : 1,
                          .w = maps ? s->dim[3] : fv__shape_sample(s),
                          .diverging = !maps};
    return fv__draw_grid(ctx, &grid, out);
}

fv_status fv__draw_input(fv_context *ctx, const fv_graph *net, const float *x, fv_canvas *out) {
    const fv_grid grid = {.title = "input",
                          .maps = x,
                          .count = net->input.channels == 3 ? 1 : net->input.channels,
                          .channels = net->input.channels == 3 ? 3 : 1,
                          .h = net->input.height,
                          .w = net->input.width};
    return fv__draw_grid(ctx, &grid, out);
}

fv_status fv__look_draw(fv_context *ctx, const fv_look *look, int node, int64_t most,
                        fv_canvas *out) {
    const fv_graph *net = look->model->net.graph;
    const int value = fv__maps_value(net, node);
    fv_tensor t = fv__exec_value(look->exec, value);
    t = fv__tensor(NULL, t.dtype, t.shape);
    t.data = fv__alloc(ctx, (size_t)fv__shape_count(&t.shape) * sizeof(float), "feature maps");
    if (!t.data) return FV_EXHAUSTED;
    fv__exec_read(look->exec, value, t.data);
    const fv_status status = fv__draw_maps(ctx, net->nodes[node].name, &t, most, out);
    fv__free(t.data);
    return status;
}
