/* SPDX-License-Identifier: MIT */
/*
 * cores.c - affinity, and the quotas of Linux' control groups (Documentation/admin-guide/cgroup-v2
 * and cgroup-v1 in the kernel's sources).
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* sched_getaffinity */
#endif
#include "base/cores.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#if !defined(__wasi__)
#include <unistd.h>
#endif
#if defined(__linux__)
#include <sched.h>
#endif

#define PATH_MOST 1024

/* The numbers of "QUOTA PERIOD"; false: no such file, "max", -1. */
static bool read_numbers(const char *path, double *first, double *second) {
    FILE *f = fopen(path, "r");
    if (!f) return false;
    const int n = fscanf(f, second ? "%lf %lf" : "%lf", first, second);
    fclose(f);
    return n == (second ? 2 : 1) && *first > 0;
}

static bool join(char out[PATH_MOST], const char *folder, const char *name) {
    const int n = snprintf(out, PATH_MOST, "%s/%s", folder, name);
    return n > 0 && n < PATH_MOST;
}

/* The limit stated in one group's folder; 0: none. */
static int limit_in(const char *folder) {
    char path[PATH_MOST];
    double quota, period = 0;
    bool stated = join(path, folder, "cpu.max") && read_numbers(path, &quota, &period);
    if (!stated)
        stated = join(path, folder, "cpu.cfs_quota_us") && read_numbers(path, &quota, NULL) &&
                 join(path, folder, "cpu.cfs_period_us") && read_numbers(path, &period, NULL);
    if (!stated || !(period > 0) || !(quota / period < INT_MAX)) return 0;
    const int whole = (int)(quota / period);
    return whole < quota / period ? whole + 1 : whole;
}

/* The least of a group and those above it. */
static int limit_up(const char *mount, const char *group) {
    char folder[PATH_MOST];
    int least = 0;
    const size_t top = strlen(mount);
    if (strstr(group, "..")) group = ""; /* it lies outside of what is mounted here */
    const int n = snprintf(folder, sizeof folder, "%s%s", mount, group);
    if (n < 0 || (size_t)n >= sizeof folder) return 0;
    for (;;) {
        const int limit = limit_in(folder);
        if (limit > 0 && (least == 0 || limit < least)) least = limit;
        char *slash = strrchr(folder, '/');
        if (!slash || (size_t)(slash - folder) < top) return least;
        *slash = '\0';
    }
}

/* Whether "cpu" is one of "cpu,cpuacct". */
static bool has_cpu(const char *controllers) {
    for (const char *c = controllers; *c; c += strcspn(c, ","), c += *c == ',')
        if (strncmp(c, "cpu", 3) == 0 && (c[3] == ',' || c[3] == '\0')) return true;
    return false;
}

int fv__cores_granted(const char *groups, const char *root) {
    char line[PATH_MOST], mount[PATH_MOST];
    int least = 0;
    FILE *f = fopen(groups, "r");
    if (!f) return 0;
    while (fgets(line, sizeof line, f)) { /* "4:cpu,cpuacct:/group", of version 2 "0::/group" */
        char *controllers = strchr(line, ':'),
             *group = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!group) continue;
        *controllers++ = *group++ = '\0';
        group[strcspn(group, "\n")] = '\0';
        if (!*controllers ? snprintf(mount, sizeof mount, "%s", root) < 0
                          : !has_cpu(controllers) || !join(mount, root, controllers))
            continue;
        const int limit = limit_up(mount, group);
        if (limit > 0 && (least == 0 || limit < least)) least = limit;
    }
    fclose(f);
    return least;
}

int fv__cores(void) {
    long n = 1;
#if defined(FV_HAVE_THREADS)
    n = sysconf(_SC_NPROCESSORS_ONLN);
#if defined(__linux__)
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) n = CPU_COUNT(&set);
    const int granted = fv__cores_granted("/proc/self/cgroup", "/sys/fs/cgroup");
    if (granted > 0 && granted < n) n = granted;
#endif
#endif
    return n < 1 ? 1 : n > INT_MAX ? INT_MAX : (int)n;
}
