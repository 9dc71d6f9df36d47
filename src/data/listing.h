/* SPDX-License-Identifier: MIT */
/*
 * listing.h - pictures in files of their own, each with its class: what a folder of folders, or a
 * list of files, says.
 *
 * A reader (tree.c) fills a listing, with what it found odd; fv__listing_open divides it into the
 * training and the test part. The pictures stay where they are and are decoded when asked for.
 */
#ifndef FV_DATA_LISTING_H
#define FV_DATA_LISTING_H

#include "base/folder.h"
#include "base/name_table.h"
#include "data/sets.h"

typedef enum fv_set_part {
    FV_PART_NONE,
    FV_PART_TRAIN,
    FV_PART_TEST,
    FV_PART_VALIDATION
} fv_set_part;
/* What a name says: train, training; test, testing; val, valid, validation, in any case. */
fv_set_part fv__part_named(const char *name);

/* What may be odd about a data set. */
typedef enum fv_flaw_kind {
#define FV_FLAW(id, rank, training, one, many, what) FV_FLAW_##id,
#include "data/flaw_list.h"
#undef FV_FLAW
    FV_FLAW_KINDS
} fv_flaw_kind;

typedef enum fv_flaw_rank { FV_RANK_SERIOUS, FV_RANK_NOTABLE, FV_RANK_MINOR } fv_flaw_rank;
typedef struct fv_flaw_facts {
    const char *id;
    fv_flaw_rank rank;
    /* In training: refused; a picture is refused when it is met; said; nothing. */
    enum { FV_WHEN_REFUSED, FV_WHEN_LATER, FV_WHEN_WARNED, FV_WHEN_SILENT } training;
    const char *one, *many, *what;
} fv_flaw_facts;
extern const fv_flaw_facts fv__flaw_facts[FV_FLAW_KINDS];

/* One thing found. Names as the listing has them. */
typedef struct fv_flaw {
    fv_flaw_kind kind;
    const char *file;
    const char *other;  /* the one that it is to be seen beside; NULL: none */
    const char *detail; /* in words; NULL: none */
} fv_flaw;

typedef struct fv_picture {
    const char *name; /* its path below the base, or from the root */
    int32_t label;
    fv_set_part part;
    uint64_t size;    /* bytes of the file */
    int64_t modified; /* nanoseconds since 1970 */
} fv_picture;

typedef struct fv_listing {
    fv_context *ctx;
    fv_arena arena;
    const char *origin; /* what the user wrote */
    const char *base;   /* the folder that names are meant from */
    fv_picture *pictures;
    size_t count, capacity;
    const char **classes; /* in the order they were met; sorted by fv__listing_settle */
    size_t class_count, class_capacity;
    fv_names class_numbers;
    fv_flaw *flaws;
    size_t flaw_count, flaw_capacity;
    bool numbers;  /* all classes are called by numbers, and sorted as such */
    fv_text notes; /* how it was divided, a sentence */
} fv_listing;

FV_MUST_USE fv_status fv__listing_init(fv_context *ctx, fv_listing *l, const char *origin);
void fv__listing_free(fv_listing *l);
/* The number of a class, which is added if need be. */
FV_MUST_USE fv_status fv__listing_class(fv_listing *l, const char *name, int32_t *out);
/* Adds a picture; the name is copied. */
FV_MUST_USE fv_status fv__listing_add(fv_listing *l, const fv_picture *picture);
/* Adds a flaw; texts are copied, NULL stays. */
FV_MUST_USE fv_status fv__listing_found(fv_listing *l, fv_flaw_kind kind, const char *file,
                                        const char *other, const char *detail);

/* Puts classes and pictures into their order, that of the names' bytes, and leaves out classes
   without pictures; then pictures are of training or test alone: as they were, or by chance. What
   is odd about that is added to the flaws. */
FV_MUST_USE fv_status fv__listing_settle(fv_listing *l, const fv_set_options *options);
/* Pictures of the same bytes on both sides, if they are found without reading too much. */
FV_MUST_USE fv_status fv__listing_compare_parts(fv_listing *l);
/* What training has to say about it, into the remarks of a set; texts lie in the arena. */
FV_MUST_USE fv_status fv__listing_remarks(fv_listing *l, fv_dataset *set, fv_arena *arena);
/* The first of its flaws that training refuses, as a sentence; else FV_OK. */
FV_MUST_USE fv_status fv__listing_refuse(fv_listing *l);

/* Settled, compared, and made into data sets; frees the listing whatever comes. */
FV_MUST_USE fv_status fv__listing_open(fv_listing *l, const fv_set_options *options,
                                       fv_dataset *train, fv_dataset *test);

/* tree.c: reads a folder of class folders, with parts above them or without. */
FV_MUST_USE fv_status fv__tree_read(fv_listing *l, const char *folder);

/* list_file.c: reads a list of files with their classes, LIST.csv or LIST.tsv. */
FV_MUST_USE fv_status fv__list_read(fv_listing *l, const char *path);

/* The path of a name of a listing; NULL when memory is refused. */
char *fv__listing_path(fv_arena *arena, const char *base, const char *name);

#endif
