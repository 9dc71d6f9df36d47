/* SPDX-License-Identifier: MIT */
/*
 * cli.h - the command line: what a command declares, what it is given, how it speaks.
 *
 *   fovea VERB [NETWORK|MODEL] [DATA|IMAGE ...] [key=value ...] [--flags]
 *
 * A command is one file with one fv_command and one line in cli/command_list.h. Its declaration
 * yields parsing, "did you mean", `--help` and `fovea help VERB`. Results go to stdout, progress
 * and errors to stderr; the exit code is the fv_status.
 *
 * This room is a client of the library, as any program is: it includes the public header, and with
 * it only base/ and view/text_table.h, which are linked into the command.
 */
#ifndef FV_CLI_CLI_H
#define FV_CLI_CLI_H

#include "base/field.h"
#include "base/file.h"
#include "base/json_write.h"
#include "base/setting.h"
#include "fovea.h"
#include <stdio.h>

/* A flag: --name, or --name VALUE. */
typedef struct fv_cli_flag {
    const char *name;  /* without the dashes; NULL ends the table */
    const char *value; /* "N", "DIR"; NULL: takes none */
    const char *help;
} fv_cli_flag;

/* What key=value may mean beside the command's own keys. */
enum {
    FV_CLI_NET = 1,     /* parameters of the network's text: classes=47 */
    FV_CLI_RECIPE = 2,  /* settings of a training run: epochs=5 */
    FV_CLI_WEIGHTS = 4, /* weights=FILE beside a network, and match= and map= */
    FV_CLI_DATA = 8,    /* data=DATA, of a run that goes on */
    FV_CLI_ANY = 16,    /* whatever the command makes of it; its help says what */
    FV_CLI_INPUT = 32,  /* input='3x224x224 scale 1/255', in place of the network's own */
    FV_CLI_CLASSES = 64 /* classes=FILE, their names; a number is the network's parameter */
};

typedef struct fv_cli fv_cli;

typedef struct fv_command {
    const char *name;
    const char *help;         /* one line */
    const char *synopsis;     /* what follows the name: "NET [batch=N]" */
    const char *about;        /* a few lines, at most 80 columns */
    const char *examples;     /* one command per line */
    int words_min, words_max; /* words that are neither key=value nor flags; max -1: any number */
    const fv_field *keys;     /* own key=value, or NULL */
    size_t keys_size;         /* of the struct they fill */
    const fv_cli_flag *flags; /* own flags, or NULL */
    unsigned takes;           /* FV_CLI_NET … */
    void (*more)(fv_text *);  /* what else help says, or NULL */
    fv_status (*run)(fv_cli *cli);
} fv_command;

typedef struct fv_cli_given {
    const fv_cli_flag *flag;
    const char *value; /* NULL for a flag without */
} fv_cli_given;

/* One call, read. All texts are those of argv or of the arena. */
struct fv_cli {
    fv_context *ctx;
    fv_arena arena;
    const fv_command *command; /* NULL: nothing but flags was given */
    const char **words;
    int word_count;
    fv_setting *settings; /* key=value that are not the command's own, as given */
    size_t setting_count;
    const char *weights;       /* of weights=FILE, or NULL */
    const char *map;           /* of map=FILE, or NULL */
    int match;                 /* of match=WORD: an fv_match */
    fv_weight_report **report; /* who opens a model wants one; NULL: not wanted */
    const char *data;          /* of data=DATA, or NULL */
    const char *input;         /* of input='WORDS', or NULL */
    const char *classes;       /* of classes=FILE, or NULL */
    fv_cli_given *given;
    int given_count;
    void *keys; /* the command's own, defaults filled in */
    bool json, quiet, help;
    int threads;           /* 0: one per processor */
    const char *isa;       /* NULL: the best */
    const char *precision; /* NULL: fp32 */
    int argc;
    char **argv;
};

extern const fv_command *const fv__commands[]; /* NULL-ended */
const fv_command *fv__command_find(const char *name);
extern const fv_cli_flag fv__cli_common_flags[];

/* Reads argv into `cli`. FV_USAGE with a sentence for whatever is not understood. */
extern const fv_field fv__cli_match_key[]; /* match=, into an fv_match */
FV_MUST_USE fv_status fv__cli_parse(fv_cli *cli, int argc, char **argv);

/* Whether a flag was given; its value, or NULL. */
bool fv__cli_has(const fv_cli *cli, const char *flag);
const char *fv__cli_value(const fv_cli *cli, const char *flag);
/* A flag's value as a whole number between min and max; `*out` keeps its value when not given. */
FV_MUST_USE fv_status fv__cli_whole(const fv_cli *cli, const char *flag, int64_t min, int64_t max,
                                    int64_t *out);

/* Whether a name is that of a training's setting; the nearest of those, or NULL. */
bool fv__cli_is_recipe(const char *name);
FV_MUST_USE fv_status fv__cli_recipe_nearest(fv_cli *cli, const char *name, const char **out);
/* Of a command that ended with `status`: where a setting was unknown to the network but looks like
   one of the command or the recipe, the message says that instead. */
fv_status fv__cli_hint(fv_cli *cli, fv_status status);
/* The settings that are not the command's own as one text, "classes=47 epochs=5"; "" for none. */
FV_MUST_USE fv_status fv__cli_settings(fv_cli *cli, const char **out);

/* The network of a word (see fv_net_open; "-" is a text on standard input) with the settings given;
   with weights=FILE that of a model. */
typedef struct fv_cli_net {
    const fv_net *net;
    fv_net *own;     /* to be freed: one of these, */
    fv_model *model; /* whose network it is */
} fv_cli_net;
FV_MUST_USE fv_status fv__cli_net(fv_cli *cli, const char *word, fv_cli_net *out);
/* The same; a word that brings weights gives its model. */
FV_MUST_USE fv_status fv__cli_subject(fv_cli *cli, const char *word, fv_cli_net *out);
void fv__cli_net_free(fv_cli_net *net);
/* A trained model: a model file, the folder of a training run, or a network and weights=FILE. Says
   what else a word is. */
FV_MUST_USE fv_status fv__cli_trained(fv_cli *cli, const char *word, fv_model **out);
/* A model file; or a network with fresh weights from the seed. */
FV_MUST_USE fv_status fv__cli_model(fv_cli *cli, const char *word, uint64_t seed, fv_model **out);

/* All of standard input, at most 256 MB; from fv__grow. */
FV_MUST_USE fv_status fv__cli_read_input(fv_cli *cli, char **data, size_t *size);
/* An image file; "-" is standard input. */
FV_MUST_USE fv_status fv__cli_image(fv_cli *cli, const char *path, fv_image **out);

/* What a stream can show. */
typedef struct fv_screen {
    int columns;  /* of the terminal; 0: it is none */
    bool redraws; /* a terminal where the cursor may go back */
    bool colours; /* a terminal that takes escape sequences for colours, and its user too */
    bool utf8;    /* otherwise plain ASCII */
} fv_screen;
fv_screen fv__cli_screen(FILE *stream);

/* Writes a text to stdout and frees it: what a terminal would take for an order is escaped, and
   where the locale says so all is ASCII; JSON stays as it is. FV_EXHAUSTED or FV_FAILED when it
   could not be written. */
FV_MUST_USE fv_status fv__cli_put(fv_cli *cli, fv_text *text);
/* The same for what is made for the terminal, such as an image in its colours. */
FV_MUST_USE fv_status fv__cli_put_as_it_is(fv_cli *cli, fv_text *text);
/* Says on stderr what the context says went wrong. */
void fv__cli_complain(const fv_context *ctx);
/* Adds a line to stderr unless --quiet; a sentence, which has no columns, is broken where the
   terminal ends. */
void fv__cli_note(const fv_cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Help: the first page, a command's page, a topic's page. */
void fv__cli_overview(fv_text *out);
void fv__cli_usage(fv_text *out, const fv_command *command);
FV_MUST_USE fv_status fv__cli_topic(fv_cli *cli, const char *topic, fv_text *out);
/* A field table for help, one entry each; the first column at least `width` wide. */
void fv__cli_fields(fv_text *out, const fv_field *fields, bool equals, int width);
/* The same of the library's options: number i (0, 1 …) into *out, 0 when there are no more. */
typedef int fv_cli_option_fn(const void *arg, int i, fv_option *out);
void fv__cli_options(fv_text *out, fv_cli_option_fn *option, const void *arg, bool equals);
/* A text of several paragraphs, wrapped anew: lines that were full go on in the next, lines that
   begin with a space stand as they are. */
void fv__cli_paragraphs(fv_text *out, const char *text);
/* A sentence, broken where the terminal ends, and its newline. */
void fv__cli_sentence(fv_text *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A line of help with its first column padded to `width`; later lines are indented alike. */
void fv__cli_entry(fv_text *out, const char *left, int width, const char *right);

#endif
