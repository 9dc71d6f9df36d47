/* SPDX-License-Identifier: MIT */
/*
 * tune.c - which variants are the fastest.
 *
 * For each number of a variant there is a race of two plans: one has what was best so far, the
 * other that variant in every step which has it. A step keeps the winner. In the end what was found
 * races against the usual once more, and what is not faster then either goes back.
 */
#include "look/tune.h"
#include "base/file.h"
#include <string.h>

/* What is handed out, and all that it points to. */
typedef struct record {
    fv_tuned told;
    fv_arena arena;
} record;

typedef struct tuner {
    fv_context *ctx;
    record *made;
    const fv_net *net;
    const fv_tune_options *options;
    const fv_tune_clock *clock;
    float *weights;                      /* on the device */
    unsigned char *none, *best, *wanted; /* [2 * nodes], as fv_plan_options.variants */
    int *tried;                          /* [nodes] */
    const char **keys; /* [steps]: of its site, NULL where there are no variants */
    int *kind;         /* [steps]: the first step of the same site */
    fv_tune_side side[2];
    fv_tune_times times;
} tuner;

static fv_status fill_weights(tuner *t) {
    const fv_graph *net = t->net->graph;
    const size_t bytes = (size_t)net->param_elements * sizeof(float);
    t->weights = t->ctx->device->alloc(t->ctx, bytes, "the weights");
    float *fresh = fv__alloc(t->ctx, bytes, "the weights");
    if (t->weights && fresh) {
        if (t->options->model)
            memcpy(fresh, t->options->model->weights, bytes);
        else
            fv__net_start(net, &t->net->recipe, 1, fresh);
        t->ctx->device->upload(t->weights, fresh, bytes);
    }
    fv__free(fresh);
    return t->weights && fresh ? FV_OK : FV_EXHAUSTED;
}

static fv_status make_side(tuner *t, int k, const unsigned char *variants) {
    fv__tune_side_free(&t->side[k]);
    return fv__tune_side(t->ctx, t->net->graph, t->made->told.batch, t->weights, variants,
                         &t->side[k]);
}

static fv_step_view view_of(const tuner *t, int k, int step) {
    return fv__exec_step(t->side[k].exec, step);
}

/* A place in the tables of variants. */
static size_t place(const fv_step_view *v) {
    return 2 * (size_t)v->node + (v->which == FV_BACKWARD);
}

static bool has_variants(const fv_step_view *v) {
    return v->by && v->by->variant;
}

/* Steps of one site are one kind: what is found is of all of them. */
static fv_status find_kinds(tuner *t) {
    fv_arena *arena = &t->made->arena;
    const size_t steps = (size_t)t->times.steps + 1;
    fv_text key = {.ctx = t->ctx};
    fv_status status = FV_OK;
    t->keys = fv__arena_alloc(arena, steps * sizeof *t->keys);
    t->kind = fv__arena_alloc(arena, steps * sizeof *t->kind);
    if (!t->keys || !t->kind) return FV_EXHAUSTED;
    for (int s = 0; status == FV_OK && s < t->times.steps; s++) {
        const fv_step_view view = view_of(t, 0, s);
        const fv_request request = {
            .which = view.which, .real = FV_F32, .precision = fv__plan_precision(t->side[0].plan)};
        t->kind[s] = s;
        if (!has_variants(&view)) continue;
        fv__text_cut(&key, 0);
        status = fv__tuning_site(t->ctx, view.by, view.site, &request, &key);
        if (status == FV_OK) t->keys[s] = fv__arena_text(arena, key.data);
        if (!t->keys[s]) status = FV_EXHAUSTED;
        for (int k = 0; status == FV_OK && k < s && t->kind[s] == s; k++)
            if (t->keys[k] && strcmp(t->keys[k], t->keys[s]) == 0) t->kind[s] = k;
    }
    fv__text_free(&key);
    return status;
}

static fv_status make_room(tuner *t) {
    fv_arena *arena = &t->made->arena;
    const size_t nodes = t->net->graph->node_count + 1;
    t->none = fv__arena_alloc(arena, 2 * nodes);
    t->best = fv__arena_alloc(arena, 2 * nodes);
    t->wanted = fv__arena_alloc(arena, 2 * nodes);
    t->tried = fv__arena_alloc(arena, nodes * sizeof *t->tried);
    if (!t->none || !t->best || !t->wanted || !t->tried) return FV_EXHAUSTED;
    FV_TRY(fill_weights(t));
    FV_TRY(make_side(t, 0, t->none));
    t->times.steps = fv__plan_steps(t->side[0].plan);
    t->times.times = fv__alloc(
        t->ctx, (2 * (size_t)t->times.steps + 1) * FV_TUNE_ROUNDS * sizeof *t->times.times,
        "the times");
    return t->times.times ? find_kinds(t) : FV_EXHAUSTED;
}

/* Asks for variant v wherever there is one of that number; false: nowhere. */
static bool want(tuner *t, int v) {
    bool any = false;
    memcpy(t->wanted, t->best, 2 * t->net->graph->node_count);
    for (int s = 0; s < t->times.steps; s++) {
        const fv_step_view view = view_of(t, 0, s);
        bool there = has_variants(&view);
        for (int i = 1; there && i <= v; i++) there = view.by->variant(i) != NULL;
        if (there) t->wanted[place(&view)] = (unsigned char)v;
        any = any || there;
    }
    return any;
}

/* Variant v against the best so far. */
static fv_status race(tuner *t, int v) {
    bool differ = false, better = false;
    FV_TRY(make_side(t, 1, t->wanted));
    for (int s = 0; s < t->times.steps; s++)
        if (view_of(t, 1, s).variant == v) differ = true;
    if (!differ) return FV_OK;
    fv__tune_race(t->side, t->clock, &t->times);
    for (int s = 0; s < t->times.steps; s++) {
        const fv_step_view view = view_of(t, 1, s);
        if (view.variant != v) continue;
        t->tried[view.node]++;
        if (!fv__tune_faster(&t->times, t->kind, s)) continue;
        t->best[place(&view)] = (unsigned char)v;
        better = true;
    }
    return better ? make_side(t, 0, t->best) : FV_OK;
}

/* The best against the usual: what does not win again goes back to it. */
static fv_status race_again(tuner *t) {
    FV_TRY(make_side(t, 0, t->none));
    FV_TRY(make_side(t, 1, t->best));
    fv__tune_race(t->side, t->clock, &t->times);
    for (int s = 0; s < t->times.steps; s++) {
        const fv_step_view view = view_of(t, 1, s);
        if (view.variant && !fv__tune_faster(&t->times, t->kind, s)) t->best[place(&view)] = 0;
    }
    return FV_OK;
}

/* ------------------------------------------------------------------------ what is told --- */

/* Whether a step was given back to the usual way. */
static int found(const tuner *t, const fv_step_view *view) {
    return t->best[place(view)];
}

static fv_status tell_step(tuner *t, int s, fv_tuned_step *step) {
    fv_arena *arena = &t->made->arena;
    const fv_step_view view = view_of(t, 1, s);
    const char *layer = t->net->graph->nodes[view.node].name;
    step->name = view.fused ? fv__arena_format(arena, "%s + %s", layer, view.fused)
                            : fv__arena_text(arena, layer);
    step->way = view.impl;
    step->variant = fv__variant_name(view.by, found(t, &view));
    step->tried = t->tried[view.node];
    step->before = step->after = fv__tune_median(&t->times, 0, s);
    if (found(t, &view)) step->after = fv__tune_median(&t->times, 1, s);
    return step->name ? FV_OK : FV_EXHAUSTED;
}

static fv_status tell(tuner *t) {
    fv_tuned *told = &t->made->told;
    fv_arena *arena = &t->made->arena;
    fv_tuned_step **steps =
        fv__arena_alloc(arena, (size_t)(t->times.steps + 1) * sizeof(fv_tuned_step *));
    if (!steps) return FV_EXHAUSTED;
    told->steps = (const fv_tuned_step *const *)steps;
    told->before = told->after = fv__tune_total(&t->times, 0);
    for (int s = 0; s < t->times.steps; s++) {
        const fv_step_view view = view_of(t, 1, s);
        if (!has_variants(&view) || t->tried[view.node] == 0) continue;
        fv_tuned_step *step = steps[told->step_count] = fv__arena_alloc(arena, sizeof *step);
        if (!step) return FV_EXHAUSTED;
        FV_TRY(tell_step(t, s, step));
        told->after += step->after - step->before;
        told->step_count++;
    }
    return FV_OK;
}

/* The findings, into a table. */
static fv_status put_down(tuner *t, fv_tuning *tuning) {
    for (int s = 0; s < t->times.steps; s++) {
        const fv_step_view view = view_of(t, 1, s);
        if (!t->keys[s] || t->tried[view.node] == 0) continue;
        FV_TRY(fv__tuning_set(t->ctx, tuning, t->made->told.machine, t->keys[s],
                              fv__variant_name(view.by, found(t, &view))));
    }
    return FV_OK;
}

/* Into the file, and into what the context knows. */
static fv_status keep(tuner *t) {
    fv_tuning *found_here;
    if (!t->ctx->tuning) FV_TRY(fv__tuning_new(t->ctx, &t->ctx->tuning));
    FV_TRY(put_down(t, t->ctx->tuning));
    if (!t->options->file) return FV_OK;
    FV_TRY(fv__tuning_new(t->ctx, &found_here));
    fv_status status = put_down(t, found_here);
    if (status == FV_OK) status = fv__tuning_merge(t->ctx, t->options->file, found_here);
    fv__tuning_free(found_here);
    return status;
}

/* What would make it all be in vain is said first. */
static fv_status check_file(tuner *t) {
    fv_tuning *nothing;
    if (!t->options->file) return FV_OK;
    FV_TRY(fv__tuning_new(t->ctx, &nothing));
    const fv_status status = fv__tuning_merge(t->ctx, t->options->file, nothing);
    fv__tuning_free(nothing);
    return status;
}

static fv_status tune(tuner *t) {
    fv_tuned *told = &t->made->told;
    fv_text machine = {.ctx = t->ctx};
    const fv_status status = fv__tuning_machine(t->ctx, &machine);
    if (status == FV_OK) told->machine = fv__arena_text(&t->made->arena, machine.data);
    fv__text_free(&machine);
    FV_TRY(status);
    told->net = fv__arena_text(&t->made->arena, t->net->graph->name);
    if (t->options->file) told->file = fv__arena_text(&t->made->arena, t->options->file);
    if (!told->machine || !told->net || (t->options->file && !told->file)) return FV_EXHAUSTED;
    told->batch = t->options->batch ? t->options->batch : 1;
    told->threads = fv_context_threads(t->ctx);
    FV_TRY(check_file(t));
    FV_TRY(make_room(t));
    for (int v = 1; want(t, v); v++) FV_TRY(race(t, v));
    FV_TRY(race_again(t));
    FV_TRY(tell(t));
    return keep(t);
}

fv_status fv__tune(fv_context *ctx, const fv_net *net, const fv_tune_options *options,
                   const fv_tune_clock *clock, fv_tuned **out) {
    record *made = fv__alloc(ctx, sizeof *made, "a tuning");
    *out = NULL;
    if (!made) return FV_EXHAUSTED;
    fv__arena_init(&made->arena, ctx);
    tuner t = {.ctx = ctx, .made = made, .net = net, .options = options, .clock = clock};
    const fv_status status = tune(&t);
    for (int k = 0; k < 2; k++) fv__tune_side_free(&t.side[k]);
    ctx->device->release(t.weights);
    fv__free(t.times.times);
    if (status == FV_OK)
        *out = &made->told;
    else
        fv__tuned_free(&made->told);
    return status;
}

void fv__tuned_free(fv_tuned *told) {
    if (!told) return;
    record *r = (record *)told;
    fv__arena_free(&r->arena);
    fv__free(r);
}
