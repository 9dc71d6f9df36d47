/* SPDX-License-Identifier: MIT */
/*
 * swish.c - a layer of one's own: y = x * sigmoid(beta * x), with its gradient (Ramachandran, Zoph
 * & Le 2017). The network language knows it from then on; the gradient check says whether backward
 * is right; then a network learns with it.
 */
#include "shapes.h"
#include <fovea.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>

enum { BATCH = 32, STEPS = 200 };

static const char network[] = "net swishes\n"
                              "input 1x16x16 scale 1/255 mean 0.3 std 0.3\n"
                              "    conv 8 3x3 pad 1 - swish - maxpool 2\n"
                              "  - conv 16 3x3 pad 1 - swish 1.5 - maxpool 2\n"
                              "  - fc 3 - softmax\n";

/* -------------------------------------------------------------------------------- the layer --- */

typedef struct swish_options {
    double beta;
} swish_options;

static const fv_option_field fields[] = {{.name = "beta",
                                          .help = "how steep: 0 is x/2, much is relu",
                                          .kind = FV_OPTION_REAL,
                                          .offset = offsetof(swish_options, beta),
                                          .initial = "1",
                                          .min = 0,
                                          .max = 100,
                                          .positional = 1},
                                         {.name = NULL}};

/* How many numbers a sample has. */
static int64_t count_of(const fv_dims *d) {
    int64_t count = 1;
    for (int i = 1; i < d->rank; i++) count *= d->dim[i];
    return count;
}

/* Numbers are float in use, and double when gradients are checked: the same text for both. */
#define LOOPS(real, name_forward, name_backward)                                                   \
    static void name_forward(const fv_operator_pass *p, double beta) {                             \
        int64_t count = count_of(&p->y->dims);                                                     \
        for (int64_t n = 0; n < p->y->dims.dim[0]; n++) {                                          \
            const real *x = (const real *)p->x->data + n * p->x->step;                             \
            real *y = (real *)p->y->data + n * p->y->step;                                         \
            for (int64_t i = 0; i < count; i++)                                                    \
                y[i] = (real)((double)x[i] / (1 + exp(-beta * (double)x[i])));                     \
        }                                                                                          \
    }                                                                                              \
    static void name_backward(const fv_operator_pass *p, double beta) {                            \
        int64_t count = count_of(&p->x->dims);                                                     \
        for (int64_t n = 0; n < p->x->dims.dim[0]; n++) {                                          \
            const real *x = (const real *)p->x->data + n * p->x->step;                             \
            const real *dy = (const real *)p->dy->data + n * p->dy->step;                          \
            real *dx = (real *)p->dx->data + n * p->dx->step;                                      \
            for (int64_t i = 0; i < count; i++) {                                                  \
                double s = 1 / (1 + exp(-beta * (double)x[i]));                                    \
                dx[i] += (real)((double)dy[i] * (s + beta * (double)x[i] * s * (1 - s)));          \
            }                                                                                      \
        }                                                                                          \
    }
LOOPS(float, forward_float, backward_float)
LOOPS(double, forward_double, backward_double)

static void forward(const fv_operator_pass *p) {
    const swish_options *o = p->options;
    p->real64 ? forward_double(p, o->beta) : forward_float(p, o->beta);
}

static void backward(const fv_operator_pass *p) {
    const swish_options *o = p->options;
    if (!p->dx->data) return; /* nobody wants it: x is the image */
    p->real64 ? backward_double(p, o->beta) : backward_float(p, o->beta);
}

static fv_status add_swish(fv_context *ctx) {
    fv_operator swish = FV_INIT(fv_operator);
    swish.name = "swish";
    swish.help = "x * sigmoid(beta * x)";
    swish.reads = FV_READS_X;
    swish.options = fields;
    swish.options_size = sizeof(swish_options);
    swish.forward = forward;
    swish.backward = backward;
    return fv_context_add_operator(ctx, &swish);
}

/* ----------------------------------------------------------------------------------- its use ---
 */

static fv_status check(fv_context *ctx, const fv_net *net) {
    fv_check *result = NULL;
    fv_status status = fv_check_gradients(ctx, net, NULL, &result);
    if (!status) printf("gradients agree to %.1e\n", result->worst);
    fv_check_free(result);
    return status;
}

static fv_status train(fv_context *ctx, fv_model *model) {
    static float x[BATCH * SHAPE_PIXELS];
    int32_t labels[BATCH];
    uint64_t state = 20;
    double loss = 0;
    fv_trainer *trainer;
    fv_status status = fv_trainer_new(ctx, model, "lr=0.02 momentum=0.9 batch=32", &trainer);
    for (int step = 1; !status && step <= STEPS; step++) {
        for (int i = 0; !status && i < BATCH; i++) {
            uint8_t pixels[SHAPE_PIXELS];
            labels[i] = draw_shape(&state, pixels);
            status = fv_model_take_pixels(ctx, model, pixels, SHAPE_SIDE, SHAPE_SIDE, 1,
                                          x + (size_t)i * SHAPE_PIXELS);
        }
        if (!status) status = fv_trainer_step(trainer, x, labels, BATCH, &loss);
        if (!status && step % 50 == 0) printf("step %d: loss %.4f\n", step, loss);
    }
    fv_trainer_free(trainer);
    return status;
}

int main(int argc, char **argv) {
    fv_context *ctx = NULL;
    fv_model *model = NULL, *again = NULL;
    if (argc != 2) {
        fprintf(stderr, "usage: swish MODEL\n");
        return FV_USAGE;
    }
    fv_status status = fv_context_new(0, &ctx);
    if (!status) status = add_swish(ctx);
    if (!status) status = fv_model_parse(ctx, network, NULL, 1, &model);
    if (!status) status = check(ctx, fv_model_net(model));
    if (!status) status = train(ctx, model);
    if (!status) status = fv_model_save(ctx, model, argv[1]);
    if (!status) status = fv_model_load(ctx, argv[1], &again); /* this context knows swish */
    if (status)
        fprintf(stderr, "swish: %s\n", fv_context_error(ctx));
    else
        printf("%s holds the model\n", argv[1]);
    fv_model_free(again);
    fv_model_free(model);
    fv_context_free(ctx);
    return (int)status;
}
