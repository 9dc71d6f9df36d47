/* SPDX-License-Identifier: MIT */
/*
 * parse_expr.c - expressions: + - * / // % comparisons and or not, if-then-else in brackets.
 *
 * One function climbs the levels of binding strength, from loose to tight: or, and, not,
 * comparisons (which do not chain), + -, * / // %, a sign, and what stands alone. Depth is bounded
 * here, so nothing that walks the tree needs to look after its stack.
 */
#include "lang/syntax.h"
#include <stdio.h>
#include <string.h>

enum { L_OR = 1, L_AND, L_NOT, L_COMPARE, L_SUM, L_PRODUCT, L_SIGN };

static fv_status parse_level(fv_parser *p, int level, fv_spacing spacing, const fv_expr **out);

static fv_expr *new_expr(fv_parser *p, fv_expr_kind kind, fv_location location) {
    fv_expr *e = fv__parser_alloc(p, sizeof *e);
    if (e == NULL) return NULL;
    e->kind = kind;
    e->location = location;
    e->depth = 1;
    return e;
}

static fv_status new_tree(fv_parser *p, fv_expr_kind kind, fv_location location, const fv_expr *a,
                          const fv_expr *b, const fv_expr *c, const fv_expr **out) {
    fv_expr *e = new_expr(p, kind, location);
    if (e == NULL) return FV_EXHAUSTED;
    e->a = a, e->b = b, e->c = c;
    if (a != NULL && a->depth >= e->depth) e->depth = a->depth + 1;
    if (b != NULL && b->depth >= e->depth) e->depth = b->depth + 1;
    if (c != NULL && c->depth >= e->depth) e->depth = c->depth + 1;
    if (e->depth > FV_NEST_MAX)
        return fv__complain(p->source, location, "this expression has more than %d steps",
                            FV_NEST_MAX);
    *out = e;
    return FV_OK;
}

/* `lhs` is what the text gives at this level; says which operator, if one goes on here. */
static bool binary(const fv_token *t, fv_spacing spacing, int *level, fv_expr_kind *kind) {
    static const struct {
        int token, level;
        fv_expr_kind kind;
    } table[] = {{FV_TOK_EQUAL, L_COMPARE, FV_E_EQUAL},
                 {FV_TOK_UNEQUAL, L_COMPARE, FV_E_UNEQUAL},
                 {'<', L_COMPARE, FV_E_LESS},
                 {FV_TOK_LESS_EQUAL, L_COMPARE, FV_E_LESS_EQUAL},
                 {'>', L_COMPARE, FV_E_MORE},
                 {FV_TOK_MORE_EQUAL, L_COMPARE, FV_E_MORE_EQUAL},
                 {'+', L_SUM, FV_E_ADD},
                 {'-', L_SUM, FV_E_SUBTRACT},
                 {'*', L_PRODUCT, FV_E_MULTIPLY},
                 {'/', L_PRODUCT, FV_E_DIVIDE},
                 {FV_TOK_FLOOR, L_PRODUCT, FV_E_FLOOR},
                 {'%', L_PRODUCT, FV_E_MODULO}};
    /* an argument ends before a chain's dash, and before the sign of the next argument */
    if (t->kind == '-' && spacing == FV_TIGHT && t->space_before) return false;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (t->kind == table[i].token) {
            *level = table[i].level;
            *kind = table[i].kind;
            return true;
        }
    if (fv__token_is(t, "or"))
        *level = L_OR, *kind = FV_E_OR;
    else if (fv__token_is(t, "and"))
        *level = L_AND, *kind = FV_E_AND;
    else
        return false;
    return true;
}

/* if A then B else C, inside brackets. */
static fv_status parse_if(fv_parser *p, const fv_expr **out) {
    const fv_location location = p->lex.now.location;
    FV_TRY(fv__parser_nest(p));
    const fv_expr *part[3];
    static const char *const words[3] = {"then", "else", NULL};
    FV_TRY(fv__lex_next(&p->lex));
    for (int i = 0; i < 3; i++) {
        const bool chained = i == 2 && fv__token_is(&p->lex.now, "if"); /* else if … */
        if (chained)
            FV_TRY(parse_if(p, &part[i]));
        else
            FV_TRY(parse_level(p, L_OR, FV_LOOSE, &part[i]));
        if (words[i] == NULL) break;
        if (!fv__token_is(&p->lex.now, words[i]))
            return fv__expected(p, i == 0 ? "'then' (if A then B else C)"
                                          : "'else' (if A then B else C)");
        FV_TRY(fv__lex_next(&p->lex));
    }
    p->nest--;
    return new_tree(p, FV_E_IF, location, part[0], part[1], part[2], out);
}

static fv_status parse_brackets(fv_parser *p, const fv_expr **out) {
    const fv_location location = p->lex.now.location;
    FV_TRY(fv__parser_nest(p));
    FV_TRY(fv__lex_next(&p->lex));
    if (fv__token_is(&p->lex.now, "if"))
        FV_TRY(parse_if(p, out));
    else
        FV_TRY(parse_level(p, L_OR, FV_LOOSE, out));
    const fv_token *t = &p->lex.now;
    if (t->kind == ',')
        return fv__complain(p->source, t->location,
                            "one value stands between these brackets; an operator's options come "
                            "without brackets and commas: conv 64 3x3 stride 2");
    if (t->kind == FV_TOK_END || t->top)
        return fv__complain(p->source, location, "this '(' is never closed");
    if (t->kind != ')') {
        const fv_status status = fv__expected(p, "')'");
        return location.line == t->location.line
                   ? status
                   : fv__note(p->source, "its '(' is at %d:%d", location.line, location.column);
    }
    p->nest--;
    return fv__lex_next(&p->lex);
}

fv_status fv__parse_primary(fv_parser *p, const fv_expr **out) {
    const fv_token t = p->lex.now;
    if (t.kind == '(') return parse_brackets(p, out);
    if (t.kind == FV_TOK_NUMBER || (t.kind == FV_TOK_NAME && !t.top)) {
        fv_expr *e = new_expr(p, FV_E_NUMBER, t.location);
        if (e == NULL) return FV_EXHAUSTED;
        e->number = t.number;
        if (t.kind == FV_TOK_NAME) {
            e->kind = FV_E_NAME;
            e->hyphened = t.start > p->source->text && t.start[-1] == '-';
            if (fv__token_is(&t, "yes")) e->kind = FV_E_NUMBER, e->number = 1;
            if (fv__token_is(&t, "no")) e->kind = FV_E_NUMBER, e->number = 0;
            if (fv__token_is(&t, "if"))
                return fv__complain(p->source, t.location,
                                    "an 'if' that makes a number stands in brackets: (if A then B "
                                    "else C)");
            e->name = fv__arena_textn(p->arena, t.start, t.length);
            if (e->name == NULL) return FV_EXHAUSTED;
            if (e->kind == FV_E_NAME && fv__reserved(e->name))
                return fv__complain(p->source, t.location, "expected a number, found '%s'",
                                    e->name);
        }
        *out = e;
        return fv__lex_next(&p->lex);
    }
    return fv__expected(p, "a number");
}

/* not X, -X, +X, or what stands alone. */
static fv_status parse_prefix(fv_parser *p, int level, fv_spacing spacing, const fv_expr **out) {
    const fv_token t = p->lex.now;
    const bool inverts = fv__token_is(&t, "not");
    if (!inverts && t.kind != '-' && t.kind != '+') return fv__parse_primary(p, out);
    if (inverts && level > L_NOT)
        return fv__complain(p->source, t.location, "'not' needs brackets here: (not A)");
    const fv_expr *inner;
    FV_TRY(fv__parser_nest(p));
    FV_TRY(fv__lex_next(&p->lex));
    FV_TRY(parse_level(p, inverts ? L_NOT : L_SIGN, spacing, &inner));
    p->nest--;
    if (t.kind == '+') {
        *out = inner;
        return FV_OK;
    }
    return new_tree(p, inverts ? FV_E_NOT : FV_E_NEGATE, t.location, inner, NULL, NULL, out);
}

static fv_status parse_level(fv_parser *p, int level, fv_spacing spacing, const fv_expr **out) {
    const fv_expr *left;
    FV_TRY(parse_prefix(p, level, spacing, &left));
    for (;;) {
        const fv_token t = p->lex.now;
        int of = 0;
        fv_expr_kind kind = FV_E_ADD;
        if (!binary(&t, spacing, &of, &kind) || of < level) break;
        const fv_expr *right;
        FV_TRY(fv__parser_nest(p));
        FV_TRY(fv__lex_next(&p->lex));
        FV_TRY(parse_level(p, of + 1, spacing, &right));
        p->nest--;
        FV_TRY(new_tree(p, kind, t.location, left, right, NULL, &left));
        int next = 0;
        if (of == L_COMPARE && binary(&p->lex.now, spacing, &next, &kind) && next == L_COMPARE)
            return fv__complain(p->source, p->lex.now.location,
                                "comparisons do not chain; write: a < b and b < c");
    }
    *out = left;
    return FV_OK;
}

fv_status fv__parse_expr(fv_parser *p, fv_spacing spacing, const fv_expr **out) {
    return parse_level(p, spacing == FV_TIGHT ? L_SUM : L_OR, spacing, out);
}
