/* SPDX-License-Identifier: MIT */
/*
 * impl_list.c - all implementations, from impl_list.h.
 */
#include "cpu/cpu.h"

const fv_impl *const fv__cpu_impls[] = {
#define FV_IMPL(name) &fv__cpu_##name,
#include "cpu/impl_list.h"
#undef FV_IMPL
    NULL,
};
