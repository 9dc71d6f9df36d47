/* SPDX-License-Identifier: MIT */
/*
 * json.h - reading JSON (RFC 8259) into a tree; writing is json_write.h's.
 *
 * The model file's header is JSON and the core depends on nothing, hence a small reader of our own:
 * strict, with limits on depth (64), never reading past `size`.
 */
#ifndef FV_BASE_JSON_H
#define FV_BASE_JSON_H

#include "base/memory.h"

typedef enum fv_json_kind {
    FV_JSON_NULL,
    FV_JSON_BOOL,
    FV_JSON_NUMBER,
    FV_JSON_STRING,
    FV_JSON_ARRAY,
    FV_JSON_OBJECT
} fv_json_kind;

/* Small, since a file can make one out of two bytes ("0,"). */
typedef struct fv_json {
    fv_json_kind kind;
    int count;                 /* items of an array or object */
    const char *name;          /* inside an object; "" elsewhere */
    union {                    /* by the kind */
        double number;         /* also 0/1 of a bool */
        const char *string;    /* 0-ended UTF-8; a NUL escape inside is refused */
        struct fv_json *child; /* first item of an array or object */
    };
    struct fv_json *next; /* sibling */
} fv_json;

/* FV_BAD_INPUT: "line 3 column 7: expected ',' or '}'". The tree lives in the arena. */
FV_MUST_USE fv_status fv__json_parse(fv_context *ctx, fv_arena *arena, const char *text,
                                     size_t size, fv_json **out);
const fv_json *fv__json_get(const fv_json *object, const char *name); /* NULL: absent */
const char *fv__json_string(const fv_json *object, const char *name, const char *otherwise);

#endif
