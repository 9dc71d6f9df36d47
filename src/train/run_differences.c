/* SPDX-License-Identifier: MIT */
/*
 * run_differences.c - the settings in which runs differ. Each way of saying something about a run
 * (what its text is given, its input line, its recipe) names candidates; those with more than one
 * value stay. A setting that a run's optimiser does not have is no value, which differs from any.
 */
#include "train/run_list.h"
#include <string.h>

/* Takes a setting whose values are in `value`, [count], if the runs that are known differ in it. */
static fv_status take(fv_runs *l, const char *name, const char *const *value, size_t room) {
    const char *first = NULL;
    bool any = false, differ = false;
    for (size_t i = 0; i < l->count; i++) {
        if (!l->run[i].known) continue;
        if (any && (!first != !value[i] || (first && strcmp(first, value[i]) != 0))) differ = true;
        if (!any) first = value[i];
        any = true;
    }
    if (!differ || l->setting_count == room) return FV_OK;
    for (size_t i = 0; i < l->count; i++) l->run[i].value[l->setting_count] = value[i];
    l->setting[l->setting_count++] = name;
    return FV_OK;
}

/* Whether all have the same name of this kind: what has another name is another anyway. */
static bool one_name(const fv_runs *l, const char *kind) {
    const char *name = NULL;
    for (size_t i = 0; i < l->count; i++) {
        if (!l->run[i].known) continue;
        const char *own = fv__json_string(l->run[i].record, kind, "");
        if (name && strcmp(name, own) != 0) return false;
        name = own;
    }
    return true;
}

typedef struct walk {
    fv_runs *l;
    const char **value; /* of the candidate, [count] */
    size_t room;        /* for settings */
} walk;

static const char *record_text(const fv_run_entry *e, const char *name) {
    return e->known ? fv__json_string(e->record, name, NULL) : NULL;
}

/* --- the network's parameters ----------------------------------------------------------------- */

typedef struct given {
    fv_setting *list;
    size_t count;
} given;

static const char *value_of(const given *g, const char *name) {
    for (size_t i = 0; i < g->count; i++)
        if (strcmp(g->list[i].name, name) == 0) return g->list[i].value;
    return NULL;
}

static fv_status parameters(walk *w) {
    fv_runs *l = w->l;
    given *all = fv__arena_alloc(&l->arena, l->count * sizeof *all);
    if (!all) return FV_EXHAUSTED;
    for (size_t i = 0; i < l->count; i++) {
        const char *text = record_text(&l->run[i], "given");
        const fv_status status =
            fv__settings_split(l->ctx, &l->arena, text, &all[i].list, &all[i].count);
        if (status == FV_EXHAUSTED) return status;
        if (status != FV_OK) all[i].count = 0;
    }
    for (size_t i = 0; i < l->count; i++)
        for (size_t k = 0; k < all[i].count; k++) {
            const char *name = all[i].list[k].name;
            bool before = false;
            for (size_t j = 0; j < i; j++) before = before || value_of(&all[j], name);
            for (size_t j = 0; j < l->count; j++) w->value[j] = value_of(&all[j], name);
            if (!before) FV_TRY(take(l, name, w->value, w->room));
        }
    return FV_OK;
}

/* --- the network's text ----------------------------------------------------------------------- */

/* The line "input 1x28x28 …" of a text; NULL: it has none of its own. */
static const char *input_line(const char *text, size_t *length) {
    while (text && *text) {
        const char *line = text + strspn(text, " \t");
        const size_t n = strcspn(line, "\n");
        if (strncmp(line, "input ", 6) == 0) {
            *length = n;
            return line;
        }
        text = line + n + (line[n] != '\0');
    }
    return NULL;
}

static fv_status text_values(walk *w, bool input) {
    fv_runs *l = w->l;
    for (size_t i = 0; i < l->count; i++) {
        const char *text = record_text(&l->run[i], "text");
        size_t n = 0;
        const char *line = input_line(text, &n);
        w->value[i] = NULL;
        if (!text || (input && !line)) continue;
        if (input) {
            w->value[i] = fv__arena_textn(&l->arena, line + 6, n - 6);
        } else {
            const size_t before = line ? (size_t)(line - text) : 0;
            const char *behind = line ? line + n : text;
            uint64_t sum = fv__fnv64(FV_FNV_START, text, before);
            sum = fv__fnv64(sum, behind, strlen(behind));
            w->value[i] = fv__arena_format(&l->arena, "%08lx", (unsigned long)(sum >> 32));
        }
        if (!w->value[i]) return FV_EXHAUSTED;
    }
    return FV_OK;
}

static fv_status texts(walk *w) {
    FV_TRY(text_values(w, true));
    FV_TRY(take(w->l, "input", w->value, w->room));
    if (!one_name(w->l, "network")) return FV_OK;
    FV_TRY(text_values(w, false));
    return take(w->l, "text", w->value, w->room);
}

/* --- the rest --------------------------------------------------------------------------------- */

static fv_status records(walk *w) {
    static const char *const names[] = {"data_checksum", "weights", "from"};
    for (size_t k = one_name(w->l, "data_name") ? 0 : 1; k < sizeof names / sizeof *names; k++) {
        for (size_t i = 0; i < w->l->count; i++) w->value[i] = record_text(&w->l->run[i], names[k]);
        FV_TRY(take(w->l, names[k], w->value, w->room));
    }
    return FV_OK;
}

static fv_status field_value(fv_runs *l, const fv_run_entry *e, const char *name,
                             const char **out) {
    fv_recipe_table table;
    fv_text text = {.ctx = l->ctx};
    *out = NULL;
    if (!e->known) return FV_OK;
    fv__recipe_table(&table, &e->recipe);
    const fv_field *f = fv__field_find(table.field, name);
    if (!f) return FV_OK;
    fv__text_add(&text, "");
    fv__field_print(&text, f, &e->recipe);
    fv_status status = fv__text_done(l->ctx, &text);
    if (status == FV_OK && !(*out = fv__arena_text(&l->arena, text.data))) status = FV_EXHAUSTED;
    fv__text_free(&text);
    return status;
}

static fv_status recipes(walk *w, const fv_recipe_table *table) {
    for (const fv_field *f = table->field; f->name; f++) {
        for (size_t i = 0; i < w->l->count; i++)
            FV_TRY(field_value(w->l, &w->l->run[i], f->name, &w->value[i]));
        FV_TRY(take(w->l, f->name, w->value, w->room));
    }
    return FV_OK;
}

#define RECORDS_MOST 64 /* settings that are not of the recipe */

fv_status fv__runs_compare(fv_runs *l) {
    fv_recipe_table table;
    fv__recipe_table(&table, NULL);
    walk w = {.l = l, .room = (size_t)fv__field_count(table.field) + RECORDS_MOST};
    w.value = fv__arena_alloc(&l->arena, l->count * sizeof *w.value);
    l->setting = fv__arena_alloc(&l->arena, w.room * sizeof *l->setting);
    if (!w.value || !l->setting) return FV_EXHAUSTED;
    for (size_t i = 0; i < l->count; i++) {
        l->run[i].value = fv__arena_alloc(&l->arena, w.room * sizeof *l->run[i].value);
        if (!l->run[i].value) return FV_EXHAUSTED;
    }
    FV_TRY(records(&w));
    FV_TRY(parameters(&w));
    FV_TRY(texts(&w));
    return recipes(&w, &table);
}
