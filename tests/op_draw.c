/* SPDX-License-Identifier: MIT */
/*
 * op_draw.c - random problems of operators.
 */
#include "op_draw.h"
#include "op_problem.h"

#include <stdio.h>
#include <string.h>

int64_t op_pick(op_draw *draw, int64_t low, int64_t high) {
    const fv_key key = fv__key(draw->seed, FV_STREAM_CHECK, 2, 0);
    return low + (int64_t)fv__random_below(key, draw->at++, (uint64_t)(high - low + 1));
}

static void draw_pad(const int r[4], int mode, char out[64]) {
    if (mode == 0)
        (void)snprintf(out, 64, "%d,%d,%d,%d", r[0], r[1], r[2], r[3]);
    else
        (void)snprintf(out, 64, "%s", mode == 1 ? "same" : "valid");
}

/* One to four numbers: whole ones, or eighths. */
static void draw_list(const int r[5], bool whole, char out[64]) {
    const int count = 1 + r[0] + (r[1] == 2);
    size_t n = 0;
    for (int i = 0; i < count; i++)
        n += (size_t)snprintf(out + n, 64 - n, "%s%.3f", i ? "," : "",
                              whole ? r[i + 1] : (1 + 3 * r[i + 1] + i) / 8.0);
}

void op_draw_field(op_draw *draw, const fv_field *f, bool blocks, char out[64]) {
    int r[5], choices = 0; /* drawn in this order, whatever is made of them */
    for (int i = 0; i < 5; i++) r[i] = (int)op_pick(draw, 0, 2);
    for (; f->choices != NULL && f->choices[choices] != NULL; choices++) continue;
    out[0] = '\0';
    switch (f->kind) {
    case FV_INT:
        (void)snprintf(out, 64, "%d", blocks ? 16 * (1 + r[0]) : 1 + r[0] + (r[1] == 2));
        return;
    case FV_REAL:
        (void)snprintf(out, 64, "%.3f", (3 * r[0] + r[1]) / 8.0);
        return;
    case FV_BOOL:
        (void)snprintf(out, 64, "%s", r[0] ? "yes" : "no");
        return;
    case FV_CHOICE:
        (void)snprintf(out, 64, "%s", f->choices[op_pick(draw, 0, choices - 1)]);
        return;
    case FV_SIZE:
        (void)snprintf(out, 64, "%dx%d", 1 + r[0], 1 + r[1]);
        return;
    case FV_PAD:
        draw_pad(r, r[4], out);
        return;
    case FV_INTS:
    case FV_REALS:
        draw_list(r, f->kind == FV_INTS, out);
        return;
    default:
        return;
    }
}

/* Room for what follows in a sample. */
static void append(char out[OP_SAMPLE], const char *text) {
    const size_t n = strlen(out);
    (void)snprintf(out + n, OP_SAMPLE - n, "%s", text);
}

/* What stands before the shape of input i, as the sample has it. */
static void append_words(const op_problem *like, int i, char out[OP_SAMPLE]) {
    const bool whole = like->in_type[i].dtype == FV_I32;
    char text[32];
    if (!like->in_type[i].batched) append(out, "constant ");
    if (like->positive[i]) append(out, "positive ");
    if (like->in_type[i].dtype == FV_BOOL8) append(out, "bool ");
    (void)snprintf(text, sizeof text, "below %lld ", (long long)like->below[i]);
    if (whole) append(out, text);
}

/* An option with its value, drawn; a list must suit the rank and is the sample's. */
static void draw_option(op_draw *draw, const fv_field *f, const op_problem *like, bool blocks,
                        char out[OP_SAMPLE]) {
    fv_text listed = {0};
    char value[200];
    op_draw_field(draw, f, blocks, value);
    if (f->kind == FV_INTS || f->kind == FV_REALS) {
        fv__field_print(&listed, f, like->options.bytes);
        (void)snprintf(value, sizeof value, "%s", listed.data != NULL ? listed.data : "");
        fv__text_free(&listed);
    }
    if (value[0] == '\0') return;
    append(out, f->name);
    append(out, " ");
    append(out, value);
    append(out, " ");
}

static void draw_shapes(op_draw *draw, const op_problem *p, const op_sizes *most, bool blocks,
                        char out[OP_SAMPLE]) {
    const int inputs = p->site.inputs - (p->op->traits & FV_LOSS ? 1 : 0);
    int64_t size[FV_RANK_MAX];
    char text[32];
    for (int d = 0; d < FV_RANK_MAX; d++)
        size[d] = op_pick(draw, 1, d == 0 ? most->batch : d == 1 ? most->channels : most->side);
    for (int i = 0; i < inputs; i++) {
        if (i > 0 && (p->op->traits & FV_JOIN)) size[1] = op_pick(draw, 1, most->channels);
        if (i > 0) append(out, ", ");
        append_words(p, i, out);
        for (int d = 0; d < p->in[i].rank; d++) {
            const int64_t n = d == 1 && blocks ? 16 * (1 + size[1] % 3) : size[d];
            (void)snprintf(text, sizeof text, "%s%lld", d > 0 ? "x" : "", (long long)n);
            append(out, text);
        }
    }
}

void op_draw_sample(op_draw *draw, const fv_op *op, const op_sizes *most, char out[OP_SAMPLE]) {
    int samples = 0;
    op_problem like;
    while (op->samples[samples] != NULL) samples++;
    const bool blocks = op_pick(draw, 0, 2) == 0 && most->blocks;
    const char *sample = op->samples[op_pick(draw, 0, samples - 1)];
    out[0] = '\0';
    if (op_read_sample(&like, op, sample) != FV_OK) return;
    for (const fv_field *f = op->fields; f != NULL && f->name != NULL; f++)
        draw_option(draw, f, &like, blocks, out);
    /* inputs whose shapes depend on each other are rarely drawn: now and then the sample's own */
    if (like.op->inputs_max > 1 && op_pick(draw, 0, 3) == 0) {
        append(out, strchr(sample, ';'));
        return;
    }
    append(out, "; ");
    draw_shapes(draw, &like, most, blocks, out);
}
