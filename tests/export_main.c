/* SPDX-License-Identifier: MIT */
/*
 * export_main.c - every sample of every operator as an ONNX file, read back and compared.
 *
 *   export_main                in every opset that matters; files go and come
 *   export_main --net NAME DIR [OPSET]
 *                              a network of the zoo with fresh weights and a batch of noise, as
 * DIR/ NAME, its outputs those before a softmax at the end; and how far the file's outputs, read
 * back, are from the network's own export_main DIR OPSET      leaves the files in DIR, laid out as
 * ONNX's own tests, for others to read: DIR/OPERATOR-NUMBER/model.onnx, test_data_set_0/input_0.pb
 * ...
 *
 * What is refused has to be in the table below, so that nothing is lost silently.
 */
#include "op_problem.h"

#include "base/file.h"
#include "fovea.h"
#include "format/model.h"
#include "net/net.h"
#include "onnx/export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef FV_HAVE_ONNX
#include <onnx/onnx.pb-c.h>

/* Operators, or samples of theirs with such an option, that ONNX has nothing for up to opset 17. */
static const struct {
    const char *op, *option;
} refused[] = {
    {"maxpoolindices", ""},    /* its indices count within a channel, ONNX's within the tensor */
    {"maxunpool", ""},         /* which is why nothing could make indices for it */
    {"affinegrid", ""},        /* opset 20 */
    {"roipool", ""},           /* theirs wants image numbers beside the regions' corners */
    {"roialign", ""},          /* the same */
    {"boxdecode", ""},         /* none */
    {"boxencode", ""},         /* none */
    {"nonmaxsuppression", ""}, /* theirs gives as many boxes as there are */
    {"pad", "mode wrap"},      /* opset 19 */
    {"lppool", "ceil"},        /* opset 18 */
    {"lppool", "dilation"},    /* opset 18 */
};

static bool is_refused(const fv_op *op, const char *sample) {
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (strcmp(refused[i].op, op->name) == 0 && strstr(sample, refused[i].option)) return true;
    return false;
}

/* -------------------------------------------------------------------------- tensors as files ---
 */

static int type_of(fv_dtype dtype) {
    return dtype == FV_I32     ? ONNX__TENSOR_PROTO__DATA_TYPE__INT32
           : dtype == FV_I64   ? ONNX__TENSOR_PROTO__DATA_TYPE__INT64
           : dtype == FV_U8    ? ONNX__TENSOR_PROTO__DATA_TYPE__UINT8
           : dtype == FV_I8    ? ONNX__TENSOR_PROTO__DATA_TYPE__INT8
           : dtype == FV_BOOL8 ? ONNX__TENSOR_PROTO__DATA_TYPE__BOOL
                               : ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
}

static fv_status save_tensor(fv_context *ctx, const char *path, const char *name,
                             const fv_tensor *t) {
    Onnx__TensorProto message = ONNX__TENSOR_PROTO__INIT;
    int64_t dims[FV_RANK_MAX];
    for (int d = 0; d < t->shape.rank; d++) dims[d] = t->shape.dim[d];
    message.name = (char *)(uintptr_t)name;
    message.n_dims = (size_t)t->shape.rank, message.dims = dims;
    message.has_data_type = 1, message.data_type = type_of(t->dtype);
    message.has_raw_data = 1;
    message.raw_data.len = (size_t)op_count(t) * fv__dtype_bytes(t->dtype);
    message.raw_data.data = t->data; /* dense: the problem is built without gaps */
    const size_t size = onnx__tensor_proto__get_packed_size(&message);
    uint8_t *bytes = malloc(size + 1);
    if (!bytes) return FV_EXHAUSTED;
    (void)onnx__tensor_proto__pack(&message, bytes);
    const fv_status status = fv__file_write(ctx, path, bytes, size);
    free(bytes);
    return status;
}

/* ------------------------------------------------------------------------- a net of one layer ---
 */

typedef struct made {
    fv_graph *graph;
    float *weights;
    char input[OP_INPUTS][16];
    char output[OP_OUTPUTS][16];
} made;

static fv_status make_graph(fv_context *ctx, op_problem *p, made *m) {
    static const fv_input dummy = {
        .channels = 1, .height = 1, .width = 1, .scale = 1, .mean = {1, {0}}, .std = {1, {1}}};
    int in[OP_INPUTS];
    FV_TRY(fv__net_new(ctx, "sample", &dummy, &m->graph));
    for (int i = 0; i < p->site.inputs; i++) {
        fv_type type = p->in_type[i];
        fv_shape shape = p->in[i];
        if (type.batched) shape.dim[0] = 1;
        (void)snprintf(m->input[i], sizeof m->input[i], "x%d", i);
        FV_TRY(fv__net_add_input(ctx, m->graph, m->input[i], type, &shape, &in[i]));
    }
    const fv_node_spec spec = {.op = p->op,
                               .options = p->options.bytes,
                               .name = "layer",
                               .in = in,
                               .inputs = p->site.inputs};
    int value;
    FV_TRY(fv__net_add(ctx, m->graph, &spec, &value));
    for (int o = 0; o < p->site.outputs; o++) {
        (void)snprintf(m->output[o], sizeof m->output[o], o ? "output%d" : "output", o + 1);
        const fv_head head = {.name = m->output[o], .value = value + o, .weight = 1};
        FV_TRY(fv__net_add_head(ctx, m->graph, &head));
    }
    FV_TRY(fv__net_freeze(ctx, m->graph));
    m->weights = calloc((size_t)m->graph->param_elements + 1, sizeof *m->weights);
    if (!m->weights) return FV_EXHAUSTED;
    for (size_t k = 0; k < m->graph->param_count; k++)
        for (int64_t i = 0; i < m->graph->params[k].count; i++)
            m->weights[m->graph->params[k].offset + i] = (float)op_get(&p->w[k], i);
    return FV_OK;
}

/* The folder of a case, with everything that belongs into it. */
static fv_status save_case(fv_context *ctx, const char *folder, op_problem *p, const made *m,
                           int64_t opset) {
    const fv_onnx_export_options options = {.opset = opset};
    char path[400];
    (void)snprintf(path, sizeof path, "%s/test_data_set_0", folder);
    FV_TRY(fv__folder_make(ctx, path));
    (void)snprintf(path, sizeof path, "%s/model.onnx", folder);
    FV_TRY(fv__onnx_export(ctx, m->graph, m->weights, &options, path));
    for (int i = 0; i < p->site.inputs; i++) {
        (void)snprintf(path, sizeof path, "%s/test_data_set_0/input_%d.pb", folder, i);
        FV_TRY(save_tensor(ctx, path, m->input[i], &p->x[i]));
    }
    for (int o = 0; o < p->site.outputs; o++) {
        (void)snprintf(path, sizeof path, "%s/test_data_set_0/output_%d.pb", folder, o);
        const int v = m->graph->heads[o].value;
        FV_TRY(save_tensor(ctx, path, m->graph->values[v].name, &p->y[o]));
    }
    return FV_OK;
}

/* ------------------------------------------------------------------------------- the cases --- */

typedef struct counts {
    int written, early, refused, differ;
} counts;

/* Whether a refusal is one of those that are meant: an opset that is too early, or no counterpart.
 */
static bool is_meant(const fv_op *op, const char *sample, fv_status status, int64_t opset) {
    if (status == FV_USAGE) return opset < FV_ONNX_OPSET_LAST; /* the last has all that there is */
    return status == FV_BAD_INPUT && is_refused(op, sample);
}

static void try_sample(fv_context *ctx, const fv_op *op, int number, const char *where,
                       int64_t opset, counts *c) {
    static op_problem p;
    made m = {0};
    char folder[300];
    fv_onnx_case result = FV_INIT(fv_onnx_case);
    fv_onnx_settings settings = FV_INIT(fv_onnx_settings);
    settings.norm = 1e-5; /* fast ways round otherwise than the plain loops do */
    (void)snprintf(folder, sizeof folder, "%s/%s-%d", where, op->name, number);
    fv_status status = op_make(&p, op, op->samples[number], FV_F32, 0);
    if (status == FV_OK) {
        p.pass.training = false;
        op_forward(&p);
        status = make_graph(ctx, &p, &m);
    }
    if (status == FV_OK) status = save_case(ctx, folder, &p, &m, opset);
    if (status == FV_OK) status = fv_check_onnx(ctx, folder, &settings, &result);
    if (status == FV_OK) {
        c->written++;
        if (result.result != FV_ONNX_PASSED) {
            c->differ++;
            printf("FAIL %s '%s', opset %d: %s\n", op->name, op->samples[number], (int)opset,
                   result.reason);
        }
    } else if (is_meant(op, op->samples[number], status, opset)) {
        status == FV_USAGE ? c->early++ : c->refused++;
    } else {
        c->differ++;
        printf("FAIL %s '%s', opset %d: %s\n", op->name, op->samples[number], (int)opset,
               fv_context_error(ctx));
    }
    fv__net_free(m.graph);
    free(m.weights);
    op_release(&p);
}

static int try_all(fv_context *ctx, const char *where, int64_t opset) {
    counts c = {0};
    for (int i = 0; fv__ops[i]; i++)
        for (int k = 0; fv__ops[i]->samples[k] && !(fv__ops[i]->traits & FV_LOSS); k++)
            try_sample(ctx, fv__ops[i], k, where, opset, &c);
    printf("opset %d: %d written and read back, %d need a later opset, %d have no counterpart, "
           "%d failed\n",
           (int)opset, c.written, c.early, c.refused, c.differ);
    return c.differ || !c.written;
}

/* ---------------------------------------------------------------------------- whole networks ---
 */

#define BATCH 2

/* The outputs of a model over the same noise as any other's; *logits (may be NULL): what the
   softmax at the end reads, where there is one. */
static fv_status run_noise(fv_context *ctx, const fv_model *model, fv_tensor *input,
                           fv_tensor *output, const char *logits) {
    fv_run *run;
    fv_tensor_view view = FV_INIT(fv_tensor_view);
    int64_t dims[3], count = fv_model_input(model, dims) * BATCH, each = 0;
    FV_TRY(logits ? fv_run_new_keeping(ctx, model, BATCH, &run)
                  : fv_run_new(ctx, model, BATCH, &run));
    for (int64_t i = 0; i < count; i++) fv_run_input(run)[i] = (float)op_number(OP_ID_X, i);
    fv_status status = fv_run_forward(run, BATCH);
    const float *numbers = status == FV_OK ? fv_run_output(run, 0, &each) : NULL;
    if (status == FV_OK && logits) status = fv_run_value(run, logits, &view);
    if (status == FV_OK && logits) numbers = view.data;
    const fv_graph *g = model->net.graph;
    const int value = logits ? fv__net_find_value(g, logits) : g->heads[0].value;
    fv_shape shape = g->values[value].shape;
    shape.dim[0] = BATCH;
    *output = fv__tensor(malloc((size_t)(BATCH * each) * sizeof(float)), FV_F32, shape);
    if (status == FV_OK && output->data)
        memcpy(output->data, numbers, (size_t)(BATCH * each) * sizeof(float));
    if (input) {
        *input = fv__tensor(malloc((size_t)count * sizeof(float)), FV_F32,
                            fv__shape4(BATCH, dims[0], dims[1], dims[2]));
        if (input->data) memcpy(input->data, fv_run_input(run), (size_t)count * sizeof(float));
    }
    fv_run_free(run);
    return status;
}

/* The value that a softmax at the end of the first head reads, or NULL. */
static const char *logits_of(const fv_model *model) {
    const fv_graph *g = model->net.graph;
    const fv_value *end = &g->values[g->heads[0].value];
    const fv_node *maker = end->node < 0 ? NULL : &g->nodes[end->node];
    return maker && strcmp(maker->op->name, "softmax") == 0 ? g->values[maker->in[0]].name : NULL;
}

/* The file without the softmax and what comes before it, as a case. */
static fv_status save_net(fv_context *ctx, const fv_model *model, const char *folder, int opset) {
    fv_save_options options = FV_INIT(fv_save_options);
    fv_tensor input = {0}, output = {0};
    char path[400];
    options.logits = 1;
    options.opset = opset;
    (void)snprintf(path, sizeof path, "%s/test_data_set_0", folder);
    FV_TRY(fv__folder_make(ctx, path));
    (void)snprintf(path, sizeof path, "%s/model.onnx", folder);
    FV_TRY(fv_model_save_as(ctx, model, path, &options));
    fv_status status = run_noise(ctx, model, &input, &output, logits_of(model));
    (void)snprintf(path, sizeof path, "%s/test_data_set_0/input_0.pb", folder);
    if (status == FV_OK) status = save_tensor(ctx, path, "input", &input);
    (void)snprintf(path, sizeof path, "%s/test_data_set_0/output_0.pb", folder);
    if (status == FV_OK) status = save_tensor(ctx, path, "output", &output);
    free(input.data);
    free(output.data);
    return status;
}

/* All of it as a file, read back: whether the outputs are the same. */
static fv_status compare_back(fv_context *ctx, const fv_model *model, const char *name, int opset) {
    const fv_model_options open = FV_INIT(fv_model_options);
    fv_save_options options = FV_INIT(fv_save_options);
    fv_tensor ours = {0}, theirs = {0};
    fv_model *back = NULL;
    options.opset = opset;
    fv_status status = fv_model_save_as(ctx, model, "back.onnx", &options);
    if (status == FV_OK) status = fv_model_open(ctx, "back.onnx", &open, &back);
    if (status == FV_OK) status = run_noise(ctx, model, NULL, &ours, NULL);
    if (status == FV_OK) status = run_noise(ctx, back, NULL, &theirs, NULL);
    if (status == FV_OK) {
        const double d = op_distance(&ours, &theirs);
        const size_t bytes = (size_t)op_count(&ours) * sizeof(float);
        const bool same = memcmp(ours.data, theirs.data, bytes) == 0;
        printf("%s: read back %s, %g apart\n", name, same ? "identical" : "equal but for rounding",
               d);
        if (!(d <= 1e-6)) status = fv__fail(ctx, FV_FAILED, "%s: %g apart", name, d);
    }
    free(ours.data);
    free(theirs.data);
    fv_model_free(back);
    (void)remove("back.onnx");
    return status;
}

static int try_net(fv_context *ctx, const char *name, const char *where, int opset) {
    fv_model *model = NULL;
    char folder[300];
    (void)snprintf(folder, sizeof folder, "%s/%s", where, name);
    fv_status status = fv_model_create(ctx, name, NULL, 1, &model);
    if (status == FV_OK) status = compare_back(ctx, model, name, opset);
    if (status == FV_OK) status = save_net(ctx, model, folder, opset);
    if (status != FV_OK) printf("FAIL %s: %s\n", name, fv_context_error(ctx));
    fv_model_free(model);
    return status != FV_OK;
}

int main(int argc, char **argv) {
    static const int64_t opsets[] = {7, 10, 13, 17};
    fv_context *ctx;
    int failed = 0;
    if (fv_context_new(1, &ctx) != FV_OK) return 1;
    if (argc >= 4 && strcmp(argv[1], "--net") == 0)
        failed = try_net(ctx, argv[2], argv[3], argc > 4 ? (int)strtol(argv[4], NULL, 10) : 0);
    else if (argc == 3)
        failed = try_all(ctx, argv[1], strtol(argv[2], NULL, 10));
    else
        for (size_t i = 0; i < sizeof opsets / sizeof *opsets; i++)
            failed |= try_all(ctx, "cases", opsets[i]);
    fv_context_free(ctx);
    return failed;
}

#else

int main(void) {
    printf("SKIP: built without ONNX\n");
    return 77;
}

#endif
