/* SPDX-License-Identifier: MIT */
/*
 * dataset_source.c - public: data sets whose samples the program gives.
 *
 * The program's function fills a public sample, whose memory is its own until its next call; here
 * it becomes the data room's sample, copied.
 */
#include "api/given.h"
#include "data/data.h"
#include <string.h>

static void *copy(fv_arena *arena, const void *data, size_t bytes) {
    void *to = fv__arena_alloc(arena, bytes);
    if (to) memcpy(to, data, bytes);
    return to;
}

static fv_status take_image(const fv_sample_view *given, fv_arena *scratch, fv_image_view *out) {
    const void *data = given->values ? (const void *)given->values : given->pixels;
    const int64_t c = given->channels, h = given->height, w = given->width;
    const bool mixed = !given->values && given->interleaved;
    int64_t count;
    *out = (fv_image_view){.dtype = given->values ? FV_F32 : FV_U8,
                           .width = w,
                           .height = h,
                           .channels = (int)c,
                           .row = mixed ? w * c : w,
                           .column = mixed ? c : 1,
                           .plane = mixed ? 1 : h * w};
    if (!data || c < 1 || c > 1024 || !fv__mul_i64(h, w, &count) ||
        !fv__mul_i64(count, c, &count) || count < 1)
        return fv__fail(scratch->ctx, FV_USAGE,
                        "a sample has an image: `pixels` or `values`, and its channels, height and "
                        "width");
    out->data = copy(scratch, data, (size_t)count * fv__dtype_bytes(out->dtype));
    return out->data ? FV_OK : FV_EXHAUSTED;
}

/* A class of which only the label was given. */
static fv_status take_label(const fv_sample_view *given, fv_arena *scratch, fv_target *out) {
    *out = (fv_target){.kind = FV_TARGET_CLASS, .dtype = FV_I32};
    out->data = copy(scratch, &given->label, sizeof given->label);
    return out->data ? FV_OK : FV_EXHAUSTED;
}

static fv_status take_target(const fv_sample_view *given, int i, fv_arena *scratch,
                             fv_target *out) {
    const fv_target_view *t = &given->targets[i];
    if (t->kind == FV_TARGET_CLASS && !t->data) return take_label(given, scratch, out);
    *out = (fv_target){.kind = t->kind,
                       .dtype = t->kind == FV_TARGET_VECTOR ? FV_F32 : FV_I32,
                       .shape.rank = t->rank};
    if (t->rank < 0 || t->rank > 2 || !t->data)
        return fv__fail(scratch->ctx, FV_USAGE, "target %d of a sample has no data or no shape", i);
    memcpy(out->shape.dim, t->dims, (size_t)t->rank * sizeof *t->dims);
    const int64_t count = t->rank ? fv__shape_count(&out->shape) : 1;
    if (count < 1) return fv__fail(scratch->ctx, FV_USAGE, "target %d of a sample is empty", i);
    out->data = copy(scratch, t->data, (size_t)count * fv__dtype_bytes(out->dtype));
    return out->data ? FV_OK : FV_EXHAUSTED;
}

static fv_status sample(fv_context *ctx, void *user, int64_t i, fv_arena *scratch, fv_sample *out) {
    const fv_dataset_source *source = user;
    fv_sample_view given = FV_INIT(fv_sample_view);
    FV_TRY(source->sample(source->user, ctx, i, &given));
    if (given.file && !(out->file = fv__arena_text(scratch, given.file))) return FV_EXHAUSTED;
    FV_TRY(take_image(&given, scratch, &out->image));
    const int count = source->target_count ? given.target_count : 0;
    if (count < 0 || count > FV_TARGETS_MAX)
        return fv__fail(ctx, FV_USAGE, "a sample has at most %d targets, not %d", FV_TARGETS_MAX,
                        count);
    out->targets = source->target_count ? count : 1;
    if (!source->target_count) return take_label(&given, scratch, &out->target[0]);
    for (int k = 0; k < count; k++) FV_TRY(take_target(&given, k, scratch, &out->target[k]));
    return FV_OK;
}

static void close_source(void *user) {
    fv_dataset_source *source = user;
    if (source->close) source->close(source->user);
    fv__free(source);
}

static fv_status open_source(fv_context *ctx, fv_dataset_source *own, fv_dataset *set) {
    fv_sample_source s = {.name = own->name ? own->name : "samples",
                          .count = own->count,
                          .targets = own->target_count ? own->target_count : 1,
                          .classes = own->classes,
                          .class_names = own->class_names,
                          .dtype = own->values ? FV_F32 : FV_U8,
                          .channels = own->height ? own->channels : 0,
                          .height = own->height,
                          .width = own->width,
                          .serial = own->serial,
                          .sample = sample,
                          .close = close_source,
                          .user = own};
    s.target[0].kind = FV_TARGET_CLASS;
    if (own->target_count < 0 || own->target_count > FV_TARGETS_MAX)
        return fv__fail(ctx, FV_USAGE, "a data set offers at most %d targets, not %d",
                        FV_TARGETS_MAX, own->target_count);
    for (int i = 0; i < own->target_count; i++)
        s.target[i] = (fv_target_offer){own->targets[i].kind, own->targets[i].dims[0]};
    return fv__dataset_from(ctx, &s, set);
}

fv_status fv_dataset_new(fv_context *ctx, const fv_dataset_source *source, fv_dataset **out) {
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, source);
    fv_dataset *set = fv__alloc(ctx, sizeof *set, "a data set");
    fv_dataset_source *own = fv__alloc(ctx, sizeof *own, "a data set");
    fv_status status = set && own ? FV_OK : FV_EXHAUSTED;
    if (status == FV_OK) status = fv__take_struct(ctx, __func__, source, own, sizeof *own);
    if (status == FV_OK) status = fv__check_given(ctx, __func__, "sample", (void *)own->sample);
    if (status == FV_OK) status = open_source(ctx, own, set);
    if (status == FV_OK) {
        *out = set;
        return FV_OK;
    }
    fv__free(set);
    fv__free(own);
    return status;
}
