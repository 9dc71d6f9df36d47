/* SPDX-License-Identifier: MIT */
/*
 * explain_json.c - `fovea explain --json`: the same numbers for programs. Shapes read C, H, W.
 */
#include "cli/explain.h"
#include <string.h>

static void put_text(fv_text *out, const char *name, const fv_text *value, const char *after) {
    fv__text_addf(out, "\"%s\": ", name);
    fv__text_json(out, value->data ? value->data : "");
    fv__text_add(out, after);
    out->failed = out->failed || value->failed;
}

static void put_shape(fv_text *out, const fv_shape *s) {
    fv__text_addf(out, "[%lld, %lld, %lld]", (long long)fv__channels(s), (long long)fv__height(s),
                  (long long)fv__width(s));
}

static void put_kind(const fv_row *row, fv_text *out) {
    fv_text lecture = {0}, options = {0};
    const fv_node *node = row->node;
    if (node) {
        fv__lecture_name(&lecture, node);
        if (node->op->fields) fv__options_print(&options, node->op, node->options);
    } else {
        fv__text_add(&lecture, "INPUT");
    }
    fv__text_addf(out, "\"op\": \"%s\", ", node ? node->op->name : "input");
    put_text(out, "options", &options, ", ");
    put_text(out, "lecture", &lecture, ", ");
    fv__text_free(&lecture);
    fv__text_free(&options);
}

static void put_misfits(const fv_row *row, fv_text *out) {
    const char *comma = "";
    if (!fv__row_misfits(row)) return;
    fv__text_add(out, ", \"misfit\": [");
    for (int i = 0; i < 2; i++) {
        const fv_misfit *m = &row->misfit[i];
        if (!m->axis || m->ignored <= 0) continue;
        fv_text words = {0};
        fv__lecture_misfit(&words, m);
        fv__text_addf(out, "%s{\"axis\": \"%c\", \"used\": %lld, \"ignored\": %lld, ", comma,
                      m->axis, (long long)m->used, (long long)m->ignored);
        put_text(out, "words", &words, "}");
        fv__text_free(&words);
        comma = ", ";
    }
    fv__text_add(out, "]");
}

static void put_row(const fv_explained *e, const fv_row *row, fv_text *out) {
    const fv_value *value = &e->net->values[row->value];
    const fv_receptive_field *v = &row->view;
    const int64_t own = row->in_place ? 0 : row->values;
    fv__text_add(out, "  {\"name\": ");
    fv__text_json(out, row->node ? row->node->name : value->name);
    fv__text_add(out, ", ");
    if (row->node && strcmp(value->name, row->node->name) != 0) {
        fv__text_add(out, "\"label\": ");
        fv__text_json(out, value->name);
        fv__text_add(out, ", ");
    }
    put_kind(row, out);
    fv__text_add(out, "\"output\": ");
    put_shape(out, &value->shape);
    fv__text_addf(out, ", \"parameters\": %lld, \"weights\": %lld, \"biases\": %lld, ",
                  (long long)(row->weights + row->biases), (long long)row->weights,
                  (long long)row->biases);
    fv__text_addf(out, "\"statistics\": %lld, \"product\": ", (long long)row->statistics);
    fv__text_json(out, row->cost.product);
    fv__text_addf(out, ", \"macs\": %lld, \"memory_bytes\": %lld, \"in_place\": %s, ",
                  (long long)row->cost.macs, (long long)own * 4, row->in_place ? "true" : "false");
    fv__text_addf(out, "\"receptive_field\": %lld, \"receptive_field_hw\": [%lld, %lld], ",
                  (long long)(v->size_h > v->size_w ? v->size_h : v->size_w), (long long)v->size_h,
                  (long long)v->size_w);
    fv__text_addf(out, "\"jump_hw\": [%lld, %lld], \"sees_all\": %s, \"inputs\": [",
                  (long long)v->jump_h, (long long)v->jump_w, v->global ? "true" : "false");
    for (int i = 0; row->node && i < row->node->inputs; i++) {
        if (i) fv__text_add(out, ", ");
        const fv_value *in = &e->net->values[row->node->in[i]];
        fv__text_json(out, in->node < 0 ? in->name : e->net->nodes[in->node].name);
    }
    fv__text_addf(out, "], \"training_only\": %s",
                  row->node && row->node->training ? "true" : "false");
    put_misfits(row, out);
    fv__text_add(out, "}");
}

static void put_planned(const fv_explained *e, fv_text *out) {
    fv__text_add(out, " \"planned\": [");
    for (int i = 0; i < e->planned_count; i++) {
        const fv_planned *p = &e->planned[i];
        fv__text_addf(out, "%s{\"batch\": %lld, \"inference_bytes\": %zu, ", i ? ", " : "",
                      (long long)p->batch, p->inference + p->inference_scratch);
        fv__text_addf(out, "\"inference_scratch_bytes\": %zu, ", p->inference_scratch);
        if (e->untrainable)
            fv__text_add(out, "\"training_bytes\": null}");
        else
            fv__text_addf(out, "\"training_bytes\": %zu, \"training_scratch_bytes\": %zu}",
                          p->training + p->training_scratch, p->training_scratch);
    }
    fv__text_addf(out,
                  "],\n \"parameter_bytes\": %zu, \"gradient_bytes\": %zu, "
                  "\"optimizer_bytes\": %zu,\n",
                  e->parameters, e->gradients, e->optimizer);
}

static void put_outputs(const fv_explained *e, fv_text *out) {
    const char *comma = "";
    fv__text_add(out, " \"outputs\": [");
    for (size_t h = 0; h < e->net->head_count; h++) {
        const fv_head *head = &e->net->heads[h];
        if (head->training && !e->training) continue;
        fv__text_addf(out, "%s{\"name\": ", comma);
        fv__text_json(out, head->name);
        fv__text_add(out, ", \"shape\": ");
        put_shape(out, &e->net->values[head->value].shape);
        fv__text_add(out, ", \"weight\": ");
        fv__text_number(out, head->weight);
        fv__text_addf(out, ", \"training_only\": %s}", head->training ? "true" : "false");
        comma = ", ";
    }
    fv__text_add(out, "],\n");
}

void fv__explain_json(const fv_explained *e, fv_text *out) {
    fv__text_add(out, "{\"net\": ");
    fv__text_json(out, e->net->name);
    fv__text_addf(out, ", \"training\": %s,\n \"input\": ", e->training ? "true" : "false");
    put_shape(out, &e->net->values[0].shape);
    fv__text_addf(out, ", \"parameters\": %lld, \"weights\": %lld, \"biases\": %lld, ",
                  (long long)(e->weights + e->biases), (long long)e->weights, (long long)e->biases);
    fv__text_addf(out, "\"statistics\": %lld,\n \"macs\": %lld, \"values\": %lld, ",
                  (long long)e->statistics, (long long)e->macs, (long long)e->values);
    fv__text_addf(out, "\"memory_bytes\": %lld,\n", (long long)e->values * 4);
    put_planned(e, out);
    put_outputs(e, out);
    fv__text_add(out, " \"layers\": [\n");
    for (int i = 0; i < e->count; i++) {
        put_row(e, &e->rows[i], out);
        fv__text_add(out, i + 1 < e->count ? ",\n" : "\n");
    }
    fv__text_add(out, " ]}\n");
}
