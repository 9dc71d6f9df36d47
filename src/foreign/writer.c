/* SPDX-License-Identifier: MIT */
/*
 * writer.c - a network as a program of another library, by the rows of its dialect.
 */
#include "foreign/writer.h"
#include "op/convtranspose.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const fv_dialect *const dialects[] = {&fv__pytorch, &fv__keras, NULL};

const fv_dialect *fv__dialect_find(const char *name) {
    for (int i = 0; dialects[i]; i++)
        if (strcmp(dialects[i]->name, name) == 0) return dialects[i];
    return NULL;
}

fv_status fv__writer_refuse(const fv_writer *w, const char *format, ...) {
    char words[512];
    va_list list;
    va_start(list, format);
    (void)fv__vformat(words, sizeof words, format, list);
    va_end(list);
    return fv__fail(w->ctx, FV_BAD_INPUT, "%s (%s): %s", w->node->name, w->node->op->name, words);
}

/* -------------------------------------------------------------------------------- options --- */

const void *fv__writer_option(const fv_writer *w, const char *name, const fv_field **field) {
    *field = w->node->op->fields ? fv__field_find(w->node->op->fields, name) : NULL;
    return *field ? (const char *)w->node->options + (*field)->offset : NULL;
}

const char *fv__writer_input(const fv_writer *w, int i) {
    return w->variables[w->node->in[i]];
}

int fv__writer_spatial(const fv_writer *w) {
    return w->room.in[0].rank >= 4 ? w->room.in[0].rank - 2 : 1;
}

static void put_size(fv_text *out, const fv_size *s, int spatial) {
    if (spatial == 1 || s->h == s->w)
        fv__text_addf(out, "%" PRId64, s->w);
    else
        fv__text_addf(out, "(%" PRId64 ", %" PRId64 ")", s->h, s->w);
}

void fv__writer_real(fv_text *out, double v) {
    if (!isfinite(v)) {
        fv__text_add(out, v > 0 ? "float(\"inf\")" : v < 0 ? "-float(\"inf\")" : "float(\"nan\")");
        return;
    }
    fv__text_number(out, v);
    if (fabs(v) < 1e15 && v == (double)(int64_t)v) fv__text_add(out, ".0");
}

fv_status fv__writer_value(const fv_writer *w, const char *name, fv_text *out) {
    const fv_field *f;
    const void *v = fv__writer_option(w, name, &f);
    if (!v) return fv__writer_refuse(w, "has no option '%s' to be written", name);
    switch (f->kind) {
    case FV_INT:
        fv__text_addf(out, "%" PRId64, *(const int64_t *)v);
        break;
    case FV_REAL:
        fv__writer_real(out, *(const double *)v);
        break;
    case FV_BOOL:
        fv__text_add(out, *(const bool *)v ? "True" : "False");
        break;
    case FV_CHOICE:
        fv__text_addf(out, "\"%s\"", f->choices[*(const int *)v]);
        break;
    case FV_SIZE:
        put_size(out, v, fv__writer_spatial(w));
        break;
    case FV_REALS:
        fv__text_add(out, "(");
        for (int i = 0; i < ((const fv_reals *)v)->count; i++) {
            fv__writer_real(out, ((const fv_reals *)v)->v[i]);
            fv__text_add(out, i + 1 < ((const fv_reals *)v)->count ? ", " : ",)");
        }
        break;
    case FV_INTS:
        fv__text_add(out, "(");
        for (int i = 0; i < ((const fv_ints *)v)->count; i++)
            fv__text_addf(out, "%s%" PRId64, i ? ", " : "", ((const fv_ints *)v)->v[i]);
        fv__text_add(out, ((const fv_ints *)v)->count == 1 ? ",)" : ")");
        break;
    default:
        return fv__writer_refuse(w, "its option '%s' has no form in Python", name);
    }
    return FV_OK;
}

fv_status fv__writer_windows(const fv_writer *w, fv_window win[2]) {
    static const fv_size one = {1, 1};
    const fv_field *f;
    const fv_shape *in = &w->room.in[0];
    int64_t size[2];
    if (w->node->op == &fv__op_convtranspose) {
        fv__convtranspose_windows(in, w->node->options, win, size);
        return FV_OK;
    }
    const fv_size *kernel = fv__writer_option(w, "kernel", &f);
    const fv_size *stride = fv__writer_option(w, "stride", &f);
    const fv_size *dilation = fv__writer_option(w, "dilation", &f);
    const fv_pad *pad = fv__writer_option(w, "pad", &f);
    const bool *ceil = fv__writer_option(w, "ceil", &f);
    fv_conv_options o = {.kernel = *kernel,
                         .stride = stride->w ? *stride : *kernel,
                         .dilation = dilation ? *dilation : one,
                         .pad = *pad},
                    flat;
    fv_shape maps;
    fv_misfit misfit[2];
    fv__conv_as_maps(in, &o, &maps, &flat);
    return fv__windows(w->ctx, &maps, flat.kernel, flat.stride, flat.dilation, &flat.pad,
                       ceil && *ceil, win, misfit);
}

/* ------------------------------------------------------------------------------ arguments --- */

bool fv__foreign_arg(const char **args, fv_foreign_arg *out) {
    const char *from = *args;
    if (!*from) return false;
    const size_t length = strcspn(from, ",");
    const char *equals = memchr(from, '=', length);
    *out = (fv_foreign_arg){.silent = *from == '~'};
    out->always = equals && equals > from && equals[-1] == ':';
    if (equals)
        (void)snprintf(out->theirs, sizeof out->theirs, "%.*s", (int)(equals - from) - out->always,
                       from);
    const char *ours = equals ? equals + 1 : from + out->silent;
    (void)snprintf(out->ours, sizeof out->ours, "%.*s", (int)(from + length - ours), ours);
    *args = from + length + strspn(from + length, ", ");
    return true;
}

static fv_status put_computed(fv_writer *w, const char *name, fv_text *out) {
    for (const fv_computed *c = w->dialect->computed; c->name; c++)
        if (strcmp(c->name, name) == 0) return c->write(w, out);
    return fv__writer_refuse(w, "nothing computes '%s'", name);
}

static fv_status put_ours(fv_writer *w, const fv_foreign_arg *arg, fv_text *out) {
    if (arg->ours[0] == '@') return put_computed(w, arg->ours + 1, out);
    if (arg->ours[0] == '!') {
        fv__text_add(out, arg->ours + 1);
        return FV_OK;
    }
    const bool minus = strncmp(arg->ours, "1-", 2) == 0;
    const char *name = minus ? arg->ours + 2 : arg->ours;
    const fv_field *f;
    const void *v = fv__writer_option(w, name, &f);
    if (v && !arg->always && fv__field_is_default(f, w->node->options)) return FV_OK;
    if (!minus || !v) return fv__writer_value(w, name, out);
    fv__text_number(out, 1 - *(const double *)v);
    return FV_OK;
}

static fv_status put_args(fv_writer *w, fv_text *out) {
    const char *args = w->row->args;
    fv_foreign_arg arg;
    bool first = true;
    while (fv__foreign_arg(&args, &arg)) {
        const size_t before = out->length;
        if (arg.silent) continue;
        fv__text_addf(out, "%s%s=", first ? "" : ", ", arg.theirs);
        const size_t empty = out->length;
        FV_TRY(put_ours(w, &arg, out));
        if (out->length == empty)
            fv__text_cut(out, before);
        else
            first = false;
    }
    return FV_OK;
}

/* --------------------------------------------------------------------------------- places --- */

/* "nn.Conv2d(...)", with a name where nothing else would give it one. */
static fv_status put_constructor(fv_writer *w, fv_text *out) {
    FV_TRY(fv__writer_fill(w, w->row->theirs, out));
    fv__text_add(out, "(");
    const size_t before = out->length;
    FV_TRY(put_args(w, out));
    if (!w->dialect->layers_apart)
        fv__text_addf(out, "%sname=\"%s\"", out->length > before ? ", " : "",
                      w->attributes[w->node - w->net->nodes]);
    fv__text_add(out, ")");
    return FV_OK;
}

/* The layer as a call names it: what was made before, or made in place. */
static fv_status put_layer(fv_writer *w, fv_text *out) {
    const fv_param *p = w->node->params ? &w->net->params[w->node->param[0]] : NULL;
    const int owner = p ? p->node : (int)(w->node - w->net->nodes);
    if (!w->dialect->layers_apart && (!p || p->uses == 1)) return put_constructor(w, out);
    fv__text_addf(out, "%s%s", w->dialect->layers_apart ? "self." : "layer_", w->attributes[owner]);
    return FV_OK;
}

static fv_status put_place(fv_writer *w, const char *name, fv_text *out) {
    if (name[0] >= '0' && name[0] <= '9') {
        fv__text_add(out, fv__writer_input(w, name[0] - '0'));
        return FV_OK;
    }
    if (name[0] == '*' || name[0] == 'j') {
        if (name[0] == 'j' && name[1] != ' ') return fv__writer_value(w, name, out);
        for (int i = 0; i < w->node->inputs; i++)
            fv__text_addf(out, "%s%s",
                          !i               ? ""
                          : name[0] == '*' ? ", "
                                           : name + 1,
                          fv__writer_input(w, i));
        return FV_OK;
    }
    if (name[0] == '@') return put_computed(w, name + 1, out);
    if (strcmp(name, "m") == 0) return put_layer(w, out);
    if (strcmp(name, "args") == 0) return put_args(w, out);
    if (strcmp(name, "d") == 0) {
        fv__text_addf(out, "%d", fv__writer_spatial(w));
        return FV_OK;
    }
    return fv__writer_value(w, name, out);
}

fv_status fv__writer_fill(fv_writer *w, const char *text, fv_text *out) {
    char name[64];
    while (*text) {
        const size_t plain = strcspn(text, "{");
        fv__text_addn(out, text, plain);
        text += plain;
        if (!*text) break;
        const size_t length = strcspn(text, "}");
        (void)snprintf(name, sizeof name, "%.*s", (int)length - 1, text + 1);
        FV_TRY(put_place(w, name, out));
        text += length + 1;
    }
    return FV_OK;
}

/* --------------------------------------------------------------------------------- layers --- */

/* The line that makes a layer which stands apart from its call, once. */
static fv_status make_layer(fv_writer *w) {
    const fv_node *node = w->node;
    const int own = (int)(node - w->net->nodes);
    bool shared = false;
    for (int i = 0; i < node->params; i++) {
        const fv_param *p = &w->net->params[node->param[i]];
        shared = shared || p->uses > 1;
        if (p->node == w->net->params[node->param[0]].node) continue;
        return fv__writer_refuse(w, "shares some of its parameters with other layers, and not all "
                                    "with one");
    }
    if (!*w->row->theirs || (!w->dialect->layers_apart && !shared)) return FV_OK;
    if (node->params && w->net->params[node->param[0]].node != own) return FV_OK;
    fv_text *out = w->dialect->layers_apart ? &w->made : &w->body;
    fv__text_addf(out, "%s%s = ", w->dialect->layers_apart ? "        self." : "    layer_",
                  w->attributes[own]);
    FV_TRY(put_constructor(w, out));
    fv__text_add(out, "\n");
    return FV_OK;
}

static fv_status put_node(fv_writer *w) {
    FV_TRY(fv__net_site(w->ctx, w->net, w->node, 1, &w->room));
    w->row =
        fv__writer_row(w->dialect, w->node->op->name, w->dialect->variant(w->node, &w->room.site));
    if (!w->row)
        return fv__writer_refuse(w, "%s has nothing here for its options", w->dialect->title);
    FV_TRY(fv__writer_check_options(w));
    FV_TRY(make_layer(w));
    fv__text_add(&w->body, w->dialect->layers_apart ? "        " : "    ");
    for (int o = 0; o < w->node->outputs; o++)
        fv__text_addf(&w->body, "%s%s", o ? ", " : "", w->variables[w->node->out[o]]);
    fv__text_add(&w->body, " = ");
    FV_TRY(fv__writer_fill(w, w->row->call, &w->body));
    fv__text_add(&w->body, "\n");
    return FV_OK;
}

static fv_status print(fv_writer *w, fv_text *out) {
    FV_TRY(fv__writer_check_operators(w));
    FV_TRY(fv__writer_names(w));
    FV_TRY(fv__net_site_room(w->ctx, w->net, &w->room));
    for (size_t v = 1; v < w->net->value_count; v++)
        if (w->net->values[v].data)
            FV_TRY(w->dialect->constant(w, &w->net->values[v], w->variables[v]));
    for (size_t n = 0; n < w->net->node_count; n++) {
        w->node = &w->net->nodes[n];
        if (!w->node->training) FV_TRY(put_node(w));
    }
    FV_TRY(fv__text_done(w->ctx, &w->made));
    FV_TRY(fv__text_done(w->ctx, &w->body));
    w->dialect->assemble(w, out);
    return fv__text_done(w->ctx, out);
}

fv_status fv__foreign_print(fv_context *ctx, const fv_graph *net, const fv_dialect *dialect,
                            fv_text *out) {
    fv_writer w = {
        .ctx = ctx, .net = net, .dialect = dialect, .made = {.ctx = ctx}, .body = {.ctx = ctx}};
    fv__arena_init(&w.arena, ctx);
    const fv_status status = print(&w, out);
    fv__net_site_free(&w.room);
    fv__text_free(&w.made);
    fv__text_free(&w.body);
    fv__arena_free(&w.arena);
    return status;
}
