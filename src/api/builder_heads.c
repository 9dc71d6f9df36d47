/* SPDX-License-Identifier: MIT */
/*
 * builder_heads.c - public: the outputs and the recipe of a network built by calls.
 */
#include "api/builder_api.h"
#include "api/given.h"
#include "api/settings_api.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* The main output is what a text's main chain ends in. */
static fv_status check_head(const fv_builder *b, const fv_head *head) {
    const fv_graph *net = b->net.graph;
    FV_TRY(fv__builder_value(b, head->value));
    if (!net->values[head->value].type.batched)
        return fv__fail(b->ctx, FV_BAD_INPUT,
                        "'%s' is the same for all samples and can be no output",
                        net->values[head->value].name);
    if (!isfinite(head->weight) || head->weight < 0)
        return fv__fail(b->ctx, FV_USAGE, "an output's weight is 0 or more, and finite");
    if (net->head_count == 0 && (head->weight != 1 || head->training))
        return fv__fail(
            b->ctx, FV_USAGE,
            "the first output is the main one: its weight is 1, and it is always there");
    if (net->head_count > FV_HEADS_MAX)
        return fv__fail(b->ctx, FV_BAD_INPUT, "more than %d outputs beside the main one",
                        FV_HEADS_MAX);
    return FV_OK;
}

/* "output" for the main one; the others are named. */
static fv_status name_head(const fv_builder *b, const char *name, const char **out) {
    const fv_graph *net = b->net.graph;
    *out = name ? name : "output";
    if (net->head_count == 0) {
        if (strcmp(*out, "output") == 0) return FV_OK;
        return fv__fail(b->ctx, FV_USAGE, "the first output is called 'output', not '%.100s'",
                        name);
    }
    FV_NEED(b->ctx, name);
    if (name[0] == 0 || strlen(name) > FV_NAME_MAX || strpbrk(name, "\"\r\n\t"))
        return fv__fail(b->ctx, FV_USAGE,
                        "an output's name has 1 to %d characters, none of them a quote or a line "
                        "end, unlike '%.64s'",
                        FV_NAME_MAX, name);
    for (size_t h = 0; h < net->head_count; h++)
        if (strcmp(net->heads[h].name, name) == 0)
            return fv__fail(b->ctx, FV_USAGE, "there is an output '%s' already", name);
    return FV_OK;
}

/* "crossentropy ignore 255": an operator and its options. */
static fv_status take_loss(const fv_builder *b, const char *words, fv_head *head, void **own) {
    char name[FV_NAME_MAX + 1];
    const size_t n = strcspn(words, " \t");
    snprintf(name, sizeof name, "%.*s", n < sizeof name ? (int)n : (int)sizeof name - 1, words);
    FV_TRY(fv__builder_op(b, name, true, &head->loss));
    FV_TRY(fv__builder_options(b, head->loss, words + n, own));
    head->loss_options = *own;
    return FV_OK;
}

int fv_builder_head(fv_builder *b, const char *name, int value, const char *loss, double weight,
                    int training) {
    void *options = NULL;
    if (!b || b->status != FV_OK) return -1;
    fv_head head = {.value = value, .weight = weight, .training = training != 0};
    fv_status status = check_head(b, &head);
    if (status == FV_OK) status = name_head(b, name, &head.name);
    if (status == FV_OK && loss) status = take_loss(b, loss, &head, &options);
    if (status == FV_OK) status = fv__net_add_head(b->ctx, b->net.graph, &head);
    fv__free(options);
    return fv__builder_outcome(b, status, 0);
}

int fv_builder_train(fv_builder *b, const char *settings) {
    if (!b || b->status != FV_OK) return -1;
    return fv__builder_outcome(b, fv__recipe_change(b->ctx, settings, &b->net.recipe), 0);
}
