/* SPDX-License-Identifier: MIT */
/*
 * message.h - ONNX's protobuf messages out of bytes that nobody vouches for.
 *
 * The messages are protobuf-c's, made when this is built from the description that ONNX publishes
 * (onnx/onnx.proto). protobuf-c follows nested messages without limit and takes what memory a
 * message asks for; so the bytes are walked beforehand, against the same description and with a
 * limit to their depth, and memory comes from an arena with a budget. It copies all that it reads,
 * too; where a file's weights are to stay where they are, it is given the same messages with notes
 * in their place (`in_place`).
 */
#ifndef FV_ONNX_MESSAGE_H
#define FV_ONNX_MESSAGE_H

#include "base/memory.h"

#ifdef FV_HAVE_ONNX
#include <onnx/onnx.pb-c.h>

#define FV_ONNX_DEPTH 64 /* messages within messages; a model of one graph has 6 */

/* A message of that kind, in the arena, or FV_BAD_INPUT with where and why: "damaged at byte 1,234:
   a length of 17 MB where 12 bytes are left". `what` begins the sentence: the file's name. Memory
   beyond 64 MB and eight times the bytes is not given (FV_EXHAUSTED). `in_place`: tensors' raw data
   are not copied but point into the bytes, which must outlive the message. */
FV_MUST_USE fv_status fv__onnx_unpack(fv_context *ctx, fv_arena *arena, const char *what,
                                      const ProtobufCMessageDescriptor *kind, const uint8_t *bytes,
                                      size_t size, bool in_place, const ProtobufCMessage **out);
#endif

#endif
