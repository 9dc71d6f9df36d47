/* SPDX-License-Identifier: MIT */
/*
 * contract.h - how far a layer computed in float may be from the same layer in double: what each
 * contract of precision promises, in one place. Tests and bench_cpu hold every implementation to
 * it, on every shape.
 *
 * The measure is the relative error of all numbers of an output together, ||got - exact|| over
 * ||exact||. A single number may be off by more, as those beside it are large: CONTRACT_ELEMENT
 * says by how much.
 */
#ifndef CONTRACT_H
#define CONTRACT_H

#include "device/device.h"

#include <math.h>

typedef enum contract {
    CONTRACT_FP32,   /* any way of computing whose error stays below 1e-5 */
    CONTRACT_STRICT, /* multiply-adds in float, each sum over all its terms */
    CONTRACT_BF16    /* factors rounded to 8 bits, sums in float */
} contract;

/* What an implementation claims. */
static inline contract contract_of(const fv_impl *impl) {
    (void)impl;
    return CONTRACT_FP32;
}

/* Errors of a sum grow with the square root of its terms; few terms have the other roundings too.
 */
static inline double contract_strict(double terms) {
    const double few = 288, terms_of_3x3x512 = 4608;
    return 2e-6 * sqrt((terms > few ? terms : few) / terms_of_3x3x512);
}

/* The largest relative error of an output whose numbers are sums of so many terms. */
static inline double contract_bound(contract c, double terms) {
    if (c == CONTRACT_BF16) return 1e-2;
    return c == CONTRACT_STRICT ? contract_strict(terms) : 1e-5;
}

/* One number may be off by 3 bounds of its own size and of this part of the largest number. */
#define CONTRACT_ELEMENT 0.25

#endif
