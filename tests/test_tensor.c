/* SPDX-License-Identifier: MIT */
/*
 * test_tensor.c - shapes, their sizes and names; copies between dtypes and layouts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/random.h"
#include "tensor/tensor.h"

#include <stdlib.h>
#include <string.h>

/* All samples. */
static void convert(const fv_tensor *from, const fv_tensor *to, bool accumulate) {
    fv__tensor_convert(from, to, 0, to->shape.dim[0], accumulate);
}

static void test_shapes(void **state) {
    (void)state;
    char text[FV_SHAPE_TEXT];
    fv_shape map = fv__shape4(2, 64, 224, 200), vector = fv__shape2(8, 4096), bias = fv__shape1(7);
    assert_int_equal(fv__shape_count(&map), 2 * 64 * 224 * 200);
    assert_int_equal(fv__shape_sample(&map), 64 * 224 * 200);
    assert_int_equal(fv__shape_sample(&bias), 1);
    assert_string_equal(fv__shape_text(text, &map), "[224x200x64]");
    assert_string_equal(fv__shape_text(text, &vector), "[4096]");
    assert_string_equal(fv__shape_text(text, &bias), "[1]");
    assert_string_equal(fv__dims_text(text, &map), "2x64x224x200");
    assert_string_equal(fv__dims_text(text, &bias), "7");
    assert_true(fv__shape_equal(&map, &map));
    assert_false(fv__shape_equal(&map, &vector));
    fv_shape other = map;
    other.dim[3] = 1;
    assert_false(fv__shape_equal(&map, &other));
    assert_int_equal(fv__channels(&vector), 4096);
    assert_int_equal(fv__height(&vector), 1);
    assert_int_equal(fv__width(&map), 200);
}

static void test_sizes_that_do_not_fit(void **state) {
    (void)state;
    fv_shape s = fv__shape4(1, INT64_C(1) << 31, INT64_C(1) << 31, 2);
    assert_int_equal(fv__shape_count(&s), -1);
    s = fv__shape4(1, -2, 3, 4);
    assert_int_equal(fv__shape_count(&s), -1);
    s = fv__shape4(0, 3, 4, 5);
    assert_int_equal(fv__shape_count(&s), 0);
    /* the longest names still end */
    fv_shape deep = {FV_RANK_MAX, {0}};
    for (int i = 0; i < FV_RANK_MAX; i++) deep.dim[i] = INT64_MAX;
    char text[FV_SHAPE_TEXT];
    assert_true(strlen(fv__shape_text(text, &deep)) < FV_SHAPE_TEXT);
    assert_int_equal(text[strlen(text) - 1], ']');
    assert_true(strlen(fv__dims_text(text, &deep)) < FV_SHAPE_TEXT);
}

static void test_dtypes(void **state) {
    static const struct {
        fv_dtype dtype;
        size_t bytes;
        const char *name;
    } table[FV_DTYPES] = {{FV_F32, 4, "float32"}, {FV_F64, 8, "float64"},   {FV_F16, 2, "float16"},
                          {FV_I32, 4, "int32"},   {FV_BF16, 2, "bfloat16"}, {FV_I64, 8, "int64"},
                          {FV_I8, 1, "int8"},     {FV_U8, 1, "uint8"},      {FV_BOOL8, 1, "bool"}};
    (void)state;
    for (int i = 0; i < FV_DTYPES; i++) {
        assert_int_equal(fv__dtype_bytes(table[i].dtype), table[i].bytes);
        assert_string_equal(fv__dtype_name(table[i].dtype), table[i].name);
    }
    for (int layout = 0; layout < FV_LAYOUTS; layout++)
        assert_true(strlen(fv__layout_name((fv_layout)layout)) > 4);
}

/* Plain to blocks and back for channel counts around the block's 16, each way and dtype, with
   samples further apart than they are large. What lies between the samples stays as it was. */
static void test_layouts(void **state) {
    (void)state;
    enum { N = 3, H = 3, W = 5, GAP = 7 };
    static const int64_t channels[] = {1, 3, 15, 16, 17, 32, 33};
    fv_key key = fv__key(1, FV_STREAM_CHECK, 0, 0);
    for (size_t k = 0; k < sizeof channels / sizeof *channels; k++) {
        const int64_t c = channels[k], padded = (c + 15) / 16 * 16, hw = H * W;
        const int64_t plain_step = c * hw + GAP, block_step = padded * hw + GAP;
        float *plain = calloc((size_t)(N * plain_step), sizeof *plain);
        double *block = calloc((size_t)(N * block_step), sizeof *block);
        float *back = calloc((size_t)(N * plain_step), sizeof *back);
        for (int64_t i = 0; i < N * plain_step; i++) {
            plain[i] = (float)fv__random_unit(key, (uint64_t)i) + 1;
            back[i] = -7;
        }
        for (int64_t i = 0; i < N * block_step; i++) block[i] = -7;
        fv_shape shape = fv__shape4(N, c, H, W);
        fv_tensor from = {plain, FV_F32, FV_PLAIN, shape, plain_step};
        fv_tensor to = {block, FV_F64, FV_BLOCK16, shape, block_step};
        fv_tensor again = {back, FV_F32, FV_PLAIN, shape, plain_step};
        convert(&from, &to, false);
        convert(&to, &again, false);
        for (int64_t n = 0; n < N; n++) {
            for (int64_t i = 0; i < padded; i++) {
                for (int64_t p = 0; p < hw; p++) {
                    double v = block[n * block_step + (i / 16 * hw + p) * 16 + i % 16];
                    double expected = i < c ? plain[n * plain_step + i * hw + p] : 0;
                    assert_true(v == expected);
                }
            }
            for (int64_t i = 0; i < c * hw; i++) {
                assert_true(back[n * plain_step + i] == plain[n * plain_step + i]);
            }
            for (int64_t i = 0; i < GAP; i++) {
                assert_true(block[n * block_step + padded * hw + i] == -7);
                assert_true(back[n * plain_step + c * hw + i] == -7);
            }
        }
        free(plain);
        free(block);
        free(back);
    }
}

static void test_same_layout(void **state) {
    (void)state;
    float x[6] = {1, 2, 3, 4, 5, 1e30f};
    double y[6] = {0};
    float z[6] = {0};
    int32_t labels[3] = {3, 1, 2}, copied[3] = {0};
    uint8_t bytes[6] = {9, 8, 7, 6, 5, 4}, bytes_copied[6] = {0};
    fv_tensor a = fv__tensor(x, FV_F32, fv__shape2(2, 3));
    fv_tensor b = fv__tensor(y, FV_F64, fv__shape2(2, 3));
    fv_tensor c = fv__tensor(z, FV_F32, fv__shape2(2, 3));
    assert_int_equal(a.step, 3);
    convert(&a, &b, false);
    convert(&b, &c, false);
    for (int i = 0; i < 6; i++) assert_true(y[i] == (double)x[i] && z[i] == x[i]);
    fv_tensor from = fv__tensor(labels, FV_I32, fv__shape1(3));
    fv_tensor to = fv__tensor(copied, FV_I32, fv__shape1(3));
    convert(&from, &to, false);
    assert_memory_equal(labels, copied, sizeof labels);
    from = fv__tensor(bytes, FV_U8, fv__shape2(2, 3));
    to = fv__tensor(bytes_copied, FV_U8, fv__shape2(2, 3));
    convert(&from, &to, false);
    assert_memory_equal(bytes, bytes_copied, sizeof bytes);
    from.data = NULL; /* not there: nothing happens */
    convert(&from, &to, false);
    assert_memory_equal(bytes, bytes_copied, sizeof bytes);
}

/* Every layout to every other, in every type: the same element by its place in the shape. */
static void test_every_pair(void **state) {
    (void)state;
    enum { N = 2, C = 32, PIXELS = 6, STEP = C * PIXELS + 3 };
    const fv_shape shape = fv__shape4(N, C, 2, 3);
    for (int i = 0; i < FV_LAYOUTS * FV_LAYOUTS * FV_DTYPES; i++) {
        const fv_dtype dtype = (fv_dtype)(i % FV_DTYPES);
        const size_t bytes = fv__dtype_bytes(dtype);
        const fv_layout one = (fv_layout)(i / FV_DTYPES % FV_LAYOUTS);
        const fv_layout two = (fv_layout)(i / FV_DTYPES / FV_LAYOUTS);
        unsigned char x[N * STEP * 8], y[N * STEP * 8];
        for (size_t k = 0; k < sizeof x; k++) x[k] = (unsigned char)(k * 7 + k / 256);
        memset(y, 0x5a, sizeof y);
        fv_tensor from = {x, dtype, one, shape, STEP}, to = {y, dtype, two, shape, STEP};
        convert(&from, &to, false);
        for (int64_t n = 0; n < N; n++)
            for (int64_t c = 0; c < C; c++)
                for (int64_t p = 0; p < PIXELS; p++) {
                    const int64_t a = n * STEP + fv__layout_channel(one, C, PIXELS, c) +
                                      p * fv__layout_pixel(one, C);
                    const int64_t b = n * STEP + fv__layout_channel(two, C, PIXELS, c) +
                                      p * fv__layout_pixel(two, C);
                    assert_memory_equal(x + (size_t)a * bytes, y + (size_t)b * bytes, bytes);
                }
        for (size_t k = C * PIXELS * bytes; k < STEP * bytes; k++) assert_int_equal(y[k], 0x5a);
    }
}

/* Only the samples asked for; added to what is there; nothing between types that do not convert. */
static void test_samples_and_sums(void **state) {
    (void)state;
    float x[48], y[48];
    double z[48];
    int32_t whole[48];
    for (int i = 0; i < 48; i++) x[i] = (float)i, y[i] = 100, z[i] = 7, whole[i] = -1;
    const fv_shape shape = fv__shape4(3, 16, 1, 1);
    fv_tensor from = fv__tensor(x, FV_F32, shape), to = fv__tensor(y, FV_F32, shape);
    to.layout = FV_BLOCK16;
    fv__tensor_convert(&from, &to, 1, 2, false);
    for (int i = 0; i < 48; i++) assert_true(y[i] == (i / 16 == 1 ? (float)i : 100));
    fv__tensor_convert(&from, &to, 1, 3, true);
    for (int i = 0; i < 48; i++)
        assert_true(y[i] == (i < 16 ? 100 : i < 32 ? (float)(2 * i) : (float)(100 + i)));
    fv_tensor wide = fv__tensor(z, FV_F64, shape), labels = fv__tensor(whole, FV_I32, shape);
    convert(&from, &wide, true);    /* sums are of one type */
    convert(&from, &labels, false); /* and float is no label */
    for (int i = 0; i < 48; i++) assert_true(z[i] == 7 && whole[i] == -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),           cmocka_unit_test(test_sizes_that_do_not_fit),
        cmocka_unit_test(test_dtypes),           cmocka_unit_test(test_layouts),
        cmocka_unit_test(test_same_layout),      cmocka_unit_test(test_every_pair),
        cmocka_unit_test(test_samples_and_sums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
