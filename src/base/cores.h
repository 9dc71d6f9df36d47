/* SPDX-License-Identifier: MIT */
/*
 * cores.h - how many processors this process may keep busy.
 */
#ifndef FV_BASE_CORES_H
#define FV_BASE_CORES_H

/* Those it may run on (affinity), and no more than the time that its control groups grant: 1.5
   processors' worth is two. At least 1. Reads files: ask once. */
int fv__cores(void);

/* The same grant alone, rounded up; 0: none is stated. `groups` is the file that says which groups
   the process is in (/proc/self/cgroup), `root` where they are mounted (/sys/fs/cgroup): version 2
   with cpu.max, version 1 with cpu.cfs_quota_us and cpu.cfs_period_us. A group's limit holds for
   all below it, so the least on the way up counts. */
int fv__cores_granted(const char *groups, const char *root);

#endif
