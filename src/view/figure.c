/* SPDX-License-Identifier: MIT */
/*
 * figure.c - the list of what is in a figure.
 */
#include "view/figure.h"
#include <math.h>

void fv__figure_init(fv_figure *f, fv_context *ctx) {
    *f = (fv_figure){.ctx = ctx, .pointer.ctx = ctx};
    fv__arena_init(&f->arena, ctx);
}

void fv__figure_free(fv_figure *f) {
    fv__arena_free(&f->arena);
    fv__free(f->key);
    fv__free(f->marks);
    fv__free(f->points);
    fv__text_free(&f->pointer);
    *f = (fv_figure){0};
}

const char *fv__figure_text(fv_figure *f, const char *text) {
    if (!text) return NULL;
    const char *copy = fv__arena_text(&f->arena, text);
    if (!copy) f->failed = true;
    return copy ? copy : "";
}

/* Room for one more item in a list; false: the figure has failed. */
static bool room(fv_figure *f, void **items, size_t *capacity, size_t count, size_t bytes) {
    if (f->failed) return false;
    f->failed = fv__grow(f->ctx, items, capacity, count + 1, bytes, "a figure") != FV_OK;
    return !f->failed;
}

void fv__figure_key(fv_figure *f, fv_key_entry entry) {
    void *items = f->key;
    const bool grown = room(f, &items, &f->key_capacity, f->key_count, sizeof *f->key);
    f->key = items;
    if (!grown) return;
    entry.name = fv__figure_text(f, entry.name);
    entry.value = fv__figure_text(f, entry.value);
    f->key[f->key_count++] = entry;
}

void fv__figure_add(fv_figure *f, fv_mark mark) {
    void *items = f->marks;
    const bool grown = room(f, &items, &f->mark_capacity, f->mark_count, sizeof *f->marks);
    f->marks = items;
    if (!grown) return;
    mark.text = fv__figure_text(f, mark.text);
    f->marks[f->mark_count++] = mark;
}

void fv__figure_line(fv_figure *f, double width, fv_shade shade) {
    fv__figure_add(
        f, (fv_mark){.kind = FV_MARK_LINE, .shade = shade, .wide = width, .first = f->point_count});
}

void fv__figure_point(fv_figure *f, double x, double y) {
    void *items = f->points;
    const bool grown = room(f, &items, &f->point_capacity, f->point_count, sizeof *f->points);
    f->points = items;
    if (!grown) return;
    f->points[f->point_count++] = (fv_share){x, y};
    f->marks[f->mark_count - 1].points++;
}

fv_status fv__figure_done(fv_figure *f) {
    if (f->failed || f->pointer.failed) return fv__fail_memory(f->ctx, 0, "a figure");
    return FV_OK;
}

fv_margins fv__figure_margins(const fv_figure *f, double width, double height, bool narrow,
                              double (*width_of)(const fv_mark *mark)) {
    fv_margins m = {0};
    for (size_t i = 0; i < f->mark_count; i++) {
        const fv_mark *t = &f->marks[i];
        if (t->kind != FV_MARK_TEXT || (narrow && t->spare)) continue;
        const double wide = width_of(t), line = FV_LABEL_HIGH * t->size;
        const double x = t->at.x * width + t->at.dx, y = t->at.y * height + t->at.dy;
        const double left = t->upright ? x - line / 2 : x - t->anchor * wide;
        const double right = left + (t->upright ? line : wide);
        const double bottom = t->upright ? y + t->anchor * wide : y + line / 2;
        const double top = bottom - (t->upright ? wide : line);
        m.left = fmax(m.left, -left);
        m.right = fmax(m.right, right - width);
        m.top = fmax(m.top, -top);
        m.bottom = fmax(m.bottom, bottom - height);
    }
    return m;
}
