/* SPDX-License-Identifier: MIT */
/*
 * format.h - the file formats that a network or a model can have.
 *
 * A format is one file with one fv_format and one line in format/format_list.h. Opening, converting
 * and help follow from the list; format/open_model.h is what callers want.
 */
#ifndef FV_FORMAT_FORMAT_H
#define FV_FORMAT_FORMAT_H

#include "format/model.h"

/* What may be chosen of a file that is written; zeros: as usual. */
typedef struct fv_write_options {
    int64_t opset; /* of ONNX's operators */
    bool logits;   /* without a softmax at the end of an output */
} fv_write_options;

/* What a format cannot do is NULL; it reads nets or models, or both. */
typedef struct fv_format {
    const char *name;      /* "safetensors" */
    const char *extension; /* ".safetensors": how its files' names end */
    const char *what;      /* what a file of it is: "a model" */
    const char *help;      /* what is written into one, one line */

    /* Whether a file is of this format, by its bytes: all of them, or as many as are mapped. */
    bool (*recognise)(const uint8_t *bytes, size_t size);

    /* The network and the recipe that comes with it; settings are values for its parameters,
     * refused where it has none to set. */
    fv_status (*read_net)(fv_context *ctx, const char *path, const fv_setting *settings,
                          size_t setting_count, fv_net *out);
    /* The network with its weights. */
    fv_status (*read_model)(fv_context *ctx, const char *path, fv_model **out);
    /* The same for images of the size that `input` says, where the file leaves it open, and made
       into its input as that says. NULL: its files leave nothing open. */
    fv_status (*read_model_for)(fv_context *ctx, const char *path, const fv_input *input,
                                fv_model **out);
    /* Its tensors, of which weights are taken. */
    fv_status (*read_tensors)(fv_context *ctx, const char *path, fv_tensor_file *out);

    fv_status (*write_net)(fv_context *ctx, const fv_net *net, const char *path);
    fv_status (*write_model)(fv_context *ctx, const fv_model *model, const char *path);
    /* The same where there is something to choose. */
    fv_status (*write_model_as)(fv_context *ctx, const fv_model *model, const char *path,
                                const fv_write_options *options);
} fv_format;

extern const fv_format *const fv__formats[]; /* NULL-ended */
#define FV_FORMAT(name) extern const fv_format fv__format_##name;
#include "format/format_list.h"
#undef FV_FORMAT

/* The format that a file's name tells by its end, or NULL. */
const fv_format *fv__format_by_name(const char *path);
/* The format of a file: as its name tells, or else as its bytes do. *out NULL: of none. */
FV_MUST_USE fv_status fv__format_of(fv_context *ctx, const char *path, const fv_format **out);

/* Those that write networks or models (or, `weights`, read weights): ".net (the network's text) or
   .safetensors (a model)". */
void fv__format_ends(fv_text *out, bool weights);

#endif
