/* SPDX-License-Identifier: MIT */
/*
 * preview.c - a batch of training laid out to be looked at.
 */
#include "train/preview.h"
#include "data/mix.h"
#include "data/preprocess.h"
#include "format/open_model.h"
#include "lang/lang.h"
#include <string.h>

/* What pictures of any size become where nothing says it: AlexNet's way and its size. */
#define ANY_SIZE "3x224x224 resize 256 crop 224 scale 1/255"

/* Takes a text over into the arena. */
static fv_status keep(fv_preview *p, fv_text *text, const char **out) {
    fv__text_add(text, "");
    fv_status status = fv__text_done(p->ctx, text);
    if (status == FV_OK && !(*out = fv__arena_text(&p->arena, text->data))) status = FV_EXHAUSTED;
    fv__text_free(text);
    return status;
}

/* --- network, recipe, input ------------------------------------------------------------------- */

static fv_status unknown(fv_preview *p, const fv_setting *setting) {
    fv_recipe_table table;
    fv__recipe_table(&table, NULL);
    const char *near = fv__field_nearest(table.field, setting->name);
    return fv__fail(p->ctx, FV_USAGE, "unknown setting '%.64s'%s%s%s", setting->name,
                    near ? "; did you mean '" : "; without a network there are those of a training",
                    near ? near : "", near ? "'?" : " alone");
}

/* The network's recipe under the settings, and its input line. Its weights do not matter. */
static fv_status take_network(fv_preview *p, const fv_preview_options *o, fv_setting *settings,
                              size_t rest) {
    const fv_open_options options = {
        .settings = settings, .setting_count = rest, .input = o->input};
    fv_net net = {0};
    FV_TRY(fv__net_open(p->ctx, o->net, &options, &net));
    p->recipe = net.recipe;
    p->input = net.graph->input;
    fv__net_free(net.graph);
    return FV_OK;
}

static fv_status take_settings(fv_preview *p, const fv_preview_options *o) {
    fv_setting *settings, *own;
    size_t count, rest;
    FV_TRY(fv__settings_split(p->ctx, &p->arena, o->settings, &settings, &count));
    own = fv__arena_alloc(&p->arena, (count + 1) * sizeof *own);
    if (!own) return FV_EXHAUSTED;
    if (count) memcpy(own, settings, count * sizeof *own);
    fv__recipe_defaults(&p->recipe);
    FV_TRY(fv__recipe_apply(p->ctx, own, count, NULL, &rest));
    if (!o->net && rest) return unknown(p, &own[0]);
    if (o->net) FV_TRY(take_network(p, o, own, rest));
    if (count) memcpy(own, settings, count * sizeof *own);
    FV_TRY(fv__recipe_apply(p->ctx, own, count, &p->recipe, &rest));
    return fv__settings_advise(p->ctx, settings, count, &p->recipe);
}

/* The words given, those of the network, or without one as the images are. */
static fv_status take_input(fv_preview *p, const fv_preview_options *o) {
    const fv_dataset *set = &p->train;
    fv_text words = {.ctx = p->ctx};
    if (o->input)
        fv__text_add(&words, o->input);
    else if (o->net)
        fv__input_print(&words, &p->input);
    else if (set->one_size)
        fv__text_addf(&words, "%lldx%lldx%lld scale 1/255", (long long)set->channels,
                      (long long)set->height, (long long)set->width);
    else
        fv__text_add(&words, ANY_SIZE);
    FV_TRY(keep(p, &words, &p->facts.input));
    return o->net && !o->input ? FV_OK : fv__input_parse(p->ctx, p->facts.input, &p->input);
}

/* --- the batch -------------------------------------------------------------------------------- */

static fv_status find_batch(fv_preview *p, const fv_preview_options *o) {
    fv_recipe *r = &p->recipe;
    const int64_t count = p->train.count, epoch = o->epoch ? o->epoch : 1;
    const int64_t step = o->step ? o->step : 1;
    if (r->batch > count) r->batch = count;
    const int64_t steps = (count + r->batch - 1) / r->batch;
    if (epoch < 1)
        return fv__fail(p->ctx, FV_USAGE, "epochs are counted from 1: there is no epoch %lld",
                        (long long)epoch);
    if (step < 1 || step > steps)
        return fv__fail(p->ctx, FV_USAGE,
                        "an epoch has the batches 1 to %lld of %lld images: there is no batch %lld",
                        (long long)steps, (long long)r->batch, (long long)step);
    p->order = fv__alloc(p->ctx, (size_t)count * sizeof *p->order, "an epoch's order");
    if (!p->order) return FV_EXHAUSTED;
    fv__epoch_order(r, epoch - 1, p->order, count);
    p->batch = fv__epoch_batch(r, &p->components, p->order, count, epoch - 1, step - 1);
    p->facts.epoch = epoch;
    p->facts.step = step;
    p->facts.steps = steps;
    p->facts.count = p->batch.n;
    return FV_OK;
}

static fv_status fill(fv_preview *p) {
    const fv_input *in = &p->input;
    size_t each, bytes;
    FV_TRY(fv__input_check(p->ctx, in));
    FV_TRY(fv__augment_takes(p->ctx, &p->recipe.augment, &p->train));
    if (p->recipe.augment.pca > 0) FV_TRY(fv__components_of(p->ctx, &p->train, &p->components));
    if (!fv__mul_size((size_t)in->channels * (size_t)in->height, (size_t)in->width, &each) ||
        !fv__mul_size(each, (size_t)p->batch.n * sizeof *p->x, &bytes))
        return fv__fail_memory(p->ctx, 0, "a batch");
    p->x = fv__alloc(p->ctx, bytes, "a batch");
    if (!p->x) return FV_EXHAUSTED;
    return fv__batch_fill(p->ctx, &p->train, in, &p->batch, p->x, NULL, 0);
}

static fv_status find_labels(fv_preview *p) {
    size_t bytes;
    if (fv__dataset_target(&p->train, FV_TARGET_CLASS) < 0) return FV_OK;
    if (!fv__mul_size((size_t)p->train.count, sizeof *p->labels, &bytes))
        return fv__fail_memory(p->ctx, 0, "labels");
    p->labels = fv__alloc(p->ctx, bytes, "labels");
    if (!p->labels) return FV_EXHAUSTED;
    return fv__dataset_labels(p->ctx, &p->train, p->labels);
}

/* --- in words --------------------------------------------------------------------------------- */

static fv_status describe(fv_preview *p) {
    fv_text augmentation = {.ctx = p->ctx};
    fv_preview_facts *f = &p->facts;
    for (const fv_field *a = fv__augment_fields; a->name; a++) {
        if (fv__field_is_default(a, &p->recipe.augment)) continue;
        fv__text_addf(&augmentation, "%s%s=", augmentation.length ? " " : "", a->name);
        fv__field_print(&augmentation, a, &p->recipe.augment);
    }
    FV_TRY(keep(p, &augmentation, &f->augmentation));
    f->data = p->train.name;
    f->channels = p->input.channels;
    f->height = p->input.height;
    f->width = p->input.width;
    f->x = p->x;
    return FV_OK;
}

/* --- together --------------------------------------------------------------------------------- */

fv_status fv__preview_make(fv_preview *p, const fv_preview_options *o) {
    FV_TRY(take_settings(p, o));
    const fv_set_options options = {(uint64_t)p->recipe.seed, (uint64_t)p->recipe.seed,
                                    p->recipe.split, p->recipe.held, NULL};
    FV_TRY(fv__dataset_open_with(p->ctx, o->data, &options, &p->train, NULL));
    fv__dataset_tell(p->ctx, &p->train);
    FV_TRY(take_input(p, o));
    FV_TRY(find_batch(p, o));
    FV_TRY(fill(p));
    FV_TRY(find_labels(p));
    return describe(p);
}

void fv__preview_free(fv_preview *p) {
    fv__dataset_close(&p->train);
    fv__free(p->order);
    fv__free(p->labels);
    fv__free(p->x);
    fv__arena_free(&p->arena);
}

fv_preview_sample fv__preview_at(const fv_preview *p, int64_t i) {
    const int64_t number = p->order[p->batch.start + i], j = p->batch.n - 1 - i;
    fv_preview_sample s = {.number = number,
                           .file = fv__dataset_file(&p->train, number),
                           .label = p->labels ? p->labels[number] : -1,
                           .other = -1,
                           .keep = 1};
    if (s.label >= 0 && s.label < p->train.classes && p->train.class_names)
        s.name = p->train.class_names[s.label];
    if (!fv__augment_mixes(&p->recipe.augment) || i == j) return s;
    s.other = j; /* mix.h */
    s.keep = fv__mix_draw(&p->batch, number, p->input.width, p->input.height).keep;
    return s;
}
