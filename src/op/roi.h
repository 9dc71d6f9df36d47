/* SPDX-License-Identifier: MIT */
/*
 * roi.h - what operators share that read regions of maps: roipool, roialign.
 *
 * Their options begin with fv_roi_options. Inputs are maps [N,C,H,W] and regions [N,R,4], so many
 * for every sample, which gives [N,R,C,h,w]; or, of values without a batch, maps, regions [R,4] and
 * the number of each region's map [R], which gives [R,C,h,w], as ONNX has it. A region is x1, y1,
 * x2, y2 in the pixels of the image; times `scale` it lies in the map.
 */
#ifndef FV_OP_ROI_H
#define FV_OP_ROI_H

#include "op/op.h"

typedef struct fv_roi_options {
    fv_size size;
    double scale;
} fv_roi_options;

#define FV_ROI_FIELDS                                                                              \
    {"size",  "height x width of what each region becomes",                                        \
     FV_SIZE, offsetof(fv_roi_options, size),                                                      \
     NULL,    1,                                                                                   \
     1e6,     FV_POSITIONAL | FV_REQUIRED,                                                         \
     NULL,    NULL},                                                                               \
    {                                                                                              \
        "scale", "map pixels per image pixel: 1/16", FV_REAL, offsetof(fv_roi_options, scale),     \
            "1", 0, 1e6, 0, NULL, "spatial_scale"                                                  \
    }

#define FV_ROI_TAKES (FV_TAKES(FV_F32) | FV_TAKES(FV_F64) | FV_TAKES(FV_I32) | FV_TAKES(FV_I64))

/* `whole`: regions may be whole numbers too. */
FV_MUST_USE fv_status fv__roi_shape(fv_context *ctx, fv_site *site, bool whole);

/* One region. */
typedef struct fv_roi {
    int64_t image; /* the sample of the maps it lies in; -1: there is none of that number */
    double box[4]; /* x1, y1, x2, y2, as given */
} fv_roi;

/* The regions of a sample of y, and one of them. */
int64_t fv__roi_each(const fv_pass *p);
fv_roi fv__roi_at(const fv_pass *p, int64_t n, int64_t k);

#endif
