/* SPDX-License-Identifier: MIT */
/*
 * lexer.c - text to tokens, one at a time.
 *
 * White space separates, # starts a comment. Two things need the characters around a token: a minus
 * with white space on both sides is a chain's dash, and an x that touches a number or `)` on its
 * left and a digit or `(` on its right is the cross of a size: 3x3, (k)x(k).
 */
#include "base/utf8.h"
#include "lang/syntax.h"
#include <stdio.h>
#include <string.h>

const char *const fv__statements[FV_STATEMENTS] = {"net",  "input", "block",
                                                   "head", "loss",  "train"};

static bool digit(int c) {
    return c >= '0' && c <= '9';
}
static bool letter(int c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
static bool blank(int c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The byte `ahead` of here; 0 past the end (the text itself holds no 0). */
static int peek(const fv_lexer *l, size_t ahead) {
    return l->at + ahead < l->source->size ? (unsigned char)l->source->text[l->at + ahead] : 0;
}

static void skip(fv_lexer *l, size_t n) {
    for (; n > 0; n--, l->at++) {
        const char c = l->source->text[l->at];
        if (c == '\n')
            l->line++, l->column = 1;
        else if (!fv__utf8_inside(c))
            l->column++;
    }
}

void fv__lex_start(fv_lexer *l, const fv_source *source) {
    *l = (fv_lexer){.source = source, .line = 1, .column = 1, .last_location = {1, 1}};
    if (source->size >= 3 && memcmp(source->text, "\xef\xbb\xbf", 3) == 0) l->at = 3; /* a BOM */
}

bool fv__token_is(const fv_token *t, const char *word) {
    return t->kind == FV_TOK_NAME && t->length == strlen(word) &&
           memcmp(t->start, word, t->length) == 0;
}

bool fv__token_dash(const fv_token *t) {
    return t->kind == '-' && t->space_before && t->space_after;
}

char *fv__token_text(char out[96], const fv_token *t) {
    if (t->kind == FV_TOK_END)
        snprintf(out, 96, "the end of the text");
    else
        snprintf(out, 96, "'%.*s%s'", (int)(t->length < 64 ? t->length : 64), t->start,
                 t->length > 64 ? "..." : "");
    return out;
}

bool fv__reserved(const char *word) {
    static const char *const words[] = {"net", "input", "block", "head", "train",
                                        "if",  "then",  "else",  "as",   "from",
                                        "and", "or",    "not",   "yes",  "no"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(word, words[i]) == 0) return true;
    return false;
}

bool fv__plain_label(const char *name) {
    if (!letter((unsigned char)name[0]) || fv__reserved(name) || strlen(name) > FV_FULL_MAX)
        return false;
    for (const char *c = name; *c != 0; c++) {
        if (*c == '.' && (c[1] == 0 || c[1] == '.')) return false;
        if (!letter((unsigned char)*c) && !digit((unsigned char)*c) && *c != '.') return false;
    }
    return true;
}

/* To the next token: its location and what stands before it. */
static void begin(fv_lexer *l) {
    const size_t from = l->at;
    bool line_start = l->last_end == NULL;
    l->last_location = (fv_location){l->line, l->column};
    while (l->at < l->source->size) {
        const int c = peek(l, 0);
        if (c == '\n') line_start = true;
        if (c == '#') {
            while (l->at < l->source->size && peek(l, 0) != '\n') skip(l, 1);
        } else if (blank(c)) {
            skip(l, 1);
        } else {
            break;
        }
    }
    l->now = (fv_token){.kind = FV_TOK_END, .start = l->source->text + l->at};
    l->now.location = (fv_location){l->line, l->column};
    l->now.line_start = line_start;
    l->now.space_before = line_start || l->at > from;
    /* what is missing at the end is missing behind the last token, not below the last comment */
    if (l->at == l->source->size && l->last_end != NULL) l->now.location = l->last_location;
}

static void end(fv_lexer *l, int kind, size_t length) {
    l->now.kind = kind;
    l->now.length = length;
    skip(l, length);
    const int c = peek(l, 0);
    l->now.space_after = l->at >= l->source->size || blank(c) || c == '#';
    l->last_end = l->source->text + l->at;
}

/* Characters people paste for the ones meant. */
static fv_status stranger(fv_lexer *l) {
    static const struct {
        const char *bytes, *name, *meant;
    } known[] = {{"\xe2\x80\x93", "an en dash", "-"},    {"\xe2\x80\x94", "an em dash", "-"},
                 {"\xe2\x88\x92", "a minus sign", "-"},  {"\xc3\x97", "a times sign", "x"},
                 {"\xc2\xa0", "a no-break space", " "},  {"\xe2\x80\x9c", "a curly quote", "\""},
                 {"\xe2\x80\x9d", "a curly quote", "\""}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const size_t n = strlen(known[i].bytes);
        if (l->source->size - l->at >= n && memcmp(l->now.start, known[i].bytes, n) == 0)
            return fv__complain(l->source, l->now.location, "this character is %s; write '%s'",
                                known[i].name, known[i].meant);
    }
    size_t n = 1;
    while (fv__utf8_inside((char)peek(l, n))) n++;
    return fv__complain(l->source, l->now.location, "'%.*s' means nothing here", (int)n,
                        l->now.start);
}

/* 3, 0.5, .5, 1e-4; a letter right behind it is a mistake unless it is the cross of a size. */
static fv_status number(fv_lexer *l) {
    size_t n = 0;
    while (digit(peek(l, n))) n++;
    if (peek(l, n) == '.') {
        n++;
        while (digit(peek(l, n))) n++;
    }
    if (peek(l, n) == 'e' || peek(l, n) == 'E') {
        const size_t sign = peek(l, n + 1) == '-' || peek(l, n + 1) == '+' ? 1 : 0;
        if (digit(peek(l, n + 1 + sign))) {
            n += 2 + sign;
            while (digit(peek(l, n))) n++;
        }
    }
    const int c = peek(l, n);
    size_t word = n;
    while (letter(peek(l, word)) || digit(peek(l, word)) || peek(l, word) == '.') word++;
    if ((letter(c) || c == '.') &&
        !(c == 'x' && (digit(peek(l, n + 1)) || peek(l, n + 1) == '('))) {
        const int shown = (int)(word < 60 ? word : 60);
        if (c == 'x' && word > n + 1)
            return fv__complain(l->source, l->now.location,
                                "'%.*s' is not a size; names need brackets: %.*sx(%.*s)", shown,
                                l->now.start, (int)(n < 30 ? n : 30), l->now.start,
                                (int)(word - n - 1 < 30 ? word - n - 1 : 30), l->now.start + n + 1);
        return fv__complain(l->source, l->now.location,
                            "'%.*s' is not a number; sizes are written 3x3", shown, l->now.start);
    }
    char copy[64];
    if (n >= sizeof copy)
        return fv__complain(l->source, l->now.location, "a number of %zu digits is too long", n);
    memcpy(copy, l->now.start, n);
    copy[n] = 0;
    end(l, FV_TOK_NUMBER, n);
    if (!fv__parse_real(copy, &l->now.number))
        return fv__complain(l->source, l->now.location, "'%s' is not a number", copy);
    return FV_OK;
}

static fv_status word(fv_lexer *l, bool dots, bool dashes) {
    size_t n = 0;
    for (;; n++) {
        const int c = peek(l, n);
        if (!letter(c) && !digit(c) && !(dots && c == '.') && !(dashes && c == '-')) break;
    }
    while (n > 1 && l->now.start[n - 1] == '.') n--; /* that dot is somebody else's */
    if (n > (size_t)(dots && !dashes ? FV_FULL_MAX : FV_NAME_MAX))
        return fv__complain(l->source, l->now.location,
                            "a name has at most %d characters, this has %zu",
                            dots && !dashes ? FV_FULL_MAX : FV_NAME_MAX, n);
    end(l, FV_TOK_NAME, n);
    const bool loss = fv__token_is(&l->now, "loss");
    for (int i = 0; i < FV_STATEMENTS && l->now.line_start && !loss; i++)
        if (fv__token_is(&l->now, fv__statements[i])) l->now.top = true;
    l->now.loss = loss && l->now.line_start && peek(l, 0) != '(';
    return FV_OK;
}

static fv_status string(fv_lexer *l) {
    size_t n = 1;
    while (peek(l, n) != '"' && peek(l, n) != '\n' && peek(l, n) != 0) n++;
    if (peek(l, n) != '"')
        return fv__complain(l->source, l->now.location, "the quote '\"' is not closed on its line");
    if (n == 1) return fv__complain(l->source, l->now.location, "a name between quotes is empty");
    if (n - 1 > FV_FULL_MAX)
        return fv__complain(l->source, l->now.location,
                            "a name has at most %d characters, this has %zu", FV_FULL_MAX, n - 1);
    end(l, FV_TOK_STRING, n + 1);
    l->now.start++;
    l->now.length -= 2;
    return FV_OK;
}

static fv_status symbol(fv_lexer *l) {
    static const struct {
        char text[3];
        int kind;
    } pairs[] = {{"//", FV_TOK_FLOOR},
                 {"==", FV_TOK_EQUAL},
                 {"!=", FV_TOK_UNEQUAL},
                 {"<=", FV_TOK_LESS_EQUAL},
                 {">=", FV_TOK_MORE_EQUAL}};
    const int c = peek(l, 0);
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (c == pairs[i].text[0] && peek(l, 1) == pairs[i].text[1]) {
            end(l, pairs[i].kind, 2);
            return FV_OK;
        }
    if (c == '-' && peek(l, 1) == '>')
        return fv__complain(l->source, l->now.location,
                            "layers are joined by ' - ', not by an arrow");
    if (strchr("()[]{}|,=*/%+-<>?", c) == NULL) return stranger(l);
    end(l, c, 1);
    return FV_OK;
}

fv_status fv__lex_next(fv_lexer *l) {
    const int before = l->now.kind;
    const char *const before_end = l->last_end;
    begin(l);
    if (l->at >= l->source->size) return FV_OK;
    const int c = peek(l, 0), d = peek(l, 1);
    if (c == 'x' && (before == FV_TOK_NUMBER || before == ')') && before_end == l->now.start &&
        (digit(d) || d == '(')) {
        end(l, FV_TOK_CROSS, 1);
        return FV_OK;
    }
    if (digit(c) || (c == '.' && digit(d))) return number(l);
    if (letter(c)) return word(l, false, false);
    if (c == '"') return string(l);
    return symbol(l);
}

fv_status fv__lex_label(fv_lexer *l) {
    begin(l);
    if (letter(peek(l, 0))) return word(l, true, false);
    if (l->at >= l->source->size) return FV_OK;
    return peek(l, 0) == '"' ? string(l) : symbol(l);
}

fv_status fv__lex_net_name(fv_lexer *l) {
    begin(l);
    if (letter(peek(l, 0)) || digit(peek(l, 0))) return word(l, true, true);
    return l->at >= l->source->size ? FV_OK : symbol(l);
}
