/* SPDX-License-Identifier: MIT */
/*
 * test_alloc_rules.c - memory refused while the rules rewrite a plan: for each rule a network that
 * it applies to, planned and made ready with the first, second, third … request refused, that one
 * alone or all from there on. It must end in FV_EXHAUSTED and a sentence each time; what was not
 * freed the sanitizer sees.
 */
#include "lang/lang.h"
#include "plan/plan.h"
#include "refuse.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* What each rule applies to; a rule that is missing here fails the test. */
static const struct {
    const char *rule, *text;
} nets[] = {
    {"identity", "net a\ninput 3x9x9\n conv 4 3x3 - dropout 0.5 - relu - fc 3"},
    {"constants",
     "net a\ninput 3x9x9\n conv 3 1x1 - mul { identity | constant 1x3 values 2,-3,0.5\n"
     " - reshape 3,1,1 } - relu"},
    {"pad", "net a\ninput 3x9x9\n pad 0,0,1,1,0,0,1,1 - conv 5 3x3"},
    {"fold", "net a\ninput 3x9x9\n conv 4 3x3 - bn - conv 5 3x3"},
    {"prologue", "net a\ninput 16x9x8\n bn - relu - conv 16 3x3 pad 1"},
    {"epilogue", "net a\ninput 3x9x9\n add { conv 3 3x3 pad 1 | identity } - relu"},
    {"inner", "net a\ninput 5x60x60\n add { conv 30 1x1 | conv 30 1x1 - bn - clip 0 6\n"
              " - conv 30 3x3 pad 1 groups 30 - bn }"},
};

static const char *const rules[] = {
#define FV_REWRITE(name) #name,
#include "plan/rewrite_list.h"
#undef FV_REWRITE
};

/* A plan and what it runs in; what it notes of itself is added to the trace, if there is one. */
static fv_status make(fv_context *ctx, const fv_graph *net, float *weights, fv_text *trace) {
    const fv_plan_options options = {.batch = 2};
    const fv_exec_options memory = {.weights = weights};
    fv_plan *plan = NULL;
    fv_exec *exec = NULL;
    fv_status status = fv__plan_new(ctx, net, &options, &plan);
    if (status == FV_OK && trace) status = fv__plan_trace(ctx, plan, false, trace);
    if (status == FV_OK) status = fv__exec_new(ctx, plan, &memory, &exec);
    fv__exec_free(exec);
    fv__plan_free(plan);
    return status;
}

static void refuse_each(fv_context *ctx, const fv_graph *net, float *weights, bool rest) {
    fv_status status = FV_EXHAUSTED;
    long n = 0;
    while (status != FV_OK) {
        requests = 0;
        refuse_at = ++n;
        refuse_rest = rest;
        ctx->message[0] = '\0';
        status = make(ctx, net, weights, NULL);
        refuse_at = 0;
        if (status == FV_OK && requests < n) break;
        if (status != FV_EXHAUSTED || !strstr(ctx->message, "memory"))
            fail_msg("request %ld refused: status %d, \"%s\"", n, (int)status, ctx->message);
    }
    assert_true(n > 5);
}

static void refuse_in(const char *rule, const char *text) {
    char line[80];
    fv_context *ctx;
    fv_graph *net;
    assert_int_equal(fv_context_new(1, &ctx), FV_OK);
    if (fv__net_parse(ctx, rule, text, strlen(text), NULL, 0, &net, NULL) != FV_OK)
        fail_msg("%s", ctx->message);
    fv_text trace = {.ctx = ctx};
    float *weights =
        aligned_alloc(64, ((size_t)net->param_elements * sizeof *weights / 64 + 1) * 64);
    fv__net_initialise(net, FV_HE, 7, weights);
    assert_int_equal(make(ctx, net, weights, &trace), FV_OK);
    (void)snprintf(line, sizeof line, "rule     %s: ", rule);
    if (!strstr(trace.data, line)) fail_msg("%s does not apply to %s", rule, text);
    for (int rest = 0; rest < 2; rest++) refuse_each(ctx, net, weights, rest);
    fv__text_free(&trace);
    free(weights);
    fv__net_free(net);
    fv_context_free(ctx);
}

static void every_rule_says_so(void **state) {
    (void)state;
    for (size_t r = 0; r < sizeof rules / sizeof *rules; r++) {
        int found = 0;
        for (size_t i = 0; i < sizeof nets / sizeof *nets; i++) {
            if (strcmp(nets[i].rule, rules[r]) != 0) continue;
            found++;
            refuse_in(rules[r], nets[i].text);
        }
        if (!found) fail_msg("%s: no network that it applies to", rules[r]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_rule_says_so)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
