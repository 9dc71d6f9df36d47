/* SPDX-License-Identifier: MIT */
/*
 * windows.h - where the windows of one operator stand, and what lies under them.
 */
#ifndef FV_LOOK_WINDOWS_H
#define FV_LOOK_WINDOWS_H

#include "look/one_op.h"

/* The windows of an operator whose shape rule has accepted its input. Places are where a window
   stands, the map is what it lies on. */
typedef struct fv_windows {
    fv_window win[2];                 /* height, width */
    int64_t places[3], map[3];        /* channels, height, width */
    int64_t groups, place_in, map_in; /* groups, and the channels of each in one of them */
    bool pool;       /* a channel is looked at on its own, and nothing is weighed */
    bool transposed; /* the places are x and the map is y */
    bool flip, average, count_pad;
} fv_windows;

/* False: not an operator of this kind. */
bool fv__windows_of(const fv_one_op *one, fv_windows *out);

static inline int64_t fv__windows_count(const fv_windows *w) {
    return w->places[0] * w->places[1] * w->places[2];
}
/* Numbers under one window, padding included. */
static inline int64_t fv__windows_terms(const fv_windows *w) {
    return (w->pool ? 1 : w->map_in) * w->win[0].kernel * w->win[1].kernel;
}
/* Window number i and its terms, into room for as many. */
void fv__windows_at(const fv_windows *w, int64_t i, fv_step_window *out, fv_step_term *terms);

/* Where a term, or a place, is among the numbers of its map. */
static inline int64_t fv__windows_index(const fv_windows *w, const fv_step_term *t) {
    return (t->channel * w->map[1] + t->row) * w->map[2] + t->column;
}

#endif
