/* SPDX-License-Identifier: MIT */
/*
 * pickle.h - Python's pickles as data. Nothing is run: names of functions and classes must be on
 * the reader's list, and calling one makes a record of the call.
 *
 * Read are the operations of protocol 2 that dictionaries of tensors are made of; any other is
 * refused. Memory is limited, whatever the pickle says: FV_PICKLE_MEMORY for what it describes, and
 * the two arrays that it works with.
 */
#ifndef FV_FORMAT_PICKLE_H
#define FV_FORMAT_PICKLE_H

#include "base/memory.h"

#define FV_PICKLE_MEMORY ((size_t)64 << 20) /* bytes of values; a tensor takes some 500 */
#define FV_PICKLE_STACK  ((size_t)1 << 16)  /* values; Python's own writer needs some 2,000 */
#define FV_PICKLE_MEMO   ((size_t)1 << 20)  /* values that are named to be used again */

/* A name that a pickle may use. */
typedef struct fv_pickle_global {
    const char *module, *name;
    int role;           /* of the reader's own */
    const char *detail; /* likewise */
    bool dict;          /* calling it makes a dictionary; otherwise a CALL */
} fv_pickle_global;

typedef enum fv_pickle_kind {
    FV_PICKLE_NONE,
    FV_PICKLE_BOOL,
    FV_PICKLE_INT,
    FV_PICKLE_REAL,
    FV_PICKLE_TEXT,
    FV_PICKLE_TUPLE,
    FV_PICKLE_LIST,
    FV_PICKLE_DICT,       /* keys and values in turn */
    FV_PICKLE_GLOBAL,     /* a name */
    FV_PICKLE_CALL,       /* of list->global, with list->items */
    FV_PICKLE_PERSISTENT, /* what lies outside of the pickle; one item describes it */
    FV_PICKLE_MARK        /* never in what comes out */
} fv_pickle_kind;

typedef struct fv_pickle_value {
    fv_pickle_kind kind;
    uint32_t length; /* of a text */
    union {
        int64_t whole;    /* BOOL, INT */
        double real;      /* REAL */
        const char *text; /* TEXT: in the pickle, not ended by 0 */
        const fv_pickle_global *global;
        struct fv_pickle_list *list; /* the others */
    };
} fv_pickle_value;

typedef struct fv_pickle_list {
    fv_pickle_value *items;
    size_t count, capacity;
    const fv_pickle_global *global; /* of a CALL */
    bool open;                   /* for who walks: it is inside this one. A list may hold itself */
    const void *found;           /* of a PERSISTENT: what the reader found for it */
    struct fv_pickle_list *next; /* of a PERSISTENT: the one before it in the pickle */
} fv_pickle_list;

typedef struct fv_pickle {
    fv_pickle_value value;
    fv_pickle_list *persistent; /* all of them, the last first */
    size_t size;                /* bytes it took; others may follow */
} fv_pickle;

/* Reads the pickle that `data` begins with; `allowed` ends with a NULL name. Texts stay in `data`,
   all else lives in the arena. */
FV_MUST_USE fv_status fv__pickle_read(fv_context *ctx, fv_arena *arena, const uint8_t *data,
                                      size_t size, const fv_pickle_global *allowed, fv_pickle *out);

/* Whether a value is that text; the value of that key in a dictionary, or NULL. */
bool fv__pickle_is(const fv_pickle_value *value, const char *text);
const fv_pickle_value *fv__pickle_get(const fv_pickle_value *dict, const char *key);

#endif
