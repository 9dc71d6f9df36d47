/* SPDX-License-Identifier: MIT */
/*
 * lang.h - the network language: text to net, net to text, and the zoo. Grammar: docs/language.md.
 */
#ifndef FV_LANG_LANG_H
#define FV_LANG_LANG_H

#include "base/setting.h"
#include "net/net.h"

/* Makes a frozen net from text. `file` is for messages; settings ("classes=10") are values for the
   parameters in `net NAME(classes = 1000, …)`. FV_BAD_INPUT:
   "my.net:7:12: error: 5x5 kernel does not fit 4x4 input", the line, a caret, the chain of shapes
   that led there, "did you mean". FV_USAGE for a setting the network has no parameter for, or that
   is no number, or that is missing. `text` need not end in 0. Names of nodes have at most 511
   characters. *recipe (may be NULL) receives the recipe of its `train` section. */
FV_MUST_USE fv_status fv__net_parse(fv_context *ctx, const char *file, const char *text,
                                    size_t size, const fv_setting *settings, size_t setting_count,
                                    fv_graph **out, fv_recipe *recipe);

/* Where the numbers of a constant come from that a text names without them: in *bytes, dense and
   little-endian, as many as type and shape say. FV_BAD_INPUT in words: not there, or another. */
typedef struct fv_numbers {
    fv_status (*find)(fv_context *ctx, const void *from, const char *name, fv_dtype dtype,
                      const fv_shape *shape, const uint8_t **bytes);
    const void *from;
} fv_numbers;
/* The same with them; NULL: a constant without its numbers is a mistake. */
FV_MUST_USE fv_status fv__net_parse_with(fv_context *ctx, const char *file, const char *text,
                                         size_t size, const fv_setting *settings,
                                         size_t setting_count, const fv_numbers *numbers,
                                         fv_graph **out, fv_recipe *recipe);

/* The net as text that parses to the same net (same names, shapes and parameters), in one form:
   printing the result of parsing it gives the same bytes. `recipe` (may be NULL) becomes its
   `train` section. */
FV_MUST_USE fv_status fv__net_print(fv_context *ctx, const fv_graph *net, const fv_recipe *recipe,
                                    fv_text *out);
/* The same for a file that holds numbers beside the text: constants that fv__constant_in_text does
   not want there are named only. */
FV_MUST_USE fv_status fv__net_print_beside(fv_context *ctx, const fv_graph *net,
                                           const fv_recipe *recipe, fv_text *out);
/* Whether a constant is short enough, or so much the same all over, that a text is the place for
   its numbers. */
bool fv__constant_in_text(const fv_value *constant);

/* The words of an `input` line, "3x224x224 scale 1/255 mean 0.5". FV_BAD_INPUT with the place in
   them. */
FV_MUST_USE fv_status fv__input_parse(fv_context *ctx, const char *words, fv_input *out);
/* A network's text with these words on its input line; all else in it stays. */
FV_MUST_USE fv_status fv__input_restate(fv_context *ctx, const char *text, const char *words,
                                        fv_text *out);

/* What goes in, as the `input` line says it: "3x224x224 resize 256 crop 224x224 scale 1/255". */
void fv__input_print(fv_text *out, const fv_input *input);

/* The options of one operator written as in the language, "64 3x3 stride 2 pad 1"; only what
   differs from the defaults, positional ones first. */
void fv__options_print(fv_text *out, const fv_op *op, const void *options);
/* Whose parameters a layer has, "share conv1"; nothing where they are its own. */
void fv__share_print(fv_text *out, const fv_node *node);
/* Options back from text; `options` holds op->options_size bytes. For the operators' samples,
 * checks and tests.
 */
FV_MUST_USE fv_status fv__options_parse(fv_context *ctx, const fv_op *op, const char *text,
                                        void *options);

/* The networks built into the library (fv_zoo() shows them): NULL-ended, sorted by name, digits as
   numbers. */
extern const fv_zoo_network fv__zoo[];
const fv_zoo_network *fv__zoo_find(const char *name); /* NULL: none of that name */

/* A network from the file of its text, and the recipe that it states (NULL: not wanted). */
FV_MUST_USE fv_status fv__net_read(fv_context *ctx, const char *path, const fv_setting *settings,
                                   size_t setting_count, fv_graph **out, fv_recipe *recipe);

/* A network by zoo name or by path of a .net file ("no network 'resnet19'; did you mean
   'resnet18'? …"). */
FV_MUST_USE fv_status fv__net_find(fv_context *ctx, const char *name_or_path,
                                   const fv_setting *settings, size_t setting_count, fv_graph **out,
                                   fv_recipe *recipe);

#endif
