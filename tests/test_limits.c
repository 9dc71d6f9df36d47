/* SPDX-License-Identifier: MIT */
/*
 * What is too large for a fast way of computing must be left to another one. Only the question is
 * asked here: nothing of that size is computed.
 */
#include "cpu/cpu.h"
#include "op/conv.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static fv_context ctx;

/* The name of what is chosen for a convolution; *why (may be NULL) gets a copy of the refusals. */
static const char *chosen(fv_which which, int64_t channels, int64_t side, int64_t kernel,
                          int64_t stride, char why[512]) {
    fv_conv_options o = {.channels = 4,
                         .kernel = {kernel, kernel},
                         .stride = {stride, stride},
                         .dilation = {1, 1},
                         .groups = 1};
    const fv_shape in = fv__shape4(1, channels, side, side);
    const fv_type type = {FV_F32, true};
    const bool wants = true;
    fv_shape out;
    fv_type out_type;
    fv_site site = {.options = &o,
                    .inputs = 1,
                    .in = &in,
                    .in_type = &type,
                    .out = &out,
                    .out_type = &out_type};
    if (fv__op_shape(&ctx, &fv__op_conv, &site) != FV_OK) fail_msg("%s", ctx.message);
    fv_kernels table;
    const fv_request request = {
        .which = which, .kernels = fv__kernels(fv__isa_best(), &table), .wants_dx = &wants};
    fv_text text = {0};
    fv_arena arena;
    fv_settled settled;
    const fv_impl *impl = NULL;
    fv__arena_init(&arena, &ctx);
    if (fv__impl_choose(&ctx, &fv__cpu_device, &fv__op_conv, &site, &request, &arena, &impl,
                        &settled, &text) != FV_OK)
        fail_msg("%s", ctx.message);
    if (why) strcpy(why, text.data ? text.data : "");
    fv__text_free(&text);
    fv__arena_free(&arena);
    return impl->name;
}

/* Taps are reached by offsets of 32 bits. */
static void test_offsets(void **unused) {
    (void)unused;
    char why[512];
    for (fv_which which = FV_FORWARD; which <= FV_BACKWARD; which++) {
        assert_string_equal(chosen(which, 4, 64, 3, 1, NULL), "direct");
        assert_string_not_equal(chosen(which, 4, 65536, 3, 1, why), "direct");
        assert_non_null(strstr(why, "offsets of 32 bits"));
    }
}

/* The gradient of the input is a convolution per phase of the stride: not millions of them. */
static void test_phases(void **unused) {
    (void)unused;
    char why[512];
    assert_string_equal(chosen(FV_BACKWARD, 4, 64, 3, 2, NULL), "direct");
    assert_string_not_equal(chosen(FV_BACKWARD, 1, 65536, 1, 8192, why), "direct");
    assert_non_null(strstr(why, "phases"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_offsets),
        cmocka_unit_test(test_phases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
