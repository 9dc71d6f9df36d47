/* SPDX-License-Identifier: MIT */
/*
 * refusals.c - what a network has and another library has not: nothing is left out silently.
 */
#include "foreign/writer.h"

#include <stdio.h>
#include <string.h>

const fv_foreign_row *fv__writer_row(const fv_dialect *d, const char *op, const char *variant) {
    char name[64];
    (void)snprintf(name, sizeof name, "%s%s%s", op, variant ? "/" : "", variant ? variant : "");
    for (const fv_foreign_row *r = d->rows; r->op; r++)
        if (strcmp(r->op, name) == 0) return r;
    return NULL;
}

/* Whether a list of words, "pad ceil", has one. */
static bool lists(const char *words, const char *word) {
    const size_t n = strlen(word);
    for (const char *at = words; (at = strstr(at, word)) != NULL; at += n)
        if ((at == words || at[-1] == ' ') && (at[n] == ' ' || at[n] == 0)) return true;
    return false;
}

static bool computed_reads(const fv_dialect *d, const char *name, const char *field) {
    const size_t n = strcspn(name, "}");
    for (const fv_computed *c = d->computed; c->name; c++)
        if (strlen(c->name) == n && strncmp(c->name, name, n) == 0) return lists(c->reads, field);
    return false;
}

/* Whether a row says what an option says. */
static bool mentions(const fv_dialect *d, const fv_foreign_row *row, const char *field) {
    const char *args = row->args;
    char place[64];
    fv_foreign_arg arg;
    while (fv__foreign_arg(&args, &arg)) {
        const char *ours = strncmp(arg.ours, "1-", 2) == 0 ? arg.ours + 2 : arg.ours;
        if (strcmp(ours, field) == 0) return true;
        if (ours[0] == '@' && computed_reads(d, ours + 1, field)) return true;
    }
    (void)snprintf(place, sizeof place, "{%s}", field);
    if (strstr(row->call, place)) return true;
    for (const char *at = row->call; (at = strstr(at, "{@")) != NULL; at += 2)
        if (computed_reads(d, at + 2, field)) return true;
    return false;
}

/* Whether an option is what chose the row. */
static bool is_variant(const fv_writer *w, const fv_field *f) {
    const char *variant = strchr(w->row->op, '/');
    const char *options = w->node->options;
    return variant && f->kind == FV_CHOICE &&
           strcmp(f->choices[*(const int *)(options + f->offset)], variant + 1) == 0;
}

fv_status fv__writer_check_options(const fv_writer *w) {
    const fv_node *node = w->node;
    for (const fv_field *f = node->op->fields; f && f->name; f++) {
        if (fv__field_is_default(f, node->options) || mentions(w->dialect, w->row, f->name) ||
            is_variant(w, f))
            continue;
        fv_text value = {.ctx = w->ctx};
        fv__field_print(&value, f, node->options);
        const fv_status status =
            fv__writer_refuse(w, "%s has no word for its option %s %s", w->dialect->title, f->name,
                              value.data ? value.data : "");
        fv__text_free(&value);
        return status;
    }
    return FV_OK;
}

static fv_status check_values(const fv_writer *w) {
    for (size_t v = 1; v < w->net->value_count; v++) {
        const fv_value *value = &w->net->values[v];
        if (value->node >= 0 || (value->data && w->dialect->constant)) continue;
        return fv__fail(w->ctx, FV_BAD_INPUT,
                        "%s has the %s '%.64s' beside the image, which %s programs are not written "
                        "with here",
                        w->net->name, value->data ? "constant" : "input", value->name,
                        w->dialect->title);
    }
    return FV_OK;
}

fv_status fv__writer_check_operators(const fv_writer *w) {
    fv_text missing = {.ctx = w->ctx};
    FV_TRY(check_values(w));
    for (size_t n = 0; n < w->net->node_count; n++) {
        const fv_node *node = &w->net->nodes[n];
        if (node->training || fv__writer_row(w->dialect, node->op->name, NULL)) continue;
        bool known = false;
        for (size_t k = 0; k < n; k++)
            known = known || (!w->net->nodes[k].training && w->net->nodes[k].op == node->op);
        if (!known)
            fv__text_addf(&missing, "%s%s (%s)", missing.length ? ", " : "", node->op->name,
                          node->name);
    }
    fv_status status = fv__text_done(w->ctx, &missing);
    if (status == FV_OK && missing.length)
        status = fv__fail(w->ctx, FV_BAD_INPUT, "%s has nothing here for %s", w->dialect->title,
                          missing.data);
    fv__text_free(&missing);
    return status;
}
