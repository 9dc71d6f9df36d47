/* SPDX-License-Identifier: MIT */
/*
 * weights_match.c - which tensor of a file is which parameter of a network.
 *
 * By name: PyTorch's names of running statistics are bn's here; what wraps a network in PyTorch
 * ("module." of several devices, "model." of training frameworks) is taken off. By order: both
 * lists as they stand, where shapes and, as far as names tell them, roles (weight, bias, mean,
 * variance) must agree one by one: the four of a batch normalisation have one shape. Files that are
 * sorted by name have another order than their network, and are found out by that.
 */
#include "base/name_table.h"
#include "format/model_constants.h"
#include "format/weights.h"
#include <stdio.h>
#include <string.h>

#define NAME_MAX_BYTES 1024

/* What PyTorch calls the parameters that have another name here. */
static const struct {
    const char *theirs, *ours;
} roles[] = {{"running_mean", "mean"}, {"running_var", "variance"}};

/* The last part of a name, as it is called here: "mean" of "layer1.0.bn1.running_mean". */
static const char *role_of(const char *name) {
    const char *dot = strrchr(name, '.'), *last = dot ? dot + 1 : name;
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        if (strcmp(roles[i].theirs, last) == 0) return roles[i].ours;
    return last;
}

int fv__weights_param(const fv_names *params, const char *name) {
    char ours[NAME_MAX_BYTES];
    const int *found = fv__names_get(params, name);
    if (found) return *found;
    const char *role = role_of(name), *dot = strrchr(name, '.');
    if (!dot || strcmp(role, dot + 1) == 0 || (size_t)(dot - name) > sizeof ours - 64) return -1;
    snprintf(ours, sizeof ours, "%.*s.%s", (int)(dot - name), name, role);
    found = fv__names_get(params, ours);
    return found ? *found : -1;
}

const char *fv__weights_unwrap(const char *name) {
    static const char *const wrappers[] = {"module.", "model.", "backbone.", "_orig_mod.", "net."};
    for (size_t i = 0; i < sizeof wrappers / sizeof *wrappers; i++) {
        const size_t n = strlen(wrappers[i]);
        if (strncmp(name, wrappers[i], n) == 0) return name + n;
    }
    return NULL;
}

/* Counters and other whole numbers, which no parameter is. */
static bool is_no_weight(const fv_tensor_entry *e) {
    return !e->type->to_floats || strcmp(role_of(e->name), "num_batches_tracked") == 0;
}

bool fv__weights_reshapes(const fv_shape *from, const fv_shape *to) {
    const fv_shape *longer = from->rank > to->rank ? from : to, *other = longer == from ? to : from;
    if (other->rank != 2 || longer->rank < 3 || longer->dim[0] != other->dim[0]) return false;
    return fv__shape_count(from) == fv__shape_count(to);
}

/* Whether a tensor can be a parameter's numbers; FV_BAD_INPUT says why not. */
static fv_status check(const fv_weight_match *m, const fv_param *p, const fv_tensor_entry *e) {
    if (e && e->type->to_floats && fv__weights_reshapes(&e->shape, &p->spec.shape)) return FV_OK;
    return fv__model_check_param(m->ctx, p, e);
}

static void forget(fv_weight_match *m) {
    memset(m->from, 0, m->net->param_count * sizeof *m->from);
    memset(m->used, 0, m->file->count * sizeof *m->used);
}

fv_status fv__weights_give(fv_weight_match *m, int param, const fv_tensor_entry *e) {
    const fv_tensor_entry *other = m->from[param];
    if (other && other != e)
        return fv__fail(m->ctx, FV_BAD_INPUT, "'%s' and '%s' in the file are both '%s' here",
                        other->name, e->name, m->net->params[param].name);
    m->from[param] = e;
    m->used[e - m->file->entries] = true;
    return FV_OK;
}

/* ---------------------------------------------------------------------------------- by name --- */

/* Gives every tensor that has no place yet to the parameter of its name. */
static fv_status give_by_name(fv_weight_match *m, const fv_names *params) {
    for (size_t i = 0; i < m->file->count; i++) {
        const fv_tensor_entry *e = &m->file->entries[i];
        if (m->used[i] || m->left_out[i]) continue;
        int param = -1;
        for (const char *name = e->name; name && param < 0; name = fv__weights_unwrap(name))
            param = fv__weights_param(params, name);
        if (param >= 0 && !m->fresh[param]) FV_TRY(fv__weights_give(m, param, e));
    }
    return FV_OK;
}

/* Whether a parameter may do without a tensor. */
static bool may_miss(const fv_weight_match *m, size_t i) {
    return m->fresh[i] || m->net->params[i].training;
}

/* Every parameter that inference has is there in its shape, and nothing else. *named: all have a
   tensor of their name, whatever its shape. */
static fv_status check_all(const fv_weight_match *m, bool *named) {
    *named = true;
    for (size_t i = 0; i < m->net->param_count; i++)
        *named = *named && (m->from[i] || may_miss(m, i));
    for (size_t i = 0; i < m->net->param_count; i++)
        if (m->from[i] || !may_miss(m, i)) FV_TRY(check(m, &m->net->params[i], m->from[i]));
    for (size_t i = 0; i < m->file->count; i++) {
        const fv_tensor_entry *e = &m->file->entries[i];
        char dims[FV_SHAPE_TEXT];
        if (!m->used[i] && !m->left_out[i] && !is_no_weight(e))
            return fv__fail(m->ctx, FV_BAD_INPUT,
                            "'%s' (%s) in the file has no place in the network", e->name,
                            fv__dims_text(dims, &e->shape));
    }
    return FV_OK;
}

static fv_status by_name(fv_weight_match *m, const char *map, bool *named) {
    fv_names params = {0};
    fv_status status = FV_OK;
    *named = false;
    m->how = FV_MATCH_NAME;
    for (size_t i = 0; status == FV_OK && i < m->net->param_count; i++)
        status = fv__names_add(m->ctx, &params, m->net->params[i].name, (int)i);
    if (status == FV_OK && map) status = fv__weights_map(m, map, &params);
    m->bad_map = status != FV_OK;
    if (status == FV_OK) status = give_by_name(m, &params);
    if (status == FV_OK) status = fv__constants_compare(m->ctx, m->net, m->file, m->used);
    if (status == FV_OK) status = check_all(m, named);
    fv__names_free(&params);
    return status;
}

/* --------------------------------------------------------------------------------- by order --- */

static bool is_sorted(const fv_weight_match *m) {
    for (size_t i = 1; i < m->file->count; i++)
        if (strcmp(m->file->entries[i - 1].name, m->file->entries[i].name) > 0) return false;
    return m->file->count > 2;
}

/* The roles that names may tell: one that is none of them ("kernel", "0") tells nothing. */
static bool is_role(const char *role) {
    static const char *const known[] = {"weight", "bias", "mean", "variance"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i], role) == 0) return true;
    return false;
}

static fv_status differ(const fv_weight_match *m, size_t i, const fv_tensor_entry *e,
                        const fv_param *p) {
    char there[FV_SHAPE_TEXT], here[FV_SHAPE_TEXT];
    return fv__fail(
        m->ctx, FV_BAD_INPUT, "number %zu in the file is '%s' (%s), and in the network '%s' (%s)%s",
        i + 1, e->name, fv__dims_text(there, &e->shape), p->name,
        fv__dims_text(here, &p->spec.shape),
        is_sorted(m) ? "; the file is sorted by name, so that its order tells nothing" : "");
}

/* The file's weights against the parameters, or against those that inference has. */
static fv_status give_by_order(fv_weight_match *m, bool all, bool strict) {
    size_t p = 0, count = 0;
    forget(m);
    for (size_t i = 0; i < m->file->count; i++) {
        const fv_tensor_entry *e = &m->file->entries[i];
        if (is_no_weight(e)) continue;
        while (!all && p < m->net->param_count && m->net->params[p].training) p++;
        if (p == m->net->param_count)
            return fv__fail(m->ctx, FV_BAD_INPUT,
                            "the network has %zu tensors and the file more, the next is '%s'",
                            count, e->name);
        const fv_param *param = &m->net->params[p];
        const char *here = role_of(param->name), *there = role_of(e->name);
        const bool roles_fit =
            strcmp(here, there) == 0 || !is_role(here) || (!strict && !is_role(there));
        if (!roles_fit || check(m, param, e) != FV_OK) return differ(m, count, e, param);
        FV_TRY(fv__weights_give(m, (int)p++, e));
        count++;
    }
    while (!all && p < m->net->param_count && m->net->params[p].training) p++;
    if (p == m->net->param_count) return FV_OK;
    return fv__fail(m->ctx, FV_BAD_INPUT,
                    "the file has %zu tensors and the network more, the next is '%s'", count,
                    m->net->params[p].name);
}

static fv_status by_order(fv_weight_match *m, bool strict) {
    bool training = false;
    m->how = FV_MATCH_ORDER;
    for (size_t i = 0; i < m->net->param_count; i++)
        training = training || m->net->params[i].training;
    if (training && give_by_order(m, true, strict) == FV_OK) return FV_OK;
    return give_by_order(m, !training, strict);
}

/* ------------------------------------------------------------------------------------- both --- */

/* Neither way: both are told, unless the names leave no doubt. A file of ours has our names, and
   its order tells nothing that they do not. */
static fv_status by_either(fv_weight_match *m) {
    char first[400];
    bool named;
    fv_status status = by_name(m, NULL, &named);
    const bool ours = m->file->metadata && fv__json_get(m->file->metadata, "net");
    if (status != FV_BAD_INPUT || named || ours) return status;
    snprintf(first, sizeof first, "%.399s", m->ctx->message);
    status = by_order(m, true);
    if (status != FV_BAD_INPUT) return status;
    char second[400];
    snprintf(second, sizeof second, "%.399s", m->ctx->message);
    return fv__fail(m->ctx, FV_BAD_INPUT, "%s; nor does the order fit: %s", first, second);
}

fv_status fv__weights_match(fv_weight_match *m, const fv_weight_options *o) {
    fv_status status;
    bool named;
    if (o->map && o->match >= FV_MATCH_ORDER)
        return fv__fail(m->ctx, FV_USAGE, "match=%s and map=FILE contradict each other",
                        o->match == FV_MATCH_ORDER ? "order" : "keras");
    if (o->match == FV_MATCH_KERAS) return fv__weights_keras(m);
    if (o->match == FV_MATCH_ORDER)
        status = by_order(m, false);
    else if (o->match == FV_MATCH_NAME || o->map)
        status = by_name(m, o->map, &named);
    else
        status = by_either(m);
    if (status != FV_BAD_INPUT || m->bad_map) return status;
    return fv__model_of_another(m->ctx, m->net, m->file);
}
