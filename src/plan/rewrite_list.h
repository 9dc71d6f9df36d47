/* SPDX-License-Identifier: MIT */
/* Every rewrite rule, one line each, in the order they are applied. */
FV_REWRITE(identity)
FV_REWRITE(constants)
FV_REWRITE(pad)
FV_REWRITE(fold)
FV_REWRITE(prologue)
FV_REWRITE(epilogue)
FV_REWRITE(inner)
