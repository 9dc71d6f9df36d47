/* SPDX-License-Identifier: MIT */
/*
 * watch.c - running a training job in front of a person.
 *
 * On a terminal one line is redrawn in place and replaced by a row per epoch; elsewhere there is
 * just the row per epoch. Ctrl-C and SIGTERM finish the step, save and say how to go on; a second
 * one ends at once.
 */
#include "base/printable.h"
#include "cli/watch.h"
#include "train/outcome.h"
#include <math.h>
#include <signal.h>
#include <string.h>

/* Signal handlers can reach nothing but a variable of the program. */
static volatile sig_atomic_t interrupted;

static void on_signal(int number) {
    if (interrupted) {
        signal(number, SIG_DFL);
        raise(number);
    }
    interrupted = 1;
}

typedef struct screen {
    const fv_cli *cli;
    bool live; /* a line can be redrawn in place */
    int columns;
    int last;    /* length of the line on screen */
    bool headed; /* the head of the epochs' table is out */
} screen;

/* 75 s as "1:15", 4000 s as "1:06:40". */
static void clock_text(char out[32], double seconds) {
    const long s = seconds > 0 && seconds < 1e9 ? (long)(seconds + 0.5) : 0;
    if (s >= 3600)
        snprintf(out, 32, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(out, 32, "%ld:%02ld", s / 60, s % 60);
}

static void wipe(screen *s) {
    if (s->last) fprintf(stderr, "\r%*s\r", s->last, "");
    s->last = 0;
}

/* A loss in ten letters at most, however far it has come. */
static char *loss_text(char out[32], double loss) {
    if (isnan(loss))
        snprintf(out, 32, "nan");
    else if (isinf(loss))
        snprintf(out, 32, loss > 0 ? "inf" : "-inf");
    else
        snprintf(out, 32, fabs(loss) < 99999 ? "%.4f" : "%.3e", loss);
    return out;
}

/* Letters of "12", as wide as the last epoch needs, at least 4. */
static int epoch_width(int64_t epochs) {
    char text[32];
    const int n = snprintf(text, sizeof text, "%lld", (long long)epochs);
    return n < 4 ? 4 : n;
}

static void row(screen *s, const fv_progress *p) {
    const fv_epoch *e = p->done;
    char train[32], test[32];
    const int w = epoch_width(p->epochs);
    wipe(s);
    if (!s->headed)
        fprintf(stderr,
                "%*s  epoch    rate       train loss  accuracy    test loss  accuracy      time\n",
                2 * (w - 4), "");
    s->headed = true;
    fprintf(stderr, "%*lld/%-*lld %-9.3g %10s  %6.2f %%   %10s  %6.2f %%  %7.1f s\n", w,
            (long long)p->epoch, w, (long long)p->epochs, e->lr, loss_text(train, e->train_loss),
            100 * e->train_accuracy, loss_text(test, e->test_loss), 100 * e->test_accuracy,
            e->seconds);
}

static void line(screen *s, const fv_progress *p) {
    char left[32], rate[32], loss[32], text[256];
    const int w = epoch_width(p->epochs);
    clock_text(left, p->seconds_left);
    const double share = p->steps > 0 ? (double)p->step / (double)p->steps : 0;
    const int room = s->columns - 78;
    const int width = room > 24 ? 24 : room < 0 ? 0 : room;
    const int full = (int)(share * width + 0.5);
    char bar[32];
    memset(bar, '.', sizeof bar);
    memset(bar, '=', (size_t)full);
    const int n = snprintf(text, sizeof text,
                           "%*lld/%-*lld %3.0f %% [%.*s] loss %s  accuracy %5.2f %%  %s images/s  "
                           "%s left",
                           w, (long long)p->epoch, w, (long long)p->epochs, 100 * share, width, bar,
                           loss_text(loss, p->loss), 100 * p->accuracy,
                           fv__commas(rate, (int64_t)(p->images_per_second + 0.5)), left);
    int length = n < s->columns - 1 ? n : s->columns - 1;
    if (length < 0) length = 0;
    fprintf(stderr, "\r%.*s%*s", length, text, s->last > length ? s->last - length : 0, "");
    fflush(stderr);
    s->last = length;
}

static void progress(void *arg, const fv_progress *p) {
    screen *s = arg;
    if (s->cli->quiet) return;
    if (p->done)
        row(s, p);
    else if (s->live)
        line(s, p);
}

static bool stop(void *arg) {
    (void)arg;
    return interrupted != 0;
}

static void announce(const fv_cli *cli, const fv_train_job *job) {
    char parameters[64], train[64], test[32], threads[64], bytes[32];
    const fv_plan_memory memory = fv__learner_memory(job->learner);
    fv__counted(parameters, fv__net_parameters(job->model->net, true), "parameter", "parameters");
    fv__cli_note(cli, "%s: %s; %s: %s to learn from, %s to test on", job->model->net->name,
                 parameters, job->train.name,
                 fv__counted(train, job->train.count, "image", "images"),
                 fv__commas(test, job->test.count));
    fv__cli_note(cli, "folder %s; %s; %s for a batch of %lld%s", job->folder,
                 fv__counted(threads, fv__pool_size(cli->ctx->pool), "thread", "threads"),
                 fv__short_bytes(bytes, (double)(memory.activations + memory.scratch +
                                                 memory.parameters + memory.gradients)),
                 (long long)job->recipe.batch, job->at.steps ? "; going on where it stopped" : "");
}

static double total_seconds(const fv_position *at) {
    double sum = 0;
    for (size_t e = 0; e < at->history_count; e++) sum += at->history[e].seconds;
    return sum;
}

static void say_json(const fv_train_job *job, const fv_outcome *made, fv_text *out) {
    const fv_position *at = &job->at;
    const fv_epoch *last = &at->history[at->history_count - 1];
    const int64_t best = fv__train_best(at);
    fv__text_add(out, "{\"run\": ");
    fv__text_json(out, job->folder);
    fv__text_addf(out,
                  ", \"epochs\": %zu, \"seconds\": %.3f, \"test_accuracy\": ", at->history_count,
                  total_seconds(at));
    fv__text_number(out, last->test_accuracy);
    fv__text_add(out, ", \"test_loss\": ");
    fv__text_number(out, last->test_loss);
    fv__text_add(out, ", \"best_accuracy\": ");
    fv__text_number(out, at->history[best].test_accuracy);
    fv__text_addf(out, ", \"best_epoch\": %lld, \"files\": [", (long long)best + 1);
    for (int i = 0; i < made->count; i++) {
        fv__text_add(out, i ? ", " : "");
        fv__text_json(out, made->files[i].name);
    }
    fv__text_add(out, "]}\n");
}

static void say_words(const fv_train_job *job, const fv_outcome *made, fv_text *out) {
    char epochs[64];
    const fv_position *at = &job->at;
    const fv_epoch *last = &at->history[at->history_count - 1];
    const int64_t best = fv__train_best(at);
    fv__text_addf(out, "\nTest accuracy %.2f %% after %s and %.1f s", 100 * last->test_accuracy,
                  fv__counted(epochs, (int64_t)at->history_count, "epoch", "epochs"),
                  total_seconds(at));
    if (at->history[best].test_accuracy > last->test_accuracy)
        fv__text_addf(out, "; the best was %.2f %% in epoch %lld",
                      100 * at->history[best].test_accuracy, (long long)best + 1);
    fv__text_add(out, ".\n\nIn ");
    fv__text_printable(out, job->folder, "");
    fv__text_add(out, ":\n");
    for (int i = 0; i < made->count; i++)
        fv__cli_entry(out, made->files[i].name, 22, made->files[i].what);
}

/* With --quiet the folder is the result. */
static fv_status say(fv_cli *cli, const fv_train_job *job, const fv_outcome *made) {
    fv_text out = {0};
    if (cli->json)
        say_json(job, made, &out);
    else if (!cli->quiet)
        say_words(job, made, &out);
    return fv__cli_put(cli, &out);
}

static fv_status work(fv_cli *cli, fv_train_job *job) {
    const fv_screen terminal = fv__cli_screen(stderr);
    screen s = {.cli = cli, .live = terminal.redraws, .columns = terminal.columns};
    const fv_hooks hooks = {.progress = progress, .stop = stop, .arg = &s};
    announce(cli, job);
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    const fv_status status = fv__train_run(cli->ctx, job, &hooks);
    wipe(&s);
    FV_TRY(status);
    fv_outcome made;
    FV_TRY(fv__train_outcome(cli->ctx, job, &made));
    return say(cli, job, &made);
}

fv_status fv__cli_train(fv_cli *cli, fv_train_job *job) {
    fv_status status = work(cli, job);
    if (status == FV_EXHAUSTED || status == FV_FAILED) {
        char why[FV_MESSAGE_MAX];
        memcpy(why, cli->ctx->message, sizeof why);
        status = fv__fail(cli->ctx, status, "%s. When that is mended, go on with: fovea resume %s",
                          why, job->folder);
    }
    fv__train_free(job);
    return status;
}
