/* SPDX-License-Identifier: MIT */
/*
 * softmax.inc.h - what the loops of softmax and logsoftmax share, for one `real`: the sum of
 * exp(x - max) along a line, which cannot overflow, and its max.
 */
static double LOOP(sum_exp)(const real *x, const fv_lines *l, double *max) {
    double sum = 0;
    *max = x[0];
    for (int64_t i = 1; i < l->length; i++)
        if (x[i * l->apart] > *max) *max = x[i * l->apart];
    for (int64_t i = 0; i < l->length; i++) sum += exp(x[i * l->apart] - *max);
    return sum;
}
