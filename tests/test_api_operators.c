/* SPDX-License-Identifier: MIT */
/*
 * test_api_operators.c - public: every operator, on each of its samples, in a network written in
 * the language and in one built by calls; both run. A sample's inputs are made from the network's:
 * by a fully connected layer in the shape wanted, as another type, or, what is the same for all
 * samples, as a constant.
 */
#include "public.h"
#include <stdarg.h>
#include <stdbool.h>

#define INPUTS 8

/* "constant below 7 2x3" of a sample. */
typedef struct wanted {
    bool constant, truth, whole;
    int rank;
    int64_t dims[FV_DIMS_MAX];
} wanted;

typedef struct problem {
    const char *op, *sample;
    char options[256];
    int inputs;
    bool loss, joins; /* joins: stands before braces, with one input too */
    wanted in[INPUTS];
} problem;

/* How a network goes on behind the operator: its output as it is; or what has no batch added up and
   joined to something that has. */
typedef enum end { AS_IT_IS, ADDED_UP } end;

static bool take(const char **text, const char *word) {
    const size_t n = strlen(word);
    *text += strspn(*text, " ,");
    if (strncmp(*text, word, n) != 0) return false;
    *text += n;
    return true;
}

static void read_input(const char **text, wanted *in) {
    *in = (wanted){.constant = take(text, "constant ")};
    (void)take(text, "positive ");
    in->truth = take(text, "bool ");
    in->whole = take(text, "below ");
    if (in->whole) (void)strtol(*text, (char **)(uintptr_t)text, 10);
    *text += strspn(*text, " ");
    do {
        in->dims[in->rank++] = strtol(*text, (char **)(uintptr_t)text, 10);
    } while (*(*text)++ == 'x');
    *text -= 1;
    *text += strspn(*text, " ");
}

static problem read(const fv_operator_facts *op, const char *sample) {
    problem p = {.op = op->name,
                 .sample = sample,
                 .loss = strncmp(op->help, "loss:", 5) == 0,
                 .joins = op->inputs_max > INPUTS};
    const char *shapes = strchr(sample, ';');
    assert_true((size_t)(shapes - sample) < sizeof p.options);
    memcpy(p.options, sample, (size_t)(shapes - sample));
    shapes++;
    while (*shapes != '\0') read_input(&shapes, &p.in[p.inputs++]);
    return p;
}

/* ---------------------------------------------------------------------------- as a text --- */

typedef struct text {
    char words[4096];
    size_t length;
} text;

static void add(text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(text *t, const char *format, ...) {
    va_list args;
    va_start(args, format);
    t->length += (size_t)vsnprintf(t->words + t->length, sizeof t->words - t->length, format, args);
    va_end(args);
    assert_true(t->length < sizeof t->words);
}

static int64_t numbers(const wanted *in, int first) {
    int64_t n = 1;
    for (int d = first; d < in->rank; d++) n *= in->dims[d];
    return n;
}

/* "3,4", from that dimension on. */
static void add_dims(text *t, const wanted *in, int first, const char *between) {
    for (int d = first; d < in->rank; d++)
        add(t, "%s%lld", d > first ? between : "", (long long)in->dims[d]);
}

static void add_input(text *t, const wanted *in) {
    if (in->constant) {
        add(t, "constant ");
        add_dims(t, in, 0, "x");
        add(t, " %s", in->truth ? "bool values 1" : in->whole ? "int32 values 0" : "values 0.5");
        return;
    }
    add(t, "fc %lld", (long long)numbers(in, 1));
    if (in->rank == 1) add(t, " - squeeze 1");
    if (in->rank > 2) {
        add(t, " - reshape 0,");
        add_dims(t, in, 1, ",");
    }
    if (in->truth || in->whole) add(t, " - cast %s", in->truth ? "bool" : "int32");
}

static text write(const problem *p, end how) {
    text t = {.length = 0};
    add(&t, "net one\ninput 1x2x3\n  ");
    if (how == ADDED_UP) add(&t, "sum { fc 1 | ");
    if (p->loss) {
        add_input(&t, &p->in[0]);
        add(&t, "\nloss %s %s\n", p->op, p->options);
    } else if (p->inputs == 1 && !p->joins) {
        add_input(&t, &p->in[0]);
        add(&t, " - %s %s - cast float", p->op, p->options);
    } else {
        add(&t, "%s %s {", p->op, p->options);
        for (int i = 0; i < p->inputs; i++) {
            add(&t, i ? " | " : " ");
            add_input(&t, &p->in[i]);
        }
        add(&t, " } - cast float");
    }
    if (how == ADDED_UP) add(&t, " - reshape 1,-1 - reducesum 1 }");
    return t;
}

/* ----------------------------------------------------------------------------- by calls --- */

static int build_input(fv_builder *b, const wanted *in, int i) {
    char options[128], name[16];
    text dims = {.length = 0};
    snprintf(name, sizeof name, "held%d", i);
    if (in->constant) {
        float real[512];
        int32_t whole[512] = {0};
        uint8_t truth[512];
        assert_true(numbers(in, 0) <= 512);
        for (int k = 0; k < 512; k++) real[k] = 0.5f, truth[k] = 1;
        return fv_builder_constant(b, name,
                                   in->truth   ? FV_BOOL8
                                   : in->whole ? FV_I32
                                               : FV_F32,
                                   in->rank, in->dims,
                                   in->truth   ? (const void *)truth
                                   : in->whole ? (const void *)whole
                                               : (const void *)real);
    }
    snprintf(options, sizeof options, "%lld", (long long)numbers(in, 1));
    int v = fv_builder_then(b, 0, "fc", options);
    if (in->rank == 1) v = fv_builder_then(b, v, "squeeze", "1");
    add_dims(&dims, in, 1, ",");
    snprintf(options, sizeof options, "0,%.100s", dims.words);
    if (in->rank > 2) v = fv_builder_then(b, v, "reshape", options);
    if (in->truth || in->whole) v = fv_builder_then(b, v, "cast", in->truth ? "bool" : "int32");
    return v;
}

static fv_status build(fv_context *ctx, const problem *p, end how, fv_net **net) {
    fv_builder *b;
    int in[INPUTS];
    char loss[300];
    OK(ctx, fv_builder_new(ctx, "one", "1x2x3", &b));
    const int other = how == ADDED_UP ? fv_builder_then(b, 0, "fc", "1") : 0;
    for (int i = 0; i < p->inputs; i++) in[i] = build_input(b, &p->in[i], i);
    snprintf(loss, sizeof loss, "%s %s", p->op, p->options);
    int v = in[0];
    if (!p->loss) v = fv_builder_add(b, NULL, p->op, p->options, p->inputs, in);
    if (!p->loss) v = fv_builder_then(b, v, "cast", "float");
    if (how == ADDED_UP) {
        v = fv_builder_then(b, v, "reshape", "1,-1");
        v = fv_builder_then(b, v, "reducesum", "1");
        v = fv_builder_add(b, NULL, "sum", NULL, 2, (const int[]){other, v});
    }
    (void)fv_builder_head(b, NULL, v, p->loss ? loss : NULL, 1, 0);
    return fv_builder_finish(b, net);
}

/* ------------------------------------------------------------------------------- the two --- */

/* The network runs; what it has of parameters. */
static int64_t run(fv_context *ctx, fv_net *net) {
    const int64_t parameters = fv_net_parameters(net);
    fv_model *model;
    fv_run *run;
    int64_t count = 0;
    OK(ctx, fv_model_new(ctx, net, 1, &model));
    OK(ctx, fv_run_new(ctx, model, 2, &run));
    for (int i = 0; i < 12; i++) fv_run_input(run)[i] = (float)i / 12;
    OK(ctx, fv_run_forward(run, 2));
    assert_non_null(fv_run_output(run, 0, &count));
    assert_true(count > 0);
    fv_run_free(run);
    fv_model_free(model);
    return parameters;
}

/* What the language says prints, and reads back. */
static void print_and_parse(fv_context *ctx, const fv_net *net) {
    fv_blob *first, *second;
    fv_net *again;
    OK(ctx, fv_net_print(ctx, net, &first));
    OK(ctx, fv_net_parse(ctx, fv_blob_data(first), NULL, &again));
    OK(ctx, fv_net_print(ctx, again, &second));
    assert_string_equal(fv_blob_data(first), fv_blob_data(second));
    fv_blob_free(first);
    fv_blob_free(second);
    fv_net_free(again);
}

static void try(fv_context *ctx, const problem *p) {
    fv_net *net = NULL;
    end how = AS_IT_IS;
    for (;; how = ADDED_UP) {
        const text t = write(p, how);
        if (fv_net_parse(ctx, t.words, NULL, &net) == FV_OK) break;
        if (how == ADDED_UP)
            fail_msg("%s '%s' as a text: %s", p->op, p->sample, fv_context_error(ctx));
    }
    print_and_parse(ctx, net);
    const int64_t parameters = run(ctx, net);
    if (build(ctx, p, how, &net) != FV_OK)
        fail_msg("%s '%s' by calls: %s", p->op, p->sample, fv_context_error(ctx));
    if (run(ctx, net) != parameters) fail_msg("%s '%s': other parameters", p->op, p->sample);
}

static void every_operator_is_usable(void **state) {
    fv_operator_facts op = FV_INIT(fv_operator_facts);
    int count = 0;
    for (; fv_operator_at(NULL, count, &op); count++)
        for (const char *const *sample = op.samples; *sample; sample++) {
            const problem p = read(&op, *sample);
            try(*state, &p);
        }
    assert_true(count > 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_operator_is_usable, public_setup, public_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
