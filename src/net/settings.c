/* SPDX-License-Identifier: MIT */
/*
 * settings.c - the field tables of `input` and `train`.
 */
#include "net/settings.h"
#include <string.h>

#define IN(name) offsetof(fv_input, name)

static const char *const orders[] = {"rgb", "bgr", NULL};

const fv_field fv__input_fields[] = {
    {"resize", "scale the image so that its shorter side has this many pixels (0: leave it)",
     FV_INT, IN(resize), "0", 0, 65536, 0, NULL, NULL},
    {"crop", "then cut this much out of the middle, height x width (0: do not)", FV_SIZE, IN(crop),
     "0", 0, 65536, 0, NULL, NULL},
    {"pad", "pixels of black added on each side after everything else has its size", FV_INT,
     IN(pad), "0", 0, 65536, 0, NULL, NULL},
    {"scale", "factor on pixel values of 0 to 255, often 1/255", FV_REAL, IN(scale), "1", -1e6, 1e6,
     0, NULL, NULL},
    {"mean", "subtracted after scaling; one number, or one per channel", FV_REALS, IN(mean), "0",
     -1e6, 1e6, 0, NULL, NULL},
    {"std", "divided by after that; one number, or one per channel", FV_REALS, IN(std), "1", 1e-6,
     1e6, 0, NULL, NULL},
    {"order", "order of the colour channels", FV_CHOICE, IN(order), "rgb", 0, 0, 0, orders, NULL},
    {NULL, NULL, FV_INT, 0, NULL, 0, 0, 0, NULL, NULL},
};

#define AT(name) offsetof(fv_recipe, name)

/* the optimisers, in the order of fv__optimizers */
static const char *const optimizers[] = {
#define FV_OPTIMIZER(name) #name,
#include "optim/optim_list.h"
#undef FV_OPTIMIZER
    NULL};
static const char *const schedules[] = {"constant", "step",   "plateau", "cosine",
                                        "onecycle", "linear", "poly",    NULL};
static const char *const inits[] = {"he", "xavier", "lecun", "orthogonal", "lsuv", "normal", NULL};
/* the losses among the operators, in the order of fv__losses */
static const char *const losses[] = {
#define FV_OP(name)
#define FV_LOSS_OP(name) #name,
#include "op/op_list.h"
#undef FV_OP
#undef FV_LOSS_OP
    NULL};

/* Those that every recipe has; the optimisers and augmentation bring more (fv__recipe_table). */
static const fv_field common[] = {
    {"optimizer", "how gradients change weights", FV_CHOICE, AT(optimizer), "sgd", 0, 0, 0,
     optimizers, NULL},
    {"lr", "learning rate; in a run also auto, which looks for one", FV_REAL, AT(lr), "0.01", 0,
     1e6, 0, NULL, NULL},
    {"decay", "weight decay (L2): each gradient gets decay times its weight", FV_REAL, AT(decay),
     "0", 0, 1e6, 0, NULL, NULL},
    {"decay_all", "decay biases and normalisations too", FV_BOOL, AT(decay_all), "no", 0, 0, 0,
     NULL, NULL},
    {"clip", "gradients are scaled down where the norm of all of them is above this (0: off)",
     FV_REAL, AT(clip), "0", 0, 1e9, FV_QUIET, NULL, NULL},
    {"clip_value", "each gradient is cut to within so much of zero, before clip (0: off)", FV_REAL,
     AT(clip_value), "0", 0, 1e9, FV_QUIET, NULL, NULL},
    {"average",
     "moving average of the weights, which is what is tested and saved; a step leaves this share "
     "of "
     "it, such as 0.999 (0: off)",
     FV_REAL, AT(average), "0", 0, 0.9999999, FV_QUIET, NULL, NULL},
    {"batch", "images per step", FV_INT, AT(batch), "64", 1, 1 << 20, 0, NULL, NULL},
    {"epochs", "times through the training images", FV_INT, AT(epochs), "10", 1, 1000000, 0, NULL,
     NULL},
    {"limit", "steps in all, after which the run ends, for a short trial (0: no such end)", FV_INT,
     AT(limit), "0", 0, 9e15, FV_QUIET, NULL, NULL},
    {"stop",
     "end after so many epochs in a row without a better test: a higher accuracy, of vectors a "
     "smaller loss (0: never)",
     FV_INT, AT(stop), "0", 0, 1000000, FV_QUIET, NULL, NULL},
    {"schedule", "how the learning rate changes", FV_CHOICE, AT(schedule), "constant", 0, 0, 0,
     schedules, NULL},
    {"steps", "step: the rate is multiplied by factor after these epochs", FV_INTS, AT(steps), NULL,
     1, 1000000, 0, NULL, NULL},
    {"factor", "step, plateau: what the rate is multiplied by", FV_REAL, AT(factor), "0.1", 1e-6, 1,
     0, NULL, NULL},
    {"patience", "plateau: epochs without a better test loss before the rate falls", FV_INT,
     AT(patience), "5", 1, 1000000, 0, NULL, NULL},
    {"threshold", "plateau: a test loss is better when it is less by this share of the best",
     FV_REAL, AT(threshold), "0", 0, 1, FV_QUIET, NULL, NULL},
    {"min_lr", "plateau: the rate falls no further; cosine, onecycle, linear, poly: the last rate",
     FV_REAL, AT(min_lr), "0", 0, 1e6, FV_QUIET, NULL, NULL},
    {"rise", "onecycle: the share of the run in which the rate rises", FV_REAL, AT(rise), "0.3", 0,
     1, FV_QUIET, NULL, NULL},
    {"div", "onecycle: the rate rises from lr divided by this", FV_REAL, AT(div), "25", 1, 1e6,
     FV_QUIET, NULL, NULL},
    {"power", "poly: the rate falls with this power of what is left of the run", FV_REAL, AT(power),
     "0.9", 0, 100, FV_QUIET, NULL, NULL},
    {"warmup", "epochs in which the rate rises from zero", FV_REAL, AT(warmup), "0", 0, 1000000, 0,
     NULL, NULL},
    {"shards",
     "parts a batch is cut into, computed one after the other or by several: batch=256 shards=4 "
     "takes the memory of 64 images, and bn sees a part at a time",
     FV_INT, AT(shards), "1", 1, 65536, 0, NULL, NULL},
    {"tests", "images tested at a time (0: four times the batch, at most 256)", FV_INT, AT(tests),
     "0", 0, 1 << 20, FV_QUIET, NULL, NULL},
    {"init", "how weights start", FV_CHOICE, AT(init), "he", 0, 0, 0, inits, NULL},
    {"deviation", "init normal: the weights' standard deviation", FV_REAL, AT(deviation), "0.01", 0,
     1e6, FV_QUIET, NULL, NULL},
    {"ones",
     "layers whose biases start at 1, not at 0: names as for freeze, such as conv2,fc1..fc2; none",
     FV_TEXT, AT(ones), NULL, 0, 0, FV_QUIET, NULL, NULL},
    {"loss", "what is made small", FV_CHOICE, AT(loss), "crossentropy", 0, 0, 0, losses, NULL},
    {"smooth", "label smoothing: crossentropy's target has this share spread over all classes",
     FV_REAL, AT(smooth), "0", 0, 1, FV_QUIET, NULL, NULL},
    {"class_weights",
     "how much each class counts for crossentropy in training: 1,2,0.5, or balanced, which makes "
     "all classes count alike in sum; the test's loss counts them as they are",
     FV_TEXT, AT(class_weights), NULL, 0, 0, FV_QUIET, NULL, NULL},
    {"freeze",
     "layers that do not learn: names with commas between, FIRST..LAST in the order of the "
     "network (..LAST from its beginning, FIRST.. to its end), conv* for all that begin so; none. "
     "A "
     "frozen bn keeps its running statistics and computes with them",
     FV_TEXT, AT(freeze), NULL, 0, 0, FV_QUIET, NULL, NULL},
    {"trunk",
     "what the rate is multiplied by in all layers but the last before an output, such as 0.1",
     FV_REAL, AT(trunk), "1", 0, 1e6, FV_QUIET, NULL, NULL},
    {"seed", "start of all random numbers: weights, order, dropout, augmentation", FV_INT, AT(seed),
     "1", 0, 9e15, 0, NULL, NULL},
    {"split", "share of the pictures set aside for the test, of a data set without a test part",
     FV_REAL, AT(split), "0.2", 0.001, 0.999, FV_QUIET, NULL, NULL},
    {"held",
     "share of the training images held out and tested on in place of the test part, which is not "
     "read, so that settings can be chosen without it (0: none)",
     FV_REAL, AT(held), "0", 0, 0.999, FV_QUIET, NULL, NULL},
    {NULL, NULL, FV_INT, 0, NULL, 0, 0, 0, NULL, NULL},
};

#define BEFORE_OPTIMIZERS 2 /* optimizer and lr stand before what optimisers bring */

static void add_field(fv_recipe_table *t, int *count, const fv_field *field, size_t base) {
    for (int i = 0; i < *count; i++)
        if (strcmp(t->field[i].name, field->name) == 0) return; /* one setting for all of a name */
    if (*count >= FV_RECIPE_FIELDS - 1) return;
    t->field[*count] = *field;
    t->field[(*count)++].offset += base;
}

void fv__recipe_table(fv_recipe_table *t, const fv_recipe *recipe) {
    int count = 0;
    memset(t, 0, sizeof *t);
    for (int i = 0; i < BEFORE_OPTIMIZERS; i++) add_field(t, &count, &common[i], 0);
    for (int o = 0; o < FV_OPTIMIZERS; o++) {
        if (recipe && recipe->optimizer != o) continue;
        for (const fv_field *f = fv__optimizers[o]->fields; f->name; f++)
            add_field(t, &count, f, AT(optim) + (size_t)o * FV_OPTIM_OPTIONS);
    }
    for (const fv_field *f = &common[BEFORE_OPTIMIZERS]; f->name; f++) add_field(t, &count, f, 0);
    for (const fv_field *f = fv__augment_fields; f->name; f++) add_field(t, &count, f, AT(augment));
}

void fv__recipe_defaults(fv_recipe *recipe) {
    memset(recipe, 0, sizeof *recipe);
    fv__field_defaults(common, recipe);
    fv__field_defaults(fv__augment_fields, &recipe->augment);
    for (size_t o = 0; fv__optimizers[o]; o++)
        fv__field_defaults(fv__optimizers[o]->fields, recipe->optim[o]);
}

/* A rule with a loss of its own brings it. */
static void bring_loss(fv_recipe *recipe) {
    const char *loss = fv__optimizers[recipe->optimizer]->loss;
    for (int i = 0; loss && losses[i]; i++)
        if (strcmp(losses[i], loss) == 0) recipe->loss = i;
}

void fv__recipe_spread(fv_recipe *recipe, const fv_field *set) {
    if (strcmp(set->name, "optimizer") == 0) bring_loss(recipe);
    for (size_t o = 0; fv__optimizers[o]; o++) {
        const fv_field *f = fv__field_find(fv__optimizers[o]->fields, set->name);
        if (f && f->kind == set->kind)
            memmove(recipe->optim[o] + f->offset, (const char *)recipe + set->offset,
                    fv__field_bytes(f));
    }
}

static fv_status unknown(fv_context *ctx, const fv_recipe_table *t, const char *name) {
    const char *near = fv__field_nearest(t->field, name);
    if (near)
        return fv__fail(ctx, FV_USAGE, "no training setting '%.64s'; did you mean '%s'?", name,
                        near);
    return fv__fail(ctx, FV_USAGE,
                    "no training setting '%.64s'; there are lr, momentum, batch, optimizer and "
                    "others, see `fovea help settings`",
                    name);
}

fv_status fv__recipe_apply(fv_context *ctx, fv_setting *settings, size_t count, fv_recipe *recipe,
                           size_t *rest) {
    fv_recipe_table t;
    size_t others = 0;
    int named = -1; /* the loss, if it is: whatever the optimiser brings */
    fv__recipe_table(&t, NULL);
    for (size_t i = 0; i < count; i++) {
        const fv_field *field = fv__field_find(t.field, settings[i].name);
        if (!field && !rest) return unknown(ctx, &t, settings[i].name);
        if (!field) settings[others++] = settings[i];
        if (!field || !recipe) continue;
        FV_TRY(fv__field_set_text(ctx, field, recipe, settings[i].value));
        fv__recipe_spread(recipe, field);
        if (strcmp(field->name, "loss") == 0) named = recipe->loss;
    }
    if (recipe && named >= 0) recipe->loss = named;
    if (rest) *rest = others;
    return FV_OK;
}

void fv__recipe_print(fv_text *out, const fv_recipe *recipe) {
    const size_t start = out->length;
    fv_recipe_table t;
    fv__recipe_table(&t, recipe);
    for (const fv_field *f = t.field; f->name; f++) {
        if (f->flags & FV_QUIET && fv__field_is_default(f, recipe)) continue;
        const size_t before = out->length;
        fv__text_addf(out, "%s%s=", before > start ? " " : "", f->name);
        const size_t value = out->length;
        fv__field_print(out, f, recipe);
        if (out->length == value) fv__text_cut(out, before); /* an empty list is not written */
    }
}

int fv__recipe_states(const fv_recipe *r) {
    return fv__optim_states(fv__optimizers[r->optimizer], fv__recipe_options(r));
}

const char *fv__recipe_schedule(const fv_recipe *r) {
    return schedules[r->schedule];
}
