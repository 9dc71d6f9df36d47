/* SPDX-License-Identifier: MIT */
/*
 * net.h - networks without weights: by name, as text; the zoo; the settings there are.
 *
 * A net never changes once it is made. It may be read from any number of threads and outlives its
 * context.
 */
#ifndef FOVEA_NET_H
#define FOVEA_NET_H

#include "common.h"

FV_BEGIN

/* The network that a word names: a name of the zoo ("lenet5"), the path of a text (.net), of a
   model file (the network inside), or the folder of a training run. `settings` are values for the
   parameters of the network's text, as in "classes=10 growth=12"; NULL or "": its defaults.
   FV_BAD_INPUT: no such network ("did you mean"), a mistake in its text (with line, column and a
   caret), a value that does not fit. FV_USAGE: settings that are not name=value, that the network
   has not, or for a model, whose network is what it was trained as. */
FV_MUST_USE FV_API fv_status fv_net_open(fv_context *ctx, const char *word, const char *settings,
                                         fv_net **out);
/* The same from a text in memory in the network language, ended by 0. */
FV_MUST_USE FV_API fv_status fv_net_parse(fv_context *ctx, const char *text, const char *settings,
                                          fv_net **out);
FV_API void fv_net_free(fv_net *net); /* NULL is allowed */

FV_API const char *fv_net_name(const fv_net *net); /* "lenet5" */
/* Its text as it was written; NULL when it was built by calls (fv_net_print makes one). */
FV_API const char *fv_net_text(const fv_net *net);
/* The values its text was given, "classes=10"; "" for none. */
FV_API const char *fv_net_given(const fv_net *net);
/* Learned numbers; not running statistics, not heads that only training has. */
FV_API int64_t fv_net_parameters(const fv_net *net);
/* What goes in: channels, height, width of one sample into dims[0 … 2]. Returns their product. */
FV_API int64_t fv_net_input(const fv_net *net, int64_t dims[3]);

/* The network as text in its one canonical form, blocks and parameters written out. It parses to
   the same network. FV_BAD_INPUT: built by calls in a way that the language cannot say (constants,
   names with line ends, layers that share only some of their parameters). */
FV_MUST_USE FV_API fv_status fv_net_print(fv_context *ctx, const fv_net *net, fv_blob **out);

/* The network in inference as a program: a Python file for "pytorch", whose module has the same
   parameters in the same order, or for "keras", channels last. FV_BAD_INPUT: layers that the
   library has not, all of them by name, options of a layer that it has not, constants. FV_USAGE:
   another word. */
FV_MUST_USE FV_API fv_status fv_net_program(fv_context *ctx, const fv_net *net, const char *library,
                                            fv_blob **out);

/* -------------------------------------------------------------------------------- the zoo --- */

/* A network that is built in. All of it is constant. */
typedef struct fv_zoo_network {
    const char *name;     /* "resnet20" */
    const char *text;     /* in the network language */
    const char *title;    /* one line: "ResNet, 20 layers, CIFAR-10" */
    const char *source;   /* the paper it is from */
    const char *expected; /* what it reaches, and where that was published */
    int64_t parameters; /* as its paper or author counts them: those of the network in inference */
    int64_t macs;       /* multiply-accumulates for one sample, forward */
} fv_zoo_network;

/* How many there are; number i of them, sorted by name (digits count as numbers: resnet20 before
   resnet110). NULL when there is none of that number or name. */
FV_API int fv_zoo_count(void);
FV_API const fv_zoo_network *fv_zoo(int i);
FV_API const fv_zoo_network *fv_zoo_find(const char *name);

/* ------------------------------------------------------------------------------- settings --- */

/* An option of a layer, or a setting of a training or of the input, as help shows it. */
typedef struct fv_option {
    size_t size;         /* FV_INIT(fv_option) */
    const char *name;    /* "lr" */
    const char *help;    /* one line */
    char takes[256];     /* "a number from 0 to 1", "one of sgd, adam, adadelta" */
    const char *initial; /* the default as one would write it; "" for none */
    int positional;      /* a layer's: may be given without its name */
    int required;        /* must be given */
} fv_option;

/* Setting i (0, 1, …) of a training, as fv_trainer_new, fv_training_start and the language's
   `train` take it; of the language's `input`. Returns 0 when there is none of that number,
   otherwise 1. */
FV_API int fv_training_setting(int i, fv_option *out);
FV_API int fv_input_setting(int i, fv_option *out);

/* A way of changing weights by their gradients, as the setting `optimizer` names it. */
typedef struct fv_optimizer_facts {
    size_t size;       /* FV_INIT(fv_optimizer_facts) */
    const char *name;  /* "adam" */
    const char *help;  /* one line */
    const char *about; /* the rule and its source; several lines */
} fv_optimizer_facts;

/* Number i of the optimisers, and setting k of its own among those of a training. Return 0 when
   there is none of that number, otherwise 1. */
FV_API int fv_optimizer_at(int i, fv_optimizer_facts *out);
FV_API int fv_optimizer_setting(int i, int k, fv_option *out);

FV_END
#endif
