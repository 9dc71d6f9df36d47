/* SPDX-License-Identifier: MIT */
/*
 * preview_figure.c - the pictures of a batch, as an eye takes them: what the input's line did to
 * their values is undone, what it did to their place and size stays.
 */
#include "look/feature_images.h"
#include "train/preview.h"

/* Sample i as bytes, planes in the order of the screen. */
static const uint8_t *picture(const fv_preview *p, fv_arena *arena, int64_t i) {
    const fv_input *in = &p->input;
    const int64_t plane = in->height * in->width;
    const float *x = p->x + i * in->channels * plane;
    uint8_t *out = fv__arena_alloc(arena, (size_t)(in->channels * plane));
    for (int64_t k = 0; out && k < in->channels; k++) {
        const int64_t c = in->channels == 3 && in->order == 1 ? 2 - k : k;
        for (int64_t at = 0; at < plane; at++)
            out[k * plane + at] = fv__input_pixel(in, c, x[c * plane + at]);
    }
    return out;
}

/* "rose", "7"; "" for a sample without a class. */
static const char *class_of(fv_arena *arena, const fv_preview_sample *s) {
    if (s->name) return s->name;
    return s->label < 0 ? "" : fv__arena_format(arena, "%d", s->label);
}

/* Of a mixed one both classes, the larger share first: "roses, 79 %", and below "daisy, 21 %". One
   of which less than half a hundredth is seen is not named. */
static const char *caption(const fv_preview *p, fv_arena *arena, int64_t i) {
    const fv_preview_sample s = fv__preview_at(p, i);
    if (s.other < 0) return class_of(arena, &s);
    const fv_preview_sample other = fv__preview_at(p, s.other);
    const bool first = s.keep >= 0.5;
    const char *most = class_of(arena, first ? &s : &other);
    const char *least = class_of(arena, first ? &other : &s);
    const int share = (int)(100 * (first ? s.keep : 1 - s.keep) + 0.5);
    if (!most || !least || share == 100 || s.label == other.label) return most;
    return fv__arena_format(arena, "%s, %d %%\n%s, %d %%", most, share, least, 100 - share);
}

static fv_status draw(fv_context *ctx, const fv_preview *p, fv_arena *arena, fv_canvas *out) {
    const fv_preview_facts *f = &p->facts;
    const uint8_t **images = fv__arena_alloc(arena, (size_t)f->count * sizeof *images);
    const char **captions = fv__arena_alloc(arena, (size_t)f->count * sizeof *captions);
    const char *title =
        fv__arena_format(arena, "%s, epoch %lld, batch %lld of %lld", f->data, (long long)f->epoch,
                         (long long)f->step, (long long)f->steps);
    if (!images || !captions || !title) return FV_EXHAUSTED;
    for (int64_t i = 0; i < f->count; i++) {
        images[i] = picture(p, arena, i);
        captions[i] = caption(p, arena, i);
        if (!images[i] || !captions[i]) return FV_EXHAUSTED;
    }
    const fv_gallery gallery = {.title = title,
                                .images = images,
                                .count = f->count,
                                .channels = f->channels,
                                .h = f->height,
                                .w = f->width,
                                .captions = captions};
    return fv__draw_gallery(ctx, &gallery, out);
}

fv_status fv__preview_draw(fv_context *ctx, const fv_preview *p, fv_canvas *out) {
    fv_arena arena;
    if (p->input.channels != 1 && p->input.channels != 3)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "an input of %lld channels is no picture; it takes 1 or 3",
                        (long long)p->input.channels);
    fv__arena_init(&arena, ctx);
    const fv_status status = draw(ctx, p, &arena, out);
    fv__arena_free(&arena);
    return status;
}
