/* SPDX-License-Identifier: MIT */
/*
 * test_foreign.c - the tables of PyTorch's and Keras' words say what there is; architectures of
 * Keras that lie are refused and do no harm; programs through the public functions. That programs
 * compute the right thing, and reading too, is for cli_program.py and cli_keras.py.
 */
#include "base/file.h"
#include "base/random.h"
#include "foreign/keras_layers.h"
#include "foreign/writer.h"
#include "lang/lang.h"
#include "public.h"

static const fv_dialect *const dialects[] = {&fv__pytorch, &fv__keras};

/* ---------------------------------------------------------------------------------- tables --- */

static bool computes(const fv_dialect *d, const char *name) {
    for (const fv_computed *c = d->computed; c->name; c++)
        if (strcmp(c->name, name) == 0) return true;
    return false;
}

static void check_ours(const fv_dialect *d, const fv_op *op, const char *ours) {
    if (ours[0] == '!') return;
    if (strncmp(ours, "1-", 2) == 0) ours += 2;
    if (ours[0] == '@' ? !computes(d, ours + 1) : !op->fields || !fv__field_find(op->fields, ours))
        fail_msg("%s, %s: there is no %s", d->title, op->name, ours);
}

static void check_call(const fv_dialect *d, const fv_op *op, const char *call) {
    char name[64];
    for (const char *at = call; (at = strchr(at, '{')) != NULL; at++) {
        const size_t n = strcspn(at, "}");
        assert_int_equal(at[n], '}');
        snprintf(name, sizeof name, "%.*s", (int)n - 1, at + 1);
        if (strcmp(name, "m") == 0 || strcmp(name, "d") == 0 || strcmp(name, "args") == 0 ||
            name[0] == '*' || strncmp(name, "j ", 2) == 0 || (name[0] >= '0' && name[0] <= '9'))
            continue;
        check_ours(d, op, name);
    }
}

static void rows_name_what_there_is(void **state) {
    (void)state;
    for (size_t k = 0; k < sizeof dialects / sizeof *dialects; k++)
        for (const fv_foreign_row *r = dialects[k]->rows; r->op; r++) {
            const char *args = r->args;
            char name[64];
            fv_foreign_arg arg;
            snprintf(name, sizeof name, "%.*s", (int)strcspn(r->op, "/"), r->op);
            const fv_op *op = fv__op_find(name);
            if (!op) fail_msg("%s: there is no operator %s", dialects[k]->title, r->op);
            while (fv__foreign_arg(&args, &arg)) {
                assert_true(strlen(arg.ours) < sizeof arg.ours - 1);
                assert_true(strlen(arg.theirs) < sizeof arg.theirs - 1);
                check_ours(dialects[k], op, arg.ours);
            }
            check_call(dialects[k], op, r->call);
            check_call(dialects[k], op, r->theirs);
        }
}

/* What is computed takes care of options that some operator has. */
static void what_is_computed_reads_options(void **state) {
    (void)state;
    for (size_t k = 0; k < sizeof dialects / sizeof *dialects; k++)
        for (const fv_computed *c = dialects[k]->computed; c->name; c++)
            for (const char *at = c->reads; *at;
                 at += at[strcspn(at, " ")] ? strcspn(at, " ") + 1 : strcspn(at, " ")) {
                char name[64];
                bool known = false;
                snprintf(name, sizeof name, "%.*s", (int)strcspn(at, " "), at);
                for (int i = 0; fv__ops[i]; i++)
                    known =
                        known || (fv__ops[i]->fields && fv__field_find(fv__ops[i]->fields, name));
                if (!known) fail_msg("@%s reads %s, which no operator has", c->name, name);
            }
}

/* All that rows of Keras compute when they write is read, too, but for what has no layer. */
static void keras_reads_what_it_writes(void **state) {
    (void)state;
    for (const fv_foreign_row *r = fv__keras_rows; r->op; r++) {
        const char *args = r->args;
        fv_foreign_arg arg;
        while (fv__foreign_arg(&args, &arg)) {
            bool read = arg.ours[0] != '@';
            for (const fv_keras_option *o = fv__keras_options; o->name; o++)
                read = read || strcmp(o->name, arg.ours + 1) == 0;
            if (!read) fail_msg("%s: nothing reads %s", r->op, arg.ours);
        }
    }
}

/* -------------------------------------------------------------------------------- programs --- */

static void programs(void **state) {
    fv_context *ctx = *state;
    fv_net *net;
    fv_blob *blob;
    OK(ctx, fv_net_parse(ctx, "net first\ninput 1x4x4\nconv 2 3x3 as \"class\" - relu - fc 3\n", "",
                         &net));
    OK(ctx, fv_net_program(ctx, net, "pytorch", &blob));
    assert_non_null(strstr(fv_blob_data(blob), "self.class_2 = nn.Conv2d(in_channels=1, "));
    fv_blob_free(blob);
    OK(ctx, fv_net_program(ctx, net, "keras", &blob));
    assert_non_null(
        strstr(fv_blob_data(blob), "layers.Conv2D(filters=2, kernel_size=3, name=\"class_2\")(x)"));
    fv_blob_free(blob);
    SAYS(ctx, fv_net_program(ctx, net, "caffe", &blob), FV_USAGE,
         "pytorch and keras, not for caffe");
    assert_null(blob);
    SAYS(ctx, fv_net_program(ctx, net, NULL, &blob), FV_USAGE, "NULL");
    fv_net_free(net);
}

static void words(void **state) {
    (void)state;
    char out[256], few[8];
    assert_int_equal(fv_operator_words("fc", "pytorch", 0, out, sizeof out), 1);
    assert_string_equal(out, "nn.Linear(in_features, out_features=outputs, bias)");
    assert_int_equal(fv_operator_words("fc", "pytorch", 1, out, sizeof out), 0);
    assert_int_equal(fv_operator_words("local", "pytorch", 0, out, sizeof out), 0);
    assert_int_equal(fv_operator_words("fc", "caffe", 0, out, sizeof out), 0);
    assert_int_equal(fv_operator_words("bn", "keras", 0, few, sizeof few), 1);
    assert_string_equal(few, "layers.");
}

/* ---------------------------------------------------------------------------------- damaged --- */

static const char sound[] =
    "{\"class_name\": \"Functional\", \"config\": {\"name\": \"k\", \"layers\": ["
    "{\"class_name\": \"InputLayer\", \"config\": {\"name\": \"i\", \"batch_shape\": [null, 8, 8, "
    "3]}},"
    "{\"class_name\": \"SeparableConv2D\", \"config\": {\"name\": \"s\", \"filters\": 4, "
    "\"kernel_size\": [3, 3],"
    " \"depth_multiplier\": 2, \"strides\": 2, \"padding\": \"same\", \"activation\": \"relu\"},"
    " \"inbound_nodes\": [[[\"i\", 0, 0, {}]]]},"
    "{\"class_name\": \"ZeroPadding2D\", \"config\": {\"name\": \"z\", \"padding\": [[1, 0], [0, "
    "1]]},"
    " \"inbound_nodes\": [[[\"s\", 0, 0, {}]]]},"
    "{\"class_name\": \"Conv2D\", \"config\": {\"name\": \"c\", \"filters\": 5, \"kernel_size\": "
    "3, \"padding\": \"same\"},"
    " \"inbound_nodes\": [{\"args\": [{\"class_name\": \"__keras_tensor__\", \"config\": "
    "{\"keras_history\":"
    " [\"z\", 0, 0]}}], \"kwargs\": {}}]},"
    "{\"class_name\": \"BatchNormalization\", \"config\": {\"name\": \"b\", \"axis\": [3], "
    "\"momentum\": 0.9,"
    " \"epsilon\": 0.001}, \"inbound_nodes\": [[[\"c\", 0, 0, {}]]]},"
    "{\"class_name\": \"Concatenate\", \"config\": {\"name\": \"j\", \"axis\": -1}, "
    "\"inbound_nodes\":"
    " [[[\"b\", 0, 0, {}], [\"z\", 0, 0, {}]]]},"
    "{\"class_name\": \"GlobalAveragePooling2D\", \"config\": {\"name\": \"g\"}, "
    "\"inbound_nodes\": [[[\"j\", 0, 0, {}]]]},"
    "{\"class_name\": \"Dense\", \"config\": {\"name\": \"d\", \"units\": 8}, \"inbound_nodes\": "
    "[[[\"g\", 0, 0, {}]]]}],"
    " \"output_layers\": [[\"d\", 0, 0]]}}";

static fv_status read_text(fv_context *ctx, const char *text, size_t size) {
    fv_graph *net = NULL;
    assert_int_equal(fv__file_write(ctx, "mutant.json", text, size), FV_OK);
    const fv_status status = fv__keras_read(ctx, "mutant.json", &net);
    assert_true((status == FV_OK) == (net != NULL));
    fv__net_free(net);
    return status;
}

/* Bytes changed, pieces left out or doubled: each is read or refused with a sentence. */
static void mutants(void **state) {
    fv_context *ctx = *state;
    static char text[2 * sizeof sound];
    int sound_ones = 0;
    OK(ctx, read_text(ctx, sound, sizeof sound - 1));
    for (uint64_t n = 0; n < 3000; n++) {
        const fv_key key = fv__key(7, FV_STREAM_CHECK, 0, n);
        size_t size = sizeof sound - 1;
        memcpy(text, sound, size);
        const size_t at = fv__random_below(key, 0, size), length = 1 + fv__random_below(key, 1, 40);
        const size_t end = at + length < size ? at + length : size;
        switch (fv__random_below(key, 2, 3)) {
        case 0:
            text[at] = (char)(32 + fv__random_below(key, 3, 95));
            break;
        case 1:
            memmove(text + at, text + end, size - end);
            size -= end - at;
            break;
        default:
            memmove(text + end, text + at, size - at);
            size += end - at;
        }
        const fv_status status = read_text(ctx, text, size);
        if (status != FV_OK && status != FV_BAD_INPUT)
            fail_msg("mutant %d: %d %s", (int)n, (int)status, fv_context_error(ctx));
        if (status != FV_OK) assert_true(strlen(fv_context_error(ctx)) > 10);
        sound_ones += status == FV_OK;
    }
    assert_true(sound_ones > 100 && sound_ones < 2900);
}

/* A chain of 20000 layers from the last to the first is one walk. */
static void long_chains(void **state) {
    fv_context *ctx = *state;
    fv_text text = {0};
    const int most = 19999;
    fv__text_add(&text, "{\"class_name\": \"Functional\", \"config\": {\"layers\": [");
    for (int i = most - 1; i >= 0; i--)
        fv__text_addf(&text,
                      "{\"class_name\": \"ReLU\", \"config\": {\"name\": \"r%d\"}, "
                      "\"inbound_nodes\": [[[\"r%d\", 0, 0, {}]]]},",
                      i, i - 1);
    fv__text_addf(
        &text,
        "{\"class_name\": \"InputLayer\", \"config\": {\"name\": \"r-1\", \"batch_shape\": "
        "[null, 1, 1, 1]}}], \"output_layers\": [\"r%d\", 0, 0]}}",
        most - 1);
    assert_false(text.failed);
    OK(ctx, read_text(ctx, text.data, text.length));
    fv__text_free(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_name_what_there_is),
        cmocka_unit_test(what_is_computed_reads_options),
        cmocka_unit_test(keras_reads_what_it_writes),
        cmocka_unit_test(programs),
        cmocka_unit_test(words),
        cmocka_unit_test(mutants),
        cmocka_unit_test(long_chains),
    };
    return cmocka_run_group_tests(tests, public_setup, public_teardown);
}
