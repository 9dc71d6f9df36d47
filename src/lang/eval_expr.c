/* SPDX-License-Identifier: MIT */
/*
 * eval_expr.c - the number an expression means, where it stands.
 *
 * All numbers are doubles; whole ones are exact up to 2^53, and what must be whole is asked to be
 * by its field. `/` divides, `//` rounds down, and a % b takes the sign of b, so that
 * a == b * (a // b) + a % b.
 */
#include "lang/syntax.h"
#include <math.h>

static fv_status flow(const fv_env *env, const fv_expr *e, double *out) {
    if (env->flow == NULL)
        return fv__complain(env->source, e->location,
                            "'%s' is what flows into a layer; nothing flows here", e->name);
    *out = (double)(e->number == 0   ? fv__channels(env->flow)
                    : e->number == 1 ? fv__height(env->flow)
                                     : fv__width(env->flow));
    return FV_OK;
}

static fv_status divide(const fv_env *env, const fv_expr *e, double a, double b, double *out) {
    if (b == 0) return fv__complain(env->source, e->location, "division by zero");
    *out = e->kind == FV_E_DIVIDE ? a / b : e->kind == FV_E_FLOOR ? floor(a / b) : fmod(a, b);
    if (e->kind == FV_E_MODULO && *out != 0 && (*out < 0) != (b < 0)) *out += b;
    return FV_OK;
}

static fv_status binary(const fv_env *env, const fv_expr *e, double *out) {
    double a, b;
    FV_TRY(fv__eval(env, e->a, &a));
    if ((e->kind == FV_E_AND && a == 0) || (e->kind == FV_E_OR && a != 0)) {
        *out = a != 0;
        return FV_OK;
    }
    FV_TRY(fv__eval(env, e->b, &b));
    switch (e->kind) {
    case FV_E_ADD:
        *out = a + b;
        break;
    case FV_E_SUBTRACT:
        *out = a - b;
        break;
    case FV_E_MULTIPLY:
        *out = a * b;
        break;
    case FV_E_EQUAL:
        *out = a == b;
        break;
    case FV_E_UNEQUAL:
        *out = a != b;
        break;
    case FV_E_LESS:
        *out = a < b;
        break;
    case FV_E_LESS_EQUAL:
        *out = a <= b;
        break;
    case FV_E_MORE:
        *out = a > b;
        break;
    case FV_E_MORE_EQUAL:
        *out = a >= b;
        break;
    case FV_E_AND:
    case FV_E_OR:
        *out = b != 0;
        break;
    default:
        FV_TRY(divide(env, e, a, b, out));
        break;
    }
    if (!isfinite(*out))
        return fv__complain(env->source, e->location, "the result is too large to be a number");
    return FV_OK;
}

/* Recursion is bounded by e->depth, which the parser limits. */
fv_status fv__eval(const fv_env *env, const fv_expr *e, double *out) {
    double a;
    if ((*env->fuel -= 5) < 0)
        return fv__complain(env->source, e->location, "this network is too much work to write out");
    switch (e->kind) {
    case FV_E_NUMBER:
        *out = e->number;
        return FV_OK;
    case FV_E_NAME:
        *out = (e->of_net ? env->net : env->own)[e->slot];
        return FV_OK;
    case FV_E_FLOW:
        return flow(env, e, out);
    case FV_E_NEGATE:
        FV_TRY(fv__eval(env, e->a, &a));
        *out = a == 0 ? 0 : -a; /* no minus zero */
        return FV_OK;
    case FV_E_NOT:
        FV_TRY(fv__eval(env, e->a, &a));
        *out = a == 0;
        return FV_OK;
    case FV_E_IF:
        FV_TRY(fv__eval(env, e->a, &a));
        return fv__eval(env, a != 0 ? e->b : e->c, out);
    default:
        return binary(env, e, out);
    }
}
