/* SPDX-License-Identifier: MIT */
/*
 * syntax.h - what the files of this room share: tokens, the syntax tree, and who does what.
 *
 *   complain.c       locations and messages
 *   lexer.c          text -> tokens
 *   parse*.c         tokens -> tree (in an arena)
 *   check_names.c    every name of the tree is found, before anything is expanded
 *   eval_expr.c      expressions -> numbers
 *   layer_options.c  arguments -> an operator's options, and those -> text
 *   name_table.c     names -> numbers
 *   constants.c      what a text holds of a constant
 *   expand*.c        tree -> net
 *   print*.c         net -> text
 *   input_words.c    the input's line by itself
 *   find_net.c       zoo names and files
 */
#ifndef FV_LANG_SYNTAX_H
#define FV_LANG_SYNTAX_H

#include "base/name_table.h"
#include "lang/lang.h"

#define FV_TEXT_MAX    (4u << 20) /* bytes of a network's text */
#define FV_NAME_MAX    63         /* characters of a name as written */
#define FV_FULL_MAX    511        /* characters of a name with its blocks before it */
#define FV_NODES_MAX   100000     /* layers of a net */
#define FV_HEADS_MAX   64         /* outputs beside the main one */
#define FV_BLOCKS_DEEP 64         /* blocks within blocks */
#define FV_NEST_MAX    100        /* brackets within brackets, in the text */
#define FV_DEEP_MAX    300        /* brackets and blocks within each other, expanded */
#define FV_PARAMS_MAX  32         /* parameters of a block */
#define FV_FUEL        100000000  /* work of expanding: ends texts that only keep busy */

/* ---- locations and messages ---- */

typedef struct fv_source {
    fv_context *ctx;
    const char *file;
    const char *text;
    size_t size;
} fv_source;

/* "file:line:column: error: sentence", the line, a caret. Always FV_BAD_INPUT. */
fv_status fv__complain(const fv_source *source, fv_location at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Adds a line below the message that is there; returns its status. */
fv_status fv__note(const fv_source *source, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Refuses text that is too long, binary, or not UTF-8. */
FV_MUST_USE fv_status fv__source_check(const fv_source *source);

/* ---- tokens ---- */

enum { /* other kinds are their character: '(' … */
       FV_TOK_END = 256,
       FV_TOK_NAME,
       FV_TOK_NUMBER,
       FV_TOK_STRING, /* "a label of any characters" */
       FV_TOK_CROSS,  /* the x in 3x3 */
       FV_TOK_FLOOR,  /* // */
       FV_TOK_EQUAL,
       FV_TOK_UNEQUAL,
       FV_TOK_LESS_EQUAL,
       FV_TOK_MORE_EQUAL
};

typedef struct fv_token {
    int kind;
    fv_location location;
    const char *start; /* in the text; of a string: what is between its quotes */
    size_t length;
    double number;
    bool line_start;   /* the first of its line */
    bool space_before; /* so is the start of a line */
    bool space_after;  /* so is the end of a line */
    bool top;          /* net, input, block, head or train at the start of a line */
    bool loss;         /* `loss` there, unless it is a call; within `train` it is an option */
} fv_token;

typedef struct fv_lexer {
    const fv_source *source;
    size_t at;
    int line, column;
    fv_token now;
    const char *last_end; /* where the token before `now` ended */
    fv_location last_location;
} fv_lexer;

void fv__lex_start(fv_lexer *lexer, const fv_source *source);
FV_MUST_USE fv_status fv__lex_next(fv_lexer *lexer);
/* The next token, read as a label (dots allowed: basic1.conv2, or "anything" in quotes) or as a
   net's name (dots and dashes allowed: vgg16-1x1). */
FV_MUST_USE fv_status fv__lex_label(fv_lexer *lexer);
FV_MUST_USE fv_status fv__lex_net_name(fv_lexer *lexer);

/* net, input, block, head, loss, train */
#define FV_STATEMENTS 6
extern const char *const fv__statements[FV_STATEMENTS];
bool fv__token_is(const fv_token *token, const char *word);
/* A chain's dash: white space on both sides. */
bool fv__token_dash(const fv_token *token);
/* For messages: "'conv'", "the end of the text". `out` holds 96 bytes; returns it. */
char *fv__token_text(char out[96], const fv_token *token);
/* net, if, as … : words that name nothing else. */
bool fv__reserved(const char *word);
/* A label that needs no quotes. */
bool fv__plain_label(const char *name);

/* ---- the tree ---- */

typedef enum fv_expr_kind {
    FV_E_NUMBER,
    FV_E_NAME, /* a parameter */
    FV_E_FLOW, /* channels, height, width */
    FV_E_NEGATE,
    FV_E_NOT,
    FV_E_ADD,
    FV_E_SUBTRACT,
    FV_E_MULTIPLY,
    FV_E_DIVIDE,
    FV_E_FLOOR,
    FV_E_MODULO,
    FV_E_EQUAL,
    FV_E_UNEQUAL,
    FV_E_LESS,
    FV_E_LESS_EQUAL,
    FV_E_MORE,
    FV_E_MORE_EQUAL,
    FV_E_AND,
    FV_E_OR,
    FV_E_IF
} fv_expr_kind;

typedef struct fv_expr {
    fv_expr_kind kind;
    int depth; /* of the tree below: eval() recurses so far */
    fv_location location;
    double number;    /* FV_E_NUMBER; FV_E_FLOW: 0 channels, 1 height, 2 width */
    const char *name; /* FV_E_NAME */
    int slot;         /* FV_E_NAME, once checked: which parameter … */
    bool of_net;      /* … of the net; otherwise of the block */
    bool hyphened;    /* FV_E_NAME: a minus stands right before it */
    const struct fv_expr *a, *b, *c;
} fv_expr;

typedef struct fv_written {
    fv_location location;
    int count; /* expressions; 0: the word, or a bare yes */
    bool open; /* `?`: whatever fits */
    bool cross;
    const char *word;
    const fv_expr **e;
} fv_written;

/* One option of an operator (field) or one argument of a block's call (name, or NULL). */
typedef struct fv_given {
    const fv_field *field;
    const char *name;
    bool positional;
    fv_location location;
    fv_written value;
    int slot; /* call: which parameter, once checked */
    struct fv_given *next;
} fv_given;

typedef enum fv_atom {
    FV_A_OP,
    FV_A_JOIN,
    FV_A_GROUP,
    FV_A_CALL,
    FV_A_IF,
    FV_A_FROM,
    FV_A_CONSTANT
} fv_atom;

/* constant 8x1x1 int32 values 1,2,3 */
typedef struct fv_constant_given {
    const fv_expr *dim[FV_RANK_MAX];
    int rank; /* 0: a single number */
    fv_dtype dtype;
    fv_location location; /* of its numbers */
    double *values;       /* one number stands for all; NULL: they lie elsewhere */
    size_t count, capacity;
} fv_constant_given;

typedef struct fv_element {
    fv_atom kind;
    fv_location location;
    const fv_op *op;              /* OP, JOIN */
    fv_given *given;              /* OP, JOIN, CALL */
    const char *name;             /* CALL: the block; FROM: the label */
    const struct fv_block *block; /* CALL, once checked */
    const fv_expr *condition;     /* IF */
    const fv_constant_given *constant;
    struct fv_chain *chains; /* JOIN: branches; GROUP: one; IF: then, else */
    const fv_expr *repeat;   /* or NULL */
    const char *share;       /* OP: the name of the parameters it shares, or NULL */
    fv_location share_location;
    const char *label; /* or NULL */
    fv_location label_location;
    struct fv_element *next;
} fv_element;

typedef struct fv_chain {
    fv_location location;
    fv_element *first;
    struct fv_chain *next;
} fv_chain;

typedef struct fv_parameter {
    const char *name;
    fv_location location;
    const fv_expr *initial; /* or NULL */
    struct fv_parameter *next;
} fv_parameter;

typedef struct fv_block {
    const char *name;
    fv_location location;
    fv_parameter *parameters;
    int parameter_count;
    fv_chain *body;
    struct fv_block *next;
} fv_block;

/* What a head's prediction is held against. */
typedef struct fv_loss_given {
    const fv_op *op; /* NULL: as the recipe says */
    fv_given *given;
    fv_location location;
} fv_loss_given;

typedef struct fv_output {
    const char *name;
    fv_location location;
    const fv_expr *weight; /* or NULL */
    bool training;
    fv_loss_given loss;
    fv_chain *chain;
    struct fv_output *next;
} fv_output;

/* Every label as written, for "did you mean" and "comes later". */
typedef struct fv_label {
    const char *name;
    fv_location location;
    bool call; /* on a block's call that is not repeated: the prefix of its layers */
    struct fv_label *next;
} fv_label;

typedef struct fv_program {
    fv_block net; /* name and parameters; body: the main chain; location.line 0: not stated */
    fv_block *blocks;
    fv_location input_location; /* line 0: not stated */
    const fv_expr *input_size[3];
    fv_given *input_given;
    fv_loss_given loss; /* of the main chain */
    fv_output *outputs;
    fv_location train_location;
    fv_given *train_given;
    fv_label *labels;
} fv_program;

/* ---- parsing ---- */

typedef struct fv_parser {
    fv_lexer lex;
    const fv_source *source;
    fv_arena *arena;
    int nest;
    fv_program *program;
} fv_parser;

void *fv__parser_alloc(fv_parser *p, size_t bytes);
FV_MUST_USE fv_status fv__parser_name(fv_parser *p, const char *what, const char **out);
FV_MUST_USE fv_status fv__parser_nest(fv_parser *p);          /* p->nest++, with its limit */
fv_status fv__expected(const fv_parser *p, const char *what); /* "expected WHAT, found 'conv'" */

/* FV_LOOSE: in brackets or between `if` and `then`, where a spaced minus is a minus.
   FV_TIGHT: an operator's argument: sums and products, a spaced minus ends it. */
typedef enum fv_spacing { FV_TIGHT, FV_LOOSE } fv_spacing;
FV_MUST_USE fv_status fv__parse_expr(fv_parser *p, fv_spacing spacing, const fv_expr **out);
/* A number, a parameter, or brackets. */
FV_MUST_USE fv_status fv__parse_primary(fv_parser *p, const fv_expr **out);

/* Whose options are read: where they end depends on it. */
typedef enum fv_args_of {
    FV_ARGS_LAYER,
    FV_ARGS_LOSS,  /* until `from` */
    FV_ARGS_INPUT, /* until the line ends */
    FV_ARGS_TRAIN  /* `loss` is one of them, at the start of a line too */
} fv_args_of;
/* Options of `owner` until something that is none. */
FV_MUST_USE fv_status fv__parse_args(fv_parser *p, const char *owner, const fv_field *fields,
                                     fv_location location, fv_args_of of, fv_given **out);
/* Those of a layer, `share LABEL` among them. */
FV_MUST_USE fv_status fv__parse_layer_args(fv_parser *p, fv_element *e);
/* The label after a word (as, from, share), which is the current token. */
FV_MUST_USE fv_status fv__parse_label(fv_parser *p, const char *after, const char **out,
                                      fv_location *location);
/* `constant` and what follows; the word is the current token. */
FV_MUST_USE fv_status fv__parse_constant(fv_parser *p, fv_element *e);
/* (a, b, name = c) of a block's call. */
FV_MUST_USE fv_status fv__parse_call(fv_parser *p, fv_element *e);
FV_MUST_USE fv_status fv__parse_chain(fv_parser *p, fv_chain **out);
FV_MUST_USE fv_status fv__parse_program(fv_parser *p);
/* "'relu' where a ' - ' is missing", and all that can be wrong with a name in a chain. */
bool fv__starts_element(const fv_token *token);
/* The operator meant by a word that is none ("batchnorm", "Conv"), or NULL. */
const char *fv__operator_meant(const fv_context *ctx, const char *word);
/* The operator a word names, or NULL: those of the context count. */
const fv_op *fv__parser_op(const fv_parser *p, const char *word);

FV_MUST_USE fv_status fv__check(fv_parser *p);

/* ---- numbers and options ---- */

typedef struct fv_env {
    const fv_source *source;
    const double *own;    /* the block's parameters */
    const double *net;    /* the net's */
    const fv_shape *flow; /* what flows in here, or NULL where nothing does */
    int64_t *fuel;
} fv_env;

FV_MUST_USE fv_status fv__eval(const fv_env *env, const fv_expr *e, double *out);
/* Options from their defaults and what is given; one that is left open keeps its default. */
FV_MUST_USE fv_status fv__fill(const fv_env *env, const fv_field *fields, const fv_given *given,
                               void *options);
/* The option that is left open, or NULL. */
const fv_given *fv__left_open(const fv_given *given);

/* ---- expanding ---- */

FV_MUST_USE fv_status fv__expand(const fv_source *source, fv_arena *arena,
                                 const fv_program *program, const fv_setting *settings,
                                 size_t setting_count, const fv_numbers *numbers, fv_graph **out,
                                 fv_recipe *recipe);

#endif
