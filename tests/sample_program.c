/* SPDX-License-Identifier: MIT */
/*
 * sample_program.c - samples made by rule, and wrongly on request (sample_program.h).
 */
#include "sample_program.h"
#include <string.h>
#include <time.h>

static void lie(program *p, fv_sample *s) {
    static const int32_t beyond = 7;
    switch (p->lie) {
    case 1:
        s->image.data = NULL;
        break;
    case 2:
        s->image.width = 0;
        break;
    case 3:
        s->image.width++;
        break;
    case 4:
        s->image.dtype = p->dtype == FV_U8 ? FV_F32 : FV_U8;
        break;
    case 5:
        s->targets--;
        break;
    case 6:
        s->target[0].kind = FV_TARGET_MAP;
        break;
    case 7:
        s->target[0].data = &beyond;
        break;
    case 8:
        s->target[1].shape.dim[0]++;
        break;
    case 9:
        s->target[1].dtype = FV_F64;
        break;
    case 10:
        s->target[2].shape.dim[0] = 2;
        break;
    case 11:
        s->target[2].data = NULL;
        break;
    default:
        break;
    }
}

static void *fill_image(fv_arena *scratch, const program *p, int64_t i, int64_t h, int64_t w) {
    size_t n = (size_t)(h * w * p->channels);
    uint8_t *bytes = fv__arena_alloc(scratch, n);
    float *floats = fv__arena_alloc(scratch, n * sizeof(float));
    for (int64_t k = 0; bytes && floats && k < (int64_t)n; k++) {
        int64_t at = k % (h * w);
        bytes[k] = (uint8_t)(10 * (at / w) + at % w + i + k / (h * w) * 50);
        floats[k] = (float)bytes[k] / 64 - 1;
    }
    if (!bytes || !floats) return NULL;
    return p->dtype == FV_U8 ? (void *)bytes : (void *)floats;
}

static fv_status sample(fv_context *own, void *user, int64_t i, fv_arena *scratch, fv_sample *out) {
    program *p = user;
    int inside = atomic_fetch_add(&p->inside, 1) + 1;
    if (inside > p->most_inside) p->most_inside = inside;
    atomic_fetch_add(&p->calls, 1);
    if (p->slow) nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL);
    int64_t h = p->height ? p->height : 4 + i % 3, w = p->width ? p->width : 5 + i % 2;
    void *image = fill_image(scratch, p, i, h, w);
    int32_t *class = fv__arena_alloc(scratch, sizeof *class);
    uint8_t *map = fv__arena_alloc(scratch, (size_t)(h * w));
    float *vector = fv__arena_alloc(scratch, 3 * sizeof *vector);
    atomic_fetch_sub(&p->inside, 1);
    if (!image || !class || !map || !vector) return FV_EXHAUSTED;
    *class = (int32_t)(i % 7);
    for (int64_t k = 0; k < h * w; k++) map[k] = (uint8_t)((10 * (k / w) + k % w + i) % 7);
    for (int k = 0; k < 3; k++) vector[k] = (float)i + (float)k / 4;
    out->image = (fv_image_view){image, p->dtype, w, h, p->channels, w, 1, h * w};
    out->targets = 3;
    out->target[0] = (fv_target){FV_TARGET_CLASS, FV_I32, {0}, class};
    out->target[1] = (fv_target){FV_TARGET_MAP, FV_U8, fv__shape2(h, w), map};
    out->target[2] = (fv_target){FV_TARGET_VECTOR, FV_F32, fv__shape1(3), vector};
    if (i == 5) lie(p, out);
    if (p->lie > LIES && i == 5) return fv__fail(own, FV_FAILED, "the camera is off");
    return FV_OK;
}

static void closed(void *user) {
    ((program *)user)->closed++;
}

fv_sample_source program_source(program *p) {
    return (fv_sample_source){
        .name = "mine",
        .count = 30,
        .target = {{FV_TARGET_CLASS, 0}, {FV_TARGET_MAP, 0}, {FV_TARGET_VECTOR, 3}},
        .targets = 3,
        .classes = 7,
        .dtype = p->dtype,
        .channels = p->height ? p->channels : 0,
        .height = p->height,
        .width = p->width,
        .sample = sample,
        .close = closed,
        .user = p};
}

fv_status program_fill(fv_context *own, const fv_dataset *set, const fv_input *in,
                       const fv_augment *augment, buffers *b) {
    const fv_batch_target targets[] = {
        {.index = 2, .data = b->vector},
        {.index = 1, .ignored = PROGRAM_IGNORED, .data = b->map},
        {.index = 0, .data = b->class},
    };
    memset(b, 0x55, sizeof *b);
    return fv__batch_fill(own, set, in, &(fv_batch){.n = 30, .augment = augment, .seed = 3}, b->x,
                          targets, 3);
}
