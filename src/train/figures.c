/* SPDX-License-Identifier: MIT */
/*
 * figures.c - figures of a training and of a data set, whatever the set is: each sample is fetched
 * by its number.
 */
#include "train/figures.h"
#include "data/resize.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CLASSES_SHOWN 20 /* columns of the sheet of samples */
#define SQUARE        96 /* pixels of a side for images of different sizes */

/* --- curves ------------------------------------------------------------------------------------
 */

fv_status fv__curves_of(fv_context *ctx, const fv_epoch *history, size_t n, fv_curves *out) {
    static const char *const titles[] = {"Loss", "Accuracy", "Learning rate", "Images a second"};
    static const char *const names[] = {"train", "test", "train", "test", "rate", "training"};
    static const int first[] = {0, 2, 4, 5, 6}; /* curve of each plot */
    double *y = out->y = fv__alloc(ctx, (6 * n + 1) * sizeof *y, "the curves");
    if (!y) return FV_EXHAUSTED;
    for (size_t e = 0; e < n; e++) {
        y[e] = history[e].train_loss;
        y[n + e] = history[e].test_loss;
        y[2 * n + e] = history[e].train_accuracy;
        y[3 * n + e] = history[e].test_accuracy;
        y[4 * n + e] = history[e].lr;
        y[5 * n + e] =
            history[e].images_per_second > 0 ? floor(history[e].images_per_second + 0.5) : NAN;
    }
    for (size_t c = 0; c < 6; c++) out->curve[c] = (fv_curve){.name = names[c], .y = y + c * n};
    for (size_t p = 0; p < 4; p++)
        out->plot[p] = (fv_plot){.title = titles[p],
                                 .x_label = "epoch",
                                 .n = (int64_t)n,
                                 .curves = &out->curve[first[p]],
                                 .curve_count = first[p + 1] - first[p],
                                 .percent = p == 1,
                                 .log_y = p == 2};
    return FV_OK;
}

/* --- images side by side ------------------------------------------------------------------------
 */

/* Bytes of gray or colour; of sets whose sizes differ each is fitted into a square. */
static bool stand_side_by_side(const fv_dataset *set) {
    if (!set->one_size) return set->dtype == FV_U8;
    return set->dtype == FV_U8 && (set->channels == 1 || set->channels == 3);
}

/* An image scaled so that its longer side is that of a square, in the middle of white. */
static fv_status fit(fv_context *ctx, const fv_image_view *v, uint8_t *out) {
    const int64_t longer = v->width > v->height ? v->width : v->height;
    const int64_t w = (v->width * SQUARE + longer - 1) / longer;
    const int64_t h = (v->height * SQUARE + longer - 1) / longer;
    const int64_t x0 = (SQUARE - w) / 2, y0 = (SQUARE - h) / 2;
    float plane[SQUARE * SQUARE];
    memset(out, 255, 3 * SQUARE * SQUARE);
    for (int c = 0; c < 3; c++) {
        const int from = v->channels < 3 ? 0 : c;
        if (!c || from) FV_TRY(fv__resize_plane(ctx, v, from, w, h, 0, 0, w, h, plane));
        for (int64_t i = 0; i < w * h; i++)
            out[(c * SQUARE + y0 + i / w) * SQUARE + x0 + i % w] = (uint8_t)(plane[i] + 0.5f);
    }
    return FV_OK;
}

static fv_status fetch_fitted(fv_arena *arena, const fv_dataset *set, int64_t i,
                              const uint8_t **out) {
    fv_sample sample;
    fv_arena scratch;
    uint8_t *to = fv__arena_alloc(arena, 3 * SQUARE * SQUARE);
    *out = to;
    if (!to) return FV_EXHAUSTED;
    fv__arena_init(&scratch, arena->ctx);
    fv_status status = fv__dataset_sample(arena->ctx, set, i, &scratch, &sample);
    if (status == FV_OK) status = fit(arena->ctx, &sample.image, to);
    fv__arena_free(&scratch);
    return status;
}

/* A sample's image as planes, into the arena. */
static fv_status fetch(fv_arena *arena, const fv_dataset *set, int64_t i, const uint8_t **out) {
    fv_sample sample;
    if (!set->one_size) return fetch_fitted(arena, set, i, out);
    FV_TRY(fv__dataset_sample(arena->ctx, set, i, arena, &sample));
    const fv_image_view *v = &sample.image;
    uint8_t *to = fv__arena_alloc(arena, (size_t)(set->channels * set->height * set->width));
    *out = to;
    if (!to) return FV_EXHAUSTED;
    for (int64_t c = 0; c < v->channels; c++)
        for (int64_t y = 0; y < v->height; y++)
            for (int64_t x = 0; x < v->width; x++)
                *to++ = ((const uint8_t *)v->data)[y * v->row + x * v->column + c * v->plane];
    return FV_OK;
}

/* Room for so many images with captions. */
static fv_status make_gallery(fv_arena *arena, const fv_dataset *set, int64_t count,
                              const uint8_t ***images, const char ***captions, fv_gallery *out) {
    *images = fv__arena_alloc(arena, (size_t)count * sizeof **images);
    *captions = fv__arena_alloc(arena, (size_t)count * sizeof **captions);
    if (!*images || !*captions) return FV_EXHAUSTED;
    *out = (fv_gallery){.images = *images,
                        .count = count,
                        .channels = set->one_size ? set->channels : 3,
                        .h = set->one_size ? set->height : SQUARE,
                        .w = set->one_size ? set->width : SQUARE,
                        .captions = *captions};
    return FV_OK;
}

/* --- mistakes ----------------------------------------------------------------------------------
 */

typedef struct mistake {
    int64_t index;
    float confidence;
} mistake;

/* The most confident first. */
static int by_confidence(const void *a, const void *b) {
    const mistake *x = a, *y = b;
    if (x->confidence != y->confidence) return x->confidence < y->confidence ? 1 : -1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static fv_status list_mistakes(fv_arena *arena, const fv_dataset *set, const fv_predictions *p,
                               mistake **list, int64_t *count) {
    *count = 0;
    for (int64_t i = 0; i < set->count; i++) *count += p->predicted[i] != p->labels[i];
    *list = fv__arena_alloc(arena, (size_t)*count * sizeof **list);
    if (!*list) return FV_EXHAUSTED;
    int64_t n = 0;
    for (int64_t i = 0; i < set->count; i++)
        if (p->predicted[i] != p->labels[i]) (*list)[n++] = (mistake){i, p->confidence[i]};
    qsort(*list, (size_t)n, sizeof **list, by_confidence);
    return FV_OK;
}

fv_status fv__mistakes_list(fv_arena *arena, const fv_dataset *set, const fv_predictions *p,
                            int64_t **which, int64_t *count) {
    mistake *list;
    FV_TRY(list_mistakes(arena, set, p, &list, count));
    *which = fv__arena_alloc(arena, (size_t)(*count + 1) * sizeof **which);
    if (!*which) return FV_EXHAUSTED;
    for (int64_t i = 0; i < *count; i++) (*which)[i] = list[i].index;
    return FV_OK;
}

#define CAPTION_MAX                                                                                \
    24 /* bytes of a file's name that fit below its picture, with newline and end                  \
        */

/* "\nrose_12.jpg", the end of a long name cut; "" where no file is behind it. */
static const char *file_line(const fv_dataset *set, int64_t i, char out[CAPTION_MAX]) {
    const char *file = fv__dataset_file(set, i);
    if (!file) return "";
    const char *slash = strrchr(file, '/'), *name = slash ? slash + 1 : file;
    size_t length = strlen(name) < CAPTION_MAX - 2 ? strlen(name) : CAPTION_MAX - 2;
    while (length > 0 && ((unsigned char)name[length] & 0xC0) == 0x80) length--; /* whole letters */
    out[0] = '\n';
    memcpy(out + 1, name, length);
    out[length + 1] = 0;
    return out;
}

fv_status fv__mistakes_of(fv_arena *arena, const fv_model *model, const fv_dataset *set,
                          const fv_predictions *p, int64_t most, fv_gallery *out) {
    mistake *list;
    int64_t count;
    const uint8_t **images;
    const char **captions;
    *out = (fv_gallery){0};
    FV_TRY(list_mistakes(arena, set, p, &list, &count));
    if (count > most) count = most;
    if (!stand_side_by_side(set) || !count) return FV_OK;
    FV_TRY(make_gallery(arena, set, count, &images, &captions, out));
    out->columns = 6;
    for (int64_t i = 0; i < count; i++) {
        char label[FV_WORD_MAX], predicted[FV_WORD_MAX], confidence[32];
        const int64_t k = list[i].index;
        FV_TRY(fetch(arena, set, k, &images[i]));
        fv__format(confidence, sizeof confidence, "%.1f %%", 100 * (double)list[i].confidence);
        char name[CAPTION_MAX];
        captions[i] =
            fv__arena_format(arena, "%s read as %s\nconfidence %s%s",
                             fv__model_class(model, p->labels[k], label, sizeof label),
                             fv__model_class(model, p->predicted[k], predicted, sizeof predicted),
                             confidence, file_line(set, k, name));
        if (!captions[i]) return FV_EXHAUSTED;
    }
    return FV_OK;
}

fv_status fv__pictures_of(fv_arena *arena, const fv_dataset *set, const int64_t *which,
                          int64_t count, fv_gallery *out) {
    const uint8_t **images;
    const char **captions;
    *out = (fv_gallery){0};
    if (!stand_side_by_side(set) || !count) return FV_OK;
    FV_TRY(make_gallery(arena, set, count, &images, &captions, out));
    out->captions = NULL;
    for (int64_t i = 0; i < count; i++) FV_TRY(fetch(arena, set, which[i], &images[i]));
    return FV_OK;
}

/* --- samples ------------------------------------------------------------------------------------
 */

/* Names the columns, below the last row. */
static fv_status name_columns(fv_arena *arena, const fv_dataset *set, int64_t columns,
                              int64_t count, const char **captions) {
    for (int64_t i = 0; i < count; i++) captions[i] = "";
    for (int64_t k = 0; k < columns; k++) {
        const char **caption = &captions[count - columns + k];
        *caption = set->class_names ? fv__arena_text(arena, set->class_names[k])
                                    : fv__arena_format(arena, "%lld", (long long)k);
        if (!*caption) return FV_EXHAUSTED;
    }
    return FV_OK;
}

/* The class of sample i, without its image staying in memory. */
static fv_status class_of(fv_context *ctx, const fv_dataset *set, int64_t i, int target,
                          int32_t *out) {
    fv_arena scratch;
    fv_sample sample;
    if (set->labels) {
        *out = set->labels[i];
        return FV_OK;
    }
    fv__arena_init(&scratch, ctx);
    const fv_status status = fv__dataset_sample(ctx, set, i, &scratch, &sample);
    if (status == FV_OK) *out = fv__sample_class(&sample, target);
    fv__arena_free(&scratch);
    return status;
}

static fv_status fill_columns(fv_arena *arena, const fv_dataset *set, int64_t rows, int64_t columns,
                              const uint8_t **images) {
    const int target = fv__dataset_target(set, FV_TARGET_CLASS);
    int64_t filled[CLASSES_SHOWN] = {0}, missing = rows * columns;
    for (int64_t i = 0; i < set->count && missing; i++) {
        int32_t label;
        FV_TRY(class_of(arena->ctx, set, i, target, &label));
        if (label < 0 || label >= columns || filled[label] == rows) continue;
        FV_TRY(fetch(arena, set, i, &images[filled[label]++ * columns + label]));
        missing--;
    }
    return FV_OK;
}

fv_status fv__samples_of(fv_arena *arena, const fv_dataset *set, int64_t rows, fv_gallery *out) {
    const int64_t columns = set->classes < CLASSES_SHOWN ? set->classes : CLASSES_SHOWN;
    const uint8_t **images;
    const char **captions;
    if (!stand_side_by_side(set) || fv__dataset_target(set, FV_TARGET_CLASS) < 0)
        return fv__fail(arena->ctx, FV_BAD_INPUT,
                        "a sheet shows samples of each class side by side; %s has images that are "
                        "no pictures, or no classes",
                        set->name);
    FV_TRY(make_gallery(arena, set, columns * rows, &images, &captions, out));
    out->title = set->name;
    out->columns = columns;
    FV_TRY(name_columns(arena, set, columns, columns * rows, captions));
    return fill_columns(arena, set, rows, columns, images);
}

/* --- what was taken for what ---------------------------------------------------------------------
 */

void fv__confusion_of(const fv_dataset *set, const fv_predictions *p, int64_t *confusion) {
    for (int64_t i = 0; i < set->count; i++)
        if (p->predicted[i] < set->classes)
            confusion[p->labels[i] * set->classes + p->predicted[i]]++;
}
