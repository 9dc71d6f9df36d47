/* SPDX-License-Identifier: MIT */
/*
 * mutate_seeds.c - the good files, and how those of each kind are spoilt within their framing.
 */
#include "base/file.h"
#include "mutate.h"
#include "onnx_text.h"
#include "torch_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(list) (int)(sizeof(list) / sizeof *(list))

static void give_up(const char *what, const char *why) {
    fprintf(stderr, "a good file cannot be made: %s: %s\n", what, why);
    exit(1);
}

/* ---------------------------------------------------------------------------- safetensors --- */

static const char *const nets[] = {
    "net a\ninput 3x8x8 scale 1/255 mean 0.5 std 0.25\n(conv 4 3x3 pad 1 - bn - relu)*2 - maxpool "
    "2 - fc 5 - softmax\n",
    "net b(k = 3, deep = 2)\ninput 1x6x6\nconv k 1x1 - r(k)*deep - concat { avgpool 2 | maxpool 2 "
    "as "
    "p } - conv k 1x1 - add { identity | from p } - globalavgpool - fc 2\n\nblock r(n) = add { "
    "conv n "
    "3x3 pad same - tanh | if n == channels then identity else conv n 1x1 }\n\ntrain epochs 2 lr "
    "0.1\n",
    "net c\ninput 2x5x4\nconvtranspose 3 3x3 stride 2 - prelu - lrn - crop 4x4 - upsample 2 - "
    "reshape 0,48,4 - lstm 3 - flatten - dropout 0.5 - fc 4 - logsoftmax\n"};

/* A model in a file of its own, read back. */
static void make_model(fv_context *ctx, int i, mutant *out) {
    const char *const path = "seed.safetensors";
    fv_model *model;
    fv_bytes file;
    if (fv_model_parse(ctx, nets[i], NULL, 1, &model) != FV_OK ||
        fv_model_set(ctx, model, "classes", "a\nb\nc\nd\ne") != FV_OK ||
        fv_model_save(ctx, model, path) != FV_OK || fv__file_read(ctx, path, 0, &file) != FV_OK)
        give_up(nets[i], fv_context_error(ctx));
    out->size = file.size < MUTANT_MOST ? file.size : MUTANT_MOST;
    memcpy(out->data, file.data, out->size);
    fv__file_release(&file);
    fv_model_free(model);
}

/* The length of a header, and the header itself. */
static void set_header(mutant *m, const char *text, size_t length, size_t before) {
    const size_t rest = m->size - before;
    if (length > MUTANT_MOST - 8 - rest) length = MUTANT_MOST - 8 - rest;
    memmove(m->data + 8 + length, m->data + before, rest);
    memcpy(m->data + 8, text, length);
    for (int i = 0; i < 8; i++) m->data[i] = (uint8_t)((uint64_t)length >> (8 * i));
    m->size = 8 + length + rest;
}

static size_t header_end(const mutant *m) {
    size_t length = 0;
    for (int i = 8; i-- > 0;) length = length << 8 | m->data[i];
    return 8 + length;
}

static const char *const plain[] = {
    "{\"w\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},\"b\":{\"dtype\":\"F16\","
    "\"shape\":[4],\"data_offsets\":[24,32]},\"n\":{\"dtype\":\"I64\",\"shape\":[],\"data_"
    "offsets\":[32,40]}}",
    "{\"__metadata__\":{\"format\":\"pt\"},\"a.weight\":{\"dtype\":\"BF16\",\"shape\":[1,2,2,5],"
    "\"data_offsets\":[0,40]}}"};

/* Weights alone. */
static void make_weights(fv_context *ctx, int i, mutant *out) {
    (void)ctx;
    out->size = 48;
    memset(out->data, 0, 48);
    set_header(out, plain[i], strlen(plain[i]), 8);
}

static void spoil_header(dice *d, mutant *m) {
    static char text[MUTANT_MOST];
    const size_t end = header_end(m), length = end - 8;
    memcpy(text, m->data + 8, length);
    set_header(m, text, spoil_text(d, text, length, sizeof text / 2), end);
    if (roll(d, 4) == 0) /* no number, in the weights */
        memset(m->data + header_end(m), 0xff, 4 * roll(d, (m->size - header_end(m)) / 4));
}

static void spoil_model(fv_context *ctx, int i, dice *d, mutant *out) {
    make_model(ctx, i, out);
    spoil_header(d, out);
}

static void spoil_weights(fv_context *ctx, int i, dice *d, mutant *out) {
    make_weights(ctx, i, out);
    spoil_header(d, out);
}

/* -------------------------------------------------------------------------------- PyTorch --- */

#define TORCH_NET "net w\ninput 1x4x4\nconv 2 3x3 - fc 3\n"
enum { TORCH_FORMS = 3, TORCH_TENSORS = 4, TORCH_NUMBERS = 47 };
static const float torch_numbers[TORCH_NUMBERS] = {0.5f, -0.25f, 1};
static const torch_storage torch_block = {"0", torch_numbers, sizeof torch_numbers, TORCH_NUMBERS};
static const torch_tensor torch_tensors[TORCH_TENSORS] = {
    {"conv1.weight", "FloatStorage", &torch_block, 0, 4, {2, 1, 3, 3}, {9, 9, 3, 1}},
    {"conv1.bias", "FloatStorage", &torch_block, 18, 1, {2}, {1}},
    {"fc1.weight", "FloatStorage", &torch_block, 20, 2, {3, 8}, {1, 3}},
    {"fc1.bias", "FloatStorage", &torch_block, 44, 1, {3}, {1}}};

static void wrap(int form, const fv_text *pickle, mutant *out) {
    fv_text file = {0};
    if (form == 2)
        torch_legacy(&file, pickle, &torch_block, 1);
    else
        torch_zip(&file, pickle, &torch_block, 1, form == 1);
    if (file.failed || file.length > MUTANT_MOST) give_up("a file of PyTorch", "too large");
    out->size = file.length;
    memcpy(out->data, file.data, file.length);
    fv__text_free(&file);
}

static void make_torch(fv_context *ctx, int i, mutant *out) {
    fv_text pickle = {0};
    (void)ctx;
    torch_pickle(&pickle, torch_tensors, TORCH_TENSORS);
    wrap(i, &pickle, out);
    fv__text_free(&pickle);
}

/* A number of a tensor, or bytes of the pickle; the archive around it is right. */
static void spoil_torch(fv_context *ctx, int i, dice *d, mutant *out) {
    static mutant bytes, other;
    torch_tensor t[TORCH_TENSORS];
    fv_text pickle = {0};
    memcpy(t, torch_tensors, sizeof t);
    torch_tensor *one = &t[roll(d, TORCH_TENSORS)];
    int64_t *const places[] = {&one->offset, &one->dim[roll(d, 4)], &one->stride[roll(d, 4)]};
    const bool numbers = roll(d, 2);
    if (numbers) *places[roll(d, 3)] = (int64_t)roll_nasty(d);
    torch_pickle(&pickle, t, TORCH_TENSORS);
    bytes.size = pickle.length;
    memcpy(bytes.data, pickle.data, pickle.length);
    make_torch(ctx, i, &other);
    if (!numbers) spoil_bytes(d, &bytes, &other);
    if (bytes.size > MUTANT_MOST / 2) bytes.size = MUTANT_MOST / 2;
    fv__text_cut(&pickle, 0);
    fv__text_addn(&pickle, (const char *)bytes.data, bytes.size);
    wrap(i, &pickle, out);
    fv__text_free(&pickle);
}

/* ----------------------------------------------------------------------------------- text --- */

static void make_text(fv_context *ctx, int i, mutant *out) {
    (void)ctx;
    out->size = strlen(nets[i]);
    memcpy(out->data, nets[i], out->size);
}

static void spoil_net(fv_context *ctx, int i, dice *d, mutant *out) {
    make_text(ctx, i, out);
    out->size = spoil_text(d, (char *)out->data, out->size, MUTANT_MOST);
}

/* ----------------------------------------------------------------------------------- ONNX --- */

#ifdef FV_HAVE_ONNX
#define IMAGE "in x N,2,4,4\n"
static const char *const models[] = {
    "opset 13\n" IMAGE "weight w 3,2,3,3\nfloats b 1,2,3\nConv x,w,b -> h pads=1,1,1,1 "
    "strides=1,1 dilations=1,1 group=1\nRelu h -> y\n",
    "opset 9\n" IMAGE "weight w 4,1,2,2\nConv x,w -> h auto_pad=SAME_LOWER strides=2,2 group=2 "
    "dilations=1,1\nMaxPool h -> p kernel_shape=2,2 strides=1,1 pads=0,0,1,1\nAveragePool p -> q "
    "kernel_shape=2,2 auto_pad=SAME_UPPER count_include_pad=1\nGlobalAveragePool q -> y\n",
    "opset 11\n" IMAGE "weight w 2,3,2,2\nConvTranspose x,w -> h strides=2,2 pads=1,1,1,1 "
    "output_padding=1,1\nfloats s 0.25,\nPRelu h,s -> t\nfloats lo -1.5,\nClip t,lo -> y\n",
    "opset 13\n" IMAGE "floats s 1,2\nfloats b 0,1\nfloats m 0,0\nfloats v 1,4\n"
    "BatchNormalization x,s,b,m,v -> n epsilon=0.001 momentum=0.9\nInstanceNormalization n,s,b -> "
    "i epsilon=0.01\nLRN i -> y size=3 alpha=0.1 beta=0.75 bias=1.0\n",
    "opset 13\n" IMAGE "Shape x -> s\nints zero 0,\nGather s,zero -> n axis=0\nints rest -1,\n"
    "Concat n,rest -> t axis=0\nReshape x,t -> f\nweight w 5,32\nfloats b 1,2,3,4,5\nGemm f,w,b -> "
    "g transB=1 alpha=1.0 beta=1.0\nSoftmax g -> y axis=1\n",
    "opset 8\n" IMAGE
    "Flatten x -> f axis=1\nweight w 32,3\nMatMul f,w -> m\nweight b 3\nAdd m,b -> "
    "a\nSoftmax a -> y axis=1\nDropout y -> z ratio=0.5\n",
    "opset 12\n" IMAGE "Softmax x -> a axis=1\nLogSoftmax a -> y axis=1\n",
    "opset 6\n" IMAGE "weight b 2\nAdd x,b -> s axis=1 broadcast=1\nMul s,x -> y\n",
    "opset 13\n" IMAGE
    "ints st 0,1\nints en 2,9223372036854775807\nints ax 1,2\nints sp 1,2\nSlice "
    "x,st,en,ax,sp -> a\nints pads 0,0,1,1,0,0,1,1\nfloats v 0.5\nPad a,pads,v -> b mode=constant\n"
    "ints re 1,2,1,1\nTile b,re -> y\n",
    "opset 13\n" IMAGE
    "Transpose x -> a perm=0,2,3,1\nints ax 1,\nUnsqueeze a,ax -> b\nSqueeze b,ax "
    "-> c\nints sz 1,3\nSplit c,sz -> d,e axis=2\nConcat d,e -> y axis=2\n",
    "opset 11\n" IMAGE "floats roi \nfloats sc 1.0,1.0,2.0,2.0\nResize x,roi,sc -> a mode=linear "
    "coordinate_transformation_mode=half_pixel\nfloats none \nints sz 1,2,3,3\nResize "
    "a,roi,none,sz -> y mode=nearest\n",
    "opset 9\n" IMAGE "floats sc 1.0,1.0,2.0,2.0\nUpsample x,sc -> y mode=nearest\n",
    "opset 14\n" IMAGE
    "ints sh 0,4,8\nReshape x,sh -> s\nweight w 2,12,8\nweight r 2,12,3\nweight b "
    "2,24\nLSTM s,w,r,b -> h,hn,cn hidden_size=3 direction=bidirectional layout=1\nout h\nout cn\n",
    "opset 14\n" IMAGE
    "ints sh 0,4,8\nReshape x,sh -> s\nweight w 1,9,8\nweight r 1,9,3\nGRU s,w,r -> "
    "h hidden_size=3 linear_before_reset=1 layout=1\n",
    "opset 14\n" IMAGE
    "ints sh 0,4,8\nReshape x,sh -> s\nweight w 1,3,8\nweight r 1,3,3\nRNN s,w,r -> "
    ",hn hidden_size=3 layout=1 clip=1.5\nout hn\n",
    "opset 13\n" IMAGE "ints ax 2,3\nReduceSum x,ax -> a keepdims=1\nReduceMax x -> b axes=1, "
    "keepdims=1\nArgMax x -> c axis=1 keepdims=0\nSub a,b -> y\nout y\nout c\n",
    "opset 13\nin x N,1,2,2\nints sh 2,3\nConstantOfShape sh -> k value=@1.5,\nConstant -> l "
    "value=@1.0,2.0,3.0\nAdd k,l -> m\nReduceSum m -> n keepdims=0\nMul x,n -> y\n",
    "opset 13\n" IMAGE "Cast x -> i to=6\nCast i -> f to=1\nEqual x,f -> e\nWhere e,x,f -> y\n",
    "opset 11\n" IMAGE
    "DepthToSpace x -> bad blocksize=1 mode=DCR\nSpaceToDepth bad -> s blocksize=2\n"
    "CumSum s,ax -> y\nints ax 1,\n",
    "opset 13\n" IMAGE
    "ints id 1,0,1\nGather x,id -> g axis=1\nExpand g,sh -> y\nints sh 1,3,4,4\n",
    "opset 16\n" IMAGE
    "Transpose x -> g perm=0,2,3,1\nGridSample x,g -> y mode=bilinear padding_mode=zeros\n",
    "opset 10\n" IMAGE "Cast x -> i to=6\nGatherElements x,i -> y axis=3\n",
    "opset 17\n" IMAGE
    "floats s 1,2,3,4\nLayerNormalization x,s -> a axis=-1\nLpNormalization a -> b "
    "axis=1 p=2\nElu b -> c alpha=0.5\nLeakyRelu c -> d alpha=0.1\nHardSigmoid d -> e\nSelu e -> "
    "y\n",
    "opset 13\n" IMAGE "MaxPool x -> p kernel_shape=2,2 strides=2,2\nSum p,p -> q\nMul q,c -> "
    "r\nfloats c 1,2\nMean r,p -> y\n",
};

static wire *model_of(fv_arena *arena, int i) {
    fv__arena_init(arena, NULL);
    return onnx_text(arena, models[i]);
}

static void make_onnx(fv_context *ctx, int i, mutant *out) {
    fv_arena arena;
    (void)ctx;
    out->size = wire_write(model_of(&arena, i), out->data, MUTANT_MOST);
    fv__arena_free(&arena);
    if (out->size > MUTANT_MOST) give_up(models[i], "too large");
}

static void spoil_onnx(fv_context *ctx, int i, dice *d, mutant *out) {
    static const char *const names[] = {"x", "y", "h", "a", "s", "n"};
    fv_arena arena;
    wire *model = model_of(&arena, i);
    (void)ctx;
    if (roll(d, 2))
        onnx_append(&arena, model, models[roll(d, COUNT(models))], "2",
                    names[roll(d, COUNT(names))]);
    if (roll(d, 8)) spoil_wire(&arena, d, model);
    out->size = wire_write(model, out->data, MUTANT_MOST);
    if (out->size > MUTANT_MOST) make_onnx(ctx, i, out);
    fv__arena_free(&arena);
}
#endif

const family families[] = {
    {"models", ".safetensors", COUNT(nets), NULL, make_model, spoil_model},
    {"weights", ".safetensors", COUNT(plain), NULL, make_weights, spoil_weights},
    {"PyTorch", ".pth", TORCH_FORMS, TORCH_NET, make_torch, spoil_torch},
    {"texts", ".net", COUNT(nets), NULL, make_text, spoil_net},
#ifdef FV_HAVE_ONNX
    {"ONNX", ".onnx", COUNT(models), NULL, make_onnx, spoil_onnx},
#endif
};
const int family_count = COUNT(families);
