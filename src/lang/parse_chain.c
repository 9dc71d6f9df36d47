/* SPDX-License-Identifier: MIT */
/*
 * parse_chain.c - chains: layers, groups, branches, conditions, block calls, `from`, joined by ' -
 * '.
 */
#include "lang/syntax.h"
#include <stdio.h>
#include <string.h>

static fv_status parse_atom(fv_parser *p, fv_element *e);

bool fv__starts_element(const fv_token *t) {
    return t->kind == '(' || t->kind == '[' ||
           (t->kind == FV_TOK_NAME && !t->top && !t->loss && !fv__token_is(t, "as") &&
            !fv__token_is(t, "then") && !fv__token_is(t, "else"));
}

const fv_op *fv__parser_op(const fv_parser *p, const char *word) {
    return fv__op_find_in(p->source->ctx, word);
}

const char *fv__operator_meant(const fv_context *ctx, const char *word) {
    static const char *const others[][2] = {{"batchnorm", "bn"},
                                            {"batchnormalization", "bn"},
                                            {"batch_norm", "bn"},
                                            {"norm", "lrn"},
                                            {"linear", "fc"},
                                            {"dense", "fc"},
                                            {"fullyconnected", "fc"},
                                            {"pool", "maxpool"},
                                            {"max_pool", "maxpool"},
                                            {"maxpooling", "maxpool"},
                                            {"avg_pool", "avgpool"},
                                            {"averagepool", "avgpool"},
                                            {"meanpool", "avgpool"},
                                            {"gap", "globalavgpool"},
                                            {"globalpool", "globalavgpool"},
                                            {"convolution", "conv"},
                                            {"conv2d", "conv"},
                                            {"lrelu", "leakyrelu"},
                                            {"leaky_relu", "leakyrelu"},
                                            {"leaky", "leakyrelu"},
                                            {"logistic", "sigmoid"},
                                            {"sum", "add"},
                                            {"cat", "concat"},
                                            {"concatenate", "concat"},
                                            {"drop", "dropout"},
                                            {"skip", "identity"},
                                            {"nothing", "identity"}};
    char lower[FV_NAME_MAX + 1];
    size_t n = 0;
    for (; n < FV_NAME_MAX && word[n] != 0; n++)
        lower[n] = word[n] >= 'A' && word[n] <= 'Z' ? (char)(word[n] - 'A' + 'a') : word[n];
    lower[n] = 0;
    if (fv__op_find_in(ctx, lower) != NULL) return fv__op_find_in(ctx, lower)->name;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(lower, others[i][0]) == 0 && fv__op_find(others[i][1]) != NULL)
            return others[i][1];
    return fv__op_nearest_in(ctx, lower);
}

static fv_status add_label(fv_parser *p, const fv_element *e) {
    fv_label *label = fv__parser_alloc(p, sizeof *label);
    if (label == NULL) return FV_EXHAUSTED;
    const bool call = e->kind == FV_A_CALL && e->repeat == NULL;
    *label = (fv_label){e->label, e->label_location, call, p->program->labels};
    p->program->labels = label;
    return FV_OK;
}

static fv_status expected_label(const fv_parser *p, const char *after) {
    char what[32];
    snprintf(what, sizeof what, "a label after '%s'", after);
    return fv__expected(p, what);
}

fv_status fv__parse_label(fv_parser *p, const char *after, const char **out,
                          fv_location *location) {
    FV_TRY(fv__lex_label(&p->lex));
    const fv_token *t = &p->lex.now;
    *location = t->location;
    if ((t->kind != FV_TOK_NAME && t->kind != FV_TOK_STRING) || t->top)
        return expected_label(p, after);
    *out = fv__arena_textn(p->arena, t->start, t->length);
    if (*out == NULL) return FV_EXHAUSTED;
    const bool input = t->kind == FV_TOK_NAME && strcmp(*out, "input") == 0;
    if (strcmp(after, "from") != 0 && input)
        return fv__complain(p->source, t->location, "'input' is the image; choose another label");
    if (t->kind == FV_TOK_NAME && fv__reserved(*out) && !input)
        return fv__complain(p->source, t->location,
                            "'%s' is a word of the language; choose another label", *out);
    return fv__lex_next(&p->lex);
}

/* A bracket that should close here; `open` is where it was opened. */
static fv_status close_bracket(fv_parser *p, int open, fv_location location, int close) {
    const fv_token *t = &p->lex.now;
    if (t->kind == close) {
        p->nest--;
        return fv__lex_next(&p->lex);
    }
    if (t->kind == FV_TOK_END)
        return fv__complain(p->source, location, "this '%c' is never closed", open);
    char found[96];
    fv_status status;
    if (t->top)
        status = fv__complain(p->source, location, "this '%c' is not closed before %s at %d:%d",
                              open, fv__token_text(found, t), t->location.line, t->location.column);
    else if (t->kind == ')' || t->kind == ']' || t->kind == '}')
        status =
            fv__complain(p->source, t->location, "'%c' was opened at %d:%d and is closed by %s",
                         open, location.line, location.column, fv__token_text(found, t));
    else if (t->kind == '|')
        status = fv__complain(p->source, t->location,
                              "'|' separates branches and stands between '{' and '}' only");
    else if (t->kind == FV_TOK_CROSS)
        status =
            fv__complain(p->source, t->location, "a repetition is written with a star: (...)*2");
    else
        status = fv__expected(p, "' - ' or a bracket that closes");
    return status;
}

static fv_status parse_group(fv_parser *p, fv_element *e) {
    const int open = p->lex.now.kind, close = open == '(' ? ')' : ']';
    e->kind = FV_A_GROUP;
    FV_TRY(fv__parser_nest(p));
    FV_TRY(fv__lex_next(&p->lex));
    if (p->lex.now.kind == close)
        return fv__complain(p->source, e->location, "these brackets are empty");
    FV_TRY(fv__parse_chain(p, &e->chains));
    return close_bracket(p, open, e->location, close);
}

static fv_status parse_branches(fv_parser *p, fv_element *e) {
    const fv_location open = p->lex.now.location;
    fv_chain **end = &e->chains;
    int count = 0;
    e->kind = FV_A_JOIN;
    FV_TRY(fv__parser_nest(p));
    do {
        FV_TRY(fv__lex_next(&p->lex));
        const fv_token *t = &p->lex.now;
        if (t->kind == '|' || t->kind == '}')
            return fv__complain(p->source, t->location,
                                "an empty branch; write identity for one that passes its input on");
        if (++count > e->op->inputs_max)
            return fv__complain(p->source, t->location, "%s joins at most %d branches", e->op->name,
                                e->op->inputs_max);
        FV_TRY(fv__parse_chain(p, end));
        end = &(*end)->next;
    } while (p->lex.now.kind == '|');
    FV_TRY(close_bracket(p, '{', open, '}'));
    if (count < e->op->inputs_min)
        return fv__complain(p->source, e->location,
                            "%s joins at least %d branches: %s { ... | ... }", e->op->name,
                            e->op->inputs_min, e->op->name);
    return FV_OK;
}

/* One side of a condition: any atom but another label or repetition. */
static fv_status parse_side(fv_parser *p, fv_chain **out) {
    fv_chain *chain = fv__parser_alloc(p, sizeof *chain);
    fv_element *e = fv__parser_alloc(p, sizeof *e);
    if (chain == NULL || e == NULL) return FV_EXHAUSTED;
    chain->location = e->location = p->lex.now.location;
    chain->first = e;
    *out = chain;
    return parse_atom(p, e);
}

static fv_status parse_condition(fv_parser *p, fv_element *e) {
    e->kind = FV_A_IF;
    FV_TRY(fv__parser_nest(p));
    FV_TRY(fv__lex_next(&p->lex));
    FV_TRY(fv__parse_expr(p, FV_LOOSE, &e->condition));
    if (!fv__token_is(&p->lex.now, "then"))
        return fv__expected(p, "'then' (if A then LAYER else LAYER)");
    FV_TRY(fv__lex_next(&p->lex));
    FV_TRY(parse_side(p, &e->chains));
    if (p->lex.now.kind == '*')
        return fv__complain(p->source, p->lex.now.location,
                            "what is repeated here? put the repeated part in brackets: "
                            "if A then ((...)*2)");
    if (fv__token_is(&p->lex.now, "else")) {
        FV_TRY(fv__lex_next(&p->lex));
        FV_TRY(parse_side(p, &e->chains->next));
    }
    p->nest--;
    return FV_OK;
}

static fv_status parse_operator(fv_parser *p, fv_element *e) {
    const fv_op *op = e->op;
    e->kind = FV_A_OP;
    if ((op->traits & FV_LOSS) != 0)
        return fv__complain(p->source, e->location,
                            "%s is a loss, not a layer; a line of its own behind the chain chooses "
                            "it: loss %s",
                            op->name, op->name);
    FV_TRY(fv__lex_next(&p->lex));
    FV_TRY(fv__parse_layer_args(p, e));
    const bool brace = p->lex.now.kind == '{';
    if (brace && op->inputs_max == 1)
        return fv__complain(p->source, p->lex.now.location,
                            "%s takes no branches; add { ... | ... } and concat { ... | ... } do",
                            op->name);
    if (brace) return parse_branches(p, e);
    if ((op->traits & FV_VARIADIC) != 0 || op->inputs_min > 1)
        return fv__complain(p->source, e->location, "%s joins branches: %s { ... | ... }", op->name,
                            op->name);
    return FV_OK;
}

static fv_status parse_word(fv_parser *p, fv_element *e) {
    fv_token *t = &p->lex.now;
    if (fv__token_is(t, "if")) return parse_condition(p, e);
    if (fv__token_is(t, "from")) {
        e->kind = FV_A_FROM;
        return fv__parse_label(p, "from", &e->name, &e->label_location);
    }
    e->name = fv__arena_textn(p->arena, t->start, t->length);
    if (e->name == NULL) return FV_EXHAUSTED;
    e->op = fv__parser_op(p, e->name); /* before reserved words: `and`, `or` and `not` are layers */
    if (e->op != NULL) return parse_operator(p, e);
    if (strcmp(e->name, "constant") == 0) return fv__parse_constant(p, e);
    if (fv__reserved(e->name)) return fv__expected(p, "a layer");
    e->kind = FV_A_CALL;
    FV_TRY(fv__lex_next(&p->lex));
    if (t->kind == '(') {
        FV_TRY(fv__parser_nest(p));
        FV_TRY(fv__parse_call(p, e));
        p->nest--;
        return FV_OK;
    }
    /* a block would have brackets: an operator's name is mistyped, or they are missing */
    for (const fv_block *b = p->program->blocks; b != NULL; b = b->next)
        if (strcmp(b->name, e->name) == 0)
            return fv__complain(p->source, e->location,
                                "the block '%s' is called with brackets: %s(...)", b->name,
                                b->name);
    const char *near = fv__operator_meant(p->source->ctx, e->name);
    if (near != NULL)
        return fv__complain(p->source, e->location, "unknown layer '%s'; did you mean '%s'?",
                            e->name, near);
    return fv__complain(p->source, e->location,
                        "unknown layer '%s'; a block is called with brackets: %s(...)", e->name,
                        e->name);
}

static fv_status parse_atom(fv_parser *p, fv_element *e) {
    const fv_token *t = &p->lex.now;
    if (t->kind == '(' || t->kind == '[') return parse_group(p, e);
    if (t->kind == '{')
        return fv__complain(p->source, t->location,
                            "say how the branches are joined: add { ... | ... } or "
                            "concat { ... | ... }");
    if (t->kind == '-')
        return fv__complain(p->source, t->location, "a layer is missing before this dash");
    if (!fv__starts_element(t)) return fv__expected(p, "a layer");
    return parse_word(p, e);
}

/* *N and `as` behind an atom. */
static fv_status parse_tail(fv_parser *p, fv_element *e) {
    const fv_token *t = &p->lex.now;
    if (t->kind == '*') {
        if (e->kind == FV_A_FROM || e->kind == FV_A_IF || e->kind == FV_A_CONSTANT)
            return fv__complain(p->source, t->location,
                                "what is repeated here? put it in brackets: (...)*2");
        FV_TRY(fv__lex_next(&p->lex));
        if (t->kind != FV_TOK_NUMBER && t->kind != '(' && t->kind != FV_TOK_NAME)
            return fv__expected(p, "how often to repeat, as a number, a parameter or (...)");
        FV_TRY(fv__parse_primary(p, &e->repeat));
        if (t->kind == '*')
            return fv__complain(p->source, t->location, "one repetition is enough; write *(2*3)");
    }
    if (t->kind == FV_TOK_CROSS)
        return fv__complain(p->source, t->location, "a repetition is written with a star: (...)*2");
    if (!fv__token_is(t, "as")) return FV_OK;
    FV_TRY(fv__parse_label(p, "as", &e->label, &e->label_location));
    FV_TRY(add_label(p, e));
    if (fv__token_is(t, "as")) return fv__complain(p->source, t->location, "one label is enough");
    if (fv__token_is(t, "share"))
        return fv__complain(p->source, t->location,
                            "share comes before the label: ... share NAME as %s", e->label);
    if (t->kind == '*')
        return fv__complain(p->source, t->location,
                            "a repetition comes before the label: (...)*2 as %s", e->label);
    return FV_OK;
}

fv_status fv__parse_chain(fv_parser *p, fv_chain **out) {
    fv_chain *chain = fv__parser_alloc(p, sizeof *chain);
    if (chain == NULL) return FV_EXHAUSTED;
    const fv_token *t = &p->lex.now;
    fv_element **end = &chain->first;
    chain->location = t->location;
    *out = chain;
    for (;;) {
        fv_element *e = fv__parser_alloc(p, sizeof *e);
        if (e == NULL) return FV_EXHAUSTED;
        e->location = t->location;
        *end = e;
        end = &e->next;
        FV_TRY(parse_atom(p, e));
        FV_TRY(parse_tail(p, e));
        if (t->kind == '-' && !fv__token_dash(t))
            return fv__complain(p->source, t->location,
                                "the dash between two layers needs a space on both sides: ' - '");
        if (t->kind != '-') break;
        FV_TRY(fv__lex_next(&p->lex));
        if (t->kind == FV_TOK_END || t->top || t->kind == '|' || t->kind == '}' || t->kind == ')' ||
            t->kind == ']')
            return fv__complain(p->source, p->lex.now.location,
                                "the chain ends with a dash; a layer is missing behind it");
    }
    if (fv__starts_element(t)) {
        char found[96];
        return fv__complain(
            p->source, t->location, "a ' - ' is missing before %s%s", fv__token_text(found, t),
            t->line_start ? "; a line that goes on with a chain starts with it" : "");
    }
    return FV_OK;
}
