/* SPDX-License-Identifier: MIT */
/*
 * step_log.c - rows of steps, appended to steps.csv before each checkpoint.
 */
#include "train/step_log.h"
#include "train/run.h"
#include <string.h>

#define HEADER "step,epoch,lr,loss\n"

void fv__step_log_add(fv_train_job *job, double lr, double loss) {
    fv__text_addf(&job->step_log.rows, "%lld,%lld,%.6g,%.6g\n", (long long)job->at.steps,
                  (long long)job->at.epoch + 1, lr, loss);
}

void fv__step_log_free(fv_step_log *log) {
    fv__text_free(&log->rows);
}

/* The number that a row begins with; -1: it is none. */
static int64_t step_of(const char *row, size_t length) {
    int64_t step = 0;
    size_t i = 0;
    for (; i < length && row[i] >= '0' && row[i] <= '9' && step < INT64_MAX / 16; i++)
        step = 10 * step + (row[i] - '0');
    return i > 0 && i < length && row[i] == ',' ? step : -1;
}

/* How many bytes of the file are of steps up to `last`: whole rows, in their order. */
static size_t kept_of(const char *text, size_t size, int64_t last) {
    const size_t header = strlen(HEADER);
    if (size < header || memcmp(text, HEADER, header) != 0) return 0;
    size_t at = header;
    while (at < size) {
        const char *end = memchr(text + at, '\n', size - at);
        if (!end) break; /* torn */
        const size_t next = (size_t)(end - text) + 1;
        const int64_t step = step_of(text + at, next - at);
        if (step < 1 || step > last) break;
        at = next;
    }
    return at;
}

/* A new file, or what there is of it up to `last`. */
static fv_status begin(fv_context *ctx, const char *path, int64_t last) {
    fv_bytes file = {0};
    if (last == 0 || !fv__file_exists(path))
        return fv__file_write(ctx, path, HEADER, strlen(HEADER));
    FV_TRY(fv__file_read(ctx, path, 0, &file));
    const size_t kept = kept_of((const char *)file.data, file.size, last);
    fv_status status = FV_OK;
    if (kept == 0)
        status = fv__file_write(ctx, path, HEADER, strlen(HEADER));
    else if (kept < file.size)
        status = fv__file_write(ctx, path, file.data, kept);
    fv__file_release(&file);
    return status;
}

fv_status fv__step_log_write(fv_context *ctx, fv_train_job *job) {
    fv_step_log *log = &job->step_log;
    FV_TRY(fv__text_done(ctx, &log->rows));
    char *path = fv__train_path(job, "steps.csv");
    if (!path) return FV_EXHAUSTED;
    if (!log->continued) {
        const int64_t first =
            log->rows.length ? step_of(log->rows.data, log->rows.length) : job->at.steps + 1;
        FV_TRY(begin(ctx, path, first - 1));
        log->continued = true;
    }
    if (log->rows.length) FV_TRY(fv__file_append(ctx, path, log->rows.data, log->rows.length));
    fv__text_cut(&log->rows, 0);
    return FV_OK;
}
