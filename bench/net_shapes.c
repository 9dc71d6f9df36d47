/* SPDX-License-Identifier: MIT */
/*
 * net_shapes - writes the files of bench/shapes that are made from the zoo: of every network with
 * the 1000 classes of ImageNet, each step of its plan for one image as a line, equal ones once.
 *
 *     net_shapes FOLDER          writes FOLDER/NET.txt
 *     net_shapes FOLDER check    says which of them are not up to date; 1 when one is not
 *
 * The plan is for the baseline instructions, so that the files are the same on every machine.
 */
#include "base/file.h"
#include "cpu/cpu.h"
#include "fovea.h"
#include "lang/lang.h"
#include "plan/plan_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLASSES 1000

static _Noreturn void die(const char *what, const char *why) {
    fprintf(stderr, "net_shapes: %s: %s\n", what, why);
    exit(2);
}

/* ------------------------------------------------------------------------------- a network --- */

/* The lines of a network, in the order of their first step. */
typedef struct lines {
    char **line;
    int *times;
    int count;
} lines;

static void add_line(lines *all, char *line) {
    for (int i = 0; i < all->count; i++)
        if (strcmp(all->line[i], line) == 0) {
            all->times[i]++;
            free(line);
            return;
        }
    all->line[all->count] = line;
    all->times[all->count++] = 1;
}

/* A convolution that a batch normalisation was folded into has a bias, whatever its options say. */
static void add_options(fv_text *out, const fv_op *op, const void *options, bool folded) {
    union {
        char bytes[2048];
        double align;
    } own;
    const fv_field *bias = op->fields ? fv__field_find(op->fields, "bias") : NULL;
    if (folded && bias && op->options_size <= sizeof own.bytes) {
        memcpy(own.bytes, options, op->options_size);
        if (fv__field_set_text(NULL, bias, own.bytes, "yes") == FV_OK) options = own.bytes;
    }
    if (op->fields) fv__options_print(out, op, options);
}

static void add_shapes(fv_text *out, const fv_site *site) {
    char dims[FV_SHAPE_TEXT];
    fv__text_add(out, " ; ");
    for (int i = 0; i < site->inputs; i++)
        fv__text_addf(out, "%s%s%s", i ? ", " : "", site->in_type[i].batched ? "" : "constant ",
                      fv__dims_text(dims, &site->in[i]));
}

/* A step of the plan as a line, in a block of its own. */
static char *line_of(fv_context *ctx, const fv_plan *plan, int n) {
    const fv_node *node = &plan->net->nodes[n];
    const fv_plan_node *p = &plan->nodes[n];
    const fv_epilogue *e = &p->site->epilogue;
    fv_text line = {.ctx = ctx}, act = {.ctx = ctx};
    fv__text_addf(&line, "%s ", node->op->name);
    add_options(&line, node->op, p->site->options, p->folds != NULL);
    if (line.length && line.data[line.length - 1] == ' ') fv__text_cut(&line, line.length - 1);
    add_shapes(&line, p->site);
    if (e->add) fv__text_add(&line, " | add");
    if (e->act && e->act->fields) fv__options_print(&act, e->act, e->act_options);
    if (e->act)
        fv__text_addf(&line, " | %s%s%s", e->act->name, act.length ? " " : "",
                      act.length ? act.data : "");
    if (node->inputs == 1 && p->in[0] == 0) fv__text_add(&line, " | first"); /* reads the image */
    char *copy = line.data ? malloc(line.length + 1) : NULL;
    if (!copy) die(plan->net->name, "no memory");
    memcpy(copy, line.data, line.length + 1);
    fv__text_free(&line);
    fv__text_free(&act);
    return copy;
}

static void list_steps(fv_context *ctx, const fv_plan *plan, lines *all) {
    all->line = calloc(plan->net->node_count + 1, sizeof *all->line);
    all->times = calloc(plan->net->node_count + 1, sizeof *all->times);
    if (!all->line || !all->times) die(plan->net->name, "no memory");
    for (size_t i = 0; i < plan->forward_steps; i++) {
        if (plan->steps[i].kind != FV_STEP_RUN) continue;
        const int node = plan->steps[i].node, inner = plan->nodes[node].inner;
        if (inner >= 0) add_line(all, line_of(ctx, plan, inner)); /* a layer like others */
        add_line(all, line_of(ctx, plan, node));
    }
}

/* The whole file of a network. */
static void write_net(fv_context *ctx, const fv_graph *net, fv_text *out) {
    const fv_plan_options options = {.batch = 1, .dtype = FV_F32};
    fv_plan *plan;
    lines all = {0};
    if (fv__plan_new(ctx, net, &options, &plan) != FV_OK) die(net->name, ctx->message);
    list_steps(ctx, plan, &all);
    fv__text_addf(out, "# %s: every step of its plan for one image, equal ones once. Made by\n",
                  net->name);
    fv__text_add(out,
                 "# net_shapes (ninja shapes); tests/impl_shapes.h says how lines are written.\n");
    for (int i = 0; i < all.count; i++) {
        fv__text_addf(out, "%d %s\n", all.times[i], all.line[i]);
        free(all.line[i]);
    }
    free(all.line);
    free(all.times);
    fv__plan_free(plan);
}

/* -------------------------------------------------------------------------------- the files --- */

static bool same_file(fv_context *ctx, const char *path, const fv_text *text) {
    fv_bytes file;
    if (fv__file_read(ctx, path, 0, &file) != FV_OK) return false;
    const bool same = file.size == text->length && memcmp(file.data, text->data, file.size) == 0;
    fv__file_release(&file);
    return same;
}

/* Writes or compares one; false: it is not what it should be. */
static bool do_net(fv_context *ctx, const char *folder, const fv_graph *net, bool check) {
    char path[4096];
    bool right = true;
    fv_text text = {.ctx = ctx};
    write_net(ctx, net, &text);
    if (snprintf(path, sizeof path, "%s/%s.txt", folder, net->name) >= (int)sizeof path)
        die(folder, "too long a path");
    if (!text.data) die(path, "no memory");
    if (check)
        right = same_file(ctx, path, &text);
    else if (fv__file_write(ctx, path, text.data, text.length) != FV_OK)
        die(path, ctx->message);
    if (!right) printf("%s is not what the zoo gives now; make it again: ninja shapes\n", path);
    fv__text_free(&text);
    return right;
}

int main(int argc, char **argv) {
    fv_context *ctx;
    int wrong = 0, files = 0;
    const bool check = argc == 3 && strcmp(argv[2], "check") == 0;
    if (argc < 2 || argc > 3 || (argc == 3 && !check)) die("usage", "net_shapes FOLDER [check]");
    if (fv_context_new(1, &ctx) != FV_OK) die("threads", ctx->message);
    ctx->isa = 0;
    for (int i = 0; i < fv_zoo_count(); i++) {
        fv_net *net;
        if (fv_net_open(ctx, fv_zoo(i)->name, "", &net) != FV_OK)
            die(fv_zoo(i)->name, ctx->message);
        const fv_graph *graph = net->graph;
        if (fv__channels(&graph->values[graph->heads[0].value].shape) == CLASSES) {
            wrong += !do_net(ctx, argv[1], graph, check);
            files++;
        }
        fv_net_free(net);
    }
    fv_context_free(ctx);
    printf("%d files %s, %d wrong\n", files, check ? "compared" : "written", wrong);
    return wrong > 0;
}
