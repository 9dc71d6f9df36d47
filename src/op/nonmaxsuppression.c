/* SPDX-License-Identifier: MIT */
/*
 * nonmaxsuppression: of boxes that overlap, the one with the best score. Class by class, boxes are
 * taken in the order of their scores, the first among equals first; one whose overlap (intersection
 * over union) with a box already taken is more than `overlap` is left out, as is one whose score is
 * not above `score`. Girshick, Donahue, Darrell & Malik 2014, "Rich feature hierarchies", section
 * 2.2; as ONNX's NonMaxSuppression.
 *
 * How many boxes are left depends on the numbers, and a plan's shapes cannot: `limit` rows come
 * out, of which a second output says how many are filled; the rest are -1. No gradient.
 */
#ifndef FV_LOOPS
#include "op/shapes.h"

#include <inttypes.h>
#include <math.h>

enum { CORNERS, CENTRE };

typedef struct nms_options {
    int64_t limit, each;
    double overlap, score;
    int format;
} nms_options;

static const char *const formats[] = {"corners", "centre", NULL};

static const fv_field fields[] = {
    {"limit", "rows of the output", FV_INT, offsetof(nms_options, limit), NULL, 1, 1e9,
     FV_POSITIONAL | FV_REQUIRED, NULL, NULL},
    {"each", "most boxes of a class in a sample; 0: as many as there are", FV_INT,
     offsetof(nms_options, each), "0", 0, 1e9, 0, NULL, NULL},
    {"overlap", "intersection over union above which the lesser box is left out", FV_REAL,
     offsetof(nms_options, overlap), "0.5", 0, 1, 0, NULL, NULL},
    {"score", "boxes of this score or less are left out", FV_REAL, offsetof(nms_options, score),
     "-1e30", -1e30, 1e30, 0, NULL, NULL},
    {"format", "boxes are two opposite corners y1 x1 y2 x2, or x y of the centre, width, height",
     FV_CHOICE, offsetof(nms_options, format), "corners", 0, 0, 0, formats, "center_point_box"},
    {0}};

static fv_status shape(fv_context *ctx, fv_site *site) {
    const nms_options *o = site->options;
    const fv_shape *boxes = &site->in[0], *scores = &site->in[1];
    char mine[FV_SHAPE_TEXT], theirs[FV_SHAPE_TEXT];
    FV_TRY(fv__shape_inputs(ctx, site));
    if (o->limit < 1 || o->each < 0)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "limit must be at least 1 and each at least 0, not %" PRId64
                        " and %" PRId64,
                        o->limit, o->each);
    if (boxes->rank != 3 || scores->rank != 3 || boxes->dim[2] != 4 ||
        boxes->dim[0] != scores->dim[0] || boxes->dim[1] != scores->dim[2])
        return fv__fail(ctx, FV_BAD_INPUT,
                        "nonmaxsuppression reads boxes [N,B,4] and their scores [N,C,B], not %s "
                        "and %s",
                        fv__dims_text(mine, boxes), fv__dims_text(theirs, scores));
    for (int d = 0; d < 3; d++)
        if (boxes->dim[d] > INT32_MAX || scores->dim[d] > INT32_MAX)
            return fv__fail(ctx, FV_BAD_INPUT,
                            "nonmaxsuppression counts at most 2,147,483,647 boxes");
    const bool batched = site->in_type[0].batched;
    site->outputs = 2;
    site->out[0] = batched ? (fv_shape){3, {boxes->dim[0], o->limit, 3}} : fv__shape2(o->limit, 3);
    site->out[1] = fv__shape1(batched ? boxes->dim[0] : 1);
    site->out_type[0].dtype = site->out_type[1].dtype = FV_I32;
    return fv__shape_fits(ctx, site);
}

/* Two corners of a box, the lower ones first, whatever its format. */
static void corners_of(const nms_options *o, const double box[4], double low[2], double high[2]) {
    for (int a = 0; a < 2; a++) {
        const double half = box[2 + a] / 2;
        const double one = o->format == CENTRE ? box[a] - half : box[a];
        const double other = o->format == CENTRE ? box[a] + half : box[2 + a];
        low[a] = fmin(one, other);
        high[a] = fmax(one, other);
    }
}

/* Intersection over union; 0 where both have no area. */
static double overlap(const nms_options *o, const double a[4], const double b[4]) {
    double low[2][2], high[2][2], common = 1, first = 1, second = 1;
    corners_of(o, a, low[0], high[0]);
    corners_of(o, b, low[1], high[1]);
    for (int k = 0; k < 2; k++) {
        common *= fmax(0, fmin(high[0][k], high[1][k]) - fmax(low[0][k], low[1][k]));
        first *= high[0][k] - low[0][k];
        second *= high[1][k] - low[1][k];
    }
    return common > 0 ? common / (first + second - common) : 0;
}

/* The rows of one list of boxes. */
typedef struct rows {
    int32_t *row, count;
} rows;

#define FV_LOOPS "op/nonmaxsuppression.c"
#include "op/loops.h"

static const char *const samples[] = {
    "6 ; 2x5x4, 2x2x5",
    "3 each 1 overlap 0.3 score 0.1 ; 1x6x4, 1x3x6",
    "4 overlap 0 ; 1x3x4, 1x1x3",
    "9 format centre score 0 ; 2x2x4, 2x1x2",
    "9 format centre overlap 0.1 ; constant 2x4x4, constant 2x2x4",
    NULL};

const fv_op fv__op_nonmaxsuppression = {
    .name = "nonmaxsuppression",
    .help = "of boxes that overlap, the one with the best score",
    .about =
        "Reads boxes [N,B,4] and their scores for each class [N,C,B]: nonmaxsuppression 100\n"
        "{ from boxes | from scores }. Class by class, boxes are taken in the order of their\n"
        "scores; one that overlaps a box already taken by more than `overlap` (intersection over\n"
        "union) is left out. Gives rows of sample, class, box, [N,limit,3] int32, filled up with\n"
        "-1, as a plan's shapes cannot depend on the numbers; its second output [N] says how many\n"
        "rows there are. Values without a batch give one list for all samples, [limit,3] and [1],\n"
        "which begins with what ONNX's NonMaxSuppression gives. What is beyond `limit` is left\n"
        "out. No gradient. Girshick, Donahue, Darrell & Malik 2014, \"Rich feature hierarchies\",\n"
        "section 2.2.",
    .onnx = "NonMaxSuppression",
    .inputs_min = 2,
    .inputs_max = 2,
    .outputs_max = 2,
    .options_size = sizeof(nms_options),
    .fields = fields,
    .shape = shape,
    .forward = {forward_f32, forward_f64},
    .samples = samples,
};

#else

static void LOOP(box)(const real *boxes, int64_t i, double box[4]) {
    for (int k = 0; k < 4; k++) box[k] = boxes[4 * i + k];
}

/* The box after `last` in the order of scores: the best below it, the first among equals; -1: there
   is none above the least score. */
static int64_t LOOP(next)(const nms_options *o, const real *scores, int64_t count, int64_t last) {
    int64_t best = -1;
    for (int64_t i = 0; i < count; i++) {
        const bool after =
            last < 0 || scores[i] < scores[last] || (scores[i] <= scores[last] && i > last);
        if (after && scores[i] > o->score && (best < 0 || scores[i] > scores[best])) best = i;
    }
    return best;
}

/* Whether a box overlaps none of those taken since row `first`. */
static bool LOOP(apart)(const nms_options *o, const real *boxes, int64_t i, const rows *to,
                        int32_t first) {
    double mine[4], taken[4];
    LOOP(box)(boxes, i, mine);
    for (int32_t r = first; r < to->count; r++) {
        LOOP(box)(boxes, to->row[3 * r + 2], taken);
        if (overlap(o, mine, taken) > o->overlap) return false;
    }
    return true;
}

/* The boxes of one class of a sample. */
static void LOOP(take)(const nms_options *o, const real *boxes, const real *scores, int64_t count,
                       const int32_t sample_and_class[2], rows *to) {
    const int32_t first = to->count;
    int64_t i = LOOP(next)(o, scores, count, -1);
    for (; i >= 0 && to->count < o->limit; i = LOOP(next)(o, scores, count, i)) {
        if (o->each > 0 && to->count - first >= o->each) return;
        if (!LOOP(apart)(o, boxes, i, to, first)) continue;
        int32_t *row = &to->row[3 * to->count++];
        row[0] = sample_and_class[0];
        row[1] = sample_and_class[1];
        row[2] = (int32_t)i;
    }
}

static void LOOP(forward)(const fv_pass *p) {
    const nms_options *o = p->options;
    const int64_t classes = p->x[1].shape.dim[1], count = p->x[1].shape.dim[2];
    const bool lists = p->y[0].shape.rank == 3; /* one for each sample */
    rows to = {0};
    for (int64_t n = 0; n < p->x[0].shape.dim[0]; n++) {
        const real *scores = fv__sample(&p->x[1], n);
        const int32_t sample = (int32_t)(lists ? p->first + n : n);
        if (lists || n == 0) {
            to = (rows){.row = fv__sample(&p->y[0], lists ? n : 0)};
            for (int64_t i = 0; i < 3 * o->limit; i++) to.row[i] = -1;
        }
        for (int64_t c = 0; c < classes; c++) LOOP(take)
        (o, fv__sample(&p->x[0], n), scores + c * count, count,
         (const int32_t[2]){sample, (int32_t)c}, &to);
        *(int32_t *)fv__sample(&p->y[1], lists ? n : 0) = to.count;
    }
}

#endif
