/* SPDX-License-Identifier: MIT */
/*
 * parse_args.c - options from a table of fields: positional values in the table's order, then
 * `name value` pairs; and the arguments of a block's call.
 *
 * What ends a list of options is a token that can be no option: a
 * chain's dash, a bar, a bracket that closes, the start of a new statement.
 */
#include "lang/syntax.h"
#include "op/fit.h"
#include <stdio.h>
#include <string.h>

typedef struct reading {
    const char *owner;
    const fv_field *fields;
    fv_args_of of;
    fv_element *element; /* the layer that may share parameters, or NULL */
    fv_given *first, **end;
    bool by_name; /* an option came by its name: no more values without one */
} reading;

static bool is_flow(const fv_token *t) {
    return fv__token_is(t, "channels") || fv__token_is(t, "height") || fv__token_is(t, "width");
}

/* The field a word names. `channels`, `height`, `width` are what flows in, wherever they stand, so
   that `conv channels 3x3 groups channels` means what it says. */
static const fv_field *find(const fv_field *fields, const fv_token *t) {
    if (is_flow(t)) return NULL;
    for (const fv_field *f = fields; t->kind == FV_TOK_NAME && f != NULL && f->name != NULL; f++)
        if (fv__token_is(t, f->name)) return f;
    return NULL;
}

static const fv_given *given(const reading *r, const fv_field *f) {
    for (const fv_given *g = r->first; g != NULL; g = g->next)
        if (g->field == f) return g;
    return NULL;
}

/* The next positional field that has no value yet, or NULL. */
static const fv_field *next_positional(const reading *r) {
    for (const fv_field *f = r->fields; f != NULL && f->name != NULL; f++)
        if ((f->flags & FV_POSITIONAL) != 0 && given(r, f) == NULL) return f;
    return NULL;
}

static bool ends(const reading *r, const fv_token *t) {
    if (t->kind == FV_TOK_END || t->top || (t->loss && r->of != FV_ARGS_TRAIN)) return true;
    if (r->of == FV_ARGS_INPUT && t->line_start) return true;
    if (r->of == FV_ARGS_LOSS && fv__token_is(t, "from")) return true;
    if (r->element != NULL && fv__token_is(t, "share")) return true;
    if (fv__token_dash(t) || fv__token_is(t, "as") || fv__token_is(t, "then") ||
        fv__token_is(t, "else"))
        return true;
    return strchr("|{})]", t->kind < 256 ? t->kind : 'a') != NULL;
}

static bool starts_value(const fv_token *t) {
    return t->kind == FV_TOK_NUMBER || t->kind == '(' || (t->kind == '-' && !t->space_after) ||
           (t->kind == FV_TOK_NAME && !t->top && !fv__token_is(t, "as") && !fv__token_is(t, "if"));
}

/* Is this word a value of the field itself, rather than a parameter? */
static bool own_word(const fv_field *f, const fv_token *t) {
    if (f->kind == FV_TEXT && t->kind == FV_TOK_STRING) return true;
    if (t->kind != FV_TOK_NAME) return false;
    if (f->kind == FV_TEXT || f->kind == FV_WORD || f->kind == FV_CHOICE) return true;
    if (f->kind == FV_BOOL) return fv__token_is(t, "yes") || fv__token_is(t, "no");
    return f->kind == FV_PAD && (fv__token_is(t, "same") || fv__token_is(t, "valid"));
}

/* Room for one more expression of a value: it grows by doubling. */
static fv_status make_room(fv_parser *p, fv_written *v) {
    if (v->count & (v->count - 1)) return FV_OK;
    const fv_expr **e = fv__parser_alloc(p, 2 * ((size_t)v->count + 1) * sizeof *e);
    if (e == NULL) return FV_EXHAUSTED;
    for (int i = 0; i < v->count; i++) e[i] = v->e[i];
    v->e = e;
    return FV_OK;
}

static fv_status parse_value(fv_parser *p, const char *owner, const fv_field *f, fv_written *v) {
    const fv_token *t = &p->lex.now;
    v->location = t->location;
    if (own_word(f, t)) {
        v->word = fv__arena_textn(p->arena, t->start, t->length);
        return v->word == NULL ? FV_EXHAUSTED : fv__lex_next(&p->lex);
    }
    const bool list = f->kind == FV_PAD || f->kind == FV_INTS || f->kind == FV_REALS;
    for (;;) {
        if (v->count == (list ? fv__field_most(f) : FV_LIST_MAX))
            return fv__complain(p->source, t->location, "%s takes at most %d numbers", f->name,
                                v->count);
        FV_TRY(make_room(p, v));
        if (v->cross)
            FV_TRY(fv__parse_primary(p, &v->e[v->count]));
        else
            FV_TRY(fv__parse_expr(p, FV_TIGHT, &v->e[v->count]));
        v->count++;
        if (t->kind == FV_TOK_CROSS && (v->count == 1 || v->cross))
            v->cross = true;
        else if (t->kind != ',' || v->cross)
            break;
        if (t->kind == ',' && !list)
            return fv__complain(p->source, t->location,
                                "%s takes one value; options are separated by spaces, not commas",
                                f->name);
        FV_TRY(fv__lex_next(&p->lex));
    }
    if (v->cross && t->kind == '*')
        return fv__complain(p->source, t->location,
                            "a size cannot be multiplied; to repeat %s put it in brackets: "
                            "(%s ...)*2, to reckon with a side write (2*k)x(2*k)",
                            owner, owner);
    return FV_OK;
}

/* `pad ?`, `stride ?`: whatever fits. */
static fv_status parse_open(fv_parser *p, const reading *r, fv_given *g) {
    const fv_location at = p->lex.now.location;
    if (r->element == NULL && r->of == FV_ARGS_LAYER)
        return fv__complain(p->source, at,
                            "'?' is for the text of a network; here the number is wanted");
    if (r->element == NULL || !fv__fit_may(r->element->op, g->field))
        return fv__complain(p->source, at,
                            "%s cannot be left open; '?' is for pad and stride of a window",
                            g->field->name);
    for (const fv_given *other = r->first; other != NULL; other = other->next)
        if (other->value.open)
            return fv__complain(p->source, at,
                                "only one of pad and stride can be left open; write a number here, "
                                "or for %s",
                                other->field->name);
    g->value.open = true;
    g->value.location = at;
    return fv__lex_next(&p->lex);
}

static fv_given *append(fv_parser *p, reading *r, const fv_field *f, fv_location location) {
    fv_given *g = fv__parser_alloc(p, sizeof *g);
    if (g == NULL) return NULL;
    g->field = f;
    g->location = location;
    *r->end = g;
    r->end = &g->next;
    return g;
}

static fv_status named(fv_parser *p, reading *r, const fv_field *f) {
    const fv_token *t = &p->lex.now;
    const fv_given *before = given(r, f);
    if (before != NULL)
        return fv__complain(p->source, t->location, "%s is given twice; it already stands at %d:%d",
                            f->name, before->location.line, before->location.column);
    fv_given *g = append(p, r, f, t->location);
    if (g == NULL) return FV_EXHAUSTED;
    FV_TRY(fv__lex_next(&p->lex));
    if (t->kind == '=')
        return fv__complain(p->source, t->location, "an option is written without '=': %s %s",
                            f->name, f->kind == FV_BOOL ? "no" : "2");
    if (t->kind == '?') return parse_open(p, r, g);
    const fv_field *other = find(r->fields, t); /* `bias bias` is a parameter of the same name */
    const bool bare =
        f->kind == FV_BOOL && (ends(r, t) || !starts_value(t) || (other != NULL && other != f));
    if (bare) {
        g->value.word = "yes";
        g->value.location = g->location;
        return FV_OK;
    }
    if (ends(r, t) || !(starts_value(t) || own_word(f, t))) {
        fv_text words = {.ctx = p->source->ctx};
        fv__field_kind_words(&words, f);
        const fv_status status =
            fv__complain(p->source, g->location, "%s needs a value%s%s", f->name,
                         words.data != NULL ? ": " : "", words.data != NULL ? words.data : "");
        fv__text_free(&words);
        return status;
    }
    return parse_value(p, r->owner, f, &g->value);
}

static bool option_of_loss(const char *word) {
    for (const fv_op *const *op = fv__losses; *op != NULL; op++)
        for (const fv_field *f = (*op)->fields; f != NULL && f->name != NULL; f++)
            if (strcmp(f->name, word) == 0) return true;
    return false;
}

/* The choice `word` of a field: "schedule cosine", where cosine alone stands. */
static const fv_field *field_of_choice(const reading *r, const char *word) {
    for (const fv_field *f = r->fields; f != NULL && f->name != NULL; f++)
        for (int i = 0; f->kind == FV_CHOICE && f->choices[i] != NULL; i++)
            if (strcmp(f->choices[i], word) == 0) return f;
    return NULL;
}

/* A word that is an option of nobody, or of somebody else. */
static fv_status no_option(fv_parser *p, const reading *r, fv_location at, const char *word) {
    const fv_field *f = field_of_choice(r, word);
    if (f != NULL)
        return fv__complain(p->source, at, "%s has no option '%s'; did you mean '%s %s'?", r->owner,
                            word, f->name, word);
    if (r->of == FV_ARGS_TRAIN && option_of_loss(word))
        return fv__complain(p->source, at,
                            "train has no option '%s'; a loss with options of its own is a line "
                            "above train: loss NAME %s ...",
                            word, word);
    const fv_status status = fv__complain(p->source, at, "%s has no option '%s'", r->owner, word);
    fv_text list = {.ctx = p->source->ctx};
    for (f = r->fields; f != NULL && f->name != NULL; f++)
        fv__text_addf(&list, "%s%s", f == r->fields ? "" : ", ", f->name);
    if (list.data != NULL) (void)fv__note(p->source, "its options: %s", list.data);
    fv__text_free(&list);
    return status;
}

/* A word where an option should stand. */
static fv_status strange_word(fv_parser *p, const reading *r, const char *found) {
    const fv_token t = p->lex.now;
    char word[FV_NAME_MAX + 1];
    snprintf(word, sizeof word, "%.*s", (int)t.length, t.start);
    if (fv__parser_op(p, word) != NULL || fv__token_is(&t, "from") || fv__token_is(&t, "if"))
        return fv__complain(p->source, t.location, "a ' - ' is missing before %s%s", found,
                            t.line_start ? "; a line that goes on with a chain starts with it"
                                         : "");
    FV_TRY(fv__lex_next(&p->lex));
    if (p->lex.now.kind == '(' && !p->lex.now.space_before)
        return fv__complain(p->source, t.location, "a ' - ' is missing before %s", found);
    const char *near = r->fields != NULL ? fv__field_nearest(r->fields, word) : NULL;
    if (near != NULL)
        return fv__complain(p->source, t.location, "%s has no option '%s'; did you mean '%s'?",
                            r->owner, word, near);
    near = t.line_start ? fv__nearest(word, fv__statements, FV_STATEMENTS) : NULL;
    if (near != NULL)
        return fv__complain(p->source, t.location, "unknown statement '%s'; did you mean '%s'?",
                            word, near);
    return no_option(p, r, t.location, word);
}

/* A token that is no option of the owner: says what was probably meant. */
static fv_status stranger(fv_parser *p, const reading *r) {
    const fv_token t = p->lex.now;
    char found[96];
    fv__token_text(found, &t);
    if (t.kind == '*')
        return fv__complain(p->source, t.location,
                            "%s cannot be repeated as it stands; put it in brackets: (%s%s)*2",
                            r->owner, r->owner, r->first != NULL ? " ..." : "");
    if (t.kind == '-')
        return fv__complain(p->source, t.location,
                            "the dash between two layers needs a space on both sides: ' - '");
    if (t.kind == ',')
        return fv__complain(p->source, t.location,
                            r->fields != NULL ? "options are separated by spaces, not commas"
                                              : "layers are joined by ' - ', not by a comma");
    if (t.kind == '=')
        return fv__complain(p->source, t.location, "an option is written without '='");
    if (t.kind == '(' || t.kind == '[')
        return fv__complain(p->source, t.location, "a ' - ' is missing before %s", found);
    if (t.kind == FV_TOK_NAME) return strange_word(p, r, found);
    if (t.kind == FV_TOK_NUMBER)
        return fv__complain(p->source, t.location, "%s is one value too many for %s", found,
                            r->owner);
    return fv__complain(p->source, t.location, "%s does not belong to the options of %s", found,
                        r->owner);
}

/* Is this token the value of the next positional field? */
static bool is_positional(const fv_parser *p, const reading *r) {
    const fv_token *t = &p->lex.now;
    char word[FV_NAME_MAX + 1];
    if (next_positional(r) == NULL || !starts_value(t)) return false;
    if (t->kind != FV_TOK_NAME) return true;
    snprintf(word, sizeof word, "%.*s", (int)t->length, t->start);
    const char *after = t->start + t->length;
    const bool call = after < p->source->text + p->source->size && *after == '(';
    return !call && fv__parser_op(p, word) == NULL && !fv__token_is(t, "from");
}

static fv_status missing(fv_parser *p, const reading *r, const fv_field *f, fv_location location) {
    fv_text sample = {.ctx = p->source->ctx};
    fv__text_add(&sample, r->owner);
    for (const fv_field *g = r->fields; g->name != NULL; g++)
        if ((g->flags & FV_REQUIRED) != 0)
            fv__text_addf(&sample, "%s%s %s", (g->flags & FV_POSITIONAL) != 0 ? "" : " ",
                          (g->flags & FV_POSITIONAL) != 0 ? "" : g->name,
                          g->kind == FV_SIZE  ? "3x3"
                          : g->kind == FV_INT ? "64"
                                              : "...");
    const fv_status status = fv__complain(p->source, location, "%s needs %s (%s): %s", r->owner,
                                          f->name, f->help, sample.data != NULL ? sample.data : "");
    fv__text_free(&sample);
    return status;
}

/* share LABEL: the parameters are those called so. */
static fv_status parse_share(fv_parser *p, reading *r) {
    fv_element *e = r->element;
    if (e->share != NULL)
        return fv__complain(p->source, p->lex.now.location,
                            "share is given twice; it already stands at %d:%d",
                            e->share_location.line, e->share_location.column);
    r->by_name = true;
    return fv__parse_label(p, "share", &e->share, &e->share_location);
}

static fv_status parse_positional(fv_parser *p, reading *r) {
    if (!is_positional(p, r)) return stranger(p, r);
    const fv_field *f = next_positional(r);
    if (r->by_name && p->lex.now.kind != FV_TOK_NAME)
        return fv__complain(p->source, p->lex.now.location,
                            "values without a name come first; give this one its name: %s ...",
                            f->name);
    if (r->by_name) return stranger(p, r);
    fv_given *g = append(p, r, f, p->lex.now.location);
    if (g == NULL) return FV_EXHAUSTED;
    g->positional = true;
    return parse_value(p, r->owner, f, &g->value);
}

static fv_status parse_all(fv_parser *p, reading *r, fv_location location, fv_given **out) {
    r->end = &r->first;
    for (;;) {
        const fv_field *f = find(r->fields, &p->lex.now);
        if (r->element != NULL && fv__token_is(&p->lex.now, "share")) {
            FV_TRY(parse_share(p, r));
        } else if (ends(r, &p->lex.now)) {
            break;
        } else if (f != NULL) {
            r->by_name = true;
            FV_TRY(named(p, r, f));
        } else {
            FV_TRY(parse_positional(p, r));
        }
    }
    for (const fv_field *f = r->fields; f != NULL && f->name != NULL; f++)
        if ((f->flags & FV_REQUIRED) != 0 && given(r, f) == NULL) return missing(p, r, f, location);
    *out = r->first;
    return FV_OK;
}

fv_status fv__parse_args(fv_parser *p, const char *owner, const fv_field *fields,
                         fv_location location, fv_args_of of, fv_given **out) {
    reading r = {.owner = owner, .fields = fields, .of = of};
    return parse_all(p, &r, location, out);
}

fv_status fv__parse_layer_args(fv_parser *p, fv_element *e) {
    reading r = {.owner = e->op->name, .fields = e->op->fields, .element = e};
    return parse_all(p, &r, e->location, &e->given);
}

fv_status fv__parse_call(fv_parser *p, fv_element *e) {
    const fv_token *t = &p->lex.now;
    const fv_location open = t->location;
    fv_given **end = &e->given;
    int count = 0;
    FV_TRY(fv__lex_next(&p->lex));
    while (t->kind != ')') {
        fv_given *g = fv__parser_alloc(p, sizeof *g);
        if (g == NULL) return FV_EXHAUSTED;
        *end = g;
        end = &g->next;
        g->location = t->location;
        g->positional = true;
        if (++count > FV_PARAMS_MAX)
            return fv__complain(p->source, t->location, "a block has at most %d parameters",
                                FV_PARAMS_MAX);
        if (t->kind == FV_TOK_END || t->top)
            return fv__complain(p->source, open, "this '(' is never closed");
        FV_TRY(make_room(p, &g->value));
        FV_TRY(fv__parse_expr(p, FV_LOOSE, &g->value.e[0]));
        g->value.count = 1;
        g->value.location = g->location;
        if (t->kind == '=') { /* what was read is the parameter's name */
            if (g->value.e[0]->kind != FV_E_NAME)
                return fv__complain(p->source, g->location,
                                    "a parameter's name stands before '='; to compare write '=='");
            g->name = g->value.e[0]->name;
            g->positional = false;
            FV_TRY(fv__lex_next(&p->lex));
            FV_TRY(fv__parse_expr(p, FV_LOOSE, &g->value.e[0]));
        }
        if (t->kind == ',')
            FV_TRY(fv__lex_next(&p->lex));
        else if (t->kind == FV_TOK_END || t->top)
            return fv__complain(p->source, open, "this '(' is never closed");
        else if (t->kind != ')')
            return fv__expected(p, "',' or ')'");
    }
    return fv__lex_next(&p->lex);
}
