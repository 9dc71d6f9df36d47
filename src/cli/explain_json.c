/* SPDX-License-Identifier: MIT */
/*
 * explain_json.c - `fovea explain --json`: the same numbers for programs. Shapes read C, H, W.
 */
#include "cli/explain.h"
#include <string.h>

/* Three numbers, however many dimensions there are. */
static void add_shape(fv_json_writer *w, const char *name, const int64_t *dims, int rank) {
    int64_t all[3] = {1, 1, 1};
    for (int d = 0; d < rank && d < 3; d++) all[d] = dims[d];
    fv__json_add_ints(w, name, all, 3);
}

static void add_pair(fv_json_writer *w, const char *name, int64_t h, int64_t wide) {
    fv__json_add_ints(w, name, (const int64_t[]){h, wide}, 2);
}

static void add_misfits(const fv_layer *layer, fv_json_writer *w) {
    if (!layer->misfit_count) return;
    fv__json_open(w, "misfit", '[');
    for (int i = 0; i < layer->misfit_count; i++) {
        const fv_misfit_facts *m = layer->misfits[i];
        const char axis[2] = {m->axis, 0};
        fv__json_open(w, NULL, '{');
        fv__json_add_text(w, "axis", axis);
        fv__json_add_int(w, "used", m->used);
        fv__json_add_int(w, "ignored", m->ignored);
        fv__json_add_text(w, "words", m->words);
        fv__json_close(w);
    }
    fv__json_close(w);
}

/* What the text leaves open, and what it could be. */
static void add_open(const fv_layer *layer, fv_json_writer *w) {
    if (!layer->open) return;
    fv__json_add_text(w, "open", layer->open);
    fv__json_open(w, "trials", '[');
    for (int i = 0; i < layer->trial_count; i++) {
        const fv_trial_facts *t = layer->trials[i];
        fv__json_open(w, NULL, '{');
        fv__json_add_text(w, "value", t->value);
        fv__json_add_real(w, "height", t->height);
        fv__json_add_real(w, "width", t->width);
        fv__json_add_bool(w, "fits", t->fits);
        fv__json_add_bool(w, "chosen", t->chosen);
        fv__json_close(w);
    }
    fv__json_close(w);
}

static void add_cost(const fv_layer *layer, fv_json_writer *w) {
    fv__json_add_int(w, "parameters", layer->weights + layer->biases);
    fv__json_add_int(w, "weights", layer->weights);
    fv__json_add_int(w, "biases", layer->biases);
    fv__json_add_int(w, "statistics", layer->statistics);
    fv__json_add_text(w, "product", layer->product);
    fv__json_add_int(w, "macs", layer->macs);
    fv__json_add_int(w, "connections", layer->connections);
    fv__json_add_int(w, "memory_bytes", layer->in_place ? 0 : layer->values * 4);
    fv__json_add_bool(w, "in_place", layer->in_place);
}

static void add_layer(const fv_layer *layer, fv_json_writer *w) {
    fv__json_open(w, NULL, '{');
    fv__json_add_text(w, "name", layer->name);
    if (strcmp(layer->label, layer->name) != 0) fv__json_add_text(w, "label", layer->label);
    fv__json_add_text(w, "op", layer->op);
    fv__json_add_text(w, "options", layer->options);
    fv__json_add_text(w, "lecture", layer->lecture);
    add_shape(w, "output", layer->output, layer->rank);
    add_cost(layer, w);
    fv__json_add_int(w, "receptive_field",
                     layer->field_h > layer->field_w ? layer->field_h : layer->field_w);
    add_pair(w, "receptive_field_hw", layer->field_h, layer->field_w);
    add_pair(w, "jump_hw", layer->jump_h, layer->jump_w);
    fv__json_add_bool(w, "sees_all", layer->sees_all);
    fv__json_open(w, "inputs", '[');
    for (int i = 0; i < layer->input_count; i++) fv__json_add_text(w, NULL, layer->inputs[i]);
    fv__json_close(w);
    fv__json_add_bool(w, "training_only", layer->training);
    add_misfits(layer, w);
    add_open(layer, w);
    fv__json_close(w);
}

static void add_planned(const fv_explanation *e, fv_json_writer *w) {
    fv__json_open(w, "planned", '[');
    for (int i = 0; i < e->plan_count; i++) {
        const fv_memory_plan *p = e->plans[i];
        fv__json_open(w, NULL, '{');
        fv__json_add_int(w, "batch", p->batch);
        fv__json_add_int(w, "inference_bytes", (int64_t)(p->inference + p->inference_scratch));
        fv__json_add_int(w, "inference_scratch_bytes", (int64_t)p->inference_scratch);
        if (e->untrainable) {
            fv__json_add_text(w, "training_bytes", NULL);
        } else {
            fv__json_add_int(w, "training_bytes", (int64_t)(p->training + p->training_scratch));
            fv__json_add_int(w, "training_scratch_bytes", (int64_t)p->training_scratch);
        }
        fv__json_close(w);
    }
    fv__json_close(w);
    fv__json_add_int(w, "parameter_bytes", (int64_t)e->parameter_bytes);
    fv__json_add_int(w, "gradient_bytes", (int64_t)e->gradient_bytes);
    fv__json_add_int(w, "optimizer_bytes", (int64_t)e->optimizer_bytes);
}

static void add_outputs(const fv_explanation *e, fv_json_writer *w) {
    fv__json_open(w, "outputs", '[');
    for (int h = 0; h < e->output_count; h++) {
        const fv_output_facts *head = e->outputs[h];
        fv__json_open(w, NULL, '{');
        fv__json_add_text(w, "name", head->name);
        add_shape(w, "shape", head->dims, head->rank);
        fv__json_add_real(w, "weight", head->weight);
        fv__json_add_bool(w, "training_only", head->training);
        fv__json_close(w);
    }
    fv__json_close(w);
}

void fv__cli_explain_json(const fv_explanation *e, bool training, fv_text *out) {
    fv_json_writer w = fv__json_writer(out, 2);
    fv__json_open(&w, NULL, '{');
    fv__json_add_text(&w, "net", e->name);
    fv__json_add_bool(&w, "training", training);
    add_shape(&w, "input", e->layers[0]->output, e->layers[0]->rank);
    fv__json_add_int(&w, "parameters", e->weights + e->biases);
    fv__json_add_int(&w, "weights", e->weights);
    fv__json_add_int(&w, "biases", e->biases);
    fv__json_add_int(&w, "statistics", e->statistics);
    fv__json_add_int(&w, "macs", e->macs);
    fv__json_add_int(&w, "connections", e->connections);
    fv__json_add_int(&w, "fixed_connections", e->fixed_connections);
    fv__json_add_int(&w, "values", e->values);
    fv__json_add_int(&w, "memory_bytes", e->values * 4);
    add_planned(e, &w);
    add_outputs(e, &w);
    fv__json_open(&w, "layers", '[');
    for (int i = 0; i < e->layer_count; i++) add_layer(e->layers[i], &w);
    fv__json_close(&w);
    fv__json_close(&w);
}
