/* SPDX-License-Identifier: MIT */
/*
 * contract.h - how far a layer computed in float may be from the same layer in double: what each
 * contract of precision promises, in one place. Tests and bench_cpu hold every implementation to
 * it, on every shape.
 *
 * The measure is the relative error of all numbers of an output together, ||got - exact|| over
 * ||exact||.
 */
#ifndef CONTRACT_H
#define CONTRACT_H

#include "device/precision.h"

#include <math.h>

/* The largest error of an output whose numbers are sums of so many terms. That of a sum grows with
   the square root of its terms; few of them have the other roundings too. */
static inline double contract_bound(fv_precision contract, double terms) {
    const double few = 288, terms_of_3x3x512 = 4608;
    switch (contract) {
    case FV_PRECISION_BF16:
        return 1e-2;
    case FV_PRECISION_STRICT:
        return 2e-6 * sqrt((terms > few ? terms : few) / terms_of_3x3x512);
    default:
        return 1e-5;
    }
}

/* One number may be off by this many times its own size, and CONTRACT_LARGEST of the largest. */
#define CONTRACT_LARGEST 0.05
static inline double contract_number(double bound) {
    return 30 * fmax(bound, 1e-6);
}

#endif
