/* SPDX-License-Identifier: MIT */
/*
 * recurrent.inc.h - the loops of rnn, lstm and gru, for one `real`: through time forward, through
 * time backward, and what the weights get. The operator's file has a fv_recurrent_kind called
 * `kind` and says, behind this header, what happens in one step:
 *
 *     step   h, the cell and what is kept of step s, from what was before it
 *     back   the deltas, which are the gradients of the gates' sums; dh and dc hold the gradients
 * of h and the cell behind the step and receive those before it fed    the numbers that a gate's
 * weights of the state multiplied; NULL: zeros
 */

/* One sample read in one direction. Step s is its s-th in that direction. */
typedef struct LOOP(lane) {
    const fv_pass *p;
    const fv_recurrent *r;
    const fv_recurrent_options *o;
    int64_t n, d, hidden, length;
    bool reverse;
    const real *weight, *recurrent, *bias, *peephole; /* of the direction; NULL: none */
} LOOP(lane);

static void LOOP(step)(const LOOP(lane) * l, int64_t s);
static void LOOP(back)(const LOOP(lane) * l, int64_t s, real *dh, real *dc);
static const real *LOOP(fed)(const LOOP(lane) * l, int gate, int64_t s);

static LOOP(lane) LOOP(open)(const fv_pass *p, const fv_recurrent *r, int64_t n, int64_t d) {
    const int64_t rows = r->kind.gates * r->hidden;
    const int peephole = fv__peephole_param(r->options);
    LOOP(lane) l = {.p = p, .r = r, .o = r->options, .n = n, .d = d, .hidden = r->hidden};
    l.length = fv__recurrent_length(p, r, n);
    l.reverse = fv__recurrent_reverse(r, d);
    l.weight = (const real *)p->w[FV_RECURRENT_WEIGHT].data + d * rows * r->inputs;
    l.recurrent = (const real *)p->w[FV_RECURRENT_STATE].data + d * rows * r->hidden;
    if (l.o->bias) l.bias = (const real *)p->w[FV_RECURRENT_BIAS].data + d * 2 * rows;
    if (r->kind.cell && l.o->peepholes)
        l.peephole = (const real *)p->w[peephole].data + d * 3 * r->hidden;
    return l;
}

static fv_recurrent LOOP(sizes)(const fv_pass *p) {
    fv_recurrent r;
    fv__recurrent_of(kind, p->options, p->inputs, &p->x[0].shape,
                     p->inputs > 1 && p->x[1].dtype == FV_I32, &r);
    return r;
}

/* Row `at` of the lane's sample in a value, and of what is kept, where rows are `width` long. */
static real *LOOP(row)(const LOOP(lane) * l, const fv_tensor *t, int64_t at, int64_t width) {
    real *rows = fv__sample(t, l->r->time ? at : l->n);
    return rows == NULL ? NULL : rows + (l->r->time ? l->n : at) * width;
}
static real *LOOP(kept)(const LOOP(lane) * l, int which, int64_t s) {
    real *rows = fv__sample(&l->p->saved[which], l->n);
    const int64_t width = (which == FV_KEPT_CELLS ? 1 : l->r->kind.slots) * l->hidden;
    return rows == NULL ? NULL : rows + (s * l->r->directions + l->d) * width;
}

/* Step s of x, and of y or its gradient; the state of the direction in a value of states. */
static int64_t LOOP(place)(const LOOP(lane) * l, int64_t s) {
    return l->reverse ? l->length - 1 - s : s;
}
static real *LOOP(input)(const LOOP(lane) * l, const fv_tensor *x, int64_t s) {
    return LOOP(row)(l, x, LOOP(place)(l, s), l->r->inputs);
}
static real *LOOP(output)(const LOOP(lane) * l, const fv_tensor *y, int64_t s) {
    real *row = LOOP(row)(l, y, LOOP(place)(l, s), l->r->directions * l->hidden);
    return row == NULL ? NULL : row + l->d * l->hidden;
}
static real *LOOP(state)(const LOOP(lane) * l, const fv_tensor *t) {
    return LOOP(row)(l, t, l->d, l->hidden);
}

/* h before step s; NULL: zeros. */
static const real *LOOP(before)(const LOOP(lane) * l, int64_t s) {
    if (s > 0) return LOOP(output)(l, &l->p->y[0], s - 1);
    return l->r->state >= 0 ? LOOP(state)(l, &l->p->x[l->r->state]) : NULL;
}

/* What x, or the state h, adds to number j of a gate. */
static double LOOP(from_input)(const LOOP(lane) * l, int gate, int64_t j, const real *x) {
    const int64_t row = gate * l->hidden + j, count = l->r->inputs;
    double sum = l->bias != NULL ? l->bias[row] : 0;
    for (int64_t i = 0; i < count; i++) sum += l->weight[row * count + i] * x[i];
    return sum;
}
static double LOOP(from_state)(const LOOP(lane) * l, int gate, int64_t j, const real *h) {
    const int64_t row = gate * l->hidden + j;
    double sum = l->bias != NULL ? l->bias[l->r->kind.gates * l->hidden + row] : 0;
    for (int64_t i = 0; h != NULL && i < l->hidden; i++)
        sum += l->recurrent[row * l->hidden + i] * h[i];
    return sum;
}

/* And what comes back to number k of the state through a gate. */
static double LOOP(to_state)(const LOOP(lane) * l, int gate, int64_t k, const real *delta) {
    double sum = 0;
    for (int64_t j = 0; j < l->hidden; j++)
        sum += delta[j] * l->recurrent[(gate * l->hidden + j) * l->hidden + k];
    return sum;
}

/* The slopes of the activations, by what they gave: 0 where clip cut off. */
static inline real LOOP(gate_slope)(const fv_recurrent_options *o, real v) {
    const real top = (real)fv__gate(o, (double)INFINITY);
    return v >= top || v <= (real)fv__gate(o, -(double)INFINITY) ? 0 : v * (1 - v);
}
static inline real LOOP(candidate_slope)(const fv_recurrent_options *o, real v) {
    const real top = (real)fv__candidate(o, (double)INFINITY);
    return v >= top || v <= -top ? 0 : 1 - v * v;
}

static void LOOP(copy)(real *to, const real *from, int64_t count) {
    for (int64_t i = 0; i < count; i++) to[i] = from != NULL ? from[i] : 0;
}

/* ---- forward ---- */

static void LOOP(read)(const LOOP(lane) * l) {
    const fv_recurrent *r = l->r;
    const int64_t width = r->directions * l->hidden;
    const real *first = r->cell < 0 ? NULL : LOOP(state)(l, &l->p->x[r->cell]);
    real *last = LOOP(state)(l, &l->p->y[1]);
    real *cell = r->kind.cell ? LOOP(state)(l, &l->p->y[2]) : NULL;
    LOOP(copy)(cell, first, cell != NULL ? l->hidden : 0);
    for (int64_t s = 0; s < l->length; s++) LOOP(step)(l, s);
    LOOP(copy)(last, LOOP(before)(l, l->length), l->hidden);
    for (int64_t t = l->length; t < r->steps; t++) {
        real *beyond = LOOP(row)(l, &l->p->y[0], t, width) + l->d * l->hidden;
        LOOP(copy)(beyond, NULL, l->hidden);
    }
}

/* Clears saved tensors `first` to `end` - 1: what is kept of steps that a sequence does not have,
   and, before and after it, the room that backward needs. */
static void LOOP(empty)(const fv_pass *p, int first, int end) {
    for (int i = first; i < end && p->saved[i].data != NULL; i++)
        LOOP(copy)(p->saved[i].data, NULL, fv__shape_count(&p->saved[i].shape));
}

static void LOOP(forward)(const fv_pass *p) {
    const fv_recurrent r = LOOP(sizes)(p);
    if (p->training) LOOP(empty)(p, FV_KEPT_DELTAS, fv__recurrent_saved(r.kind));
    for (int64_t n = 0; n < r.batch; n++)
        for (int64_t d = 0; d < r.directions; d++) {
            const LOOP(lane) l = LOOP(open)(p, &r, n, d);
            LOOP(read)(&l);
        }
}

/* ---- backward ---- */

/* Fills the deltas, from the last step to the first, and the gradients of the first state. */
static void LOOP(read_back)(const LOOP(lane) * l) {
    const fv_pass *p = l->p;
    const fv_recurrent *r = l->r;
    real *dh = fv__sample(&p->saved[FV_KEPT_CARRIED], l->n), *dc = dh + l->hidden;
    LOOP(copy)(dh, LOOP(state)(l, &p->dy[1]), l->hidden);
    LOOP(copy)(dc, r->kind.cell ? LOOP(state)(l, &p->dy[2]) : NULL, l->hidden);
    for (int64_t s = l->length - 1; s >= 0; s--) {
        const real *dy = LOOP(output)(l, &p->dy[0], s);
        for (int64_t j = 0; dy != NULL && j < l->hidden; j++) dh[j] += dy[j];
        LOOP(back)(l, s, dh, dc);
    }
    real *dstate = r->state < 0 ? NULL : LOOP(state)(l, &p->dx[r->state]);
    real *dcell = r->cell < 0 ? NULL : LOOP(state)(l, &p->dx[r->cell]);
    for (int64_t j = 0; dstate != NULL && j < l->hidden; j++) dstate[j] += dh[j];
    for (int64_t j = 0; dcell != NULL && j < l->hidden; j++) dcell[j] += dc[j];
}

/* dx of one step: what its deltas send back through the weights. */
static void LOOP(to_input)(const LOOP(lane) * l, int64_t s) {
    const int64_t count = l->r->inputs, rows = l->r->kind.gates * l->hidden;
    const real *delta = LOOP(kept)(l, FV_KEPT_DELTAS, s);
    real *dx = LOOP(input)(l, &l->p->dx[0], s);
    for (int64_t first = 0; first < count; first += FV_SUMS) {
        double sum[FV_SUMS] = {0};
        const int64_t run = count - first < FV_SUMS ? count - first : FV_SUMS;
        for (int64_t row = 0; row < rows; row++)
            for (int64_t i = 0; i < run; i++)
                sum[i] += delta[row] * l->weight[row * count + first + i];
        for (int64_t i = 0; i < run; i++) dx[first + i] += (real)sum[i];
    }
}

/* Adds to `run` sums, over all samples and steps, delta `slot` times what is at `first` in x, in
   what was fed to a gate of the state (gate >= 0), or times 1 (run 0). */
static void LOOP(gather)(const fv_pass *p, const fv_recurrent *r, int64_t d, int64_t slot, int gate,
                         int64_t first, int64_t run, double *sum) {
    for (int64_t n = 0; n < r->batch; n++) {
        const LOOP(lane) l = LOOP(open)(p, r, n, d);
        for (int64_t s = 0; s < l.length; s++) {
            const real delta = LOOP(kept)(&l, FV_KEPT_DELTAS, s)[slot];
            const real *from = run == 0    ? NULL
                               : gate >= 0 ? LOOP(fed)(&l, gate, s)
                                           : LOOP(input)(&l, &p->x[0], s);
            if (run == 0) *sum += delta;
            for (int64_t i = 0; from != NULL && i < run; i++) sum[i] += delta * from[first + i];
        }
    }
}

/* The gradients of row j of a gate: of its weights of x (of_state: of the state), and its bias. */
static void LOOP(to_weights)(const fv_pass *p, const fv_recurrent *r, int64_t d, int gate,
                             int64_t j, bool of_state) {
    const int64_t rows = r->kind.gates * r->hidden, row = gate * r->hidden + j;
    const int64_t count = of_state ? r->hidden : r->inputs;
    const int64_t slot = fv__recurrent_slot(r, gate, of_state) + j;
    real *dw = p->dw[of_state ? FV_RECURRENT_STATE : FV_RECURRENT_WEIGHT].data;
    for (int64_t first = 0; dw != NULL && first < count; first += FV_SUMS) {
        double sum[FV_SUMS] = {0};
        const int64_t run = count - first < FV_SUMS ? count - first : FV_SUMS;
        LOOP(gather)(p, r, d, slot, of_state ? gate : -1, first, run, sum);
        for (int64_t i = 0; i < run; i++) dw[(d * rows + row) * count + first + i] += (real)sum[i];
    }
    if (r->options->bias && p->dw[FV_RECURRENT_BIAS].data != NULL) {
        double sum = 0;
        LOOP(gather)(p, r, d, slot, -1, 0, 0, &sum);
        ((real *)p->dw[FV_RECURRENT_BIAS].data)[(2 * d + of_state) * rows + row] += (real)sum;
    }
}

/* All gradients but the peepholes'. */
static void LOOP(recur_back)(const fv_pass *p, const fv_recurrent *r) {
    for (int64_t n = 0; n < r->batch; n++)
        for (int64_t d = 0; d < r->directions; d++) {
            const LOOP(lane) l = LOOP(open)(p, r, n, d);
            LOOP(read_back)(&l);
            for (int64_t s = 0; p->dx[0].data != NULL && s < l.length; s++) LOOP(to_input)(&l, s);
        }
    for (int64_t d = 0; d < r->directions; d++)
        for (int gate = 0; gate < r->kind.gates; gate++)
            for (int64_t j = 0; j < r->hidden; j++) {
                LOOP(to_weights)(p, r, d, gate, j, false);
                LOOP(to_weights)(p, r, d, gate, j, true);
            }
}

/* Which gates and candidates are cut off; of a rnn, see there. */
static inline uint64_t LOOP(cut_off)(const fv_pass *p, int candidate) {
    const fv_recurrent r = LOOP(sizes)(p);
    const int64_t width = (candidate + 1) * r.hidden;
    uint64_t hash = FV_BRANCHES_START;
    if (r.options->clip <= 0 || !p->training || p->saved[FV_KEPT_GATES].data == NULL) return hash;
    LOOP(forward)(p);
    for (int64_t n = 0; n < r.batch; n++)
        for (int64_t d = 0; d < r.directions; d++) {
            const LOOP(lane) l = LOOP(open)(p, &r, n, d);
            for (int64_t i = 0; i < l.length * width; i++) {
                const real v = LOOP(kept)(&l, FV_KEPT_GATES, i / width)[i % width];
                const bool last = i % width >= candidate * r.hidden;
                const real slope =
                    last ? LOOP(candidate_slope)(r.options, v) : LOOP(gate_slope)(r.options, v);
                hash = fv__branches_add(hash, slope == 0);
            }
        }
    return hash;
}
