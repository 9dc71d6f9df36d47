/* SPDX-License-Identifier: MIT */
/*
 * survey.h - a data set looked at picture by picture: what is damaged, doubled, mislabelled or
 * unlike the rest. Nothing is changed.
 */
#ifndef FV_DATA_SURVEY_H
#define FV_DATA_SURVEY_H

#include "data/listing.h"

/* What is seen of one picture. */
typedef struct fv_seen {
    fv_status status; /* FV_BAD_INPUT: it cannot be read, */
    bool picture;     /* though it begins like one */
    char *why;        /* in words; from fv__alloc */
    uint64_t sum;     /* over its bytes */
    uint64_t look;    /* what it looks like, 64 bits of which few differ between like pictures; */
    bool telling;     /* it has enough light and shade for that */
    int64_t width, height;
    bool gray;
    const char *end; /* the end that its name should have; NULL: it has it */
} fv_seen;

typedef struct fv_survey {
    fv_listing listing; /* with all that was found among its flaws, sorted by kind and name */
    bool files;         /* its pictures are files */
    fv_seen *seen;      /* [listing.count] */
} fv_survey;

/* Told how many of how many pictures are done. */
typedef void fv_survey_watch(void *user, int64_t done, int64_t all);

/* Reads all of a data set. FV_BAD_INPUT: nothing of it can be read at all. */
FV_MUST_USE fv_status fv__survey(fv_context *ctx, const char *name, const fv_set_options *options,
                                 fv_survey_watch *watch, void *user, fv_survey *out);
void fv__survey_free(fv_survey *s);

/* What the 9x8 means of a picture say: a bit for each two neighbours, whether the right one is
   brighter (the difference hash; N. Krawetz, "Kind of like that", 2013). */
FV_MUST_USE fv_status fv__look_of(fv_context *ctx, const fv_image_view *image, uint64_t *look,
                                  bool *telling);

/* survey_judge.c: what follows from what was seen, into the flaws. */
FV_MUST_USE fv_status fv__survey_judge(fv_survey *s);

#endif
