/* SPDX-License-Identifier: MIT */
/*
 * dataset_api.c - public: labelled samples by name and from files, and batches of them.
 */
#include "api/dataset_api.h"
#include "api/given.h"
#include "data/data.h"
#include "format/model.h"
#include "net/net.h"
#include <string.h>

int fv_dataset_kinds(void) {
    int count = 0;
    while (fv__dataset_kinds[count]) count++;
    return count;
}

static const fv_dataset_kind *kind(int i) {
    return i >= 0 && i < fv_dataset_kinds() ? fv__dataset_kinds[i] : NULL;
}

const char *fv_dataset_kind_name(int i) {
    return kind(i) ? kind(i)->name : NULL;
}

const char *fv_dataset_kind_help(int i) {
    return kind(i) ? kind(i)->help : NULL;
}

int fv_dataset_kind_by_path(int i) {
    return kind(i) && kind(i)->by_path;
}

/* Memory for a part that is wanted. */
static fv_status make_room(fv_context *ctx, fv_dataset **part) {
    if (!part) return FV_OK;
    *part = fv__alloc(ctx, sizeof **part, "a data set");
    return *part ? FV_OK : FV_EXHAUSTED;
}

/* How a set is to be made: as a model's training had it, where one is given. */
static fv_status take_options(fv_context *ctx, const fv_dataset_options *o, fv_set_options *out) {
    fv_recipe recipe;
    fv_arena arena;
    fv_setting *settings;
    size_t count;
    fv__recipe_defaults(&recipe);
    recipe.seed = (int64_t)o->seed;
    if (o->split < 0 || o->split >= 1)
        return fv__fail(ctx, FV_USAGE, "split is a share above 0 and below 1, or 0 for the usual");
    const char *text = o->model ? fv__model_get(o->model, "settings") : NULL;
    fv__arena_init(&arena, ctx);
    fv_status status = FV_OK;
    if (text) status = fv__settings_split(ctx, &arena, text, &settings, &count);
    if (text && status == FV_OK) status = fv__recipe_apply(ctx, settings, count, &recipe, &count);
    fv__arena_free(&arena);
    if (status == FV_USAGE) ctx->status = status = FV_BAD_INPUT; /* what is wrong in a file */
    out->seed = o->seed;
    out->split_seed = (uint64_t)recipe.seed;
    out->split = o->split > 0 ? o->split : recipe.split;
    return status;
}

fv_status fv_dataset_open(fv_context *ctx, const char *word, uint64_t seed, fv_dataset **train,
                          fv_dataset **test) {
    fv_dataset_options options = FV_INIT(fv_dataset_options);
    options.seed = seed;
    return fv_dataset_open_with(ctx, word, &options, train, test);
}

fv_status fv_dataset_open_with(fv_context *ctx, const char *word, const fv_dataset_options *options,
                               fv_dataset **train, fv_dataset **test) {
    fv_dataset_options own = FV_INIT(fv_dataset_options);
    fv_set_options how = {0};
    if (train) *train = NULL;
    if (test) *test = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, word);
    if (!train && !test)
        return fv__fail(ctx, FV_USAGE, "%s: neither part of '%s' is wanted", __func__, word);
    own.seed = 1;
    if (options) FV_TRY(fv__take_struct(ctx, __func__, options, &own, sizeof own));
    FV_TRY(take_options(ctx, &own, &how));
    fv_status status = make_room(ctx, train);
    if (status == FV_OK) status = make_room(ctx, test);
    if (status == FV_OK)
        status = fv__dataset_open_with(ctx, word, &how, train ? *train : NULL, test ? *test : NULL);
    if (status == FV_OK) fv__dataset_tell(ctx, train ? *train : *test);
    if (status == FV_OK) return FV_OK;
    if (train) fv__free(*train);
    if (test) fv__free(*test);
    if (train) *train = NULL;
    if (test) *test = NULL;
    return status;
}

void fv_dataset_free(fv_dataset *set) {
    if (!set) return;
    fv__dataset_close(set);
    fv__free(set);
}

const char *fv_dataset_name(const fv_dataset *set) {
    return set ? set->name : NULL;
}

int64_t fv_dataset_count(const fv_dataset *set) {
    return set ? set->count : 0;
}

void fv_dataset_image(const fv_dataset *set, int64_t dims[3]) {
    dims[0] = set ? set->channels : 0;
    dims[1] = set ? set->height : 0;
    dims[2] = set ? set->width : 0;
}

int64_t fv_dataset_classes(const fv_dataset *set) {
    return set ? set->classes : 0;
}

const char *fv_dataset_class(const fv_dataset *set, int64_t i) {
    return set && set->class_names && i >= 0 && i < set->classes ? set->class_names[i] : NULL;
}

uint64_t fv_dataset_checksum(const fv_dataset *set) {
    return set ? set->checksum : 0;
}

const char *fv_dataset_file(const fv_dataset *set, int64_t i) {
    return set ? fv__dataset_file(set, i) : NULL;
}

fv_status fv_dataset_labels(fv_context *ctx, const fv_dataset *set, int32_t *labels) {
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, set);
    FV_NEED(ctx, labels);
    return fv__dataset_labels(ctx, set, labels);
}

/* --------------------------------------------------------------------------------- samples --- */

/* What is handed out, and the memory of what it points to. */
typedef struct record {
    fv_sample_view told;
    fv_arena arena;
} record;

/* Bytes or floats of an image that lies in some order, as planes. */
static fv_status copy_planes(const fv_image_view *v, size_t item, fv_arena *arena, void **out) {
    const size_t count = (size_t)v->channels * (size_t)v->height * (size_t)v->width;
    char *to = *out = fv__arena_alloc(arena, count * item);
    if (!to) return FV_EXHAUSTED;
    for (int64_t c = 0; c < v->channels; c++)
        for (int64_t y = 0; y < v->height; y++)
            for (int64_t x = 0; x < v->width; x++, to += item)
                memcpy(to,
                       (const char *)v->data +
                           (size_t)(y * v->row + x * v->column + c * v->plane) * item,
                       item);
    return FV_OK;
}

static bool in_planes(const fv_image_view *v) {
    return v->column == 1 && v->row == v->width &&
           (v->channels == 1 || v->plane == v->height * v->width);
}

static fv_status tell_image(const fv_image_view *v, record *r) {
    fv_sample_view *told = &r->told;
    const void *data = v->data;
    told->channels = v->channels;
    told->height = v->height;
    told->width = v->width;
    told->interleaved = v->dtype == FV_U8 && !in_planes(v) && v->plane == 1 &&
                        v->column == v->channels && v->row == v->width * v->channels;
    if (!in_planes(v) && !told->interleaved) {
        void *planes;
        FV_TRY(copy_planes(v, fv__dtype_bytes(v->dtype), &r->arena, &planes));
        data = planes;
    }
    if (v->dtype == FV_U8)
        told->pixels = data;
    else
        told->values = data;
    return FV_OK;
}

/* Classes are int32 outside, whatever a file has them as. */
static fv_status widen(const fv_target *t, fv_arena *arena, const void **out) {
    const int64_t count = fv__shape_count(&t->shape);
    const uint8_t *from = t->data;
    *out = t->data;
    if (t->dtype != FV_U8) return FV_OK;
    int32_t *to = fv__arena_alloc(arena, (size_t)count * sizeof *to);
    if (!to) return FV_EXHAUSTED;
    for (int64_t i = 0; i < count; i++) to[i] = from[i];
    *out = to;
    return FV_OK;
}

static fv_status tell_targets(const fv_dataset *set, const fv_sample *sample, record *r) {
    const int label = fv__dataset_target(set, FV_TARGET_CLASS);
    r->told.label = label < 0 ? -1 : fv__sample_class(sample, label);
    r->told.target_count = sample->targets;
    r->told.file = sample->file;
    for (int i = 0; i < sample->targets; i++) {
        const fv_target *t = &sample->target[i];
        fv_target_view *view = &r->told.targets[i];
        view->kind = t->kind;
        view->rank = t->shape.rank;
        memcpy(view->dims, t->shape.dim, (size_t)view->rank * sizeof *view->dims);
        FV_TRY(widen(t, &r->arena, &view->data));
    }
    return FV_OK;
}

fv_status fv_dataset_sample(fv_context *ctx, const fv_dataset *set, int64_t i,
                            fv_sample_view **out) {
    fv_sample sample;
    if (out) *out = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, out);
    FV_NEED(ctx, set);
    record *r = fv__alloc(ctx, sizeof *r, "a sample");
    if (!r) return FV_EXHAUSTED;
    r->told.size = sizeof r->told;
    fv__arena_init(&r->arena, ctx);
    fv_status status = fv__dataset_sample(ctx, set, i, &r->arena, &sample);
    if (status == FV_OK) status = tell_image(&sample.image, r);
    if (status == FV_OK) status = tell_targets(set, &sample, r);
    if (status == FV_OK)
        *out = &r->told;
    else
        fv_sample_free(&r->told);
    return status;
}

void fv_sample_free(fv_sample_view *sample) {
    if (!sample) return;
    record *r = (record *)sample;
    fv__arena_free(&r->arena);
    fv__free(r);
}

/* --------------------------------------------------------------------------------- batches --- */

static fv_status no_sample(fv_context *ctx, const fv_dataset *set, int64_t i) {
    return fv__fail(ctx, FV_USAGE, "%s has no sample %lld; it has %lld, counted from 0", set->name,
                    (long long)i, (long long)set->count);
}

fv_status fv__take_order(fv_context *ctx, const fv_dataset *set, const int64_t *which,
                         int64_t start, int64_t n, uint32_t **out) {
    size_t bytes;
    *out = NULL;
    if (!which)
        return start >= 0 && start <= set->count - n
                   ? FV_OK
                   : no_sample(ctx, set, start < 0 ? start : set->count);
    if (!fv__mul_size((size_t)n, sizeof **out, &bytes))
        return fv__fail_memory(ctx, SIZE_MAX, "a batch's order");
    *out = fv__alloc(ctx, bytes, "a batch's order");
    if (!*out) return FV_EXHAUSTED;
    for (int64_t i = 0; i < n; i++) {
        if (which[i] < 0 || which[i] >= set->count) return no_sample(ctx, set, which[i]);
        (*out)[i] = (uint32_t)which[i];
    }
    return FV_OK;
}

fv_status fv_dataset_batch(fv_context *ctx, const fv_dataset *set, const fv_net *net,
                           const int64_t *which, int64_t start, int64_t n, float *x,
                           int32_t *labels) {
    uint32_t *order = NULL;
    FV_NEED_CONTEXT(ctx);
    FV_NEED(ctx, set);
    FV_NEED(ctx, net);
    FV_NEED(ctx, x);
    if (n < 1)
        return fv__fail(ctx, FV_USAGE, "a batch has at least one sample, not %lld", (long long)n);
    fv_status status = fv__take_order(ctx, set, which, start, n, &order);
    const fv_batch batch = {.order = order, .start = which ? 0 : start, .n = n};
    if (status == FV_OK)
        status = fv__batch_fill_classes(ctx, set, &net->graph->input, &batch, x, labels);
    fv__free(order);
    return status;
}
