/* SPDX-License-Identifier: MIT */
/*
 * mutate_main.c - spoilt files of every kind that is read: each is refused in a sentence, or read
 * and run. No crash, no hang, no memory beyond a budget, and nothing left behind.
 *
 *   mutate_main [SEED [FIRST [COUNT]]]      1, 0 and 10000 unless given
 *
 * A file has its number in its name and stays where it is when something is wrong with it;
 * `mutate_main SEED NUMBER 1` tries that one again.
 */
#include "base/file.h"
#include "mutate.h"
#include "net/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#if defined(__unix__) && !defined(__wasi__)
#define WATCH_DOG
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>
#endif

/* What reading a file and running it may take, of the processor's time and of memory at once. */
#define SECONDS_MOST 1.0
#define BYTES_MOST   ((size_t)128 << 20)
#define BYTES_TIMES  16
/* What is worth running. */
#define RUN_BYTES_MOST  ((size_t)32 << 20)
#define RUN_MACS_MOST   2000000
#define RUN_VALUES_MOST 500000
#define LAYERS_MOST     1000          /* plans take time by their square */
#define WEIGHTS_NET     "weights.net" /* what files of weights are put into */
#define FRESH_MOST      1000000

/* ----------------------------------------------------------------------------------- memory --- */

/* An allocator that counts what is out. */
typedef struct heap {
    size_t now, most, budget;
    bool refused;
} heap;

#define BEFORE 64 /* of a block, for its size */

static void *take(void *user, size_t bytes, size_t alignment) {
    heap *h = user;
    (void)alignment; /* whoever asks has asked for more and aligns it */
    if (bytes > h->budget || h->now > h->budget - bytes) {
        h->refused = true;
        return NULL;
    }
    char *memory = malloc(bytes + BEFORE);
    if (!memory) return NULL;
    memcpy(memory, &bytes, sizeof bytes);
    h->now += bytes;
    if (h->now > h->most) h->most = h->now;
    return memory + BEFORE;
}

static void give(void *user, void *memory) {
    heap *h = user;
    char *start = (char *)memory - BEFORE;
    size_t bytes;
    memcpy(&bytes, start, sizeof bytes);
    h->now -= bytes;
    free(start);
}

/* ------------------------------------------------------------------------------ a file tried ---
 */

typedef struct trial {
    fv_context *ctx;
    heap heap;
    const char *path;
    bool failed;
    int opened, ran;
} trial;

static void fail(trial *t, const char *why) {
    printf("FAILED %s: %s\n", t->path, why);
    t->failed = true;
}

static bool is_text(const char *path) {
    const size_t n = strlen(path);
    return n > 4 && strcmp(path + n - 4, ".net") == 0;
}

/* A failure is one of those that bad input has, in a sentence. Of a text it is usage, too, where a
   parameter of the network wants a value. */
static bool went(trial *t, fv_status status) {
    if (status == FV_OK || (status == FV_USAGE && is_text(t->path))) return status == FV_OK;
    const char *says = fv_context_error(t->ctx);
    if (t->heap.refused)
        fail(t, says);
    else if (status != FV_BAD_INPUT && status != FV_EXHAUSTED)
        fail(t, says);
    else if (strlen(says) < 10)
        fail(t, "refused without a sentence");
    return false;
}

static bool worth_running(trial *t, const fv_model *model) {
    if (fv_model_net(model)->graph->node_count > LAYERS_MOST) return false;
    const fv_explain_options options = {.size = sizeof options, .batch = 2};
    fv_explanation *e;
    if (!went(t, fv_explain(t->ctx, fv_model_net(model), &options, &e))) return false;
    const fv_memory_plan *plan = e->plans[e->plan_count - 1];
    const bool yes = plan->inference + plan->inference_scratch < RUN_BYTES_MOST &&
                     e->macs < RUN_MACS_MOST && e->values < RUN_VALUES_MOST;
    fv_explanation_free(e);
    return yes;
}

static void run(trial *t, const fv_model *model) {
    fv_run *r;
    int64_t dims[3];
    if (!worth_running(t, model) || !went(t, fv_run_new(t->ctx, model, 2, &r))) return;
    const int64_t count = 2 * fv_model_input(model, dims);
    for (int64_t i = 0; i < count; i++)
        fv_run_input(r)[i] = (float)((i * 7) % 13 - 6) / (i % 5 ? 4.0f : 1e-30f);
    const bool ran = went(t, fv_run_forward(r, 2));
    for (int o = 0; ran && o < fv_model_outputs(model); o++) {
        int64_t numbers = 0, best[3];
        const float *y = fv_run_output(r, o, &numbers);
        if (!y || fv_best(y, 2 * numbers, 3, best) < 1) fail(t, "an output without numbers");
    }
    t->ran += ran;
    fv_run_free(r);
}

/* A text may ask for as many weights as it likes, and gets them where there is memory. */
static bool small_enough(trial *t, const char *path) {
    fv_net *net;
    if (!went(t, fv_net_open(t->ctx, path, NULL, &net))) return false;
    const bool yes = fv_net_parameters(net) < FRESH_MOST && net->graph->node_count < LAYERS_MOST;
    fv_net_free(net);
    return yes;
}

static void try_model(trial *t, const family *f, const char *path) {
    fv_model_options options = {.size = sizeof options, .fresh = 1};
    fv_model *model;
    if (is_text(path) && !small_enough(t, path)) return;
    if (f->net) options.weights = path, path = WEIGHTS_NET;
    if (!went(t, fv_model_open(t->ctx, path, &options, &model))) return;
    t->opened++;
    run(t, model);
    (void)went(t, fv_model_save(t->ctx, model, "again.safetensors"));
    fv_model_free(model);
}

static void try_weights(trial *t, const char *path) {
    fv_weights *weights;
    if (!went(t, fv_weights_read(t->ctx, path, &weights))) return;
    t->opened += weights != NULL;
    fv_weights_free(weights);
}

static void try_file(trial *t, const family *f, const char *path, size_t size) {
    const size_t before = t->heap.now;
    const clock_t began = clock();
    t->path = path;
    t->failed = t->heap.refused = false;
    t->opened = t->ran = 0;
    t->heap.budget = before + BYTES_MOST + BYTES_TIMES * size;
    try_weights(t, path);
    try_model(t, f, path);
    const double seconds = (double)(clock() - began) / CLOCKS_PER_SEC;
    if (t->heap.now != before) fail(t, "memory is left behind");
    if (seconds > SECONDS_MOST) {
        char took[64];
        (void)snprintf(took, sizeof took, "%.1f seconds", seconds);
        fail(t, took);
    }
}

/* ------------------------------------------------------------------------------------- files ---
 */

typedef struct plan {
    uint64_t seed;
    long first, count;
} plan;

/* Spoilt file `number`. */
static const family *make_file(fv_context *ctx, const plan *p, long number, mutant *out) {
    static mutant other;
    dice d = {{p->seed, (uint64_t)number << 1}, 0};
    /* every other one of the last kind, the one with the most to say */
    const family *f = &families[number % 2 ? family_count - 1 : number / 2 % family_count],
                 *from = &families[roll(&d, (uint64_t)family_count)];
    const int i = (int)roll(&d, (uint64_t)f->seeds);
    const bool framed = roll(&d, 4) > 0;
    if (framed)
        f->spoil(ctx, i, &d, out);
    else
        f->make(ctx, i, out);
    if (framed && roll(&d, 8)) return f;
    from->make(ctx, (int)roll(&d, (uint64_t)from->seeds), &other);
    spoil_bytes(&d, out, &other);
    return f;
}

static bool write_file(const char *path, const mutant *m) {
    FILE *f = fopen(path, "wb");
    if (!f) return false;
    const bool whole = fwrite(m->data, 1, m->size, f) == m->size;
    return fclose(f) == 0 && whole;
}

static bool try_mutant(trial *t, const family *f, const char *path, const mutant *m) {
    if (!write_file(path, m)) {
        fail(t, "it cannot be written");
        return false;
    }
    try_file(t, f, path, m->size);
    if (!t->failed) (void)remove(path);
    return !t->failed;
}

/* The files as they are before anything is done to them: all are read, and models run. */
static int try_good(trial *t, const family *f) {
    static mutant m;
    int bad = 0;
    if (f->net) {
        m.size = strlen(f->net);
        memcpy(m.data, f->net, m.size);
        bad += !write_file(WEIGHTS_NET, &m);
    }
    for (int i = 0; i < f->seeds; i++) {
        char path[64];
        (void)snprintf(path, sizeof path, "good-%s-%d%s", f->name, i, f->extension);
        f->make(t->ctx, i, &m);
        bool good = try_mutant(t, f, path, &m);
        if (good && (!t->opened || (!t->ran && strcmp(f->name, "weights") != 0))) {
            printf("FAILED %s: not read and run: %s\n", path, fv_context_error(t->ctx));
            good = false;
        }
        bad += !good;
    }
    return bad;
}

#ifdef WATCH_DOG
static char at_work[128]; /* the file that is tried, for who finds that it does not end */

static void bark(int signal) {
    static const char says[] = "FAILED, it does not end: ";
    (void)signal;
    ssize_t n = write(STDOUT_FILENO, says, sizeof says - 1);
    n += write(STDOUT_FILENO, at_work, strlen(at_work));
    _exit(n > 0 ? 1 : 2);
}

/* The processor's time, not the clock's: others may use the machine too. */
static void watch(const char *path) {
    const struct itimerval soon = {.it_value = {.tv_sec = 60}};
    (void)snprintf(at_work, sizeof at_work, "%s\n", path);
    (void)signal(SIGPROF, bark);
    (void)setitimer(ITIMER_PROF, &soon, NULL);
}
#else
static void watch(const char *path) {
    (void)path;
}
#endif

static int try_all(trial *t, const plan *p) {
    static mutant m;
    int failed = 0;
    long tried[8] = {0}, opened[8] = {0}, ran[8] = {0};
    for (long n = p->first; n < p->first + p->count; n++) {
        char path[64];
        const family *f = make_file(t->ctx, p, n, &m);
        const long kind = f - families;
        (void)snprintf(path, sizeof path, "mutant-%llu-%ld%s", (unsigned long long)p->seed, n,
                       f->extension);
        watch(path);
        failed += !try_mutant(t, f, path, &m);
        tried[kind]++;
        opened[kind] += t->opened > 0;
        ran[kind] += t->ran > 0;
    }
    for (int k = 0; k < family_count; k++) {
        printf("%-8s %6ld tried, %6ld read, %6ld run\n", families[k].name, tried[k], opened[k],
               ran[k]);
        if (tried[k] < 1000 || (opened[k] > tried[k] / 40 && opened[k] < tried[k] * 9 / 10))
            continue;
        printf("FAILED: these are not worth trying\n");
        failed++;
    }
    printf("at most %zu bytes at once\n", t->heap.most);
    return failed;
}

int main(int argc, char **argv) {
    trial t = {.heap = {.budget = SIZE_MAX}};
    plan p = {.seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1,
              .first = argc > 2 ? strtol(argv[2], NULL, 10) : 0,
              .count = argc > 3 ? strtol(argv[3], NULL, 10) : 10000};
    const fv_context_options options = {
        .size = sizeof options, .threads = 1, .allocator = {take, give, &t.heap}};
    int failed = 0;
    (void)setvbuf(stdout, NULL, _IOLBF, 1024);
    if (fv_context_new_with(&options, &t.ctx) != FV_OK) {
        printf("no context: %s\n", fv_context_error(t.ctx));
        return 1;
    }
    for (int k = 0; k < family_count; k++) failed += try_good(&t, &families[k]);
    if (!failed) failed = try_all(&t, &p);
    fv_context_free(t.ctx);
    printf("%d failed\n", failed);
    return failed ? 1 : 0;
}
