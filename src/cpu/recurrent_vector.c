/* SPDX-License-Identifier: MIT */
/*
 * recurrent_vector.c - rnn, gru and lstm. What the inputs add to the gates is computed for many
 * steps at once, one product for each sequence; then step after step what the states of all samples
 * add, a product whose columns are shared out, and the activations behind it. A direction keeps its
 * states in memory of its own: those before and behind a step, as any number of one may depend on
 * all of the other.
 */
#include "cpu/cpu.h"
#include "op/recurrent.h"

#include <string.h>

#define SUMS_FLOATS (1 << 20) /* of gates in work: 4 MB */
#define BLOCK       48        /* numbers of a state that a unit computes */

typedef struct layer {
    int64_t gates, steps;       /* gates; steps in work */
    int64_t blocks, sum_blocks; /* of a state; of the sums of all gates */
    int64_t sums, state; /* floats of the sums, and of a state of all samples and directions */
} layer;

typedef struct work {
    const fv_pass *p;
    const layer *s;
    fv_recurrent r;
    int64_t first, end, step; /* the steps in work; the one of them */
    float *sums;              /* [direction][sample][step][gate][number] */
    float *before, *behind;   /* [direction][sample][number] */
    float *cell, *fed;
} work;

static const char *settle(const fv_site *site, const fv_request *request, fv_arena *arena,
                          fv_settled *settled) {
    fv_recurrent r;
    FV_STATE(layer, s, arena);
    (void)request;
    if (!s) return fv__impl_no_memory;
    fv__recurrent_of((fv_recurrent_kind){0}, site->options, site->inputs, &site->in[0],
                     site->inputs > 1 && site->in_type[1].dtype == FV_I32, &r);
    s->gates = site->param[FV_RECURRENT_WEIGHT].shape.dim[1] / r.hidden;
    const int64_t of_step = r.directions * r.batch * s->gates * r.hidden;
    s->steps = fv__cpu_max(1, fv__cpu_min(SUMS_FLOATS / of_step, r.steps));
    s->blocks = fv__cpu_up(r.hidden, BLOCK);
    s->sum_blocks = fv__cpu_up(s->gates * r.hidden, BLOCK);
    s->sums = fv__cpu_pad(of_step * s->steps);
    s->state = fv__cpu_pad(r.directions * r.batch * r.hidden);
    settled->state = s;
    settled->scratch = sizeof(float) * (size_t)(s->sums + 4 * s->state);
    return NULL;
}

static work start(const fv_pass *p) {
    const layer *s = p->state;
    work w = {.p = p, .s = s, .sums = p->scratch};
    fv__recurrent_of((fv_recurrent_kind){.gates = (int)s->gates, .cell = p->outputs > 2},
                     p->options, p->inputs, &p->x[0].shape,
                     p->inputs > 1 && p->x[1].dtype == FV_I32, &w.r);
    w.before = w.sums + s->sums;
    w.behind = w.before + s->state;
    w.cell = w.behind + s->state;
    w.fed = w.cell + s->state;
    return w;
}

/* Row `at` of sample n in a value whose rows are `width` long, and from one row to the next. */
static float *row_of(const work *w, const fv_tensor *t, int64_t n, int64_t at, int64_t width) {
    return w->r.time ? fv__cpu_at(t, at) + n * width : fv__cpu_at(t, n) + at * width;
}
static int64_t row_step(const work *w, const fv_tensor *t, int64_t width) {
    return w->r.time ? t->step : width;
}

/* The place of step s of a sequence that long. */
static int64_t place(const work *w, int64_t d, int64_t length, int64_t s) {
    return fv__recurrent_reverse(&w->r, d) ? length - 1 - s : s;
}

/* The sums of sample n at the step. */
static float *sums_at(const work *w, int64_t d, int64_t n) {
    const int64_t width = w->s->gates * w->r.hidden;
    return w->sums + ((d * w->r.batch + n) * w->s->steps + w->step - w->first) * width;
}

/* The state of sample n in one of the four. */
static float *state_at(const work *w, float *states, int64_t d, int64_t n) {
    return states + (d * w->r.batch + n) * w->r.hidden;
}

/* What is added to the sums of all gates of a direction: by x, or by the state. */
static const float *bias_of(const work *w, int64_t d, bool of_state) {
    const int64_t rows = w->s->gates * w->r.hidden;
    if (!w->r.options->bias) return NULL;
    return (const float *)w->p->w[FV_RECURRENT_BIAS].data + (2 * d + of_state) * rows;
}

/* A unit: some of the sums of one sample, all steps in work. Steps that its sequence does not have
   are left as they are; nobody reads them. */
static void input_sums(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const fv_recurrent *r = &w->r;
    const int64_t rows = w->s->gates * r->hidden;
    const fv_tensor *x = &w->p->x[0];
    (void)worker;
    for (int64_t u = first; u < end; u++) {
        const int64_t j = u % w->s->sum_blocks * BLOCK, q = u / w->s->sum_blocks;
        const int64_t n = q % r->batch, d = q / r->batch;
        const int64_t length = fv__recurrent_length(w->p, r, n);
        const int64_t steps = fv__cpu_min(w->end, length) - w->first;
        if (steps <= 0) continue;
        const int64_t step = row_step(w, x, r->inputs);
        const float *bias = bias_of(w, d, false);
        w->p->kernels->dot(
            steps, fv__cpu_min(BLOCK, rows - j), r->inputs,
            row_of(w, x, n, place(w, d, length, w->first), r->inputs),
            fv__recurrent_reverse(r, d) ? -step : step,
            (const float *)w->p->w[FV_RECURRENT_WEIGHT].data + (d * rows + j) * r->inputs,
            r->inputs, w->sums + q * w->s->steps * rows + j, rows, bias ? bias + j : NULL, false);
    }
}

/* Numbers [j, j + len) of a gate of all samples (+)= what these states add. */
static void state_sums(const work *w, int64_t d, int gate, int64_t j, int64_t len, float *states,
                       float *out, int64_t ld, bool add) {
    const int64_t hidden = w->r.hidden, row = gate * hidden + j;
    const float *bias = bias_of(w, d, true);
    w->p->kernels->dot(w->r.batch, len, hidden, state_at(w, states, d, 0), hidden,
                       (const float *)w->p->w[FV_RECURRENT_STATE].data +
                           (d * w->s->gates * hidden + row) * hidden,
                       hidden, out, ld, bias ? bias + row : NULL, add);
}

/* The same, on top of what the inputs added. */
static void add_state(const work *w, int64_t d, int gate, int64_t j, int64_t len, float *states) {
    const int64_t hidden = w->r.hidden;
    state_sums(w, d, gate, j, len, states, sums_at(w, d, 0) + gate * hidden + j,
               w->s->steps * w->s->gates * hidden, true);
}

static void activate(const work *w, fv_act act, int64_t len, float *v) {
    const float clip = (float)w->r.options->clip;
    for (int64_t i = 0; clip > 0 && i < len; i++)
        v[i] = v[i] > clip ? clip : v[i] < -clip ? -clip : v[i];
    w->p->kernels->act(act, 1, len, v, 0, v, 0, 0, 0);
}

/* The new numbers [j, j + len) of h are the step's output. */
static void give(const work *w, int64_t d, int64_t n, int64_t length, int64_t j, int64_t len) {
    const int64_t hidden = w->r.hidden, at = place(w, d, length, w->step);
    memcpy(row_of(w, &w->p->y[0], n, at, w->r.directions * hidden) + d * hidden + j,
           state_at(w, w->behind, d, n) + j, (size_t)len * sizeof(float));
}

/* A unit of a step: numbers [j, j + len) of direction d, of all samples. UNIT runs the statement
   with them; SAMPLES another one for each sample whose sequence has the step, the others keep their
   state. */
#define UNIT(w, ...)                                                                               \
    for (int64_t u_ = first; u_ < end; u_++) {                                                     \
        const int64_t j = u_ % (w)->s->blocks * BLOCK, d = u_ / (w)->s->blocks;                    \
        const int64_t len = fv__cpu_min(BLOCK, (w)->r.hidden - j);                                 \
        __VA_ARGS__                                                                                \
    }
#define SAMPLES(w, ...)                                                                            \
    for (int64_t n = 0; n < (w)->r.batch; n++) {                                                   \
        const int64_t length = fv__recurrent_length((w)->p, &(w)->r, n);                           \
        const float *old = state_at(w, (w)->before, d, n) + j;                                     \
        float *h = state_at(w, (w)->behind, d, n) + j;                                             \
        float *a = sums_at(w, d, n) + j;                                                           \
        if ((w)->step < length) {                                                                  \
            __VA_ARGS__                                                                            \
            give(w, d, n, length, j, len);                                                         \
        } else {                                                                                   \
            memcpy(h, old, (size_t)len * sizeof(float));                                           \
        }                                                                                          \
    }

/* ---------------------------------------------------------------------------------- rnn --- */

static void rnn_units(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const fv_act act = w->r.options->activation == FV_RNN_TANH ? FV_ACT_TANH : FV_ACT_RELU;
    (void)worker;
    UNIT(w, {
        add_state(w, d, 0, j, len, w->before);
        SAMPLES(w, {
            activate(w, act, len, a);
            memcpy(h, a, (size_t)len * sizeof(float));
        });
    });
}

/* ---------------------------------------------------------------------------------- gru --- */

/* z and r; and r h, which the candidates' sums multiply, or what they made of h. */
static void gru_gates(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const int64_t hidden = w->r.hidden;
    const bool linear = w->r.options->linear_before_reset;
    (void)worker;
    UNIT(w, {
        add_state(w, d, FV_GRU_UPDATE, j, len, w->before);
        add_state(w, d, FV_GRU_RESET, j, len, w->before);
        if (linear)
            state_sums(w, d, FV_GRU_CANDIDATE, j, len, w->before, state_at(w, w->fed, d, 0) + j,
                       hidden, false);
        for (int64_t n = 0; n < w->r.batch; n++) {
            float *r = sums_at(w, d, n) + FV_GRU_RESET * hidden + j;
            float *fed = state_at(w, w->fed, d, n) + j;
            const float *old = state_at(w, w->before, d, n) + j;
            if (w->step >= fv__recurrent_length(w->p, &w->r, n)) {
                memset(fed, 0, (size_t)len * sizeof(float));
                continue;
            }
            activate(w, FV_ACT_SIGMOID, len, r);
            for (int64_t i = 0; i < len; i++) fed[i] = r[i] * (linear ? fed[i] : old[i]);
        }
    });
}

static void gru_units(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    const int64_t hidden = w->r.hidden;
    const bool linear = w->r.options->linear_before_reset;
    (void)worker;
    UNIT(w, {
        if (!linear) add_state(w, d, FV_GRU_CANDIDATE, j, len, w->fed);
        SAMPLES(w, {
            float *z = a + FV_GRU_UPDATE * hidden;
            float *g = a + FV_GRU_CANDIDATE * hidden;
            if (linear) w->p->kernels->add(len, state_at(w, w->fed, d, n) + j, g);
            activate(w, FV_ACT_SIGMOID, len, z);
            activate(w, FV_ACT_TANH, len, g);
            for (int64_t i = 0; i < len; i++) h[i] = (1 - z[i]) * g[i] + z[i] * old[i];
        });
    });
}

/* --------------------------------------------------------------------------------- lstm --- */

/* A gate whose sum sees the cell. */
static void guard(const work *w, const float *peephole, int64_t len, const float *cell,
                  float *gate) {
    for (int64_t i = 0; peephole && i < len; i++) gate[i] += peephole[i] * cell[i];
    activate(w, FV_ACT_SIGMOID, len, gate);
}

/* h and the cell from the sums `a` of one sample. */
static void lstm_step(const work *w, int64_t d, int64_t j, int64_t len, float *a, float *cell,
                      float *h) {
    const fv_recurrent_options *o = w->r.options;
    const int64_t hidden = w->r.hidden;
    float *in = a + FV_LSTM_INPUT * hidden, *out = a + FV_LSTM_OUTPUT * hidden;
    float *keep = a + FV_LSTM_FORGET * hidden, *g = a + FV_LSTM_CELL * hidden;
    const float *peep = NULL;
    if (o->peepholes)
        peep = (const float *)w->p->w[fv__peephole_param(o)].data + d * 3 * hidden + j;
    guard(w, peep ? peep + FV_LSTM_INPUT * hidden : NULL, len, cell, in);
    if (o->input_forget)
        for (int64_t i = 0; i < len; i++) keep[i] = 1 - in[i];
    else
        guard(w, peep ? peep + FV_LSTM_FORGET * hidden : NULL, len, cell, keep);
    activate(w, FV_ACT_TANH, len, g);
    for (int64_t i = 0; i < len; i++) cell[i] = keep[i] * cell[i] + in[i] * g[i];
    guard(w, peep ? peep + FV_LSTM_OUTPUT * hidden : NULL, len, cell, out);
    w->p->kernels->act(FV_ACT_TANH, 1, len, cell, 0, h, 0, 0, 0);
    for (int64_t i = 0; i < len; i++) h[i] *= out[i];
}

static void lstm_units(void *arg, int64_t first, int64_t end, int worker) {
    const work *w = arg;
    (void)worker;
    UNIT(w, {
        for (int gate = FV_LSTM_INPUT; gate <= FV_LSTM_CELL; gate++)
            if (gate != FV_LSTM_FORGET || !w->r.options->input_forget)
                add_state(w, d, gate, j, len, w->before);
        SAMPLES(w, { lstm_step(w, d, j, len, a, state_at(w, w->cell, d, n) + j, h); });
    });
}

/* ------------------------------------------------------------------------- all of them --- */

static void copy_state(const work *w, const fv_tensor *from, const fv_tensor *to, float *states) {
    const int64_t hidden = w->r.hidden;
    const size_t bytes = (size_t)hidden * sizeof(float);
    for (int64_t n = 0; n < w->r.batch; n++)
        for (int64_t d = 0; d < w->r.directions; d++) {
            float *state = state_at(w, states, d, n);
            if (to)
                memcpy(row_of(w, to, n, d, hidden), state, bytes);
            else if (from)
                memcpy(state, row_of(w, from, n, d, hidden), bytes);
            else
                memset(state, 0, bytes);
        }
}

/* y of the steps that a sequence does not have. */
static void clear_beyond(const work *w) {
    const int64_t width = w->r.directions * w->r.hidden;
    for (int64_t n = 0; w->r.lengths >= 0 && n < w->r.batch; n++)
        for (int64_t t = fv__recurrent_length(w->p, &w->r, n); t < w->r.steps; t++)
            memset(row_of(w, &w->p->y[0], n, t, width), 0, (size_t)width * sizeof(float));
}

static void forward(const fv_pass *p, fv_units_fn *gates, fv_units_fn *units) {
    work w = start(p);
    const fv_recurrent *r = &w.r;
    const double width = (double)w.s->gates * (double)r->hidden;
    const double all = (double)(r->directions * r->batch) * width;
    copy_state(&w, r->state >= 0 ? &p->x[r->state] : NULL, NULL, w.before);
    copy_state(&w, r->cell >= 0 ? &p->x[r->cell] : NULL, NULL, w.cell);
    for (w.first = 0; w.first < r->steps; w.first += w.s->steps) {
        w.end = fv__cpu_min(w.first + w.s->steps, r->steps);
        fv__cpu_split(p->pool, r->directions * r->batch * w.s->sum_blocks,
                      all * (double)(w.end - w.first) * (double)r->inputs, FV_GRAIN, input_sums,
                      &w);
        for (w.step = w.first; w.step < w.end; w.step++) {
            const double macs = all * (double)(r->hidden + 8);
            if (gates)
                fv__cpu_split(p->pool, r->directions * w.s->blocks, macs, FV_GRAIN, gates, &w);
            fv__cpu_split(p->pool, r->directions * w.s->blocks, macs, FV_GRAIN, units, &w);
            float *old = w.before;
            w.before = w.behind;
            w.behind = old;
        }
    }
    copy_state(&w, NULL, &p->y[1], w.before);
    if (r->kind.cell) copy_state(&w, NULL, &p->y[2], w.cell);
    clear_beyond(&w);
}

static void rnn_forward(const fv_pass *p) {
    forward(p, NULL, rnn_units);
}
static void gru_forward(const fv_pass *p) {
    forward(p, gru_gates, gru_units);
}
static void lstm_forward(const fv_pass *p) {
    forward(p, NULL, lstm_units);
}

static const char *refuses(const fv_site *site, const fv_request *request) {
    if (request->training) return "keeps nothing for the gradient";
    return fv__cpu_refuses(site, request);
}

const fv_impl fv__cpu_rnn_vector_forward = {.name = "vector",
                                            .op = &fv__op_rnn,
                                            .which = FV_FORWARD,
                                            .refuses = refuses,
                                            .settle = settle,
                                            .run = rnn_forward};
const fv_impl fv__cpu_gru_vector_forward = {.name = "vector",
                                            .op = &fv__op_gru,
                                            .which = FV_FORWARD,
                                            .refuses = refuses,
                                            .settle = settle,
                                            .run = gru_forward};
const fv_impl fv__cpu_lstm_vector_forward = {.name = "vector",
                                             .op = &fv__op_lstm,
                                             .which = FV_FORWARD,
                                             .refuses = refuses,
                                             .settle = settle,
                                             .run = lstm_forward};
