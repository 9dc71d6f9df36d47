/* SPDX-License-Identifier: MIT */
/*
 * test_mapped.c - a model whose weights are a mapped file's: their memory is given back while they
 * are checked and packed, and nothing that somebody changed is lost by that.
 */
#include "format/model.h"
#include "public.h"

/* 300,000 weights that a run packs, and some that it reads where they lie. */
static const char text[] = "net large\ninput 64x8x8\n  conv 512 3x3 - relu - fc 3 - softmax\n";
static const char path[] = "mapped.safetensors";

static void run_once(fv_context *ctx, const fv_model *model, float out[3]) {
    fv_run *run;
    OK(ctx, fv_run_new(ctx, model, 1, &run));
    for (int i = 0; i < 64 * 64; i++) fv_run_input(run)[i] = (float)(i % 5);
    OK(ctx, fv_run_forward(run, 1));
    memcpy(out, fv_run_output(run, 0, NULL), 3 * sizeof *out);
    fv_run_free(run);
}

static bool same_weights(const fv_model *a, const fv_model *b) {
    return memcmp(a->weights, b->weights,
                  (size_t)a->net.graph->param_elements * sizeof *a->weights) == 0;
}

/* Under names that others give. */
static void save_as_theirs(fv_context *ctx, const fv_model *model, const char *file) {
    static const char *const names[] = {"module.conv1.weight", "module.conv1.bias",
                                        "module.fc1.weight", "module.fc1.bias"};
    fv_st_tensor tensors[4];
    for (int i = 0; i < 4; i++) {
        const fv_param *p = &model->net.graph->params[i];
        tensors[i] = (fv_st_tensor){names[i], p->spec.shape, model->weights + p->offset, FV_F32};
    }
    OK(ctx, fv__safetensors_write(ctx, file, tensors, 4, NULL, 0));
}

static void gives_back_and_reads_again(void **state) {
    fv_context *ctx = *state;
    fv_model *model, *mapped;
    float want[3], got[3];
    OK(ctx, fv_model_parse(ctx, text, NULL, 5, &model));
    OK(ctx, fv_model_save(ctx, model, path));
    run_once(ctx, model, want);
    OK(ctx, fv_model_open(ctx, path, NULL, &mapped));
#ifdef FV_HAVE_MMAP
    assert_true(fv__model_rests(mapped));
#endif
    for (int i = 0; i < 2; i++) {
        run_once(ctx, mapped, got);
        assert_memory_equal(got, want, sizeof want);
        assert_true(same_weights(model, mapped));
    }
    fv_model_free(mapped);
    fv_model_free(model);
}

/* By a view, or by reading other weights into the model. */
static void keeps_what_was_changed(void **state) {
    fv_context *ctx = *state;
    fv_model *model, *other, *mapped;
    fv_tensor_view view = FV_INIT(fv_tensor_view);
    float before[3], after[3];
    OK(ctx, fv_model_parse(ctx, text, NULL, 5, &model));
    OK(ctx, fv_model_parse(ctx, text, NULL, 6, &other));
    OK(ctx, fv_model_save(ctx, model, path));
    OK(ctx, fv_model_save(ctx, other, "other.safetensors"));
    OK(ctx, fv_model_open(ctx, path, NULL, &mapped));
    run_once(ctx, mapped, before);
    OK(ctx, fv_model_tensor_named(ctx, mapped, "conv1.weight", &view));
    assert_false(fv__model_rests(mapped));
    for (int64_t i = 0; i < view.count; i++) ((float *)view.data)[i] *= 2;
    run_once(ctx, mapped, after);
    assert_memory_not_equal(before, after, sizeof after);
    for (int64_t i = 0; i < view.count; i++)
        assert_true(((float *)view.data)[i] == 2 * model->weights[i]);
    ((float *)view.data)[view.count - 1] = NAN;
    SAYS(ctx, fv__model_check_finite(ctx, mapped), FV_BAD_INPUT, "conv1.weight");
    assert_true(isnan(((float *)view.data)[view.count - 1]));
    fv_model_free(mapped);
    OK(ctx, fv_model_open(ctx, path, NULL, &mapped));
    OK(ctx, fv_model_load_weights(ctx, mapped, "other.safetensors"));
    run_once(ctx, mapped, after);
    assert_true(same_weights(other, mapped));
    fv_model_free(mapped);
    save_as_theirs(ctx, other, "theirs.safetensors");
    OK(ctx, fv_model_open(ctx, path, NULL, &mapped));
    OK(ctx, fv_model_load_weights(ctx, mapped, "theirs.safetensors"));
    run_once(ctx, mapped, after);
    assert_true(same_weights(other, mapped));
    fv_model_free(mapped);
    fv_model_free(other);
    fv_model_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_back_and_reads_again),
        cmocka_unit_test(keeps_what_was_changed),
    };
    return cmocka_run_group_tests(tests, public_setup, public_teardown);
}
