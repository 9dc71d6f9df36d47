/* SPDX-License-Identifier: MIT */
/*
 * rows_boxes.c - RoiAlign, MaxRoiPool and NonMaxSuppression.
 */
#include "onnx/steps.h"

#ifdef FV_HAVE_ONNX
#include <string.h>

#define PAIRS_MOST 1e9 /* of boxes */

/* Regions, and the number of each one's map. */
fv_status fv__onnx_take_roialign(fv_onnx_node *n) {
    const int in[] = {0, 1, 2};
    fv_ints size = {2, {1, 1}};
    fv_onnx_made o;
    FV_TRY(fv__onnx_make(n, "roialign", &o));
    FV_TRY(fv__onnx_int(n, "output_height", 1, &size.v[0]));
    FV_TRY(fv__onnx_int(n, "output_width", 1, &size.v[1]));
    FV_TRY(fv__onnx_set_ints(n, &o, "size", &size, true));
    if (n->im->opset < 16) FV_TRY(fv__onnx_set_word(n, &o, "coordinates", "output_half_pixel"));
    return fv__onnx_add(n, &o, in, 3, NULL, 0);
}

/* Numbers [first, end) of every region of five. */
static fv_entry *columns(fv_onnx_steps *s, int64_t first, int64_t end, fv_entry *regions) {
    const fv_ints from = {1, {first}}, to = {1, {end}}, axis = {1, {1}};
    fv_onnx_made o;
    if (s->status == FV_OK) s->status = fv__onnx_plain(s->n, "slice", &o);
    if (s->status == FV_OK) s->status = fv__onnx_set_ints(s->n, &o, "starts", &from, false);
    if (s->status == FV_OK) s->status = fv__onnx_set_ints(s->n, &o, "ends", &to, false);
    if (s->status == FV_OK) s->status = fv__onnx_set_ints(s->n, &o, "axes", &axis, false);
    return s->status == FV_OK ? fv__step_made(s, &o, &regions, 1) : NULL;
}

/* The number of a region's map is the first of five there. */
fv_status fv__onnx_take_roipool(fv_onnx_node *n) {
    const fv_ints second = {1, {1}};
    fv_onnx_steps s = {.n = n};
    fv_ints size;
    fv_onnx_made o;
    FV_TRY(fv__onnx_own(n, &o));
    FV_TRY(fv__onnx_ints(n, "pooled_shape", &size));
    FV_TRY(fv__onnx_set_ints(n, &o, "size", &size, true));
    FV_TRY(fv__onnx_all_read(n));
    if (!fv__onnx_has(n, 0) || !fv__onnx_has(n, 1))
        return fv__onnx_refuse(n, "its maps or its regions are missing");
    fv_entry *image = fv__step_ints(&s, "squeeze", "axes", &second, columns(&s, 0, 1, n->in[1]));
    fv_entry *const in[] = {n->in[0], columns(&s, 1, 5, n->in[1]),
                            fv__step_word(&s, "cast", "to", "int32", image)};
    return fv__steps_give(&s, 0, fv__step_made(&s, &o, in, 3));
}

/* A number that may be left out; the inputs 2, 3 and 4. */
static fv_status number(const fv_onnx_node *n, int i, const char *what, double otherwise,
                        double *out) {
    const fv_constant *c;
    *out = otherwise;
    if (!fv__onnx_has(n, i)) return FV_OK;
    FV_TRY(fv__onnx_known(n, i, what, &c));
    if (fv__shape_count(&c->shape) != 1) return fv__onnx_refuse(n, "%s has to be one number", what);
    *out = fv__constant_get(c, 0);
    return FV_OK;
}

static fv_status set_limits(fv_onnx_node *n, fv_onnx_made *o, int64_t *limit) {
    double most, overlap, score;
    int64_t centre;
    FV_TRY(fv__onnx_int(n, "center_point_box", 0, &centre));
    FV_TRY(number(n, 2, "max_output_boxes_per_class", 0, &most));
    FV_TRY(number(n, 3, "iou_threshold", 0, &overlap));
    FV_TRY(number(n, 4, "score_threshold", -1e30, &score));
    const fv_shape *scores = &n->in[1]->constant.shape;
    if (scores->rank != 3) return fv__onnx_refuse(n, "its scores must have three dimensions");
    if (most > (double)scores->dim[2]) most = (double)scores->dim[2];
    *limit = scores->dim[0] * scores->dim[1] * (most > 0 ? (int64_t)most : 0);
    if (*limit == 0) return FV_OK;
    /* every box is held against those that are left */
    if ((double)*limit * (double)scores->dim[2] > PAIRS_MOST)
        return fv__onnx_refuse(n, "its boxes are too many to choose among while the file is read");
    FV_TRY(fv__onnx_set_word(n, o, "format", centre ? "centre" : "corners"));
    FV_TRY(fv__onnx_set(n, o, "limit", (double)*limit));
    FV_TRY(fv__onnx_set(n, o, "each", (double)(int64_t)most));
    FV_TRY(fv__onnx_set(n, o, "overlap", overlap));
    return fv__onnx_set(n, o, "score", score > -1e30 ? score : -1e30);
}

/* How many boxes come out depends on the numbers: so they must be known while the file is read. */
fv_status fv__onnx_take_nms(fv_onnx_node *n) {
    fv_entry *out, *rows, *filled;
    int64_t limit = 0;
    fv_onnx_made o;
    for (int i = 0; i < 2; i++)
        if (!fv__onnx_has(n, i) || !n->in[i]->known)
            return fv__onnx_refuse(
                n,
                "how many boxes it gives depends on what the network computes, and sizes do not "
                "here; end the network at its boxes and scores, and choose among them afterwards");
    FV_TRY(fv__onnx_plain(n, "nonmaxsuppression", &o));
    FV_TRY(set_limits(n, &o, &limit));
    FV_TRY(fv__onnx_all_read(n));
    FV_TRY(fv__onnx_output(n, 0, &out));
    if (!out) return FV_OK;
    out->known = true;
    if (limit == 0) {
        const fv_shape none = fv__shape2(0, 3);
        return fv__onnx_new(n, FV_I32, &none, &out->constant);
    }
    FV_TRY(fv__onnx_between(n, &rows));
    FV_TRY(fv__onnx_between(n, &filled));
    fv_entry *const to[] = {rows, filled};
    FV_TRY(fv__onnx_compute(n, &o, n->in, 2, to, 2));
    out->constant = rows->constant;
    out->constant.shape.dim[0] = fv__constant_int(&filled->constant, 0);
    return FV_OK;
}

#endif
