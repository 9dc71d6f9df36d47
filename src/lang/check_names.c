/* SPDX-License-Identifier: MIT */
/*
 * check_names.c - finds every parameter and block a text names, used or not, so that a typo in a
 * branch not taken today is not found by somebody else tomorrow.
 */
#include "lang/syntax.h"
#include <stdio.h>
#include <string.h>

enum { NEW, OPEN, DONE }; /* of a block, while calls are followed */

typedef struct checker {
    const fv_source *source;
    const fv_program *program;
    fv_names blocks; /* name -> index into `table` */
    const fv_block **table;
    char *state;           /* of each block of the table */
    const fv_block *block; /* whose body is looked at; NULL: the net's */
    int known;             /* parameters that may be named: all, or those before a default */
} checker;

static int slot_of(const fv_block *block, const char *name, int limit) {
    int slot = 0;
    for (const fv_parameter *q = block->parameters; q != NULL && slot < limit; q = q->next, slot++)
        if (strcmp(q->name, name) == 0) return slot;
    return -1;
}

/* What else the name could have meant: a parameter, a word of the option, a layer. */
static fv_status unknown(const checker *c, const fv_expr *e, const char *owner,
                         const fv_given *given) {
    const char *words[2 * FV_PARAMS_MAX + 64];
    size_t count = 0;
    const fv_field *f = given != NULL ? given->field : NULL;
    for (int level = 0; level < 2; level++) {
        const fv_block *b = level == 0 ? c->block : &c->program->net;
        for (const fv_parameter *q = b != NULL ? b->parameters : NULL; q != NULL; q = q->next)
            words[count++] = q->name;
    }
    words[count++] = "channels", words[count++] = "height", words[count++] = "width";
    if (f != NULL && f->kind == FV_PAD) words[count++] = "same", words[count++] = "valid";
    const fv_context *ctx = c->source->ctx;
    const fv_op *op = fv__op_find_in(ctx, e->name);
    if (e->hyphened || op != NULL)
        return fv__complain(c->source, e->location,
                            "'%s' is no number and no parameter; between two layers stands a dash "
                            "with a space on both sides: ' - '",
                            e->name);
    if (given != NULL && given->positional && f != NULL && owner != NULL) {
        op = fv__op_find_in(ctx, owner);
        const char *option =
            op != NULL && op->fields != NULL ? fv__field_nearest(op->fields, e->name) : NULL;
        if (option != NULL)
            return fv__complain(c->source, e->location, "%s has no option '%s'; did you mean '%s'?",
                                owner, e->name, option);
    }
    if (f != NULL && f->kind == FV_BOOL)
        return fv__complain(c->source, e->location, "%s must be yes or no, not '%s'", f->name,
                            e->name);
    if (c->known < FV_PARAMS_MAX &&
        slot_of(c->block != NULL ? c->block : &c->program->net, e->name, FV_PARAMS_MAX) >= 0)
        return fv__complain(c->source, e->location,
                            "a default may use the parameters before it; '%s' is not one of them",
                            e->name);
    const char *near = fv__nearest(e->name, words, count);
    if (near != NULL)
        return fv__complain(c->source, e->location, "unknown parameter '%s'; did you mean '%s'?",
                            e->name, near);
    if (strchr(e->name, 'x') != NULL && strlen(e->name) == 3)
        return fv__complain(
            c->source, e->location,
            "unknown parameter '%s'; a size of parameters needs brackets: (%c)x(%c)", e->name,
            e->name[0], e->name[2]);
    return fv__complain(c->source, e->location,
                        "unknown parameter '%s'; parameters stand in brackets behind the name of "
                        "the %s: %s(%s = 1)",
                        e->name, c->block != NULL ? "block" : "net",
                        c->block != NULL ? c->block->name : c->program->net.name, e->name);
}

static fv_status check_expr(checker *c, const fv_expr *e, const char *owner,
                            const fv_given *given) {
    if (e == NULL) return FV_OK;
    if (e->kind == FV_E_NAME) {
        static const char *const flows[] = {"channels", "height", "width"};
        fv_expr *own = (fv_expr *)e; /* the tree is this room's own */
        int slot = c->block != NULL ? slot_of(c->block, e->name, c->known) : -1;
        own->of_net = slot < 0;
        if (slot < 0)
            slot = slot_of(&c->program->net, e->name, c->block != NULL ? FV_PARAMS_MAX : c->known);
        own->slot = slot;
        if (slot >= 0) return FV_OK;
        for (int i = 0; i < 3; i++) /* a parameter of that name would hide what flows in */
            if (strcmp(e->name, flows[i]) == 0) {
                own->kind = FV_E_FLOW;
                own->number = i;
                return FV_OK;
            }
        return unknown(c, e, owner, given);
    }
    FV_TRY(check_expr(c, e->a, owner, given));
    FV_TRY(check_expr(c, e->b, owner, given));
    return check_expr(c, e->c, owner, given);
}

static fv_status check_given(checker *c, const fv_given *given, const char *owner) {
    for (const fv_given *g = given; g != NULL; g = g->next)
        for (int i = 0; i < g->value.count; i++) FV_TRY(check_expr(c, g->value.e[i], owner, g));
    return FV_OK;
}

static fv_status unknown_block(const checker *c, const fv_element *e) {
    const char *names[256];
    size_t count = 0;
    for (const fv_block *b = c->program->blocks; b != NULL && count < 256; b = b->next)
        names[count++] = b->name;
    const char *near = fv__nearest(e->name, names, count);
    if (near != NULL)
        return fv__complain(c->source, e->location, "unknown block '%s'; did you mean '%s'?",
                            e->name, near);
    near = fv__operator_meant(c->source->ctx, e->name);
    if (near != NULL)
        return fv__complain(c->source, e->location,
                            "unknown block '%s'; did you mean the operator '%s'? its options come "
                            "without brackets",
                            e->name, near);
    return fv__complain(c->source, e->location,
                        "unknown block '%s'; a block is defined like this: block %s(k) = conv k "
                        "3x3 - relu",
                        e->name, e->name);
}

/* Matches a call's arguments with the block's parameters. */
static fv_status check_call(checker *c, fv_element *e) {
    const int *index = fv__names_get(&c->blocks, e->name);
    if (index == NULL) return unknown_block(c, e);
    const fv_block *b = e->block = c->table[*index];
    bool have[FV_PARAMS_MAX] = {false};
    int position = 0;
    bool by_name = false;
    for (fv_given *g = e->given; g != NULL; g = g->next) {
        if (g->positional && by_name)
            return fv__complain(c->source, g->location,
                                "values without a name come first; give this one its name");
        by_name = by_name || !g->positional;
        g->slot = g->positional ? position++ : slot_of(b, g->name, FV_PARAMS_MAX);
        if (g->positional && g->slot >= b->parameter_count)
            return fv__complain(c->source, g->location, "%s has %d parameter%s, this is number %d",
                                b->name, b->parameter_count, b->parameter_count == 1 ? "" : "s",
                                position);
        if (g->slot < 0) {
            const char *names[FV_PARAMS_MAX];
            size_t n = 0;
            for (const fv_parameter *q = b->parameters; q != NULL; q = q->next)
                names[n++] = q->name;
            const char *near = fv__nearest(g->name, names, n);
            return fv__complain(c->source, g->location, "%s has no parameter '%s'%s%s%s", b->name,
                                g->name, near != NULL ? "; did you mean '" : "",
                                near != NULL ? near : "", near != NULL ? "'?" : "");
        }
        if (have[g->slot])
            return fv__complain(c->source, g->location, "this parameter of %s is given twice",
                                b->name);
        have[g->slot] = true;
    }
    int slot = 0;
    for (const fv_parameter *q = b->parameters; q != NULL; q = q->next, slot++)
        if (!have[slot] && q->initial == NULL)
            return fv__complain(c->source, e->location, "%s needs its parameter '%s'", b->name,
                                q->name);
    return check_given(c, e->given, e->name);
}

static fv_status check_loss(checker *c, const fv_loss_given *loss) {
    return loss->op != NULL ? check_given(c, loss->given, loss->op->name) : FV_OK;
}

static fv_status check_chains(checker *c, const fv_chain *chains) {
    for (const fv_chain *chain = chains; chain != NULL; chain = chain->next)
        for (fv_element *e = chain->first; e != NULL; e = e->next) {
            if (e->kind == FV_A_CALL)
                FV_TRY(check_call(c, e));
            else
                FV_TRY(check_given(c, e->given, e->op != NULL ? e->op->name : NULL));
            for (int d = 0; e->constant != NULL && d < e->constant->rank; d++)
                FV_TRY(check_expr(c, e->constant->dim[d], NULL, NULL));
            FV_TRY(check_expr(c, e->condition, NULL, NULL));
            FV_TRY(check_expr(c, e->repeat, NULL, NULL));
            FV_TRY(check_chains(c, e->chains));
        }
    return FV_OK;
}

/* A block that calls itself, whatever its parameters are, never ends. Conditions and repetitions
   may end it, so calls in them are left to the expander's limit. `path` are the blocks on the way
   here. */
static fv_status follow_calls(checker *c, const fv_chain *chains, int *path, int depth);

static fv_status follow_block(checker *c, const fv_element *e, int *path, int depth) {
    const int index = *fv__names_get(&c->blocks, e->name);
    path[depth] = index;
    if (c->state[index] == OPEN) {
        char text[400] = "";
        int n = 0, first = 0;
        while (path[first] != index) first++;
        for (int i = first; i <= depth && n < (int)sizeof text - 80; i++)
            n += snprintf(text + n, sizeof text - (size_t)n, "%s%s", i > first ? " -> " : "",
                          c->table[path[i]]->name);
        return fv__complain(
            c->source, e->location,
            "the block '%s' calls itself without end: %s; a condition must stop it: "
            "if k > 0 then %s(k - 1) else identity",
            e->name, text, e->name);
    }
    if (c->state[index] == DONE) return FV_OK;
    if (depth >= FV_BLOCKS_DEEP)
        return fv__complain(c->source, e->location, "blocks within blocks, more than %d deep",
                            FV_BLOCKS_DEEP);
    c->state[index] = OPEN;
    FV_TRY(follow_calls(c, c->table[index]->body, path, depth + 1));
    c->state[index] = DONE;
    return FV_OK;
}

static fv_status follow_calls(checker *c, const fv_chain *chains, int *path, int depth) {
    for (const fv_chain *chain = chains; chain != NULL; chain = chain->next)
        for (const fv_element *e = chain->first; e != NULL; e = e->next) {
            if (e->repeat != NULL || e->kind == FV_A_IF) continue;
            if (e->kind == FV_A_CALL)
                FV_TRY(follow_block(c, e, path, depth));
            else
                FV_TRY(follow_calls(c, e->chains, path, depth));
        }
    return FV_OK;
}

/* A default may use the parameters before it. */
static fv_status check_parameters(checker *c, const fv_block *block) {
    c->known = 0;
    for (const fv_parameter *q = block->parameters; q != NULL; q = q->next, c->known++)
        FV_TRY(check_expr(c, q->initial, NULL, NULL));
    c->known = FV_PARAMS_MAX;
    return FV_OK;
}

static fv_status check_all(checker *c) {
    const fv_program *program = c->program;
    for (const fv_block *b = program->blocks; b != NULL; b = b->next) {
        c->block = b;
        FV_TRY(check_parameters(c, b));
        FV_TRY(check_chains(c, b->body));
    }
    int path[FV_BLOCKS_DEEP + 2];
    for (int i = 0; c->table[i] != NULL; i++) {
        const fv_element call = {
            .kind = FV_A_CALL, .name = c->table[i]->name, .location = c->table[i]->location};
        FV_TRY(follow_block(c, &call, path, 0));
    }
    c->block = NULL;
    FV_TRY(check_parameters(c, &program->net));
    for (int i = 0; i < 3; i++) FV_TRY(check_expr(c, program->input_size[i], NULL, NULL));
    FV_TRY(check_given(c, program->input_given, "input"));
    FV_TRY(check_chains(c, program->net.body));
    FV_TRY(check_loss(c, &program->loss));
    for (const fv_output *o = program->outputs; o != NULL; o = o->next) {
        FV_TRY(check_expr(c, o->weight, NULL, NULL));
        FV_TRY(check_loss(c, &o->loss));
        FV_TRY(check_chains(c, o->chain));
    }
    return check_given(c, program->train_given, "train");
}

/* The blocks by name; a name belongs to one. */
static fv_status list_blocks(checker *c) {
    int count = 0;
    for (const fv_block *b = c->program->blocks; b != NULL; b = b->next, count++) {
        const int *other = fv__names_get(&c->blocks, b->name);
        if (other != NULL) { /* the list has the last one first */
            const fv_location at = c->table[*other]->location;
            return fv__complain(c->source, at,
                                "there is a second block '%s'; the first is at %d:%d", b->name,
                                b->location.line, b->location.column);
        }
        FV_TRY(fv__names_add(c->source->ctx, &c->blocks, b->name, count));
        c->table[count] = b;
    }
    return FV_OK;
}

fv_status fv__check(fv_parser *p) {
    checker c = {.source = p->source, .program = p->program, .known = FV_PARAMS_MAX};
    size_t count = 1;
    for (const fv_block *b = p->program->blocks; b != NULL; b = b->next) count++;
    c.table = fv__arena_alloc(p->arena, count * sizeof *c.table);
    c.state = fv__arena_alloc(p->arena, count);
    if (c.table == NULL || c.state == NULL) return FV_EXHAUSTED;
    fv_status status = list_blocks(&c);
    if (status == FV_OK) status = check_all(&c);
    fv__names_free(&c.blocks);
    return status;
}
