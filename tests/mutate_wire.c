/* SPDX-License-Identifier: MIT */
/*
 * mutate_wire.c - messages spoilt field by field. See mutate.h.
 *
 * What the fields mean is not looked at: a name put in another's place is a circle, or a name that
 * is there twice; a number is a dimension, a type or an attribute; a message taken out is a shape
 * that is missing.
 */
#include "mutate.h"

#include <string.h>

#define PLACES_MOST 4096

/* Where a field hangs: the link that leads to it. */
typedef struct places {
    wire **link[PLACES_MOST];
    size_t count;
} places;

static void list_places(wire **link, places *p) {
    for (; *link; link = &(*link)->next) {
        if (p->count == PLACES_MOST) return;
        p->link[p->count++] = link;
        list_places(&(*link)->first, p);
    }
}

/* A copy of a field with all that is in it, and nothing behind it. */
static wire *copy_of(fv_arena *arena, const wire *from) {
    wire *to = wire_add(arena, NULL, from->field, from->kind), **end = &to->first;
    to->number = from->number;
    to->bytes = from->bytes;
    to->size = from->size;
    for (const wire *part = from->first; part; part = part->next) {
        *end = copy_of(arena, part);
        end = &(*end)->next;
    }
    return to;
}

static void spoil_number(dice *d, wire *w, const wire *other) {
    switch (roll(d, 5)) {
    case 0:
        w->number += roll(d, 2) ? 1 : (uint64_t)-1;
        break;
    case 1:
        w->number = other->number;
        break;
    case 2:
        w->number = roll(d, 4);
        break;
    default:
        w->number = roll_nasty(d);
    }
}

/* A text or block becomes another one, shorter, longer, or has a byte changed. */
static void spoil_block(fv_arena *arena, dice *d, wire *w, const wire *other) {
    static const uint8_t floats[][4] = {
        {0, 0, 0xc0, 0x7f}, {0, 0, 0x80, 0x7f}, {0, 0, 0x80, 0xff}, {0xff, 0xff, 0x7f, 0x7f}};
    uint8_t *own = fv__arena_alloc(arena, w->size + 300);
    if (!own) return;
    if (w->size) memcpy(own, w->bytes, w->size);
    w->bytes = own;
    switch (roll(d, 8)) {
    case 0:
        w->size = roll(d, 2) ? (size_t)roll(d, w->size + 1) : 0;
        break;
    case 1:
        memset(own + w->size, 'a', 300);
        w->size += (size_t)roll(d, 300);
        break;
    case 2:
        if (w->size) own[roll(d, w->size)] = (uint8_t)roll(d, 256);
        break;
    case 3:
        if (w->size >= 4) memcpy(own + 4 * roll(d, w->size / 4), floats[roll(d, 4)], 4);
        break;
    default:
        if (other->kind == WIRE_BYTES) w->bytes = other->bytes, w->size = other->size;
    }
}

/* One field: changed in itself, taken out, doubled, moved, or another one in its place. */
static void spoil_one(fv_arena *arena, dice *d, places *p) {
    wire **link = p->link[roll(d, p->count)], *w = *link;
    const wire *other = *p->link[roll(d, p->count)];
    wire *copy;
    for (int tries = 0; tries < 16 && (other == w || other->kind != w->kind); tries++)
        other = *p->link[roll(d, p->count)];
    switch (roll(d, 12)) {
    case 0:
        *link = w->next;
        break;
    case 1:
        copy = copy_of(arena, w);
        copy->next = w->next;
        w->next = copy;
        break;
    case 2:
        copy = copy_of(arena, other);
        copy->field = w->field;
        copy->next = w->next;
        *link = copy;
        break;
    case 3:
        if (!w->next) break;
        *link = w->next;
        w->next = (*link)->next;
        (*link)->next = w;
        break;
    case 4:
        w->field = roll(d, 2) ? 1 + (int)roll(d, 20) : (int)roll(d, 1 << 29);
        break;
    default:
        if (w->kind == WIRE_BYTES) spoil_block(arena, d, w, other);
        if (w->kind != WIRE_BYTES) spoil_number(d, w, other);
    }
}

void spoil_wire(fv_arena *arena, dice *d, wire *message) {
    for (uint64_t times = roll(d, 2) ? 1 : 2 + roll(d, 3); times-- > 0;) {
        places *p = fv__arena_alloc(arena, sizeof *p);
        if (!p) return;
        list_places(&message->first, p);
        if (p->count) spoil_one(arena, d, p);
    }
}
