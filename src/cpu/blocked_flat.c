/* SPDX-License-Identifier: MIT */
/*
 * blocked_flat.c - relu, add and concat of blocked maps.
 *
 * To these a sample is one run of numbers, in whatever order; a part of a concat is a run as well,
 * since it begins and ends with a block. So they are what the plain ones are, under the other
 * layout.
 */
#include "cpu/blocked.h"

#define FLAT(op_, plain, refuses_)                                                                 \
    static void op_##_forward(const fv_pass *p) {                                                  \
        fv__cpu_##plain##_forward.run(p);                                                          \
    }                                                                                              \
    static void op_##_backward(const fv_pass *p) {                                                 \
        fv__cpu_##plain##_backward.run(p);                                                         \
    }                                                                                              \
    const fv_impl fv__cpu_##op_##_blocked_forward = {.name = "blocked",                            \
                                                     .op = &fv__op_##op_,                          \
                                                     .which = FV_FORWARD,                          \
                                                     .takes = FV_BLOCK16,                          \
                                                     .gives = FV_BLOCK16,                          \
                                                     .refuses = refuses_,                          \
                                                     .run = op_##_forward};                        \
    const fv_impl fv__cpu_##op_##_blocked_backward = {.name = "blocked",                           \
                                                      .op = &fv__op_##op_,                         \
                                                      .which = FV_BACKWARD,                        \
                                                      .takes = FV_BLOCK16,                         \
                                                      .gives = FV_BLOCK16,                         \
                                                      .refuses = refuses_,                         \
                                                      .run = op_##_backward,                       \
                                                      .overwrites = true};
FLAT(relu, relu, fv__cpu_refuses)
FLAT(add, add_vector, fv__cpu_refuses)
FLAT(concat, concat_copy, fv__cpu_concat_refuses)
