/* SPDX-License-Identifier: MIT */
/*
 * pairs.h - a direct convolution (direct.h) whose frames hold pairs of channels as bfloat16, which
 * instructions multiply at once: the cell `pairs` of kern/table.h.
 *
 * A frame has a word for every pixel of a pair; the pairs of a step lie together, pixel by pixel
 * (kern/table.h: fv_pairs_form). A tap is an offset into it, as for floats. Where a kernel has few
 * channels, its taps stand in for them: with a row of taps folded, channel c under tap s of the row
 * is a channel of its own, whose frame is that of c moved on by s columns, and the kernel that is
 * left is one column wide. 3 channels under 7x7 are then 21 under 7x1, or 147 under 1x1.
 */
#ifndef FV_CPU_PAIRS_H
#define FV_CPU_PAIRS_H

#include "cpu/direct.h"

/* Taps that stand in for channels. */
typedef enum fv_folding { FV_FOLD_NONE, FV_FOLD_ROW, FV_FOLD_ALL, FV_FOLDINGS } fv_folding;

typedef struct fv_folded_tap {
    int64_t row, col, weight; /* how far it lies from the first one, in the source and the kernel */
} fv_folded_tap;

typedef struct fv_pairs {
    fv_direct d; /* the problem, its taps and frames; not its cut */
    fv_pairs_form form;
    bool split; /* a number is the sum of two bfloat16 */
    int folded;
    fv_folded_tap fold[FV_TAPS_MOST];
    int64_t pairs; /* of the channels of a group with their folded taps, in whole steps */
    int64_t steps; /* of the sums */
    /* the cut */
    int64_t band, bands;        /* rows of the result */
    int64_t samples, groupings; /* that a unit computes one after the other; how many such */
    int64_t blocks, parts;      /* of filters: blocks of form.rows, parts of blocks */
    int64_t units;              /* (samples, group, band, part), which are shared out */
    int64_t groups;             /* of pairs: as many as a step has lie together */
    int64_t frame, plane;       /* words of one frame, and from group to group */
    bool joined;                /* the samples of a unit lie side by side, as one map */
    int64_t step;               /* words from the frames of a sample to those of the next */
    int64_t words; /* of all frames of a unit's samples; as many again for the lower parts */
    bool shared;   /* frames are made beforehand, once for all parts */
    double macs;
    int64_t weights;   /* words of a block of filters */
    const int32_t *at; /* of each channel with its folded tap: its weight; -1: none */
    const int32_t *off;
    const int32_t *begin; /* of the runs of each vector of a unit's columns (fv_pairs_out) */
    const fv_pairs_run *run;
} fv_pairs;

/* The problem with the cheapest folding; why it is not for this way, or NULL. */
const char *fv__pairs_problem(fv_pairs *p, const fv_site *site, const fv_request *request);
/* Cuts the work and works out the offsets; false: memory was refused. */
bool fv__pairs_cut(fv_pairs *p, fv_arena *arena);

#endif
