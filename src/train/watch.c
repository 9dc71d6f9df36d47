/* SPDX-License-Identifier: MIT */
/*
 * watch.c - what is measured of each layer while a network is trained.
 *
 * A record is a row of floats: of each tensor norm, gradient, update; of each layer mean,
 * deviation, zeros, dead, and its bins. `now` holds the sums over the steps seen so far, behind
 * their counts, and then a flag for each unit that has been active; so it can be saved at any step
 * and read back bit by bit.
 */
#include "train/watch.h"
#include "train/learner_state.h"
#include <math.h>
#include <string.h>

#define WEIGHT_NUMBERS 3
#define LAYER_NUMBERS  (4 + FV_ACTIVATION_BINS)
#define COUNTS         2                  /* steps whose update, whose activations were seen */
#define UPDATE_SAMPLE  ((int64_t)1 << 18) /* numbers of a tensor that are kept to see its update */
#define LAYER_SAMPLE   ((int64_t)1 << 18) /* numbers of a layer that are looked at in a step */
#define ZERO_BIN       (FV_ACTIVATION_BINS / 2)

struct fv_watch {
    fv_learner *learner;
    fv_watcher watcher;
    fv_walk walk;
    int *params; /* learned ones */
    size_t param_count;
    fv_watch_layer *layers;
    size_t layer_count;
    int64_t units;
    float *records, *now;
    size_t epochs, capacity; /* capacity: in records */
    float *before;           /* of each tensor its sample, one after the other */
    float *gradients;        /* on the host, where the device is another */
};

/* --- which layers ----------------------------------------------------------------------------- */

static bool is_activation(const fv_node *n) {
    return (n->op->traits & FV_POINTWISE) && n->inputs == 1 &&
           !(n->op->traits & (FV_IDENTITY | FV_DROPS));
}

static bool has_param(const fv_graph *net, const fv_node *n, bool norm) {
    for (int i = 0; i < n->params; i++) {
        const fv_param_spec *p = &net->params[n->param[i]].spec;
        if (p->norm == norm && (norm || p->learned)) return true;
    }
    return false;
}

static bool is_weighted(const fv_graph *net, const fv_node *n) {
    return !is_activation(n) && has_param(net, n, false) && !has_param(net, n, true);
}

/* The only node that reads a value; -1: none, or several. */
static int reader_of(const fv_graph *net, int value) {
    int found = -1;
    for (size_t n = 0; n < net->node_count; n++)
        for (int i = 0; i < net->nodes[n].inputs; i++)
            if (net->nodes[n].in[i] == value) {
                if (found >= 0) return -1;
                found = (int)n;
            }
    return found;
}

/* Whether what a layer makes goes, perhaps through a normalisation, to a function alone: then that
   one's values are what the next layer sees. */
static bool function_follows(const fv_graph *net, const fv_node *n) {
    for (int at = reader_of(net, n->out[0]); at >= 0; at = reader_of(net, n->out[0])) {
        n = &net->nodes[at];
        if (is_activation(n)) return true;
        if (!has_param(net, n, true)) return false;
    }
    return false;
}

static int layer_behind(const fv_graph *net, int node) {
    for (int at = node; at >= 0; at = net->values[net->nodes[at].in[0]].node) {
        const fv_node *n = &net->nodes[at];
        if (is_weighted(net, n)) return at;
        if (n->inputs < 1 || !(at == node || has_param(net, n, true))) return -1;
    }
    return -1;
}

static bool worth(const fv_graph *net, const fv_node *n) {
    const fv_value *y = &net->values[n->out[0]];
    if (y->type.dtype != FV_F32 || !y->type.batched || y->shape.rank < 2) return false;
    return is_activation(n) || (is_weighted(net, n) && !function_follows(net, n));
}

static fv_status list_layers(fv_context *ctx, fv_watch *w, const fv_graph *net) {
    w->params = fv__alloc(ctx, (net->param_count + 1) * sizeof *w->params, "what is watched");
    w->layers = fv__alloc(ctx, (net->node_count + 1) * sizeof *w->layers, "what is watched");
    if (!w->params || !w->layers) return FV_EXHAUSTED;
    for (size_t p = 0; p < net->param_count; p++)
        if (net->params[p].spec.learned) w->params[w->param_count++] = (int)p;
    for (size_t n = 0; n < net->node_count; n++) {
        const fv_node *node = &net->nodes[n];
        if (!worth(net, node)) continue;
        const int64_t units = fv__channels(&net->values[node->out[0]].shape);
        w->layers[w->layer_count++] = (fv_watch_layer){.value = node->out[0],
                                                       .node = (int)n,
                                                       .behind = layer_behind(net, (int)n),
                                                       .units = units,
                                                       .first = w->units};
        w->units += units;
    }
    return FV_OK;
}

/* --- a layer's values ------------------------------------------------------------------------- */

double fv__watch_edge(int k) {
    const int from_zero = k - ZERO_BIN;
    if (k >= FV_ACTIVATION_BINS - 1) return INFINITY;
    if (from_zero >= 0) return from_zero ? ldexp(1, from_zero - 5) : 0;
    return from_zero == -1 ? 0 : -ldexp(1, -from_zero - 6);
}

/* |v| up to 1/16, 1/8 … 16, beyond: 0 … 9 bins from that of zero. */
static int bin_of(float v) {
    uint32_t bits;
    if (v == 0) return ZERO_BIN;
    memcpy(&bits, &v, sizeof bits);
    /* |v| = 1.m * 2^e: it lies above 2^e, unless m is 0 */
    const int e = (int)(bits >> 23 & 255) - 127;
    int from_zero = e + 5 + ((bits & 0x7fffff) != 0);
    from_zero = from_zero < 1 ? 1 : from_zero > ZERO_BIN ? ZERO_BIN : from_zero;
    return v > 0 ? ZERO_BIN + from_zero : ZERO_BIN - from_zero;
}

typedef struct count {
    double sum, squares;
    int64_t bins[FV_ACTIVATION_BINS];
    int64_t all;
} count;

static bool look_at(count *c, const float *x, int64_t pixels, int64_t step) {
    const int64_t zeros = c->bins[ZERO_BIN];
    for (int64_t i = 0; i < pixels; i++) {
        const double v = (double)x[i * step];
        c->sum += v;
        c->squares += v * v;
        c->bins[bin_of(x[i * step])]++;
    }
    c->all += pixels;
    return c->bins[ZERO_BIN] - zeros < pixels;
}

static float *layer_sums(const fv_watch *w, size_t i) {
    return w->now + COUNTS + WEIGHT_NUMBERS * w->param_count + LAYER_NUMBERS * i;
}

static float *units_alive(const fv_watch *w) {
    return w->now + COUNTS + fv__watch_width(w);
}

static void see_layer(fv_watch *w, size_t i, const fv_tensor *y) {
    const fv_watch_layer *l = &w->layers[i];
    const int64_t each = fv__shape_sample(&y->shape), pixels = each / l->units;
    const int64_t step = fv__layout_pixel(y->layout, l->units);
    int64_t samples = LAYER_SAMPLE / each;
    if (samples < FV_WATCH_SAMPLES) samples = FV_WATCH_SAMPLES;
    if (samples > y->shape.dim[0]) samples = y->shape.dim[0];
    count c = {0};
    for (int64_t n = 0; n < samples; n++)
        for (int64_t k = 0; k < l->units; k++) {
            const float *x = (const float *)y->data + n * y->step +
                             fv__layout_channel(y->layout, l->units, pixels, k);
            if (look_at(&c, x, pixels, step)) units_alive(w)[l->first + k] = 1;
        }
    if (!c.all) return;
    const double all = (double)c.all, mean = c.sum / all;
    float *to = layer_sums(w, i);
    to[0] += (float)mean;
    to[1] += (float)sqrt(fmax(0, c.squares / all - mean * mean));
    to[2] += (float)((double)c.bins[ZERO_BIN] / all);
    for (int k = 0; k < FV_ACTIVATION_BINS; k++) to[4 + k] += (float)((double)c.bins[k] / all);
}

/* Behind each step of the walk forward. Values of another device stay unseen. */
static bool see_step(void *arg, const fv_step_view *step) {
    fv_watch *w = arg;
    if (!w->learner->device->host || step->node < 0 || step->value < 0 || !step->pass->y[0].data)
        return true;
    for (size_t i = 0; i < w->layer_count; i++)
        if (w->layers[i].value == step->value) see_layer(w, i, &step->pass->y[0]);
    return true;
}

/* --- weights and their update ----------------------------------------------------------------- */

static int64_t stride_of(int64_t count) {
    return (count + UPDATE_SAMPLE - 1) / UPDATE_SAMPLE;
}

static double norm_of(const float *v, int64_t count) {
    double sum = 0;
    for (int64_t i = 0; i < count; i++) sum += (double)v[i] * (double)v[i];
    return sqrt(sum);
}

static void before_update(void *arg, fv_learner *l) {
    fv_watch *w = arg;
    float *kept = w->before;
    const float *g = l->gradients;
    if (w->gradients) {
        l->device->download(w->gradients, l->gradients, fv__learner_block(l));
        l->device->download(l->model->weights, l->weights, fv__learner_block(l));
        g = w->gradients;
    }
    for (size_t i = 0; i < w->param_count; i++) {
        const fv_param *p = &l->net->params[w->params[i]];
        const float *v = l->model->weights + p->offset;
        float *to = w->now + COUNTS + WEIGHT_NUMBERS * i;
        to[0] += (float)norm_of(v, p->count);
        to[1] += (float)norm_of(g + p->offset, p->count);
        for (int64_t k = 0; k < p->count; k += stride_of(p->count)) *kept++ = v[k];
    }
}

static void after_update(void *arg, fv_learner *l) {
    fv_watch *w = arg;
    const float *kept = w->before;
    if (w->gradients) l->device->download(l->model->weights, l->weights, fv__learner_block(l));
    for (size_t i = 0; i < w->param_count; i++) {
        const fv_param *p = &l->net->params[w->params[i]];
        const float *v = l->model->weights + p->offset;
        double moved = 0, length = 0;
        for (int64_t k = 0; k < p->count; k += stride_of(p->count)) {
            const double was = (double)*kept++, now = (double)v[k];
            moved += (now - was) * (now - was);
            length += was * was;
        }
        w->now[COUNTS + WEIGHT_NUMBERS * i + 2] += length > 0 ? (float)sqrt(moved / length) : NAN;
    }
    w->now[0]++;
}

/* --- making ----------------------------------------------------------------------------------- */

static fv_status make(fv_context *ctx, fv_watch *w) {
    fv_learner *l = w->learner;
    int64_t kept = 0;
    FV_TRY(list_layers(ctx, w, l->net));
    for (size_t i = 0; i < w->param_count; i++) {
        const int64_t n = l->net->params[w->params[i]].count;
        kept += (n + stride_of(n) - 1) / stride_of(n);
    }
    w->now = fv__alloc(ctx, fv__watch_now_width(w) * sizeof(float), "what is watched");
    w->before = fv__alloc(ctx, (size_t)(kept + 1) * sizeof(float), "what is watched");
    if (!w->now || !w->before) return FV_EXHAUSTED;
    if (l->device->host) return FV_OK;
    w->gradients = fv__alloc(ctx, fv__learner_block(l), "what is watched");
    return w->gradients ? FV_OK : FV_EXHAUSTED;
}

fv_status fv__watch_new(fv_context *ctx, fv_learner *learner, fv_watch **out) {
    fv_watch *w = *out = fv__alloc(ctx, sizeof *w, "what is watched");
    if (!w) return FV_EXHAUSTED;
    w->learner = learner;
    w->walk = (fv_walk){.after = see_step, .arg = w};
    w->watcher =
        (fv_watcher){.before = before_update, .after = after_update, .walk = &w->walk, .arg = w};
    const fv_status status = make(ctx, w);
    if (status != FV_OK) {
        fv__watch_free(w);
        *out = NULL;
    }
    return status;
}

void fv__watch_free(fv_watch *w) {
    if (!w) return;
    fv__free(w->params);
    fv__free(w->layers);
    fv__free(w->records);
    fv__free(w->now);
    fv__free(w->before);
    fv__free(w->gradients);
    fv__free(w);
}

/* --- an epoch --------------------------------------------------------------------------------- */

void fv__watch_step(fv_watch *w, int64_t step, int64_t steps) {
    int64_t looks = steps / FV_WATCH_EVERY;
    looks = looks < 1 ? 1 : looks > FV_WATCH_STEPS ? FV_WATCH_STEPS : looks;
    bool look = false;
    for (int64_t k = 0; k < looks; k++) look = look || step == (2 * k + 1) * steps / (2 * looks);
    if (look && w->learner->device->host) w->now[1]++;
    fv__learner_watch(w->learner, look ? &w->watcher : NULL);
}

fv_status fv__watch_reserve(fv_context *ctx, fv_watch *w, size_t epochs) {
    const size_t width = fv__watch_width(w);
    size_t bytes;
    if (!fv__mul_size(width, sizeof(float), &bytes))
        return fv__fail_memory(ctx, SIZE_MAX, "what was watched");
    if (bytes)
        FV_TRY(
            fv__grow(ctx, (void **)&w->records, &w->capacity, epochs, bytes, "what was watched"));
    for (size_t i = w->epochs * width; i < epochs * width; i++) w->records[i] = NAN;
    w->epochs = epochs;
    return FV_OK;
}

fv_status fv__watch_end_epoch(fv_context *ctx, fv_watch *w) {
    const size_t width = fv__watch_width(w), weights = WEIGHT_NUMBERS * w->param_count;
    FV_TRY(fv__watch_reserve(ctx, w, w->epochs + 1));
    float *to = w->records + (w->epochs - 1) * width;
    for (size_t i = 0; i < width; i++) to[i] = w->now[COUNTS + i] / w->now[i < weights ? 0 : 1];
    for (size_t i = 0; i < w->layer_count; i++) {
        const fv_watch_layer *l = &w->layers[i];
        int64_t alive = 0;
        for (int64_t k = 0; k < l->units; k++) alive += units_alive(w)[l->first + k] > 0;
        to[weights + LAYER_NUMBERS * i + 3] =
            (float)((double)(l->units - alive) / (double)l->units);
    }
    memset(w->now, 0, fv__watch_now_width(w) * sizeof(float));
    return FV_OK;
}

/* --- reading ---------------------------------------------------------------------------------- */

size_t fv__watch_epochs(const fv_watch *w) {
    return w->epochs;
}
size_t fv__watch_weights(const fv_watch *w) {
    return w->param_count;
}
size_t fv__watch_layers(const fv_watch *w) {
    return w->layer_count;
}
size_t fv__watch_width(const fv_watch *w) {
    return WEIGHT_NUMBERS * w->param_count + LAYER_NUMBERS * w->layer_count;
}
size_t fv__watch_now_width(const fv_watch *w) {
    return COUNTS + fv__watch_width(w) + (size_t)w->units;
}
float *fv__watch_records(const fv_watch *w) {
    return w->records;
}
float *fv__watch_now(const fv_watch *w) {
    return w->now;
}

bool fv__watch_weight(const fv_watch *w, size_t epoch, size_t i, fv_weight_record *out) {
    if (epoch >= w->epochs || i >= w->param_count) return false;
    const float *at = w->records + epoch * fv__watch_width(w) + WEIGHT_NUMBERS * i;
    *out = (fv_weight_record){.name = w->learner->net->params[w->params[i]].name,
                              .norm = (double)at[0],
                              .gradient = (double)at[1],
                              .update = (double)at[2]};
    return isfinite(out->norm) && isfinite(out->gradient);
}

bool fv__watch_layer_at(const fv_watch *w, size_t epoch, size_t i, fv_layer_record *out) {
    if (epoch >= w->epochs || i >= w->layer_count) return false;
    const float *at = w->records + epoch * fv__watch_width(w) + WEIGHT_NUMBERS * w->param_count +
                      LAYER_NUMBERS * i;
    const fv_watch_layer *l = &w->layers[i];
    const fv_graph *net = w->learner->net;
    double all = 0;
    *out = (fv_layer_record){.name = net->nodes[l->node].name,
                             .behind = l->behind < 0 ? "" : net->nodes[l->behind].name,
                             .units = l->units,
                             .mean = (double)at[0],
                             .deviation = (double)at[1],
                             .zeros = (double)at[2],
                             .dead = (double)at[3]};
    for (int k = 0; k < FV_ACTIVATION_BINS; k++) all += out->bins[k] = (double)at[4 + k];
    return isfinite(out->mean) && all > 0.5;
}
