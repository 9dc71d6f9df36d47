/* SPDX-License-Identifier: MIT */
/*
 * steps.h - a node of an ONNX graph as several of our operators, one step after the other.
 *
 * A step that fails gives NULL, and so does every step that gets a NULL; the status of the first
 * failure is kept, and fv__steps_give returns it. So a row may write down its formula without a
 * check at every operation:
 *
 *     fv_onnx_steps s = {.n = n};
 *     fv_entry *root = fv__step(&s, "sqrt", fv__step2(&s, "add", x, fv__step_number(&s, 1e-5)));
 *     return fv__steps_give(&s, 0, root);
 */
#ifndef FV_ONNX_STEPS_H
#define FV_ONNX_STEPS_H

#include "onnx/importer.h"

#ifdef FV_HAVE_ONNX

typedef struct fv_onnx_steps {
    fv_onnx_node *n;
    fv_status status;
} fv_onnx_steps;

/* An operator with its options as they are by default, of one, two or three values. */
fv_entry *fv__step(fv_onnx_steps *s, const char *op, fv_entry *x);
fv_entry *fv__step2(fv_onnx_steps *s, const char *op, fv_entry *a, fv_entry *b);
fv_entry *fv__step3(fv_onnx_steps *s, const char *op, fv_entry *a, fv_entry *b, fv_entry *c);
/* Of one value, with one option: a list of whole numbers, a number, a word. */
fv_entry *fv__step_ints(fv_onnx_steps *s, const char *op, const char *field, const fv_ints *v,
                        fv_entry *x);
fv_entry *fv__step_real(fv_onnx_steps *s, const char *op, const char *field, double v, fv_entry *x);
fv_entry *fv__step_word(fv_onnx_steps *s, const char *op, const char *field, const char *word,
                        fv_entry *x);
/* With options made before; further outputs into more[0 … count). */
fv_entry *fv__step_made(fv_onnx_steps *s, const fv_onnx_made *o, fv_entry *const *in, int count);
fv_entry *fv__step_outputs(fv_onnx_steps *s, const fv_onnx_made *o, fv_entry *const *in, int count,
                           fv_entry **more, int more_count);
/* Reduced along `axes`, which stay as dimensions of 1, or (keep false) go. */
fv_entry *fv__step_reduce(fv_onnx_steps *s, const char *op, const fv_ints *axes, bool keep,
                          fv_entry *x);

/* One number, of a type; a tensor of zeros, to be filled through fv__constant_set; a known one
   under another shape. */
fv_entry *fv__step_number(fv_onnx_steps *s, double v);
fv_entry *fv__step_whole(fv_onnx_steps *s, double v);
fv_entry *fv__step_constant(fv_onnx_steps *s, fv_dtype dtype, const fv_shape *shape);
fv_entry *fv__step_shaped(fv_onnx_steps *s, const fv_constant *c, const fv_shape *shape);

/* The type and shape of an entry, given or computed. */
fv_dtype fv__onnx_dtype(const fv_importer *im, const fv_entry *e);
/* All dimensions of a value, counted from `from` on. */
fv_ints fv__onnx_axes(const fv_shape *shape, int from);

/* Output i of the node is this; an output that nobody reads is none. */
FV_MUST_USE fv_status fv__steps_give(fv_onnx_steps *s, int i, fv_entry *e);

#endif
#endif
