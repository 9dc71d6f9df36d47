/* SPDX-License-Identifier: MIT */
/*
 * explain.c - what a network is made of, as a table: explain NETWORK [SETTING…]
 *
 *     explain lenet5
 *     explain my.net classes=10
 */
#include <fovea.h>
#include <stdio.h>
#include <string.h>

static void print_shape(const int64_t *dims, int rank) {
    char text[64] = "";
    int n = 0;
    for (int d = 0; d < rank; d++)
        n += snprintf(text + n, sizeof text - (size_t)n, d ? "x%lld" : "%lld", (long long)dims[d]);
    printf(" %-14s", text);
}

static void print(const fv_explanation *e) {
    printf("%-12s %-22s %-14s %10s %14s %9s\n", "layer", "what it is", "output", "weights",
           "multiplies", "sees");
    for (int i = 0; i < e->layer_count; i++) {
        const fv_layer *layer = e->layers[i];
        char what[64], sees[32];
        snprintf(what, sizeof what, "%s %s", layer->op, layer->options);
        snprintf(sees, sizeof sees, "%lldx%lld", (long long)layer->field_h,
                 (long long)layer->field_w);
        printf("%-12s %-22s", layer->name, what);
        print_shape(layer->output, layer->rank);
        printf(" %10lld %14lld %9s\n", (long long)(layer->weights + layer->biases),
               (long long)layer->macs, layer->sees_all ? "all" : sees);
        for (int k = 0; k < layer->misfit_count; k++)
            printf("%12s %s\n", "", layer->misfits[k]->words);
    }
    printf("\n%lld learned numbers, %lld multiply-accumulates per image\n",
           (long long)(e->weights + e->biases), (long long)e->macs);
    for (int i = 0; i < e->plan_count; i++)
        printf(
            "batch of %lld: %.1f MB to predict, %.1f MB to learn\n", (long long)e->plans[i]->batch,
            (double)(e->parameter_bytes + e->plans[i]->inference + e->plans[i]->inference_scratch) /
                1e6,
            (double)(e->parameter_bytes + e->gradient_bytes + e->optimizer_bytes +
                     e->plans[i]->training + e->plans[i]->training_scratch) /
                1e6);
}

int main(int argc, char **argv) {
    fv_context *ctx = NULL;
    fv_net *net = NULL;
    fv_explanation *explanation = NULL;
    char settings[1000] = "";
    if (argc < 2) {
        fprintf(stderr, "usage: explain NETWORK [SETTING...]\n");
        return FV_USAGE;
    }
    for (int i = 2; i < argc && strlen(settings) + strlen(argv[i]) + 2 < sizeof settings; i++)
        strcat(strcat(settings, argv[i]), " ");
    fv_status status = fv_context_new(0, &ctx);
    if (!status) status = fv_net_open(ctx, argv[1], settings, &net);
    if (!status) status = fv_explain(ctx, net, NULL, &explanation);
    if (status)
        fprintf(stderr, "explain: %s\n", fv_context_error(ctx));
    else
        print(explanation);
    fv_explanation_free(explanation);
    fv_net_free(net);
    fv_context_free(ctx);
    return (int)status;
}
