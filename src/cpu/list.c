/* SPDX-License-Identifier: MIT */
/*
 * Which implementations there are for an operator, and which one is taken.
 */
#include "cpu/cpu.h"

#include <string.h>

#define LIST(name, ...)                                                                            \
    static const fv_impl *const name##_forward[] = {__VA_ARGS__ & fv__cpu_reference_forward, NULL}
#define BACK(name, ...)                                                                            \
    static const fv_impl *const name##_backward[] = {__VA_ARGS__ & fv__cpu_reference_backward, NULL}
#define PAIR(name)                                                                                 \
    LIST(name, &fv__cpu_##name##_forward, );                                                       \
    BACK(name, &fv__cpu_##name##_backward, )

LIST(conv, &fv__cpu_direct_forward, &fv__cpu_conv_forward, );
BACK(conv, &fv__cpu_direct_backward, &fv__cpu_conv_backward, );
PAIR(fc);
LIST(act, &fv__cpu_act_forward, );
BACK(act, &fv__cpu_act_backward, );
PAIR(maxpool);
PAIR(avgpool);
PAIR(globalavgpool);
PAIR(bn);
PAIR(lrn);
PAIR(softmax);
LIST(crossentropy, &fv__cpu_crossentropy_forward, );
PAIR(add);
PAIR(concat);
PAIR(dropout);
LIST(other, );
BACK(other, );
static const fv_impl *const nothing[] = {NULL};

static const struct {
    const char *op;
    const fv_impl *const *list[2]; /* forward, backward */
} lists[] = {
    {"conv", {conv_forward, conv_backward}},
    {"fc", {fc_forward, fc_backward}},
    {"relu", {act_forward, act_backward}},
    {"leakyrelu", {act_forward, act_backward}},
    {"elu", {act_forward, act_backward}},
    {"sigmoid", {act_forward, act_backward}},
    {"tanh", {act_forward, act_backward}},
    {"scaledtanh", {act_forward, act_backward}},
    {"maxpool", {maxpool_forward, maxpool_backward}},
    {"avgpool", {avgpool_forward, avgpool_backward}},
    {"globalavgpool", {globalavgpool_forward, globalavgpool_backward}},
    {"bn", {bn_forward, bn_backward}},
    {"lrn", {lrn_forward, lrn_backward}},
    {"softmax", {softmax_forward, softmax_backward}},
    {"crossentropy", {crossentropy_forward, other_backward}},
    {"add", {add_forward, add_backward}},
    {"concat", {concat_forward, concat_backward}},
    {"dropout", {dropout_forward, dropout_backward}},
};

const fv_impl *const *fv__cpu_impls(const fv_op *op, fv_which which) {
    if (which == FV_BACKWARD && !op->backward[0]) return nothing;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (strcmp(lists[i].op, op->name) == 0) return lists[i].list[which];
    return which == FV_FORWARD ? other_forward : other_backward;
}

/* Why a layout cannot be had here; NULL: it can. */
static const char *layout_refused(const fv_impl *impl, const fv_site *site, const fv_ask *ask) {
    if (impl->layout == FV_PLAIN) return NULL;
    if (ask->plain) return "maps stay in plain layout here";
    for (int i = 0; i < site->inputs; i++)
        if (site->in[i].rank != 4 || site->in[i].dim[1] % 16 != 0)
            return "its blocked layout wants maps with a multiple of 16 channels";
    if (site->out.rank != 4 || site->out.dim[1] % 16 != 0)
        return "its blocked layout gives maps with a multiple of 16 channels";
    return NULL;
}

const fv_impl *fv__cpu_choose(const fv_op *op, const fv_site *site, const fv_ask *ask,
                              fv_text *why) {
    const fv_impl *const *list = (ask->impls ? ask->impls : fv__cpu_impls)(op, ask->which);
    for (; *list; list++) {
        const char *reason = layout_refused(*list, site, ask);
        if (!reason && (*list)->refuses) reason = (*list)->refuses(site, ask);
        if (!reason) return *list;
        if (why) fv__text_addf(why, "%s%s: %s", why->length ? "; " : "", (*list)->name, reason);
    }
    return NULL;
}
