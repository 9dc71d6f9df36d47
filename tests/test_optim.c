/* SPDX-License-Identifier: MIT */
/*
 * test_optim.c - the optimisers: their rules against the papers' formulas in double; every one of
 * the list, with drawn settings, by the CPU's own loop against its rule, for every instruction set;
 * and the CPU's update over a whole block, with 1, 2 and 3 threads to the same bits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cpu/cpu.h"
#include "cpu/updates.h"
#include "net/settings.h"
#include "op_draw.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define N        83 /* whole vectors and a rest, on every instruction set */
#define DRAWN    40 /* settings drawn for each optimiser */
#define STEPS    4
#define SETTINGS 256

/* Options of an optimiser, as the defaults are or as drawn. */
typedef struct settings {
    union {
        char bytes[FV_OPTIM_OPTIONS];
        double align;
    } options;
    char text[SETTINGS];
} settings;

static void set(settings *s, const fv_field *f, const char *value) {
    static fv_context ctx;
    const size_t n = strlen(s->text);
    if (fv__field_set_text(&ctx, f, s->options.bytes, value) != FV_OK) return; /* its default */
    (void)snprintf(s->text + n, sizeof s->text - n, " %s %s", f->name, value);
}

static settings draw_settings(const fv_optimizer *o, op_draw *draw, bool defaults) {
    settings s = {.text = ""};
    char value[64];
    fv__field_defaults(o->fields, s.options.bytes);
    for (const fv_field *f = o->fields; !defaults && f->name; f++) {
        op_draw_field(draw, f, false, value);
        if (op_pick(draw, 0, 3) > 0) set(&s, f, value);
    }
    return s;
}

/* Weights, gradients and what is remembered; squares are not negative. */
typedef struct block {
    float w[N + 1], g[N + 1], state[FV_OPTIM_STATES][N + 1];
    float *states[FV_OPTIM_STATES];
} block;

static void fill(block *b, uint64_t seed, int states) {
    for (int i = 0; i <= N; i++) {
        b->w[i] = (float)fv__random_normal((fv_key){seed, 1}, (uint64_t)i);
        b->g[i] = (float)fv__random_normal((fv_key){seed, 2}, (uint64_t)i);
        for (int s = 0; s < FV_OPTIM_STATES; s++)
            b->state[s][i] = (float)fv__random_unit((fv_key){seed, 3}, (uint64_t)(2 * i + s));
    }
    for (int s = 0; s < FV_OPTIM_STATES; s++) b->states[s] = s < states ? b->state[s] : NULL;
}

static void near(const char *what, const float *got, const float *want, double tolerance) {
    for (int i = 0; i <= N; i++) {
        const double a = (double)got[i], b = (double)want[i];
        if (!(fabs(a - b) <= (i == N ? 0 : tolerance * (1 + fabs(b)))))
            fail_msg("%s: number %d is %.9g, expected %.9g%s", what, i, a, b,
                     i == N ? ": beyond the end" : "");
    }
}

/* Some steps of an optimiser, by its rule and by the fast loop. */
static void compare_loops(const fv_optimizer *o, const fv_kernels *k, const settings *s,
                          double decay, uint64_t seed) {
    fv_update_fn *fast = fv__cpu_update(o);
    block a, b;
    char what[2 * SETTINGS];
    const int states = fv__optim_states(o, s->options.bytes);
    assert_in_range(states, 0, FV_OPTIM_STATES);
    fill(&a, seed, states);
    fill(&b, seed, states);
    for (int step = 0; step < STEPS; step++) {
        const fv_optim_step at = {
            .options = s->options.bytes, .lr = 0.05, .decay = decay, .step = step};
        o->update(&at, N, a.w, a.states, a.g);
        if (fast)
            fast(k, &at, N, b.w, b.states, b.g);
        else
            o->update(&at, N, b.w, b.states, b.g);
        (void)snprintf(what, sizeof what, "%s%s, decay %g, step %d (%s)", o->name, s->text, decay,
                       step, k->name);
        near(what, b.w, a.w, 4e-6);
        for (int i = 0; i < FV_OPTIM_STATES; i++) near(what, b.state[i], a.state[i], 4e-6);
    }
}

static void test_loops(void **state) {
    const int isa = *(const int *)*state;
    fv_kernels table;
    if (!fv__isa_supported(isa)) skip();
    const fv_kernels *kernels = fv__kernels(isa, &table);
    for (int i = 0; fv__optimizers[i]; i++) {
        op_draw draw = {31, (uint64_t)i << 32};
        for (int k = 0; k < DRAWN; k++) {
            const settings s = draw_settings(fv__optimizers[i], &draw, k == 0);
            compare_loops(fv__optimizers[i], kernels, &s, k % 2 ? 0.01 : 0, (uint64_t)k);
        }
    }
}

/* ------------------------------------------------------------------------ formulas in double ---
 */

/* One weight, through the formula of a paper: state in and out. */
typedef double formula(double w, double g, double lr, int64_t t, double state[2]);

static double sgd(double w, double g, double lr, int64_t t, double state[2]) {
    (void)t;
    state[0] = 0.9 * state[0] + g;
    return w - lr * state[0];
}
static double sgd_plain(double w, double g, double lr, int64_t t, double state[2]) {
    (void)t, (void)state;
    return w - lr * g;
}
static double nesterov(double w, double g, double lr, int64_t t, double state[2]) {
    (void)t;
    state[0] = 0.9 * state[0] + g;
    return w - lr * (g + 0.9 * state[0]);
}
static double adam(double w, double g, double lr, int64_t t, double state[2]) {
    state[0] = 0.9 * state[0] + 0.1 * g;
    state[1] = 0.99 * state[1] + 0.01 * g * g;
    const double m = state[0] / (1 - pow(0.9, (double)t)),
                 v = state[1] / (1 - pow(0.99, (double)t));
    return w - lr * m / (sqrt(v) + 1e-8);
}
static double adadelta(double w, double g, double lr, int64_t t, double state[2]) {
    (void)t;
    state[0] = 0.95 * state[0] + 0.05 * g * g;
    const double by = sqrt(state[1] + 1e-6) / sqrt(state[0] + 1e-6) * g;
    state[1] = 0.95 * state[1] + 0.05 * by * by;
    return w - lr * by;
}

static const struct {
    const fv_optimizer *optimizer;
    const char *settings[3][2];
    formula *formula;
} formulas[] = {
    {&fv__optim_sgd, {{"momentum", "0"}}, sgd_plain},
    {&fv__optim_sgd, {{"momentum", "0.9"}}, sgd},
    {&fv__optim_sgd, {{"momentum", "0.9"}, {"nesterov", "yes"}}, nesterov},
    {&fv__optim_adam, {{"beta1", "0.9"}, {"beta2", "0.99"}, {"epsilon", "1e-8"}}, adam},
    {&fv__optim_adadelta, {{"rho", "0.95"}, {"epsilon", "1e-6"}}, adadelta},
};

static void test_formulas(void **state) {
    (void)state;
    for (size_t f = 0; f < sizeof formulas / sizeof *formulas; f++) {
        const fv_optimizer *o = formulas[f].optimizer;
        settings s = draw_settings(o, NULL, true);
        for (int i = 0; i < 3 && formulas[f].settings[i][0]; i++)
            set(&s, fv__field_find(o->fields, formulas[f].settings[i][0]),
                formulas[f].settings[i][1]);
        block b;
        fill(&b, 7, fv__optim_states(o, s.options.bytes));
        double w[N], states[N][2];
        for (int i = 0; i < N; i++) {
            w[i] = (double)b.w[i];
            for (int k = 0; k < 2; k++) states[i][k] = (double)b.state[k][i];
        }
        for (int64_t step = 0; step < STEPS; step++) {
            const fv_optim_step at = {
                .options = s.options.bytes, .lr = 0.1, .decay = 0.01, .step = step};
            o->update(&at, N, b.w, b.states, b.g);
            for (int i = 0; i < N; i++) {
                w[i] = formulas[f].formula(w[i], (double)b.g[i] + 0.01 * w[i], 0.1, step + 1,
                                           states[i]);
                if (fabs((double)b.w[i] - w[i]) > 3e-6 * (1 + fabs(w[i])))
                    fail_msg("%s%s: weight %d is %.9g, the formula says %.9g", o->name, s.text, i,
                             (double)b.w[i], w[i]);
            }
        }
    }
}

/* What the list says of itself. */
static void test_declarations(void **state) {
    int count = 0;
    (void)state;
    for (; fv__optimizers[count]; count++) {
        const fv_optimizer *o = fv__optimizers[count];
        assert_true(o->name && strlen(o->help) > 4 && strlen(o->about) > 4 && o->update);
        assert_true(o->options_size <= FV_OPTIM_OPTIONS);
        for (const fv_field *f = o->fields; f->name; f++)
            assert_true(f->help && f->initial && f->offset < o->options_size);
        for (int k = 0; k < count; k++) assert_string_not_equal(fv__optimizers[k]->name, o->name);
    }
    assert_int_equal(count, FV_OPTIMIZERS);
}

/* ---------------------------------------------------------------------- the whole of a block ---
 */

#define WHOLE 70000 /* more than two of the pieces that threads take */

typedef struct whole {
    float w[WHOLE], g[WHOLE], state[FV_OPTIM_STATES][WHOLE];
} whole;

static whole *make_whole(void) {
    whole *all = test_calloc(1, sizeof *all);
    for (int i = 0; i < WHOLE; i++) {
        all->w[i] = (float)fv__random_normal((fv_key){5, 1}, (uint64_t)i);
        all->g[i] = (float)fv__random_normal((fv_key){5, 2}, (uint64_t)i);
    }
    return all;
}

/* Weights with decay, a gap, weights without, a running statistic over the edge of a piece. */
static const fv_update_span spans[] = {{0, 32700, true, 0, 0.01},
                                       {32704, 30, true, 0, 0},
                                       {32736, 100, false, 0.25, 0},
                                       {32848, WHOLE - 32848, true, 0, 0.02}};

static void expect_whole(const whole *got, const fv_optimizer *o, const void *options) {
    whole *want = make_whole();
    float *states[FV_OPTIM_STATES];
    for (size_t s = 0; s < sizeof spans / sizeof *spans; s++) {
        const fv_update_span *span = &spans[s];
        const fv_optim_step step = {.options = options, .lr = 0.1, .decay = span->decay, .step = 2};
        for (int k = 0; k < FV_OPTIM_STATES; k++)
            states[k] = k < fv__optim_states(o, options) ? want->state[k] + span->offset : NULL;
        if (span->learned)
            o->update(&step, span->count, want->w + span->offset, states, want->g + span->offset);
        for (int64_t i = span->offset; !span->learned && i < span->offset + span->count; i++)
            want->w[i] = 0.75f * want->w[i] + 0.25f * want->g[i];
    }
    for (int i = 0; i < WHOLE; i++)
        if (fabs((double)got->w[i] - (double)want->w[i]) > 4e-6 * (1 + fabs((double)want->w[i])))
            fail_msg("%s: weight %d of the block is %.9g, expected %.9g", o->name, i,
                     (double)got->w[i], (double)want->w[i]);
    test_free(want);
}

static void test_blocks(void **state) {
    (void)state;
    for (int i = 0; fv__optimizers[i]; i++) {
        const fv_optimizer *o = fv__optimizers[i];
        const settings s = draw_settings(o, NULL, true);
        whole *got[3];
        for (int t = 0; t < 3; t++) {
            fv_context ctx = {.isa = fv__isa_best()};
            assert_int_equal(fv__pool_new(&ctx, t + 1, &ctx.pool), FV_OK);
            got[t] = make_whole();
            fv_update u = {.optimizer = o,
                           .options = s.options.bytes,
                           .spans = spans,
                           .span_count = sizeof spans / sizeof *spans,
                           .weights = got[t]->w,
                           .gradients = got[t]->g,
                           .lr = 0.1,
                           .step = 2};
            for (int k = 0; k < fv__optim_states(o, s.options.bytes); k++)
                u.states[k] = got[t]->state[k];
            fv__cpu_device.update(&ctx, &u);
            fv__pool_free(ctx.pool);
        }
        expect_whole(got[0], o, s.options.bytes);
        assert_memory_equal(got[0], got[1], sizeof *got[0]);
        assert_memory_equal(got[0], got[2], sizeof *got[0]);
        for (int t = 0; t < 3; t++) test_free(got[t]);
    }
}

/* Down a bowl: w^2 / 2, whose gradient is w, from both sides. */
static void test_descends(void **state) {
    (void)state;
    for (int o = 0; o < FV_OPTIMIZERS; o++) {
        const fv_optimizer *optimizer = fv__optimizers[o];
        float w[2] = {1, -2}, kept[FV_OPTIM_STATES][2] = {{0}}, *states[FV_OPTIM_STATES];
        settings s = {.text = ""};
        fv__field_defaults(optimizer->fields, s.options.bytes);
        for (int i = 0; i < FV_OPTIM_STATES; i++) states[i] = kept[i];
        for (int i = 0; i < 10; i++) {
            const fv_optim_step step = {.options = s.options.bytes, .lr = 0.01, .step = i};
            const float g[2] = {w[0], w[1]};
            optimizer->update(&step, 2, w, states, g);
            if (!(w[0] < g[0] && w[1] > g[1] && w[0] > 0 && w[1] < 0))
                fail_msg("%s goes from %g to %g, from %g to %g", optimizer->name, (double)g[0],
                         (double)w[0], (double)g[1], (double)w[1]);
        }
    }
}

/* A recipe gives an optimiser what it was given, and for the rest the optimiser's own defaults,
   whatever others have a setting of the same name. */
static void test_recipes(void **state) {
    (void)state;
    static fv_context ctx;
    op_draw draw = {7, 0};
    for (int o = 0; o < FV_OPTIMIZERS; o++) {
        const fv_optimizer *optimizer = fv__optimizers[o];
        fv_setting name = {"optimizer", optimizer->name};
        settings own = {.text = ""};
        fv_recipe recipe;
        fv_recipe_table table;
        fv__recipe_defaults(&recipe);
        fv__field_defaults(optimizer->fields, own.options.bytes);
        assert_int_equal(fv__recipe_apply(&ctx, &name, 1, &recipe, NULL), FV_OK);
        assert_memory_equal(fv__recipe_options(&recipe), own.options.bytes,
                            optimizer->options_size);
        fv__recipe_table(&table, &recipe);
        for (const fv_field *f = optimizer->fields; f->name; f++) {
            char value[64];
            fv_setting setting = {f->name, value};
            assert_string_equal(fv__field_find(table.field, f->name)->initial, f->initial);
            op_draw_field(&draw, f, false, value);
            set(&own, f, value);
            if (fv__recipe_apply(&ctx, &setting, 1, &recipe, NULL) != FV_OK) continue;
            assert_memory_equal(fv__recipe_options(&recipe), own.options.bytes,
                                optimizer->options_size);
        }
    }
}

int main(void) {
    static int isa[FV_ISAS];
    struct CMUnitTest tests[FV_ISAS + 5] = {
        cmocka_unit_test(test_declarations), cmocka_unit_test(test_formulas),
        cmocka_unit_test(test_blocks), cmocka_unit_test(test_descends),
        cmocka_unit_test(test_recipes)};
    for (int i = 0; i < FV_ISAS; i++) {
        isa[i] = i;
        tests[5 + i] = (struct CMUnitTest){
            .name = fv__isa_name(i), .test_func = test_loops, .initial_state = &isa[i]};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
