/* SPDX-License-Identifier: MIT */
/*
 * parse_constant.c - `constant 2x3 int32 values 1,2,3,4,5,6`: a constant that stands in the text,
 * or that it names only.
 */
#include "lang/syntax.h"
#include <math.h>
#include <string.h>

static fv_status parse_size(fv_parser *p, fv_constant_given *c) {
    const fv_token *t = &p->lex.now;
    if (t->kind != FV_TOK_NUMBER && t->kind != '(') return FV_OK;
    for (;;) {
        if (c->rank == FV_RANK_MAX)
            return fv__complain(p->source, t->location, "a constant has at most %d dimensions",
                                FV_RANK_MAX);
        FV_TRY(fv__parse_primary(p, &c->dim[c->rank++]));
        if (t->kind != FV_TOK_CROSS) return FV_OK;
        FV_TRY(fv__lex_next(&p->lex));
    }
}

static fv_status add_value(fv_parser *p, fv_constant_given *c, double v) {
    if (c->count == c->capacity) { /* the arena keeps the shorter ones: as much again */
        c->capacity = c->capacity > 0 ? 2 * c->capacity : 8;
        double *more = fv__parser_alloc(p, c->capacity * sizeof *more);
        if (more == NULL) return FV_EXHAUSTED;
        if (c->count > 0) memcpy(more, c->values, c->count * sizeof *more);
        c->values = more;
    }
    c->values[c->count++] = v;
    return FV_OK;
}

/* 0.5, -3, inf, nan */
static fv_status parse_number(fv_parser *p, double *out) {
    const fv_token *t = &p->lex.now;
    double sign = 1;
    if (t->kind == '-' && !t->space_after) {
        sign = -1;
        FV_TRY(fv__lex_next(&p->lex));
    }
    if (t->kind == FV_TOK_NUMBER)
        *out = sign * t->number;
    else if (fv__token_is(t, "inf"))
        *out = sign * (double)INFINITY;
    else if (fv__token_is(t, "nan"))
        *out = (double)NAN;
    else
        return fv__expected(p, "a number of the constant");
    return fv__lex_next(&p->lex);
}

static fv_status parse_values(fv_parser *p, fv_constant_given *c) {
    c->location = p->lex.now.location;
    do {
        double v = 0;
        FV_TRY(fv__lex_next(&p->lex));
        FV_TRY(parse_number(p, &v));
        FV_TRY(add_value(p, c, v));
    } while (p->lex.now.kind == ',');
    return FV_OK;
}

fv_status fv__parse_constant(fv_parser *p, fv_element *e) {
    const fv_token *t = &p->lex.now;
    fv_constant_given *c = fv__parser_alloc(p, sizeof *c);
    if (c == NULL) return FV_EXHAUSTED;
    e->kind = FV_A_CONSTANT;
    e->constant = c;
    c->location = t->location;
    FV_TRY(fv__lex_next(&p->lex));
    FV_TRY(parse_size(p, c));
    if (t->kind == FV_TOK_NAME && fv__dtype_named(t->start, t->length, &c->dtype))
        FV_TRY(fv__lex_next(&p->lex));
    if (fv__token_is(t, "values")) return parse_values(p, c);
    if (t->kind == FV_TOK_NUMBER) return fv__expected(p, "'values' before a constant's numbers");
    if (t->kind == FV_TOK_NAME && !t->top && !t->loss && !fv__token_is(t, "as") &&
        !fv__token_is(t, "else"))
        return fv__expected(p, "a type (float32, int32, bool ...), 'values' or the end of the "
                               "constant: constant 2x3 values 1,2,3,4,5,6");
    return FV_OK;
}
