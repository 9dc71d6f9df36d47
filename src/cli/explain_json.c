/* SPDX-License-Identifier: MIT */
/*
 * explain_json.c - `fovea explain --json`: the same numbers for programs. Shapes read C, H, W.
 */
#include "cli/explain.h"
#include <string.h>

static void add_built(fv_json_writer *w, const char *name, fv_text *value) {
    fv__json_add_text(w, name, value->data ? value->data : "");
    w->out->failed = w->out->failed || value->failed;
    fv__text_free(value);
}

static void add_shape(fv_json_writer *w, const char *name, const fv_shape *s) {
    fv__json_add_ints(w, name, (const int64_t[]){fv__channels(s), fv__height(s), fv__width(s)}, 3);
}

static void add_pair(fv_json_writer *w, const char *name, int64_t h, int64_t wide) {
    fv__json_add_ints(w, name, (const int64_t[]){h, wide}, 2);
}

static void add_kind(const fv_row *row, fv_json_writer *w) {
    fv_text lecture = {0}, options = {0};
    const fv_node *node = row->node;
    if (node) {
        fv__lecture_name(&lecture, node);
        if (node->op->fields) fv__options_print(&options, node->op, node->options);
    } else {
        fv__text_add(&lecture, "INPUT");
    }
    fv__json_add_text(w, "op", node ? node->op->name : "input");
    add_built(w, "options", &options);
    add_built(w, "lecture", &lecture);
}

static void add_misfits(const fv_row *row, fv_json_writer *w) {
    if (!fv__row_misfits(row)) return;
    fv__json_open(w, "misfit", '[');
    for (int i = 0; i < 2; i++) {
        const fv_misfit *m = &row->misfit[i];
        if (!m->axis || m->ignored <= 0) continue;
        const char axis[2] = {m->axis, 0};
        fv_text words = {0};
        fv__lecture_misfit(&words, m);
        fv__json_open(w, NULL, '{');
        fv__json_add_text(w, "axis", axis);
        fv__json_add_int(w, "used", m->used);
        fv__json_add_int(w, "ignored", m->ignored);
        add_built(w, "words", &words);
        fv__json_close(w);
    }
    fv__json_close(w);
}

static void add_cost(const fv_row *row, fv_json_writer *w) {
    const int64_t own = row->in_place ? 0 : row->values;
    fv__json_add_int(w, "parameters", row->weights + row->biases);
    fv__json_add_int(w, "weights", row->weights);
    fv__json_add_int(w, "biases", row->biases);
    fv__json_add_int(w, "statistics", row->statistics);
    fv__json_add_text(w, "product", row->cost.product);
    fv__json_add_int(w, "macs", row->cost.macs);
    fv__json_add_int(w, "memory_bytes", own * 4);
    fv__json_add_bool(w, "in_place", row->in_place);
}

static void add_row(const fv_explained *e, const fv_row *row, fv_json_writer *w) {
    const fv_value *value = &e->net->values[row->value];
    const fv_field_of_view *v = &row->view;
    fv__json_open(w, NULL, '{');
    fv__json_add_text(w, "name", row->node ? row->node->name : value->name);
    if (row->node && strcmp(value->name, row->node->name) != 0)
        fv__json_add_text(w, "label", value->name);
    add_kind(row, w);
    add_shape(w, "output", &value->shape);
    add_cost(row, w);
    fv__json_add_int(w, "receptive_field", v->size_h > v->size_w ? v->size_h : v->size_w);
    add_pair(w, "receptive_field_hw", v->size_h, v->size_w);
    add_pair(w, "jump_hw", v->jump_h, v->jump_w);
    fv__json_add_bool(w, "sees_all", v->global);
    fv__json_open(w, "inputs", '[');
    for (int i = 0; row->node && i < row->node->inputs; i++) {
        const fv_value *in = &e->net->values[row->node->in[i]];
        fv__json_add_text(w, NULL, in->node < 0 ? in->name : e->net->nodes[in->node].name);
    }
    fv__json_close(w);
    fv__json_add_bool(w, "training_only", row->node && row->node->training);
    add_misfits(row, w);
    fv__json_close(w);
}

static void add_planned(const fv_explained *e, fv_json_writer *w) {
    fv__json_open(w, "planned", '[');
    for (int i = 0; i < e->planned_count; i++) {
        const fv_planned *p = &e->planned[i];
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
    fv__json_add_int(w, "parameter_bytes", (int64_t)e->parameters);
    fv__json_add_int(w, "gradient_bytes", (int64_t)e->gradients);
    fv__json_add_int(w, "optimizer_bytes", (int64_t)e->optimizer);
}

static void add_outputs(const fv_explained *e, fv_json_writer *w) {
    fv__json_open(w, "outputs", '[');
    for (size_t h = 0; h < e->net->head_count; h++) {
        const fv_head *head = &e->net->heads[h];
        if (head->training && !e->training) continue;
        fv__json_open(w, NULL, '{');
        fv__json_add_text(w, "name", head->name);
        add_shape(w, "shape", &e->net->values[head->value].shape);
        fv__json_add_real(w, "weight", head->weight);
        fv__json_add_bool(w, "training_only", head->training);
        fv__json_close(w);
    }
    fv__json_close(w);
}

void fv__explain_json(const fv_explained *e, fv_text *out) {
    fv_json_writer w = fv__json_writer(out, 2);
    fv__json_open(&w, NULL, '{');
    fv__json_add_text(&w, "net", e->net->name);
    fv__json_add_bool(&w, "training", e->training);
    add_shape(&w, "input", &e->net->values[0].shape);
    fv__json_add_int(&w, "parameters", e->weights + e->biases);
    fv__json_add_int(&w, "weights", e->weights);
    fv__json_add_int(&w, "biases", e->biases);
    fv__json_add_int(&w, "statistics", e->statistics);
    fv__json_add_int(&w, "macs", e->macs);
    fv__json_add_int(&w, "values", e->values);
    fv__json_add_int(&w, "memory_bytes", e->values * 4);
    add_planned(e, &w);
    add_outputs(e, &w);
    fv__json_open(&w, "layers", '[');
    for (int i = 0; i < e->count; i++) add_row(e, &e->rows[i], &w);
    fv__json_close(&w);
    fv__json_close(&w);
}
