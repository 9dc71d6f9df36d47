/* SPDX-License-Identifier: MIT */
/*
 * child.c - another program behind two pipes (POSIX). Where the system starts no programs,
 * starting one fails with a sentence.
 */
#include "cli/child.h"
#include "base/cpu_features.h"
#include <errno.h>
#include <string.h>

#define LINE_MAX_BYTES ((size_t)16 << 20) /* no line of the protocol comes near */

#ifndef __wasi__
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

/* Signal handlers can reach nothing but a variable of the program. */
static volatile sig_atomic_t interrupted;

static void on_signal(int number) {
    if (interrupted) {
        signal(number, SIG_DFL);
        raise(number);
    }
    interrupted = 1;
}

void fv__cli_child_signals(void) {
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    signal(SIGPIPE, SIG_IGN);
}

/* --- starting ----------------------------------------------------------------------------------
 */

/* Pipe ends: two of the child's input, two of its output, two that tell why it did not start. */
enum { IN_READ, IN_WRITE, OUT_READ, OUT_WRITE, WHY_READ, WHY_WRITE, ENDS };

static void close_all(int ends[ENDS]) {
    for (int i = 0; i < ENDS; i++)
        if (ends[i] >= 0) close(ends[i]);
}

/* All of them close when a program starts, so that no other child holds this one's. */
static bool open_pipes(int ends[ENDS]) {
    for (int i = 0; i < ENDS; i++) ends[i] = -1;
    for (int i = 0; i < ENDS; i += 2)
        if (pipe(ends + i) != 0) return false;
    for (int i = 0; i < ENDS; i++)
        if (fcntl(ends[i], F_SETFD, FD_CLOEXEC) != 0) return false;
    return true;
}

/* In the child: only calls that are allowed between fork and exec in a program with threads. */
static _Noreturn void become(const char *const *words, int log, const int ends[ENDS]) {
    dup2(ends[IN_READ], 0);
    dup2(ends[OUT_WRITE], 1);
    dup2(log, 2);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* also where it is stopped and this program is killed */
#endif
    execvp(words[0], (char *const *)(uintptr_t)words);
    const int why = errno;
    if (write(ends[WHY_WRITE], &why, sizeof why) < 0) _exit(126);
    _exit(127);
}

/* What exec said, once the child has closed its end of that pipe by starting; 0: it runs. */
static int heard_why(int end) {
    int why = 0;
    ssize_t n;
    do n = read(end, &why, sizeof why);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof why ? why : 0;
}

fv_status fv__cli_child_start(fv_context *ctx, const char *const *words, const char *log,
                              fv_child *out) {
    int ends[ENDS];
    *out = (fv_child){.line = {.ctx = ctx}};
    const int file = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool made = open_pipes(ends) && file >= 0;
    int why = errno;
    if (made) {
        out->pid = (long)fork();
        why = errno;
        if (out->pid == 0) become(words, file, ends);
        made = out->pid > 0;
    }
    if (made) {
        out->to = ends[IN_WRITE];
        out->from = ends[OUT_READ];
        close(ends[WHY_WRITE]);
        ends[IN_WRITE] = ends[OUT_READ] = ends[WHY_WRITE] = -1;
        why = heard_why(ends[WHY_READ]);
        if (why) fv__cli_child_end(out);
    }
    close_all(ends);
    if (file >= 0) close(file);
    if (out->pid > 0) return FV_OK;
    out->pid = 0;
    return fv__fail(ctx, FV_FAILED, "%s cannot be started: %s", words[0], strerror(why));
}

void fv__cli_child_end(fv_child *child) {
    if (child->pid > 0) {
        int how;
        kill((pid_t)child->pid, SIGKILL);
        while (waitpid((pid_t)child->pid, &how, 0) < 0 && errno == EINTR) continue;
        close(child->to);
        close(child->from);
    }
    fv__text_free(&child->line);
    *child = (fv_child){0};
}

/* --- speaking ----------------------------------------------------------------------------------
 */

fv_status fv__cli_child_say(fv_context *ctx, fv_child *child, const char *line) {
    char text[1024];
    const int length = snprintf(text, sizeof text, "%s\n", line);
    size_t done = 0;
    if (length < 0 || (size_t)length >= sizeof text)
        return fv__fail(ctx, FV_FAILED, "a line of %d letters is too long to say", length);
    while (done < (size_t)length) {
        const ssize_t n = write(child->to, text + done, (size_t)length - done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return fv__fail(ctx, FV_FAILED, "it has ended");
        done += (size_t)n;
    }
    return FV_OK;
}

/* Adds what has come, waiting a while. */
static fv_status take_more(fv_context *ctx, fv_child *child, double seconds) {
    struct pollfd ready = {.fd = child->from, .events = POLLIN};
    char text[4096];
    const int wait = seconds < 0.2 ? (int)(1e3 * seconds) + 1 : 200; /* then look for signals */
    const int n = poll(&ready, 1, wait);
    if (interrupted) return fv__fail(ctx, FV_INTERRUPTED, "interrupted");
    if (n == 0 || (n < 0 && errno == EINTR)) return FV_OK;
    const ssize_t got = read(child->from, text, sizeof text);
    if (got < 0 && errno == EINTR) return FV_OK;
    if (got <= 0) return fv__fail(ctx, FV_FAILED, "it has ended");
    if (child->line.length + (size_t)got > LINE_MAX_BYTES)
        return fv__fail(ctx, FV_FAILED, "its answer has no end");
    fv__text_addn(&child->line, text, (size_t)got);
    return fv__text_done(ctx, &child->line);
}

fv_status fv__cli_child_hear(fv_context *ctx, fv_child *child, double seconds, const char **out) {
    const double end = fv__seconds() + seconds;
    fv_text *line = &child->line;
    if (child->given) {
        line->length -= child->given;
        memmove(line->data, line->data + child->given, line->length);
        child->given = 0;
    }
    for (;;) {
        char *stop = line->length ? memchr(line->data, '\n', line->length) : NULL;
        if (stop) {
            *stop = 0;
            child->given = (size_t)(stop - line->data) + 1;
            *out = line->data;
            return FV_OK;
        }
        const double left = end - fv__seconds();
        if (left <= 0) return fv__fail(ctx, FV_FAILED, "it gave no answer in %g seconds", seconds);
        FV_TRY(take_more(ctx, child, left));
    }
}

/* --- the process itself ------------------------------------------------------------------------
 */

void fv__cli_child_pause(const fv_child *child) {
    if (child->pid > 0) kill((pid_t)child->pid, SIGSTOP);
}

void fv__cli_child_go_on(const fv_child *child) {
    if (child->pid > 0) kill((pid_t)child->pid, SIGCONT);
}

static size_t peak_bytes(const char *path) {
    char text[256];
    size_t kilobytes = 0;
    FILE *f = fopen(path, "r"); /* Linux */
    if (!f) return 0;
    while (fgets(text, sizeof text, f))
        if (strncmp(text, "VmHWM:", 6) == 0) kilobytes = (size_t)strtoull(text + 6, NULL, 10);
    fclose(f);
    return kilobytes << 10;
}

void fv__cli_child_forget_peak(const fv_child *child) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/clear_refs", child->pid);
    FILE *f = fopen(path, "w"); /* Linux: 5 sets the peak to what is there now */
    if (!f) return;
    (void)fputs("5", f);
    fclose(f);
}

size_t fv__cli_child_peak_bytes(const fv_child *child) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/status", child->pid);
    return peak_bytes(path);
}

size_t fv__cli_own_peak_bytes(void) {
    return peak_bytes("/proc/self/status");
}

const char *fv__cli_own_path(fv_arena *arena, const char *otherwise) {
    char path[4096];
    const ssize_t n = readlink("/proc/self/exe", path, sizeof path); /* Linux */
    if (n <= 0 || (size_t)n >= sizeof path) return fv__arena_text(arena, otherwise);
    return fv__arena_textn(arena, path, (size_t)n);
}

#else /* WebAssembly */

void fv__cli_child_signals(void) {}

fv_status fv__cli_child_start(fv_context *ctx, const char *const *words, const char *log,
                              fv_child *out) {
    (void)log;
    *out = (fv_child){0};
    return fv__fail(ctx, FV_FAILED, "%s cannot be started: this system starts no programs",
                    words[0]);
}

fv_status fv__cli_child_say(fv_context *ctx, fv_child *child, const char *line) {
    (void)child;
    (void)line;
    return fv__fail(ctx, FV_FAILED, "it has ended");
}

fv_status fv__cli_child_hear(fv_context *ctx, fv_child *child, double seconds, const char **out) {
    (void)child;
    (void)seconds;
    *out = "";
    return fv__fail(ctx, FV_FAILED, "it has ended");
}

void fv__cli_child_pause(const fv_child *child) {
    (void)child;
}

void fv__cli_child_go_on(const fv_child *child) {
    (void)child;
}

size_t fv__cli_own_peak_bytes(void) {
    return 0;
}

size_t fv__cli_child_peak_bytes(const fv_child *child) {
    (void)child;
    return 0;
}

void fv__cli_child_forget_peak(const fv_child *child) {
    (void)child;
}

void fv__cli_child_end(fv_child *child) {
    *child = (fv_child){0};
}

const char *fv__cli_own_path(fv_arena *arena, const char *otherwise) {
    return fv__arena_text(arena, otherwise);
}

#endif
