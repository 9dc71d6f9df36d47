/* SPDX-License-Identifier: MIT */
/*
 * run_folder.c - the folder of a run: made at once or not at all.
 */
#include "base/cpu_features.h"
#include "train/run.h"
#include <stdio.h>
#include <string.h>

char *fv__train_path(fv_train_job *job, const char *file) {
    return fv__path_in(&job->arena, job->folder, file);
}

/* Removes what there is of a folder, keeping the message; what cannot be removed is left. */
static void tidy_up(fv_context *ctx, fv_train_job *job, const char *temporary) {
    const fv_context kept = *ctx;
    static const char *const files[] = {FV_RUN_RECORD, "checkpoint.safetensors"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char *path = fv__path_in(&job->arena, temporary, files[i]);
        if (path) (void)!fv__file_remove(ctx, path);
    }
    (void)!fv__file_remove(ctx, temporary);
    memcpy(ctx->message, kept.message, sizeof kept.message);
    ctx->status = kept.status;
}

/* The message speaks of the folder that was wanted, not of the temporary one. */
static fv_status name_folder(fv_context *ctx, const char *temporary, const char *folder) {
    const char *at = strstr(ctx->message, temporary);
    if (!at) return ctx->status;
    return fv__fail(ctx, ctx->status, "%.*s%s%s", (int)(at - ctx->message), ctx->message, folder,
                    at + strlen(temporary));
}

/* What makes a folder that of a run. The weights of a program's model are in no file: a run that
   begins with them has a checkpoint from the start. */
static fv_status fill(fv_context *ctx, fv_train_job *job, char *temporary) {
    char *folder = job->folder;
    FV_TRY(fv__run_record_write(ctx, job, temporary));
    if (!job->weights_checksum || job->weights) return FV_OK;
    job->folder = temporary;
    const fv_status status = fv__checkpoint_save(ctx, job);
    job->folder = folder;
    return status;
}

/* Makes `folder` appear with all that resuming needs in it, in one rename. */
static fv_status appear(fv_context *ctx, fv_train_job *job, const char *folder) {
    char *temporary = fv__arena_format(&job->arena, "%s.new-%llx", folder,
                                       (unsigned long long)(fv__seconds() * 1e9));
    if (!temporary) return FV_EXHAUSTED;
    if (fv__file_exists(folder))
        return fv__fail(ctx, FV_FAILED,
                        "cannot make the folder %s: a file of that name is there; name another "
                        "folder with --out DIR",
                        folder);
    fv_status status = fv__folder_make(ctx, temporary);
    if (status != FV_OK) return name_folder(ctx, temporary, folder);
    status = fill(ctx, job, temporary);
    if (status == FV_OK && fv__file_rename(ctx, temporary, folder) != FV_OK)
        status = fv__folder_exists(folder)
                     ? fv__fail(ctx, FV_FAILED,
                                "the folder %s is there already, and it is not a run's; name "
                                "another folder with --out DIR",
                                folder)
                     : ctx->status;
    if (status != FV_OK) tidy_up(ctx, job, temporary);
    return status == FV_OK ? FV_OK : name_folder(ctx, temporary, folder);
}

fv_status fv__run_folder(fv_context *ctx, fv_train_job *job, const char *wanted) {
    if (wanted) {
        job->folder = fv__arena_text(&job->arena, wanted);
        if (!job->folder) return FV_EXHAUSTED;
        for (size_t n = strlen(wanted); n > 1 && job->folder[n - 1] == '/'; n--)
            job->folder[n - 1] = '\0'; /* runs/mine/ is runs/mine */
        char *description = fv__train_path(job, FV_RUN_RECORD);
        if (!description) return FV_EXHAUSTED;
        if (fv__file_exists(description))
            return fv__fail(ctx, FV_BAD_INPUT,
                            "%s already holds a run; go on with it: fovea resume %s, or name "
                            "another folder",
                            wanted, wanted);
        return appear(ctx, job, job->folder);
    }
    for (int n = 1; n < 1000000; n++) {
        job->folder = fv__arena_format(&job->arena, "runs/%s-%d", job->model->net.graph->name, n);
        if (!job->folder) return FV_EXHAUSTED;
        if (fv__folder_exists(job->folder) || fv__file_exists(job->folder)) continue;
        const fv_status status = appear(ctx, job, job->folder);
        /* another process may have taken the name meanwhile */
        if (status == FV_OK || !fv__folder_exists(job->folder)) return status;
    }
    return fv__fail(ctx, FV_FAILED, "runs/ is full; name a folder with --out DIR");
}
