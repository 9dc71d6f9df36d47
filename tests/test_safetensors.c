/* SPDX-License-Identifier: MIT */
/*
 * test_safetensors.c - the model file's container: what we write, what others write, what lies.
 */
#include "format/safetensors.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static int setup(void **state) {
    fv_context *ctx;
    fv_status status = fv_context_new(1, &ctx);
    *state = ctx;
    return (int)status;
}

static int teardown(void **state) {
    fv_context_free(*state);
    return 0;
}

/* A file in a block of exactly its size, so that the sanitizer sees every byte read behind it. */
static uint8_t *file_of(const char *header, size_t header_size, size_t body, size_t *size) {
    *size = 8 + header_size + body;
    uint8_t *f = malloc(*size);
    assert_non_null(f);
    for (int i = 0; i < 8; i++) f[i] = (uint8_t)((uint64_t)header_size >> (8 * i));
    memcpy(f + 8, header, header_size);
    for (size_t i = 0; i < body; i++) f[8 + header_size + i] = (uint8_t)i;
    return f;
}

static void refused(fv_context *ctx, const char *header, size_t body, const char *words) {
    size_t size;
    uint8_t *f = file_of(header, strlen(header), body, &size);
    fv_tensor_file st;
    fv_status status = fv__safetensors_parse(ctx, "bad.safetensors", f, size, &st);
    if (status != FV_BAD_INPUT || !strstr(ctx->message, words) ||
        strncmp(ctx->message, "bad.safetensors: ", 17) != 0)
        fail_msg("%.80s\n  gave %d: %s\n  expected: %s", header, (int)status, ctx->message, words);
    free(f);
}

static void taken(fv_context *ctx, const char *header, size_t body, size_t count) {
    size_t size;
    uint8_t *f = file_of(header, strlen(header), body, &size);
    fv_tensor_file st;
    if (fv__safetensors_parse(ctx, "good.safetensors", f, size, &st) != FV_OK)
        fail_msg("%.80s\n  gave: %s", header, ctx->message);
    assert_int_equal(st.count, count);
    fv__tensor_file_close(&st);
    free(f);
}

#define T(name, shape, from, to)                                                                   \
    "\"" name "\":{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":[" #from "," #to "]}"

static void takes_what_is_right(void **state) {
    fv_context *ctx = *state;
    taken(ctx, "{}", 0, 0);
    taken(ctx, "{}      ", 0, 0);
    taken(ctx, "{\"__metadata__\":{}}", 0, 0);
    taken(ctx, "{\"__metadata__\":{\"format\":\"pt\"}," T("a", "[2,3]", 0, 24) "}", 24, 1);
    taken(ctx, "{" T("a", "[]", 0, 4) "}", 4, 1);
    taken(ctx, "{" T("a", "[0,7]", 0, 0) "," T("b", "[1]", 0, 4) "}", 4, 2);
    /* any order in the header, any order of keys, keys that are not ours */
    taken(ctx, "{" T("b", "[1]", 8, 12) "," T("a", "[2]", 0, 8) "}", 12, 2);
    taken(ctx, "{\"a\":{\"data_offsets\":[0,8],\"shape\":[1],\"note\":1,\"dtype\":\"I64\"}}", 8, 1);
}

static void refuses_what_lies(void **state) {
    fv_context *ctx = *state;
    refused(ctx, "[]", 0, "does not begin with '{'");
    refused(ctx, " {}", 0, "does not begin with '{'");
    refused(ctx, "", 0, "does not begin with '{'");
    refused(ctx, "{\"a\":}", 0, "in the header: ");
    refused(ctx, "{} x", 0, "in the header: ");
    refused(ctx, "{\"a\":1}", 0, "not described by an object");
    refused(ctx, "{\"a\":{}}", 0, "no \"dtype\"");
    refused(ctx, "{\"a\":{\"dtype\":4}}", 0, "no \"dtype\"");
    refused(ctx, "{\"a\":{\"dtype\":\"F31\"}}", 0, "unknown dtype \"F31\"");
    refused(ctx, "{\"a\":{\"dtype\":\"F32\"}}", 0, "no list \"shape\"");
    refused(ctx, "{\"a\":{\"dtype\":\"F32\",\"shape\":4}}", 0, "no list \"shape\"");
    refused(ctx, "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "data_offsets");
    refused(ctx, "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", 4,
            "data_offsets");
    refused(ctx, "{" T("a", "[1,1,1,1,1,1,1,1,1]", 0, 4) "}", 4, "9 dimensions");
    refused(ctx, "{" T("a", "[-1]", 0, 4) "}", 4, "no whole number");
    refused(ctx, "{" T("a", "[1.5]", 0, 4) "}", 4, "no whole number");
    refused(ctx, "{" T("a", "[1e300]", 0, 4) "}", 4, "no whole number");
    refused(ctx, "{" T("a", "[\"1\"]", 0, 4) "}", 4, "no whole number");
    refused(ctx, "{" T("a", "[4294967296,4294967296]", 0, 4) "}", 4, "larger than any memory");
    refused(ctx, "{" T("a", "[4611686018427387904,4]", 0, 0) "}", 0, "no whole number");
    refused(ctx, "{" T("a", "[9007199254740992,2048]", 0, 0) "}", 0, "larger than any memory");
    refused(ctx, "{" T("a", "[9007199254740992,512]", 0, 0) "}", 0, "does not fit its 0 bytes");
    refused(ctx, "{" T("a", "[1]", -4, 0) "}", 4, "data_offsets");
    refused(ctx, "{" T("a", "[1]", 4, 0) "}", 4, "data_offsets");
    refused(ctx, "{" T("a", "[1]", 0.5, 4.5) "}", 4, "data_offsets");
    refused(ctx, "{" T("a", "[1]", 0, 1e19) "}", 4, "data_offsets");
    refused(ctx, "{" T("a", "[1]", 0, 4) "}", 3, "cut short");
    refused(ctx, "{" T("a", "[2]", 0, 4) "}", 4, "F32 2 does not fit its 4 bytes");
    refused(ctx, "{" T("a", "[1]", 0, 8) "}", 8, "does not fit its 8 bytes");
    refused(ctx, "{" T("a", "[1]", 0, 4) "}", 5, "last 1 bytes belong to no tensor");
    refused(ctx, "{" T("a", "[1]", 4, 8) "}", 8, "4 bytes before tensor 'a' belong to no tensor");
    refused(ctx, "{" T("a", "[1]", 0, 4) "," T("b", "[1]", 0, 4) "}", 4, "'a' and 'b' overlap");
    refused(ctx, "{" T("a", "[2]", 0, 8) "," T("b", "[1]", 4, 8) "}", 8, "overlap");
    refused(ctx, "{" T("a", "[1]", 0, 4) "," T("a", "[1]", 4, 8) "}", 8, "'a' is there twice");
    refused(ctx, "{\"__metadata__\":[]}", 0, "not an object of texts");
    refused(ctx, "{\"__metadata__\":{\"a\":1}}", 0, "not a text");
    refused(ctx, "{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}", 0, "twice");
    refused(ctx, "{\"__metadata__\":{},\"__metadata__\":{}}", 0, "__metadata__ is there twice");
    refused(ctx, "{\"\xff\":1}", 0, "not UTF-8");
    refused(ctx, "{\"\xc0\x80\":1}", 0, "not UTF-8");
    refused(ctx, "{\"\xed\xa0\x80\":1}", 0, "not UTF-8");
    refused(ctx, "{\"\xf4\x90\x80\x80\":1}", 0, "not UTF-8");
    refused(ctx, "{\"\xe2\x82", 0, "not UTF-8");
}

static void refuses_headers_that_are_none(void **state) {
    fv_context *ctx = *state;
    fv_tensor_file st;
    for (size_t size = 0; size < 8; size++) {
        uint8_t *f = calloc(1, size + 1);
        assert_int_equal(fv__safetensors_parse(ctx, "x", f, size, &st), FV_BAD_INPUT);
        assert_non_null(strstr(ctx->message, "too short"));
        free(f);
    }
    static const uint64_t lengths[] = {3,          100,           1u << 31, UINT64_C(1) << 63,
                                       UINT64_MAX, UINT64_MAX - 7};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        size_t size;
        uint8_t *f = file_of("{}", 2, 0, &size);
        for (int k = 0; k < 8; k++) f[k] = (uint8_t)(lengths[i] >> (8 * k));
        assert_int_equal(fv__safetensors_parse(ctx, "x", f, size, &st), FV_BAD_INPUT);
        assert_non_null(strstr(ctx->message, "announces a header"));
        free(f);
    }
    /* longer than is sensible, though it is there: refused before it is parsed */
    size_t size, length = ((size_t)16 << 20) + 1;
    char *header = malloc(length);
    assert_non_null(header);
    memset(header, ' ', length);
    header[0] = '{';
    header[length - 1] = '}';
    uint8_t *f = file_of(header, length, 0, &size);
    assert_int_equal(fv__safetensors_parse(ctx, "x", f, size, &st), FV_BAD_INPUT);
    assert_non_null(strstr(ctx->message, "too long"));
    free(f);
    /* nested deeper than anyone means */
    memset(header, '[', 100000);
    memcpy(header, "{\"a\":", 5);
    f = file_of(header, 100000, 0, &size);
    assert_int_equal(fv__safetensors_parse(ctx, "x", f, size, &st), FV_BAD_INPUT);
    free(f);
    free(header);
    assert_int_equal(fv__safetensors_open(ctx, "not-there.safetensors", &st), FV_BAD_INPUT);
    assert_non_null(strstr(ctx->message, "not-there.safetensors"));
}

static const char whole[] = "{\"__metadata__\":{\"net\":\"a\\nb\",\"k\xc3\xa4se\":\"\"}," T(
    "conv1.weight", "[2,1,3]", 0, 24) "," T("conv1.bias", "[2]", 24, 32) "," T("x", "[]", 32,
                                                                               36) "}  ";

static void refuses_every_truncation(void **state) {
    fv_context *ctx = *state;
    size_t size;
    uint8_t *f = file_of(whole, sizeof whole - 1, 36, &size);
    fv_tensor_file st;
    assert_int_equal(fv__safetensors_parse(ctx, "x", f, size, &st), FV_OK);
    fv__tensor_file_close(&st);
    for (size_t cut = 0; cut < size; cut++) {
        uint8_t *part = malloc(cut ? cut : 1);
        memcpy(part, f, cut);
        assert_int_equal(fv__safetensors_parse(ctx, "x", part, cut, &st), FV_BAD_INPUT);
        free(part);
        /* the same with a length that was adapted to what is there */
        if (cut < 10 || cut >= 8 + sizeof whole - 1) continue;
        part = file_of(whole, cut - 8, 0, &(size_t){0});
        assert_int_equal(fv__safetensors_parse(ctx, "x", part, cut, &st), FV_BAD_INPUT);
        free(part);
    }
    free(f);
}

/* Every byte changed in eight ways: refused or taken, but never read beyond the end. */
static void survives_changed_bytes(void **state) {
    fv_context *ctx = *state;
    size_t size, taken_count = 0;
    uint8_t *f = file_of(whole, sizeof whole - 1, 36, &size);
    for (size_t at = 0; at < size; at++) {
        for (int bit = 0; bit < 8; bit++) {
            fv_tensor_file st;
            f[at] ^= (uint8_t)(1 << bit);
            if (fv__safetensors_parse(ctx, "x", f, size, &st) == FV_OK) {
                float out[9];
                for (size_t i = 0; i < st.count; i++) {
                    if (st.entries[i].bytes <= sizeof out &&
                        fv__tensor_file_floats(ctx, &st.entries[i], out) == FV_OK)
                        taken_count++;
                }
                fv__tensor_file_close(&st);
            } else {
                assert_int_equal(ctx->status, FV_BAD_INPUT);
            }
            f[at] ^= (uint8_t)(1 << bit);
        }
    }
    assert_true(taken_count > 0);
    free(f);
}

static fv_status floats(fv_context *ctx, const char *dtype, const void *data, size_t bytes,
                        float *out) {
    /* one byte further, so that nothing is aligned */
    uint8_t *odd = malloc(bytes + 1);
    memcpy(odd + 1, data, bytes);
    const fv_tensor_entry e = {.name = "w",
                               .type = fv__file_type(dtype),
                               .shape = fv__shape1(1),
                               .data = odd + 1,
                               .bytes = bytes};
    fv_status status = fv__tensor_file_floats(ctx, &e, out);
    free(odd);
    return status;
}

static uint32_t bits_of(float f) {
    uint32_t u;
    memcpy(&u, &f, sizeof u);
    return u;
}

static void converts_exactly(void **state) {
    fv_context *ctx = *state;
    float out[2];
    for (uint32_t h = 0; h < 65536; h++) {
        uint8_t le[2] = {(uint8_t)h, (uint8_t)(h >> 8)};
        assert_int_equal(floats(ctx, "F16", le, 2, out), FV_OK);
        int exponent = (int)(h >> 10 & 31), fraction = (int)(h & 1023);
        double want = exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24);
        if (exponent == 31) {
            assert_true(fraction ? isnan(out[0]) : isinf(out[0]));
        } else {
            assert_true((double)fabsf(out[0]) == want);
        }
        assert_int_equal(signbit(out[0]) != 0, h >> 15);
        assert_int_equal(floats(ctx, "BF16", le, 2, out), FV_OK);
        assert_int_equal(bits_of(out[0]), h << 16);
    }
    /* 1, -2, the largest, the smallest, infinity, a NaN with its payload */
    static const uint32_t values[] = {0x3f800000, 0xc0000000, 0x7f7fffff,
                                      0x00000001, 0xff800000, 0x7fc12345};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        uint8_t le[4];
        for (int k = 0; k < 4; k++) le[k] = (uint8_t)(values[i] >> (8 * k));
        assert_int_equal(floats(ctx, "F32", le, 4, out), FV_OK);
        assert_int_equal(bits_of(out[0]), values[i]);
    }
    /* 0.1 rounded to float, pi, 1e300: infinity */
    static const uint8_t doubles[3][8] = {{0x9a, 0x99, 0x99, 0x99, 0x99, 0x99, 0xb9, 0x3f},
                                          {0x18, 0x2d, 0x44, 0x54, 0xfb, 0x21, 0x09, 0x40},
                                          {0x9c, 0x75, 0x00, 0x88, 0x3c, 0xe4, 0x37, 0x7e}};
    assert_int_equal(floats(ctx, "F64", doubles, 16, out), FV_OK);
    assert_true(out[0] == 0.1f && out[1] == 3.14159265f);
    assert_int_equal(floats(ctx, "F64", doubles[2], 8, out), FV_OK);
    assert_true(isinf(out[0]));
    assert_int_equal(floats(ctx, "I64", doubles, 8, out), FV_BAD_INPUT);
    assert_non_null(strstr(ctx->message, "'w' is of dtype I64; weights are"));
}

static fv_status write_two(fv_context *ctx, const char *path, const char *first,
                           const char *second) {
    static const float w[6] = {1, 2, 3, 4, 5, 6}, b[2] = {-1, 0.1f};
    fv_st_tensor t[] = {{first, {3, {2, 1, 3}}, w, FV_F32},
                        {second, {1, {2}}, b, FV_F32},
                        {"e", {2, {0, 4}}, NULL, FV_F32}};
    fv_st_meta m[] = {{"z", "first\nline \"two\"\t\\"}, {"a", "\x01 k\xc3\xa4se \xf0\x9f\x90\x88"}};
    return fv__safetensors_write(ctx, path, t, 3, m, 2);
}

static void writes_what_it_reads(void **state) {
    fv_context *ctx = *state;
    fv_bytes a, b;
    assert_int_equal(write_two(ctx, "a.safetensors", "conv1.weight", "b\"\xe2\x82\xac"), FV_OK);
    assert_int_equal(write_two(ctx, "b.safetensors", "conv1.weight", "b\"\xe2\x82\xac"), FV_OK);
    assert_int_equal(fv__file_read(ctx, "a.safetensors", 0, &a), FV_OK);
    assert_int_equal(fv__file_read(ctx, "b.safetensors", 0, &b), FV_OK);
    assert_int_equal(a.size, b.size);
    assert_memory_equal(a.data, b.data, a.size);
    assert_int_equal(a.data[0] % 8, 0);    /* the header's length */
    assert_int_equal((a.size - 8) % 8, 0); /* 32 bytes of data here */
    assert_memory_equal(a.data + 8, "{\"__metadata__\":{\"z\":", 21);
    fv__file_release(&a);
    fv__file_release(&b);

    fv_tensor_file st;
    assert_int_equal(fv__safetensors_open(ctx, "a.safetensors", &st), FV_OK);
    assert_int_equal(st.count, 3);
    assert_string_equal(fv__json_string(st.metadata, "z", ""), "first\nline \"two\"\t\\");
    assert_string_equal(fv__json_string(st.metadata, "a", ""), "\x01 k\xc3\xa4se \xf0\x9f\x90\x88");
    assert_string_equal(st.metadata->child->name, "z");
    const fv_tensor_entry *e = fv__tensor_file_find(&st, "b\"\xe2\x82\xac");
    float out[6];
    assert_non_null(e);
    assert_int_equal(fv__tensor_file_floats(ctx, e, out), FV_OK);
    assert_true(out[0] == -1 && out[1] == 0.1f);
    e = fv__tensor_file_find(&st, "conv1.weight");
    assert_non_null(e);
    assert_int_equal(e->shape.rank, 3);
    assert_int_equal(e->shape.dim[2], 3);
    assert_null(fv__tensor_file_find(&st, "conv1.weigh"));
    assert_null(fv__tensor_file_find(&st, ""));
    assert_int_equal(fv__tensor_file_find(&st, "e")->bytes, 0);
    fv__tensor_file_close(&st);
}

static void refuses_to_write_nonsense(void **state) {
    fv_context *ctx = *state;
    assert_int_equal(write_two(ctx, "c.safetensors", "a", "a"), FV_USAGE);
    assert_non_null(strstr(ctx->message, "called 'a'"));
    assert_int_equal(write_two(ctx, "c.safetensors", "a", "\xff"), FV_USAGE);
    assert_int_equal(write_two(ctx, "c.safetensors", "__metadata__", "b"), FV_USAGE);
    fv_st_meta twice[] = {{"a", ""}, {"a", ""}}, latin[] = {{"a", "k\xe4se"}};
    assert_int_equal(fv__safetensors_write(ctx, "c.safetensors", NULL, 0, twice, 2), FV_USAGE);
    assert_int_equal(fv__safetensors_write(ctx, "c.safetensors", NULL, 0, latin, 1), FV_USAGE);
    fv_st_tensor huge = {"a", {2, {INT64_MAX, INT64_MAX}}, NULL, FV_F32};
    assert_int_equal(fv__safetensors_write(ctx, "c.safetensors", &huge, 1, NULL, 0), FV_USAGE);
    assert_false(fv__file_exists("c.safetensors"));
    assert_int_equal(write_two(ctx, "no/such/folder/c.safetensors", "a", "b"), FV_FAILED);
    assert_non_null(strstr(ctx->message, "no/such/folder"));
}

static void finds_among_many(void **state) {
    enum { N = 3000 };
    fv_context *ctx = *state;
    static char names[N][16];
    static fv_st_tensor t[N];
    static float values[N];
    for (int i = 0; i < N; i++) {
        snprintf(names[i], sizeof names[i], "t%d", i * 7919 % N);
        values[i] = (float)i;
        t[i] = (fv_st_tensor){names[i], fv__shape1(1), &values[i], FV_F32};
    }
    assert_int_equal(fv__safetensors_write(ctx, "many.safetensors", t, N, NULL, 0), FV_OK);
    fv_tensor_file st;
    assert_int_equal(fv__safetensors_open(ctx, "many.safetensors", &st), FV_OK);
    for (int i = 0; i < N; i++) {
        float v;
        const fv_tensor_entry *e = fv__tensor_file_find(&st, names[i]);
        assert_non_null(e);
        assert_int_equal(fv__tensor_file_floats(ctx, e, &v), FV_OK);
        assert_true(v == values[i]);
        assert_string_equal(st.entries[i].name, names[i]); /* in the order given */
    }
    fv__tensor_file_close(&st);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_is_right),
        cmocka_unit_test(refuses_what_lies),
        cmocka_unit_test(refuses_headers_that_are_none),
        cmocka_unit_test(refuses_every_truncation),
        cmocka_unit_test(survives_changed_bytes),
        cmocka_unit_test(converts_exactly),
        cmocka_unit_test(writes_what_it_reads),
        cmocka_unit_test(refuses_to_write_nonsense),
        cmocka_unit_test(finds_among_many),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
