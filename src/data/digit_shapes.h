/* SPDX-License-Identifier: MIT */
/*
 * digit_shapes.h - how people write the ten digits, as strokes of a pen.
 */
#ifndef FV_DATA_DIGIT_SHAPES_H
#define FV_DATA_DIGIT_SHAPES_H

#include <stdint.h>

/* What happens at a point of a stroke. */
enum {
    FV_PEN_SMOOTH, /* the line bends through it */
    FV_PEN_CORNER, /* the line turns sharply */
    FV_PEN_UP      /* last point of a stroke */
};

/* A point in two extremes of the same way of writing; a drawing lies somewhere between (and a
   little beyond). y grows downwards; digits are about 100 high. */
typedef struct fv_pen_point {
    int8_t x0, y0, x1, y1;
    int8_t what;
} fv_pen_point;

#define FV_PEN_POINTS 24 /* most points of a shape */

/* One way of writing a digit. */
typedef struct fv_digit_shape {
    int8_t digit;
    uint8_t weight; /* how common, among the ways of writing this digit */
    uint8_t points;
    fv_pen_point point[FV_PEN_POINTS];
} fv_digit_shape;

/* Sorted by digit. */
extern const fv_digit_shape fv__digit_shapes[];
extern const int fv__digit_shape_count;

#endif
