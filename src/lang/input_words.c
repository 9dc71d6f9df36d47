/* SPDX-License-Identifier: MIT */
/*
 * input_words.c - the words of an `input` line by themselves: read, and put into a text in place of
 * its own.
 */
#include "lang/syntax.h"
#include <string.h>

fv_status fv__input_parse(fv_context *ctx, const char *words, fv_input *out) {
    fv_text text = {.ctx = ctx};
    fv_graph *small = NULL;
    if (strpbrk(words, "\r\n#"))
        return fv__fail(ctx, FV_USAGE,
                        "the words of an input are one line, without comment: 3x224x224 resize 256 "
                        "crop 224 scale 1/255");
    fv__text_addf(&text, "input %s\n  - identity as same\n", words);
    fv_status status = fv__text_done(ctx, &text);
    if (status == FV_OK)
        status = fv__net_parse(ctx, "input", text.data, text.length, NULL, 0, &small, NULL);
    if (status == FV_OK && small->node_count != 1)
        status =
            fv__fail(ctx, FV_BAD_INPUT,
                     "nothing but the words of an input is expected, not layers: '%.200s'", words);
    if (status == FV_OK) *out = small->input;
    fv__net_free(small);
    fv__text_free(&text);
    return status;
}

/* From the word `input` to where its options end: *end is behind the last of them. */
static fv_status find(fv_lexer *lex, const char **start, const char **end) {
    const fv_token *t = &lex->now;
    int open = 0;
    *start = NULL;
    do { /* a network's name has dots: mobilenet_1.0 */
        const bool net = t->top && fv__token_is(t, "net");
        FV_TRY(net ? fv__lex_net_name(lex) : fv__lex_next(lex));
        if (t->kind == FV_TOK_END) return FV_OK;
    } while (!(t->top && fv__token_is(t, "input")));
    *start = t->start;
    for (;;) {
        *end = t->start + t->length;
        open += t->kind == '(' ? 1 : t->kind == ')' ? -1 : 0;
        FV_TRY(fv__lex_next(lex));
        if (t->kind == FV_TOK_END || (open <= 0 && (t->line_start || fv__token_dash(t))))
            return FV_OK;
    }
}

fv_status fv__input_restate(fv_context *ctx, const char *text, const char *words, fv_text *out) {
    const fv_source source = {ctx, "the network", text, strlen(text)};
    const char *start, *end = NULL;
    fv_lexer lex;
    fv__lex_start(&lex, &source);
    FV_TRY(find(&lex, &start, &end));
    if (!start) return fv__fail(ctx, FV_BAD_INPUT, "the network's text states no input");
    fv__text_addn(out, text, (size_t)(start - text));
    fv__text_addf(out, "input %s", words);
    fv__text_add(out, end);
    return fv__text_done(ctx, out);
}
