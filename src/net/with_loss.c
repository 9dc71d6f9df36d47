/* SPDX-License-Identifier: MIT */
/*
 * with_loss.c - the network to train: a copy with a loss behind every head.
 */
#include "net/net.h"
#include "op/crossentropy.h"
#include "op/softmax.h"
#include <string.h>

/* What a recipe wants of the losses. */
typedef struct wish {
    const fv_op *loss; /* of heads that name none */
    double smooth;
    const fv_long_reals *weights; /* what classes count; NULL: alike */
    bool mixes;
} wish;

/* The input for a kind of target: the one that is there, or a new one. */
static fv_status find_target(fv_context *ctx, fv_graph *copy, const fv_head *head,
                             fv_target_kind kind, fv_dtype dtype, const fv_shape *shape,
                             int *value) {
    static const char *const names[] = {[FV_TARGET_NONE] = "nothing",
                                        [FV_TARGET_CLASS] = "labels",
                                        [FV_TARGET_MAP] = "map",
                                        [FV_TARGET_VECTOR] = "vector",
                                        [FV_TARGET_SHARES] = "shares"};
    char mine[FV_SHAPE_TEXT], theirs[FV_SHAPE_TEXT];
    const int there = fv__net_find_value(copy, names[kind]);
    if (there < 0 || copy->values[there].node >= 0 || copy->values[there].data)
        return fv__net_add_input(ctx, copy, names[kind], (fv_type){dtype, true}, shape, value);
    if (!fv__shape_equal(&copy->values[there].shape, shape))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "the output '%s' wants a target of %s, and another output one of %s; a "
                        "data set gives only one of a kind",
                        head->name, fv__dims_text(mine, shape),
                        fv__dims_text(theirs, &copy->values[there].shape));
    *value = there;
    return FV_OK;
}

/* The value that a head's loss reads. -log softmax(x) is computed from x: exp and log cancel, and
   nothing underflows. */
static int prediction_of(const fv_graph *net, const fv_head *head, const fv_op *loss) {
    const int node = net->values[head->value].node;
    if (loss != &fv__op_crossentropy || node < 0) return head->value;
    const fv_node *last = &net->nodes[node];
    const bool softmax =
        fv__softmax_of_classes(last->op, last->options, &net->values[head->value].shape);
    return softmax ? last->in[0] : head->value;
}

/* The options of a head's loss: its own or the defaults, and what the recipe adds to them. */
static fv_status options_of(fv_context *ctx, const fv_head *head, const fv_op *op, const wish *w,
                            fv_arena *arena, void **out) {
    void *options = fv__arena_alloc(arena, op->options_size + 1);
    *out = options;
    if (!options) return fv__fail_memory(ctx, 0, "a loss");
    if (head->loss_options)
        memcpy(options, head->loss_options,
               fv__field_used(op->fields, op->options_size, head->loss_options));
    else if (op->fields)
        fv__field_defaults(op->fields, options);
    if (op != &fv__op_crossentropy) return FV_OK;
    fv_crossentropy_options *o = options;
    if (o->smooth == 0) o->smooth = w->smooth;
    if (w->weights && o->weights.count == 1) o->weights = *w->weights;
    if (w->mixes) o->target = FV_CROSSENTROPY_SHARES;
    return FV_OK;
}

/* Numbers can be mixed, and shares of classes; a class cannot. */
static fv_status check_mixing(fv_context *ctx, const wish *w, const fv_head *head, const fv_op *op,
                              fv_target_kind wants) {
    if (!w->mixes || (wants != FV_TARGET_CLASS && wants != FV_TARGET_MAP)) return FV_OK;
    return fv__fail(ctx, FV_BAD_INPUT,
                    "mixup and cutmix mix what images are, and %s, the loss of '%s', takes one "
                    "class for each; crossentropy takes shares of classes",
                    op->name, head->name);
}

static fv_status add_loss(fv_context *ctx, const fv_graph *net, const fv_head *head, const wish *w,
                          fv_graph *copy) {
    const fv_op *op = head->loss ? head->loss : w->loss;
    fv_head with = {.name = head->name, .weight = head->weight, .training = head->training};
    char *name = fv__arena_format(&copy->arena, "loss.%s", head->name);
    void *options;
    if (!name) return fv__fail_memory(ctx, 0, "a loss");
    FV_TRY(options_of(ctx, head, op, w, &copy->arena, &options));
    fv_shape shape;
    fv_dtype dtype;
    with.prediction = prediction_of(net, head, op);
    with.wants = op->target(options, &net->values[with.prediction].shape, &shape, &dtype);
    FV_TRY(check_mixing(ctx, w, head, op, with.wants));
    FV_TRY(find_target(ctx, copy, head, with.wants, dtype, &shape, &with.target));
    const int in[2] = {with.prediction, with.target};
    const fv_node_spec spec = {.op = op,
                               .options = options,
                               .name = name,
                               .in = in,
                               .inputs = 2,
                               .training = head->training};
    if (fv__net_add(ctx, copy, &spec, &with.value) != FV_OK)
        return fv__fail_in(ctx, "%s of '%s': ", op->name, head->name);
    return fv__net_add_head(ctx, copy, &with);
}

static fv_status with_losses(fv_context *ctx, const fv_graph *net, const wish *w, fv_graph **out) {
    fv_graph *copy = NULL;
    *out = NULL;
    FV_TRY(fv__net_new(ctx, net->name, &net->input, &copy));
    fv_status status = fv__net_replay(ctx, net, copy);
    for (size_t h = 0; status == FV_OK && h < net->head_count; h++)
        status = add_loss(ctx, net, &net->heads[h], w, copy);
    if (status == FV_OK) status = fv__net_freeze(ctx, copy);
    if (status != FV_OK) {
        fv__net_free(copy);
        return status;
    }
    *out = copy;
    return FV_OK;
}

fv_status fv__net_with_loss(fv_context *ctx, const fv_graph *net, const fv_op *loss,
                            fv_graph **out) {
    return with_losses(ctx, net, &(wish){.loss = loss}, out);
}

fv_status fv__net_to_train(fv_context *ctx, const fv_graph *net, const fv_recipe *recipe,
                           fv_graph **out) {
    const wish w = {fv__losses[recipe->loss], recipe->smooth, recipe->weights,
                    fv__augment_mixes(&recipe->augment)};
    return with_losses(ctx, net, &w, out);
}
