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
    const int w = epoch_width(p->epochs), more = 2 * (w - 4);
    const bool all = s->columns == 0 || s->columns >= 75 + more; /* else neither rate nor time */
    wipe(s);
    if (!s->headed)
        fprintf(stderr, "%*s  epoch  %s  train loss  accuracy    test loss  accuracy%s\n", more, "",
                all ? "  rate     " : "", all ? "      time" : "");
    s->headed = true;
    fprintf(stderr, "%*lld/%-*lld ", w, (long long)p->epoch, w, (long long)p->epochs);
    if (all) fprintf(stderr, "%-9.3g ", e->lr);
    fprintf(stderr, "%*s  %6.2f %%   %10s  %6.2f %%", all ? 10 : 11,
            loss_text(train, e->train_loss), 100 * e->train_accuracy, loss_text(test, e->test_loss),
            100 * e->test_accuracy);
    if (all) fprintf(stderr, "  %7.1f s", e->seconds);
    fputc('\n', stderr);
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

static int stop(void *arg) {
    (void)arg;
    return interrupted != 0;
}

static void announce(const fv_cli *cli, const fv_training_facts *f) {
    char parameters[64], train[64], test[32], threads[64], bytes[32];
    fv__counted(parameters, f->parameters, "parameter", "parameters");
    fv__cli_note(cli, "%s: %s; %s: %s to learn from, %s to test on", f->net, parameters, f->data,
                 fv__counted(train, f->train_images, "image", "images"),
                 fv__commas(test, f->test_images));
    fv__cli_note(cli, "folder %s; %s; %s for a batch of %lld%s", f->folder,
                 fv__counted(threads, fv_context_threads(cli->ctx), "thread", "threads"),
                 fv__short_bytes(bytes, (double)f->memory), (long long)f->batch,
                 f->steps_done ? "; going on where it stopped" : "");
}

static void say_json(fv_training *t, fv_text *out) {
    static const char *const ends[] = {"", "epochs", "limit", "stop"}; /* by fv_ended */
    const fv_training_facts *f = fv_training_describe(t);
    const fv_epoch *last = fv_training_epoch(t, f->epochs_done - 1);
    const char *name;
    fv_json_writer w = fv__json_writer(out, FV_JSON_ONE_LINE);
    fv__json_open(&w, NULL, '{');
    fv__json_add_text(&w, "run", f->folder);
    fv__json_add_int(&w, "epochs", f->epochs_done);
    fv__json_add_rounded(&w, "seconds", f->seconds, 3);
    fv__json_add_real(&w, "test_accuracy", last->test_accuracy);
    fv__json_add_real(&w, "test_loss", last->test_loss);
    fv__json_add_real(&w, "best_accuracy", fv_training_epoch(t, f->best_epoch)->test_accuracy);
    fv__json_add_int(&w, "best_epoch", f->best_epoch + 1);
    fv__json_add_int(&w, "steps", f->steps_done);
    fv__json_add_text(&w, "ended", ends[f->ended]);
    fv__json_open(&w, "files", '[');
    for (int i = 0; (name = fv_training_file(t, i, NULL)) != NULL; i++)
        fv__json_add_text(&w, NULL, name);
    fv__json_close(&w);
    fv__json_close(&w);
}

/* "10 epochs", or where limit cut one short "0.56 epochs (100 steps)". */
static void how_long(fv_training *t, char out[128]) {
    const fv_training_facts *f = fv_training_describe(t);
    const int64_t each = (f->train_images + f->batch - 1) / f->batch;
    char steps[64];
    if (f->ended != FV_ENDED_LIMIT)
        fv__counted(out, f->epochs_done, "epoch", "epochs");
    else
        snprintf(out, 128, "%s (%.3g of %lld epochs)",
                 fv__counted(steps, f->steps_done, "step", "steps"),
                 (double)f->steps_done / (double)each, (long long)f->epochs);
}

/* What ended the run, if it was not its last epoch. */
static void say_end(const fv_training_facts *f, fv_text *out) {
    char epochs[64];
    if (f->ended == FV_ENDED_LIMIT)
        fv__text_addf(out, "limit=%lld ended it; a larger one goes on: fovea resume DIR limit=N.\n",
                      (long long)f->limit);
    if (f->ended == FV_ENDED_STOP)
        fv__text_addf(out,
                      "stop=%lld ended it: %s in a row brought no better test.\n"
                      "best.safetensors is the model of epoch %lld, model.safetensors that of the "
                      "last.\n",
                      (long long)f->stop, fv__counted(epochs, f->stop, "epoch", "epochs"),
                      (long long)f->best_epoch + 1);
}

static void say_words(fv_training *t, fv_text *out) {
    const fv_training_facts *f = fv_training_describe(t);
    const fv_epoch *last = fv_training_epoch(t, f->epochs_done - 1);
    const fv_epoch *best = fv_training_epoch(t, f->best_epoch);
    const char *name, *about;
    char length[128];
    how_long(t, length);
    fv__text_addf(out, "\nTest accuracy %.2f %% after %s and %.1f s", 100 * last->test_accuracy,
                  length, f->seconds);
    if (best->test_accuracy > last->test_accuracy)
        fv__text_addf(out, "; the best was %.2f %% in epoch %lld", 100 * best->test_accuracy,
                      (long long)f->best_epoch + 1);
    fv__text_add(out, ".\n");
    say_end(f, out);
    fv__text_add(out, "\nIn ");
    fv__text_printable(out, f->folder, "");
    fv__text_add(out, ":\n");
    for (int i = 0; (name = fv_training_file(t, i, &about)) != NULL; i++)
        fv__cli_entry(out, name, 22, about);
}

/* With --quiet the folder is the result. */
static fv_status say(fv_cli *cli, fv_training *t) {
    fv_text out = {0};
    if (cli->json)
        say_json(t, &out);
    else if (!cli->quiet)
        say_words(t, &out);
    return fv__cli_put(cli, &out);
}

static fv_status work(fv_cli *cli, fv_training *t) {
    const fv_screen terminal = fv__cli_screen(stderr);
    screen s = {.cli = cli, .live = terminal.redraws, .columns = terminal.columns};
    fv_training_hooks hooks = FV_INIT(fv_training_hooks);
    hooks.progress = progress;
    hooks.stop = stop;
    hooks.user = &s;
    announce(cli, fv_training_describe(t));
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    const fv_status status = fv_training_run(t, &hooks);
    wipe(&s);
    FV_TRY(status);
    FV_TRY(fv_training_report(t));
    return say(cli, t);
}

fv_status fv__cli_train(fv_cli *cli, fv_training *t) {
    fv_status status = work(cli, t);
    if (status == FV_EXHAUSTED || status == FV_FAILED) {
        char why[FV_MESSAGE_MAX];
        memcpy(why, cli->ctx->message, sizeof why);
        status = fv__fail(cli->ctx, status, "%s. When that is mended, go on with: fovea resume %s",
                          why, fv_training_describe(t)->folder);
    }
    fv_training_free(t);
    return status;
}
