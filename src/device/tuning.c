/* SPDX-License-Identifier: MIT */
/*
 * tuning.c - the table of findings, and the keys they are looked up by.
 */
#include "device/tuning.h"
#include "base/checksum.h"
#include "base/cpu_features.h"
#include "kern/kern.h"
#include <string.h>

struct fv_tuning {
    fv_arena arena; /* of the texts */
    fv_finding *found;
    size_t count, capacity;
    const char *machine; /* of the last finding: most are of the same */
};

fv_status fv__tuning_new(fv_context *ctx, fv_tuning **out) {
    *out = fv__alloc(ctx, sizeof **out, "the tuning");
    if (!*out) return FV_EXHAUSTED;
    fv__arena_init(&(*out)->arena, ctx);
    return FV_OK;
}

void fv__tuning_free(fv_tuning *tuning) {
    if (!tuning) return;
    fv__arena_free(&tuning->arena);
    fv__free(tuning->found);
    fv__free(tuning);
}

int fv__tuning_count(const fv_tuning *tuning) {
    return tuning ? (int)tuning->count : 0;
}

const fv_finding *fv__tuning_finding(const fv_tuning *tuning, int i) {
    return &tuning->found[i];
}

/* ----------------------------------------------------------------------------------- keys --- */

fv_status fv__tuning_machine(fv_context *ctx, fv_text *out) {
    char processor[FV_CPU_IDENTITY];
    fv__text_addf(out, "fovea %s, %s, %s, threads %d", FOVEA_VERSION, fv__cpu_identity(processor),
                  fv__isa_name(ctx->isa), fv__pool_size(ctx->pool));
    return fv__text_done(ctx, out);
}

static void add_options(fv_text *out, const fv_op *op, const void *options) {
    for (const fv_field *f = op->fields; f && f->name; f++) {
        if (fv__field_is_default(f, options)) continue;
        fv__text_addf(out, " %s ", f->name);
        fv__field_print(out, f, options);
    }
}

static void add_shapes(fv_text *out, const fv_site *site) {
    char dims[FV_SHAPE_TEXT];
    for (int i = 0; i < site->inputs; i++)
        fv__text_addf(out, "%s%s%s", i ? ", " : " ; ", site->in_type[i].batched ? "" : "constant ",
                      fv__dims_text(dims, &site->in[i]));
}

fv_status fv__tuning_site(fv_context *ctx, const fv_impl *impl, const fv_site *site,
                          const fv_request *request, fv_text *out) {
    const fv_epilogue *e = &site->epilogue;
    fv__text_add(out, site->op->name);
    add_options(out, site->op, site->options);
    add_shapes(out, site);
    fv__text_addf(out, " ; %s%s%s", request->which == FV_FORWARD ? "forward" : "backward",
                  request->training ? " in training" : "",
                  request->real == FV_F64 ? " in double" : "");
    if (request->precision != FV_PRECISION_FP32)
        fv__text_addf(out, " in %s", fv__precision_name((int)request->precision));
    if (site->prologue.there) fv__text_add(out, site->prologue.relu ? " ; bn relu" : " ; bn");
    if (e->add) fv__text_add(out, " ; add");
    if (e->act) fv__text_addf(out, " ; %s", e->act->name);
    if (e->act && e->act_options) add_options(out, e->act, e->act_options);
    fv__text_addf(out, " ; by %s", impl->name);
    return fv__text_done(ctx, out);
}

/* ------------------------------------------------------------------------------ the table --- */

static uint64_t hash_of(const char *machine, const char *site) {
    return fv__fnv64(fv__fnv64(FV_FNV_START, machine, strlen(machine) + 1), site, strlen(site));
}

static fv_finding *find(const fv_tuning *tuning, const char *machine, const char *site) {
    const uint64_t hash = hash_of(machine, site);
    for (size_t i = tuning ? tuning->count : 0; i > 0; i--) {
        fv_finding *f = &tuning->found[i - 1];
        if (f->hash == hash && strcmp(f->site, site) == 0 && strcmp(f->machine, machine) == 0)
            return f;
    }
    return NULL;
}

const char *fv__tuning_get(const fv_tuning *tuning, const char *machine, const char *site) {
    const fv_finding *f = find(tuning, machine, site);
    return f ? f->variant : NULL;
}

fv_status fv__tuning_set(fv_context *ctx, fv_tuning *tuning, const char *machine, const char *site,
                         const char *variant) {
    fv_arena *arena = &tuning->arena;
    fv_finding *old = find(tuning, machine, site), f = {.hash = hash_of(machine, site)};
    if (!tuning->machine || strcmp(tuning->machine, machine) != 0)
        tuning->machine = fv__arena_text(arena, machine);
    f.machine = tuning->machine;
    f.site = old ? old->site : fv__arena_text(arena, site);
    f.variant = fv__arena_text(arena, variant);
    if (!f.machine || !f.site || !f.variant) return fv__fail_memory(ctx, 0, "the tuning");
    if (old) { /* the newest is the last */
        const size_t behind = tuning->count - 1 - (size_t)(old - tuning->found);
        memmove(old, old + 1, behind * sizeof *old);
        tuning->found[tuning->count - 1] = f;
        return FV_OK;
    }
    void *items = tuning->found;
    const fv_status status = fv__grow(ctx, &items, &tuning->capacity, tuning->count + 1,
                                      sizeof *tuning->found, "the tuning");
    tuning->found = items;
    if (status == FV_OK) tuning->found[tuning->count++] = f;
    return status;
}

/* ------------------------------------------------------------------------------- variants --- */

static const char usual[] = "as usual";

const char *fv__variant_name(const fv_impl *impl, int variant) {
    return variant > 0 ? impl->variant(variant) : usual;
}

int fv__variant_named(const fv_impl *impl, const char *name) {
    for (int v = 1; impl->variant && impl->variant(v); v++)
        if (strcmp(impl->variant(v), name) == 0) return v;
    return 0;
}

fv_status fv__tuned_variant(fv_context *ctx, const fv_impl *impl, const fv_site *site,
                            const fv_request *request, int *out) {
    *out = 0;
    if (!ctx->tuning || !impl->variant || fv__tuning_count(ctx->tuning) == 0) return FV_OK;
    fv_text machine = {.ctx = ctx}, key = {.ctx = ctx};
    fv_status status = fv__tuning_machine(ctx, &machine);
    if (status == FV_OK) status = fv__tuning_site(ctx, impl, site, request, &key);
    if (status == FV_OK) {
        const char *name = fv__tuning_get(ctx->tuning, machine.data, key.data);
        if (name) *out = fv__variant_named(impl, name);
    }
    fv__text_free(&machine);
    fv__text_free(&key);
    return status;
}
