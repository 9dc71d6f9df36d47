/* SPDX-License-Identifier: MIT */
/*
 * torch_tensors.c - the tensors in what a pickle describes.
 *
 * A tensor is the call
 *     _rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks)
 * and a storage what the file keeps outside of its pickle, described by
 *     ("storage", FloatStorage, key, place, count).
 * A pickle may hold dictionaries within dictionaries, the same one twice, and one that holds
 * itself: depth and number of what is looked at are limited.
 */
#include "format/torch_tensors.h"
#include "base/utf8.h"
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX   32
#define NAME_BYTES  512                /* bytes of a name, dots included */
#define NAMES_MAX   ((size_t)16 << 20) /* bytes of all names */
#define VISITS_MAX  ((size_t)1 << 21)  /* values looked at */
#define TENSORS_MAX ((size_t)1 << 18)

enum { NOTHING, STORAGE, TENSOR, PARAMETER, SIZE };

/* Storages of tensors on a graphics card bear the same names in torch.cuda. */
#define STORAGES(name, type)                                                                       \
    {"torch", name, STORAGE, type, false}, {                                                       \
        "torch.cuda", name, STORAGE, type, false                                                   \
    }

const fv_pickle_global fv__torch_names[] = {
    {"collections", "OrderedDict", NOTHING, NULL, true},
    {"torch._utils", "_rebuild_tensor", TENSOR, NULL, false},
    {"torch._utils", "_rebuild_tensor_v2", TENSOR, NULL, false},
    {"torch._utils", "_rebuild_parameter", PARAMETER, NULL, false},
    {"torch._utils", "_rebuild_parameter_with_state", PARAMETER, NULL, false},
    {"torch", "Size", SIZE, NULL, false},
    STORAGES("FloatStorage", "F32"),
    STORAGES("DoubleStorage", "F64"),
    STORAGES("HalfStorage", "F16"),
    STORAGES("BFloat16Storage", "BF16"),
    STORAGES("LongStorage", "I64"),
    STORAGES("IntStorage", "I32"),
    STORAGES("ShortStorage", "I16"),
    STORAGES("CharStorage", "I8"),
    STORAGES("ByteStorage", "U8"),
    STORAGES("BoolStorage", "BOOL"),
    /* what else checkpoints hold: data that is passed over */
    {"torch", "device", NOTHING, NULL, false},
    {"argparse", "Namespace", NOTHING, NULL, false},
    {"numpy.core.multiarray", "scalar", NOTHING, NULL, false},
    {"numpy._core.multiarray", "scalar", NOTHING, NULL, false},
    {"numpy", "dtype", NOTHING, NULL, false},
    {"_codecs", "encode", NOTHING, NULL, false},
    {NULL, NULL, NOTHING, NULL, false}};

/* ---------------------------------------------------------------------------------- storages ---
 */

fv_status fv__torch_storage_of(fv_context *ctx, const fv_pickle_list *persistent,
                               fv_torch_storage *out) {
    const fv_pickle_value *it = persistent->items;
    const fv_pickle_value *v = it->kind == FV_PICKLE_TUPLE ? it->list->items : NULL;
    if (!v || it->list->count < 5 || !fv__pickle_is(&v[0], "storage") ||
        v[1].kind != FV_PICKLE_GLOBAL || v[1].global->role != STORAGE ||
        v[2].kind != FV_PICKLE_TEXT || v[4].kind != FV_PICKLE_INT || v[4].whole < 0)
        return fv__fail(ctx, FV_BAD_INPUT,
                        "it refers to something outside of its pickle that is no storage of "
                        "numbers; save the state dictionary alone: torch.save(model.state_dict(), "
                        "FILE)");
    *out = (fv_torch_storage){.key = v[2].text,
                              .length = v[2].length,
                              .type = fv__file_type(v[1].global->detail),
                              .count = (uint64_t)v[4].whole};
    return FV_OK;
}

fv_status fv__torch_storage_cut(fv_context *ctx, const fv_pickle_list *persistent,
                                fv_torch_storage *storage) {
    const fv_pickle_list *it = persistent->items->list;
    if (it->count < 6 || it->items[5].kind == FV_PICKLE_NONE) return FV_OK;
    const fv_pickle_value *piece = &it->items[5]; /* its own key, where it begins, its length */
    const fv_pickle_value *v = piece->kind == FV_PICKLE_TUPLE ? piece->list->items : NULL;
    if (!v || piece->list->count != 3 || v[1].kind != FV_PICKLE_INT || v[2].kind != FV_PICKLE_INT ||
        v[1].whole < 0 || v[2].whole < 0 || (uint64_t)v[1].whole > storage->count ||
        (uint64_t)v[2].whole > storage->count - (uint64_t)v[1].whole)
        return fv__fail(ctx, FV_BAD_INPUT, "a piece of storage '%.*s' lies outside of it",
                        storage->length < 64 ? (int)storage->length : 64, storage->key);
    storage->data += (size_t)v[1].whole * storage->type->bytes;
    storage->count = (uint64_t)v[2].whole;
    return FV_OK;
}

/* ----------------------------------------------------------------------------------- tensors ---
 */

typedef struct walk {
    fv_context *ctx;
    fv_tensor_file *out;
    bool counting; /* the first time; then entries are filled */
    size_t size;   /* of the file */
    size_t visits, names;
    char name[NAME_BYTES + 1];
} walk;

/* The dimensions or strides of a tensor: whole numbers from 0. */
static fv_status read_numbers(walk *w, const fv_pickle_value *v, const char *what, int64_t *out,
                              int *count) {
    if (v->kind == FV_PICKLE_CALL && v->list->global->role == SIZE && v->list->count == 1)
        v = v->list->items;
    if (v->kind != FV_PICKLE_TUPLE && v->kind != FV_PICKLE_LIST)
        return fv__fail(w->ctx, FV_BAD_INPUT, "tensor '%s' has no %s", w->name, what);
    if (v->list->count > FV_RANK_MAX)
        return fv__fail(w->ctx, FV_BAD_INPUT,
                        "tensor '%s' has %zu dimensions; at most %d can be read", w->name,
                        v->list->count, FV_RANK_MAX);
    for (size_t i = 0; i < v->list->count; i++) {
        const fv_pickle_value *n = &v->list->items[i];
        if (n->kind != FV_PICKLE_INT || n->whole < 0)
            return fv__fail(w->ctx, FV_BAD_INPUT,
                            "tensor '%s' has %s that are no whole numbers from 0", w->name, what);
        out[i] = n->whole;
    }
    *count = (int)v->list->count;
    return FV_OK;
}

/* Where a tensor lies in its storage: all its numbers must. */
static fv_status place(walk *w, const fv_torch_storage *s, int64_t offset, fv_tensor_entry *e) {
    int64_t count = 1, last = offset, dense = 1, far;
    bool fits = true;
    for (int d = e->shape.rank - 1; d >= 0; d--) {
        const int64_t dim = e->shape.dim[d], stride = e->stride[d];
        if (dim != 1 && stride != dense) e->strided = true;
        fits = fits && fv__mul_i64(count, dim, &count);
        fits = fits && (dim == 0 || (fv__mul_i64(dim - 1, stride, &far) &&
                                     !__builtin_add_overflow(last, far, &last)));
        if (fits) dense = count;
    }
    if (!fits || (uint64_t)count > w->size / e->type->bytes)
        return fv__fail(w->ctx, FV_BAD_INPUT,
                        "tensor '%s' has more numbers than the file has room for", w->name);
    if (offset < 0 || (uint64_t)offset > s->count || (count && (uint64_t)last >= s->count))
        return fv__fail(w->ctx, FV_BAD_INPUT,
                        "tensor '%s' reaches outside of its storage, which has %llu numbers",
                        w->name, (unsigned long long)s->count);
    e->bytes = (size_t)count * e->type->bytes;
    e->data = s->data + (size_t)offset * e->type->bytes;
    return FV_OK;
}

static fv_status read_tensor(walk *w, const fv_pickle_list *call, fv_tensor_entry *e) {
    const fv_pickle_value *v = call->items;
    int strides = 0;
    if (call->count < 4 || v[0].kind != FV_PICKLE_PERSISTENT || v[1].kind != FV_PICKLE_INT)
        return fv__fail(w->ctx, FV_BAD_INPUT, "tensor '%s' has no storage and no offset in it",
                        w->name);
    const fv_torch_storage *storage = v[0].list->found;
    e->type = storage->type;
    FV_TRY(read_numbers(w, &v[2], "dimensions", e->shape.dim, &e->shape.rank));
    FV_TRY(read_numbers(w, &v[3], "strides", e->stride, &strides));
    if (strides != e->shape.rank)
        return fv__fail(w->ctx, FV_BAD_INPUT, "tensor '%s' has %d dimensions and %d strides",
                        w->name, e->shape.rank, strides);
    return place(w, storage, v[1].whole, e);
}

static fv_status take_tensor(walk *w, const fv_pickle_list *call) {
    const size_t length = strlen(w->name);
    if (w->counting) {
        w->names += length + 1;
        if (++w->out->count > TENSORS_MAX || w->names > NAMES_MAX)
            return fv__fail(w->ctx, FV_BAD_INPUT, "it has too many tensors; at most %zu",
                            TENSORS_MAX);
        return FV_OK;
    }
    fv_tensor_entry *e = &w->out->entries[w->out->count++];
    e->name = fv__arena_textn(&w->out->arena, w->name, length);
    if (!e->name) return FV_EXHAUSTED;
    return read_tensor(w, call, e);
}

/* The name of what lies within what w->name names, behind it. */
static fv_status add_name(walk *w, size_t length, const char *name, size_t size) {
    const size_t dot = length ? 1 : 0;
    if (size > NAME_BYTES - length - dot || length + dot > NAME_BYTES)
        return fv__fail(w->ctx, FV_BAD_INPUT, "a tensor's name is longer than %d bytes",
                        NAME_BYTES);
    if (memchr(name, 0, size) || !fv__utf8_valid(name, size))
        return fv__fail(w->ctx, FV_BAD_INPUT, "the name of something in '%s' is not UTF-8 text",
                        w->name);
    if (dot) w->name[length] = '.';
    memcpy(w->name + length + dot, name, size);
    w->name[length + dot + size] = '\0';
    return FV_OK;
}

static fv_status visit(walk *w, const fv_pickle_value *v, int depth);

/* What lies in a dictionary under texts and whole numbers, in a list under its number. */
static fv_status visit_items(walk *w, fv_pickle_list *list, bool dict, int depth) {
    const size_t length = strlen(w->name), step = dict ? 2 : 1;
    fv_status status = FV_OK;
    if (list->open) return fv__fail(w->ctx, FV_BAD_INPUT, "'%s' in it holds itself", w->name);
    if (depth >= DEPTH_MAX)
        return fv__fail(w->ctx, FV_BAD_INPUT, "its dictionaries are nested more than %d deep",
                        DEPTH_MAX);
    list->open = true;
    for (size_t i = 0; status == FV_OK && i + step <= list->count; i += step) {
        const fv_pickle_value *key = dict ? &list->items[i] : NULL;
        const fv_pickle_value *item = &list->items[i + step - 1];
        char digits[32];
        const int64_t index = key ? key->whole : (int64_t)i;
        if (++w->visits > VISITS_MAX)
            status = fv__fail(w->ctx, FV_BAD_INPUT, "it holds too many things");
        else if (item->kind < FV_PICKLE_TUPLE || item->kind == FV_PICKLE_GLOBAL)
            continue;
        else if (key && key->kind == FV_PICKLE_TEXT)
            status = add_name(w, length, key->text, key->length);
        else if (!key || key->kind == FV_PICKLE_INT)
            status = add_name(w, length, digits,
                              (size_t)snprintf(digits, sizeof digits, "%lld", (long long)index));
        else
            continue;
        if (status == FV_OK) status = visit(w, item, depth + 1);
        w->name[length] = '\0';
    }
    list->open = false;
    return status;
}

static fv_status visit(walk *w, const fv_pickle_value *v, int depth) {
    if (v->kind == FV_PICKLE_DICT) return visit_items(w, v->list, true, depth);
    if (v->kind == FV_PICKLE_TUPLE || v->kind == FV_PICKLE_LIST)
        return visit_items(w, v->list, false, depth);
    /* a parameter is a tensor with something around it */
    for (int i = 0; i < 4 && v->kind == FV_PICKLE_CALL; i++) {
        if (v->list->global->role == TENSOR) return take_tensor(w, v->list);
        if (v->list->global->role != PARAMETER || !v->list->count) return FV_OK;
        v = v->list->items;
    }
    return FV_OK;
}

/* Of a checkpoint the state dictionary. */
static const fv_pickle_value *find_state(const fv_pickle_value *root) {
    static const char *const names[] = {"state_dict", "model_state_dict", "model_state", "model",
                                        "net"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const fv_pickle_value *found = fv__pickle_get(root, names[i]);
        if (found && found->kind == FV_PICKLE_DICT) return found;
    }
    return root;
}

fv_status fv__torch_tensors(fv_context *ctx, const fv_pickle_value *root, size_t size,
                            fv_tensor_file *out) {
    const fv_pickle_value *state = find_state(root);
    walk w = {.ctx = ctx, .out = out, .counting = true, .size = size};
    if (root->kind == FV_PICKLE_CALL) strcpy(w.name, "tensor"); /* one, without a dictionary */
    FV_TRY(visit(&w, state, 0));
    if (!out->count) return fv__fail(ctx, FV_BAD_INPUT, "it holds no tensors");
    out->entries = fv__arena_alloc(&out->arena, out->count * sizeof *out->entries);
    if (!out->entries) return FV_EXHAUSTED;
    out->count = 0;
    w.counting = false;
    w.visits = 0;
    return visit(&w, state, 0);
}
