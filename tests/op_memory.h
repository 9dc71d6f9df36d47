/* SPDX-License-Identifier: MIT */
/*
 * op_memory.h - memory for problems: between guards, whose bytes nobody may write, and as badly
 * aligned as a caller's may be.
 */
#ifndef OP_MEMORY_H
#define OP_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#define OP_GUARD 64 /* bytes of a guard, and what aligned memory is a multiple of */

/* Memory of so many bytes, which begins `off` (below 64) behind a multiple of 64 and ends right
   before a guard; under the address sanitizer reading a guard is an error too. NULL: there is
   none. */
void *op_lend(size_t bytes, size_t off);
/* Whether the guards of memory from op_lend are what they were; of NULL they are. */
bool op_guarded(const void *memory, size_t bytes);
void op_give_back(void *memory); /* NULL is allowed */

#endif
