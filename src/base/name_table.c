/* SPDX-License-Identifier: MIT */
/*
 * name_table.c - a hash table from names to numbers (open addressing, FNV-1a).
 */
#include "base/file.h"
#include "base/name_table.h"
#include <string.h>

typedef struct fv_name_slot {
    const char *name; /* NULL: free */
    uint64_t hash;
    int number;
} fv_name_slot;

static fv_name_slot *find(const fv_names *names, const char *name, uint64_t hash) {
    size_t i = (size_t)hash & (names->capacity - 1);
    for (;; i = (i + 1) & (names->capacity - 1)) {
        fv_name_slot *slot = &names->slots[i];
        if (slot->name == NULL || (slot->hash == hash && strcmp(slot->name, name) == 0))
            return slot;
    }
}

int *fv__names_get(const fv_names *names, const char *name) {
    if (names->count == 0) return NULL;
    fv_name_slot *slot = find(names, name, fv__fnv64(FV_FNV_START, name, strlen(name)));
    return slot->name != NULL ? &slot->number : NULL;
}

fv_status fv__names_add(fv_context *ctx, fv_names *names, const char *name, int number) {
    if ((names->count + 1) * 2 > names->capacity) { /* stays at most half full */
        fv_names larger = {NULL, names->capacity == 0 ? 64 : 2 * names->capacity, names->count};
        larger.slots = fv__alloc(ctx, larger.capacity * sizeof *larger.slots, "a table of names");
        if (larger.slots == NULL) return FV_EXHAUSTED;
        for (size_t i = 0; i < names->capacity; i++)
            if (names->slots[i].name != NULL)
                *find(&larger, names->slots[i].name, names->slots[i].hash) = names->slots[i];
        fv__free(names->slots);
        *names = larger;
    }
    const uint64_t hash = fv__fnv64(FV_FNV_START, name, strlen(name));
    *find(names, name, hash) = (fv_name_slot){name, hash, number};
    names->count++;
    return FV_OK;
}

void fv__names_free(fv_names *names) {
    fv__free(names->slots);
    *names = (fv_names){0};
}
