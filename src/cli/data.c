/* SPDX-License-Identifier: MIT */
/*
 * data.c - `fovea data`: the data sets, what is in one, and a sheet of samples.
 */
#include "base/printable.h"
#include "cli/cli.h"
#include "data/data.h"
#include "view/view.h"
#include <string.h>

#define SHEET_ROWS 8 /* images of each class on the sheet */

typedef struct keys {
    int64_t seed;
} keys;

static const fv_field key_fields[] = {
    {"seed", "for sets that are drawn: which ones", FV_INT, offsetof(keys, seed), "1", 0, 9e15, 0,
     NULL, NULL},
    {NULL, NULL, FV_INT, 0, NULL, 0, 0, 0, NULL, NULL},
};

static const fv_cli_flag flag_table[] = {
    {"sheet", "FILE.png", "draw some training images of each class"},
    {NULL, NULL, NULL},
};

static uint64_t seed_of(const fv_cli *cli) {
    return (uint64_t)((const keys *)cli->keys)->seed;
}

/* Whether the set can be opened; tried on its test part. */
static bool is_here(fv_cli *cli, const char *name) {
    fv_dataset test;
    if (fv__dataset_open(cli->ctx, name, 1, NULL, &test) != FV_OK) return false;
    fv__dataset_close(&test);
    return true;
}

static fv_status list(fv_cli *cli) {
    fv_text out = {0};
    if (cli->json) fv__text_add(&out, "{\"datasets\": [\n");
    for (const fv_dataset_kind *k = fv__dataset_kinds; k->name; k++) {
        const bool here = is_here(cli, k->name);
        if (cli->json) {
            fv__text_addf(&out, "  {\"name\": \"%s\", \"here\": %s, \"about\": ", k->name,
                          here ? "true" : "false");
            fv__text_json(&out, k->help);
            fv__text_add(&out, k[1].name ? "},\n" : "}\n");
        } else {
            char left[64];
            snprintf(left, sizeof left, "%-9s %s", k->name, here ? "here" : "missing");
            fv__cli_entry(&out, left, 17, k->help);
        }
    }
    if (cli->json)
        fv__text_add(&out, "]}\n");
    else
        fv__cli_paragraphs(
            &out, "\nLooked for in $FOVEA_DATA/NAME, then ~/.cache/fovea/NAME. `fovea data "
                  "NAME` describes\none, or says what is missing. Four IDX files by path "
                  "will do too.");
    return fv__cli_put(cli, &out);
}

/* The name of class i in set->class_names; its number when there is none. */
static void class_name(const fv_dataset *set, int64_t i, char *out, size_t size) {
    const char *line = set->class_names;
    for (int64_t k = 0; line && k < i; k++) {
        line = strchr(line, '\n');
        if (line) line++;
    }
    if (line)
        snprintf(out, size, "%.*s", (int)strcspn(line, "\n"), line);
    else
        snprintf(out, size, "%lld", (long long)i);
}

static fv_status count_classes(fv_cli *cli, const fv_dataset *set, int64_t **out) {
    *out = fv__arena_alloc(&cli->arena, (size_t)set->classes * sizeof **out);
    if (!*out) return FV_EXHAUSTED;
    for (int64_t i = 0; i < set->count; i++) (*out)[set->labels[i]]++;
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
    for (int64_t i = 0; i < c->train->classes; i++) {
        const int64_t tested = i < c->test->classes ? c->n_test[i] : 0;
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

static fv_status describe_text(fv_cli *cli, const census *c, fv_text *out) {
    const fv_dataset *train = c->train;
    char a[64], b[64], classes[64];
    int64_t empty = 0;
    fv_text head = {0};
    fv__text_printable(&head, train->name, "");
    fv__text_addf(&head, ": %s and %s, %lldx%lld %s, %s",
                  fv__counted(a, train->count, "training image", "training images"),
                  fv__counted(b, c->test->count, "test image", "test images"),
                  (long long)train->height, (long long)train->width,
                  train->channels == 1 ? "gray" : "colour",
                  fv__counted(classes, train->classes, "class", "classes"));
    if (head.length) fv__text_wrapped(out, head.data, 0, (size_t)fv__cli_screen(stdout).columns);
    out->failed = out->failed || head.failed;
    fv__text_free(&head);
    fv__text_add(out, "\n");
    FV_TRY(class_table(cli, c, &empty, out));
    if (empty)
        fv__text_addf(out, "and %s without images\n", fv__counted(a, empty, "class", "classes"));
    fv__text_addf(out, "\nchecksum, training %016llx, test %016llx\n",
                  (unsigned long long)train->checksum, (unsigned long long)c->test->checksum);
    return FV_OK;
}

static void describe_json(const fv_dataset *train, const fv_dataset *test, const int64_t *n_train,
                          const int64_t *n_test, fv_text *out) {
    char name[64];
    fv__text_add(out, "{\"name\": ");
    fv__text_json(out, train->name);
    fv__text_addf(out, ", \"training\": %lld, \"test\": %lld, \"picture\": [%lld, %lld, %lld],\n",
                  (long long)train->count, (long long)test->count, (long long)train->channels,
                  (long long)train->height, (long long)train->width);
    fv__text_addf(out, " \"checksum_training\": \"%016llx\", \"checksum_test\": \"%016llx\",\n",
                  (unsigned long long)train->checksum, (unsigned long long)test->checksum);
    fv__text_add(out, " \"classes\": [\n");
    for (int64_t i = 0; i < train->classes; i++) {
        class_name(train, i, name, sizeof name);
        fv__text_add(out, "  {\"name\": ");
        fv__text_json(out, name);
        fv__text_addf(out, ", \"training\": %lld, \"test\": %lld}%s\n", (long long)n_train[i],
                      (long long)(i < test->classes ? n_test[i] : 0),
                      i + 1 < train->classes ? "," : "");
    }
    fv__text_add(out, " ]}\n");
}

/* One column of images per class, the first of each in the set. */
static fv_status draw_sheet(fv_cli *cli, const fv_dataset *set, const char *path) {
    const int64_t columns = set->classes < 20 ? set->classes : 20;
    const int64_t count = columns * SHEET_ROWS, size = set->channels * set->height * set->width;
    const uint8_t **images = fv__arena_alloc(&cli->arena, (size_t)count * sizeof *images);
    const char **captions = fv__arena_alloc(&cli->arena, (size_t)count * sizeof *captions);
    int64_t *filled = fv__arena_alloc(&cli->arena, (size_t)columns * sizeof *filled);
    fv_canvas canvas;
    if (!images || !captions || !filled) return FV_EXHAUSTED;
    for (int64_t i = 0; i < count; i++) {
        char name[64] = "";
        if (i >= count - columns) class_name(set, i % columns, name, sizeof name);
        captions[i] = fv__arena_text(&cli->arena, name);
        if (!captions[i]) return FV_EXHAUSTED;
    }
    for (int64_t i = 0; i < set->count; i++) {
        const int64_t label = set->labels[i];
        if (label >= columns || filled[label] == SHEET_ROWS) continue;
        images[filled[label]++ * columns + label] = set->pixels + i * size;
    }
    const fv_gallery gallery = {.title = set->name,
                                .images = images,
                                .count = count,
                                .channels = set->channels,
                                .h = set->height,
                                .w = set->width,
                                .captions = captions,
                                .columns = columns};
    FV_TRY(fv__draw_gallery(cli->ctx, &gallery, &canvas));
    const fv_status status = fv__png_write(cli->ctx, &canvas, path);
    fv__canvas_free(&canvas);
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
        describe_json(train, test, c.n_train, c.n_test, &out);
    else
        status = describe_text(cli, &c, &out);
    if (status == FV_OK) return fv__cli_put(cli, &out);
    fv__text_free(&out);
    return status;
}

static fv_status run(fv_cli *cli) {
    fv_dataset train, test;
    if (!cli->word_count) {
        if (!fv__cli_has(cli, "sheet")) return list(cli);
        return fv__fail(cli->ctx, FV_USAGE, "--sheet draws images of one data set; name it");
    }
    FV_TRY(fv__dataset_open(cli->ctx, cli->words[0], seed_of(cli), &train, &test));
    const fv_status status = describe(cli, &train, &test);
    fv__dataset_close(&train);
    fv__dataset_close(&test);
    return status;
}

const fv_command fv__command_data = {
    .name = "data",
    .help = "list the data sets, describe one, draw a sheet of its images",
    .synopsis = "[DATA] [seed=N]",
    .about =
        "DATA is a name (`fovea data` lists them), a folder with four IDX files under MNIST's\n"
        "names, or four IDX files joined by commas: training images, training labels, test\n"
        "images, test labels. Sets known by name are looked for in $FOVEA_DATA/NAME, then\n"
        "in ~/.cache/fovea/NAME. `digits` is drawn by the program and needs no file.",
    .examples = "fovea data\nfovea data digits:60000 --sheet digits.png\nfovea data mnist --json",
    .words_max = 1,
    .keys = key_fields,
    .keys_size = sizeof(keys),
    .flags = flag_table,
    .run = run,
};
