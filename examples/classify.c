/* SPDX-License-Identifier: MIT */
/* classify.c - says what is in an image: classify MODEL IMAGE */
#include <fovea.h>
#include <stdio.h>

int main(int argc, char **argv) {
    fv_context *ctx = NULL;
    fv_model *model = NULL;
    fv_run *run = NULL;
    if (argc != 3) {
        fprintf(stderr, "usage: classify MODEL IMAGE\n");
        return FV_USAGE;
    }
    fv_status status = fv_context_new(0, &ctx);
    if (!status) status = fv_model_load(ctx, argv[1], &model);
    if (!status) status = fv_run_new(ctx, model, 1, &run);
    if (!status) status = fv_model_read_image(ctx, model, argv[2], fv_run_input(run));
    if (!status) status = fv_run_forward(run, 1);
    if (status) {
        fprintf(stderr, "classify: %s\n", fv_context_error(ctx));
    } else {
        int64_t count, best[5];
        char name[64];
        const float *scores = fv_run_output(run, 0, &count);
        int64_t shown = fv_best(scores, count, 5, best);
        for (int64_t i = 0; i < shown; i++)
            printf("%6.2f %%  %s\n", 100.0 * scores[best[i]],
                   fv_model_class(model, best[i], name, sizeof name));
    }
    fv_run_free(run);
    fv_model_free(model);
    fv_context_free(ctx);
    return (int)status;
}
