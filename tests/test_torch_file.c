/* SPDX-License-Identifier: MIT */
/*
 * test_torch_file.c - PyTorch's files of both forms: what is read, that nothing else is, and that
 * whatever is wrong with one is said in words.
 */
#include "format/torch_file.h"
#include "format/pickle.h"
#include "torch_writer.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static fv_context *ctx;

static int setup(void **state) {
    (void)state;
    return (int)fv_context_new(1, &ctx);
}

static int teardown(void **state) {
    (void)state;
    fv_context_free(ctx);
    return 0;
}

/* ------------------------------------------------------------------------------- good files --- */

static const float numbers[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
static const int64_t steps[1] = {77};
static const uint16_t halves[2] = {0x3c00, 0xc000}; /* 1, -2 */
static const torch_storage storages[] = {{"0", numbers, sizeof numbers, 12},
                                         {"17", steps, sizeof steps, 1},
                                         {"2", halves, sizeof halves, 2}};
static const torch_tensor tensors[] = {
    {"conv1.weight", "FloatStorage", &storages[0], 0, 2, {3, 4}, {4, 1}},
    {"turned", "FloatStorage", &storages[0], 0, 2, {4, 3}, {1, 4}},
    {"moved", "FloatStorage", &storages[0], 0, 3, {3, 2, 2}, {1, 6, 3}},
    {"part", "FloatStorage", &storages[0], 5, 2, {2, 2}, {4, 2}},
    {"again", "FloatStorage", &storages[0], 11, 1, {3}, {0}},
    {"step", "LongStorage", &storages[1], 0, 0, {0}, {0}},
    {"half", "HalfStorage", &storages[2], 0, 1, {2}, {1}},
    {"empty", "FloatStorage", &storages[0], 12, 2, {0, 3}, {3, 1}},
};
enum { COUNT = sizeof tensors / sizeof *tensors, STORAGES = 3 };

static void whole(fv_text *out, int form, const fv_text *pickle) {
    *out = (fv_text){0};
    if (form == 2)
        torch_legacy(out, pickle, storages, STORAGES);
    else
        torch_zip(out, pickle, storages, STORAGES, form == 1);
    assert_false(out->failed);
}

static void sample(fv_text *out, int form) {
    fv_text pickle = {0};
    torch_pickle(&pickle, tensors, COUNT);
    whole(out, form, &pickle);
    fv__text_free(&pickle);
}

/* The numbers of all entries, each of whose bytes is so read; their sum. */
static double read_all(const fv_tensor_file *file) {
    double sum = 0;
    for (size_t i = 0; i < file->count; i++) {
        const fv_tensor_entry *e = &file->entries[i];
        const size_t n = e->bytes / e->type->bytes;
        float *out = malloc((n + 1) * sizeof *out);
        assert_non_null(out);
        if (fv__tensor_file_floats(ctx, e, out) == FV_OK)
            for (size_t k = 0; k < n; k++) sum += out[k];
        free(out);
    }
    return sum;
}

static void holds(const fv_tensor_file *file, const char *name, const float *wanted, size_t n) {
    float got[12];
    const fv_tensor_entry *e = fv__tensor_file_find(file, name);
    assert_non_null(e);
    assert_int_equal(e->bytes / e->type->bytes, n);
    assert_int_equal(fv__tensor_file_floats(ctx, e, got), FV_OK);
    assert_memory_equal(got, wanted, n * sizeof *got);
}

static void both_forms_are_read(void **state) {
    (void)state;
    for (int form = 0; form < 3; form++) {
        fv_text bytes;
        fv_tensor_file file;
        float one;
        sample(&bytes, form);
        assert_true(fv__torch_recognise((const uint8_t *)bytes.data, bytes.length));
        if (fv__torch_parse(ctx, "good", bytes.data, bytes.length, &file) != FV_OK)
            fail_msg("form %d: %s", form, ctx->message);
        assert_int_equal(file.count, COUNT);
        for (size_t i = 0; i < COUNT; i++)
            assert_string_equal(file.entries[i].name, tensors[i].name); /* in their order */
        holds(&file, "conv1.weight", numbers, 12);
        holds(&file, "turned", (const float[]){0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11}, 12);
        holds(&file, "moved", (const float[]){0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11}, 12);
        holds(&file, "part", (const float[]){5, 7, 9, 11}, 4);
        holds(&file, "again", (const float[]){11, 11, 11}, 3);
        holds(&file, "half", (const float[]){1, -2}, 2);
        holds(&file, "empty", numbers, 0);
        const fv_tensor_entry *step = fv__tensor_file_find(&file, "step");
        assert_string_equal(step->type->name, "I64");
        assert_int_equal(step->shape.rank, 0);
        assert_int_equal(step->data[0], 77);
        assert_int_equal(fv__tensor_file_floats(ctx, step, &one), FV_BAD_INPUT);
        assert_int_equal(fv__tensor_file_find(&file, "turned")->strided, true);
        assert_int_equal(fv__tensor_file_find(&file, "conv1.weight")->strided, false);
        fv__tensor_file_close(&file);
        fv__text_free(&bytes);
    }
}

/* The names in a file around a pickle, "a b c", or what is said of it. */
static const char *names_of(int form, const fv_text *pickle, fv_status *status) {
    static char names[FV_MESSAGE_MAX];
    fv_text bytes;
    fv_tensor_file file;
    whole(&bytes, form, pickle);
    *status = fv__torch_parse(ctx, "file", bytes.data, bytes.length, &file);
    snprintf(names, sizeof names, "%s", *status == FV_OK ? "" : ctx->message);
    for (size_t i = 0; *status == FV_OK && i < file.count; i++) {
        strcat(names, i ? " " : "");
        strcat(names, file.entries[i].name);
    }
    if (*status == FV_OK) {
        read_all(&file);
        fv__tensor_file_close(&file);
    }
    fv__text_free(&bytes);
    return names;
}

/* What is read of a pickle given in pieces; "@" stands for a tensor. */
static void reads(const char *pickle, const char *wanted) {
    fv_text text = {0};
    fv_status status;
    fv__text_add(&text, "\x80\x02");
    for (const char *c = pickle; *c; c++)
        if (*c == '@')
            torch_value(&text, &tensors[0]);
        else
            fv__text_addn(&text, c, 1);
    fv__text_add(&text, ".");
    const char *got = names_of(0, &text, &status);
    if (!strstr(got, wanted) || (status == FV_OK && strcmp(got, wanted) != 0))
        fail_msg("%s\n  gave: %s\n  wanted: %s", pickle, got, wanted);
    fv__text_free(&text);
}

static void other_things_are_passed_over(void **state) {
    (void)state;
    /* strings of Python 2, keys that are numbers, lists; what is no tensor */
    reads("}(U\1a@U\1bK\1U\1cNu", "a");
    reads("}(K\5@U\1b](@@eu", "5 b.0 b.1");
    reads("}(U\1a}(U\1b@U\1c(@U\1dtuu", "a.b a.c.0");
    reads("@", "tensor");
    /* of a checkpoint the state dictionary */
    reads("}(U\5epochK\3U\4best@U\nstate_dict}(U\1w@uU\1o}(U\1m@uu", "w");
    reads("}(U\5model}(U\1w@uU\4argscargparse\nNamespace\n)\x81}(U\2lrK\1ubu", "w");
    reads("}(U\3acccnumpy._core.multiarray\nscalar\ncnumpy\ndtype\nU\2f8\x85RU\1x\x86RU\1w@u", "w");
    /* a parameter around a tensor; what Python 2 makes of an OrderedDict */
    reads("}(U\1pctorch._utils\n_rebuild_parameter\n(@\x88}tRu", "p");
    reads("ccollections\nOrderedDict\n](](U\1a@e](U\1b@ee\x85R", "a b");
    /* memo: what was kept is used again */
    reads("}q\1(U\1aq\2@q\3U\1bh\3u", "a b");
}

static void storages_may_be_pieces_of_others(void **state) {
    (void)state;
    static const char text[] =
        "\x80\x02}U\1actorch._utils\n_rebuild_tensor\n((U\7storagectorch.cuda\nFloatStorage\n"
        "U\1"
        "0U\3cpuK\x0c(U\1vK%cK%ctt"
        "QK\0K\3\x85K\1\x85tRs.";
    static const torch_storage only[] = {{"0", numbers, sizeof numbers, 12}};
    for (int begin = 8; begin <= 10; begin++) {
        fv_text pickle = {0}, bytes = {0};
        fv_tensor_file file;
        for (const char *c = text, *end = text + sizeof text - 1, *n = text; c < end; c++) {
            const bool hole = c[0] == '%' && c[1] == 'c';
            const char value = n == text ? (char)begin : 3;
            fv__text_addn(&pickle, hole ? &value : c, 1);
            if (hole) n = ++c;
        }
        torch_legacy(&bytes, &pickle, only, 1);
        const fv_status status = fv__torch_parse(ctx, "piece", bytes.data, bytes.length, &file);
        if (begin <= 9) {
            if (status != FV_OK) fail_msg("%s", ctx->message);
            holds(&file, "a", numbers + begin, 3);
            fv__tensor_file_close(&file);
        } else {
            assert_int_equal(status, FV_BAD_INPUT);
            assert_non_null(strstr(ctx->message, "lies outside of it"));
        }
        fv__text_free(&pickle);
        fv__text_free(&bytes);
    }
}

/* ------------------------------------------------------------------------------ what is refused
 * --- */

static void nothing_is_run(void **state) {
    (void)state;
    reads("}(U\1acos\nsystem\nU\2id\x85Ru",
          "this file wants to run os.system; Fovea reads tensors");
    reads("c__builtin__\neval\n", "wants to run __builtin__.eval");
    reads("ctorch.storage\n_load_from_bytes\n", "wants to run torch.storage._load_from_bytes");
    reads("ctorch.nn.modules.linear\nLinear\n)\x81}b",
          "wants to run torch.nn.modules.linear.Linear");
    reads("ctorch\nFloatStorage", "ends early");
}

/* The operations that the reader knows; every other byte is refused by name. */
static void other_operations_are_refused(void **state) {
    (void)state;
    static const char known[] = "\x80N\x88\x89KMJ\x8aGXUT()\x85\x86\x87t]ae}suqrhjcR\x81"
                                "bQ.";
    for (int code = 0; code < 256; code++) {
        char words[64];
        fv_text text = {0};
        fv_status status;
        const char c = (char)code;
        fv__text_add(&text, "\x80\x02");
        fv__text_addn(&text, &c, 1);
        fv__text_addn(&text, "\0\0\0\0\0\0\0\0\0\n\n.", 12);
        snprintf(words, sizeof words, "byte 2 of its pickle is an operation (0x%02x)", code);
        const char *got = names_of(0, &text, &status);
        assert_int_equal(status, FV_BAD_INPUT);
        if (!memchr(known, code, sizeof known - 1) != !!strstr(got, words))
            fail_msg("0x%02x: %s", (unsigned)code, got);
        fv__text_free(&text);
    }
    reads("\x80\4", "a pickle of protocol 4");
}

static void pickles_that_lie_are_refused(void **state) {
    (void)state;
    reads("}(U\1aK\1U\1bu", "put into what cannot hold them");
    reads("K\1K\2s", "put into what cannot hold them");
    reads("]K\1K\2s", "put into what cannot hold them");
    reads("u", "no mark");
    reads("K\1(K\2\x86", "too few values");
    reads("\x85", "too few values");
    reads("(t", "holds no tensors");
    reads("K\1K\2", "left over");
    reads("", "no value to work on");
    reads("(", "no value to work on");
    reads("h\5", "under which nothing is kept");
    reads("}q\7", "memo that is out of range");
    reads("}r\xff\xff\xff\xff", "memo that is out of range");
    reads("q\1", "nothing is there to be remembered");
    reads("K\1)R", "a call of what is no name");
    reads("ccollections\nOrderedDict\nK\1R", "a call of what is no name");
    reads("ccollections\nOrderedDict\nK\1\x85R", "no list of pairs");
    reads("ccollections\nOrderedDict\n]K\1a\x85R", "no list of pairs");
    reads("K\1}b", "attributes are given");
    reads("\x8a\x09"
          "123456789",
          "more than 64 bits");
    reads("X\xff\xff\xff\xff"
          "abc",
          "ends early");
    reads("U\1a}Qs", "values are put into");
    reads("}U\1aK\1Qs", "no storage of numbers");
    reads("]q\1h\1a", "holds itself");
    reads("}q\1U\1ah\1s", "'a' in it holds itself");
    reads("}(U\1a@U\1a@u", "is there twice");
    reads("}(U\1\xff@u", "not UTF-8");
    reads("}(U\1"
          "actorch._utils\n_rebuild_parameter\n)Ru",
          "holds no tensors");
}

/* The tensor of a pickle with one thing changed. */
static void bad_tensor(torch_tensor t, const char *words) {
    fv_text pickle = {0};
    fv_status status;
    torch_pickle(&pickle, &t, 1);
    const char *got = names_of(0, &pickle, &status);
    if (status != FV_BAD_INPUT || !strstr(got, words)) fail_msg("%s\n  wanted: %s", got, words);
    fv__text_free(&pickle);
}

static void tensors_that_lie_are_refused(void **state) {
    (void)state;
    const torch_storage *s = &storages[0];
    static const torch_storage large = {"0", numbers, sizeof numbers, 13},
                               huge = {"0", numbers, sizeof numbers, INT64_MAX},
                               minus = {"0", numbers, sizeof numbers, -1},
                               nowhere = {"9", numbers, sizeof numbers, 12};
    const char *f = "FloatStorage", *outside = "reaches outside of its storage",
               *room = "more numbers than the file has room for";
    bad_tensor((torch_tensor){"a", f, s, 0, 1, {13}, {1}}, outside);
    bad_tensor((torch_tensor){"a", f, s, 1, 1, {12}, {1}}, outside);
    bad_tensor((torch_tensor){"a", f, s, 13, 1, {0}, {1}}, outside);
    bad_tensor((torch_tensor){"a", f, s, INT64_MAX, 1, {2}, {1}}, room);
    bad_tensor((torch_tensor){"a", f, s, -1, 1, {2}, {1}}, outside);
    bad_tensor((torch_tensor){"a", f, s, 0, 2, {2, 2}, {INT64_MAX, INT64_MAX}}, room);
    bad_tensor((torch_tensor){"a", f, s, 0, 2, {3, 2}, {(int64_t)1 << 62, 1}}, room);
    bad_tensor((torch_tensor){"a", f, s, 0, 2, {(int64_t)1 << 32, (int64_t)1 << 32}, {0, 0}}, room);
    bad_tensor((torch_tensor){"a", f, s, 0, 1, {1000000}, {0}}, room);
    bad_tensor((torch_tensor){"a", f, s, 0, 1, {-1}, {1}}, "dimensions that are no whole numbers");
    bad_tensor((torch_tensor){"a", f, s, 11, 1, {2}, {-1}}, "strides that are no whole numbers");
    bad_tensor((torch_tensor){"a", f, &large, 0, 1, {2}, {1}}, "should have 13 numbers of F32");
    bad_tensor((torch_tensor){"a", f, &huge, 0, 1, {2}, {1}}, "should have 9223372036854775807");
    bad_tensor((torch_tensor){"a", f, &minus, 0, 1, {2}, {1}}, "no storage of numbers");
    bad_tensor((torch_tensor){"a", f, &nowhere, 0, 1, {2}, {1}}, "storage '9' should have");
    bad_tensor((torch_tensor){"a", "DoubleStorage", s, 0, 1, {2}, {1}}, "numbers of F64");
    bad_tensor((torch_tensor){"a", "QInt8Storage", s, 0, 1, {2}, {1}}, "torch.QInt8Storage");
    /* nine dimensions; strides of another number; none */
    static const char tensor[] = "ctorch._utils\n_rebuild_tensor_v2\n((U\7storagectorch\n"
                                 "FloatStorage\nU\1"
                                 "0U\3cpuK\x0ctQK\1%stR";
    static const struct {
        const char *shape, *words;
    } shapes[] = {{"(K\1K\1K\1K\1K\1K\1K\1K\1K\1t)", "has 9 dimensions; at most 8"},
                  {"K\1\x85)", "1 dimensions and 0 strides"},
                  {"NN", "has no dimensions"},
                  {"U\1a\x85K\1\x85", "no whole numbers"},
                  {"", "no storage and no offset"}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        char text[256];
        snprintf(text, sizeof text, tensor, shapes[i].shape);
        reads(text, shapes[i].words);
    }
}

/* ------------------------------------------------------------------------------------ limits ---
 */

/* A pickle of `n` times a piece between a head and a tail. */
static void many(const char *head, const char *piece, size_t n, const char *tail,
                 const char *words) {
    fv_text text = {0};
    fv_status status;
    fv__text_add(&text, head);
    for (size_t i = 0; i < n; i++) fv__text_add(&text, piece);
    fv__text_add(&text, tail);
    const char *got = names_of(0, &text, &status);
    if (!strstr(got, words)) fail_msg("%zu times %s gave: %.200s", n, piece, got);
    fv__text_free(&text);
}

static void memory_and_depth_are_limited(void **state) {
    (void)state;
    many("\x80\2", "(", 1 << 20, ".", "too many values wait");
    many("\x80\2)", "\x85", 1 << 20, ".", "more than Fovea takes memory for");
    many("\x80\2)", "\x85", 100000, ".", "nested more than 32 deep");
    many("\x80\2}", "U\1a}", 1000, ".", "left over");
    char tail[102]; /* puts 100 dictionaries into each other */
    memset(tail, 's', 100);
    strcpy(tail + 100, ".");
    many("\x80\2}", "U\1a}", 100, tail, "nested more than 32 deep");
    /* thirty pairs of the pair before: a billion things */
    fv_text text = {0};
    fv_status status;
    fv__text_add(&text, "\x80\2]");
    for (int i = 0; i < 30; i++) {
        fv__text_add(&text, i ? "\x86q" : "q");
        fv__text_addn(&text, (const char[]){(char)i}, 1);
        fv__text_add(&text, "h");
        fv__text_addn(&text, (const char[]){(char)i}, 1);
    }
    fv__text_add(&text, "\x86.");
    assert_non_null(strstr(names_of(0, &text, &status), "holds too many things"));
    fv__text_free(&text);
    /* one long name for many things */
    char name[600] = "";
    memset(name, 'n', 599);
    fv__text_add(&text, "\x80\2}(");
    torch_text(&text, name);
    torch_value(&text, &tensors[0]);
    fv__text_add(&text, "u.");
    assert_non_null(strstr(names_of(0, &text, &status), "longer than 512 bytes"));
    fv__text_free(&text);
}

/* ---------------------------------------------------------------------------------- damage --- */

static void try_bytes(const char *bytes, size_t size) {
    /* a block of its own, so that a sanitizer sees the first byte behind it */
    char *own = malloc(size ? size : 1);
    fv_tensor_file file;
    assert_non_null(own);
    memcpy(own, bytes, size);
    ctx->message[0] = '\0';
    const fv_status status = fv__torch_parse(ctx, "damaged", own, size, &file);
    if (status == FV_OK) {
        read_all(&file);
        fv__tensor_file_close(&file);
    } else if (status != FV_BAD_INPUT || !ctx->message[0]) {
        fail_msg("status %d, '%s'", (int)status, ctx->message);
    }
    free(own);
}

static void damage_does_no_harm(void **state) {
    (void)state;
    for (int form = 0; form < 3; form++) {
        fv_text bytes;
        sample(&bytes, form);
        for (size_t i = 0; i < bytes.length; i++) {
            static const char masks[] = {1, (char)0x80, (char)0xff, 0x20};
            for (size_t k = 0; k < sizeof masks; k++) {
                bytes.data[i] = (char)(bytes.data[i] ^ masks[k]);
                try_bytes(bytes.data, bytes.length);
                bytes.data[i] = (char)(bytes.data[i] ^ masks[k]);
            }
            try_bytes(bytes.data, i); /* cut here */
            try_bytes(bytes.data + i, bytes.length - i);
        }
        fv__text_free(&bytes);
    }
}

/* The archive with `size` bytes at the last place where `at` stands overwritten, `skip` behind it.
 */
static void bad_archive(int form, const char *at, size_t skip, const char *with, size_t size,
                        const char *words) {
    fv_text bytes;
    fv_tensor_file file;
    const size_t n = strlen(at);
    size_t i;
    sample(&bytes, form);
    for (i = bytes.length - n; memcmp(bytes.data + i, at, n) != 0; i--) assert_true(i > 0);
    memcpy(bytes.data + i + skip, with, size);
    assert_int_equal(fv__torch_parse(ctx, "file", bytes.data, bytes.length, &file), FV_BAD_INPUT);
    if (!strstr(ctx->message, words)) fail_msg("%s\n  wanted: %s", ctx->message, words);
    fv__text_free(&bytes);
}

static void archives_that_lie_are_refused(void **state) {
    (void)state;
    static const char end[] = "PK\5\6", entry[] = "PK\1\2", wide[] = "PK\6\6";
    bad_archive(0, end, 0, "PKxx", 4, "without its end");
    bad_archive(0, end, 10, "\xff\xff", 2, "lies outside of the file"); /* 65,535 files */
    bad_archive(0, end, 16, "\xf0\xff\xff\x7f", 4, "lies outside of the file");
    bad_archive(0, end, 12, "\xf0\xff\xff\x7f", 4, "lies outside of the file");
    bad_archive(0, end, 10, "\1\0", 2, "storage '0' should"); /* the first alone */
    bad_archive(1, "PK\6\7", 8, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, "not where it says");
    bad_archive(1, wide, 48, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, "lies outside of the file");
    bad_archive(1, wide, 32, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, "lies outside of the file");
    bad_archive(0, entry, 28, "\xff\xff", 2, "is cut short");
    bad_archive(0, entry, 0, "PKxx", 4, "list of files is damaged");
    bad_archive(0, entry, 42, "\xf0\xff\xff\x7f", 4, "lies outside of the file"); /* byteorder's */
    bad_archive(0, entry, 10, "\10\0", 2, "is packed");
    bad_archive(0, entry, 8, "\1\0", 2, "is encrypted");
    bad_archive(0, "net/data.pkl", 4, "xxxxxxxx", 8, "no data.pkl in it");
    bad_archive(0, "net/data/0", 9, "2", 1, "two files of one name");
    bad_archive(0, "little", 0, "big", 3, "big-endian");
    bad_archive(2, "\x80\x02M", 3, "\xea", 1, "another protocol than 1001");
    bad_archive(2, "\x88s.", 0, "\x89", 1, "big-endian");
    fv_tensor_file file;
    assert_int_equal(fv__torch_parse(ctx, "x", "BM rather a picture", 19, &file), FV_BAD_INPUT);
    assert_non_null(strstr(ctx->message, "not a file of PyTorch"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_forms_are_read),
        cmocka_unit_test(other_things_are_passed_over),
        cmocka_unit_test(storages_may_be_pieces_of_others),
        cmocka_unit_test(nothing_is_run),
        cmocka_unit_test(other_operations_are_refused),
        cmocka_unit_test(pickles_that_lie_are_refused),
        cmocka_unit_test(tensors_that_lie_are_refused),
        cmocka_unit_test(memory_and_depth_are_limited),
        cmocka_unit_test(damage_does_no_harm),
        cmocka_unit_test(archives_that_lie_are_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
