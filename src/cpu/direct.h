/* SPDX-License-Identifier: MIT */
/*
 * direct.h - convolution without a matrix of patches: every tap is an offset into frames.
 *
 * A frame is a plane of the source with its padding as zeros (for a stride: one frame per phase,
 * every sh-th row and sw-th column), rows `pitch` apart. Over a frame, output pixel (i, j) and tap
 * (dr, dc) meet at (i + dr) * pitch + j + dc. So with outputs numbered i * pitch + j, a tap's row
 * of the matrix of patches is the frame itself, moved on by dr * pitch + dc: gemm reads it where it
 * lies. The price is pitch - ow columns of every row computed for nothing. Where maps are narrow
 * every column of taps has frames of its own, which begin at its dc: then pitch is ow, nothing is
 * computed for nothing, and the result's rows lie in one piece.
 *
 * Forward, the gradient of the input (one problem per phase of the stride, the kernel turned
 * round) and the gradient of the weights all run on this.
 */
#ifndef FV_CPU_DIRECT_H
#define FV_CPU_DIRECT_H

#include "cpu/conv_sizes.h"

#define FV_TAPS_MOST   169 /* 13x13 */
#define FV_FRAMES_MOST 32

typedef struct fv_tap {
    int32_t frame, dr, dc; /* which frame, rows and columns to move on */
    int32_t weight;        /* place in the kernel */
} fv_tap;

typedef struct fv_direct {
    /* the problem, of one group */
    int64_t n, groups, rows, channels; /* samples; planes of the result and of the source */
    int64_t h, w, sh, sw;              /* source plane; stride of the frames through it */
    int64_t oh, ow;                    /* the result's grid */
    int64_t area;                      /* weights in the kernel */
    int64_t w_row, w_channel;          /* floats from weight to weight */
    int taps, frames;
    fv_tap tap[FV_TAPS_MOST];
    int64_t frame_row[FV_FRAMES_MOST], frame_col[FV_FRAMES_MOST]; /* where a frame starts */
    /* where the result goes: plane, row length, strides, start */
    int64_t to_plane, to_w, to_sh, to_sw, to_row, to_col;
    /* found */
    int64_t more_rows, pitch; /* frame rows beyond the outputs'; floats from row to row */
    bool bare;                /* the source's planes are frames already */
    bool straight;            /* no column for nothing, and the result's rows lie in one piece */
    int64_t band, bands;      /* rows of the result at a time */
    int64_t depth, depths;    /* channels of the source at a time */
    int64_t parts;            /* of the result's planes */
    int64_t units;            /* (sample, group, band, part), which are shared out */
    double macs;
    int64_t frame_floats, block_floats, group_floats; /* a worker's; packed weights of one group */
    /* Frames of all units that are made beforehand, once for all parts of the planes; 0: each makes
       its own. */
    int64_t shared_floats;
    const int32_t *off; /* of the taps of `depth` channels */
} fv_direct;

/* The problem of a forward convolution; false: not for this way. */
bool fv__direct_forward(fv_direct *d, const fv_conv_options *o, const fv_shape *in);
/* The same; with a frame for each column of taps where that is the faster, which depends on the
   shape and k alone. */
bool fv__direct_nearer(fv_direct *d, const fv_conv_options *o, const fv_shape *in,
                       const struct fv_kernels *k);
/* The gradient of the input, phase (a, b) of the stride. */
bool fv__direct_backward(fv_direct *d, const fv_conv_options *o, const fv_shape *in, int64_t a,
                         int64_t b);
/* Whole vectors of so many columns; a few beyond them take little (FV_COLUMNS_ALONE). */
int64_t fv__direct_vectors(int64_t columns, const struct fv_kernels *k);
/* Works out what is `found` from taps and frames. */
void fv__direct_found(fv_direct *d);
/* Cuts the work: band in rows of the result, depth in channels, parts of the result's planes.
   fv__direct_settle_offsets then works out the offsets, NULL when memory was refused. */
void fv__direct_cut(fv_direct *d, const struct fv_kernels *k, const fv_cut *cut);
const int32_t *fv__direct_settle_offsets(fv_direct *d, fv_arena *arena);

/* Floats from a frame of channel c to one of channel c + 1, and of each tap of `channels` channels
   from the first frame on; `rows` outputs high. */
int64_t fv__direct_channel(const fv_direct *d, int64_t rows);
void fv__direct_offsets(const fv_direct *d, int64_t channels, int64_t rows, int32_t *off);
/* Fills frames for output rows from `row` on. */
void fv__direct_frames(const fv_direct *d, const struct fv_kernels *k, const float *source,
                       int64_t channels, int64_t row, int64_t rows, float *out);

typedef struct fv_direct_call {
    const fv_pass *p;
    const fv_tensor *source, *result;
    const float *packed, *bias;
    float *shared; /* shared_floats */
    fv_activation act;
    bool add; /* to the result */
} fv_direct_call;

int64_t fv__direct_worker(const fv_direct *d); /* floats of a worker */
int64_t fv__direct_packed(const fv_direct *d); /* floats */
/* Packs the weights w of the pass. */
void fv__direct_pack(const fv_direct *d, const fv_pass *p, const float *w, float *packed);
void fv__direct_run(const fv_direct *d, const fv_direct_call *call);

#endif
