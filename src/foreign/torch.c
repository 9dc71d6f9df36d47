/* SPDX-License-Identifier: MIT */
/*
 * torch.c - a network as a PyTorch module: what rows of torch_list.h cannot say by themselves.
 *
 * PyTorch pads alike on both sides, and its pools by half a window at most; anything else is
 * written as F.pad before the layer. Its parameters come in our order: weight, bias, running mean
 * and variance of each layer, the layers in theirs.
 */
#include "foreign/torch.h"
#include "op/convtranspose.h"
#include "op/resize.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const fv_foreign_row rows[] = {
#define FV_FOREIGN_ROW(op, theirs, args, call) {#op, theirs, args, call},
#include "foreign/torch_list.h"
#undef FV_FOREIGN_ROW
    {0}};

/* --------------------------------------------------------------------------------- padding --- */

static bool is_pool(const fv_writer *w) {
    return w->node->op == &fv__op_maxpool || w->node->op == &fv__op_avgpool ||
           w->node->op == &fv__op_minpool;
}

/* Whether the layer can pad by itself. */
static bool pads_itself(const fv_writer *w, const fv_window win[2]) {
    for (int d = fv__writer_spatial(w) > 1 ? 0 : 1; d < 2; d++)
        if (win[d].before != win[d].after || (is_pool(w) && 2 * win[d].before > win[d].kernel))
            return false;
    return true;
}

static fv_status put_pad(fv_writer *w, fv_text *out) {
    fv_window win[2];
    FV_TRY(fv__writer_windows(w, win));
    const bool map = fv__writer_spatial(w) > 1;
    if (!pads_itself(w, win) || (!win[1].before && (!map || !win[0].before))) return FV_OK;
    if (map && win[0].before != win[1].before)
        fv__text_addf(out, "(%" PRId64 ", %" PRId64 ")", win[0].before, win[1].before);
    else
        fv__text_addf(out, "%" PRId64, win[1].before);
    return FV_OK;
}

/* "(1, 2, 0, 1)": left, right, top, bottom, or the same taken off. */
static void put_sides(const fv_writer *w, const fv_window win[2], const char *sign, fv_text *out) {
    fv__text_addf(out, "(%s%" PRId64 ", %s%" PRId64, sign, win[1].before, sign, win[1].after);
    if (fv__writer_spatial(w) > 1)
        fv__text_addf(out, ", %s%" PRId64 ", %s%" PRId64, sign, win[0].before, sign, win[0].after);
    fv__text_add(out, ")");
}

static fv_status put_padded(fv_writer *w, fv_text *out) {
    const fv_field *f;
    const bool *ceil = fv__writer_option(w, "ceil", &f);
    const bool *count = fv__writer_option(w, "count_pad", &f);
    fv_window win[2];
    FV_TRY(fv__writer_windows(w, win));
    if (pads_itself(w, win)) {
        fv__text_add(out, fv__writer_input(w, 0));
        return FV_OK;
    }
    if ((ceil && *ceil) || (count && !*count))
        return fv__writer_refuse(w, "PyTorch pads alike on both sides and by half a window at "
                                    "most where ceil or count_pad no are asked for");
    fv__text_addf(out, "F.pad(%s, ", fv__writer_input(w, 0));
    put_sides(w, win, "", out);
    if (w->node->op == &fv__op_maxpool) fv__text_add(out, ", value=float(\"-inf\")");
    if (w->node->op == &fv__op_minpool) fv__text_add(out, ", value=float(\"inf\")");
    fv__text_add(out, ")");
    return FV_OK;
}

/* A transposed convolution, and what is taken off where the sides are not alike. */
static fv_status put_cut(fv_writer *w, fv_text *out) {
    fv_window win[2];
    FV_TRY(fv__writer_windows(w, win));
    if (pads_itself(w, win)) return fv__writer_fill(w, "{m}({0})", out);
    FV_TRY(fv__writer_fill(w, "F.pad({m}({0}), ", out));
    put_sides(w, win, "-", out);
    fv__text_add(out, ")");
    return FV_OK;
}

/* Rows and columns that no filter reaches: those of output_pad, and with `pad same` those between
   filters that are smaller than the stride. */
static fv_status put_more(fv_writer *w, fv_text *out) {
    const fv_shape *in = &w->room.in[0], *y = &w->room.out[0];
    fv_window win[2];
    int64_t more[2] = {0};
    FV_TRY(fv__writer_windows(w, win));
    for (int d = fv__writer_spatial(w) > 1 ? 0 : 1; d < 2; d++)
        more[d] = y->dim[y->rank - 2 + d] + win[d].before + win[d].after -
                  (in->dim[in->rank - 2 + d] - 1) * win[d].stride -
                  win[d].dilation * (win[d].kernel - 1) - 1;
    if (fv__writer_spatial(w) == 1 || more[0] == more[1]) {
        if (more[1]) fv__text_addf(out, "%" PRId64, more[1]);
    } else {
        fv__text_addf(out, "(%" PRId64 ", %" PRId64 ")", more[0], more[1]);
    }
    return FV_OK;
}

/* ----------------------------------------------------------------------------------- sizes --- */

static fv_status put_channels(fv_writer *w, fv_text *out) {
    fv__text_addf(out, "%" PRId64, w->room.in[0].dim[1]);
    return FV_OK;
}

static fv_status put_features(fv_writer *w, fv_text *out) {
    fv__text_addf(out, "%" PRId64, fv__shape_sample(&w->room.in[0]));
    return FV_OK;
}

static fv_status put_slopes(fv_writer *w, fv_text *out) {
    const int64_t slopes = w->node->params ? w->net->params[w->node->param[0]].count : 1;
    if (slopes > 1) fv__text_addf(out, "%" PRId64, slopes);
    return FV_OK;
}

static fv_status put_flat(fv_writer *w, fv_text *out) {
    fv__text_addf(out, w->room.in[0].rank > 2 ? "%s.flatten(1)" : "%s", fv__writer_input(w, 0));
    return FV_OK;
}

static void put_dims(const fv_shape *s, int from, const char *first, fv_text *out) {
    fv__text_addf(out, "(%s", first);
    for (int i = from; i < s->rank; i++)
        fv__text_addf(out, "%s%" PRId64, i > from || *first ? ", " : "", s->dim[i]);
    fv__text_add(out, s->rank - from + (*first != 0) == 1 ? ",)" : ")");
}

static fv_status put_shape(fv_writer *w, fv_text *out) {
    put_dims(&w->room.out[0], 1, "-1", out);
    return FV_OK;
}

static fv_status put_size(fv_writer *w, fv_text *out) {
    put_dims(&w->room.out[0], 2, "", out);
    return FV_OK;
}

/* Where a pixel of the output lies: F.interpolate has two ways for means of four, and repeats. */
static fv_status put_resized(fv_writer *w, fv_text *out) {
    const fv_resize_options *o = w->node->options;
    const fv_shape *x = &w->room.in[0], *y = &w->room.out[0];
    bool whole = x->rank == 4, exact = x->rank == 4;
    for (int d = 0; d < 2 && whole; d++) {
        const double scale = o->scale.count ? o->scale.v[o->scale.count > 1 ? d : 0] : 0;
        const double in = (double)x->dim[2 + d], size = (double)y->dim[2 + d];
        whole = y->dim[2 + d] % x->dim[2 + d] == 0;
        exact = exact && (o->size.h || !o->scale.count || fabs(in * scale - size) < 1e-6);
    }
    const bool half =
        o->coordinates == FV_RESIZE_HALF_PIXEL || o->coordinates == FV_RESIZE_PYTORCH_HALF_PIXEL;
    const bool corners = o->coordinates == FV_RESIZE_ALIGN_CORNERS;
    if (o->mode == FV_RESIZE_NEAREST && whole &&
        ((half && o->rounding <= FV_RESIZE_PREFER_CEIL) ||
         (o->coordinates == FV_RESIZE_ASYMMETRIC && o->rounding == FV_RESIZE_FLOOR)))
        fv__text_add(out, "\"nearest\"");
    else if (o->mode == FV_RESIZE_BILINEAR && exact && (half || corners))
        fv__text_addf(out, "\"bilinear\", align_corners=%s", corners ? "True" : "False");
    else
        return fv__writer_refuse(w, "PyTorch's interpolate puts pixels elsewhere");
    return FV_OK;
}

static fv_status put_grid(fv_writer *w, fv_text *out) {
    fv__text_addf(out, "%" PRId64 ", %" PRId64, w->room.out[0].dim[1], w->room.out[0].dim[2]);
    return FV_OK;
}

static fv_status put_spatial(fv_writer *w, fv_text *out) {
    fv__text_add(out, w->room.in[0].rank > 3 ? "(2, 3)" : "(2,)");
    return FV_OK;
}

static fv_status put_tail(fv_writer *w, fv_text *out) {
    const fv_field *f;
    const int64_t axis = *(const int64_t *)fv__writer_option(w, "axis", &f);
    put_dims(&w->room.in[0], (int)(axis < 0 ? axis + w->room.in[0].rank : axis), "", out);
    return FV_OK;
}

static fv_status put_parts(fv_writer *w, fv_text *out) {
    const fv_field *f;
    const int64_t given = *(const int64_t *)fv__writer_option(w, "axis", &f);
    const int64_t axis = given < 0 ? given + w->room.in[0].rank : given;
    for (int i = 0; i < w->node->outputs; i++)
        fv__text_addf(out, "%s%" PRId64, i ? ", " : "[", w->room.out[i].dim[axis]);
    fv__text_add(out, "]");
    return FV_OK;
}

/* The channels that a shortcut adds: half of them before, half behind. */
static fv_status put_missing(fv_writer *w, fv_text *out) {
    const int64_t missing = w->room.out[0].dim[1] - w->room.in[0].dim[1];
    fv__text_addf(out, "(0, 0, 0, 0, %" PRId64 ", %" PRId64 ")", missing / 2,
                  missing - missing / 2);
    return FV_OK;
}

static fv_status put_type(fv_writer *w, fv_text *out) {
    fv__text_addf(out, "torch.%s", fv__dtype_name(w->room.out_type[0].dtype));
    return FV_OK;
}

static const fv_computed computed[] = {
    {"channels", "", put_channels},
    {"features", "", put_features},
    {"slopes", "slopes", put_slopes},
    {"flat", "", put_flat},
    {"pad", "pad", put_pad},
    {"padded", "pad", put_padded},
    {"cut", "pad", put_cut},
    {"more", "output_pad", put_more},
    {"shape", "shape axes", put_shape},
    {"size", "factor mode", put_size},
    {"resized", "size scale mode coordinates rounding", put_resized},
    {"grid", "size", put_grid},
    {"spatial", "", put_spatial},
    {"tail", "axis", put_tail},
    {"parts", "parts sizes", put_parts},
    {"slice", "starts ends axes steps", fv__torch_slice},
    {"crop", "size top left", fv__torch_crop},
    {"pads", "pads axes mode value", fv__torch_pads},
    {"missing", "channels", put_missing},
    {"type", "to", put_type},
    {NULL, NULL, NULL},
};

/* Where the mode decides what is called. */
static const char *variant(const fv_node *node, const fv_site *site) {
    const fv_field *f = node->op->fields ? fv__field_find(node->op->fields, "mode") : NULL;
    (void)site;
    if (!f || (node->op != &fv__op_upsample && node->op != &fv__op_depthtospace &&
               node->op != &fv__op_spacetodepth))
        return NULL;
    const int mode = *(const int *)((const char *)node->options + f->offset);
    return mode ? f->choices[mode] : NULL;
}

/* --------------------------------------------------------------------------------- program --- */

static void put_results(const fv_writer *w, fv_text *out) {
    bool first = true;
    for (size_t h = 0; h < w->net->head_count; h++) {
        if (w->net->heads[h].training) continue;
        fv__text_addf(out, "%s%s", first ? "" : ", ", w->variables[w->net->heads[h].value]);
        first = false;
    }
}

static void assemble(const fv_writer *w, fv_text *out) {
    const fv_shape *in = &w->net->values[0].shape;
    const bool functions = w->body.data && strstr(w->body.data, "F.");
    char *name = fv__python_name((fv_arena *)(uintptr_t)&w->arena, w->net->name);
    if (!name) {
        out->failed = true;
        return;
    }
    if (name[0] >= 'a' && name[0] <= 'z') name[0] = (char)(name[0] - 'a' + 'A');
    fv__text_addf(out,
                  "\"\"\"%s as a PyTorch module. Its parameters and buffers are those of the "
                  "model file, in its order.\"\"\"\nimport torch\nfrom torch import nn\n%s\n\n"
                  "class %s(nn.Module):\n    def __init__(self):\n        super().__init__()\n",
                  w->net->name, functions ? "from torch.nn import functional as F\n" : "", name);
    if (w->made.data) fv__text_add(out, w->made.data);
    fv__text_addf(out, "\n    def forward(self, %s):\n%s        return ", w->variables[0],
                  w->body.data ? w->body.data : "");
    put_results(w, out);
    fv__text_addf(out,
                  "\n\n\nif __name__ == \"__main__\":\n    net = %s().eval()\n"
                  "    print(sum(p.numel() for p in net.parameters()), \"parameters\")\n"
                  "    with torch.no_grad():\n        print(net(torch.randn",
                  name);
    put_dims(in, 1, "1", out);
    fv__text_add(out, ").shape)\n");
}

/* Few numbers, such as shapes and scales; many are weights, which a program is no place for. */
#define NUMBERS_MOST 4096

static fv_status constant(fv_writer *w, const fv_value *value, const char *name) {
    const int64_t count = fv__shape_count(&value->shape);
    const fv_dtype dtype = value->type.dtype;
    if (count > NUMBERS_MOST || (dtype != FV_F32 && dtype != FV_I32 && dtype != FV_BOOL8))
        return fv__fail(w->ctx, FV_BAD_INPUT,
                        "the constant '%.64s' has %" PRId64 " numbers of type %s; programs hold "
                        "float32, int32 and bool, and %d at most",
                        value->name, count, fv__dtype_name(dtype), NUMBERS_MOST);
    fv__text_addf(&w->made, "        self.register_buffer(\"%s\", torch.tensor([",
                  name + strlen("self."));
    for (int64_t i = 0; i < count; i++) {
        fv__text_add(&w->made, i ? ", " : "");
        if (dtype == FV_F32)
            fv__writer_real(&w->made, (double)((const float *)value->data)[i]);
        else if (dtype == FV_I32)
            fv__text_addf(&w->made, "%" PRId32, ((const int32_t *)value->data)[i]);
        else
            fv__text_add(&w->made, ((const uint8_t *)value->data)[i] ? "True" : "False");
    }
    fv__text_addf(&w->made, "], dtype=torch.%s).reshape(", fv__dtype_name(dtype));
    put_dims(&value->shape, 0, "", &w->made);
    fv__text_add(&w->made, "), persistent=False)\n");
    return FV_OK;
}

static const char *const taken[] = {"torch", "nn", "F", "self", "net", NULL};

const fv_dialect fv__pytorch = {
    .name = "pytorch",
    .title = "PyTorch",
    .rows = rows,
    .computed = computed,
    .layers_apart = true,
    .taken = taken,
    .constant = constant,
    .variant = variant,
    .assemble = assemble,
};
