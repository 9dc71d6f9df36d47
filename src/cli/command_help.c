/* SPDX-License-Identifier: MIT */
/*
 * command_help.c - `fovea help TOPIC`: commands, layers, optimisers, data sets, networks, settings,
 * input, language, exit codes. All but the last two are made from declarations.
 */
#include "cli/cli.h"
#include <string.h>

static const char language[] =
    "A network is a text. LeNet-5:\n"
    "\n"
    "  net lenet5(classes = 10)                 # parameters with defaults\n"
    "  input 1x32x32 pad 2 scale 1/255          # channels x height x width ...\n"
    "      conv 6 5x5 - tanh - avgpool 2        # a chain; a dash joins what follows\n"
    "    - conv 16 5x5 - tanh - avgpool 2\n"
    "    - fc 120 - tanh - fc 84 - tanh - fc classes - softmax\n"
    "\n"
    "  (conv 64 3x3 pad 1 - relu)*2             repetition\n"
    "  add { conv 64 3x3 pad 1 | identity }     branches, joined by add or concat\n"
    "  block basic(k, s = 1) = add { ... }      a part to be called: basic(128, 2)\n"
    "  if s == 1 then identity else (...)       a choice\n"
    "  conv 64 5x5 stride 2 pad ?               whatever fits; likewise stride ?\n"
    "  maxpool 2 as pool4 ... from pool4        labels\n"
    "  sum { identity | tensor 3x1x1 values 1,2,3 }  numbers of the text\n"
    "  head aux weight 0.3 training from a - ...  a further output\n"
    "  train optimizer sgd lr 0.1 epochs 10     the recipe (`fovea help settings`)\n"
    "\n"
    "Every layer: `fovea help layers`, and `fovea help conv` for one. Real texts:\n"
    "`fovea zoo resnet18`. The whole grammar is in docs/language.md.\n";

static const char exits[] =
    "Exit codes of every command\n"
    "\n"
    "    0  done\n"
    "    1  failed for another reason, such as a folder that cannot be written\n"
    "    2  usage: an unknown command, flag or setting\n"
    "    3  bad input: a network, file or data set that is missing, malformed or does\n"
    "       not fit\n"
    "    4  the training diverged: the loss is no longer a finite number\n"
    "    5  out of memory or disk\n"
    "    6  a check found a difference\n"
    "  130  interrupted; what is on disk is valid\n";

static int option_of(const void *arg, int i, fv_option *out) {
    return fv_operator_option(NULL, arg, i, out);
}

static int optimizer_setting(const void *arg, int i, fv_option *out) {
    return fv_optimizer_setting(*(const int *)arg, i, out);
}

static int training_setting(const void *arg, int i, fv_option *out) {
    (void)arg;
    return fv_training_setting(i, out);
}

static int input_setting(const void *arg, int i, fv_option *out) {
    (void)arg;
    return fv_input_setting(i, out);
}

/* "64 3x3 stride 2 pad 1 ; 2x8x7x9" as "conv 64 3x3 …    on 2x8x7x9" */
static void sample_line(fv_text *out, const char *name, const char *sample) {
    const size_t n = strcspn(sample, ";");
    size_t end = n;
    while (end > 0 && sample[end - 1] == ' ') end--;
    const char *shape = sample[n] == ';' ? sample + n + 1 + strspn(sample + n + 1, " ") : "";
    const int wide = 44 - (int)strlen(name) - (end > 0);
    fv__text_addf(out, "  %s%s%-*.*s on %s\n", name, end ? " " : "", wide > 0 ? wide : 0, (int)end,
                  sample, shape);
}

/* "In Keras: layers.Dense(units=outputs, use_bias=bias)", and what differs by an option. */
static void put_words(const char *name, const char *library, const char *what, fv_text *out) {
    char words[512];
    for (int i = 0; fv_operator_words(name, library, i, words, sizeof words); i++)
        fv__cli_entry(out, i ? "        or" : what, 12, words);
}

static void operator_page(fv_text *out, const fv_operator_facts *op) {
    fv_option option = FV_INIT(fv_option);
    fv__text_addf(out, "%s", op->name);
    for (int i = 0; option_of(op->name, i, &option); i++)
        if (option.positional) fv__text_addf(out, option.required ? " %s" : " [%s]", option.name);
    fv__text_addf(out, "\n\n%s\n", op->help);
    if (op->about) fv__text_add(out, "\n");
    if (op->about) fv__cli_paragraphs(out, op->about);
    if (option_of(op->name, 0, &option)) {
        fv__text_add(out, "\nOptions\n");
        fv__cli_options(out, option_of, op->name, false);
    }
    fv__text_add(out, "\nExamples\n");
    for (int i = 0; op->samples && op->samples[i] && i < 4; i++)
        sample_line(out, op->name, op->samples[i]);
    fv__text_addf(out, "  (the shapes read samples x channels x height x width)\n");
    const size_t before = out->length;
    fv__text_add(out, "\nElsewhere\n");
    const size_t head = out->length;
    if (op->onnx) fv__cli_entry(out, "in ONNX", 12, op->onnx);
    put_words(op->name, "pytorch", "in PyTorch", out);
    put_words(op->name, "keras", "in Keras", out);
    if (out->length == head) fv__text_cut(out, before);
}

static void layers_page(fv_text *out) {
    fv_operator_facts op = FV_INIT(fv_operator_facts);
    fv__text_add(out, "The layers of the network language; `fovea help conv` describes one.\n\n");
    for (int i = 0; fv_operator_at(NULL, i, &op); i++) fv__cli_entry(out, op.name, 18, op.help);
}

static void settings_page(fv_text *out) {
    fv__text_add(out, "Settings of a training. A network's own are in its `train` section, as\n"
                      "`train lr 0.1 momentum 0.9`; on the command line they are key=value, as\n"
                      "`fovea train lenet5 mnist epochs=10 lr=0.05`.\n\n");
    fv__cli_options(out, training_setting, NULL, true);
}

static void input_page(fv_text *out) {
    fv__text_add(out, "How an image becomes the network's input, for example\n\n"
                      "  input 3x224x224 resize 256 crop 224 scale 1/255 mean 0.5\n\n"
                      "with channels x height x width first. In this order: resize, crop, fit to\n"
                      "the input's size, pad, colours, then (value * scale - mean) / std, where a\n"
                      "pixel's value is 0 to 255.\n\n");
    fv__cli_options(out, input_setting, NULL, false);
}

/* The comment a network's text begins with. */
static void network_page(fv_text *out, const fv_zoo_network *z) {
    const char *line = z->text;
    fv__text_addf(out, "%s, a network of the zoo\n\n", z->name);
    while (*line == '#') {
        const size_t n = strcspn(line, "\n");
        const size_t skip = n > 1 && line[1] == ' ' ? 2 : 1;
        if (strncmp(line, "# SPDX", 6) != 0) {
            fv__text_addn(out, line + skip, n - skip);
            fv__text_add(out, "\n");
        }
        line += n + (line[n] ? 1 : 0);
    }
    fv__text_addf(out, "\nIts text: `fovea zoo %s`. Its layers: `fovea explain %s`.\n", z->name,
                  z->name);
}

static bool optimizer_page(fv_text *out, const char *topic) {
    fv_optimizer_facts o = FV_INIT(fv_optimizer_facts);
    fv_option option = FV_INIT(fv_option);
    for (int i = 0; fv_optimizer_at(i, &o); i++) {
        if (strcmp(o.name, topic) != 0) continue;
        if (out->length) fv__text_add(out, "\n");
        fv__text_addf(out, "optimizer=%s\n\n%s\n\n", o.name, o.help);
        fv__cli_paragraphs(out, o.about);
        if (optimizer_setting(&i, 0, &option)) fv__text_add(out, "\nSettings (key=value)\n");
        fv__cli_options(out, optimizer_setting, &i, true);
        fv__text_add(out, "\nThe others of a training: `fovea help settings`.\n");
        return true;
    }
    return false;
}

static bool other_page(fv_text *out, const char *topic) {
    if (optimizer_page(out, topic)) return true;
    for (int i = 0; i < fv_dataset_kinds(); i++)
        if (!fv_dataset_kind_by_path(i) && strcmp(fv_dataset_kind_name(i), topic) == 0) {
            fv__text_addf(out, "%s, a data set\n\n", topic);
            fv__cli_paragraphs(out, fv_dataset_kind_help(i));
            fv__text_addf(out, "\nWhat is here: `fovea data %s`.\n", topic);
            return true;
        }
    const fv_zoo_network *z = fv_zoo_find(topic);
    if (z) network_page(out, z);
    return z != NULL;
}

static const char *const fixed[] = {"settings", "input", "layers", "language", "exit"};
#define FIXED (sizeof fixed / sizeof *fixed)

static const char *nearest_topic(const char *topic) {
    const char *names[512];
    size_t count = 0;
    for (size_t i = 0; i < FIXED; i++) names[count++] = fixed[i];
    for (int i = 0; fv__commands[i] && count < 500; i++) names[count++] = fv__commands[i]->name;
    fv_operator_facts op = FV_INIT(fv_operator_facts);
    for (int i = 0; fv_operator_at(NULL, i, &op) && count < 500; i++) names[count++] = op.name;
    fv_optimizer_facts o = FV_INIT(fv_optimizer_facts);
    for (int i = 0; fv_optimizer_at(i, &o) && count < 500; i++) names[count++] = o.name;
    for (int i = 0; i < fv_dataset_kinds() && count < 500; i++)
        if (!fv_dataset_kind_by_path(i)) names[count++] = fv_dataset_kind_name(i);
    for (int i = 0; i < fv_zoo_count() && count < 500; i++) names[count++] = fv_zoo(i)->name;
    return fv__nearest(topic, names, count);
}

fv_status fv__cli_topic(fv_cli *cli, const char *topic, fv_text *out) {
    const fv_command *command = fv__command_find(topic);
    fv_operator_facts op = FV_INIT(fv_operator_facts);
    if (command) {
        fv__cli_usage(out, command);
    } else if (fv_operator_find(NULL, topic, &op)) {
        operator_page(out, &op);
        (void)optimizer_page(out, topic); /* perceptron is both, and a network */
        if (fv_zoo_find(topic))
            fv__text_addf(out, "\nA network of that name: `fovea zoo %s`.\n", topic);
    } else if (strcmp(topic, "settings") == 0 || strcmp(topic, "recipe") == 0) {
        settings_page(out);
    } else if (strcmp(topic, "input") == 0) {
        input_page(out);
    } else if (strcmp(topic, "layers") == 0 || strcmp(topic, "operators") == 0) {
        layers_page(out);
    } else if (strcmp(topic, "language") == 0 || strcmp(topic, "tensor") == 0) {
        fv__text_add(out, language);
    } else if (strcmp(topic, "exit") == 0) {
        fv__text_add(out, exits);
    } else if (!other_page(out, topic)) {
        const char *near = nearest_topic(topic);
        if (near)
            return fv__fail(cli->ctx, FV_USAGE, "no help on '%s'; did you mean '%s'?", topic, near);
        return fv__fail(cli->ctx, FV_USAGE,
                        "no help on '%s'; there is help on every command (`fovea help`), layer "
                        "(`fovea help layers`), optimizer, network (`fovea zoo`) and data set "
                        "(`fovea data`), and on settings, input, language, exit",
                        topic);
    }
    return FV_OK;
}

/* {"topic": ..., "text": ...}: the pages are for people, so JSON carries them whole. */
static void as_json(fv_text *out, const char *topic, const fv_text *page) {
    fv_json_writer w = fv__json_writer(out, FV_JSON_ONE_LINE);
    fv__json_open(&w, NULL, '{');
    fv__json_add_text(&w, "topic", topic);
    fv__json_add_text(&w, "text", page->data ? page->data : "");
    fv__json_close(&w);
}

static fv_status run(fv_cli *cli) {
    fv_text page = {0};
    fv_status status = FV_OK;
    const char *topic = cli->word_count ? cli->words[0] : "fovea";
    if (cli->word_count)
        status = fv__cli_topic(cli, topic, &page);
    else
        fv__cli_overview(&page);
    if (status == FV_OK && cli->json) {
        fv_text json = {0};
        as_json(&json, topic, &page);
        json.failed = json.failed || page.failed;
        fv__text_free(&page);
        return fv__cli_put(cli, &json);
    }
    if (status == FV_OK) return fv__cli_put(cli, &page);
    fv__text_free(&page);
    return status;
}

const fv_command fv__command_help = {
    .name = "help",
    .help = "explain a command, a layer, a data set, settings ...",
    .synopsis = "[TOPIC]",
    .about = "TOPIC is a command (train), a layer of the network language (conv), a data set\n"
             "(mnist), a network (vgg16), an optimizer (adam), or one of: settings (of a\n"
             "training), input (how an image becomes numbers), layers (all of them), language,\n"
             "exit (exit codes).",
    .examples = "fovea help conv\nfovea help settings",
    .words_max = 1,
    .run = run,
};
