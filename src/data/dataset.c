/* SPDX-License-Identifier: MIT */
/*
 * dataset.c - data sets by name: which files, where they are looked for, and whether a set fits a
 * network. The readers themselves are in idx.c, cifar.c and digits.c.
 */
#include "data/preprocess.h"
#include "data/sets.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS_TRAIN 12000
#define DIGITS_MOST  10000000

const fv_dataset_kind fv__dataset_kinds[] = {
    {"digits", "handwritten digits drawn by the program, 28x28 gray; needs no file; digits:60000 "
               "draws so many for training"},
    {"mnist", "60,000 + 10,000 scanned handwritten digits, 28x28 gray; four IDX files"},
    {"fashion", "60,000 + 10,000 pictures of clothes (Fashion-MNIST), 28x28 gray; four IDX files"},
    {"cifar10", "50,000 + 10,000 photos of ten kinds, 32x32 colour; CIFAR-10's binary files"},
    {NULL, NULL},
};

static const char digit_names[] = "0\n1\n2\n3\n4\n5\n6\n7\n8\n9";
static const char fashion_names[] = "T-shirt/top\nTrouser\nPullover\nDress\nCoat\nSandal\nShirt\n"
                                    "Sneaker\nBag\nAnkle boot";

/* Sets of four IDX files known by name. */
typedef struct idx_set {
    const char *name, *names, *source;
} idx_set;
static const idx_set idx_sets[] = {
    {"mnist", digit_names, "https://ossci-datasets.s3.amazonaws.com/mnist/"},
    {"fashion", fashion_names, "https://github.com/zalandoresearch/fashion-mnist"},
    {NULL, NULL, NULL},
};

fv_status fv__set_alloc(fv_context *ctx, fv_dataset *set, size_t bytes, const char *what,
                        void **out) {
    *out = fv__alloc(ctx, bytes, what);
    if (!*out) return FV_EXHAUSTED;
    for (size_t i = 0; i < sizeof set->owned / sizeof set->owned[0]; i++) {
        if (set->owned[i]) continue;
        set->owned[i] = *out;
        return FV_OK;
    }
    fv__free(*out);
    *out = NULL;
    return fv__fail(ctx, FV_FAILED, "a data set of more than four pieces");
}

void fv__dataset_close(fv_dataset *set) {
    if (!set) return;
    for (size_t i = 0; i < sizeof set->owned / sizeof set->owned[0]; i++) fv__free(set->owned[i]);
    for (size_t i = 0; i < sizeof set->files / sizeof set->files[0]; i++)
        fv__file_release(&set->files[i]);
    *set = (fv_dataset){0};
}

fv_status fv__path_join(fv_context *ctx, char out[FV_PATH_MAX], const char *folder,
                        const char *name) {
    int n = snprintf(out, FV_PATH_MAX, "%s/%s", folder, name);
    if (n >= 0 && n < FV_PATH_MAX) return FV_OK;
    return fv__fail(ctx, FV_BAD_INPUT, "the path of %s is longer than %d bytes", name,
                    FV_PATH_MAX - 1);
}

/* One of the four files in a folder: plain or .gz, with - or . before "idx". Empty: none. */
static fv_status find_idx(fv_context *ctx, const char *folder, const char *part, const char *what,
                          int dims, char out[FV_PATH_MAX]) {
    static const char *const forms[] = {"%s-%s-idx%d-ubyte", "%s-%s-idx%d-ubyte.gz",
                                        "%s-%s.idx%d-ubyte", "%s-%s.idx%d-ubyte.gz"};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        char name[64];
        /* The format is one of the four above. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(name, sizeof name, forms[i], part, what, dims);
#pragma GCC diagnostic pop
        FV_TRY(fv__path_join(ctx, out, folder, name));
        if (fv__file_exists(out)) return FV_OK;
    }
    out[0] = 0;
    return FV_OK;
}

/* The four IDX files: training pictures and labels, test pictures and labels. */
typedef struct four {
    char path[4][FV_PATH_MAX];
} four;

/* FV_OK with *found false when none of the four is there; an error when only some are. */
static fv_status find_four(fv_context *ctx, const char *folder, four *f, bool *found) {
    static const char *const part[] = {"train", "train", "t10k", "t10k"};
    static const char *const what[] = {"images", "labels", "images", "labels"};
    int missing = -1, there = 0;
    for (int i = 0; i < 4; i++) {
        FV_TRY(find_idx(ctx, folder, part[i], what[i], i % 2 ? 1 : 3, f->path[i]));
        if (f->path[i][0])
            there++;
        else if (missing < 0)
            missing = i;
    }
    *found = there == 4;
    if (there == 4 || there == 0) return FV_OK;
    return fv__fail(ctx, FV_BAD_INPUT,
                    "%s: the file %s-%s-idx%d-ubyte (or .gz) is missing beside the others", folder,
                    part[missing], what[missing], missing % 2 ? 1 : 3);
}

static fv_status open_four(fv_context *ctx, const four *f, int64_t classes, fv_dataset *train,
                           fv_dataset *test) {
    if (train) FV_TRY(fv__idx_pair(ctx, f->path[0], f->path[1], classes, train));
    if (test) FV_TRY(fv__idx_pair(ctx, f->path[2], f->path[3], classes, test));
    if (!train || !test) return FV_OK;
    if (train->height != test->height || train->width != test->width)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "the training pictures are %lldx%lld (height x width) and the test "
                        "pictures %lldx%lld; they do not belong together",
                        (long long)train->height, (long long)train->width, (long long)test->height,
                        (long long)test->width);
    int64_t most = train->classes > test->classes ? train->classes : test->classes;
    train->classes = test->classes = most;
    return FV_OK;
}

/* Where a set's folder may be: $FOVEA_DATA/NAME, then ~/.cache/fovea/NAME. Empty: not given. */
static fv_status places(fv_context *ctx, const char *name, char out[2][FV_PATH_MAX]) {
    const char *data = getenv("FOVEA_DATA"), *home = getenv("HOME");
    out[0][0] = out[1][0] = 0;
    if (data && *data) FV_TRY(fv__path_join(ctx, out[0], data, name));
    if (!home || !*home) return FV_OK;
    char cache[FV_PATH_MAX];
    FV_TRY(fv__path_join(ctx, cache, home, ".cache/fovea"));
    return fv__path_join(ctx, out[1], cache, name);
}

static fv_status not_found(fv_context *ctx, const char *name, char place[2][FV_PATH_MAX],
                           const char *files, const char *source) {
    bool both = place[0][0] && place[1][0];
    if (!place[0][0] && !place[1][0])
        return fv__fail(ctx, FV_BAD_INPUT,
                        "data set %s: there is nowhere to look for its files, as neither "
                        "FOVEA_DATA nor HOME is set. Put %s into a folder %s (from %s), and name "
                        "the folder above it in FOVEA_DATA",
                        name, files, name, source);
    return fv__fail(ctx, FV_BAD_INPUT,
                    "data set %s: its files are not in %s%s%s%s. Put %s there (from %s), or name "
                    "another folder in FOVEA_DATA. The data set 'digits' needs no file",
                    name, place[0], both ? " nor in " : "", place[1],
                    place[0][0] ? "" : " (FOVEA_DATA is not set)", files, source);
}

static fv_status open_named_idx(fv_context *ctx, const idx_set *kind, fv_dataset *train,
                                fv_dataset *test) {
    char place[2][FV_PATH_MAX];
    four f = {{{0}}};
    FV_TRY(places(ctx, kind->name, place));
    for (int i = 0; i < 2; i++) {
        bool found = false;
        if (!place[i][0]) continue;
        FV_TRY(find_four(ctx, place[i], &f, &found));
        if (found) return open_four(ctx, &f, 10, train, test);
    }
    return not_found(ctx, kind->name, place,
                     "train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte "
                     "and t10k-labels-idx1-ubyte, each plain or as .gz,",
                     kind->source);
}

static fv_status open_cifar10(fv_context *ctx, fv_dataset *train, fv_dataset *test) {
    char place[2][FV_PATH_MAX], folder[FV_PATH_MAX], path[FV_PATH_MAX];
    FV_TRY(places(ctx, "cifar10", place));
    for (int i = 0; i < 4; i++) {
        /* The archive unpacks into a folder of its own: that one will do too. */
        if (!place[i / 2][0]) continue;
        FV_TRY(fv__path_join(ctx, folder, place[i / 2], i % 2 ? "cifar-10-batches-bin" : "."));
        FV_TRY(fv__path_join(ctx, path, folder, "test_batch.bin"));
        if (!fv__file_exists(path)) continue;
        if (i % 2 == 0) memcpy(folder, place[i / 2], sizeof folder);
        if (train) FV_TRY(fv__cifar10_part(ctx, folder, false, train));
        if (test) FV_TRY(fv__cifar10_part(ctx, folder, true, test));
        return FV_OK;
    }
    return not_found(ctx, "cifar10", place,
                     "data_batch_1.bin to data_batch_5.bin and test_batch.bin",
                     "https://www.cs.toronto.edu/~kriz/cifar.html, the binary version");
}

static fv_status open_digits(fv_context *ctx, const char *name, uint64_t seed, fv_dataset *train,
                             fv_dataset *test) {
    int64_t n = DIGITS_TRAIN;
    if (name[6] == ':' && (!fv__parse_int(name + 7, &n) || n < 10 || n > DIGITS_MOST)) {
        char most[32];
        return fv__fail(ctx, FV_BAD_INPUT,
                        "data set %s: after 'digits:' comes how many to draw for training, 10 to "
                        "%s; digits alone draws 12,000",
                        name, fv__commas(most, DIGITS_MOST));
    }
    int64_t tests = n / 6 < 10 ? 10 : n / 6;
    if (train) FV_TRY(fv__digits_part(ctx, n, seed, 0, train));
    if (test) FV_TRY(fv__digits_part(ctx, tests, seed, 1, test));
    return FV_OK;
}

/* "A,B,C,D". */
static fv_status open_paths(fv_context *ctx, const char *name, fv_dataset *train,
                            fv_dataset *test) {
    four f = {{{0}}};
    const char *from = name;
    for (int i = 0; i < 4; i++) {
        size_t n = strcspn(from, ",");
        bool last = i == 3;
        if (n == 0 || n >= FV_PATH_MAX || (from[n] == ',') == last)
            return fv__fail(ctx, FV_BAD_INPUT,
                            "data set '%s': four IDX files joined by commas are expected: training "
                            "pictures, training labels, test pictures, test labels",
                            name);
        memcpy(f.path[i], from, n);
        f.path[i][n] = 0;
        from += n + 1;
    }
    return open_four(ctx, &f, 0, train, test);
}

static fv_status unknown(fv_context *ctx, const char *name) {
    const char *words[8];
    size_t n = 0;
    fv_text known = {0};
    for (const fv_dataset_kind *k = fv__dataset_kinds; k->name; k++) {
        if (n < sizeof words / sizeof words[0]) words[n++] = k->name;
        fv__text_addf(&known, "%s%s", k == fv__dataset_kinds ? "" : ", ", k->name);
    }
    const char *near = fv__nearest(name, words, n);
    fv_status status = fv__text_done(ctx, &known);
    if (status == FV_OK)
        status = fv__fail(ctx, FV_BAD_INPUT,
                          "no data set '%s'%s%s%s Known by name: %s; or give a folder with the "
                          "four IDX files under MNIST's names, or four IDX files joined by commas",
                          name, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : ".",
                          known.data);
    fv__text_free(&known);
    return status;
}

static fv_status open_folder(fv_context *ctx, const char *name, fv_dataset *train,
                             fv_dataset *test) {
    four f = {{{0}}};
    bool found;
    FV_TRY(find_four(ctx, name, &f, &found));
    if (found) return open_four(ctx, &f, 0, train, test);
    return fv__fail(ctx, FV_BAD_INPUT,
                    "%s: this folder does not hold the four IDX files train-images-idx3-ubyte, "
                    "train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte "
                    "(each plain or as .gz)",
                    name);
}

/* Name, class names and checksum; the same for every kind. */
static fv_status finish(fv_context *ctx, const char *name, const char *names, fv_dataset *set) {
    snprintf(set->name, sizeof set->name, "%s", name);
    if (names) {
        void *memory;
        FV_TRY(fv__set_alloc(ctx, set, strlen(names) + 1, "class names", &memory));
        set->class_names = memcpy(memory, names, strlen(names) + 1);
    }
    size_t pixels = (size_t)(set->count * set->channels * set->height * set->width);
    set->checksum = fv__fnv64(FV_FNV_START, set->pixels, pixels);
    for (int64_t i = 0; i < set->count; i++) {
        /* Four bytes, the low one first, on every machine. */
        uint32_t v = (uint32_t)set->labels[i];
        uint8_t b[4] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24)};
        set->checksum = fv__fnv64(set->checksum, b, sizeof b);
    }
    return FV_OK;
}

/* Opens by kind and says in *names the class names that belong to it. */
static fv_status open_any(fv_context *ctx, const char *name, uint64_t seed, fv_dataset *train,
                          fv_dataset *test, const char **names) {
    if (strcmp(name, "digits") == 0 || strncmp(name, "digits:", 7) == 0) {
        *names = digit_names;
        return open_digits(ctx, name, seed, train, test);
    }
    for (const idx_set *k = idx_sets; k->name; k++) {
        if (strcmp(name, k->name) != 0) continue;
        *names = k->names;
        return open_named_idx(ctx, k, train, test);
    }
    if (strcmp(name, "cifar10") == 0) return open_cifar10(ctx, train, test);
    if (strchr(name, ',')) return open_paths(ctx, name, train, test);
    if (fv__folder_exists(name)) return open_folder(ctx, name, train, test);
    return unknown(ctx, name);
}

fv_status fv__dataset_open(fv_context *ctx, const char *name, uint64_t seed, fv_dataset *train,
                           fv_dataset *test) {
    const char *names = NULL;
    if (train) *train = (fv_dataset){0};
    if (test) *test = (fv_dataset){0};
    fv_status status = open_any(ctx, name, seed, train, test, &names);
    if (status == FV_OK && train) status = finish(ctx, name, names, train);
    if (status == FV_OK && test) status = finish(ctx, name, names, test);
    if (status == FV_OK) return FV_OK;
    fv__dataset_close(train);
    fv__dataset_close(test);
    return status;
}

fv_status fv__dataset_fits(fv_context *ctx, const fv_dataset *set, const fv_input *input,
                           int64_t outputs) {
    FV_TRY(fv__input_check(ctx, input));
    /* Of sets known by name the classes are certain; of others the labels only show the least. */
    bool certain = set->class_names != NULL;
    if (outputs >= set->classes && (!certain || outputs == set->classes)) return FV_OK;
    return fv__fail(ctx, FV_BAD_INPUT,
                    "data set %s has %lld classes, and the network has %lld outputs; give "
                    "classes=%lld if the network has that parameter",
                    set->name, (long long)set->classes, (long long)outputs,
                    (long long)set->classes);
}
