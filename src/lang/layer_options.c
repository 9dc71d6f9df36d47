/* SPDX-License-Identifier: MIT */
/*
 * layer_options.c - an operator's options: from what a text gives, to text, and back.
 */
#include "lang/syntax.h"
#include <stdio.h>
#include <string.h>

/* One written value as the field wants to see it. */
static fv_status evaluate(const fv_env *env, const fv_field *f, const fv_written *w, fv_arg *arg) {
    memset(arg, 0, sizeof *arg);
    if (w->count == 0) {
        arg->is = FV_ARG_WORD;
        snprintf(arg->word, sizeof arg->word, "%s", w->word);
        return FV_OK;
    }
    arg->is = FV_ARG_NUMBERS;
    arg->count = w->count;
    arg->cross = w->cross;
    for (int i = 0; i < w->count; i++) FV_TRY(fv__eval(env, w->e[i], &arg->v[i]));
    if (f->kind == FV_BOOL && w->count == 1) { /* a comparison, or a parameter that is yes or no */
        if (arg->v[0] != 0 && arg->v[0] != 1)
            return fv__complain(env->source, w->location, "%s must be yes or no, not %g", f->name,
                                arg->v[0]);
        arg->is = FV_ARG_WORD;
        snprintf(arg->word, sizeof arg->word, arg->v[0] != 0 ? "yes" : "no");
    }
    return FV_OK;
}

fv_status fv__fill(const fv_env *env, const fv_field *fields, const fv_given *given,
                   void *options) {
    if (fields != NULL) fv__field_defaults(fields, options);
    for (const fv_given *g = given; g != NULL; g = g->next) {
        fv_arg arg;
        if (g->value.open) continue;
        FV_TRY(evaluate(env, g->field, &g->value, &arg));
        const fv_status status = fv__field_set(env->source->ctx, g->field, options, &arg);
        if (status == FV_BAD_INPUT)
            return fv__complain(env->source, g->value.location, "%s", env->source->ctx->message);
        FV_TRY(status);
    }
    return FV_OK;
}

const fv_given *fv__left_open(const fv_given *given) {
    while (given != NULL && !given->value.open) given = given->next;
    return given;
}

/* A field that the language can only take by its position, as its name means what flows in. */
static bool nameless(const fv_field *f) {
    return strcmp(f->name, "channels") == 0 || strcmp(f->name, "height") == 0 ||
           strcmp(f->name, "width") == 0;
}

void fv__options_print(fv_text *out, const fv_op *op, const void *options) {
    if (op->fields == NULL) return;
    bool placed = true, first = true; /* placed: every positional field so far was written */
    for (int pass = 0; pass < 2; pass++)
        for (const fv_field *f = op->fields; f->name != NULL; f++) {
            const bool positional = (f->flags & FV_POSITIONAL) != 0;
            const bool skip = (f->flags & FV_REQUIRED) == 0 && fv__field_is_default(f, options);
            if (positional == (pass != 0)) continue;
            if (skip) {
                placed = placed && !positional;
                continue;
            }
            if (!first) fv__text_add(out, " ");
            first = false;
            if (positional && (placed || nameless(f))) {
                fv__field_print(out, f, options);
                continue;
            }
            fv__text_add(out, f->name);
            const bool yes =
                f->kind == FV_BOOL && *(const bool *)((const char *)options + f->offset);
            if (yes) continue; /* `ceil` says it all */
            fv__text_add(out, " ");
            fv__field_print(out, f, options);
        }
}

void fv__share_print(fv_text *out, const fv_node *node) {
    if (node->params == 0 || strcmp(node->param_name, node->name) == 0) return;
    const char *quote = fv__plain_label(node->param_name) ? "" : "\"";
    fv__text_addf(out, "share %s%s%s", quote, node->param_name, quote);
}

fv_status fv__options_parse(fv_context *ctx, const fv_op *op, const char *text, void *options) {
    const fv_source source = {ctx, op->name, text, strlen(text)};
    fv_arena arena;
    fv_element element = {.kind = FV_A_OP, .op = op};
    fv_chain chain = {.first = &element};
    fv_program program = {.net = {.name = op->name, .body = &chain}};
    fv_parser parser = {.source = &source, .arena = &arena, .program = &program};
    fv_given *given = NULL;
    int64_t fuel = FV_FUEL;
    const fv_env env = {&source, NULL, NULL, NULL, &fuel};
    fv_status status;
    fv__arena_init(&arena, ctx);
    FV_GO(fv__source_check(&source));
    fv__lex_start(&parser.lex, &source);
    FV_GO(fv__lex_next(&parser.lex));
    FV_GO(
        fv__parse_args(&parser, op->name, op->fields, (fv_location){1, 1}, FV_ARGS_LAYER, &given));
    if (parser.lex.now.kind != FV_TOK_END) {
        status = fv__expected(&parser, "the end of the options");
        goto done;
    }
    element.given = given;
    FV_GO(fv__check(&parser)); /* finds names, of which none is known here */
    FV_GO(fv__fill(&env, op->fields, given, options));
done:
    fv__arena_free(&arena);
    return status;
}
