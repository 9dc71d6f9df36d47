/* SPDX-License-Identifier: MIT */
/*
 * dataset_callback.c - a data set made of a program's own function.
 *
 * The rest of the library trusts a data set; here is where a program's samples earn that: sizes,
 * types and targets are checked against what was announced, classes against their number.
 */
#include "data/image_format.h"
#include "data/sets.h"
#include <stdio.h>

static const char *kind_name(fv_target_kind kind) {
    static const char *const names[] = {"none", "a class", "a map", "a vector"};
    return names[kind];
}

static fv_status check_image(fv_context *ctx, const fv_sample_source *s, const fv_image_view *v) {
    if (!v->data) return fv__fail(ctx, FV_USAGE, "it has no image");
    if (v->dtype != s->dtype)
        return fv__fail(ctx, FV_USAGE, "its image is of another type than was announced");
    if (s->channels &&
        (v->channels != s->channels || v->height != s->height || v->width != s->width))
        return fv__fail(ctx, FV_USAGE,
                        "its image is %dx%lldx%lld (channels x height x width), and "
                        "%lldx%lldx%lld were announced",
                        v->channels, (long long)v->height, (long long)v->width,
                        (long long)s->channels, (long long)s->height, (long long)s->width);
    if (v->channels < 1) return fv__fail(ctx, FV_USAGE, "its image has no channels");
    return fv__image_size(ctx, "its image", v->width, v->height);
}

static fv_status check_shape(fv_context *ctx, const fv_sample *sample, const fv_target_offer *offer,
                             const fv_target *t) {
    if (t->kind == FV_TARGET_VECTOR && (t->shape.rank != 1 || t->shape.dim[0] != offer->length))
        return fv__fail(ctx, FV_USAGE, "its vector does not have the %lld numbers announced",
                        (long long)offer->length);
    if (t->kind == FV_TARGET_MAP &&
        (t->shape.rank != 2 || t->shape.dim[0] != sample->image.height ||
         t->shape.dim[1] != sample->image.width))
        return fv__fail(ctx, FV_USAGE,
                        "its map is not as large as its image, %lldx%lld (height x width)",
                        (long long)sample->image.height, (long long)sample->image.width);
    return FV_OK;
}

static fv_status check_target(fv_context *ctx, const fv_sample_source *s, const fv_sample *sample,
                              int k) {
    const fv_target *t = &sample->target[k];
    const fv_target_offer *offer = &s->target[k];
    if (t->kind != offer->kind || !t->data)
        return fv__fail(ctx, FV_USAGE, "its target %d is not %s, as was announced", k,
                        kind_name(offer->kind));
    bool vector = t->kind == FV_TARGET_VECTOR;
    if (vector ? t->dtype != FV_F32 : t->dtype != FV_I32 && t->dtype != FV_U8)
        return fv__fail(ctx, FV_USAGE, "its target %d is of the wrong type: %s", k,
                        vector ? "a vector is float" : "classes are int32 or bytes");
    if (t->kind != FV_TARGET_CLASS) return check_shape(ctx, sample, offer, t);
    int32_t c = fv__sample_class(sample, k);
    if (c >= 0 && c < s->classes) return FV_OK;
    return fv__fail(ctx, FV_BAD_INPUT, "its class is %ld, and the classes are 0 to %lld", (long)c,
                    (long long)s->classes - 1);
}

static fv_status sample(fv_context *ctx, const fv_dataset *set, int64_t i, fv_arena *scratch,
                        fv_sample *out) {
    const fv_sample_source *s = set->state;
    *out = (fv_sample){0};
    FV_TRY(s->sample(ctx, s->user, i, scratch, out));
    fv_status status = check_image(ctx, s, &out->image);
    if (status == FV_OK && out->targets != s->targets)
        status = fv__fail(ctx, FV_USAGE, "it has %d targets, and %d were announced", out->targets,
                          s->targets);
    for (int k = 0; status == FV_OK && k < s->targets; k++) status = check_target(ctx, s, out, k);
    return status;
}

static void close_source(fv_dataset *set) {
    const fv_sample_source *s = set->state;
    if (s->close) s->close(s->user);
}

static bool sizes_announced(const fv_sample_source *s) {
    bool none = s->channels == 0 && s->height == 0 && s->width == 0;
    return none || (s->channels > 0 && s->height > 0 && s->width > 0);
}

static fv_status check_source(fv_context *ctx, const fv_sample_source *s) {
    if (!s->sample || s->count < 1 || s->count > UINT32_MAX)
        return fv__fail(ctx, FV_USAGE,
                        "data set %s: it needs a function and 1 to 4294967295 samples", s->name);
    if ((s->dtype != FV_U8 && s->dtype != FV_F32) || !sizes_announced(s))
        return fv__fail(ctx, FV_USAGE,
                        "data set %s: images are bytes or floats, and channels, height and width "
                        "are given together or not at all",
                        s->name);
    bool good = s->targets >= 0 && s->targets <= FV_TARGETS_MOST;
    for (int k = 0; good && k < s->targets; k++) {
        fv_target_kind kind = s->target[k].kind;
        good = kind == FV_TARGET_VECTOR ? s->target[k].length > 0
                                        : (kind == FV_TARGET_CLASS || kind == FV_TARGET_MAP) &&
                                              s->classes > 0 && s->classes <= INT32_MAX;
    }
    if (good) return FV_OK;
    return fv__fail(ctx, FV_USAGE,
                    "data set %s: it may offer up to %d targets: a class or a map of `classes` "
                    "classes, a vector of `length` numbers",
                    s->name, FV_TARGETS_MOST);
}

fv_status fv__dataset_from(fv_context *ctx, const fv_sample_source *source, fv_dataset *out) {
    *out = (fv_dataset){0};
    FV_TRY(check_source(ctx, source));
    void *memory;
    fv_status status = fv__set_alloc(ctx, out, sizeof *source, "a data set", &memory);
    if (status == FV_OK && source->class_names)
        status = fv__set_class_names(ctx, out, source->class_names, source->classes);
    if (status != FV_OK) {
        fv__dataset_close(out);
        return status;
    }
    fv_sample_source *s = memory;
    *s = *source;
    snprintf(out->name, sizeof out->name, "%s", s->name);
    s->name = out->name;
    s->class_names = out->class_names;
    for (int k = 0; k < s->targets; k++) out->target[k] = s->target[k];
    out->targets = s->targets;
    out->count = s->count;
    out->classes = s->classes;
    out->dtype = s->dtype;
    out->one_size = s->channels > 0;
    out->channels = s->channels;
    out->height = s->height;
    out->width = s->width;
    out->serial = s->serial;
    out->mutable = s->mutable;
    out->checksum = s->checksum;
    out->sample = sample;
    out->close = close_source;
    out->state = s;
    return FV_OK;
}
