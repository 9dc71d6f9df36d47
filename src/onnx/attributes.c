/* SPDX-License-Identifier: MIT */
/*
 * attributes.c - a node's attributes, and options made of them. See importer.h.
 */
#include "onnx/importer.h"

#ifdef FV_HAVE_ONNX
#include "base/number.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

#define ATTRIBUTES_MOST 64 /* bits of fv_onnx_node.read */
#define TYPE(name)      ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__##name

fv_status fv__onnx_refuse(const fv_onnx_node *n, const char *format, ...) {
    char sentence[FV_MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    fv__vformat(sentence, sizeof sentence, format, args);
    va_end(args);
    return fv__fail(n->im->ctx, FV_BAD_INPUT, "node %.80s (%.40s): %s", n->name, n->proto->op_type,
                    sentence);
}

const Onnx__AttributeProto *fv__onnx_attribute(fv_onnx_node *n, const char *name) {
    for (size_t i = 0; i < n->proto->n_attribute && i < ATTRIBUTES_MOST; i++) {
        const Onnx__AttributeProto *a = n->proto->attribute[i];
        if (!a->name || strcmp(a->name, name) != 0) continue;
        n->read |= (uint64_t)1 << i;
        return a;
    }
    return NULL;
}

/* consumed_inputs, of opset 1, said where memory might be used again, and nothing else. */
fv_status fv__onnx_all_read(const fv_onnx_node *n) {
    if (n->proto->n_attribute > ATTRIBUTES_MOST)
        return fv__onnx_refuse(n, "%zu attributes; at most %d are read", n->proto->n_attribute,
                               ATTRIBUTES_MOST);
    for (size_t i = 0; i < n->proto->n_attribute; i++) {
        const char *name = n->proto->attribute[i]->name;
        if (n->read >> i & 1 || (name && strcmp(name, "consumed_inputs") == 0)) continue;
        return fv__onnx_refuse(n, "its attribute '%.40s' is not known here", name ? name : "");
    }
    return FV_OK;
}

static fv_status wrong_type(const fv_onnx_node *n, const char *name, const char *wanted) {
    return fv__onnx_refuse(n, "its attribute '%s' must be %s", name, wanted);
}

/* Files of the first versions leave the type out; then what is there tells. */
static bool is(const Onnx__AttributeProto *a, int type, bool there) {
    return a->has_type && a->type != TYPE(UNDEFINED) ? (int)a->type == type : there;
}

fv_status fv__onnx_int(fv_onnx_node *n, const char *name, int64_t otherwise, int64_t *out) {
    const Onnx__AttributeProto *a = fv__onnx_attribute(n, name);
    *out = a ? a->i : otherwise;
    return !a || is(a, TYPE(INT), a->has_i) ? FV_OK : wrong_type(n, name, "a whole number");
}

fv_status fv__onnx_real(fv_onnx_node *n, const char *name, double otherwise, double *out) {
    const Onnx__AttributeProto *a = fv__onnx_attribute(n, name);
    *out = a ? fv__float_as_written(a->f) : otherwise;
    if (!a || is(a, TYPE(FLOAT), a->has_f)) return FV_OK;
    *out = (double)a->i;
    return is(a, TYPE(INT), a->has_i) ? FV_OK : wrong_type(n, name, "a number");
}

fv_status fv__onnx_ints(fv_onnx_node *n, const char *name, fv_ints *out) {
    const Onnx__AttributeProto *a = fv__onnx_attribute(n, name);
    out->count = 0;
    if (!a) return FV_OK;
    if (!is(a, TYPE(INTS), a->n_ints > 0)) return wrong_type(n, name, "a list of whole numbers");
    if (a->n_ints > FV_LIST_MAX)
        return fv__onnx_refuse(n, "its attribute '%s' has %zu numbers; at most %d are read", name,
                               a->n_ints, FV_LIST_MAX);
    out->count = (int)a->n_ints;
    for (int i = 0; i < out->count; i++) out->v[i] = a->ints[i];
    return FV_OK;
}

fv_status fv__onnx_word(fv_onnx_node *n, const char *name, const char *otherwise,
                        char out[FV_WORD_MAX]) {
    const Onnx__AttributeProto *a = fv__onnx_attribute(n, name);
    if (a && (!is(a, TYPE(STRING), a->has_s) || a->s.len >= FV_WORD_MAX))
        return wrong_type(n, name, "a word");
    if (a)
        (void)fv__format(out, FV_WORD_MAX, "%.*s", (int)a->s.len, (const char *)a->s.data);
    else
        (void)fv__format(out, FV_WORD_MAX, "%s", otherwise);
    return FV_OK;
}

/* --------------------------------------------------------------------------------- options --- */

fv_status fv__onnx_set_arg(fv_onnx_node *n, fv_onnx_made *o, const char *field, const fv_arg *arg) {
    const fv_field *f = fv__field_find(o->op->fields, field);
    if (!f) return fv__onnx_refuse(n, "%s has no option '%s'", o->op->name, field);
    if (fv__field_set(n->im->ctx, f, o->data.bytes, arg) == FV_OK) return FV_OK;
    return fv__fail_in(n->im->ctx, "node %.80s (%.40s): ", n->name, n->proto->op_type);
}

fv_status fv__onnx_set(fv_onnx_node *n, fv_onnx_made *o, const char *field, double v) {
    const fv_arg arg = {.is = FV_ARG_NUMBERS, .count = 1, .v = {v}};
    return fv__onnx_set_arg(n, o, field, &arg);
}

fv_status fv__onnx_set_ints(fv_onnx_node *n, fv_onnx_made *o, const char *field, const fv_ints *v,
                            bool cross) {
    fv_arg arg = {.is = FV_ARG_NUMBERS, .count = v->count, .cross = cross && v->count > 1};
    for (int i = 0; i < v->count; i++) arg.v[i] = (double)v->v[i];
    return fv__onnx_set_arg(n, o, field, &arg);
}

fv_status fv__onnx_set_word(fv_onnx_node *n, fv_onnx_made *o, const char *field, const char *word) {
    fv_arg arg = {.is = FV_ARG_WORD};
    (void)fv__format(arg.word, sizeof arg.word, "%s", word);
    return fv__onnx_set_arg(n, o, field, &arg);
}

static fv_status set_long(fv_onnx_node *n, fv_onnx_made *o, const fv_field *f) {
    const Onnx__AttributeProto *a = fv__onnx_attribute(n, f->onnx);
    fv_arg arg = {.is = FV_ARG_NUMBERS};
    if (!a) return FV_OK;
    if (!is(a, TYPE(INTS), a->n_ints > 0)) return wrong_type(n, f->onnx, "a list of whole numbers");
    if (a->n_ints > FV_LONG_MAX)
        return fv__onnx_refuse(n, "its attribute '%s' has %zu numbers; at most %d are read",
                               f->onnx, a->n_ints, FV_LONG_MAX);
    arg.count = (int)a->n_ints;
    for (int i = 0; i < arg.count; i++) arg.v[i] = (double)a->ints[i];
    return arg.count ? fv__onnx_set_arg(n, o, f->name, &arg) : FV_OK;
}

static fv_status set_ints(fv_onnx_node *n, fv_onnx_made *o, const fv_field *f) {
    fv_ints v;
    if (f->flags & FV_LONG) return set_long(n, o, f);
    FV_TRY(fv__onnx_ints(n, f->onnx, &v));
    if (v.count == 0) return FV_OK;
    if (f->kind == FV_SIZE && v.count == 1) /* one dimension: a row */
        v = (fv_ints){2, {1, v.v[0]}};
    if (f->kind == FV_PAD && v.count == 2) v = (fv_ints){4, {0, v.v[0], 0, v.v[1]}};
    return fv__onnx_set_ints(n, o, f->name, &v, f->kind == FV_SIZE);
}

/* One field by the attribute it is called in ONNX. */
static fv_status set_by_name(fv_onnx_node *n, fv_onnx_made *o, const fv_field *f) {
    const Onnx__AttributeProto *a = fv__onnx_attribute(n, f->onnx);
    char word[FV_WORD_MAX] = "";
    int64_t i;
    double v;
    if (!a) return FV_OK;
    switch (f->kind) {
    case FV_INT:
        FV_TRY(fv__onnx_int(n, f->onnx, 0, &i));
        return fv__onnx_set(n, o, f->name, (double)i);
    case FV_BOOL:
        FV_TRY(fv__onnx_int(n, f->onnx, 0, &i));
        return fv__onnx_set_word(n, o, f->name, i ? "yes" : "no");
    case FV_REAL:
        FV_TRY(fv__onnx_real(n, f->onnx, 0, &v));
        return fv__onnx_set(n, o, f->name, v);
    case FV_CHOICE:
    case FV_WORD:
        FV_TRY(fv__onnx_word(n, f->onnx, "", word));
        for (char *c = word; *c; c++) /* "DCR" is dcr here */
            if (*c >= 'A' && *c <= 'Z') *c = (char)(*c - 'A' + 'a');
        return fv__onnx_set_word(n, o, f->name, word);
    default:
        return set_ints(n, o, f);
    }
}

fv_status fv__onnx_plain(fv_onnx_node *n, const char *op, fv_onnx_made *out) {
    memset(out, 0, sizeof *out);
    out->op = fv__op_find(op);
    if (!out->op || out->op->options_size > sizeof out->data)
        return fv__onnx_refuse(n, "there is no operator %s here", op);
    if (out->op->fields) fv__field_defaults(out->op->fields, out->data.bytes);
    return FV_OK;
}

fv_status fv__onnx_make(fv_onnx_node *n, const char *op, fv_onnx_made *out) {
    FV_TRY(fv__onnx_plain(n, op, out));
    for (const fv_field *f = out->op->fields; f && f->name; f++)
        if (f->onnx) FV_TRY(set_by_name(n, out, f));
    return FV_OK;
}

#define FAR 1e15 /* "to the end", as exporters write it with the largest number there is */

fv_status fv__onnx_set_known(fv_onnx_node *n, fv_onnx_made *o, const char *field, int i) {
    const fv_constant *c;
    fv_arg list = {.is = FV_ARG_NUMBERS};
    if (!fv__onnx_has(n, i)) return FV_OK;
    FV_TRY(fv__onnx_known(n, i, field, &c));
    const fv_field *f = fv__field_find(o->op->fields, field);
    if (!f) return fv__onnx_refuse(n, "%s has no option '%s'", o->op->name, field);
    if (f->kind != FV_INTS) {
        if (fv__shape_count(&c->shape) != 1)
            return fv__onnx_refuse(n, "%s has to be one number", field);
        return fv__onnx_set(n, o, field, fv__constant_get(c, 0));
    }
    const int64_t count = fv__shape_count(&c->shape);
    if (count > fv__field_most(f) || (c->dtype != FV_I64 && c->dtype != FV_I32))
        return fv__onnx_refuse(n, "%s has to be a list of at most %d whole numbers", field,
                               fv__field_most(f));
    list.count = (int)count;
    for (int k = 0; k < list.count; k++)
        list.v[k] = fmax(-FAR, fmin(FAR, (double)fv__constant_int(c, k)));
    return list.count ? fv__onnx_set_arg(n, o, field, &list) : FV_OK;
}

fv_status fv__onnx_own(fv_onnx_node *n, fv_onnx_made *out) {
    for (int i = 0; fv__ops[i]; i++)
        if (fv__ops[i]->onnx && strcmp(fv__ops[i]->onnx, n->proto->op_type) == 0)
            return fv__onnx_make(n, fv__ops[i]->name, out);
    return fv__onnx_refuse(n, "there is no such operator here");
}

#endif
