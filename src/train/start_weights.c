/* SPDX-License-Identifier: MIT */
/*
 * start_weights.c - the weights that a run begins with: fresh ones from the seed, or those of a
 * file (training further, fine-tuning). The run remembers which, since one that was killed before
 * its first checkpoint begins with them again.
 */
#include "format/open_model.h"
#include "train/run.h"
#include <stdio.h>
#include <string.h>

/* Of the numbers themselves: the same in whichever type and order a file holds them. */
static void checksum(const fv_model *model, char out[24]) {
    uint64_t hash = FV_FNV_START;
    for (size_t i = 0; i < model->net->param_count; i++) {
        const fv_param *p = &model->net->params[i];
        hash = fv__fnv64(hash, model->weights + p->offset, (size_t)p->count * sizeof(float));
    }
    snprintf(out, 24, "%016llx", (unsigned long long)hash);
}

static fv_status from_file(fv_context *ctx, fv_train_job *job) {
    FV_TRY(fv__weights_read(ctx, job->model, job->weights));
    if (fv__model_check_finite(ctx, job->model) != FV_OK)
        return fv__fail_in(ctx, "%s: ", job->weights);
    char now[24];
    checksum(job->model, now);
    if (job->weights_checksum && strcmp(job->weights_checksum, now) != 0)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "the weights in %s are not those that this run began with (checksum %s, "
                        "then %s); put the old file back, or start a new run",
                        job->weights, now, job->weights_checksum);
    job->weights_checksum = fv__arena_text(&job->arena, now);
    return job->weights_checksum ? FV_OK : FV_EXHAUSTED;
}

fv_status fv__train_model(fv_context *ctx, fv_train_job *job, fv_net *net) {
    if (!job->weights) return fv__model_new(ctx, net, (uint64_t)job->recipe.seed, &job->model);
    FV_TRY(fv__model_bare(ctx, net, &job->model));
    return from_file(ctx, job);
}
