/* SPDX-License-Identifier: MIT */
/*
 * command_data.c - `fovea data`: the data sets, what is in one, and a sheet of samples; `data
 * check` and `data show` are files of their own.
 */
#include "base/printable.h"
#include "cli/data_check.h"
#include "cli/data_show.h"
#include "view/text_table.h"
#include <string.h>

#define SHEET_ROWS 8 /* images of each class on the sheet */

typedef struct keys {
    int64_t seed;
    double split;
    char network[FV_TEXT_BYTES];
    int64_t epoch, step;
} keys;

static const fv_field key_fields[] = {
    {"seed", "for sets that are drawn, or divided by chance: which ones", FV_INT,
     offsetof(keys, seed), "1", 0, 9e15, 0, NULL, NULL},
    {"split", "share of the pictures set aside for the test, of a set without a test part", FV_REAL,
     offsetof(keys, split), "0.2", 0.001, 0.999, 0, NULL, NULL},
    {"network", "show: whose input line and recipe count", FV_TEXT, offsetof(keys, network), NULL,
     0, 0, 0, NULL, NULL},
    {"epoch", "show: of which epoch", FV_INT, offsetof(keys, epoch), "1", 1, 1000000, 0, NULL,
     NULL},
    {"step", "show: which batch of it", FV_INT, offsetof(keys, step), "1", 1, 9e15, 0, NULL, NULL},
    {NULL, NULL, FV_INT, 0, NULL, 0, 0, 0, NULL, NULL},
};

static const fv_cli_flag flag_table[] = {
    {"sheet", "FILE.png", "draw some training images of each class"},
    {"out", "FILE.png", "show: where the picture goes; otherwise batch.png"},
    {NULL, NULL, NULL},
};

static fv_dataset_options options_of(const fv_cli *cli) {
    const keys *given = cli->keys;
    fv_dataset_options o = FV_INIT(fv_dataset_options);
    o.seed = (uint64_t)given->seed;
    o.split = given->split;
    return o;
}

/* Whether the set can be opened; tried on its test part. */
static bool is_here(fv_cli *cli, const char *name) {
    fv_dataset *test;
    const bool here = fv_dataset_open(cli->ctx, name, 1, NULL, &test) == FV_OK;
    fv_dataset_free(test);
    return here;
}

static void list_json(fv_cli *cli, fv_text *out) {
    fv_json_writer w = fv__json_writer(out, 2);
    fv__json_open(&w, NULL, '{');
    fv__json_open(&w, "datasets", '[');
    for (int i = 0; i < fv_dataset_kinds(); i++) {
        if (fv_dataset_kind_by_path(i)) continue;
        fv__json_open(&w, NULL, '{');
        fv__json_add_text(&w, "name", fv_dataset_kind_name(i));
        fv__json_add_bool(&w, "here", is_here(cli, fv_dataset_kind_name(i)));
        fv__json_add_text(&w, "about", fv_dataset_kind_help(i));
        fv__json_close(&w);
    }
    fv__json_close(&w);
    fv__json_close(&w);
}

static void list_text(fv_cli *cli, fv_text *out) {
    for (int i = 0; i < fv_dataset_kinds(); i++) {
        char left[64];
        const char *name = fv_dataset_kind_name(i);
        const char *state = fv_dataset_kind_by_path(i) ? "path"
                            : is_here(cli, name)       ? "here"
                                                       : "missing";
        snprintf(left, sizeof left, "%-9s %s", name, state);
        fv__cli_entry(out, left, 17, fv_dataset_kind_help(i));
    }
    fv__cli_paragraphs(out, "\nNames are looked for in $FOVEA_DATA/NAME, then ~/.cache/fovea/NAME; "
                            "fashion\nalso where Debian's package dataset-fashion-mnist puts it. "
                            "`fovea data NAME`\ndescribes one, or says what is missing.");
}

static fv_status list(fv_cli *cli) {
    fv_text out = {0};
    if (cli->json)
        list_json(cli, &out);
    else
        list_text(cli, &out);
    return fv__cli_put(cli, &out);
}

/* The name of class i; its number when there is none. */
static void class_name(const fv_dataset *set, int64_t i, char *out, size_t size) {
    const char *name = fv_dataset_class(set, i);
    if (name)
        snprintf(out, size, "%s", name);
    else
        snprintf(out, size, "%lld", (long long)i);
}

static fv_status count_classes(fv_cli *cli, const fv_dataset *set, int64_t **out) {
    const int64_t classes = fv_dataset_classes(set), count = fv_dataset_count(set);
    int32_t *labels = fv__arena_alloc(&cli->arena, (size_t)count * sizeof *labels);
    *out = fv__arena_alloc(&cli->arena, (size_t)classes * sizeof **out);
    if (!*out || !labels) return FV_EXHAUSTED;
    FV_TRY(fv_dataset_labels(cli->ctx, set, labels));
    for (int64_t i = 0; i < count; i++)
        if (labels[i] >= 0 && labels[i] < classes) (*out)[labels[i]]++;
    return FV_OK;
}

/* What is in both parts, class by class. */
typedef struct census {
    const fv_dataset *train, *test;
    int64_t *n_train, *n_test;
} census;

/* A row for each class that has images. */
static fv_status class_table(fv_cli *cli, const census *c, int64_t *empty, fv_text *out) {
    fv_table *t = NULL;
    char name[64], number[32];
    FV_TRY(fv__table_new(cli->ctx, &t));
    fv__table_column(t, "class", true);
    fv__table_column(t, "name", false);
    fv__table_column(t, "training", true);
    fv__table_column(t, "test", true);
    for (int64_t i = 0; i < fv_dataset_classes(c->train); i++) {
        const int64_t tested = i < fv_dataset_classes(c->test) ? c->n_test[i] : 0;
        if (!c->n_train[i] && !tested) {
            ++*empty;
            continue;
        }
        class_name(c->train, i, name, sizeof name);
        fv__table_cellf(t, "%lld", (long long)i);
        fv__table_cell(t, name);
        fv__table_cell(t, fv__commas(number, c->n_train[i]));
        fv__table_cell(t, fv__commas(number, tested));
    }
    const fv_status status = fv__table_text(cli->ctx, t, fv__cli_screen(stdout).columns, out);
    fv__table_free(t);
    return status;
}

/* "digits: 12,000 training images and 2,000 test images, 28x28 gray, 10 classes" */
static void headline(const census *c, fv_text *out) {
    char a[64], b[64], classes[64], size[64] = "pictures of any size";
    int64_t dims[3];
    fv_text head = {0};
    fv_dataset_image(c->train, dims);
    if (dims[0])
        snprintf(size, sizeof size, "%lldx%lld %s", (long long)dims[1], (long long)dims[2],
                 dims[0] == 1 ? "gray" : "colour");
    fv__text_printable(&head, fv_dataset_name(c->train), "");
    fv__text_addf(&head, ": %s and %s, %s, %s",
                  fv__counted(a, fv_dataset_count(c->train), "training image", "training images"),
                  fv__counted(b, fv_dataset_count(c->test), "test image", "test images"), size,
                  fv__counted(classes, fv_dataset_classes(c->train), "class", "classes"));
    if (head.length) fv__text_wrapped(out, head.data, 0, (size_t)fv__cli_screen(stdout).columns);
    out->failed = out->failed || head.failed;
    fv__text_free(&head);
}

static fv_status describe_text(fv_cli *cli, const census *c, fv_text *out) {
    char a[64];
    int64_t empty = 0;
    headline(c, out);
    fv__text_add(out, "\n");
    FV_TRY(class_table(cli, c, &empty, out));
    if (empty)
        fv__text_addf(out, "and %s without images\n", fv__counted(a, empty, "class", "classes"));
    fv__text_addf(out, "\nchecksum, training %016llx, test %016llx\n",
                  (unsigned long long)fv_dataset_checksum(c->train),
                  (unsigned long long)fv_dataset_checksum(c->test));
    return FV_OK;
}

static void add_checksum(fv_json_writer *w, const char *name, const fv_dataset *set) {
    char text[24];
    snprintf(text, sizeof text, "%016llx", (unsigned long long)fv_dataset_checksum(set));
    fv__json_add_text(w, name, text);
}

static void describe_json(const census *c, fv_text *out) {
    char name[64];
    int64_t dims[3];
    fv_json_writer w = fv__json_writer(out, 2);
    fv_dataset_image(c->train, dims);
    fv__json_open(&w, NULL, '{');
    fv__json_add_text(&w, "name", fv_dataset_name(c->train));
    fv__json_add_int(&w, "training", fv_dataset_count(c->train));
    fv__json_add_int(&w, "test", fv_dataset_count(c->test));
    fv__json_add_ints(&w, "image", dims, 3);
    add_checksum(&w, "checksum_training", c->train);
    add_checksum(&w, "checksum_test", c->test);
    fv__json_open(&w, "classes", '[');
    for (int64_t i = 0; i < fv_dataset_classes(c->train); i++) {
        class_name(c->train, i, name, sizeof name);
        fv__json_open(&w, NULL, '{');
        fv__json_add_text(&w, "name", name);
        fv__json_add_int(&w, "training", c->n_train[i]);
        fv__json_add_int(&w, "test", i < fv_dataset_classes(c->test) ? c->n_test[i] : 0);
        fv__json_close(&w);
    }
    fv__json_close(&w);
    fv__json_close(&w);
}

/* One column of images per class, the first of each in the set. */
static fv_status draw_sheet(fv_cli *cli, const fv_dataset *set, const char *path) {
    fv_blob *png;
    FV_TRY(fv_draw_samples(cli->ctx, set, SHEET_ROWS, &png));
    const fv_status status = fv_blob_save(cli->ctx, png, path);
    fv_blob_free(png);
    if (status == FV_OK) fv__cli_note(cli, "wrote %s", path);
    return status;
}

static fv_status describe(fv_cli *cli, const fv_dataset *train, const fv_dataset *test) {
    census c = {.train = train, .test = test};
    fv_text out = {0};
    fv_status status = FV_OK;
    FV_TRY(count_classes(cli, train, &c.n_train));
    FV_TRY(count_classes(cli, test, &c.n_test));
    if (fv__cli_has(cli, "sheet")) FV_TRY(draw_sheet(cli, train, fv__cli_value(cli, "sheet")));
    if (cli->json)
        describe_json(&c, &out);
    else
        status = describe_text(cli, &c, &out);
    if (status == FV_OK) return fv__cli_put(cli, &out);
    fv__text_free(&out);
    return status;
}

/* --- show ------------------------------------------------------------------------------------- */

/* Whether key=value was given: a network's recipe may have a seed of its own. */
static bool given(const fv_cli *cli, const char *key) {
    const size_t n = strlen(key);
    for (int i = 1; i < cli->argc; i++)
        if (strncmp(cli->argv[i], key, n) == 0 && cli->argv[i][n] == '=') return true;
    return false;
}

static fv_status show(fv_cli *cli) {
    const keys *k = cli->keys;
    fv_preview_options options = FV_INIT(fv_preview_options);
    const char *settings, *seed = "", *split = "";
    FV_TRY(fv__cli_settings(cli, &settings));
    if (given(cli, "seed")) seed = fv__arena_format(&cli->arena, " seed=%lld", (long long)k->seed);
    if (given(cli, "split")) split = fv__arena_format(&cli->arena, " split=%.17g", k->split);
    if (!seed || !split) return FV_EXHAUSTED;
    options.data = cli->words[1];
    options.net = k->network[0] ? k->network : NULL;
    options.input = cli->input;
    options.settings = fv__arena_format(&cli->arena, "%s%s%s", settings, seed, split);
    options.epoch = k->epoch;
    options.step = k->step;
    return options.settings ? fv__cli_data_show(cli, &options) : FV_EXHAUSTED;
}

/* What `show` alone takes, where it is not `show`. */
static const char *of_show(const fv_cli *cli) {
    static const char *const own[] = {"network", "epoch", "step"};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (given(cli, own[i])) return own[i];
    if (cli->input) return "input";
    return fv__cli_has(cli, "out") ? "--out" : NULL;
}

static fv_status check_settings(fv_cli *cli) {
    const char *name = cli->setting_count ? cli->settings[0].name : NULL, *show = of_show(cli);
    if (!name && !show) return FV_OK;
    const char *near = name ? fv__field_nearest(key_fields, name) : NULL;
    if (near)
        return fv__fail(cli->ctx, FV_USAGE, "data: unknown setting '%s'; did you mean '%s'?", name,
                        near);
    if (name && !fv__cli_is_recipe(name))
        return fv__fail(cli->ctx, FV_USAGE,
                        "data: unknown setting '%s'; `fovea data --help` lists them", name);
    return fv__fail(cli->ctx, FV_USAGE, "%s is for `fovea data show DATA`", name ? name : show);
}

/* --- which of them ---------------------------------------------------------------------------- */

static fv_status run_on(fv_cli *cli, const char *verb, const fv_dataset_options *options) {
    if (cli->word_count < 2)
        return fv__fail(cli->ctx, FV_USAGE,
                        "say which data set to %s: fovea data %s DATA; a folder of the name %s is "
                        "./%s",
                        verb, verb, verb, verb);
    if (strcmp(verb, "show") == 0) return show(cli);
    FV_TRY(check_settings(cli));
    return fv__cli_data_check(cli, cli->words[1], options);
}

static fv_status run(fv_cli *cli) {
    fv_dataset *train, *test;
    const fv_dataset_options options = options_of(cli);
    const char *word = cli->word_count ? cli->words[0] : "";
    if (strcmp(word, "check") == 0 || strcmp(word, "show") == 0) return run_on(cli, word, &options);
    FV_TRY(check_settings(cli));
    if (!cli->word_count) {
        if (!fv__cli_has(cli, "sheet")) return list(cli);
        return fv__fail(cli->ctx, FV_USAGE, "--sheet draws images of one data set; name it");
    }
    if (cli->word_count == 2)
        return fv__fail(cli->ctx, FV_USAGE,
                        "data takes one data set; '%s' is one word too many. To check one: fovea "
                        "data check DATA; to see a batch of one: fovea data show DATA",
                        cli->words[1]);
    FV_TRY(fv_dataset_open_with(cli->ctx, word, &options, &train, &test));
    const fv_status status = describe(cli, train, test);
    fv_dataset_free(train);
    fv_dataset_free(test);
    return status;
}

const fv_command fv__command_data = {
    .name = "data",
    .help = "list the data sets, describe one, draw a sheet of its images",
    .synopsis = "[check|show] [DATA] [seed=N] [split=SHARE]",
    .about =
        "DATA is a name (`fovea data` lists them), a folder with a folder of pictures for each\n"
        "class (DIR/train/CLASS and DIR/test/CLASS, or DIR/CLASS alone), a folder with four IDX\n"
        "files under MNIST's names, a list of pictures (LIST.csv: file,label or file,label,part), "
        "or four IDX files joined by commas: training images,\n"
        "training labels, test images, test labels. Sets known by name are looked for in "
        "$FOVEA_DATA/NAME, then\n"
        "in ~/.cache/fovea/NAME. `digits` is drawn by the program and needs no file.\n"
        "\n"
        "`fovea data check DATA` reads every picture and says what is damaged, doubled,\n"
        "mislabelled or out of place, the worst first, with commands that mend it; it changes\n"
        "nothing. Exit code 6: something was found. A folder of the name check is ./check.\n"
        "\n"
        "`fovea data show DATA` draws a batch as a network sees it in training: resized, cropped\n"
        "and augmented, its classes below, of mixed images both with their shares. It takes the\n"
        "settings of a training (batch=, seed=, flip= ..., `fovea help settings`), epoch= and\n"
        "step= for another batch, network=NET for its input line and recipe (and its\n"
        "parameters), input='3x224x224 resize 256 crop 224' for another one. The pictures are\n"
        "those that `fovea train` of the same learns from; their colours are as they were\n"
        "before scale, mean and std. A folder of the name show is ./show.",
    .examples = "fovea data\nfovea data digits:60000 --sheet digits.png\nfovea data mnist --json\n"
                "fovea data check photos\n"
                "fovea data show photos flip=yes area=0.3 --out photos.png\n"
                "fovea data show cifar10 network=resnet20 epoch=3",
    .words_max = 2,
    .keys = key_fields,
    .keys_size = sizeof(keys),
    .flags = flag_table,
    .takes = FV_CLI_NET | FV_CLI_RECIPE | FV_CLI_INPUT,
    .run = run,
};
