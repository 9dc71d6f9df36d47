/* SPDX-License-Identifier: MIT */
/*
 * words.c - a row of a dialect as people read it: "nn.Linear(in_features, out_features=outputs,
 * bias)". An argument alone has the name of our option, or follows from what the layer reads.
 */
#include "foreign/writer.h"

#include <stdio.h>
#include <string.h>

static void put_args(const fv_foreign_row *row, fv_text *out) {
    const char *args = row->args;
    fv_foreign_arg arg;
    bool first = true;
    while (fv__foreign_arg(&args, &arg)) {
        if (arg.silent) continue;
        const char *ours = arg.ours[0] == '!' ? arg.ours + 1 : arg.ours;
        const bool alone = arg.ours[0] == '@' || strcmp(ours, arg.theirs) == 0;
        fv__text_addf(out, "%s%s%s%s", first ? "" : ", ", arg.theirs, alone ? "" : "=",
                      alone ? "" : ours);
        first = false;
    }
}

static void put_place(const fv_foreign_row *row, const char *name, fv_text *out) {
    static const char *const inputs[] = {"x", "y", "z"};
    if (name[0] >= '0' && name[0] <= '2')
        fv__text_add(out, inputs[name[0] - '0']);
    else if (strcmp(name, "@padded") == 0)
        fv__text_add(out, "x");
    else if (name[0] == '*' || strncmp(name, "j ", 2) == 0)
        fv__text_addf(out, "x%sy", name[0] == '*' ? ", " : name + 1);
    else if (strcmp(name, "d") == 0)
        fv__text_add(out, "2");
    else if (strcmp(name, "args") == 0)
        put_args(row, out);
    else
        fv__text_add(out, name[0] == '@' ? name + 1 : name);
}

static void put_text(const fv_foreign_row *row, const char *text, fv_text *out) {
    char name[64];
    while (*text) {
        const size_t plain = strcspn(text, "{");
        fv__text_addn(out, text, plain);
        text += plain;
        if (!*text) return;
        const size_t length = strcspn(text, "}");
        (void)snprintf(name, sizeof name, "%.*s", (int)length - 1, text + 1);
        put_place(row, name, out);
        text += length + 1;
    }
}

bool fv__foreign_words(const fv_dialect *dialect, const char *op, int i, fv_text *out) {
    const size_t n = strlen(op);
    for (const fv_foreign_row *r = dialect->rows; r->op; r++) {
        if (strncmp(r->op, op, n) != 0 || (r->op[n] && r->op[n] != '/') || i-- > 0) continue;
        put_text(r, *r->theirs ? r->theirs : r->call, out);
        if (!*r->theirs) return true;
        fv__text_add(out, "(");
        put_args(r, out);
        fv__text_add(out, ")");
        return true;
    }
    return false;
}
