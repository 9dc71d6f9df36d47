/* SPDX-License-Identifier: MIT */
/*
 * model.c - a network with its weights: making it, naming its classes, its metadata. The file is in
 * model_file.c.
 */
#include "format/model.h"
#include "base/utf8.h"
#include <stdio.h>
#include <string.h>

static bool blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

fv_status fv__settings_split(fv_context *ctx, fv_arena *arena, const char *text, fv_setting **out,
                             size_t *count) {
    *out = NULL;
    *count = 0;
    if (!text) return FV_OK;
    size_t most = 0;
    for (const char *p = text; *p; p++) most += *p == '=';
    fv_setting *list = fv__arena_alloc(arena, (most + 1) * sizeof *list);
    if (!list) return fv__fail_memory(ctx, (most + 1) * sizeof *list, "settings");
    for (const char *p = text;;) {
        while (blank(*p)) p++;
        if (!*p) break;
        const char *start = p, *equals = NULL;
        for (; *p && !blank(*p); p++) {
            if (*p == '=' && !equals) equals = p;
        }
        if (!equals || equals == start || equals + 1 == p)
            return fv__fail(ctx, FV_USAGE,
                            "expected NAME=VALUE in the settings, found '%.*s'; write them as in "
                            "\"classes=10 growth=12\"",
                            (int)(p - start < 64 ? p - start : 64), start);
        fv_setting *s = &list[(*count)++];
        s->name = fv__arena_textn(arena, start, (size_t)(equals - start));
        s->value = fv__arena_textn(arena, equals + 1, (size_t)(p - equals - 1));
        if (!s->name || !s->value) return fv__fail_memory(ctx, (size_t)(p - start), "settings");
    }
    *out = list;
    return FV_OK;
}

fv_status fv__model_new(fv_context *ctx, fv_net *net, uint64_t seed, fv_model **out) {
    *out = NULL;
    size_t bytes;
    fv_model *model = fv__alloc(ctx, sizeof *model, "a model");
    if (!model) {
        fv__net_free(net);
        return FV_EXHAUSTED;
    }
    fv__arena_init(&model->arena, ctx);
    model->net = net;
    if (fv__mul_size((size_t)net->param_elements, sizeof(float), &bytes))
        model->weights = fv__alloc(ctx, bytes, "weights");
    else
        (void)fv__fail_memory(ctx, SIZE_MAX, "weights");
    if (!model->weights) {
        fv__model_free(model);
        return FV_EXHAUSTED;
    }
    fv__net_initialise(net, seed, model->weights);
    *out = model;
    return FV_OK;
}

void fv__model_free(fv_model *model) {
    if (!model) return;
    fv__net_free(model->net);
    fv__free(model->weights);
    fv__arena_free(&model->arena);
    fv__free(model);
}

/* Room for one more entry. The old array stays in the arena; doubling keeps that small. */
static fv_status make_room(fv_context *ctx, fv_model *model) {
    if (model->extra_count < model->extra_capacity) return FV_OK;
    size_t capacity = model->extra_capacity ? 2 * model->extra_capacity : 8;
    fv_st_meta *grown = fv__arena_alloc(&model->arena, capacity * sizeof *grown);
    if (!grown) return fv__fail_memory(ctx, capacity * sizeof *grown, "metadata");
    if (model->extra_count) memcpy(grown, model->extra, model->extra_count * sizeof *grown);
    model->extra = grown;
    model->extra_capacity = capacity;
    return FV_OK;
}

static fv_st_meta *find(const fv_model *model, const char *name) {
    for (size_t i = 0; i < model->extra_count; i++) {
        if (strcmp(model->extra[i].name, name) == 0) return &model->extra[i];
    }
    return NULL;
}

static void forget(fv_model *model, const char *name) {
    fv_st_meta *entry = find(model, name);
    if (!entry) return;
    size_t behind = (size_t)(model->extra + model->extra_count - entry - 1);
    memmove(entry, entry + 1, behind * sizeof *entry);
    model->extra_count--;
}

fv_status fv__model_set(fv_context *ctx, fv_model *model, const char *name, const char *value) {
    if (strcmp(name, "format") == 0 || strcmp(name, "net") == 0 || strcmp(name, "given") == 0)
        return fv__fail(ctx, FV_USAGE,
                        "the metadata '%s' follows from the network: it cannot be set", name);
    if (!fv__utf8_valid(name, strlen(name)) || (value && !fv__utf8_valid(value, strlen(value))))
        return fv__fail(ctx, FV_BAD_INPUT,
                        "the metadata '%.64s' is not UTF-8 text; convert it first", name);
    bool classes = strcmp(name, "classes") == 0;
    if (!value) {
        if (classes)
            model->classes = NULL;
        else
            forget(model, name);
        return FV_OK;
    }
    model->arena.ctx = ctx; /* the one it was made with may be gone */
    char *copy = fv__arena_text(&model->arena, value);
    if (!copy) return fv__fail_memory(ctx, strlen(value) + 1, "metadata");
    fv_st_meta *entry = find(model, name);
    if (classes) {
        model->classes = copy;
    } else if (entry) {
        entry->value = copy;
    } else {
        FV_TRY(make_room(ctx, model));
        const char *key = fv__arena_text(&model->arena, name);
        if (!key) return fv__fail_memory(ctx, strlen(name) + 1, "metadata");
        model->extra[model->extra_count++] = (fv_st_meta){key, copy};
    }
    return FV_OK;
}

const char *fv__model_get(const fv_model *model, const char *name) {
    if (strcmp(name, "classes") == 0) return model->classes;
    if (strcmp(name, "net") == 0) return model->net->source;
    if (strcmp(name, "given") == 0) return model->net->given;
    const fv_st_meta *entry = find(model, name);
    return entry ? entry->value : NULL;
}

const char *fv__model_class(const fv_model *model, int64_t i, char *out, size_t size) {
    if (!size) return out;
    const char *line = i >= 0 ? model->classes : NULL;
    for (int64_t k = 0; line && k < i; k++) {
        line = strchr(line, '\n');
        if (line) line++;
    }
    size_t length = line ? strcspn(line, "\r\n") : 0;
    if (!length) {
        snprintf(out, size, "%lld", (long long)i);
        return out;
    }
    if (length >= size) {
        length = fv__utf8_whole(line, size - 1);
    }
    memcpy(out, line, length);
    out[length] = '\0';
    return out;
}
