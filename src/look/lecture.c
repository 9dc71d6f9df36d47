/* SPDX-License-Identifier: MIT */
/*
 * lecture.c - layers and misfits in the words of the lectures (Stanford CS231n, lectures 5 and 9):
 * CONV3-64 is a convolution of 64 filters 3x3, POOL2 a maximum over 2x2, FC-4096 a fully connected
 * layer of 4096, NORM a local response normalisation.
 */
#include "look/lecture.h"
#include <ctype.h>
#include <string.h>

#define LIST_SHOWN 16 /* numbers of a list that is shown whole */

/* Operators whose name in the lectures is not their own in capitals. */
static const struct {
    const char *op, *lecture;
} names[] = {
    {"maxpool", "POOL"},
    {"lrn", "NORM"},
    {"globalavgpool", "GLOBAL AVGPOOL"},
    {"globalmaxpool", "GLOBAL POOL"},
    {"crossentropy", "CROSS-ENTROPY"},
    {"squarederror", "SQUARED ERROR"},
};

static void capitals(fv_text *out, const char *name) {
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i].op, name) == 0) {
            fv__text_add(out, names[i].lecture);
            return;
        }
    for (; *name; name++) {
        const char c = (char)toupper((unsigned char)*name);
        fv__text_addn(out, &c, 1);
    }
}

static const void *at(const fv_node *node, const fv_field *f) {
    return (const char *)node->options + f->offset;
}

/* Positional fields that the name carries: a window (3, or 1x7), then a count (64). */
static bool in_name(const fv_node *node, const fv_field *f) {
    return f->flags & FV_POSITIONAL &&
           (f->kind == FV_SIZE || (f->kind == FV_INT && strcmp(node->op->name, "lrn") != 0));
}

void fv__lecture_name(fv_text *out, const fv_node *node) {
    capitals(out, node->op->name);
    for (const fv_field *f = node->op->fields; f && f->name; f++) {
        if (f->kind != FV_SIZE || !in_name(node, f)) continue;
        const fv_size *s = at(node, f);
        if (s->h == 0 && s->w == 0) continue; /* another option says it */
        fv__text_addf(out, s->h == s->w ? "%lld" : "%lldx%lld", (long long)s->h, (long long)s->w);
    }
    for (const fv_field *f = node->op->fields; f && f->name; f++) {
        if (f->kind != FV_INT || !in_name(node, f)) continue;
        const int64_t *count = at(node, f);
        if (*count == 0 && fv__field_is_default(f, node->options)) continue;
        fv__text_addf(out, "-%lld", (long long)*count);
    }
}

/* A list that is longer than a column should be begins, and says how long it is. */
static void add_list(fv_text *out, const fv_node *node, const fv_field *f) {
    const size_t start = out->length;
    const int count = *(const int *)at(node, f);
    int commas = 0;
    fv__field_print(out, f, node->options);
    for (size_t i = start; !out->failed && count > LIST_SHOWN && i < out->length; i++) {
        if (out->data[i] != ',' || ++commas < 4) continue;
        fv__text_cut(out, i);
        fv__text_addf(out, ",... (%d numbers)", count);
        return;
    }
}

void fv__lecture_options(fv_text *out, const fv_node *node) {
    const char *space = "";
    for (const fv_field *f = node->op->fields; f && f->name; f++) {
        if (in_name(node, f)) continue;
        /* absent biases show in their own column */
        if (strcmp(f->name, "bias") == 0) continue;
        const bool positional = (f->flags & FV_POSITIONAL) != 0;
        const bool list = f->kind == FV_INTS || f->kind == FV_REALS; /* empty, when not given */
        if (fv__field_is_default(f, node->options) && (!positional || list)) continue;
        fv__text_add(out, space);
        space = " ";
        if (f->kind == FV_BOOL) {
            fv__text_addf(out, "%s%s", *(const bool *)at(node, f) ? "" : "no ", f->name);
            continue;
        }
        if (!positional) fv__text_addf(out, "%s ", f->name);
        if (f->kind == FV_SIZE) {
            const fv_size *s = at(node, f);
            fv__text_addf(out, s->h == s->w ? "%lld" : "%lldx%lld", (long long)s->h,
                          (long long)s->w);
        } else if (list) {
            add_list(out, node, f);
        } else {
            fv__field_print(out, f, node->options);
        }
    }
}

void fv__lecture_misfit(fv_text *out, const fv_misfit *m) {
    const int64_t free = m->in + m->before + m->after - m->kernel;
    const bool high = m->axis == 'h';
    fv__text_addf(out, "%s: (%lld", high ? "height" : "width", (long long)m->in);
    if (m->before == m->after && m->before)
        fv__text_addf(out, " + 2*%lld", (long long)m->before);
    else if (m->before || m->after)
        fv__text_addf(out, " + %lld + %lld", (long long)m->before, (long long)m->after);
    fv__text_addf(out, " - %lld)/%lld + 1 = %.2f; ", (long long)m->kernel, (long long)m->stride,
                  (double)free / (double)m->stride + 1.0);
    fv__text_addf(out, "%lld %s used, ", (long long)m->used, m->used == 1 ? "is" : "are");
    if (m->ignored == 1)
        fv__text_addf(out, "the last %s of its input is ignored", high ? "row" : "column");
    else
        fv__text_addf(out, "the last %lld %s of its input are ignored", (long long)m->ignored,
                      high ? "rows" : "columns");
}
