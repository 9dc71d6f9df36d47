/* SPDX-License-Identifier: MIT */
/*
 * kernels.c - the kernels that have names: one line each.
 *
 * They are those that lectures show before they let a network find its own. Each is what it does to
 * an even area: its weights add up to 1 (the area stays) or to 0 (it becomes black). In one
 * dimension stands the middle row of those that are products of a row and a column, and of the
 * others the same difference or sum along a line.
 */
#include "look/kernels.h"
#include "base/text.h"
#include <math.h>
#include <string.h>

#define SIGMA_LEAST 0.1
#define SIGMA_MOST  20.0
#define NAMES_MAX   32

/* clang-format off */
const fv_kernel_facts fv__kernel_table[] = {
    {0, "identity", "leaves everything as it is",
     {0, 0, 0,  0, 1, 0,  0, 0, 0}, 1, {0, 1, 0}, 1},
    {0, "edge1", "edges, by the difference of the diagonals",
     {1, 0, -1,  0, 0, 0,  -1, 0, 1}, 1, {0}, 0},
    {0, "edge2", "edges, by the Laplacian: four neighbours against the middle",
     {0, 1, 0,  1, -4, 1,  0, 1, 0}, 1, {1, -2, 1}, 1},
    {0, "edge3", "edges, by the middle against its eight neighbours",
     {-1, -1, -1,  -1, 8, -1,  -1, -1, -1}, 1, {-1, 2, -1}, 1},
    {0, "sharpen", "what differs from its neighbours differs more",
     {0, -1, 0,  -1, 5, -1,  0, -1, 0}, 1, {-1, 3, -1}, 1},
    {0, "box", "box blur: the mean of the neighbourhood",
     {1, 1, 1,  1, 1, 1,  1, 1, 1}, 9, {1, 1, 1}, 3},
    {0, "gaussian", "Gaussian blur; sigma=1.5 makes it as wide as wanted",
     {1, 2, 1,  2, 4, 2,  1, 2, 1}, 16, {1, 2, 1}, 4},
    {0, "sobel-x", "the slope from left to right, smoothed from top to bottom",
     {-1, 0, 1,  -2, 0, 2,  -1, 0, 1}, 1, {-1, 0, 1}, 1},
    {0, "sobel-y", "the slope from top to bottom, smoothed from left to right",
     {-1, -2, -1,  0, 0, 0,  1, 2, 1}, 1, {0}, 0},
    {.name = NULL}};
/* clang-format on */

const fv_kernel_facts *fv__kernel_named(const char *name) {
    for (const fv_kernel_facts *k = fv__kernel_table; k->name; k++)
        if (strcmp(k->name, name) == 0) return k;
    return NULL;
}

/* exp(-r²/(2 sigma²)), as far as 3 sigma from the middle, divided by its sum. */
static fv_status gaussian(fv_context *ctx, int dimensions, double sigma, fv_matrix **out) {
    const int64_t reach = (int64_t)ceil(3 * sigma), side = 2 * reach + 1;
    const int64_t rows = dimensions == 2 ? side : 1;
    double sum = 0;
    FV_TRY(fv__matrix_new(ctx, dimensions, (const int64_t[]){side, side}, out));
    for (int64_t i = 0; i < rows * side; i++) {
        const int64_t h = dimensions == 2 ? i / side - reach : 0, w = i % side - reach;
        sum += (*out)->data[i] = exp(-(double)(h * h + w * w) / (2 * sigma * sigma));
    }
    for (int64_t i = 0; i < rows * side; i++) (*out)->data[i] /= sum;
    return FV_OK;
}

static fv_status of_table(fv_context *ctx, const fv_kernel_facts *k, int dimensions,
                          fv_matrix **out) {
    const bool plane = dimensions == 2;
    const double divisor = plane ? k->divisor : k->line_divisor;
    if (divisor == 0)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "%s looks in two directions at once and has no form for a signal", k->name);
    FV_TRY(fv__matrix_new(ctx, dimensions, (const int64_t[]){3, 3}, out));
    for (int i = 0; i < (plane ? 9 : 3); i++)
        (*out)->data[i] = (plane ? k->weights[i] : k->line[i]) / divisor;
    return FV_OK;
}

/* A word that is no name: numbers, or a slip. */
static fv_status of_text(fv_context *ctx, const char *what, fv_matrix **out) {
    const char *names[NAMES_MAX];
    size_t count = 0;
    if (strspn(what, "0123456789+-.[ \n") > 0) {
        FV_TRY(fv__matrix_parse(ctx, what, out));
        if ((*out)->rank <= 2) return FV_OK;
        fv__matrix_free(*out);
        *out = NULL;
        return fv__fail(ctx, FV_BAD_INPUT,
                        "a kernel here is one matrix, [[0,1,0],[1,-4,1],[0,1,0]]: every channel is "
                        "filtered on its own");
    }
    fv_text list = {.ctx = ctx};
    for (const fv_kernel_facts *k = fv__kernel_table; k->name; k++) {
        fv__text_addf(&list, "%s%s", count ? ", " : "", k->name);
        if (count < NAMES_MAX) names[count++] = k->name;
    }
    const char *near = fv__nearest(what, names, count);
    const fv_status status =
        near ? fv__fail(ctx, FV_BAD_INPUT, "no kernel '%.64s'; did you mean '%s'?", what, near)
             : fv__fail(ctx, FV_BAD_INPUT,
                        "no kernel '%.64s'; there are %s, and any numbers: [[0,1,0],[1,-4,1],"
                        "[0,1,0]]",
                        what, list.data ? list.data : "none");
    fv__text_free(&list);
    return status;
}

fv_status fv__kernel_make(fv_context *ctx, const char *what, int dimensions, double sigma,
                          fv_matrix **out) {
    const fv_kernel_facts *k = fv__kernel_named(what);
    const bool wide = k && strcmp(k->name, "gaussian") == 0 && sigma != 0;
    *out = NULL;
    if (sigma != 0 && !wide)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "sigma is the width of the kernel gaussian; '%.64s' has none", what);
    if (wide && !(sigma >= SIGMA_LEAST && sigma <= SIGMA_MOST))
        return fv__fail(ctx, FV_BAD_INPUT, "sigma is between %g and %g pixels, not %g", SIGMA_LEAST,
                        SIGMA_MOST, sigma);
    if (wide) return gaussian(ctx, dimensions, sigma, out);
    return k ? of_table(ctx, k, dimensions, out) : of_text(ctx, what, out);
}
