/* SPDX-License-Identifier: MIT */
/*
 * more_ops.h - operators that no network needs yet, for tests of what the types can carry: several
 * outputs, constants, integers, truth values. NULL-ended, as a context takes them.
 */
#ifndef FV_TESTS_MORE_OPS_H
#define FV_TESTS_MORE_OPS_H

#include "op/op.h"

/*
 *   halves         y1 = the first half of the channels, y2 = the rest
 *   perchannel     y = x * c, c one number a channel: a constant [C]
 *   above T        y = x > T, as bool
 *   choose         y = x2 where x1 (bool) is true, otherwise x3
 *   highest        y = the channel of the largest x, as int32 [N]
 *   take           y = x2[x1] of every sample, x1 being int32 [N]: [N,1]
 */
extern const fv_op *const fv__more_ops[];

#endif
