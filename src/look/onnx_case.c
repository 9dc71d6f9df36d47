/* SPDX-License-Identifier: MIT */
/*
 * onnx_case.c - runs one of ONNX's tests: its inputs are given to the import, for some of them are
 * weights and shapes; the others are written into the run.
 */
#include "look/onnx_case.h"
#include "base/file.h"
#include "base/number.h"
#include "onnx/onnx.h"
#include "plan/plan.h"

#include <math.h>
#include <string.h>

#ifdef FV_HAVE_ONNX

#define TENSORS_MOST 64
#define RTOL         1e-3
#define ATOL         1e-7

/* A data set of a case under way. */
typedef struct trial {
    fv_context *ctx;
    const fv_onnx_settings *settings;
    fv_onnx_case *out;
    const char *folder;
    fv_arena arena;
    fv_onnx_given given[TENSORS_MOST], wanted[TENSORS_MOST];
    int given_count, wanted_count;
    fv_onnx_import import;
    fv_plan *plan;
    fv_exec *exec;
} trial;

static void judge(trial *t, fv_onnx_result result, const char *reason) {
    t->out->result = result;
    (void)fv__format(t->out->reason, sizeof t->out->reason, "%s", reason);
}

/* --------------------------------------------------------------------------------- reading --- */

static fv_status read_tensor(trial *t, const char *path, fv_onnx_given *out) {
    const ProtobufCMessage *message = NULL;
    fv_bytes file;
    FV_TRY(fv__file_read(t->ctx, path, 0, &file));
    fv_status status = fv__onnx_unpack(t->ctx, &t->arena, path, &onnx__tensor_proto__descriptor,
                                       file.data, file.size, false, &message);
    fv__file_release(&file);
    FV_TRY(status);
    const Onnx__TensorProto *tensor = (const Onnx__TensorProto *)message;
    out->name = tensor->name ? tensor->name : "";
    return fv__constant_read(t->ctx, &t->arena, t->folder, tensor, &out->constant);
}

/* "FOLDER/test_data_set_2/input_0.pb" and so on, as many as there are. */
static fv_status read_tensors(trial *t, int set, const char *what, fv_onnx_given *list,
                              int *count) {
    for (*count = 0; *count < TENSORS_MOST; ++*count) {
        const char *path = fv__arena_format(&t->arena, "%s/test_data_set_%d/%s_%d.pb", t->folder,
                                            set, what, *count);
        if (!path) return FV_EXHAUSTED;
        if (!fv__file_exists(path)) return FV_OK;
        FV_TRY(read_tensor(t, path, &list[*count]));
    }
    return FV_OK;
}

/* ------------------------------------------------------------------------------ comparing --- */

/* One element; NaN and infinities have to be the same. */
static bool equal(const trial *t, const fv_constant *wanted, double got, double want) {
    if (isnan(got) || isnan(want)) return isnan(got) && isnan(want);
    if (isinf(got) || isinf(want) || wanted->dtype != FV_F32) return got == want;
    return t->settings->norm > 0 || fabs(got - want) <= ATOL + RTOL * fabs(want);
}

/* |got - wanted| / |wanted| over what is finite; where nothing but 0 is wanted, |got|. */
static double difference(const fv_constant *wanted, const fv_constant *got) {
    double apart = 0, size = 0;
    for (int64_t i = 0, count = fv__shape_count(&wanted->shape); i < count; i++) {
        const double a = fv__constant_get(got, i), b = fv__constant_get(wanted, i);
        if (!isfinite(a) || !isfinite(b)) continue;
        apart += (a - b) * (a - b);
        size += b * b;
    }
    return sqrt(size > 0 ? apart / size : apart);
}

static void compare(trial *t, const char *name, const fv_constant *wanted, const fv_constant *got) {
    char reason[256], ours[FV_SHAPE_TEXT], theirs[FV_SHAPE_TEXT];
    if (!fv__shape_equal(&wanted->shape, &got->shape)) {
        (void)fv__format(reason, sizeof reason, "output %.60s is %s, expected %s", name,
                         fv__dims_text(ours, &got->shape), fv__dims_text(theirs, &wanted->shape));
        judge(t, FV_ONNX_FAILED, reason);
        return;
    }
    const double apart = difference(wanted, got);
    if (apart > t->out->difference) t->out->difference = apart;
    for (int64_t i = 0, count = fv__shape_count(&wanted->shape); i < count; i++) {
        const double a = fv__constant_get(got, i), b = fv__constant_get(wanted, i);
        if (equal(t, wanted, a, b)) continue;
        (void)fv__format(reason, sizeof reason,
                         "output %.60s: element %lld is %.9g, expected %.9g (all together differ "
                         "by %.1e)",
                         name, (long long)i, a, b, apart);
        judge(t, FV_ONNX_FAILED, reason);
        return;
    }
    if (!(t->settings->norm > 0) || apart <= t->settings->norm) return;
    (void)fv__format(reason, sizeof reason, "output %.60s differs by %.1e, more than %.1e", name,
                     apart, t->settings->norm);
    judge(t, FV_ONNX_FAILED, reason);
}

/* What output `port` holds after the run. */
static fv_status fetch(trial *t, const fv_onnx_port *port, fv_constant *out) {
    if (port->value < 0) {
        *out = *port->constant;
        return FV_OK;
    }
    const fv_value *v = &t->import.graph->values[port->value];
    FV_TRY(fv__constant_new(t->ctx, &t->arena, v->type.dtype, &v->shape, out));
    fv__exec_read(t->exec, port->value, (void *)(uintptr_t)out->data);
    return FV_OK;
}

static fv_status compare_all(trial *t) {
    for (int i = 0; i < t->wanted_count && t->out->result == FV_ONNX_PASSED; i++) {
        fv_constant got;
        if (i >= t->import.output_count) {
            judge(t, FV_ONNX_FAILED, "the network has fewer outputs");
            return FV_OK;
        }
        FV_TRY(fetch(t, &t->import.outputs[i], &got));
        compare(t, t->import.outputs[i].name, &t->wanted[i].constant, &got);
    }
    return FV_OK;
}

/* ----------------------------------------------------------------------------------- running ---
 */

static void write_input(trial *t, const fv_onnx_port *port) {
    for (int i = 0; i < t->given_count; i++) {
        const fv_constant *c = &t->given[i].constant;
        if (strcmp(t->given[i].name, port->name) != 0) continue;
        if (c->dtype != FV_I64) {
            fv__exec_write(t->exec, port->value, c->data);
            return;
        }
        const int64_t count = fv__shape_count(&c->shape);
        int32_t *narrow = fv__arena_alloc(&t->arena, (size_t)count * sizeof *narrow + 1);
        for (int64_t k = 0; narrow && k < count; k++) narrow[k] = (int32_t)fv__constant_int(c, k);
        if (narrow) fv__exec_write(t->exec, port->value, narrow);
        return;
    }
}

static fv_status run(trial *t) {
    int keep[TENSORS_MOST], count = 0;
    for (int i = 0; i < t->import.output_count && count < TENSORS_MOST; i++)
        if (t->import.outputs[i].value >= 0) keep[count++] = t->import.outputs[i].value;
    const fv_plan_options options = {
        .batch = 1, .keep = keep, .keep_count = count, .reference = t->settings->plain};
    FV_TRY(fv__plan_new(t->ctx, t->import.graph, &options, &t->plan));
    const fv_exec_options made = {.host_weights = t->import.weights};
    FV_TRY(fv__exec_new(t->ctx, t->plan, &made, &t->exec));
    for (int i = 0; i < t->import.input_count; i++)
        if (t->import.inputs[i].value >= 0) write_input(t, &t->import.inputs[i]);
    fv__exec_forward(t->exec, &(fv_exec_run){0}, NULL);
    return compare_all(t);
}

static fv_status import(trial *t, const char *model) {
    const fv_onnx_options options = {
        .fixed = true, .given = t->given, .given_count = t->given_count};
    return fv__onnx_import(t->ctx, model, &options, &t->import);
}

static bool is_weight(const Onnx__GraphProto *g, const char *name) {
    for (size_t i = 0; i < g->n_initializer; i++)
        if (g->initializer[i]->name && strcmp(g->initializer[i]->name, name) == 0) return true;
    return false;
}

/* Older tests do not say what their tensors are called: they lie in the order of the inputs. */
static void name_by_place(trial *t, const Onnx__GraphProto *g) {
    size_t at = 0;
    for (int i = 0; g && i < t->given_count; i++, at++) {
        while (at < g->n_input && g->input[at]->name && is_weight(g, g->input[at]->name)) at++;
        if (at < g->n_input && g->input[at]->name) t->given[i].name = g->input[at]->name;
    }
}

/* Files of values that are no tensors hold other messages, which would read as nonsense. */
static fv_status check_port(fv_context *ctx, const Onnx__ValueInfoProto *v) {
    static const char *const kinds[] = {
        [ONNX__TYPE_PROTO__VALUE_SEQUENCE_TYPE] = "a sequence",
        [ONNX__TYPE_PROTO__VALUE_MAP_TYPE] = "a map of keys to values",
        [ONNX__TYPE_PROTO__VALUE_OPTIONAL_TYPE] = "an optional value",
        [ONNX__TYPE_PROTO__VALUE_SPARSE_TENSOR_TYPE] = "a sparse tensor"};
    const size_t kind = v->type ? (size_t)v->type->value_case : 0;
    if (kind >= sizeof kinds / sizeof *kinds || !kinds[kind]) return FV_OK;
    return fv__fail(ctx, FV_BAD_INPUT, "%.60s is %s; networks here compute with tensors alone",
                    v->name ? v->name : "?", kinds[kind]);
}

static fv_status check_ports(fv_context *ctx, const Onnx__GraphProto *g) {
    for (size_t i = 0; g && i < g->n_input; i++) FV_TRY(check_port(ctx, g->input[i]));
    for (size_t i = 0; g && i < g->n_output; i++) FV_TRY(check_port(ctx, g->output[i]));
    return FV_OK;
}

static fv_status try_set(fv_context *ctx, const char *folder, const char *model,
                         const fv_onnx_settings *settings, const Onnx__GraphProto *graph, int set,
                         fv_onnx_case *out) {
    trial *t = fv__alloc(ctx, sizeof *t, "an ONNX test");
    if (!t) return FV_EXHAUSTED;
    *t = (trial){.ctx = ctx, .settings = settings, .out = out, .folder = folder};
    fv__arena_init(&t->arena, ctx);
    fv_status status = check_ports(ctx, graph);
    if (status == FV_OK) status = read_tensors(t, set, "input", t->given, &t->given_count);
    name_by_place(t, graph);
    if (status == FV_OK) status = read_tensors(t, set, "output", t->wanted, &t->wanted_count);
    if (status == FV_OK) status = import(t, model);
    if (status == FV_OK) status = run(t);
    if (status != FV_OK && status != FV_EXHAUSTED) {
        judge(t, FV_ONNX_SKIPPED, ctx->message);
        status = FV_OK;
    }
    fv__exec_free(t->exec);
    fv__plan_free(t->plan);
    fv__onnx_import_free(&t->import);
    fv__arena_free(&t->arena);
    fv__free(t);
    return status;
}

static fv_status read_graph(fv_context *ctx, fv_arena *arena, const char *path,
                            const Onnx__GraphProto **graph, fv_onnx_case *out) {
    const ProtobufCMessage *message = NULL;
    fv_bytes file;
    FV_TRY(fv__file_read(ctx, path, 0, &file));
    const fv_status status = fv__onnx_unpack(ctx, arena, path, &onnx__model_proto__descriptor,
                                             file.data, file.size, false, &message);
    fv__file_release(&file);
    FV_TRY(status);
    const Onnx__GraphProto *g = *graph = ((const Onnx__ModelProto *)message)->graph;
    (void)fv__format(out->op, sizeof out->op, "%.60s",
                     g && g->n_node && g->node[0]->op_type ? g->node[0]->op_type : "none");
    return FV_OK;
}

fv_status fv__onnx_case(fv_context *ctx, const char *folder, const fv_onnx_settings *settings,
                        fv_onnx_case *out) {
    const Onnx__GraphProto *graph = NULL;
    fv_arena arena;
    int set = 0;
    out->difference = -1;
    fv__arena_init(&arena, ctx);
    const char *model = fv__path_in(&arena, folder, "model.onnx");
    fv_status status = model ? read_graph(ctx, &arena, model, &graph, out) : FV_EXHAUSTED;
    for (; status == FV_OK && out->result == FV_ONNX_PASSED; set++) {
        const char *data = fv__arena_format(&arena, "%s/test_data_set_%d", folder, set);
        if (!data) status = FV_EXHAUSTED;
        if (!data || !fv__folder_exists(data)) break;
        status = try_set(ctx, folder, model, settings, graph, set, out);
    }
    if (status == FV_OK && set == 0)
        status = fv__fail(ctx, FV_BAD_INPUT, "%.200s has no test_data_set_0", folder);
    fv__arena_free(&arena);
    return status;
}

#else

fv_status fv__onnx_case(fv_context *ctx, const char *folder, const fv_onnx_settings *settings,
                        fv_onnx_case *out) {
    (void)folder;
    (void)settings;
    (void)out;
    return fv__fail(ctx, FV_USAGE, "this was built without ONNX");
}

#endif
