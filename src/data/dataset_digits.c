/* SPDX-License-Identifier: MIT */
/*
 * dataset_digits.c - the data set `digits`: as many drawings as one likes (digits.c draws them), a
 * sixth of them beside for the test.
 */
#include "data/sets.h"
#include <string.h>

#define TRAIN 12000
#define LEAST 10
#define MOST  10000000

static bool recognise(const char *name) {
    return strcmp(name, "digits") == 0 || strncmp(name, "digits:", 7) == 0;
}

static fv_status open_digits(fv_context *ctx, const char *name, const fv_set_options *options,
                             fv_dataset *train, fv_dataset *test) {
    int64_t n = TRAIN;
    if (name[6] == ':' && (!fv__parse_int(name + 7, &n) || n < LEAST || n > MOST)) {
        char most[32];
        return fv__fail(ctx, FV_BAD_INPUT,
                        "data set %s: after 'digits:' comes how many to draw for training, %d to "
                        "%s; digits alone draws 12,000",
                        name, LEAST, fv__commas(most, MOST));
    }
    int64_t tests = n / 6 < LEAST ? LEAST : n / 6;
    if (train) FV_TRY(fv__digits_part(ctx, n, options->seed, 0, train));
    if (test) FV_TRY(fv__digits_part(ctx, tests, options->seed, 1, test));
    return FV_OK;
}

const fv_dataset_kind fv__dataset_digits = {
    .name = "digits",
    .help = "handwritten digits drawn by the program, 28x28 gray; needs no file; digits:60000 "
            "draws so many for training",
    .class_names = fv__digit_names,
    .recognise = recognise,
    .open = open_digits,
};
