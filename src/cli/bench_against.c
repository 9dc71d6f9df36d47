/* SPDX-License-Identifier: MIT */
/*
 * bench_against.c - `fovea bench NET --against NAMES`: one network through this command and through
 * other libraries, in turns.
 *
 * Every side is a process of its own, this command too: started, asked for its outputs, then run a
 * few times, round after round. Whoever has no turn is stopped (SIGSTOP), so that threads that wait
 * in a loop take nobody's time. The files were written just before, so all of them are in the
 * system's cache when a side reads them.
 */
#include "cli/bench_against.h"
#include "cli/bench.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#ifndef __wasi__
#include <unistd.h>
#endif

#define ROUNDS      5
#define RUNS_LEAST  15   /* in all, of each side */
#define RUNS_MOST   5000 /* where nobody said how many */
#define SIDE_SECOND 1.0  /* of timed runs that a side gets, where nobody said how many */
#define TRIES       2    /* runs before it is known how long one takes */
#define EXACT       1e-3 /* difference of outputs that float32 may come to, over all layers */
#define ROUGH       5e-2 /* and factors of 8 bits */
#define TRAINED     0.15 /* gradients in fresh, deep networks: resnet50's are 0.02 to 0.05 off */
#define OUR_LIMIT   3600 /* seconds: this command is trusted to come to an end */

/* --- the sides ---------------------------------------------------------------------------------
 */

/* "FOLDER/../bench/rivals" of the folder that `path` lies in; NULL: no memory. */
static char *beside(fv_cli *cli, const char *path, const char *what) {
    const char *slash = strrchr(path, '/');
    char *folder = fv__arena_textn(&cli->arena, path, slash ? (size_t)(slash - path) : 0);
    return folder ? fv__path_in(&cli->arena, *folder ? folder : ".", what) : NULL;
}

/* The folder of the drivers: said, installed with this command, or in the sources it was built in.
 *out NULL: it is not here. */
static fv_status find_drivers(fv_cli *cli, const char **out) {
    static const char *const places[] = {"../share/fovea/rivals", "../bench/rivals"};
    const char *said = getenv("FOVEA_RIVALS_DIR");
    *out = said && *said ? said : NULL;
    if (*out) return FV_OK;
    const char *own = fv__cli_own_path(&cli->arena, cli->argv[0]);
    if (!own) return FV_EXHAUSTED;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const char *folder = beside(cli, own, places[i]);
        if (!folder) return FV_EXHAUSTED;
        if (fv__folder_exists(folder)) {
            *out = folder;
            return FV_OK;
        }
    }
    return FV_OK;
}

static bool can_start(const char *path) {
#ifdef __wasi__
    (void)path;
    return false;
#else
    return access(path, X_OK) == 0;
#endif
}

/* The driver of that name; *out NULL: there is none. */
static fv_status find_driver(fv_cli *cli, const char *folder, const char *name, const char **out) {
    static const char *const ends[] = {"", ".js", ".py", ".sh"};
    *out = NULL;
    for (size_t i = 0; i < sizeof ends / sizeof *ends && !*out; i++) {
        char *file = fv__arena_format(&cli->arena, "%s%s", name, ends[i]);
        char *path = file ? fv__path_in(&cli->arena, folder, file) : NULL;
        if (!path) return FV_EXHAUSTED;
        if (can_start(path)) *out = path;
    }
    return FV_OK;
}

static fv_status add_side(fv_against *a, const char *name, size_t length) {
    fv_cli *cli = a->cli;
    if (length == 0 || memchr(name, '/', length))
        return fv__fail(cli->ctx, FV_USAGE,
                        "--against: '%s': names with commas between them, as in "
                        "onnxruntime,pytorch,opencv",
                        fv__cli_value(cli, "against"));
    if (a->sides == FV_AGAINST_MOST)
        return fv__fail(cli->ctx, FV_USAGE, "--against: at most %d others", FV_AGAINST_MOST - 1);
    const char *copy = fv__arena_textn(&cli->arena, name, length);
    if (!copy) return FV_EXHAUSTED;
    for (int i = 0; i < a->sides; i++)
        if (strcmp(a->side[i].name, copy) == 0)
            return fv__fail(cli->ctx, FV_USAGE, "--against: %s stands there twice", copy);
    a->side[a->sides++] = (fv_rival){.name = copy, .title = copy, .version = "", .settings = ""};
    return FV_OK;
}

static fv_status list_sides(fv_against *a, const char *names) {
    FV_TRY(add_side(a, "fovea", strlen("fovea")));
    for (;;) {
        const size_t length = strcspn(names, ",");
        FV_TRY(add_side(a, names, length));
        names += length;
        if (!*names++) return FV_OK;
    }
}

/* --- starting ----------------------------------------------------------------------------------
 */

static double limit_of(const fv_against *a, const fv_rival *r) {
    return r == &a->side[0] ? OUR_LIMIT : ((const fv_bench_keys *)a->cli->keys)->limit;
}

static fv_status start(fv_against *a, fv_rival *r, const char *const *words) {
    const char *file = fv__arena_format(&a->cli->arena, "%s.log", r->name);
    const char *log = file ? fv__path_in(&a->cli->arena, a->files.folder, file) : NULL;
    return log ? fv__cli_rival_start(a->cli, r, words, log, limit_of(a, r)) : FV_EXHAUSTED;
}

/* This command once more, with what was said of how it computes. */
static fv_status start_ours(fv_against *a) {
    fv_cli *cli = a->cli;
    const char *own = fv__cli_own_path(&cli->arena, cli->argv[0]);
    const char *batch = fv__arena_format(&cli->arena, "batch=%lld", (long long)a->files.dims[0]);
    const char *threads = fv__arena_format(&cli->arena, "%d", fv_context_threads(cli->ctx));
    if (!own || !batch || !threads) return FV_EXHAUSTED;
    const char *const words[] = {own,
                                 "bench",
                                 a->files.model,
                                 batch,
                                 "--serve",
                                 a->files.input,
                                 "--threads",
                                 threads,
                                 "--isa",
                                 a->isa,
                                 "--precision",
                                 a->precision,
                                 a->files.training ? "--training" : NULL,
                                 NULL};
    return start(a, &a->side[0], words);
}

static fv_status start_other(fv_against *a, fv_rival *r, const char *folder) {
    const char *driver;
    if (!folder)
        return fv__cli_rival_leave_out(a->cli, r,
                                       "the drivers are not beside this command; FOVEA_RIVALS_DIR "
                                       "names their folder");
    FV_TRY(find_driver(a->cli, folder, r->name, &driver));
    if (!driver)
        return fv__cli_rival_leave_out(a->cli, r, "there is no driver for it in %s", folder);
    const char *const words[] = {driver, a->files.job, NULL};
    return start(a, r, words);
}

/* Reads what a side gave; *values floats, from fv__alloc. Left out, where that is no such file. */
static fv_status read_outputs(fv_against *a, fv_rival *r, float **out, size_t *values) {
    const char *path = fv__path_in(&a->cli->arena, a->files.folder, "output.f32");
    fv_bytes bytes;
    *out = NULL;
    if (!path) return FV_EXHAUSTED;
    FV_TRY(fv__cli_rival_output(a->cli, r, path, limit_of(a, r)));
    if (r->left_out) return FV_OK;
    const fv_status status = fv__file_read(a->cli->ctx, path, 0, &bytes);
    if (status == FV_BAD_INPUT || status == FV_FAILED)
        return fv__cli_rival_leave_out(a->cli, r, "it wrote no outputs: %s",
                                       fv_context_error(a->cli->ctx));
    FV_TRY(status);
    *values = bytes.size / sizeof **out;
    *out = fv__alloc(a->cli->ctx, bytes.size, "outputs");
    if (*out) memcpy(*out, bytes.data, *values * sizeof **out);
    fv__file_release(&bytes);
    if (!*out) return FV_EXHAUSTED;
    return fv__file_remove(a->cli->ctx, path);
}

/* |y - ours| / |ours|; infinite where something is not finite or there are not as many. */
static double distance(const fv_against *a, const float *y, size_t values) {
    double sum = 0, ours = 0;
    if (values != a->values) return INFINITY;
    for (size_t i = 0; i < values; i++) {
        const double d = (double)y[i] - (double)a->ours[i];
        sum += d * d;
        ours += (double)a->ours[i] * (double)a->ours[i];
    }
    if (!isfinite(sum) || !isfinite(ours)) return INFINITY;
    return sum > 0 ? sqrt(sum / (ours > 0 ? ours : sum)) : 0;
}

/* Of a step of training, the loss and the gradients, unless each side draws its own dropouts. */
static fv_status compare(fv_against *a, fv_rival *r) {
    float *y;
    size_t values;
    if (a->files.drawn) {
        r->agrees = true;
        return FV_OK;
    }
    FV_TRY(read_outputs(a, r, &y, &values));
    if (r->left_out) return FV_OK;
    r->difference = distance(a, y, values);
    r->compared = true;
    r->agrees = r->difference <= a->tolerance;
    fv__free(y);
    return FV_OK;
}

/* This command's side is the measure of the others, so it may not be left out. */
static fv_status need_ours(const fv_against *a) {
    const char *why = a->side[0].left_out;
    return why ? fv__fail(a->cli->ctx, FV_FAILED, "this command's own side does not run: %s", why)
               : FV_OK;
}

static fv_status start_all(fv_against *a) {
    const char *folder;
    FV_TRY(find_drivers(a->cli, &folder));
    FV_TRY(start_ours(a));
    FV_TRY(need_ours(a));
    FV_TRY(read_outputs(a, &a->side[0], &a->ours, &a->values));
    FV_TRY(need_ours(a));
    for (int i = 1; i < a->sides; i++) {
        fv_rival *r = &a->side[i];
        FV_TRY(start_other(a, r, folder));
        if (!r->left_out) FV_TRY(compare(a, r));
        if (!r->left_out)
            fv__cli_note(a->cli, "%s %s: first result after %.2f s", r->title, r->version,
                         r->first);
    }
    return FV_OK;
}

/* --- rounds ------------------------------------------------------------------------------------
 */

/* Runs of a side in one round, from how long one takes. */
static int runs_a_round(const fv_against *a, double seconds) {
    int64_t all = ((const fv_bench_keys *)a->cli->keys)->runs;
    if (!all) {
        const double wanted = SIDE_SECOND / seconds;
        all = wanted > RUNS_MOST ? RUNS_MOST : wanted < RUNS_LEAST ? RUNS_LEAST : (int64_t)wanted;
    }
    return (int)((all + ROUNDS - 1) / ROUNDS);
}

/* Who is much slower than the fastest of the others need not go on. */
static void leave_slow_behind(fv_against *a) {
    const double factor = ((const fv_bench_keys *)a->cli->keys)->slow;
    double best = INFINITY;
    for (int i = 1; i < a->sides; i++) {
        fv__cli_rival_sum_up(&a->side[i]);
        if (!a->side[i].left_out && a->side[i].agrees && a->side[i].median < best)
            best = a->side[i].median;
    }
    for (int i = 1; i < a->sides && factor > 0; i++)
        if (!a->side[i].left_out && a->side[i].median > factor * best) a->side[i].slow = true;
}

static fv_status run_rounds(fv_against *a) {
    int runs[FV_AGAINST_MOST] = {0};
    for (int i = 0; i < a->sides; i++) {
        double seconds = 1;
        FV_TRY(fv__cli_rival_run(a->cli, &a->side[i], -TRIES, limit_of(a, &a->side[i]), &seconds));
        runs[i] = runs_a_round(a, seconds);
        /* what other ways and the comparison of gradients took is not what steps take */
        if (a->files.training) fv__cli_child_forget_peak(&a->side[i].child);
    }
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < a->sides; i++)
            if (!a->side[i].slow)
                FV_TRY(fv__cli_rival_run(a->cli, &a->side[i], runs[i], limit_of(a, &a->side[i]),
                                         NULL));
        FV_TRY(need_ours(a));
        if (round == 0) leave_slow_behind(a);
    }
    for (int i = 0; i < a->sides; i++) {
        fv_rival *r = &a->side[i];
        fv__cli_rival_sum_up(r);
        if (i == 0 || r->left_out || !r->agrees) continue;
        if (!a->fastest || r->median < a->side[a->fastest].median) a->fastest = i;
    }
    return FV_OK;
}

/* --- the whole ---------------------------------------------------------------------------------
 */

static fv_status make_files(fv_against *a) {
    fv_cli *cli = a->cli;
    fv_model *model;
    FV_TRY(fv__cli_model(cli, cli->words[0], 1, &model));
    a->net = fv__arena_text(&cli->arena, fv_net_name(fv_model_net(model)));
    const fv_status status =
        a->net ? fv__cli_bench_files(cli, model, ((const fv_bench_keys *)cli->keys)->batch,
                                     fv__cli_has(cli, "training"), &a->files)
               : FV_EXHAUSTED;
    fv_model_free(model);
    return status;
}

static fv_status say(fv_against *a) {
    fv_text out = {0};
    fv_status status = FV_OK;
    if (a->cli->json)
        fv__cli_against_json(a, &out);
    else
        status = fv__cli_against_text(a, &out);
    if (status == FV_OK) return fv__cli_put(a->cli, &out);
    fv__text_free(&out);
    return status;
}

/* Said loudly: a time for other numbers is worth nothing. */
static fv_status judge(const fv_against *a) {
    for (int i = 1; i < a->sides; i++) {
        const fv_rival *r = &a->side[i];
        if (r->left_out || r->agrees) continue;
        return fv__fail(a->cli->ctx, FV_DIFFERS,
                        "the %s of %s are not those of Fovea: |theirs - ours| / |ours| is "
                        "%.1e, and more than %g is no rounding",
                        a->files.training ? "gradients" : "outputs", r->title, r->difference,
                        a->tolerance);
    }
    return FV_OK;
}

fv_status fv__cli_bench_against(fv_cli *cli, const char *names) {
    fv_against *a = fv__arena_alloc(&cli->arena, sizeof *a);
    if (!a) return FV_EXHAUSTED;
    a->cli = cli;
    a->isa = fv_context_isa(cli->ctx);
    a->precision = fv_context_precision(cli->ctx);
    a->tolerance = fv__cli_has(cli, "training")        ? TRAINED
                   : strcmp(a->precision, "bf16") == 0 ? ROUGH
                                                       : EXACT;
    FV_TRY(list_sides(a, names));
    fv__cli_child_signals();
    fv_status status = make_files(a);
    if (status == FV_OK) status = start_all(a);
    if (status == FV_OK) status = run_rounds(a);
    for (int i = 0; i < a->sides; i++) fv__cli_rival_free(&a->side[i]);
    fv__cli_bench_files_remove(&a->files);
    fv__free(a->ours);
    if (status == FV_OK) status = say(a);
    return status == FV_OK ? judge(a) : status;
}
