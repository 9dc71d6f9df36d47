/* SPDX-License-Identifier: MIT */
/*
 * hold.h - a file held while somebody is at work on what it stands for: others can ask whether.
 *
 * A lock on the open file, which ends with the process, however it ends; nothing is written.
 */
#ifndef FV_BASE_HOLD_H
#define FV_BASE_HOLD_H

#include <stdbool.h>

/* Holds a file that is there; -1: it cannot be, and nobody is the worse for it. */
int fv__file_hold(const char *path);
void fv__file_let_go(int hold); /* -1 is allowed */
/* Whether somebody on this machine holds it; false where that cannot be known. */
bool fv__file_held(const char *path);

#endif
