/* SPDX-License-Identifier: MIT */
/*
 * weights_map.c - a mapping file: which of another program's names is which of ours.
 *
 *     # comment
 *     conv1            conv1             a layer: all its tensors
 *     fc.weight        fc1.weight        one tensor
 *     layer1.*.conv1   basic{*+1}.conv1  whatever stands for *, here a number, and 1 more
 *     head.*           -                 is to have no place
 *     -                score             has nothing there: fresh weights
 *
 * The first line that fits a tensor counts; what no line fits goes by its name.
 */
#include "format/weights.h"
#include "base/utf8.h"
#include <stdio.h>
#include <string.h>

#define MAP_MAX ((size_t)1 << 20)

typedef struct line {
    const char *theirs, *ours;
    int number;
    bool fits; /* a tensor of the file */
} line;

typedef struct map {
    fv_weight_match *m;
    const fv_names *params;
    const char *path;
    line *lines;
    size_t count;
} map;

static fv_status bad_line(const map *map, const line *l, const char *what) {
    return fv__fail(map->m->ctx, FV_BAD_INPUT, "%s:%d: %s", map->path, l->number, what);
}

/* The words of a text, in place, into lines of two. */
static fv_status split(map *map, char *text) {
    int number = 0;
    for (char *at = text, *end; at; at = end) {
        end = strchr(at, '\n');
        if (end) *end++ = '\0';
        number++;
        at[strcspn(at, "#\r")] = '\0';
        line *l = &map->lines[map->count];
        char *words[3] = {NULL, NULL, NULL};
        for (int w = 0; w < 3; w++) {
            at += strspn(at, " \t");
            if (!*at) break;
            words[w] = at;
            at += strcspn(at, " \t");
            if (*at) *at++ = '\0';
        }
        if (!words[0]) continue;
        *l = (line){.theirs = words[0], .ours = words[1], .number = number};
        if (!words[1] || words[2] || strchr(l->theirs, '*') != strrchr(l->theirs, '*'))
            return bad_line(map, l,
                            "a line is a name in the file of weights, with one * at most, and a "
                            "name in the network or -");
        map->count++;
    }
    return FV_OK;
}

static fv_status read_lines(map *map) {
    fv_context *ctx = map->m->ctx;
    fv_bytes file;
    FV_TRY(fv__file_read(ctx, map->path, MAP_MAX, &file));
    char *text = NULL;
    size_t lines = 1;
    for (size_t i = 0; i < file.size; i++) lines += file.data[i] == '\n';
    const bool valid = fv__utf8_valid((const char *)file.data, file.size) &&
                       (!file.size || !memchr(file.data, 0, file.size));
    if (valid) text = fv__arena_textn(map->m->arena, (const char *)file.data, file.size);
    fv__file_release(&file);
    if (!valid)
        return fv__fail(ctx, FV_BAD_INPUT, "%s is no text; map=FILE is lines of two names",
                        map->path);
    map->lines = fv__arena_alloc(map->m->arena, lines * sizeof *map->lines);
    return text && map->lines ? split(map, text) : FV_EXHAUSTED;
}

/* Whether the first `length` bytes of a name are a pattern's; what stands for its *. */
static bool fits(const char *pattern, const char *name, size_t length, const char **star,
                 size_t *star_length) {
    const size_t before = strcspn(pattern, "*");
    *star_length = 0;
    if (!pattern[before]) return before == length && memcmp(pattern, name, length) == 0;
    const char *rest = pattern + before + 1;
    const size_t after = strlen(rest);
    if (length < before + after || memcmp(pattern, name, before) != 0) return false;
    *star = name + before;
    *star_length = length - before - after;
    return memcmp(name + length - after, rest, after) == 0;
}

/* "{*+4}" at `at` with a number for the star, into `out`. *used: bytes of the pattern, 0: it is no
   such thing, or the star no number. */
static void add_number(fv_text *out, const char *at, const char *star, size_t length,
                       size_t *used) {
    const size_t digits = strspn(at + 3, "0123456789");
    int value = 0, more = 0;
    *used = 0;
    if (strncmp(at, "{*", 2) != 0 || (at[2] != '+' && at[2] != '-') || !digits || digits > 6 ||
        at[3 + digits] != '}' || !length || length > 6)
        return;
    for (size_t i = 0; i < length; i++) {
        if (star[i] < '0' || star[i] > '9') return;
        value = 10 * value + (star[i] - '0');
    }
    for (size_t i = 0; i < digits; i++) more = 10 * more + (at[3 + i] - '0');
    fv__text_addf(out, "%d", at[2] == '+' ? value + more : value - more);
    *used = digits + 4;
}

/* Our name of a tensor by a line that fits it; `rest` follows what the pattern stood for. */
static fv_status our_name(const map *map, const line *l, const char *star, size_t length,
                          const char *rest, fv_text *out) {
    for (const char *c = l->ours; *c;) {
        size_t used = 1;
        if (*c == '*')
            fv__text_addn(out, star, length);
        else if (*c == '{')
            add_number(out, c, star, length, &used);
        else
            fv__text_addn(out, c, 1);
        if (!used)
            return bad_line(map, l, "{*+N} is a number for *, and N more: 'block{*+1}.conv1'");
        c += used;
    }
    fv__text_add(out, rest);
    return fv__text_done(map->m->ctx, out);
}

static fv_status give(const map *map, line *l, const fv_tensor_entry *e, const char *star,
                      size_t length, const char *rest) {
    fv_text name = {.ctx = map->m->ctx};
    l->fits = true;
    if (strcmp(l->ours, "-") == 0) {
        map->m->left_out[e - map->m->file->entries] = true;
        return FV_OK;
    }
    fv_status status = our_name(map, l, star, length, rest, &name);
    const int param = status == FV_OK ? fv__weights_param(map->params, name.data) : -1;
    if (status == FV_OK && param >= 0)
        status = fv__weights_give(map->m, param, e);
    else if (status == FV_OK && e->type->to_floats)
        status = fv__fail(map->m->ctx, FV_BAD_INPUT,
                          "%s:%d: the network has no '%s', which '%s' is to be", map->path,
                          l->number, name.data, e->name);
    if (status == FV_OK && param >= 0) map->m->mapped++;
    fv__text_free(&name);
    return status;
}

/* The first line that names a tensor or its layer, the name with what wraps it or without. */
static fv_status map_tensor(const map *map, const fv_tensor_entry *e) {
    const char *star = "";
    size_t length;
    for (const char *name = e->name; name; name = fv__weights_unwrap(name)) {
        const char *dot = strrchr(name, '.'), *end = name + strlen(name);
        for (size_t i = 0; i < map->count; i++) {
            line *l = &map->lines[i];
            if (strcmp(l->theirs, "-") == 0) continue;
            if (fits(l->theirs, name, (size_t)(end - name), &star, &length))
                return give(map, l, e, star, length, end);
            if (dot && fits(l->theirs, name, (size_t)(dot - name), &star, &length))
                return give(map, l, e, star, length, dot);
        }
    }
    return FV_OK;
}

/* A line for what the file has not: the parameters that it names. */
static void leave_fresh(const map *map, line *l) {
    const char *star;
    size_t length;
    for (size_t i = 0; i < map->m->net->param_count; i++) {
        const char *name = map->m->net->params[i].name, *dot = strrchr(name, '.');
        if (!fits(l->ours, name, strlen(name), &star, &length) &&
            !(dot && fits(l->ours, name, (size_t)(dot - name), &star, &length)))
            continue;
        map->m->fresh[i] = l->fits = true;
    }
}

fv_status fv__weights_map(fv_weight_match *m, const char *path, const fv_names *params) {
    map map = {.m = m, .params = params, .path = path};
    FV_TRY(read_lines(&map));
    for (size_t i = 0; i < m->file->count; i++) FV_TRY(map_tensor(&map, &m->file->entries[i]));
    for (size_t i = 0; i < map.count; i++) {
        line *l = &map.lines[i];
        const bool ours = strcmp(l->theirs, "-") == 0;
        if (ours) leave_fresh(&map, l);
        if (!l->fits)
            return fv__fail(m->ctx, FV_BAD_INPUT, "%s:%d: no tensor of the %s is called '%s'", path,
                            l->number, ours ? "network" : "file", ours ? l->ours : l->theirs);
    }
    return FV_OK;
}
