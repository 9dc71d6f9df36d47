/* SPDX-License-Identifier: MIT */
/*
 * pad: a border of zeros that only a convolution reads is the convolution's own padding (files of
 * frameworks that pad in front of a convolution with steps). Bits may change where another
 * implementation takes what was too small before.
 */
#include "op/conv.h"
#include "op/pad.h"
#include "plan/plan_internal.h"

/* The pad in front of a convolution that only it reads, and its border; -1: there is none. */
static int pad_before(const fv_plan *plan, int n, fv_pad *border) {
    const fv_plan_node *p = &plan->nodes[n];
    if (!p->live || plan->net->nodes[n].op != &fv__op_conv) return -1;
    const int owner = plan->values[p->in[0]].owner;
    if (owner < 0 || fv__plan_only_reader(plan, p->in[0]) != n) return -1;
    const fv_node *node = &plan->net->nodes[owner];
    const int rank = plan->net->values[p->in[0]].shape.rank;
    if (node->op != &fv__op_pad || !fv__pad_of_zeros(node->options, rank, border)) return -1;
    return owner;
}

static fv_status join(fv_plan *plan, int n, int pad, const fv_pad *border) {
    const fv_graph *net = plan->net;
    const fv_conv_options *from = net->nodes[n].options;
    fv_window win[2];
    fv_conv_options *o = fv__arena_alloc(&plan->arena, sizeof *o);
    if (!o) return FV_EXHAUSTED;
    fv__conv_windows(&net->values[plan->nodes[n].in[0]].shape, from, win);
    *o = *from;
    o->pad = (fv_pad){.mode = FV_PAD_SIDES,
                      .top = win[0].before + border->top,
                      .left = win[1].before + border->left,
                      .bottom = win[0].after + border->bottom,
                      .right = win[1].after + border->right};
    plan->nodes[n].options = o;
    plan->nodes[n].in[0] = plan->nodes[pad].in[0];
    fv__plan_note(plan, &fv__rewrite_pad, "%s into %s", net->nodes[pad].name, net->nodes[n].name);
    return FV_OK;
}

static fv_status apply(fv_context *ctx, fv_plan *plan) {
    (void)ctx;
    if (plan->options.training || plan->options.backward) return FV_OK;
    for (size_t n = 0; n < plan->net->node_count; n++) {
        fv_pad border;
        const int pad = pad_before(plan, (int)n, &border);
        if (pad >= 0) FV_TRY(join(plan, (int)n, pad, &border));
    }
    return FV_OK;
}

const fv_rewrite fv__rewrite_pad = {
    .name = "pad",
    .help = "zeros around the pixels are the padding of the convolution behind them (inference)",
    .apply = apply,
};
