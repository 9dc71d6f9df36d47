/* SPDX-License-Identifier: MIT */
/*
 * loss.c - the network to train: a copy with a loss behind every head.
 */
#include "net/net.h"

/* Replays values and nodes in their order, so that every number stays what it was. */
static fv_status copy_graph(fv_context *ctx, const fv_net *from, fv_net *to) {
    for (size_t v = 1; v < from->value_count; v++) {
        const fv_value *value = &from->values[v];
        int made;
        if (value->node < 0) {
            FV_TRY(fv__net_add_input(ctx, to, value->name, &value->shape, &made));
            continue;
        }
        const fv_node *n = &from->nodes[value->node];
        FV_TRY(fv__net_add(ctx, to, n->op, n->options, n->name, n->in, n->inputs, n->place,
                           n->training, &made));
    }
    return FV_OK;
}

static fv_status add_losses(fv_context *ctx, const fv_net *net, fv_net *copy) {
    const bool entropy = net->recipe.loss == FV_LOSS_CROSS_ENTROPY;
    const fv_op *op = fv__op_find(entropy ? "crossentropy" : "squarederror");
    if (!op) return fv__fail(ctx, FV_FAILED, "this build has no operator for the loss");
    const fv_op *softmax = fv__op_find("softmax");
    const fv_shape one = fv__shape1(1);
    int labels;
    FV_TRY(fv__net_add_input(ctx, copy, "labels", &one, &labels));
    for (size_t h = 0; h < net->head_count; h++) {
        const fv_head *head = &net->heads[h];
        int read = head->value;
        const int producer = net->values[read].node;
        /* -log softmax(x) is computed from x: exp and log cancel, nothing underflows */
        if (entropy && producer >= 0 && net->nodes[producer].op == softmax)
            read = net->nodes[producer].in[0];
        char *name = fv__arena_format(&copy->arena, "loss.%s", head->name);
        if (!name) return fv__fail_memory(ctx, 0, "a loss's name");
        const int in[2] = {read, labels};
        int value;
        fv_status status =
            fv__net_add(ctx, copy, op, NULL, name, in, 2, (fv_place){0, 0}, head->training, &value);
        if (status != FV_OK) return fv__fail_in(ctx, "%s of '%s': ", op->name, head->name);
        FV_TRY(fv__net_add_head(ctx, copy, head->name, value, head->weight, head->training));
    }
    return FV_OK;
}

fv_status fv__net_with_loss(fv_context *ctx, const fv_net *net, fv_net **out) {
    fv_net *copy = NULL;
    *out = NULL;
    FV_TRY(fv__net_new(ctx, net->name, &net->input, &copy));
    copy->recipe = net->recipe;
    fv_status status = copy_graph(ctx, net, copy);
    if (status == FV_OK) status = add_losses(ctx, net, copy);
    if (status == FV_OK) status = fv__net_freeze(ctx, copy);
    if (status != FV_OK) {
        fv__net_free(copy);
        return status;
    }
    *out = copy;
    return FV_OK;
}

int fv__net_logits(const fv_net *with_loss, size_t head) {
    return with_loss->nodes[with_loss->values[with_loss->heads[head].value].node].in[0];
}

int fv__net_labels(const fv_net *with_loss) {
    return with_loss->nodes[with_loss->values[with_loss->heads[0].value].node].in[1];
}
