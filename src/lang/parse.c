/* SPDX-License-Identifier: MIT */
/*
 * parse.c - the statements of a network's text: net, input, block, head, loss, train; and
 * fv__net_parse.
 */
#include "lang/syntax.h"
#include <stdio.h>
#include <string.h>

void *fv__parser_alloc(fv_parser *p, size_t bytes) {
    return fv__arena_alloc(p->arena, bytes);
}

fv_status fv__parser_nest(fv_parser *p) {
    if (++p->nest <= FV_NEST_MAX) return FV_OK;
    return fv__complain(p->source, p->lex.now.location, "more than %d brackets within each other",
                        FV_NEST_MAX);
}

fv_status fv__expected(const fv_parser *p, const char *what) {
    char found[96];
    return fv__complain(p->source, p->lex.now.location, "expected %s, found %s", what,
                        fv__token_text(found, &p->lex.now));
}

fv_status fv__parser_name(fv_parser *p, const char *what, const char **out) {
    const fv_token *t = &p->lex.now;
    if (t->kind != FV_TOK_NAME || t->top) return fv__expected(p, what);
    *out = fv__arena_textn(p->arena, t->start, t->length);
    if (*out == NULL) return FV_EXHAUSTED;
    if (fv__reserved(*out))
        return fv__complain(p->source, t->location,
                            "'%s' is a word of the language; choose another name", *out);
    return fv__lex_next(&p->lex);
}

/* (a, b = 2) after a net's or block's name. */
static fv_status parse_parameters(fv_parser *p, fv_block *block) {
    const fv_token *t = &p->lex.now;
    const fv_location open = t->location;
    fv_parameter **end = &block->parameters;
    FV_TRY(fv__lex_next(&p->lex));
    while (t->kind != ')') {
        fv_parameter *parameter = fv__parser_alloc(p, sizeof *parameter);
        if (parameter == NULL) return FV_EXHAUSTED;
        parameter->location = t->location;
        if (t->kind == FV_TOK_END || t->top)
            return fv__complain(p->source, open, "this '(' is never closed");
        FV_TRY(fv__parser_name(p, "a parameter's name", &parameter->name));
        for (const fv_parameter *q = block->parameters; q != NULL; q = q->next)
            if (strcmp(q->name, parameter->name) == 0)
                return fv__complain(p->source, parameter->location,
                                    "'%s' already has a parameter '%s'", block->name, q->name);
        if (++block->parameter_count > FV_PARAMS_MAX)
            return fv__complain(p->source, parameter->location, "more than %d parameters",
                                FV_PARAMS_MAX);
        *end = parameter;
        end = &parameter->next;
        if (t->kind == '=') {
            FV_TRY(fv__lex_next(&p->lex));
            FV_TRY(fv__parse_expr(p, FV_LOOSE, &parameter->initial));
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

static fv_status twice(fv_parser *p, const char *what, fv_location before) {
    return fv__complain(p->source, p->lex.now.location,
                        "there is a second '%s'; the first is at %d:%d", what, before.line,
                        before.column);
}

static fv_status parse_net(fv_parser *p) {
    fv_block *net = &p->program->net;
    const fv_token *t = &p->lex.now;
    if (net->location.line > 0) return twice(p, "net", net->location);
    net->location = t->location;
    FV_TRY(fv__lex_net_name(&p->lex));
    if (t->kind != FV_TOK_NAME || t->line_start) return fv__expected(p, "the network's name");
    net->name = fv__arena_textn(p->arena, t->start, t->length);
    if (net->name == NULL) return FV_EXHAUSTED;
    FV_TRY(fv__lex_next(&p->lex));
    return t->kind == '(' ? parse_parameters(p, net) : FV_OK;
}

static fv_status parse_block(fv_parser *p) {
    fv_block *block = fv__parser_alloc(p, sizeof *block), **end = &p->program->blocks;
    const fv_token *t = &p->lex.now;
    if (block == NULL) return FV_EXHAUSTED;
    FV_TRY(fv__lex_next(&p->lex));
    block->location = t->location;
    FV_TRY(fv__parser_name(p, "the block's name", &block->name));
    if (fv__parser_op(p, block->name) != NULL || strcmp(block->name, "constant") == 0)
        return fv__complain(p->source, block->location,
                            "'%s' is an operator; choose another name for the block", block->name);
    if (t->kind == '(') FV_TRY(parse_parameters(p, block));
    if (t->kind != '=') return fv__expected(p, "'=' (block NAME(a, b) = LAYERS)");
    FV_TRY(fv__lex_next(&p->lex));
    FV_TRY(fv__parse_chain(p, &block->body));
    block->next = *end;
    *end = block;
    return FV_OK;
}

/* input CxHxW fields, until the line ends; then the main chain. */
static fv_status parse_input(fv_parser *p) {
    fv_program *program = p->program;
    const fv_token *t = &p->lex.now;
    if (program->input_location.line > 0) return twice(p, "input", program->input_location);
    program->input_location = t->location;
    FV_TRY(fv__lex_next(&p->lex));
    for (int i = 0; i < 3; i++) {
        const bool there = i == 0 ? (t->kind == FV_TOK_NUMBER || t->kind == '(') && !t->line_start
                                  : t->kind == FV_TOK_CROSS;
        if (!there)
            return fv__complain(p->source, program->input_location,
                                "an input has three sizes, channels x height x width: "
                                "input 3x224x224");
        if (i > 0) FV_TRY(fv__lex_next(&p->lex));
        FV_TRY(fv__parse_primary(p, &program->input_size[i]));
    }
    if (t->kind == FV_TOK_CROSS)
        return fv__complain(p->source, t->location,
                            "an input has three sizes, channels x height x width: input 3x224x224");
    FV_TRY(fv__parse_args(p, "input", fv__input_fields, program->input_location, FV_ARGS_INPUT,
                          &program->input_given));
    if (fv__token_dash(t))
        FV_TRY(fv__lex_next(&p->lex)); /* the main chain may start with it */
    else if (!t->line_start && t->kind != FV_TOK_END)
        return fv__expected(p, "the end of the line; the layers start on the next one");
    if (t->kind == FV_TOK_END || t->top || t->loss)
        return fv__complain(p->source, program->input_location,
                            "this network has no layers; they follow the input's line");
    return fv__parse_chain(p, &program->net.body);
}

/* A word that should name a loss. */
static fv_status no_loss(fv_parser *p, const char *word) {
    const fv_op *op = fv__parser_op(p, word);
    const char *near = op == NULL ? fv__operator_meant(p->source->ctx, word) : NULL;
    fv_text list = {.ctx = p->source->ctx};
    for (const fv_op *const *loss = fv__losses; *loss != NULL; loss++)
        fv__text_addf(&list, "%s%s", loss == fv__losses ? "" : ", ", (*loss)->name);
    const fv_status status =
        near != NULL && (fv__parser_op(p, near)->traits & FV_LOSS) != 0
            ? fv__complain(p->source, p->lex.now.location, "unknown loss '%s'; did you mean '%s'?",
                           word, near)
            : fv__complain(p->source, p->lex.now.location, "'%s' is no loss; there are: %s", word,
                           list.data != NULL ? list.data : "");
    fv__text_free(&list);
    return status;
}

/* loss OPERATOR options; `loss` is the current token. */
static fv_status parse_loss(fv_parser *p, fv_loss_given *out) {
    const fv_token *t = &p->lex.now;
    char word[FV_NAME_MAX + 1];
    out->location = t->location;
    FV_TRY(fv__lex_next(&p->lex));
    if (t->kind != FV_TOK_NAME || t->top)
        return fv__expected(p, "the name of a loss, such as crossentropy");
    snprintf(word, sizeof word, "%.*s", (int)t->length, t->start);
    const fv_op *op = fv__parser_op(p, word);
    if (op == NULL || (op->traits & FV_LOSS) == 0) return no_loss(p, word);
    out->op = op;
    FV_TRY(fv__lex_next(&p->lex));
    return fv__parse_args(p, op->name, op->fields, out->location, FV_ARGS_LOSS, &out->given);
}

/* The loss of the main chain. */
static fv_status parse_main_loss(fv_parser *p) {
    fv_loss_given *loss = &p->program->loss;
    if (loss->op != NULL) return twice(p, "loss", loss->location);
    return parse_loss(p, loss);
}

/* weight W and training, then loss OPERATOR options */
static fv_status parse_head_words(fv_parser *p, fv_output *head) {
    const fv_token *t = &p->lex.now;
    for (;;) {
        if (fv__token_is(t, "weight") && head->weight == NULL) {
            FV_TRY(fv__lex_next(&p->lex));
            FV_TRY(fv__parse_expr(p, FV_TIGHT, &head->weight));
        } else if (fv__token_is(t, "training") && !head->training) {
            head->training = true;
            FV_TRY(fv__lex_next(&p->lex));
        } else if (fv__token_is(t, "loss") && head->loss.op == NULL) {
            FV_TRY(parse_loss(p, &head->loss));
        } else {
            break;
        }
    }
    if (fv__token_is(t, "from")) return FV_OK;
    return fv__expected(p, "'weight', 'training', 'loss' or 'from' (head NAME weight 0.3 training "
                           "from LABEL - LAYERS)");
}

/* head NAME weight W training loss OPERATOR from LABEL - chain */
static fv_status parse_head(fv_parser *p) {
    fv_output *head = fv__parser_alloc(p, sizeof *head), **end = &p->program->outputs;
    const fv_token *t = &p->lex.now;
    if (head == NULL) return FV_EXHAUSTED;
    FV_TRY(fv__lex_label(&p->lex));
    head->location = t->location;
    if (t->kind != FV_TOK_STRING) {
        FV_TRY(fv__parser_name(p, "the head's name", &head->name));
    } else {
        head->name = fv__arena_textn(p->arena, t->start, t->length);
        if (head->name == NULL) return FV_EXHAUSTED;
        FV_TRY(fv__lex_next(&p->lex));
    }
    if (strcmp(head->name, "output") == 0)
        return fv__complain(p->source, head->location,
                            "'output' is the end of the main chain; choose another name");
    int count = 1;
    for (; *end != NULL; end = &(*end)->next, count++)
        if (strcmp((*end)->name, head->name) == 0)
            return fv__complain(p->source, head->location,
                                "there is a second head '%s'; the first is at %d:%d", head->name,
                                (*end)->location.line, (*end)->location.column);
    if (count > FV_HEADS_MAX)
        return fv__complain(p->source, head->location, "more than %d heads", FV_HEADS_MAX);
    FV_TRY(parse_head_words(p, head));
    *end = head;
    return fv__parse_chain(p, &head->chain);
}

static fv_status parse_train(fv_parser *p) {
    fv_program *program = p->program;
    if (program->train_location.line > 0) return twice(p, "train", program->train_location);
    program->train_location = p->lex.now.location;
    FV_TRY(fv__lex_next(&p->lex));
    fv_recipe_table *table = fv__parser_alloc(p, sizeof *table);
    if (table == NULL) return FV_EXHAUSTED;
    fv__recipe_table(table, NULL);
    return fv__parse_args(p, "train", table->field, program->train_location, FV_ARGS_TRAIN,
                          &program->train_given);
}

/* What stands where a statement should start. */
static fv_status stray(fv_parser *p) {
    const fv_token *t = &p->lex.now;
    char found[96], word[FV_NAME_MAX + 1] = "";
    fv__token_text(found, t);
    if (t->kind == FV_TOK_NAME) snprintf(word, sizeof word, "%.*s", (int)t->length, t->start);
    if (t->kind == '}' || t->kind == ')' || t->kind == ']')
        return fv__complain(p->source, t->location, "%s closes nothing", found);
    if (t->kind == '|')
        return fv__complain(p->source, t->location,
                            "'|' separates branches and stands between '{' and '}' only");
    for (int i = 0; i < FV_STATEMENTS; i++)
        if (strcmp(word, fv__statements[i]) == 0)
            return fv__complain(p->source, t->location, "'%s' must start a new line", word);
    const char *near = fv__nearest(word, fv__statements, FV_STATEMENTS);
    if (near != NULL && t->line_start && fv__parser_op(p, word) == NULL)
        return fv__complain(p->source, t->location, "unknown statement '%s'; did you mean '%s'?",
                            word, near);
    if (p->program->input_location.line == 0 && (fv__starts_element(t) || t->kind == '-'))
        return fv__complain(p->source, t->location,
                            "layers come after the network's input, such as: input 3x224x224");
    return fv__expected(p, "net, input, block, head, loss or train at the start of a line");
}

static fv_status parse_statement(fv_parser *p) {
    const fv_token *t = &p->lex.now;
    p->nest = 0;
    if (t->loss) return parse_main_loss(p);
    if (!t->top) return stray(p);
    if (fv__token_is(t, "net")) return parse_net(p);
    if (fv__token_is(t, "input")) return parse_input(p);
    if (fv__token_is(t, "block")) return parse_block(p);
    return fv__token_is(t, "head") ? parse_head(p) : parse_train(p);
}

fv_status fv__parse_program(fv_parser *p) {
    FV_TRY(fv__lex_next(&p->lex));
    while (p->lex.now.kind != FV_TOK_END) FV_TRY(parse_statement(p));
    if (p->program->input_location.line == 0)
        return fv__complain(p->source,
                            p->program->net.location.line > 0 ? p->program->net.location
                                                              : (fv_location){1, 1},
                            "this network has no input; it is stated as channels x height x width: "
                            "input 3x224x224");
    return FV_OK;
}

/* "lenet5" of "nets/lenet5.net": the name of a network that states none. */
static const char *stem(fv_arena *arena, const char *file) {
    const char *slash = strrchr(file, '/');
    const char *name = slash != NULL ? slash + 1 : file;
    const char *dot = strrchr(name, '.');
    size_t n = dot != NULL && dot != name ? (size_t)(dot - name) : strlen(name);
    return n == 0 ? "net" : fv__arena_textn(arena, name, n < FV_NAME_MAX ? n : FV_NAME_MAX);
}

fv_status fv__net_parse(fv_context *ctx, const char *file, const char *text, size_t size,
                        const fv_setting *settings, size_t setting_count, fv_graph **out,
                        fv_recipe *recipe) {
    return fv__net_parse_with(ctx, file, text, size, settings, setting_count, NULL, out, recipe);
}

fv_status fv__net_parse_with(fv_context *ctx, const char *file, const char *text, size_t size,
                             const fv_setting *settings, size_t setting_count,
                             const fv_numbers *numbers, fv_graph **out, fv_recipe *recipe) {
    fv_recipe own;
    const fv_source source = {ctx, file, text, size};
    fv_arena arena;
    fv_program program = {0};
    fv_parser parser = {.source = &source, .arena = &arena, .program = &program};
    fv_status status;
    *out = NULL;
    fv__arena_init(&arena, ctx);
    FV_GO(fv__source_check(&source));
    fv__lex_start(&parser.lex, &source);
    FV_GO(fv__parse_program(&parser));
    if (program.net.name == NULL) program.net.name = stem(&arena, file);
    if (program.net.name == NULL) {
        status = FV_EXHAUSTED;
        goto done;
    }
    FV_GO(fv__check(&parser));
    FV_GO(fv__expand(&source, &arena, &program, settings, setting_count, numbers, out,
                     recipe != NULL ? recipe : &own));
done:
    fv__arena_free(&arena);
    return status;
}
