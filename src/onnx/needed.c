/* SPDX-License-Identifier: MIT */
/*
 * needed.c - which nodes of a file its outputs are computed from. Exporters leave others behind,
 * and what leads nowhere is no part of the network.
 */
#include "onnx/importer.h"

#ifdef FV_HAVE_ONNX

static fv_status want(fv_importer *im, fv_names *wanted, const char *name) {
    if (!name || !name[0] || fv__names_get(wanted, name)) return FV_OK;
    return fv__names_add(im->ctx, wanted, name, 0);
}

static bool is_wanted(const fv_names *wanted, const Onnx__NodeProto *node) {
    for (size_t k = 0; k < node->n_output; k++)
        if (node->output[k] && fv__names_get(wanted, node->output[k])) return true;
    return false;
}

/* Nodes come after those they read from, so one pass from the end finds all. */
static fv_status mark(fv_importer *im, fv_names *wanted, bool *needed) {
    const Onnx__GraphProto *g = im->model->graph;
    for (size_t i = 0; i < g->n_output; i++) FV_TRY(want(im, wanted, g->output[i]->name));
    for (size_t i = g->n_node; i-- > 0;) {
        needed[i] = is_wanted(wanted, g->node[i]);
        for (size_t k = 0; needed[i] && k < g->node[i]->n_input; k++)
            FV_TRY(want(im, wanted, g->node[i]->input[k]));
    }
    return FV_OK;
}

fv_status fv__importer_needed(fv_importer *im) {
    fv_names wanted = {0};
    bool *needed = fv__arena_alloc(&im->arena, im->model->graph->n_node + 1);
    if (!needed) return FV_EXHAUSTED;
    const fv_status status = mark(im, &wanted, needed);
    fv__names_free(&wanted);
    im->needed = needed;
    return status;
}

#endif
