/* SPDX-License-Identifier: MIT */
/*
 * init.c - the values of a fresh network.
 *
 * he      N(0, 2/fan_in)                            He, Zhang, Ren & Sun 2015, eq. 10
 * xavier  U(-a, a), a = sqrt(6/(fan_in + fan_out))  Glorot & Bengio 2010, eq. 16
 * lecun   N(0, 1/fan_in)                            LeCun, Bottou, Orr & Müller 1998, eq. 16
 * orthogonal  rows (or where there are more of them, columns) of one filter, one unit each, that
 *         have norm 1 and are orthogonal            Saxe, McClelland & Ganguli 2014
 * lsuv    the same, which train/lsuv.c scales       Mishkin & Matas 2016
 * normal  N(0, deviation^2) for all                 Krizhevsky, Sutskever & Hinton 2012, section 5
 *
 * Biases start at 0, but those of the layers that the recipe's `ones` names at 1 (the same section:
 * relus get positive inputs at first).
 *
 * A value depends on the seed, its parameter and its position in it alone.
 */
#include "net/layers.h"
#include <math.h>
#include <string.h>

/* Element i of vector v: rows lie densely, columns a row apart. */
typedef struct vectors {
    float *w;
    int64_t count, length, next, step; /* vectors, elements of one, and from one to the next */
} vectors;

static double dot(const vectors *m, int64_t a, int64_t b) {
    double sum = 0;
    for (int64_t i = 0; i < m->length; i++)
        sum += (double)m->w[a * m->next + i * m->step] * (double)m->w[b * m->next + i * m->step];
    return sum;
}

/* Drawn vectors made orthonormal, where they lie: each loses what it has of those before it (twice,
   since float rounds), and is brought to norm 1: Gram-Schmidt. */
static void orthonormalise(const vectors *m) {
    for (int64_t a = 0; a < m->count; a++) {
        for (int64_t k = 0; k < 2 * a; k++) {
            const int64_t b = k % a;
            const double share = dot(m, a, b);
            for (int64_t i = 0; i < m->length; i++)
                m->w[a * m->next + i * m->step] -=
                    (float)(share * (double)m->w[b * m->next + i * m->step]);
        }
        const double norm = sqrt(dot(m, a, a));
        for (int64_t i = 0; i < m->length; i++)
            m->w[a * m->next + i * m->step] /= norm > 0 ? (float)norm : 1;
    }
}

static void draw_orthogonal(const fv_shape *shape, int64_t count, fv_key key, float *w) {
    const int64_t rows = shape->dim[0], columns = count / rows;
    for (int64_t i = 0; i < count; i++) w[i] = (float)fv__random_normal(key, (uint64_t)i);
    const vectors m = rows <= columns ? (vectors){w, rows, columns, columns, 1}
                                      : (vectors){w, columns, rows, 1, columns};
    orthonormalise(&m);
}

static double deviation_of(const fv_recipe *start, double in) {
    return start->init == FV_NORMAL ? start->deviation
                                    : sqrt((start->init == FV_HE ? 2.0 : 1.0) / in);
}

static void draw(const fv_param_spec *spec, int64_t count, const fv_recipe *start, fv_key key,
                 float *w) {
    const int init = start->init;
    const double in = spec->fan_in > 0 ? (double)spec->fan_in : 1;
    const double both = in + (spec->fan_out > 0 ? (double)spec->fan_out : 1);
    if ((init == FV_ORTHOGONAL || init == FV_LSUV) && count > 0) {
        draw_orthogonal(&spec->shape, count, key, w);
    } else if (init == FV_XAVIER) {
        const double a = sqrt(6.0 / both);
        for (int64_t i = 0; i < count; i++)
            w[i] = (float)(a * (2.0 * fv__random_unit(key, (uint64_t)i) - 1.0));
    } else {
        const double deviation = deviation_of(start, in);
        for (int64_t i = 0; i < count; i++)
            w[i] = (float)(deviation * fv__random_normal(key, (uint64_t)i));
    }
}

/* A tent over a side of the kernel, 1 at its middle: what bilinear interpolation to twice (kernel 3
   or 4), three times (5 or 6) … the size weighs a pixel with. */
static double tent(int64_t at, int64_t side) {
    const double factor = (double)((side + 1) / 2);
    const double middle = side % 2 == 1 ? factor - 1 : factor - 0.5;
    return 1 - fabs((double)at - middle) / factor;
}

/* Filters that enlarge every map by itself: Long, Shelhamer & Darrell 2015, section 4.3. */
static void interpolate(const fv_shape *s, float *w) {
    const int64_t group = s->dim[1], wide = s->dim[s->rank - 1];
    const int64_t high = fv__shape_sample(s) / group / wide;
    for (int64_t c = 0; c < s->dim[0]; c++)
        for (int64_t h = 0; h < high; h++)
            for (int64_t v = 0; v < wide; v++) {
                const int64_t plane = c * group + c % group;
                w[(plane * high + h) * wide + v] = (float)(tent(h, high) * tent(v, wide));
            }
}

/* Whether a bias is that of a layer whose biases start at 1. */
static bool starts_at_one(const fv_graph *net, const fv_param *param, const char *ones) {
    return param->spec.bias && !param->spec.norm && fv__layers_name(net, ones, param->node);
}

void fv__net_start(const fv_graph *net, const fv_recipe *start, uint64_t seed, float *block) {
    memset(block, 0, sizeof *block * (size_t)net->param_elements);
    for (size_t p = 0; p < net->param_count; p++) {
        const fv_param *param = &net->params[p];
        const fv_init init = param->spec.init;
        float *w = block + param->offset;
        if (init == FV_INIT_WEIGHT)
            draw(&param->spec, param->count, start, fv__key(seed, FV_STREAM_INIT, p, 0), w);
        else if (init == FV_INIT_BILINEAR)
            interpolate(&param->spec.shape, w);
        else if (init == FV_INIT_ONE || starts_at_one(net, param, start->ones))
            for (int64_t i = 0; i < param->count; i++) w[i] = 1;
        else if (init == FV_INIT_VALUE)
            for (int64_t i = 0; i < param->count; i++) w[i] = (float)param->spec.value;
    }
}

void fv__net_initialise(const fv_graph *net, int init, uint64_t seed, float *block) {
    fv_recipe start;
    fv__recipe_defaults(&start);
    start.init = init;
    fv__net_start(net, &start, seed, block);
}

static bool has_bias(const fv_graph *net, const fv_node *node) {
    for (int k = 0; k < node->params; k++) {
        const fv_param_spec *spec = &net->params[node->param[k]].spec;
        if (spec->bias && !spec->norm) return true;
    }
    return false;
}

fv_status fv__net_check_start(fv_context *ctx, const fv_graph *net, const fv_recipe *start) {
    static const fv_layers_wish wish = {"ones", has_bias, "has no bias"};
    bool *named = fv__alloc(ctx, (net->node_count + 1) * sizeof *named, "names of layers");
    if (!named) return FV_EXHAUSTED;
    const fv_status status = fv__layers_named(ctx, net, &wish, start->ones, named);
    fv__free(named);
    return status;
}
