/* SPDX-License-Identifier: MIT */
/*
 * fovea.h - convolutional networks in C. This page includes all the others; `#include <fovea.h>` is
 * enough.
 *
 *   fovea/common.h     statuses, types, tensors, blobs of bytes
 *   fovea/context.h    threads, the last error, memory and notes by your own functions
 *   fovea/net.h        networks: the zoo, texts, what a layer and a setting is
 *   fovea/model.h      a network with its weights: make, open, read, write, convert
 *   fovea/image.h      image files and pixels, and what a network makes of them as its input
 *   fovea/run.h        a model run: outputs, and every value inside
 *   fovea/dataset.h    labelled samples: by name, from files, from your own program
 *   fovea/trainer.h    a model trained step by step, by your own loop
 *   fovea/training.h   a training run in its folder: start, watch, stop, resume, extend
 *   fovea/evaluate.h   how well a model does: accuracy, predictions, confusion
 *   fovea/explain.h    what a network is: layers, numbers, memory
 *   fovea/check.h      whether its gradients are right
 *   fovea/compare.h    two models side by side: how far apart each layer is
 *   fovea/bench.h      how fast it is, and how each layer is computed
 *   fovea/tune.h       which way of cutting its work is the fastest on this machine
 *   fovea/draw.h       filters, feature maps, samples, mistakes, curves as PNG
 *   fovea/matrix.h     a few numbers in rows, from text
 *   fovea/filter.h     one kernel over an image or a signal: edges, blur
 *   fovea/step.h       a convolution or pooling window by window, and as a matrix
 *   fovea/operator.h   the layers there are, and layers of your own
 *   fovea/builder.h    a network built by calls
 *   fovea/system.h     this machine and this library
 *
 * A context carries threads and the last error. A net is a network, a model is a network with its
 * weights. A run is the memory of one execution of a model; a trainer changes a model's weights
 * step by step; a training does it epoch by epoch in a folder.
 *
 * Threads: a context belongs to one thread at a time, and so does everything made with it that does
 * not say otherwise. Nets and models are not changed by what reads them: any number of runs, in any
 * number of threads, each with a context of its own, may share one model. Nothing else may use a
 * model while a trainer steps it or a training runs on it.
 *
 * Errors: every function that can fail returns an fv_status; FV_OK is 0. The sentence that says
 * what went wrong, where, and what to do is in the context: fv_context_error(). Every function with
 * a context gives FV_USAGE for a NULL where none is allowed and FV_EXHAUSTED when memory is
 * refused; that is not repeated below. The library never prints, never exits, never aborts and
 * keeps no global state.
 *
 * Ownership: what a function stores in *out is yours, to be freed with the function named after it
 * (fv_run_free); on failure *out is NULL. All others return what belongs to the handle they were
 * given: it holds until that is freed, or as long as they say. Texts are UTF-8 and end in 0; those
 * you give are copied.
 *
 * Structs: those you fill begin with `size` and are declared
 *     fv_bench_options options = FV_INIT(fv_bench_options);
 * A field left at 0 or NULL has its default, and for the options as a whole NULL may be given. The
 * library reads and writes no more than `size` bytes, so a program goes on working with a later
 * library whose structs have more at their end. Structs that the library hands out
 * (const fv_layer *) lie in its memory and may grow at the end, too: do not copy them whole, and do
 * not step from one to the next; lists are arrays of pointers.
 *
 * Values are float32, laid out N, C, H, W: sample, channel, row, column.
 */
#ifndef FOVEA_H
#define FOVEA_H

/* The version of these headers; fv_version() is that of the library in use. */
#define FOVEA_VERSION "0.1.0"

#include "fovea/common.h"
#include "fovea/context.h"
#include "fovea/net.h"
#include "fovea/operator.h"
#include "fovea/model.h"
#include "fovea/image.h"
#include "fovea/run.h"
#include "fovea/dataset.h"
#include "fovea/trainer.h"
#include "fovea/training.h"
#include "fovea/runs.h"
#include "fovea/evaluate.h"
#include "fovea/explain.h"
#include "fovea/check.h"
#include "fovea/compare.h"
#include "fovea/bench.h"
#include "fovea/tune.h"
#include "fovea/draw.h"
#include "fovea/preview.h"
#include "fovea/matrix.h"
#include "fovea/filter.h"
#include "fovea/step.h"

#include "fovea/builder.h"
#include "fovea/system.h"

#endif
