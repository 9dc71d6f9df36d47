/* SPDX-License-Identifier: MIT */
/*
 * table.h - the functions every instruction set provides. Part of kern.h.
 */
#ifndef FV_KERN_TABLE_H
#define FV_KERN_TABLE_H

#include <stdbool.h>

#define FV_MR_MAX        8 /* most rows of any register tile */
#define FV_COLUMNS_ALONE 4 /* so many columns beyond whole vectors cost gemm next to nothing */

#define FV_LANES_MAX 16
/* Floats that the transform of so many tiles works in. */
#define FV_WINOGRAD_WORK(tiles) (12 * (4 * (tiles) + 4 * FV_LANES_MAX))

/* A convolution's geometry on one group: where output pixel p's patch lies. */
typedef struct fv_patches {
    int64_t h, w;                   /* of the input's planes */
    int64_t kh, kw, sh, sw, dh, dw; /* kernel, stride, dilation */
    int64_t top, left;              /* padding */
    int64_t oh, ow;                 /* of the output */
    int64_t step;                   /* floats from one sample's first plane to the next's */
} fv_patches;

/* What follows a product while its sums are in registers: y = sum + added, and then, where it is
   bounded, y = min(max(y, low), high); what is not a number stays so. */
typedef struct fv_gemm_after {
    const float *added; /* added[r*ld + j]; NULL: nothing */
    int64_t ld;
    bool bounded;
    float low, high;
} fv_gemm_after;

/* Rows of tiles that see 4x4 pixels and those around them, of a convolution whose results are as
   many as its pixels, or with stride 2 as every second one, counted on through the samples. A row
   of tiles takes `wide` lanes of a vector; lanes that there are none of are -1. */
typedef struct fv_winograd_maps {
    int64_t h, w;         /* of a plane */
    int64_t high, across; /* tiles of it */
    int64_t wide;         /* `across` or the next power of two */
    int64_t top;          /* rows of padding; columns: one */
    int64_t apart;        /* floats from a sample's plane to the next one's */
    int64_t soon;         /* so many floats on lies a plane that is wanted next */
    /* Of each tile, as they follow one another: its lane, its left neighbour's, its right one's. Of
       each lane: its tile. */
    int32_t own[FV_LANES_MAX], left[FV_LANES_MAX], right[FV_LANES_MAX], spread[FV_LANES_MAX];
} fv_winograd_maps;

/* A convolution whose every filter sees one plane, and the frames that planes are copied into. A
   row of a frame has sw phases, `half` apart, whose numbers are every sw-th of the padded plane's.
   All that counts floats here is a multiple of FV_LANES_MAX, so that no vector that is copied lies
   in two lines of a cache. */
typedef struct fv_depthwise {
    int64_t h, w;               /* of the planes */
    int64_t base, plane;        /* the first row that lies there, floats from plane to plane */
    int64_t kh, kw, sh, sw, dh; /* kernel, strides, dilation of rows */
    bool usual;                 /* 3x3 or 5x5, both strides 1 or 2, no dilation */
    int64_t top, left;          /* padding */
    int64_t oh, ow;             /* of the result */
    int64_t filters;            /* of every plane */
    int64_t begin[2];           /* where in a row the plane's column 0 lies; for sw = 2, column 1 */
    int64_t half, pitch;        /* from phase to phase, from row to row */
    int64_t frame, together;    /* floats of a frame; how many at a time */
    const int32_t *col;         /* [kw]: where in a row the first result meets the taps */
} fv_depthwise;
/* One of the two channels that a pair of bfloat16 is made of: its plane, NULL for zeros, and where
   in it a frame starts. Where `of` is not NULL, x' = (x - of[0]) * of[channels] + of[2*channels],
   and with relu max(x', 0), takes the place of what lies in the plane. */
typedef struct fv_pair_half {
    const float *plane;
    int64_t row, col;
    const float *of;
    int64_t channels;
    bool relu;
} fv_pair_half;

#define FV_PAIRS_DEPTH 16 /* pairs of a step, at most */

/* How `pairs` wants things. Weights: [block of `rows` filters][step][tile of `tile` filters][pair
   of the step][filter of the tile], a word each, `depth` pairs a step: 1 or FV_PAIRS_DEPTH. */
typedef struct fv_pairs_form {
    int rows, tile, depth;
    bool split; /* fast enough for float32 as two bfloat16, which takes three products */
    /* About how many cycles it takes, as measured: a filter by 16 columns in one step; 16 words
       that are read as they lie, and where their numbers do not lie in a row; 16 finished sums. */
    float product, pack, gather, out;
    /* And how many multiply-adds of a convolution the ways in float32 do in a cycle. */
    float direct, winograd;
} fv_pairs_form;

#define FV_WINOGRAD5_ROWS 3 /* filters of a block, at most */

/* A band of rows of one map, 5x5 and stride 1, by F(4, 5) down its columns: groups of four rows of
   results, eight numbers a column. Runs of `cols` columns are one group each; or there is one run
   of the columns of all groups, one behind the other, and each tap has a copy of its own, moved
   back by it. Vectors are read whole, so that memory has LANES_MAX floats more than are written. */
typedef struct fv_winograd5 {
    int64_t channels, filters;
    int64_t channel, number, tap; /* floats of x from one to the next; tap 1: no copies */
    int64_t runs, run, cols;      /* of x; floats from run to run */
    int64_t wide, high;           /* the result's rows */
    int64_t plane;                /* floats from filter to filter of y, and of what is added */
    const float *x;               /* transformed */
    const float *w;    /* [block][part of the numbers][channel][tap][number][filter of the block] */
    const float *bias; /* of the filters, or NULL */
    float *y;
    fv_gemm_after after; /* `added` lies as y does */
} fv_winograd5;

/* Filters are in blocks of as equal sizes as can be: so many, and where one begins. */
static inline int64_t fv__winograd5_blocks(int64_t filters) {
    return (filters + FV_WINOGRAD5_ROWS - 1) / FV_WINOGRAD5_ROWS;
}
static inline int64_t fv__winograd5_block(int64_t filters, int64_t block) {
    const int64_t blocks = fv__winograd5_blocks(filters), larger = filters % blocks;
    return filters / blocks * block + (block < larger ? block : larger);
}

/* Sums that are wanted, of a vector of 16 columns: `count` from column `col` of the vector on,
   which lie from y[sample * y_step + at] on. */
typedef struct fv_pairs_run {
    int32_t col, count, at, sample;
} fv_pairs_run;

/* What becomes of the sums of a block of filters. */
typedef struct fv_pairs_out {
    const int32_t *begin; /* of each vector of columns, and one more: its first run */
    const fv_pairs_run *run;
    const float *bias; /* of the filters, or NULL */
    float *y;
    int64_t to_plane, y_step, added_step; /* floats from filter to filter, and of a sample */
    fv_gemm_after after;                  /* `added` lies as y does */
    bool across; /* sums come with a column's filters together, not a filter's columns */
    /* The cell pairs_out, which the cell `pairs` calls whenever sums of columns are finished. */
    void (*done)(const struct fv_pairs_out *o, int64_t rows, int64_t first, int64_t cols,
                 const float *c, int64_t ldc);
} fv_pairs_out;

/* A product of a block of filters with frames of words. */
typedef struct fv_pairs_product {
    int64_t rows, cols, steps;
    const uint32_t *a_hi, *a_lo; /* weights, as the form says */
    const uint32_t *b_hi, *b_lo; /* frames */
    const int32_t *off;          /* of the steps */
    /* Nobody has asked for these weights yet; the next block's, which lie behind, will be wanted.
     */
    bool cold, more;
} fv_pairs_product;

struct fv_kernels {
    const char *name; /* "avx512" */
    int lanes;        /* floats per vector */
    int mr, nr;       /* register tile of gemm: rows and columns */

    /* c[r*ldc + j] = sum over l < k of a[l*as + r*ar] * b[l*ldb + j], r < rows, j < cols, on top
       of: what c holds (add), bias[r] (not NULL), or 0. With `off`, row l of b is at b + off[l]
       instead: taps of a convolution read where they lie. Fastest with ar = 1 and rows <= mr:
       packed strips. Every sum runs over l in
       ascending order, one product at a time, but for the last columns of packed strips. */
    void (*gemm)(int64_t rows, int64_t cols, int64_t k, const float *a, int64_t as, int64_t ar,
                 const float *b, int64_t ldb, const int32_t *off, float *c, int64_t ldc,
                 const float *bias, bool add);
    /* The same, with `after` (NULL: nothing) done to the finished sums. A column more or less than
       whole vectors may be summed in another order. */
    void (*gemm_then)(int64_t rows, int64_t cols, int64_t k, const float *a, int64_t as, int64_t ar,
                      const float *b, int64_t ldb, const int32_t *off, float *c, int64_t ldc,
                      const float *bias, bool add, const fv_gemm_after *after);
    /* A strip for gemm: out[l*mr + r] = w[r*ldw + l], r < rows <= mr, l < k. */
    void (*pack)(int64_t rows, int64_t k, const float *w, int64_t ldw, float *out);

    /* c[i*ldc + j] (+)= sum over l < k of a[i*lda + l] * b[j*ldb + l] (+ bias[j]): both rows lie
       along the sum. Any rows, any cols. */
    void (*dot)(int64_t rows, int64_t cols, int64_t k, const float *a, int64_t lda, const float *b,
                int64_t ldb, float *c, int64_t ldc, const float *bias, bool add);

    /* The same with b of bfloat16, and a bias only without add. */
    void (*dot_halves)(int64_t rows, int64_t cols, int64_t k, const float *a, int64_t lda,
                       const uint16_t *b, int64_t ldb, float *c, int64_t ldc, const float *bias,
                       bool add);

    /* dot with row j of b at b + off[j], and summed over `times` such products, a and b moved
       on by a_step and b_step each time: the samples of a batch. */
    void (*dot_at)(int64_t rows, int64_t cols, int64_t k, int64_t times, const float *a,
                   int64_t lda, int64_t a_step, const float *b, const int32_t *off, int64_t b_step,
                   float *c, int64_t ldc, bool add);

    /* Every sh-th row and sw-th column of planes x_step apart, in frames of zeros out_step apart:
       out[i*pitch + j] = x[row + i*sh][col + j*sw], i < rows, j < pitch, 0 where that lies outside
       h x w. */
    void (*frame)(int64_t planes, int64_t x_step, int64_t out_step, const float *x, int64_t h,
                  int64_t w, int64_t row, int64_t col, int64_t sh, int64_t sw, float *out,
                  int64_t rows, int64_t pitch);

    /* out[(k - k0)*ld + p - p0] = what weight k = (channel, row, column) meets at output pixel p,
       0 in the padding. p counts on through the samples. And the way back: x += . */
    void (*patches)(const fv_patches *g, const float *x, int64_t k0, int64_t k1, int64_t p0,
                    int64_t p1, float *out, int64_t ld);
    void (*unpatch)(const fv_patches *g, float *x, int64_t k0, int64_t k1, int64_t p0, int64_t p1,
                    const float *in, int64_t ld);

    /* The transforms of Winograd's F(4x4, 3x3) on one plane of `rows` x `across` tiles. In: tile
       (i, j) sees x[4i*ld + 4j] and 5 more rows and columns, and 2 columns beyond are read; number
       q < 36 of tile t goes to out[q*step + t]. Out: from in[q*step + t], plus bias, and `after`
       done to it, come `high` rows of `wide` numbers, one row behind the other, which the tiles
       cover. work: FV_WINOGRAD_WORK floats for in, half of them for out. */
    void (*winograd_in)(int64_t rows, int64_t across, const float *x, int64_t ld, float *work,
                        float *out, int64_t step);
    void (*winograd_out)(int64_t rows, int64_t across, const float *in, int64_t step, float *work,
                         float bias, const fv_gemm_after *after, float *y, int64_t high,
                         int64_t wide);
    /* The transpose of out, for gradients: tile (i, j) sees y[4i*ld + 4j] and 3 more rows and
       columns; number q < 36 of tile t goes to out[q*step + t]. work as for out. */
    void (*winograd_dy)(int64_t rows, int64_t across, const float *y, int64_t ld, float *work,
                        float *out, int64_t step);
    /* The three of them on rows of tiles line ... line+lines-1 of maps, read and written where they
       lie; x and y are the first sample's plane, tiles in `in` and `out` begin with the first
       row's. `added` is the first sample's plane, too, and added_apart floats are from one sample's
       to the next one's. NULL: these instructions have none. */
    void (*winograd_maps_in)(const fv_winograd_maps *g, int64_t line, int64_t lines, const float *x,
                             float *out, int64_t step);
    void (*winograd_maps_dy)(const fv_winograd_maps *g, int64_t line, int64_t lines, const float *y,
                             float *out, int64_t step);
    void (*winograd_maps_out)(const fv_winograd_maps *g, int64_t line, int64_t lines,
                              const float *in, int64_t step, float bias, const fv_gemm_after *after,
                              int64_t added_apart, float *y);
    /* In and the transpose of out of F(2x2, 3x3) with stride 2, likewise: 25 and 9 numbers a tile;
       h and w are those of x or of y. */
    void (*winograd_maps_step_in)(const fv_winograd_maps *g, int64_t line, int64_t lines,
                                  const float *x, float *out, int64_t step);
    void (*winograd_maps_step_dy)(const fv_winograd_maps *g, int64_t line, int64_t lines,
                                  const float *y, float *out, int64_t step);
    /* The same of F(2x2, 3x3): 16 numbers a tile, tile (i, j) at x[2i*ld + 2j], 3 more rows and
       columns, none beyond. */
    void (*winograd2_in)(int64_t rows, int64_t across, const float *x, int64_t ld, float *work,
                         float *out, int64_t step);
    void (*winograd2_out)(int64_t rows, int64_t across, const float *in, int64_t step, float *work,
                          float bias, const fv_gemm_after *after, float *y, int64_t high,
                          int64_t wide);
    /* The same of F(2x2, 3x3) with stride 2: tile (i, j) at x[4i*ld + 4j], 4 more rows and columns,
       and 3 columns beyond are read; 25 numbers a tile in, 9 out. */
    void (*winograd_step_in)(int64_t rows, int64_t across, const float *x, int64_t ld, float *work,
                             float *out, int64_t step);
    void (*winograd_step_out)(int64_t rows, int64_t across, const float *in, int64_t step,
                              float *work, float bias, const fv_gemm_after *after, float *y,
                              int64_t high, int64_t wide);

    /* A side of n filters: with x, y and z what x has at i, step + i and 2*step + i, i < n,
           out[2q*apart + i] = g[q][0] x + g[q][1] y + g[q][2] z
       and out[(2q + 1)*apart + i] the same with -g[q][1], q < pairs, one or two. */
    void (*winograd_filter)(int64_t n, const float *x, int64_t step, int pairs, const float (*g)[3],
                            float *out, int64_t apart);
    /* F(4, 5) down the columns of one plane of frames: `groups` groups of rows from x on, 4 more
       rows, wide + 4 columns and those of a vector that is begun. out: the channel's place in
       g->x. And the sums of blocks first ... end-1 of the filters, transformed back, with bias and
       `after`. Numbers are summed `winograd5_part` of eight at a time. */
    void (*winograd5_in)(const fv_winograd5 *g, int64_t groups, const float *x, int64_t ld,
                         float *out);
    void (*winograd5)(const fv_winograd5 *g, int64_t first, int64_t end);
    int winograd5_part;

    /* Rows row ... row+rows-1 of the results of so many planes: y = bias + sum over the taps of w *
       x, and `after`, whose `added` lies as y does (its ld does not count). x is where row `base`
       of the first plane lies; planes of y are oh*ow apart, a filter's weights kh*kw; bias NULL:
       none. work: `together` frames and FV_LANES_MAX floats; a frame has room for the rows that are
       read, and a phase for FV_LANES_MAX columns more than are written or read. The second one's
       vectors are half as long where the processor has such: for rows that fill no more, unless
       the convolution is a usual one, which needs no frames where parts of vectors are loaded. */
    void (*depthwise)(const fv_depthwise *g, int64_t planes, int64_t row, int64_t rows,
                      const float *x, const float *w, const float *bias, const fv_gemm_after *after,
                      float *y, float *work);
    void (*depthwise_narrow)(const fv_depthwise *g, int64_t planes, int64_t row, int64_t rows,
                             const float *x, const float *w, const float *bias,
                             const fv_gemm_after *after, float *y, float *work);
    /* A frame of `depth` pairs, of planes of h x w: word (i*pitch + j)*depth + q, i < rows, j <
       pitch, has what half[2*q] and half[2*q + 1] have at [row + i*sh][col + j*sw], 0 where that
       lies outside, rounded to bfloat16 (kern/bf16.h), the first in the low 16 bits. With `lo`,
       what rounding left goes there, and what is not finite, in place of `hi`. */
    void (*pairs_pack)(int depth, const fv_pair_half *half, int64_t h, int64_t w, int64_t sh,
                       int64_t sw, int64_t rows, int64_t pitch, uint32_t *hi, uint32_t *lo);
    /* Sum (r, j) over steps s, pairs q < depth and both halves of a pair of a * b, in float32: b is
       word off[s] + j*depth + q of b_hi, a is the weight of filter r, laid out as the form says, of
       one block. r < rows, which is at most form.rows, and j < cols; behind the last word of b
       there are 16*depth more. With a_lo and b_lo a is the sum of a_hi and a_lo and b likewise,
       without the product of both lo. Sums go to out->done, whole vectors of 16 columns at a time.
       NULL: these instructions have no such products. */
    void (*pairs)(const fv_pairs_product *p, const fv_pairs_out *out);
    fv_pairs_form form;
    /* Sums of `cols` columns from `first` on, which is a multiple of 16, to their places, with bias
       and `after`; runs may go on behind them. Sum (r, first + j) is c[r*ldc + j], or with `across`
       c[j*ldc + r]; c has whole 16 columns, and across whole 16 filters. */
    void (*pairs_out)(const fv_pairs_out *o, int64_t rows, int64_t first, int64_t cols,
                      const float *c, int64_t ldc);

    /* Multiply-adds on registers alone, to time; gives the number of floating-point operations. */
    double (*peak)(int64_t rounds);

    /* y = f(x) on `rows` rows of n, ldx and ldy apart; x and y may be the same. p and q as the
       kinds say. */
    void (*act)(fv_act kind, int64_t rows, int64_t n, const float *x, int64_t ldx, float *y,
                int64_t ldy, float p, float q);
    /* dx = dy * f'(x), or += it (add), from y = f(x) alone, of kinds that have such a gradient. */
    void (*act_grad)(fv_act kind, int64_t n, const float *y, const float *dy, float *dx, float p,
                     float q, bool add);

    /* y += x;  y = x1 + x2;  y *= s;  the sum of x, exact to 1e-6 of the sum of |x| however long.
     */
    void (*add)(int64_t n, const float *x, float *y);
    void (*add2)(int64_t n, const float *x1, const float *x2, float *y);
    void (*mul)(int64_t n, const float *x, float s, float *y); /* y = x * s */
    /* y[2i] = x[i], or += (add); what lies between keeps its value. */
    void (*to_seconds)(int64_t n, const float *x, float *y, bool add);
    void (*axpy)(int64_t n, float s, const float *x, float *y); /* y += s * x */
    float (*sum)(int64_t n, const float *x);
    float (*largest)(int64_t n, const float *x); /* n >= 1 */
    /* y = exp(x - shift); gives the sum of y. */
    float (*exp_shift)(int64_t n, const float *x, float shift, float *y);

    /* y = f(x, p);  y = f(a, b), where one that stands still (by false) is one number for all. MAX
       and MIN: a NaN wins, a among equals. y may be one of the others. */
    void (*unary)(fv_unary kind, int64_t n, const float *x, float *y, float p);
    void (*binary)(fv_binary kind, int64_t n, const float *a, bool a_by, const float *b, bool b_by,
                   float *y);

    /* Transposes: y[j*ldy + i] = x[i*ldx + j], i < rows, j < cols. */
    void (*transpose)(int64_t rows, int64_t cols, const float *x, int64_t ldx, float *y,
                      int64_t ldy);

    /* y = (x - mean) * scale + shift (a channel of batch normalisation). */
    void (*affine)(int64_t n, const float *x, float mean, float scale, float shift, float *y);
    /* The same on `rows` rows of n, ldx and ldy apart, y and x may be the same: mean, scale and
       shift of row r at of[r*each], and `channels` and 2*channels numbers behind; then max(y, 0)
       (relu). */
    void (*affine_rows)(int64_t rows, int64_t n, const float *x, int64_t ldx, const float *of,
                        int64_t channels, int64_t each, bool relu, float *y, int64_t ldy);
    /* Sum of (x - mean)^2, as exact. */
    float (*square_sum)(int64_t n, const float *x, float mean);
    /* Sums of dy and of dy * (x - mean) into out[0], out[1], as exact. */
    void (*bn_sums)(int64_t n, const float *x, const float *dy, float mean, float out[2]);
    /* dx (+)= a * dy + b * (x - mean) + c */
    void (*bn_grad)(int64_t n, const float *x, const float *dy, float mean, float a, float b,
                    float c, float *dx, bool add);

    /* Response normalisation with the power -3/4, over n pixels of `rows` channels, ld apart:
       s = k + factor * sum over the rows of x^2;  y = x * s^(-3/4);  t = dy * x * s^(-7/4);
       dx (+)= dy * s^(-3/4) - factor * x * sum over the rows of t. */
    void (*lrn_sums)(int64_t n, int64_t rows, const float *x, int64_t ld, float factor, float k,
                     float *s);
    void (*lrn_scale)(int64_t n, const float *x, const float *s, float *y);
    void (*lrn_terms)(int64_t n, const float *x, const float *s, const float *dy, float *t);
    void (*lrn_grad)(int64_t n, int64_t rows, const float *t, int64_t ld, float factor,
                     const float *x, const float *s, const float *dy, float *dx, bool add);

    /* y = kept ? x * factor : 0, or y += it (add). */
    void (*mask)(int64_t n, const float *x, const uint8_t *kept, float factor, float *y, bool add);

    /* `rows` x out outputs of a pool whose windows lie inside: the window of (i, j) starts at
       x[i*x_step + j*stride], has kh rows ld apart and kw columns `spread` apart; the result goes
       to y[i*y_step + j]. Max: `at` (NULL: not wanted) receives the winner's place, first (of x) +
       what it is from x, the first in reading order among equals. */
    void (*maxpool)(int64_t rows, int64_t out, int64_t kh, int64_t kw, int64_t stride,
                    int64_t spread, const float *x, int64_t x_step, int64_t ld, float *y,
                    int64_t y_step, int32_t *at, int32_t first);
    void (*avgpool)(int64_t rows, int64_t out, int64_t kh, int64_t kw, int64_t stride,
                    const float *x, int64_t x_step, int64_t ld, float scale, float *y,
                    int64_t y_step);
    /* The gradient of an average pool whose windows cover the plane side by side: dx (+)= dy *
       scale for each of the kh x kw pixels of a window; rows x out windows, dx is dense. */
    void (*avgpool_back)(int64_t rows, int64_t out, int64_t kh, int64_t kw, const float *dy,
                         float scale, float *dx, bool add);

    /* The optimisers' update rules over n values, with decay folded in (decay 0: none).
       adam: a weight is multiplied by `keep` before, for adamw; 1: it is not. */
    void (*sgd)(int64_t n, float *w, float *velocity, const float *g, float lr, float momentum,
                float decay, int nesterov);
    void (*adam)(int64_t n, float *w, float *m, float *v, const float *g, float lr, float beta1,
                 float beta2, float epsilon, float decay, float keep, float correction1,
                 float correction2);
    void (*adadelta)(int64_t n, float *w, float *square, float *delta, const float *g, float lr,
                     float rho, float epsilon, float decay);
    /* square = rho square + take g^2; velocity and mean may be NULL: no momentum, not centered. */
    void (*rmsprop)(int64_t n, float *w, float *square, float *velocity, float *mean,
                    const float *g, float lr, float rho, float take, float momentum, float epsilon,
                    float decay);
    /* velocity = momentum velocity + rate g; w -= velocity */
    void (*lars)(int64_t n, float *w, float *velocity, const float *g, float rate, float momentum,
                 float decay);
};

#endif
