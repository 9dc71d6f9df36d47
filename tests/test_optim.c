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
#include "optim/lars.h"
#include "optim/rmsprop.h"
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
    /* the third is a mean, whose square is less than the mean of squares */
    for (int i = 0; i <= N; i++) b->state[2][i] = 0.5f * sqrtf(b->state[0][i]);
    for (int s = 0; s < FV_OPTIM_STATES; s++) b->states[s] = s < states ? b->state[s] : NULL;
}

static double norm_of(const float *v, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += (double)v[i] * (double)v[i];
    return sqrt(sum);
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
    const fv_rmsprop_options *rmsprop = (const void *)s->options.bytes;
    /* the variance of almost one gradient is what rounding leaves of it */
    if (o == &fv__optim_rmsprop && rmsprop->centered && rmsprop->rho < 0.3) return;
    assert_in_range(states, 0, FV_OPTIM_STATES);
    fill(&a, seed, states);
    fill(&b, seed, states);
    for (int step = 0; step < STEPS; step++) {
        const fv_optim_step at = {.options = s->options.bytes,
                                  .lr = 0.05,
                                  .decay = decay,
                                  .step = step,
                                  .weight_norm = norm_of(a.w, N),
                                  .gradient_norm = norm_of(a.g, N)};
        o->update(&at, N, a.w, a.states, a.g);
        if (fast)
            fast(k, &at, N, b.w, b.states, b.g);
        else
            o->update(&at, N, b.w, b.states, b.g);
        (void)snprintf(what, sizeof what, "%s%s, decay %g, step %d (%s)", o->name, s->text, decay,
                       step, k->name);
        /* gradients of one sign have no deviation for long */
        for (int i = 0; i < N; i++) a.g[i] = -a.g[i], b.g[i] = -b.g[i];
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

/* One weight, through the formula of a paper: state in and out. g has the decay of 0.01 added, but
   for adamw. */
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

static double adamw(double w, double g, double lr, int64_t t, double state[2]) {
    return adam(w - lr * 0.01 * w, g - 0.01 * w, lr, t, state);
}
static double adagrad(double w, double g, double lr, int64_t t, double state[2]) {
    (void)t;
    state[0] += g * g;
    return w - lr * g / (sqrt(state[0]) + 1e-10);
}
static double rmsprop(double w, double g, double lr, int64_t t, double state[2]) {
    (void)t;
    state[0] = 0.9 * state[0] + 0.1 * g * g;
    state[1] = 0.8 * state[1] + g / (sqrt(state[0]) + 1e-6);
    return w - lr * state[1];
}

static const struct {
    const fv_optimizer *optimizer;
    const char *settings[3][2];
    formula *formula;
} formulas[] = {
    {&fv__optim_adamw, {{"beta1", "0.9"}, {"beta2", "0.99"}, {"epsilon", "1e-8"}}, adamw},
    {&fv__optim_adagrad, {{"epsilon", "1e-10"}}, adagrad},
    {&fv__optim_rmsprop, {{"rho", "0.9"}, {"momentum", "0.8"}, {"epsilon", "1e-6"}}, rmsprop},
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

/* Four weights through four steps: PyTorch 1.13 in double, torch.optim.RMSprop, Adagrad, AdamW and
   Adam with the same options; of lars, which it has not, the paper's algorithm in NumPy. */
static const float known_start[4] = {0.5f, -1.25f, 2.0f, 0.0078125f};
static const float known_gradients[4][4] = {{0.1f, -0.2f, 0.3f, 0.0f},
                                            {0.05f, 0.4f, -0.6f, 1.0f},
                                            {-0.3f, 0.1f, 0.25f, -2.0f},
                                            {0.2f, -0.05f, 0.0f, 0.125f}};
static const struct {
    const fv_optimizer *optimizer;
    const char *settings[4][2];
    double lr, decay;
    double end[4];
} known[] = {
    {&fv__optim_rmsprop,
     {{"rho", "0.9"}, {"epsilon", "1e-6"}},
     0.01,
     0.01,
     {0.464971071, -1.24810773, 1.9828201, -0.0275035591}},
    {&fv__optim_rmsprop,
     {{"rho", "0.9"}, {"epsilon", "1e-6"}, {"momentum", "0.8"}, {"centered", "yes"}},
     0.01,
     0.01,
     {0.397125831, -1.22791213, 1.94703607, -0.117691319}},
    {&fv__optim_rmsprop, {{0}}, 0.01, 0, {0.395691016, -1.25051719, 1.95442567, -0.00827028357}},
    {&fv__optim_adagrad, {{0}}, 0.1, 0.01, {0.393216844, -1.24341429, 1.94718387, -0.108243527}},
    {&fv__optim_adamw, {{0}}, 0.01, 0.1, {0.481530158, -1.24559718, 1.9864586, 0.00574039752}},
    {&fv__optim_adam, {{0}}, 0.01, 0.1, {0.478071224, -1.23649574, 1.98077604, -0.0042426143}},
    {&fv__optim_lars,
     {{"trust", "0.01"}},
     2,
     0.1,
     {0.436715389, -1.16917964, 1.86445708, -0.0135392824}},
};

/* By the rule (kernels NULL) or the fast loop. */
static void follow_known(size_t k, const fv_kernels *kernels) {
    const fv_optimizer *o = known[k].optimizer;
    settings s = draw_settings(o, NULL, true);
    float w[4], kept[FV_OPTIM_STATES][4] = {{0}}, *states[FV_OPTIM_STATES];
    for (int i = 0; i < 4 && known[k].settings[i][0]; i++)
        set(&s, fv__field_find(o->fields, known[k].settings[i][0]), known[k].settings[i][1]);
    memcpy(w, known_start, sizeof w);
    for (int i = 0; i < FV_OPTIM_STATES; i++)
        states[i] = i < fv__optim_states(o, s.options.bytes) ? kept[i] : NULL;
    for (int step = 0; step < 4; step++) {
        const fv_optim_step at = {.options = s.options.bytes,
                                  .lr = known[k].lr,
                                  .decay = known[k].decay,
                                  .step = step,
                                  .weight_norm = norm_of(w, 4),
                                  .gradient_norm = norm_of(known_gradients[step], 4)};
        if (kernels)
            fv__cpu_update(o)(kernels, &at, 4, w, states, known_gradients[step]);
        else
            o->update(&at, 4, w, states, known_gradients[step]);
    }
    for (int i = 0; i < 4; i++)
        if (fabs((double)w[i] - known[k].end[i]) > 2e-6)
            fail_msg("%s%s (%s): weight %d ends at %.9g, PyTorch's at %.9g", o->name, s.text,
                     kernels ? kernels->name : "its own loop", i, (double)w[i], known[k].end[i]);
}

static void test_known(void **state) {
    (void)state;
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        follow_known(k, NULL);
        for (int isa = 0; isa < FV_ISAS; isa++) {
            fv_kernels table;
            if (fv__isa_supported(isa)) follow_known(k, fv__kernels(isa, &table));
        }
    }
}

/* A parameter without weights or gradients, or one that is spared, has lr itself. */
static void test_lars_rate(void **state) {
    (void)state;
    const settings s = draw_settings(&fv__optim_lars, NULL, true);
    fv_optim_step at = {.options = s.options.bytes, .lr = 2, .decay = 0.1};
    assert_true(fv__lars_rate(&at) == 2.0f);
    at.weight_norm = 5;
    assert_true(fv__lars_rate(&at) == 2.0f);
    at.gradient_norm = 1.5; /* 2 * 0.001 * 5 / (1.5 + 0.1 * 5) */
    assert_true(fv__lars_rate(&at) == 0.005f);
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

/* Weights with decay, a gap, weights without, a running statistic over the edge of a piece, weights
   with another rate. */
static const fv_update_span spans[] = {{0, 32700, true, 0, 0.01, false, 180, 170, 1},
                                       {32704, 30, true, 0, 0, true, 0, 0, 1},
                                       {32736, 100, false, 0.25, 0, false, 0, 0, 1},
                                       {32848, WHOLE - 32848, true, 0, 0.02, false, 190, 200, 0.5}};

static void expect_whole(const whole *got, const fv_optimizer *o, const void *options) {
    whole *want = make_whole();
    float *states[FV_OPTIM_STATES];
    for (size_t s = 0; s < sizeof spans / sizeof *spans; s++) {
        const fv_update_span *span = &spans[s];
        const fv_optim_step step = {.options = options,
                                    .lr = 0.1 * span->rate,
                                    .decay = span->decay,
                                    .step = 2,
                                    .weight_norm = span->weight_norm,
                                    .gradient_norm = span->gradient_norm};
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

/* Sums of squares to the same bits for any number of threads, as near as double has it; gradients
   made smaller and cut; an average that follows. */
static void test_sums(void **state) {
    (void)state;
    whole *first = make_whole(), *last = NULL;
    const int64_t sizes[] = {1, 7, 32768, 32769, WHOLE};
    double sums[3][5];
    for (int t = 0; t < 3; t++) {
        fv_context ctx = {.isa = fv__isa_best()};
        assert_int_equal(fv__pool_new(&ctx, t + 1, &ctx.pool), FV_OK);
        whole *all = make_whole();
        for (int i = 0; i < 5; i++) sums[t][i] = fv__cpu_device.squares(&ctx, all->w, sizes[i]);
        fv__cpu_device.shrink(&ctx, all->w, WHOLE, 0.5f, 0.6f);
        fv__cpu_device.follow(&ctx, all->g, all->w, WHOLE, 0.125f);
        fv__pool_free(ctx.pool);
        assert_memory_equal(sums[0], sums[t], sizeof sums[0]);
        if (last) assert_memory_equal(last, all, sizeof *all);
        test_free(last);
        last = all;
    }
    for (int i = 0; i < 5; i++) {
        long double sum = 0;
        for (int64_t k = 0; k < sizes[i]; k++)
            sum += (long double)first->w[k] * (long double)first->w[k];
        assert_true(fabs(sums[0][i] - (double)sum) <= 1e-12 * (double)sum);
    }
    for (int i = 0; i < WHOLE; i++) {
        const float half = 0.5f * first->w[i], w = half > 0.6f ? 0.6f : half < -0.6f ? -0.6f : half;
        assert_true(last->w[i] == w);
        assert_true(last->g[i] == first->g[i] + 0.125f * (w - first->g[i]));
    }
    test_free(first);
    test_free(last);
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
    struct CMUnitTest tests[FV_ISAS + 8] = {
        cmocka_unit_test(test_declarations), cmocka_unit_test(test_formulas),
        cmocka_unit_test(test_blocks),       cmocka_unit_test(test_descends),
        cmocka_unit_test(test_recipes),      cmocka_unit_test(test_known),
        cmocka_unit_test(test_lars_rate),    cmocka_unit_test(test_sums)};
    for (int i = 0; i < FV_ISAS; i++) {
        isa[i] = i;
        tests[8 + i] = (struct CMUnitTest){
            .name = fv__isa_name(i), .test_func = test_loops, .initial_state = &isa[i]};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
