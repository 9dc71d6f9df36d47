/* SPDX-License-Identifier: MIT */
/*
 * usage.c - help made from declarations: the first page and `--help` of a command.
 */
#include "base/printable.h"
#include "cli/cli.h"
#include <stdarg.h>
#include <string.h>

#define PAGE    80 /* columns that help keeps to, fewer on a narrow terminal */
#define NARROW  24 /* letters that a line has even there */
#define SETTING 8  /* the first column of settings, at least */

static size_t page_width(void) {
    const int columns = fv__cli_screen(stdout).columns;
    return columns > 0 && columns < PAGE ? (size_t)columns : PAGE;
}

/* `right` in lines of at most a page, the later ones indented by `indent`. */
static void wrap(fv_text *out, const char *right, size_t indent) {
    const size_t page = page_width();
    fv__text_wrapped(out, right, indent, page < indent + NARROW ? indent + NARROW : page);
}

void fv__cli_entry(fv_text *out, const char *left, int width, const char *right) {
    fv__text_addf(out, "  %-*s  ", width, left);
    if ((int)strlen(left) > width) fv__text_addf(out, "\n%*s", width + 4, "");
    wrap(out, right, (size_t)width + 4);
}

/* "what it means; a whole number from 1 to 100 (default 10)" */
static void option_entry(fv_text *out, const fv_option *option, bool equals, int width) {
    char left[FV_WORD_MAX];
    fv_text right = {0};
    snprintf(left, sizeof left, "%s%s", option->name, equals ? "=" : "");
    fv__text_addf(&right, "%s; %s", option->help, option->takes);
    if (option->required)
        fv__text_add(&right, "; must be given");
    else if (*option->initial)
        fv__text_addf(&right, " (default %s)", option->initial);
    fv__cli_entry(out, left, width, right.data ? right.data : "");
    out->failed = out->failed || right.failed;
    fv__text_free(&right);
}

static void options(fv_text *out, fv_cli_option_fn *option, const void *arg, bool equals,
                    int width) {
    fv_option o = FV_INIT(fv_option);
    for (int i = 0; option(arg, i, &o); i++) {
        const int n = (int)strlen(o.name) + (equals ? 1 : 0);
        if (n > width) width = n;
    }
    for (int i = 0; option(arg, i, &o); i++) option_entry(out, &o, equals, width);
}

void fv__cli_options(fv_text *out, fv_cli_option_fn *option, const void *arg, bool equals) {
    options(out, option, arg, equals, 0);
}

/* A field of a command's own as an option. */
static int field_option(const void *arg, int i, fv_option *out) {
    const fv_field *f = (const fv_field *)arg + i;
    fv_text takes = {0};
    if (!f->name) return 0;
    fv__field_kind_words(&takes, f);
    *out = (fv_option){.size = sizeof *out,
                       .name = f->name,
                       .help = f->help,
                       .initial = f->initial ? f->initial : "",
                       .required = (f->flags & FV_REQUIRED) != 0};
    snprintf(out->takes, sizeof out->takes, "%s", takes.data ? takes.data : "");
    fv__text_free(&takes);
    return 1;
}

void fv__cli_fields(fv_text *out, const fv_field *fields, bool equals, int width) {
    options(out, field_option, fields, equals, width);
}

static void flags(fv_text *out, const fv_cli_flag *table) {
    for (; table->name; table++) {
        char left[64];
        snprintf(left, sizeof left, "--%s%s%s", table->name, table->value ? " " : "",
                 table->value ? table->value : "");
        fv__cli_entry(out, left, 16, table->help);
    }
}

/* Lines of a text, each indented by two. */
static void indented(fv_text *out, const char *text) {
    while (*text) {
        const size_t n = strcspn(text, "\n");
        fv__text_add(out, "  ");
        fv__text_addn(out, text, n);
        fv__text_add(out, "\n");
        text += n + (text[n] ? 1 : 0);
    }
}

void fv__cli_sentence(fv_text *out, const char *format, ...) {
    char sentence[FV_MESSAGE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    fv__text_wrapped(out, sentence, 0, (size_t)fv__cli_screen(stdout).columns);
}

#define FULL 64 /* a line at least so long was broken for want of room */

void fv__cli_paragraphs(fv_text *out, const char *text) {
    char joined[8192];
    size_t n = 0, line = 0; /* line: where the last line begins in `joined` */
    for (;; text++) {
        const bool full = n - line >= FULL && joined[0] != ' ' && text[0] && text[1] &&
                          text[1] != '\n' && text[1] != ' ';
        if (*text && *text != '\n') {
            if (n + 1 < sizeof joined) joined[n++] = *text;
            continue;
        }
        if (*text && full) {
            if (n + 1 < sizeof joined) joined[n++] = ' ';
            line = n;
            continue;
        }
        joined[n] = 0;
        if (joined[0] == ' ')
            fv__text_addf(out, "%s\n", joined);
        else if (n)
            wrap(out, joined, 0);
        else
            fv__text_add(out, "\n");
        n = line = 0;
        if (!*text) return;
    }
}

static void weights(fv_text *out, const fv_command *c) {
    fv__cli_entry(out, "weights=", SETTING,
                  "a file whose weights the network gets: .safetensors, or a state dictionary of "
                  "PyTorch (.pth, .pt, .th, .bin)");
    if (c->takes & FV_CLI_RECIPE)
        fv__cli_entry(out, "from=", SETTING,
                      "a model of another network to begin with: what has the same name and shape "
                      "is taken, the last layer may differ (.safetensors, a run's folder, .onnx, "
                      "Keras' or PyTorch's files)");
    if (c->takes & FV_CLI_RECIPE) return; /* a run finds out by itself, so that it can again */
    fv__cli_fields(out, fv__cli_match_key, true, SETTING);
    fv__cli_entry(out, "map=", SETTING,
                  "a file that says which of its names is which of the network's, a line each");
}

void fv__cli_usage(fv_text *out, const fv_command *c) {
    fv__text_addf(out, "fovea %s%s%s\n\n%s\n", c->name, *c->synopsis ? " " : "", c->synopsis,
                  c->help);
    if (c->about) fv__text_add(out, "\n");
    if (c->about) fv__cli_paragraphs(out, c->about);
    if (c->more) c->more(out);
    if (c->keys || c->takes & ~(unsigned)FV_CLI_ANY) fv__text_add(out, "\nSettings (key=value)\n");
    if (c->keys) fv__cli_fields(out, c->keys, true, SETTING);
    if (c->takes & FV_CLI_NET)
        fv__cli_entry(out, "NAME=", SETTING,
                      "a parameter of the network's text, such as classes=47");
    if (c->takes & FV_CLI_WEIGHTS) weights(out, c);
    if (c->takes & FV_CLI_INPUT)
        fv__cli_entry(out, "input=", SETTING,
                      "how an image becomes the network's input, in place of what the network "
                      "says: 'CxHxW resize N crop N scale S mean M std D', see `fovea help input`");
    if (c->takes & FV_CLI_CLASSES)
        fv__cli_entry(out, "classes=", SETTING,
                      "a file with the names of the classes, one on each line");
    if (c->takes & FV_CLI_DATA)
        fv__cli_entry(out, "data=", SETTING, "where the data is now: a name or a path");
    if (c->takes & FV_CLI_RECIPE)
        fv__cli_entry(out, "epochs=", SETTING,
                      "and every other setting of a training: `fovea help settings` lists them");
    fv__text_add(out, "\nFlags\n");
    if (c->flags) flags(out, c->flags);
    flags(out, fv__cli_common_flags);
    if (!c->examples) return;
    fv__text_add(out, "\nExamples\n");
    indented(out, c->examples);
}

void fv__cli_overview(fv_text *out) {
    fv__text_addf(out,
                  "Fovea %s: convolutional networks. Train, run, explain and ship them.\n\n"
                  "  fovea VERB [NETWORK|MODEL] [DATA|IMAGE ...] [key=value ...] [--flags]\n\n",
                  fv_version());
    for (int i = 0; fv__commands[i]; i++)
        fv__cli_entry(out, fv__commands[i]->name, 8, fv__commands[i]->help);
    fv__text_add(out, "\nStart here\n");
    fv__cli_entry(out, "fovea explain lenet5", 26, "the lecture's table of a network");
    if (fv__command_find("train"))
        fv__cli_entry(out, "fovea train lenet5 digits", 26,
                      "train it on handwritten digits; needs no file");
    fv__cli_entry(out, "fovea zoo", 26, "the networks that are built in");
    fv__cli_entry(out, "fovea VERB --help", 26, "a command's settings, flags and examples");
    fv__cli_entry(out, "fovea help TOPIC", 26,
                  "a layer (conv), a data set (mnist), settings, input, layers, language, exit");
}
